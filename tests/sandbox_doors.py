"""The doors that are not the vendors' first ones, each with a model, as clients of a sandbox reach them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from wires import AWS_KEYS

from smartllm import LLMClient, TextRequest

MANTLE_GPT, MANTLE_CLAUDE, MANTLE_OSS = (
    "openai.gpt-5.4",
    "anthropic.claude-opus-4-8",
    "openai.gpt-oss-120b",
)


class Door(NamedTuple):
    """A host with a model.

    Attributes:
        host: The host.
        model: The model, as the host spells it.
        path: Where its calls go.
        shape: How the host tells errors.
    """

    host: str
    model: str
    path: str
    shape: str = "openai"

    def __str__(self) -> str:
        return f"{self.host} {self.model}"

    def client(self, url: str, **given: Any) -> LLMClient:
        """A client that calls it alone."""
        return LLMClient(**self.settings(url, **given))

    def settings(self, url: str, **given: Any) -> dict[str, Any]:
        """The settings of such a client."""
        own: dict[str, Any] = {
            "provider": self.host,
            "default_model": self.model,
            "max_retries": 0,
        }
        provider = self.host.partition("-")[0]
        if provider == "bedrock":
            own |= {"endpoint_url": url, "aws_region": "us-east-1", **AWS_KEYS}
        elif provider == "azure":
            own |= {"azure_endpoint": url, "api_key": "any"}
        else:
            own |= {"base_url": url, "api_key": "any"}
        if self.host == "azure-deployments":
            own["api_version"] = "2024-10-21"
        return own | given


DOORS = (
    Door("anthropic", "claude-opus-4-8", "/v1/messages", "anthropic"),
    Door("azure", "gpt-5.4", "/openai/v1/responses"),
    Door("azure-deployments", "gpt-5.4", "/openai/deployments/gpt-5.4/chat/completions"),
    Door("bedrock-anthropic", "us.anthropic.claude-opus-4-8", "/anthropic/v1/messages", "anthropic"),
    Door("bedrock-openai", "us.openai.gpt-5.6-sol", "/openai/v1/responses"),
    Door("bedrock-mantle", MANTLE_GPT, "/openai/v1/responses"),
    Door("bedrock-mantle", MANTLE_OSS, "/v1/responses"),
    Door("bedrock-mantle", "qwen.qwen3-32b", "/v1/chat/completions"),
    Door("bedrock-mantle", MANTLE_CLAUDE, "/anthropic/v1/messages", "anthropic"),
)
ANTHROPIC, AZURE, DEPLOYMENTS, MESSAGES, RUNTIME = DOORS[:5]


def asked(prompt: str = "hi", **fields: Any) -> TextRequest[Any]:
    """A request that reaches the host each time."""
    return TextRequest(**{"prompt": prompt, "use_cache": False, **fields})


each_door = pytest.mark.parametrize("door", DOORS, ids=str)
