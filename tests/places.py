"""Where the integration tests go: the loopback server always, the real provider for people with keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from wires import share_service_models

from smartllm import LLMClient
from smartllm.rules import load_rules, resolve
from smartllm.testing import LoopbackServer, Reply
from smartllm.words import Provider

# Read before the fixture that takes them away.
LIVE = {name: value for name, value in os.environ.items() if name.startswith(("OPENAI_", "AWS_", "BEDROCK_"))}
SIGNS = {
    "openai": ("OPENAI_API_KEY",),
    "bedrock": ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ROLE_ARN"),
}
MODELS = ("gpt-4o", "gpt-5.4-mini", "us.anthropic.claude-sonnet-4-6", "us.amazon.nova-2-lite-v1:0")


@dataclass(frozen=True)
class Place:
    """A model, and where it is.

    Attributes:
        model: Its id.
        provider: ``openai`` or ``bedrock``.
        server: The loopback server, or None for the real provider.
    """

    model: str
    provider: Provider
    server: LoopbackServer | None

    def client(self, **settings: Any) -> LLMClient:
        """A client that reaches it."""
        return LLMClient(provider=self.provider, default_model=self.model, **settings)

    def will_say(self, *replies: Reply) -> None:
        """What the loopback server shall answer; a real model answers as it likes."""
        if self.server is not None:
            self.server.script(*replies)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once against the loopback server for each kind of model, and once live."""
    if "place" in metafunc.fixturenames:
        asked = metafunc.config.getoption("model")
        models = [asked] if asked else list(MODELS)
        places = [(model, False) for model in models] + [(asked or "--model not given", True)]
        ids = [f"{model}-{'live' if live else 'loopback'}" for model, live in places]
        metafunc.parametrize("place", places, ids=ids, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Where a test's calls go."""
    model, live = request.param
    if live and not request.config.getoption("model"):
        pytest.skip("live tests want --model and the provider's keys in the environment")
    provider: Any = resolve(model, load_rules()).host or "openai"
    if not live:
        share_service_models(monkeypatch)
        with LoopbackServer() as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.openai_base_url)
            monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
            monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOOPBACK")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
            yield Place(model, provider, server)
        return
    if not any(LIVE.get(name) for name in SIGNS[provider]):
        pytest.skip(f"no keys for {provider}: set {' or '.join(SIGNS[provider])}")
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    yield Place(model, provider, None)
