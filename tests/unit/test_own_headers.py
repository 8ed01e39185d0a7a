"""``default_headers``: on every request to the provider, over all other settings, and shown nowhere."""

from __future__ import annotations

import copy
import pickle
from collections import UserDict
from typing import Any

import pytest
from wires import CHAT, INVOKE, RESPONSES, Wire, each_bedrock_wire, each_wire

from smartllm import LLMConfig
from smartllm.compiler.headers import merged
from smartllm.errors import ConfigError, ProviderError
from smartllm.settings import Settings
from smartllm.testing import LoopbackServer, Reply

OWN = {"X-Gateway-Route": "canary-route-1", "User-Agent": "canary-agent/1"}


@each_wire
async def test_every_request_has_them(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url, default_headers=OWN) as client:
        await client.generate_text(wire.request())
        async for _ in client.generate_text_stream(wire.request()):
            pass
        await client.list_available_models()
    assert len(server.requests) >= 3
    for request in server.requests:
        assert request.headers["x-gateway-route"] == "canary-route-1"
        assert request.headers["user-agent"] == "canary-agent/1"


@each_bedrock_wire
async def test_they_are_signed(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url, default_headers=OWN) as client:
        await client.generate_text(wire.request())
    [request] = server.requests
    signed = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert "x-gateway-route" in signed
    assert "user-agent" not in signed


async def test_they_win_over_other_settings(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PROJECT_ID", "of-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Both: of-the-environment\nX-Theirs: 1")
    own = {"openai-PROJECT": "own", "x-both": "own", "AUTHORIZATION": "Token own", "X-Empty": " "}
    async with RESPONSES.client(server.url, default_headers=own, organization="org") as client:
        await client.generate_text(RESPONSES.request())
    headers = server.requests[0].headers
    assert (headers["openai-project"], headers["x-both"], headers["authorization"]) == (
        "own",
        "own",
        "Token own",
    )
    assert (headers["openai-organization"], headers["x-theirs"], headers["x-empty"]) == ("org", "1", "")


async def test_a_deployment_with_a_key_in_a_header_of_its_own(server: LoopbackServer) -> None:
    address = f"{server.url}/deployments/mine/v1?api-version=1"
    given = {"base_url": address, "api_key": None, "default_headers": {"api-key": "k"}}
    async with CHAT.client(server.url, **given) as client:
        answer = await client.generate_text(CHAT.request(model="mine", like="gpt-4.1"))
    [request] = server.requests
    assert answer.text == "echo: hello there"
    assert request.raw_path == "/deployments/mine/v1/chat/completions?api-version=1"
    assert (request.headers["api-key"], "authorization" in request.headers) == ("k", False)


def test_an_own_login_is_a_key() -> None:
    config = LLMConfig(provider="openai", default_headers={"Authorization": "Token own"})
    assert dict(Settings.resolve(config, {}).headers) == {}
    with pytest.raises(ConfigError, match="no OpenAI key is given"):
        Settings.resolve(LLMConfig(provider="openai", default_headers={"X-Key": "own"}), {})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("X: 1", r"default_headers=\(hidden\) is not usable; allowed: a dict of headers"),
        (["X"], r"default_headers=\(hidden\) is not usable"),
        ({"X": 1}, r"default_headers=\(hidden\) is not usable"),
        ({1: "canary"}, r"default_headers=\(hidden\) is not usable"),
        ({"X": None}, r"default_headers=\(hidden\) is not usable"),
        ({"X-A": "can\nary"}, "default_headers: the value of X-A holds a character"),
        ({"X-A": "канарейка"}, "default_headers: the value of X-A holds a character"),
        ({"X A": "canary"}, "default_headers: 'X A' is not the name of a header that may be set"),
        ({"": "canary"}, "default_headers: '' is not the name"),
        ({"Content-Length": "1"}, "default_headers: 'Content-Length' is not the name"),
        ({"content-type": "text/plain"}, "default_headers: 'content-type' is not the name"),
        ({"X-A": "canary", "x-a": "canary"}, "default_headers: 'x-a' is given twice"),
    ],
)
def test_what_is_no_header_is_refused_unseen(given: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=f"^{told}") as caught:
        LLMConfig(default_headers=given)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", ["authorization", "Host", "X-Amz-Date", "x-amz-security-token"])
def test_what_a_signature_has_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"^default_headers: {name} cannot be set: calls to AWS"):
        Settings.resolve(LLMConfig(provider="bedrock", default_headers={name: "x"}), {})
    assert Settings.resolve(LLMConfig(api_key="k", default_headers={"Host": "x"}), {})


def test_they_are_a_copy() -> None:
    own = {"X-A": "1"}
    config = LLMConfig(api_key="k", default_headers=own)
    resolved = Settings.resolve(config, {})
    own["X-A"] = "2"
    assert dict(resolved.default_headers) == {"X-A": "1"}
    with pytest.raises(TypeError):
        resolved.default_headers["X-A"] = "3"  # type: ignore[index]
    assert Settings.resolve(LLMConfig(api_key="k", default_headers=UserDict(a="b")), {}).default_headers
    assert pickle.loads(pickle.dumps(config)) == copy.deepcopy(config) == config  # noqa: S301


@each_wire
async def test_their_values_are_shown_nowhere(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(status=400, error_message="bad header: canary-route-1"))
    client = wire.client(server.url, default_headers=OWN)
    with pytest.raises(ProviderError) as caught:
        await client.generate_text(wire.request())
    said = [str(caught.value), repr(vars(caught.value)), repr(client.config), repr(client._settings)]
    assert "bad header: [secret]" in said[0]
    assert "canary" not in "".join(said)
    await client.aclose()


# The cache


def scope(**own: str) -> str | None:
    return Settings.resolve(LLMConfig(api_key="k", default_headers=own), {}).cache_scope


def test_headers_that_may_choose_the_answer_are_part_of_the_question() -> None:
    plain = Settings.resolve(LLMConfig(api_key="k"), {}).cache_scope
    assert plain == scope() == scope(X_Api_Key="1") == scope(Authorization="a") == scope(Referer="here")
    one, two = scope(Route="canary-1"), scope(Route="canary-2")
    assert len({plain, one, two}) == 3
    assert one == scope(ROUTE="canary-1", X_Token="t")
    assert "canary" not in str(one)
    aws = [LLMConfig(aws_region=name, default_headers={"Route": "1"}) for name in ("us-east-1", "us-west-2")]
    assert len({Settings.resolve(config, {}).cache_scope for config in aws}) == 2


async def test_another_route_is_a_miss(server: LoopbackServer) -> None:
    sources = []
    for route in ("one", "two", "one"):
        async with INVOKE.client(server.url, default_headers={"X-Route": route}) as client:
            sources.append((await client.generate_text(INVOKE.request(use_cache=True))).cache_source)
    assert sources == ["miss", "miss", "l1"]


def test_layers_of_headers() -> None:
    assert merged({"A": "1", "B": "2"}, {"a": "3"}, {}) == {"a": "3", "B": "2"}
