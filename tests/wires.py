"""The four wires, as the runtime tests reach them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiobotocore.session
import botocore.session
import pytest
from botocore.loaders import Loader, create_loader

from smartllm import LLMClient, MessageRequest, TextRequest
from smartllm.testing import LoopbackServer
from smartllm.words import ApiType, Provider

# Models without an announced end, which would add a diagnostic from some day on.
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
GPT = "gpt-5.4"
AWS_KEYS: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "aws-secret-example"}

_LOADER: Loader = create_loader()


@dataclass(frozen=True)
class Wire:
    """One API of one provider; ``default`` ones are reached without an ``api_type``."""

    api_type: ApiType
    provider: Provider
    model: str
    path: str
    default: bool

    def settings(self, url: str, **given: Any) -> dict[str, Any]:
        """Settings of a client for the server at ``url`` that does not wait between attempts."""
        own: dict[str, Any] = {"provider": self.provider, "max_retries": 0, "retry_delay": 0}
        if self.provider == "openai":
            return {**own, "api_key": "any", "base_url": f"{url}/v1", **given}
        return {**own, "endpoint_url": url, **AWS_KEYS, **given}

    def client(self, url: str, **given: Any) -> LLMClient:
        """A client with them."""
        return LLMClient(**self.settings(url, **given))

    def request(self, prompt: Any = "hello there", **fields: Any) -> TextRequest[Any]:
        """A request that takes this wire."""
        return TextRequest(**{"prompt": prompt, "model": self.model, **self._api(), **fields})

    def conversation(self, *turns: tuple[str, str], **fields: Any) -> MessageRequest[Any]:
        """The same for a conversation."""
        messages = [{"role": role, "content": text} for role, text in turns]
        return MessageRequest(**{"messages": messages, "model": self.model, **self._api(), **fields})

    def raw_path(self) -> str:
        """The request target, percent-encoded."""
        return self.path.format(model=quote(self.model, safe=""))

    def _api(self) -> dict[str, Any]:
        # Tests that are not about the cache must reach the server each time.
        return {"use_cache": False} if self.default else {"api_type": self.api_type, "use_cache": False}


WIRES = (
    Wire("responses", "openai", GPT, "/v1/responses", default=True),
    Wire("chat_completions", "openai", GPT, "/v1/chat/completions", default=False),
    Wire("invoke", "bedrock", CLAUDE, "/model/{model}/invoke", default=True),
    Wire("converse", "bedrock", CLAUDE, "/model/{model}/converse", default=False),
)
RESPONSES, CHAT, INVOKE, CONVERSE = WIRES

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
# For what takes long and depends on the transport alone: one wire of each by default, all in CI.
each_transport = pytest.mark.parametrize(
    "wire",
    [RESPONSES, INVOKE, *(pytest.param(wire, marks=pytest.mark.slow) for wire in (CHAT, CONVERSE))],
    ids=lambda wire: wire.api_type,
)
each_bedrock_wire = pytest.mark.parametrize("wire", WIRES[2:], ids=lambda wire: wire.api_type)


def share_service_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load botocore's service models once for all clients; a session's credentials stay its own."""
    original = aiobotocore.session.get_session

    def get_session() -> Any:
        session = original()
        session.register_component("data_loader", _LOADER)
        return session

    monkeypatch.setattr(aiobotocore.session, "get_session", get_session)


def aws_session() -> aiobotocore.session.AioSession:
    """A session of aiobotocore's that shares what is in its data files."""
    session = aiobotocore.session.AioSession()
    session.register_component("data_loader", _LOADER)
    return session


def botocore_session() -> botocore.session.Session:
    """A session of botocore's that shares what is in its data files."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return session


def region_of(server: LoopbackServer) -> str:
    """The region in the credential scope of the last request."""
    scope = server.requests[-1].headers["authorization"].split("Credential=")[1].split(",")[0]
    return scope.split("/")[2]


def key_of(server: LoopbackServer) -> str:
    """The access key id in the credential scope of the last request."""
    return server.requests[-1].headers["authorization"].split("Credential=")[1].split("/")[0]


def refused_url() -> str:
    """An address on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads one request per connection, sends these bytes and hangs up."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await reader.readexactly(length)
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        await server.wait_closed()
