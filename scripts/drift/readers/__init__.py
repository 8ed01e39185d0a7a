"""The catalogues, and how each is read: one reader a file."""

from __future__ import annotations

from typing import Final

from drift.claims import Catalogue
from drift.readers.ai_sdk import ai_sdk_anthropic, ai_sdk_bedrock, ai_sdk_openai
from drift.readers.anthropic_sdk import anthropic_sdk
from drift.readers.genai_prices import genai_prices
from drift.readers.langchain import langchain_aws, langchain_openai
from drift.readers.litellm import litellm
from drift.readers.modelroster import modelroster
from drift.readers.openai_sdk import openai_sdk
from drift.readers.pi import oh_my_pi, pi_ai
from drift.readers.pydantic_ai import pydantic_ai

CATALOGUES: Final = {
    "litellm": Catalogue("litellm", "pypi", litellm, "https://github.com/BerriAI/litellm"),
    "modelroster": Catalogue("modelroster", "pypi", modelroster, "https://github.com/ZlaylowZ/modelroster"),
    "genai-prices": Catalogue(
        "genai-prices", "pypi", genai_prices, "https://github.com/pydantic/genai-prices"
    ),
    "openai-sdk": Catalogue("openai", "pypi", openai_sdk, "https://github.com/openai/openai-python"),
    "anthropic-sdk": Catalogue(
        "anthropic", "pypi", anthropic_sdk, "https://github.com/anthropics/anthropic-sdk-python"
    ),
    "pydantic-ai": Catalogue(
        "pydantic-ai-slim", "pypi", pydantic_ai, "https://github.com/pydantic/pydantic-ai"
    ),
    "langchain-aws": Catalogue(
        "langchain-aws", "pypi", langchain_aws, "https://github.com/langchain-ai/langchain-aws"
    ),
    "langchain-openai": Catalogue(
        "langchain-openai", "pypi", langchain_openai, "https://github.com/langchain-ai/langchain"
    ),
    "pi-ai": Catalogue("@earendil-works/pi-ai", "npm", pi_ai, "https://github.com/earendil-works/pi"),
    "oh-my-pi": Catalogue("@oh-my-pi/pi-catalog", "npm", oh_my_pi, "https://github.com/can1357/oh-my-pi"),
    "ai-sdk-bedrock": Catalogue(
        "@ai-sdk/amazon-bedrock", "npm", ai_sdk_bedrock, "https://github.com/vercel/ai"
    ),
    "ai-sdk-openai": Catalogue("@ai-sdk/openai", "npm", ai_sdk_openai, "https://github.com/vercel/ai"),
    "ai-sdk-anthropic": Catalogue(
        "@ai-sdk/anthropic", "npm", ai_sdk_anthropic, "https://github.com/vercel/ai"
    ),
}
