"""How OpenAI's bytes travel: proxies, certificates, an address with a password, many calls at once."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from tls import secured
from wires import CHAT, RESPONSES, Wire, each_wire

from smartllm import LLMClient
from smartllm.errors import ConnectionFailedError, ProviderError
from smartllm.runtime.wire.connections import Connector
from smartllm.runtime.wire.http import HttpTransport
from smartllm.testing import LoopbackServer, Reply

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def ask(client: LLMClient, wire: Wire = RESPONSES) -> str:
    async with client:
        return (await client.generate_text(wire.request())).text


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(
    variable: str, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, server.url)
    # Nobody resolves this name: only a proxy can take the request there.
    assert await ask(RESPONSES.client("http://provider.invalid")) == "echo: hello there"
    assert server.requests[0].headers["host"] == "provider.invalid"


async def test_no_proxy_holds(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ConnectionFailedError):
        await ask(RESPONSES.client(server.url))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert await ask(RESPONSES.client(server.url)) == "echo: hello there"


async def test_netrc_does_not_replace_the_key(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, clean_environment: Path
) -> None:
    netrc = clean_environment / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    await ask(RESPONSES.client(server.url, api_key="sk-given"))
    assert server.requests[0].headers["authorization"] == "Bearer sk-given"


async def test_a_password_in_the_address(server: LoopbackServer) -> None:
    address = server.url.replace("//", "//user:p%40ssword@")
    server.script(Reply(status=401, error_message="no: p@ssword"))
    with pytest.raises(ProviderError) as caught:
        await ask(RESPONSES.client(address))
    assert "p@ssword" not in str(caught.value)
    expected = "Basic " + base64.b64encode(b"user:p@ssword").decode()
    assert server.requests[0].headers["authorization"] == expected
    assert "@" not in server.requests[0].raw_path


async def test_certificates_are_checked_and_can_be_given(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with secured(server.url, tmp_path) as (url, vouching):
        with pytest.raises(
            ConnectionFailedError, match=r"the certificate of 127\.0\.0\.1:\d+ is not accepted"
        ):
            await ask(RESPONSES.client(url))
        monkeypatch.setenv("SSL_CERT_FILE", str(vouching))
        assert await ask(CHAT.client(url), CHAT) == "echo: hello there"
    assert len(server.requests) == 1


@each_wire
async def test_connections_are_kept(wire: Wire, server: LoopbackServer) -> None:
    connections: set[int] = set()
    async with wire.client(server.url) as client:
        for _ in range(3):
            await client.generate_text(wire.request())
            async for _ in client.generate_text_stream(wire.request()):
                pass
            transport = client._calls._transport
            assert isinstance(transport, HttpTransport)
            [session] = transport._pools.get().sessions.values()
            connector = session.session.connector
            assert isinstance(connector, Connector)
            pools = connector._conns.values()
            connections.update(id(connection) for pool in pools for connection, _ in pool)
    assert len(connections) == 1
