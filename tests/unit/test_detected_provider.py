"""Who is called where no provider is given: what was detected before there were more is detected still."""

from __future__ import annotations

from typing import Any

import pytest

from smartllm import LLMConfig
from smartllm.settings import Settings

HOST = "https://my-resource.openai.azure.com"


@pytest.mark.parametrize(
    ("config", "environment", "provider"),
    [
        ({"azure_endpoint": HOST, "api_key": "a-key"}, {"OPENAI_API_KEY": "other"}, "azure"),
        ({"deployments": {"a": "gpt-5.4"}, "api_key": "a-key"}, {"AZURE_OPENAI_ENDPOINT": HOST}, "azure"),
        ({}, {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": HOST}, "azure"),
        ({}, {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": HOST, "OPENAI_API_KEY": "k"}, "openai"),
        ({}, {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}, "openai"),
        ({}, {"ANTHROPIC_API_KEY": "k", "AWS_PROFILE": "p"}, "bedrock"),
        ({}, {"ANTHROPIC_API_KEY": "k", "AZURE_OPENAI_API_KEY": "k"}, "anthropic"),
        ({}, {"ANTHROPIC_AUTH_TOKEN": "k"}, "anthropic"),
        ({"api_key": "k"}, {"ANTHROPIC_API_KEY": "k"}, "openai"),
    ],
)
def test_who_is_detected(config: dict[str, Any], environment: dict[str, str], provider: str) -> None:
    assert Settings.resolve(LLMConfig(**config), environment, sends=False).provider == provider
