"""Hosts are rows: a new one of known auth, framing and errors needs no Python, and no room compares names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from smartllm import LLMClient, TextRequest, providers
from smartllm.errors import AuthenticationError, ConfigError, PermissionDeniedError, RateLimitError
from smartllm.hosts.listing import LISTINGS
from smartllm.hosts.readers import ERROR_READERS
from smartllm.providers import PROVIDERS, ROWS, ProviderRow
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row
from smartllm.rules.layer import read_layer
from smartllm.rules.load import RuleSet, merge
from smartllm.runtime import authorised, exchange
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.words import Provider

PACKAGE = Path(providers.__file__).parent

KEYED = """
[host.toy]
title     = "Toy"
auth      = "bearer"
framing   = "sse"
errors    = "openai"
id_header = "x-toy-id"

[host.toy.route.openai_chat]
path        = "/chat/completions"
stream_key  = "stream"
stream_adds = { "stream_options.include_usage" = true }
adds        = { toy_version = "1" }
headers     = { X-Toy = "yes" }
"""
SIGNED = """
[host.toy]
title     = "Toy"
auth      = "sigv4"
framing   = "event-stream"
errors    = "aws"
id_header = "x-toy-id"
listing   = "bedrock"

[host.toy.route.bedrock_converse]
path        = "/model/{model}/converse"
stream_path = "/model/{model}/converse-stream"
"""
MODEL = """
[model.toy-large]
profile   = "openai-compatible"
endpoints = ["openai_chat", "bedrock_converse"]
"""
# What both rows of settings share.
NAME: Any = "toy"
TOY: dict[str, Any] = {"title": "Toy", "extra": "toy", "packages": ("aiohttp",), "default_model": "TOY_MODEL"}


def rules_with(text: str, folder: Path) -> RuleSet:
    """The shipped rules and a layer, as if it had been shipped too."""
    path = folder / "toy.toml"
    path.write_text(text + MODEL, encoding="utf-8")
    loaded, layer = load_rules(), read_layer(path, name="toy.toml", kind="models")
    return RuleSet((*loaded.layers, layer), merge(loaded.data, layer.data))


def with_row(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    monkeypatch.setitem(ROWS, "toy", ProviderRow(**TOY, **fields))


@pytest.fixture
def keyed(server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LLMClient:
    """A client of a host that takes a key."""
    with_row(
        monkeypatch,
        kind="key",
        settings=("api_key", "base_url"),
        instead={"endpoint_url": "base_url"},
        public_address=server.openai_base_url,
        base_url="TOY_BASE_URL",
        key="TOY_API_KEY",
        headers=(("X-Toy-Team", "team", "TOY_TEAM"),),
    )
    monkeypatch.setenv("TOY_API_KEY", "toy-secret-key")
    monkeypatch.setenv("TOY_TEAM", "blue")
    monkeypatch.setenv("TOY_MODEL", "toy-large")
    return LLMClient(provider=NAME, rules=rules_with(KEYED, tmp_path), max_retries=0)


async def told(client: LLMClient, **fields: Any) -> tuple[str, str]:
    """What a host says, whole and streamed."""
    request: TextRequest[Any] = TextRequest(prompt="hi", use_cache=False, **fields)
    whole = await client.generate_text(request)
    chunks = [chunk async for chunk in client.generate_text_stream(request)]
    return whole.text, "".join(chunk.text for chunk in chunks)


async def test_a_host_that_takes_a_key(keyed: LLMClient, server: LoopbackServer) -> None:
    async with keyed as client:
        assert await told(client) == ("echo: hi", "echo: hi")
        assert await client.list_available_model_ids() == ["loopback-model"]
    for sent in server.requests:
        assert sent.headers["authorization"] == "Bearer toy-secret-key"
        assert sent.headers["x-toy-team"] == "blue"
    whole, streamed, _ = server.requests
    assert (whole.path, whole.json["toy_version"], whole.headers["x-toy"]) == (
        "/v1/chat/completions",
        "1",
        "yes",
    )
    assert (streamed.json["stream"], streamed.headers["accept"]) == (True, "text/event-stream")


async def test_its_errors_name_its_key_and_its_id(keyed: LLMClient, server: LoopbackServer) -> None:
    server.script(Reply(status=401, headers={"x-toy-id": "toy-7"}, error_message="no: toy-secret-key"))
    async with keyed as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.generate_text(TextRequest(prompt="hi"))
    assert caught.value.request_id == "toy-7"
    assert caught.value.hint == "check the key; it comes from TOY_API_KEY"
    assert "toy-secret-key" not in str(caught.value)


def test_its_settings_are_told_by_its_row(keyed: LLMClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"endpoint_url is a setting for .*'bedrock'.* takes base_url"):
        LLMClient(provider=NAME, endpoint_url="http://h")
    with pytest.raises(ConfigError, match=r"organization is a setting for .*'openai'; .* is 'toy'\n"):
        LLMClient(provider=NAME, organization="o")
    monkeypatch.delenv("TOY_API_KEY")
    with pytest.raises(ConfigError, match="api_key: no Toy key is given") as caught:
        LLMClient(provider=NAME)
    assert caught.value.hint.startswith("set TOY_API_KEY, or pass LLMClient(api_key=...)")


async def test_a_host_that_takes_signatures(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_row(
        monkeypatch,
        kind="aws",
        settings=ROWS["bedrock"].settings,
        instead={},
        service="toy-runtime",
        control="toy",
        signs_as="toys",
    )
    for name, value in {
        "AWS_ENDPOINT_URL_TOY_RUNTIME": server.url,
        "AWS_ENDPOINT_URL_TOY": server.url,
        "AWS_ACCESS_KEY_ID": "AKIDTOY",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-toys",
    }.items():
        monkeypatch.setenv(name, value)
    client = LLMClient(provider=NAME, rules=rules_with(SIGNED, tmp_path), max_retries=0)
    async with client:
        assert await told(client, model="toy-large") == ("echo: hi", "echo: hi")
        assert await client.list_available_model_ids() == ["loopback-model", "us.loopback-model"]
        request: TextRequest[Any] = TextRequest(prompt="hi", model="toy-large")
        server.script(Reply(status=400, error_code="ThrottlingException", headers={"x-toy-id": "toy-8"}))
        with pytest.raises(RateLimitError) as throttled:
            await client.generate_text(request)
        server.script(Reply(status=403))
        with pytest.raises(PermissionDeniedError, match="credentials come from AWS_ACCESS_KEY_ID"):
            await client.generate_text(request)
    assert (throttled.value.request_id, throttled.value.retryable) == ("toy-8", True)
    for sent in server.requests:
        assert "Credential=AKIDTOY/" in sent.headers["authorization"]
        assert "/us-east-1/toys/aws4_request" in sent.headers["authorization"]


async def test_its_public_address_is_aws_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_row(monkeypatch, kind="aws", settings=(), instead={}, service="toy-runtime", control="toy")
    rules, fake = rules_with(SIGNED, tmp_path), FakeTransport()
    async with LLMClient(provider=NAME, transport=fake, rules=rules) as client:
        await told(client, model="toy-large")
    assert fake.sent[0].url == "https://toy-runtime.us-east-1.amazonaws.com/model/toy-large/converse"


# One place for each


def test_every_host_has_its_row_of_settings() -> None:
    rules = load_rules()
    hosts = (*rules.table("host"),)
    assert {providers.provider_of_host(host) for host in hosts} == {*PROVIDERS} == {*ROWS}
    assert set(ROWS) <= set(hosts)
    assert hosts[:2] == PROVIDERS[:2]  # who is detected first
    assert set(get_args(Provider)) == set(hosts)
    for name in hosts:
        row = host_row(name, rules)
        assert row.errors in ERROR_READERS
        assert row.listing in LISTINGS
        assert row.auth in authorised.AUTHS
        assert row.framing in exchange._FRAMINGS


def test_nothing_outside_the_hosts_and_doors_compares_a_providers_name() -> None:
    name = rf"""["'](?:{"|".join(get_args(Provider))})["']"""
    named = re.compile(rf"(?:[=!]=|\bin|\bis)\s*[({{\[]?\s*{name}|{name}\s*[=!]=")
    rooms = ("hosts", "openai", "bedrock")
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in rooms
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if named.search(line)
    ]
    # An ARN says which service it is of.
    assert [place for place in found if not place.startswith("rules/names.py")] == []
