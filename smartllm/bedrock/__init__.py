"""The Bedrock door: ``BedrockLLMClient`` and ``BedrockConfig``."""

from __future__ import annotations

from dataclasses import dataclass

from smartllm.bedrock import capabilities
from smartllm.bedrock.capabilities import ModelCapabilities, get_model_capabilities, supports_thinking
from smartllm.config import LLMConfig
from smartllm.field_docs import documented
from smartllm.runtime.client import LLMClient
from smartllm.words import Provider

__all__ = [
    "BedrockConfig",
    "BedrockLLMClient",
    "ModelCapabilities",
    "get_model_capabilities",
    "supports_thinking",
]


@documented
@dataclass(slots=True)
class BedrockConfig(LLMConfig):
    """``LLMConfig`` for Amazon Bedrock.

    Raises:
        ConfigError: As ``LLMConfig``.
    """

    provider: Provider | None = "bedrock"
    """The provider; no other one."""


class BedrockLLMClient(LLMClient):
    """``LLMClient`` for Amazon Bedrock.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        settings: Fields of ``BedrockConfig``, when no ``config`` is given.

    Raises:
        ConfigError: As ``LLMClient``; also a config for another provider.
    """

    default_provider = "bedrock"

    @staticmethod
    def get_model_capabilities(model: str) -> ModelCapabilities:
        """What a model accepts; as ``smartllm.bedrock.capabilities.get_model_capabilities``."""
        return capabilities.get_model_capabilities(model)

    @staticmethod
    def supports_thinking(model: str) -> bool:
        """Whether a model takes an effort or a thinking budget."""
        return capabilities.supports_thinking(model)
