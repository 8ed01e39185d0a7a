"""Clients whose models take over from one another, over a transport that a test scripts."""

from __future__ import annotations

from typing import Any, Final

from smartllm import LLMClient
from smartllm.testing import FakeTransport, Reply

GPT, CLAUDE, OTHER = "gpt-5.4", "us.anthropic.claude-sonnet-4-6", "gpt-5.4-mini"
NOVA: Final = ("bedrock", "us.amazon.nova-micro-v1:0")
"""Reads texts alone."""
DOWN: Final = Reply(status=503)
RETIRED: Final = "gpt-4-32k"


def client_of(
    fake: FakeTransport | None, *fallback: Any, provider: Any = "openai", model: str = GPT, **settings: Any
) -> LLMClient:
    """A client that does not try again what failed."""
    given: dict[str, Any] = {"max_retries": 0, "level": "ignore", "default_model": model} | settings
    return LLMClient(provider=provider, transport=fake, fallback=list(fallback), **given)


async def ask(client: LLMClient, **fields: Any) -> Any:
    """The answer to a prompt, which no cache keeps."""
    wished: dict[str, Any] = {"prompt": "hi", "use_cache": False} | fields
    async with client:
        return await client.generate_text(**wished)
