"""``ca_bundle``: whom https connections trust, with a real server behind its own authority."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sts_server import token_service
from tls import secured
from wires import INVOKE, RESPONSES, Wire, each_wire, share_service_models

from smartllm import LLMClient, LLMConfig
from smartllm.errors import ConfigError, ConnectionFailedError
from smartllm.settings import Settings
from smartllm.testing import LoopbackServer


@pytest.fixture
async def secure(server: LoopbackServer, tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """The server behind TLS, and the file that vouches for it."""
    async with secured(server.url, tmp_path) as found:
        yield found


@each_wire
async def test_a_file(wire: Wire, secure: tuple[str, Path]) -> None:
    url, vouching = secure
    with pytest.raises(ConnectionFailedError, match="is not accepted") as caught:
        await wire.client(url).generate_text(wire.request())
    assert "name it in ca_bundle (or SSL_CERT_FILE)" in caught.value.hint
    for given in (str(vouching), vouching):
        async with wire.client(url, ca_bundle=given) as client:
            assert (await client.generate_text(wire.request())).text == "echo: hello there"
            assert await client.list_available_model_ids()


async def test_a_folder(secure: tuple[str, Path], tmp_path: Path) -> None:
    url, vouching = secure
    folder = tmp_path / "rehashed"
    folder.mkdir()
    (folder / "authority.pem").write_bytes(vouching.read_bytes())
    rehashing = await asyncio.create_subprocess_exec("openssl", "rehash", str(folder))
    assert await rehashing.wait() == 0
    async with RESPONSES.client(url, ca_bundle=folder) as client:
        assert (await client.generate_text(RESPONSES.request())).text == "echo: hello there"


@each_wire
async def test_it_outranks_the_environment(
    wire: Wire, secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, vouching = secure
    for name in ("SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing.pem"))
    async with wire.client(url, ca_bundle=vouching) as client:
        await client.generate_text(wire.request())
    with pytest.raises(ConfigError, match=r"nothing\.pem"):
        wire.client(url)


async def test_it_is_the_one_of_the_folder_where_the_client_was_made(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, vouching = secure
    monkeypatch.chdir(vouching.parent)
    client = RESPONSES.client(url, ca_bundle=vouching.name)
    (other := tmp_path / "other").mkdir()
    monkeypatch.chdir(other)
    assert (await client.generate_text(RESPONSES.request())).text == "echo: hello there"
    await client.aclose()


async def test_a_token_service_is_trusted_by_it_too(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    share_service_models(monkeypatch)
    role = "arn:aws:iam::123456789012:role/caller"
    async with token_service() as sts, secured(sts.url, tmp_path) as (url, vouching):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        async with INVOKE.client(server.url, aws_role_arn=role, ca_bundle=vouching) as client:
            await client.generate_text(INVOKE.request())
        with pytest.raises(ConfigError, match=r"aws settings: .*certificate") as caught:
            await INVOKE.client(server.url, aws_role_arn=role).generate_text(INVOKE.request())
    assert caught.value.hint == "the way to AWS's token service: check the network, the proxy and ca_bundle"
    assert server.requests[0].headers["x-amz-security-token"] == "role-token-1"


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file or directory"), ("", "the file is empty"), ("no certificate", "certificate")],
)
async def test_what_is_no_bundle_is_named(content: str | None, told: str, tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_text(content)

    async def asking() -> None:
        client = LLMClient(api_key="k", base_url="https://127.0.0.1:1/v1", ca_bundle=file)
        await client.generate_text(RESPONSES.request())

    with pytest.raises(ConfigError, match=rf"^ca_bundle='.*own\.pem' is not usable: .*{told}") as caught:
        await asking()
    assert caught.value.hint == "point it at a file of certificates in PEM form, or leave it out"


def test_plain_http_does_not_look_at_it() -> None:
    config = LLMConfig(base_url="http://127.0.0.1:8000/v1", ca_bundle=Path(os.sep) / "nothing.pem")
    resolved = Settings.resolve(config, {})
    assert resolved.sources["certificates"] == ("setting", "ca_bundle")
    with pytest.raises(ConfigError, match="ca_bundle=5 is not usable; allowed: a path"):
        LLMConfig(ca_bundle=5)  # type: ignore[arg-type]
