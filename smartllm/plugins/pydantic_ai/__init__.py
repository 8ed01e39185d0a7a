"""SmartLLM's compiler for agents of pydantic-ai: ``Agent(SmartLLMModel("<id>"))``."""

from __future__ import annotations

from smartllm.plugins.needed import need

need("pydantic_ai", "pydantic-ai")

from smartllm.plugins.pydantic_ai.model import SmartLLMModel  # noqa: E402 - see above
from smartllm.plugins.pydantic_ai.settings import SmartLLMModelSettings  # noqa: E402

__all__ = ["SmartLLMModel", "SmartLLMModelSettings"]
