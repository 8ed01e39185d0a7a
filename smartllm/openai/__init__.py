"""The OpenAI door: ``OpenAILLMClient`` and ``OpenAIConfig``."""

from __future__ import annotations

from dataclasses import dataclass

from smartllm.config import LLMConfig
from smartllm.field_docs import documented
from smartllm.runtime.client import LLMClient
from smartllm.words import Provider

__all__ = ["OpenAIConfig", "OpenAILLMClient"]


@documented
@dataclass(slots=True)
class OpenAIConfig(LLMConfig):
    """``LLMConfig`` for OpenAI and servers that speak its API.

    Raises:
        ConfigError: As ``LLMConfig``.
    """

    provider: Provider | None = "openai"
    """The provider; no other one."""


class OpenAILLMClient(LLMClient):
    """``LLMClient`` for OpenAI and servers that speak its API.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        settings: Fields of ``OpenAIConfig``, when no ``config`` is given.

    Raises:
        ConfigError: As ``LLMClient``; also a config for another provider.
    """

    default_provider = "openai"
