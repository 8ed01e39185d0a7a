"""Runs of tools against a transport that answers with scripted calls."""

from __future__ import annotations

import json
from typing import Any

from smartllm import LLMClient, MessageRequest, TextRequest
from smartllm.errors import ProviderError
from smartllm.testing import FakeTransport, Reply

USAGE = {"prompt_tokens": 10, "completion_tokens": 4}


def called(name: str, arguments: Any = None, id: str = "") -> dict[str, Any]:  # noqa: A002
    """A call, as Chat Completions writes it; text goes out as it is."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return {"id": id or f"call_{name}", "type": "function", "function": {"name": name, "arguments": text}}


def calling(*calls: dict[str, Any], text: str | None = None, finish: str = "tool_calls") -> Reply:
    """An answer that calls tools."""
    message = {"role": "assistant", "content": text, "tool_calls": list(calls)}
    return answer(message, finish)


def saying(text: str | None, finish: str = "stop") -> Reply:
    """An answer in words."""
    return answer({"role": "assistant", "content": text}, finish)


def answer(message: dict[str, Any], finish: str) -> Reply:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return Reply(raw=json.dumps({"choices": [choice], "usage": USAGE}).encode())


class Rounds:
    """A client whose answers are scripted; the fake's ``sent`` are the rounds."""

    def __init__(self, *replies: Reply | ProviderError, **settings: Any) -> None:
        self.fake = FakeTransport(*replies)
        server = {"base_url": "http://127.0.0.1:9/v1", "api_key": "sk-canary-0123456789"}
        own = {} if "provider" in settings else {"provider": "openai", **server}
        self.settings: dict[str, Any] = {"level": "ignore", "max_retries": 0, **own, **settings}

    def client(self) -> LLMClient:
        return LLMClient(transport=self.fake, **self.settings)

    def turns(self, number: int = -1) -> list[dict[str, Any]]:
        """The messages of a round's body."""
        turns: list[dict[str, Any]] = self.fake.sent[number].body["messages"]
        return turns

    def results(self, number: int = -1) -> list[str]:
        """What the model was told of its calls, in a round."""
        return [turn["content"] for turn in self.turns(number) if turn["role"] == "tool"]


def asking(prompt: Any = "go", **fields: Any) -> TextRequest[Any]:
    return TextRequest(**{"prompt": prompt, "model": "local", "use_cache": False, **fields})


def conversing(messages: Any, **fields: Any) -> MessageRequest[Any]:
    return MessageRequest(**{"messages": messages, "model": "local", "use_cache": False, **fields})
