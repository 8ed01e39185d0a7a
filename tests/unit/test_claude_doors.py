"""Claude through its doors: InvokeModel, Anthropic's own API, and the same API on Bedrock's endpoints."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import BaseModel

import smartllm
from smartllm import Document, Image, Message, Plan, Tool, UnsupportedError
from smartllm.compiler.dialects import FIELDS
from smartllm.rules import Dialect, load_rules, resolve, served_on, target_for

RULES = load_rules()
MESSAGES: Dialect = "anthropic_messages"
OWN, RUNTIME, MANTLE = "anthropic", "bedrock-anthropic", "bedrock-mantle"
HTTP = (OWN, RUNTIME, MANTLE)
ID = {
    "bedrock": "us.anthropic.claude-opus-4-8",
    RUNTIME: "us.anthropic.claude-opus-4-8",
    MANTLE: "anthropic.claude-opus-4-8",
    OWN: "claude-opus-4-8",
}
TOOL = Tool("look", "Looks.", {"type": "object", "properties": {}})
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
DAY = dt.date(2026, 11, 27)


class Person(BaseModel):
    """Who is meant."""

    name: str


def plan(host: str, prompt: Any = "hi", *, model: str | None = None, **fields: Any) -> Plan:
    """A plan for a door; no fields are told of what only stands in a log."""
    found = model or ID[host]
    return smartllm.compile(prompt, provider=host, model=found, level="ignore", today=DAY, **fields)


def told(made: Plan) -> dict[str, str]:
    """Its diagnostics by code, with where each is."""
    return {one.code: one.path for one in made.diagnostics}


def body_of(host: str, prompt: Any = "hi", **fields: Any) -> dict[str, Any]:
    return plan(host, prompt, **fields).steps[0].body


class TestWhereAModelIs:
    @pytest.mark.parametrize(
        ("model", "doors"),
        [
            ("claude-sonnet-4-6", [OWN]),
            ("claude-haiku-4-5", [OWN, RUNTIME, MANTLE]),
            ("claude-opus-4-7", [OWN, RUNTIME, MANTLE]),
            ("claude-haiku-5-5", [OWN, RUNTIME, MANTLE]),
            ("claude-fable-5", [OWN, RUNTIME, MANTLE]),
            ("claude-fable-5-2", [OWN, RUNTIME]),
            ("claude-mythos-5", [OWN, MANTLE]),
            ("claude-mythos-5-1", [OWN]),
            ("claude-mythos-5-2", [OWN]),
            ("gpt-5.4", []),
        ],
    )
    def test_over_http(self, model: str, doors: list[str]) -> None:
        assert [host for host in HTTP if MESSAGES in served_on(resolve(model, RULES), host, RULES)] == doors

    def test_what_comes_next_is_there_too(self) -> None:
        made = plan(OWN, model="claude-opus-6")
        assert made.steps[0].body["model"] == "claude-opus-6"
        assert "model-inferred" in told(made)


class TestHowACallLooks:
    @pytest.mark.parametrize(
        ("host", "path"),
        [
            (OWN, "/v1/messages"),
            (RUNTIME, "/anthropic/v1/messages"),
            (MANTLE, "/anthropic/v1/messages"),
        ],
    )
    def test_the_version_is_a_header_and_the_model_stands_in_the_body(self, host: str, path: str) -> None:
        (step,) = plan(host, stream=True).steps
        assert step.travel.path(step.model) == path
        assert step.travel.headers == {"anthropic-version": "2023-06-01"}
        assert {name: step.body[name] for name in ("model", "stream")} == {"model": ID[host], "stream": True}
        assert "anthropic_version" not in step.body

    def test_invoke_has_the_version_in_the_body(self) -> None:
        body = body_of("bedrock", stream=True)
        assert body["anthropic_version"] == "bedrock-2023-05-31"
        assert not {"model", "stream"} & body.keys()

    @pytest.mark.parametrize("host", HTTP)
    def test_betas_go_in_the_header(self, host: str) -> None:
        (step,) = plan(host, extra={"anthropic_beta": ["a", "b"], "speed": "fast"}).steps
        named = "a,b,fast-mode-2026-02-01" if host == OWN else "a,b"
        assert step.shown_headers == {"anthropic-beta": named}
        assert step.body["speed"] == "fast"
        assert "anthropic_beta" not in step.body

    @pytest.mark.parametrize(("host", "says"), [(OWN, True), (RUNTIME, False), (MANTLE, False)])
    def test_calls_come_as_they_are_written_where_a_page_has_the_beta(self, host: str, says: bool) -> None:
        (step,) = plan(host, stream=True, tools=[TOOL]).steps
        beta = "fine-grained-tool-streaming-2025-05-14"
        assert step.travel.headers.get("anthropic-beta") == (beta if says else None)
        assert step.buffered is not says


class TestService:
    @pytest.mark.parametrize("asked", ["default", "standard_only"])
    def test_a_tier_stands_in_the_body_at_anthropic(self, asked: str) -> None:
        made = plan(OWN, service_tier=asked)
        assert made.steps[0].body["service_tier"] == "standard_only"
        assert made.steps[0].shown_headers == {}
        assert told(made) == ({"parameter-changed": "service_tier"} if asked == "default" else {})

    def test_and_in_a_header_on_invoke(self) -> None:
        (step,) = plan("bedrock", service_tier="standard_only").steps
        assert step.shown_headers == {"X-Amzn-Bedrock-Service-Tier": "default"}
        assert "service_tier" not in step.body

    @pytest.mark.parametrize("host", [RUNTIME, MANTLE])
    def test_but_nowhere_on_bedrocks_messages(self, host: str) -> None:
        made = plan(host, service_tier="auto")
        assert "service_tier" not in made.steps[0].body
        assert told(made) == {"parameter-dropped": "service_tier"}

    @pytest.mark.parametrize("host", HTTP)
    def test_records_of_aws_are_no_metadata_here(self, host: str) -> None:
        made = plan(host, metadata={"team": "a"}, user="u-1")
        assert made.steps[0].body["metadata"] == {"user_id": "u-1"}
        assert told(made) == {"parameter-dropped": "metadata"}

    @pytest.mark.parametrize("host", HTTP)
    def test_a_guardrail_is_refused_where_no_page_has_it(self, host: str) -> None:
        with pytest.raises(UnsupportedError, match="it would not be applied") as caught:
            plan(host, guardrail={"id": "abc123", "version": "1"})
        assert caught.value.fact == "guardrail.accepted"

    def test_bedrock_leads_it_to_the_door_that_has_it(self) -> None:
        made = plan("bedrock", guardrail={"id": "abc123", "version": "1"})
        assert (made.host, "door-chosen" in told(made)) == ("bedrock", False)

    @pytest.mark.parametrize("user", ['{"device":"a"}', "a(b)", "ä"])
    @pytest.mark.parametrize("host", ["bedrock", RUNTIME, MANTLE])
    def test_aws_has_a_rule_for_the_id_of_a_user(self, host: str, user: str) -> None:
        made = plan(host, user=user)
        assert "metadata" not in made.steps[0].body
        (note,) = made.diagnostics
        assert (note.code, note.path, note.severity) == ("parameter-dropped", "user", "warning")
        assert note.origin.name == "user.characters"
        assert body_of(OWN, user=user)["metadata"] == {"user_id": user}

    @pytest.mark.parametrize("user", ["u-1", "a_b.c@d e", "3f:2a/=+,#$"])
    def test_which_most_ids_keep(self, user: str) -> None:
        assert body_of("bedrock", user=user)["metadata"] == {"user_id": user}


class TestSchemas:
    @pytest.mark.parametrize(
        "model", ["claude-sonnet-4-5", "claude-opus-4-7", "claude-opus-5-5", "claude-fable-5"]
    )
    def test_are_native_at_anthropic(self, model: str) -> None:
        (step,) = plan(OWN, model=model, response_format=Person).steps
        assert step.body["output_config"]["format"]["type"] == "json_schema"
        assert not {"tools", "tool_choice"} & step.body.keys()

    def test_beside_tools_too(self) -> None:
        (step,) = plan(OWN, response_format=Person, tools=[TOOL]).steps
        assert step.body["output_config"]["format"]["schema"]["required"] == ["name"]
        assert [tool["name"] for tool in step.body["tools"]] == ["look"]

    @pytest.mark.parametrize("host", [RUNTIME, MANTLE])
    def test_but_not_on_bedrocks_messages(self, host: str) -> None:
        (step,) = plan(host, response_format=Person).steps
        assert step.body["tool_choice"]["name"] == "Person"
        with pytest.raises(UnsupportedError, match="takes no native schema") as caught:
            plan(host, response_format=Person, structured_output="native")
        assert caught.value.fact == "structured.native"

    def test_nor_for_an_answer_that_has_begun(self) -> None:
        begun = [Message("user", "Who?"), Message("assistant", "{")]
        asks: dict[str, Any] = {"model": "claude-sonnet-4-5", "response_format": Person}
        (step,) = plan(OWN, begun, **asks).steps
        assert step.body["tool_choice"]["name"] == "Person"
        for tools in ([], [TOOL]):
            with pytest.raises(
                UnsupportedError, match="no native schema for an answer that has begun"
            ) as caught:
                plan(OWN, begun, structured_output="native", tools=tools, **asks)
            assert caught.value.fact == "structured.prefilled"

    def test_which_openai_binds_all_the_same(self) -> None:
        begun = [Message("user", "Who?"), Message("assistant", "Ann.")]
        (step,) = plan("openai", begun, model="gpt-5.4", response_format=Person).steps
        assert step.body["text"]["format"]["type"] == "json_schema"

    def test_a_strict_tool_is_one_where_schemas_are_native(self) -> None:
        strict = Tool("look", "Looks.", {"type": "object", "properties": {}}, strict=True)
        has = {host: "strict" in body_of(host, tools=[strict])["tools"][0] for host in ID}
        assert has == {"bedrock": False, RUNTIME: False, MANTLE: False, OWN: True}


class TestMedia:
    PARTS: tuple[Any, ...] = (
        Image(url="https://example.com/a.png"),
        Image(file_id="file_1"),
        Document(url="https://example.com/a.pdf", citations=True),
        Document(file_id="file_2"),
    )

    @pytest.mark.parametrize("part", PARTS)
    def test_addresses_and_files_are_read_at_anthropic(self, part: Any) -> None:
        (block,) = body_of(OWN, [part, "What is it?"])["messages"][0]["content"][:1]
        said = {"type": "url", "url": part.url} if part.url else {"type": "file", "file_id": part.file_id}
        assert block["source"] == said

    @pytest.mark.parametrize("part", PARTS)
    @pytest.mark.parametrize("host", ["bedrock", RUNTIME, MANTLE])
    def test_and_nowhere_on_bedrock(self, host: str, part: Any) -> None:
        with pytest.raises(UnsupportedError, match="it takes data"):
            plan(host, [part, "What is it?"])

    def test_pictures_may_be_twice_as_large(self) -> None:
        most = {host: facts(host).input.image.max_bytes for host in ID}
        assert most == {"bedrock": 3750000, RUNTIME: 3750000, MANTLE: 3750000, OWN: 7500000}
        assert (facts(OWN).input.max_encoded, facts(MANTLE).input.max_encoded) == (32000000, 20000000)


class TestTools:
    def test_the_providers_own_run_at_anthropic(self) -> None:
        own = [SEARCH, {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}]
        assert body_of(OWN, tools=[*own, TOOL])["tools"][:2] == own

    @pytest.mark.parametrize("host", ["bedrock", RUNTIME, MANTLE])
    def test_and_not_on_bedrock(self, host: str) -> None:
        with pytest.raises(UnsupportedError, match="its own are bash, text_editor, memory, computer"):
            plan(host, tools=[SEARCH])

    @pytest.mark.parametrize(("host", "forced"), [(OWN, "skips-thinking"), ("bedrock", "never")])
    def test_what_is_forced_differs_by_host(self, host: str, forced: str) -> None:
        assert facts(host, "claude-fable-5").tools.forced == forced
        assert facts(host, "claude-fable-5-1").tools.forced == "never"


class TestIdsAndLives:
    @pytest.mark.parametrize(
        ("model", "key"),
        [
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5", "claude-sonnet-4-5"),
            ("claude-opus-4-1", "claude-opus-4-1"),
            ("claude-opus-4-20250514", "claude-opus-4"),
            ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
            ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
            ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
            ("claude-3-opus-latest", "claude-3-opus"),
        ],
    )
    def test_names_of_the_api_go_as_they_are(self, model: str, key: str) -> None:
        made = plan(OWN, model=model)
        assert (made.resolution.model, made.steps[0].body["model"]) == (key, model)
        assert not {"model-inferred", "model-id-spelling", "model-id-bare"} & told(made).keys()

    @pytest.mark.parametrize(
        ("model", "own", "bedrock"),
        [
            ("claude-opus-4-1", "lifecycle-ended", "lifecycle-ending"),
            ("claude-sonnet-4-5", "lifecycle-ending", "lifecycle-legacy"),
            ("claude-opus-4-5", "lifecycle-ending", None),
            ("claude-opus-5-5", None, None),
        ],
    )
    def test_each_host_has_days_of_its_own(self, model: str, own: str | None, bedrock: str | None) -> None:
        for host, code in ((OWN, own), ("bedrock", bedrock)):
            lives = [one for one in told(plan(host, model=model)) if one.startswith("lifecycle")]
            assert lives == ([code] if code else [])

    def test_mantle_has_bare_names_without_a_tail(self) -> None:
        ids = facts(MANTLE, "claude-haiku-4-5").ids
        assert (ids.name, ids.bare, ids.prefixes) == ("anthropic.claude-haiku-4-5", "accepted", ())
        assert not told(plan(MANTLE, model="anthropic.claude-haiku-4-5"))

    def test_the_runtime_has_its_profiles(self) -> None:
        assert facts(RUNTIME).ids.prefixes == facts("bedrock").ids.prefixes
        assert facts(RUNTIME).ids.prefixes[0] == "us"
        assert not told(plan(RUNTIME))


def test_a_place_may_depend_on_the_model() -> None:
    fields = FIELDS["anthropic_messages"]
    places = {host: fields.place_of("service_tier", facts(host)) for host in (OWN, "bedrock")}
    assert places == {OWN: "service_tier", "bedrock": "header X-Amzn-Bedrock-Service-Tier"}
    assert fields.place_of("user", facts(OWN)) == "metadata.user_id"


def facts(host: str, model: str = "claude-opus-4-8") -> Any:
    """What is known of a model behind a door."""
    return target_for(resolve(model, RULES), host, MESSAGES, RULES).facts
