"""Whose request it is: what tells hosts with one path apart, and what each wants beside a body."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from browsers import Caller
from commands import invoke
from sandbox_doors import ANTHROPIC, DOORS, MANTLE_CLAUDE, MANTLE_GPT, MANTLE_OSS, MESSAGES, RUNTIME, asked
from sandbox_page import CALLS

from smartllm.cli import main
from smartllm.errors import ConfigError, NotFoundError
from smartllm.rules import load_rules
from smartllm.rules.hosts import routes_of
from smartllm.runtime.transport import WireRequest
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.testing.check import target_of
from smartllm.testing.listed_models import listing_body
from smartllm.testing.page.shown import curl_of
from smartllm.testing.paths import places, root_of
from smartllm.testing.reply import Recorded
from smartllm.testing.routes import Route, find_route
from smartllm.testing.speaking import spoken

RESPONSES, CHAT, CLAUDES = "/openai/v1/responses", "/v1/chat/completions", "/anthropic/v1/messages"
OLDER = "/openai/deployments/mine/chat/completions"
VERSION = {"anthropic-version": "2023-06-01"}
BODY: dict[str, Any] = {
    "model": ANTHROPIC.model,
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}


def signed(service: str) -> dict[str, str]:
    scope = f"AKIAANY/20261127/us-east-1/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=abc"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def routed(path: str, headers: dict[str, str], model: str = "", method: str = "POST", **given: Any) -> Route:
    body = json.dumps({"model": model} if model else {}).encode()
    return find_route(method, path, body=body, headers=headers, **given)


# What tells a host


@pytest.mark.parametrize(
    ("path", "headers", "model", "host", "told"),
    [
        # The path alone.
        ("/v1/messages", {}, "", "anthropic", ""),
        (f"{OLDER}?api-version=2024-10-21", {}, "", "azure-deployments", ""),
        ("/model/x%2Fy/converse", {}, "", "bedrock", ""),
        # A signature.
        (CLAUDES, signed("bedrock-mantle"), "", "bedrock-mantle", "signed for bedrock-mantle"),
        (CLAUDES, signed("bedrock"), "", "bedrock-anthropic", "signed for bedrock"),
        (CHAT, signed("bedrock"), "gpt-5.4", "bedrock-mantle", "signed for bedrock"),
        (RESPONSES, signed("bedrock-mantle"), RUNTIME.model, "bedrock-mantle", "signed for bedrock-mantle"),
        (RESPONSES, signed("bedrock"), MANTLE_GPT, "bedrock-mantle", f"the id {MANTLE_GPT}"),
        (RESPONSES, signed("bedrock"), RUNTIME.model, "bedrock-openai", f"the id {RUNTIME.model}"),
        (RESPONSES, signed("bedrock"), "", "bedrock-openai", "signed for bedrock"),
        (RESPONSES, signed("s3"), "gpt-5.4", "bedrock-mantle", "signed for s3"),
        # A key's header, the query.
        (RESPONSES, {"api-key": "any"}, MANTLE_GPT, "azure", "the header api-key"),
        (f"{RESPONSES}?api-version=preview", bearer("any"), "", "azure", "the query api-version"),
        # How a token begins.
        (CHAT, bearer("sk-any"), MANTLE_OSS, "openai", "a token sk-"),
        (CHAT, bearer("ABSKany"), "gpt-5.4", "bedrock-mantle", "a token ABSK"),
        (CHAT, bearer("bedrock-api-key-any"), "", "bedrock-mantle", "a token bedrock-api-key-"),
        (RESPONSES, bearer("eyJany"), MANTLE_GPT, "azure", "a token eyJ"),
        (CHAT, {"authorization": "Basic sk-any"}, MANTLE_OSS, "bedrock-mantle", f"the id {MANTLE_OSS}"),
        # The id, as the hosts spell it, and its form.
        (CHAT, bearer("any"), MANTLE_OSS, "bedrock-mantle", f"the id {MANTLE_OSS}"),
        (CHAT, bearer("any"), "gpt-5.4", "openai", "the id gpt-5.4"),
        (CHAT, bearer("any"), "acme-1", "openai", "the form of the id acme-1"),
        (CHAT, bearer("any"), "acme.rocket-1", "bedrock-mantle", "the form of the id acme.rocket-1"),
        (RESPONSES, bearer("any"), "my-deployment", "azure", "the form of the id my-deployment"),
        (CLAUDES, {"x-api-key": "any"}, MESSAGES.model, "bedrock-anthropic", f"the id {MESSAGES.model}"),
        (CLAUDES, {"x-api-key": "any"}, MANTLE_CLAUDE, "bedrock-mantle", f"the id {MANTLE_CLAUDE}"),
        # Nothing.
        (CHAT, bearer("any"), "", "openai", "the first of openai, bedrock-mantle"),
    ],
)
def test_a_request_tells_its_host(
    path: str, headers: dict[str, str], model: str, host: str, told: str
) -> None:
    route = routed(path, headers, model)
    assert (route.provider, route.dialect is not None) == (host, True)
    assert told in route.told
    assert bool(told) == bool(route.told)


@pytest.mark.parametrize(
    ("path", "headers", "host"),
    [
        ("/v1/models", {"x-api-key": "any"}, "anthropic"),
        ("/v1/models", {**bearer("any"), **VERSION}, "anthropic"),
        ("/v1/models", bearer("sk-any"), "openai"),
        ("/v1/models", {}, "openai"),
        ("/v1/models", signed("bedrock-mantle"), "bedrock-mantle"),
        ("/openai/v1/models", bearer("any"), "azure"),
        ("/openai/models?api-version=2024-10-21", {"api-key": "any"}, "azure-deployments"),
        ("/foundation-models", {}, "bedrock"),
    ],
)
def test_a_listing_tells_its_host(path: str, headers: dict[str, str], host: str) -> None:
    route = routed(path, headers, method="GET")
    assert (route.provider, route.dialect) == (host, None)
    assert route.listing


@pytest.mark.parametrize(
    ("path", "headers", "host"),
    [
        ("/v1/nothing", {}, "openai"),
        ("/nothing", {}, "bedrock"),
        ("/v1/nothing", {"x-api-key": "any"}, "anthropic"),
        ("/nothing", {"api-key": "any"}, "azure"),
        ("/nothing", bearer("sk-ant-any"), "anthropic"),
        ("/nothing", bearer("sk-any"), "openai"),
    ],
)
def test_a_path_that_nobody_has_is_somebodys_error(path: str, headers: dict[str, str], host: str) -> None:
    for method in ("POST", "PUT", "GET"):
        route = routed(path, headers, method=method)
        assert (route.provider, route.wire, route.listing) == (host, None, None)


def test_each_path_of_each_row_is_found() -> None:
    rules = load_rules()
    tried = {(place.host, place.dialect) for place in places(rules)}
    assert tried == {(host, wire) for host in rules.table("host") for wire in routes_of(host, rules)}
    for place in places(rules):
        path = root_of(place.host) + place.path.replace("{model}", "some%2Fid")
        found = find_route("POST", path, host=place.host)
        assert (found.provider, found.base) == (place.host, place.base)
        assert found.model == ("some/id" if "{model}" in place.path else "")


def test_bases_of_models_are_paths_of_their_own() -> None:
    found = {place.path for place in places(load_rules()) if place.host == "bedrock-mantle"}
    assert found >= {"/v1/responses", RESPONSES, CHAT, "/openai/v1/chat/completions", CLAUDES}


# To say whose it is


def test_a_request_names_its_host() -> None:
    named = {"x-smartllm-provider": "bedrock-mantle", "api-key": "any"}
    assert routed(RESPONSES, named).provider == "bedrock-mantle"
    assert routed("/model/x/converse", named).wire is None, "it has no such path"
    assert routed(RESPONSES, {"x-smartllm-provider": "bedrock"}, RUNTIME.model).provider == "bedrock-openai"
    with pytest.raises(ConfigError, match=r"provider='acme' is not known; allowed: openai, bedrock, "):
        routed(RESPONSES, {"x-smartllm-provider": "acme"})


def test_a_server_is_one_hosts() -> None:
    with LoopbackServer(provider="bedrock-mantle") as server, Caller(server.url) as caller:
        assert caller.post("/model/x/converse", {}) == 404
        assert caller.post("/v1/files", {}) == 404, "no engine of another's either"
        assert caller.post(RESPONSES, {"model": "x", "input": "hi"}, **{"api-key": "any"}) == 200
        assert [one.route.provider for one in server.requests if one.route] == ["bedrock-mantle"] * 3
        assert caller.post(RESPONSES, {}, **{"x-smartllm-provider": "acme"}) == 400
        assert "x-smartllm-provider: provider='acme' is not known" in server.requests[-1].reason
    with LoopbackServer(provider="azure") as server, Caller(server.url) as caller:
        assert caller.post(f"{OLDER}?api-version=1", {"messages": []}) == 200
    with pytest.raises(ConfigError, match="provider='acme' is not known"):
        LoopbackServer(provider="acme")


def test_the_command_serves_one_host() -> None:
    assert invoke(main, ["sandbox", "--provider", "bedrock-mantle", "--seconds", "0"]).exit_code == 0
    assert invoke(main, ["sandbox", "--provider", "acme", "--seconds", "0"]).exit_code == 2
    told = invoke(main, ["sandbox", "--seconds", "0"]).stdout
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"):
        assert f"export {name}=" in told


@pytest.mark.parametrize(
    ("url", "headers", "host"),
    [
        ("https://api.openai.com/v1/responses", {}, "openai"),
        ("https://mine.openai.azure.com/openai/v1/responses", {}, "azure"),
        ("https://bedrock-mantle.eu-west-1.api.aws/v1/responses", {}, "bedrock-mantle"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/responses", {}, "bedrock-openai"),
        ("https://api.groq.com/openai/v1/responses", bearer("sk-any"), "openai"),
    ],
)
async def test_a_transport_looks_at_the_address(url: str, headers: dict[str, str], host: str) -> None:
    fake = FakeTransport()
    response = await fake.send(WireRequest("POST", url, headers, b'{"input": "hi"}', ""))
    assert (response.status, fake.sent[0].route.provider) == (200, host)


# What a host wants beside a body


def refused(path: str, headers: dict[str, str], body: Any) -> tuple[int, str]:
    """The status of an answer, and what an error says."""
    raw = json.dumps(body).encode()
    route = find_route("POST", path, body=raw, headers=headers)
    said = spoken(route, raw, Reply(), 1, models=(), check=True, asked=headers)
    return said.reply.status, said.reason


def without(body: dict[str, Any], *keys: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys} | more


INVOKED = without(BODY, "model", anthropic_version="bedrock-2023-05-31")
INVOKE = f"/model/{MESSAGES.model}/invoke"
KEY = {"x-api-key": "any", **VERSION}
OPENAIS = {"model": "gpt-5.4", "input": "hi"}


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "says"),
    [
        ("/v1/messages", KEY, BODY, 200, ""),
        ("/v1/messages", {**bearer("sk-ant-any"), **VERSION}, BODY, 200, ""),
        ("/v1/messages", VERSION, BODY, 401, "x-api-key header is required"),
        ("/v1/messages", {**VERSION, "x-api-key": " "}, BODY, 401, "x-api-key header is required"),
        ("/v1/messages", {"x-api-key": "any"}, BODY, 400, "anthropic-version: header is required"),
        (
            "/v1/messages",
            {"x-api-key": "any", "anthropic-version": "2024-10-22"},
            BODY,
            400,
            'anthropic-version: "2024-10-22" is not a valid version',
        ),
        ("/v1/messages", KEY, without(BODY, "max_tokens"), 400, "max_tokens: Field required"),
        ("/v1/messages", KEY, without(BODY, "messages"), 400, "messages: Field required"),
        (
            "/v1/messages",
            KEY,
            {**BODY, "anthropic_version": "bedrock-2023-05-31"},
            400,
            "anthropic_version: Extra inputs are not permitted",
        ),
        (
            "/v1/messages",
            KEY,
            {**BODY, "anthropic_beta": ["x"]},
            400,
            "anthropic_beta: Extra inputs are not permitted",
        ),
        ("/v1/messages", KEY, {**BODY, "model": "acme-1"}, 404, "model: acme-1"),
        ("/v1/messages", KEY, {**BODY, "service_tier": "standard_only"}, 200, ""),
        (
            "/v1/messages",
            KEY,
            {**BODY, "service_tier": "flex"},
            400,
            "service_tier: Input should be 'auto' or 'standard_only'",
        ),
        (
            INVOKE,
            {},
            {**INVOKED, "service_tier": "auto"},
            400,
            "service_tier: Extra inputs are not permitted",
        ),
        ("/v1/messages", KEY, {**BODY, "metadata": {"user_id": "ada"}}, 200, ""),
        (
            "/v1/messages",
            KEY,
            {**BODY, "metadata": {"team": "x"}},
            400,
            "metadata.team: Extra inputs are not permitted",
        ),
        (
            "/v1/messages",
            KEY,
            {**BODY, "amazon-bedrock-guardrailConfig": {}},
            400,
            "amazon-bedrock-guardrailConfig: Extra inputs are not permitted",
        ),
        ("/v1/messages", KEY, {**BODY, "model": MESSAGES.model}, 404, f"model: {MESSAGES.model}"),
        (INVOKE, {}, INVOKED, 200, ""),
        (
            INVOKE,
            {},
            without(INVOKED, "anthropic_version"),
            400,
            "required key [anthropic_version] not found",
        ),
        (INVOKE, {}, {**INVOKED, "model": "x"}, 400, "model: Extra inputs are not permitted"),
        (
            INVOKE,
            {},
            {**INVOKED, "cache_control": {"type": "ephemeral"}},
            400,
            "cache_control: Extra inputs are not permitted",
        ),
        ("/v1/messages", KEY, {**BODY, "cache_control": {"type": "ephemeral"}}, 200, ""),
        (
            "/v1/messages",
            KEY,
            {**BODY, "cache_control": {"type": "ephemeral", "ttl": "9m"}},
            400,
            "cache_control.ephemeral.ttl: Extra inputs are not permitted",
        ),
        (INVOKE, {}, {**INVOKED, "stream": True}, 400, "stream: Extra inputs are not permitted"),
        (CLAUDES, {**VERSION, **signed("bedrock")}, {**BODY, "model": MESSAGES.model}, 200, ""),
        (CLAUDES, {**VERSION, "x-api-key": "k"}, {**BODY, "model": MANTLE_CLAUDE}, 200, ""),
        (CLAUDES, VERSION, {**BODY, "model": MANTLE_CLAUDE}, 401, "Missing bearer token"),
        (
            CLAUDES,
            {**VERSION, **signed("s3")},
            {**BODY, "model": MANTLE_CLAUDE},
            403,
            "scoped to correct service: 'bedrock-mantle'",
        ),
        (
            INVOKE,
            signed("bedrock-mantle"),
            INVOKED,
            403,
            "Credential should be scoped to correct service: 'bedrock'",
        ),
        ("/v1/responses", {}, OPENAIS, 200, ""),
        (RESPONSES, {}, OPENAIS, 401, "Access denied due to invalid subscription key"),
        (RESPONSES, {"api-key": "any"}, OPENAIS, 200, ""),
        (RESPONSES, {"api-key": "any"}, {**OPENAIS, "model": "my-deployment"}, 200, ""),
        (
            CLAUDES,
            {**VERSION, **signed("bedrock-mantle")},
            {**BODY, "model": "anthropic.claude-sonnet-4-5"},
            404,
            "The model 'anthropic.claude-sonnet-4-5' does not exist",
        ),
        (
            CLAUDES,
            {**VERSION, **signed("bedrock-mantle")},
            {**BODY, "model": "anthropic.claude-opus-77"},
            200,
            "",
        ),
        (f"{RESPONSES}?api-version=preview", {"api-key": "any"}, OPENAIS, 200, ""),
        (
            f"{RESPONSES}?api-version=2024-10-21",
            {"api-key": "any"},
            OPENAIS,
            400,
            "api-version query parameter is not allowed when using /v1 path",
        ),
        (OLDER, {"api-key": "any"}, {"messages": []}, 404, "Resource not found"),
        (f"{OLDER}?api-version=2024-10-21", {"api-key": "any"}, {"messages": []}, 200, ""),
        (RESPONSES, bearer("ABSK"), {"model": "gpt-5.6-sol", "input": "hi"}, 400, "on-demand throughput"),
    ],
)
def test_what_stands_beside_a_body(
    path: str, headers: dict[str, str], body: Any, status: int, says: str
) -> None:
    found = refused(path, headers, body)
    assert found[0] == status
    assert says in found[1]
    assert bool(says) == bool(found[1])


LAST = {"x-api-key": "any", "anthropic-version": "2026-10-21"}
CITED = {"type": "text", "text": "x", "citations": [{"type": "char_location"}]}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, ""),
        (
            {
                "messages": [
                    {"role": "user", "content": "hi"},
                    {"role": "assistant", "content": [CITED]},
                    {"role": "user", "content": "hi"},
                ]
            },
            "",
        ),
        ({"temperature": 1}, "temperature: Extra inputs are not permitted"),
        ({"top_k": 3}, "top_k: Extra inputs are not permitted"),
        (
            {"messages": [{"role": "user", "content": [CITED]}]},
            "messages.0.content.0.citations: Extra inputs are not permitted",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "search_result", "content": [CITED]}]},
                ]
            },
            "messages.0.content.0.content.0.citations",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "hi"},
                    {"role": "assistant", "content": [{"type": "document"}, CITED]},
                    {"role": "user", "content": [without(CITED, citations=[])]},
                ]
            },
            "messages.1.content.0: `document` blocks are not permitted in assistant messages",
        ),
    ],
)
def test_the_last_version_takes_less(more: dict[str, Any], says: str) -> None:
    body = {**BODY, "model": "claude-haiku-4-5", **more}
    assert says in refused("/v1/messages", LAST, body)[1]
    assert bool(says) == bool(refused("/v1/messages", LAST, body)[1])
    before = refused("/v1/messages", KEY, body)[1]
    assert "Extra inputs are not permitted" not in before
    assert "`document` blocks are not" not in before


def test_nothing_of_it_is_wanted_without_checks_or_of_a_line_of_a_batch() -> None:
    raw = json.dumps(BODY).encode()
    route = find_route("POST", "/v1/messages", body=raw)
    assert spoken(route, raw, Reply(), 1, models=(), asked={}).reply.status == 200
    assert spoken(route, raw, Reply(), 1, models=(), check=True).reply.status == 200
    assert (
        spoken(route, raw, Reply(), 1, models=(), check=True, asked=VERSION, keyless=True).reply.status == 200
    )
    scripted = Reply(status=503)
    assert spoken(route, raw, scripted, 1, models=(), check=True, asked={}).reply is scripted


def test_facts_are_those_of_the_host() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    form = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    assert refused("/v1/messages", KEY, BODY | form) == (200, "")
    there = {**BODY, **form, "model": MANTLE_CLAUDE}
    status, says = refused(CLAUDES, {**VERSION, **bearer("ABSK")}, there)
    assert (status, says) == (400, "output_config.format: Extra inputs are not permitted")


# Listings


def test_listings_have_the_shape_of_the_host() -> None:
    models = [f"m{number}" for number in range(25)]

    def listed(query: str = "", headers: dict[str, str] = KEY) -> Any:
        return listing_body(routed(f"/v1/models{query}", headers, method="GET"), models)

    first = listed()
    assert [one["id"] for one in first["data"]] == models[:20]
    assert (first["has_more"], first["first_id"], first["last_id"]) == (True, "m0", "m19")
    assert first["data"][0] | {"created_at": ""} == {
        "type": "model",
        "id": "m0",
        "display_name": "m0",
        "created_at": "",
    }
    second = listed("?after_id=m19")
    assert ([one["id"] for one in second["data"]], second["has_more"]) == (models[20:], False)
    before = listed("?before_id=m5&limit=2")
    assert ([one["id"] for one in before["data"]], before["has_more"]) == (["m3", "m4"], True)
    assert listing_body(routed("/v1/models", KEY, method="GET"), [])["first_id"] is None
    theirs = listed(headers=signed("bedrock-mantle"))
    assert (theirs["object"], theirs["data"][0]["data_retention"]) == ("list", {"mode": "default"})
    assert "data_retention" not in listed(headers=bearer("sk-any"))["data"][0]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?limit=0", "greater than or equal to 1"),
        ("?limit=1001", "less than or equal to 1000"),
        ("?limit=x", "valid integer"),
    ],
)
def test_a_page_of_a_listing_has_bounds(query: str, says: str) -> None:
    route = routed(f"/v1/models{query}", KEY, method="GET")
    said = spoken(route, b"", Reply(), 1, models=("m",))
    assert (said.reply.status, says in said.reason) == (400, True)
    assert spoken(routed(f"/v1/models{query}", {}, method="GET"), b"", Reply(), 1, models=("m",)).reason == ""


@pytest.mark.parametrize("door", DOORS[:2] + DOORS[5:6], ids=str)
async def test_a_client_lists_the_models_of_its_host(door: Any) -> None:
    models = [f"m{number}" for number in range(1200)]
    with LoopbackServer(models=models) as server:
        async with door.client(server.url) as client:
            assert await client.list_available_model_ids() == sorted(models)
        asked_for = [one.route.provider for one in server.requests if one.route]
    assert asked_for == [door.host] * (2 if door is ANTHROPIC else 1)


# The page


@pytest.fixture
def server() -> Any:
    with LoopbackServer(check=True) as found:
        yield found


async def test_a_call_is_shown_with_its_host_and_can_be_sent_again(
    server: LoopbackServer, caller: Caller
) -> None:
    for door in (ANTHROPIC, RUNTIME, DOORS[5]):
        async with door.client(server.url) as client:
            await client.generate_text(asked())
    listed = json.loads(caller.get(CALLS)[2])["calls"]
    assert [one["host"] for one in listed] == ["anthropic", "bedrock-openai", "bedrock-mantle"]
    pages = [caller.get(f"{CALLS}/{number}")[2] for number in (1, 2, 3)]
    assert "Taken for" not in pages[0]
    assert f"Taken for <code>bedrock-openai</code>: signed for bedrock, the id {RUNTIME.model}." in pages[1]
    assert "Taken for <code>bedrock-mantle</code>: signed for bedrock-mantle." in pages[2]
    for number, host in ((1, "anthropic"), (2, "bedrock-openai"), (3, "bedrock-mantle")):
        again = sent_again(server, number)
        assert (again.status, again.reason) == (200, "")
        assert again.route is not None
        assert again.route.provider == host


def test_what_only_a_signature_told_is_said_in_the_command(server: LoopbackServer, caller: Caller) -> None:
    caller.post(RESPONSES, {"model": "acme.rocket-1", "input": "hi"}, **signed("bedrock-mantle"))
    command = curl_of(server._calls.find(1), server.url)  # type: ignore[arg-type]
    assert "-H 'x-smartllm-provider: bedrock-mantle'" in command
    assert "Signature" not in command
    assert sent_again(server, 1).route == find_route(
        "POST", RESPONSES, headers={"x-smartllm-provider": "bedrock-mantle"}
    )


def sent_again(server: LoopbackServer, number: int) -> Recorded:
    """The request that the command of a call's page makes."""
    call = server._calls.find(number)
    assert call is not None
    words = shlex.split(curl_of(call, server.url).replace("\\\n", ""))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    url = next(word for word in words if word.startswith("http://"))
    with Caller(server.url) as caller:
        caller.post(url.removeprefix(server.url), json.loads(words[-1]), **headers)
    return server.requests[-1]


async def test_what_is_not_there_is_told_by_the_fact(server: LoopbackServer) -> None:
    async with DOORS[5].client(server.url) as client:
        with pytest.raises(NotFoundError):
            await client.generate_text(asked(extra={"model": f"us.{MANTLE_GPT}"}))
    assert server.requests[-1].fact.startswith("ids.")


def test_a_fact_is_told_by_the_row_of_the_host(server: LoopbackServer, caller: Caller) -> None:
    model = "claude-sonnet-4-6"
    caller.post("/v1/messages", {**BODY, "model": model, "max_tokens": 10**9}, **KEY)
    (recorded,) = server.requests
    rows = []
    for host in ("anthropic", "bedrock"):
        target = target_of(model, "anthropic_messages", host)
        assert target is not None
        origin = target.origin("limits.max_output")
        rows.append(f"{origin.file}:{origin.line}")
    assert (recorded.fact, recorded.fact_row) == ("limits.max_output", rows[0])
    assert rows[0] != rows[1]
