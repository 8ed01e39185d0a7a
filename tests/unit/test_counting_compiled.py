"""From a plan to the call that counts its input tokens: what goes along, where it stands, and who refuses."""

from __future__ import annotations

import base64
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import smartllm
from smartllm import Image, Plan
from smartllm.compiler.counting import Counting, counted_in, counting_of
from smartllm.compiler.counting_doors import counting_door
from smartllm.errors import ResponseError, UnsupportedError
from smartllm.rules import load_rules
from smartllm.rules.hosts import routes_of
from smartllm.rules.load import RuleSet

GPT, SONNET, OPUS, NOVA = (
    "gpt-5.4",
    "us.anthropic.claude-sonnet-4-6",
    "us.anthropic.claude-opus-5",
    "us.amazon.nova-pro-v1:0",
)
RULES = load_rules()
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MANTLE = 'on.bedrock-mantle.profile."claude-3".endpoints = ["anthropic_messages"]\n'


def look(word: str) -> str:
    """Look a word up."""
    return word


def plan(model: str, rules: Any = None, **about: Any) -> Plan:
    return smartllm.compile(about.pop("prompt", "hi"), model=model, level="ignore", rules=rules, **about)


def counting(model: str, rules: Any = None, **about: Any) -> Counting:
    return counting_of(plan(model, rules, **about), load_rules(rules))


def refused(model: str, rules: Any = None, **about: Any) -> UnsupportedError:
    with pytest.raises(UnsupportedError) as caught:
        counting(model, rules, **about)
    return caught.value


def overlay(tmp_path: Path, text: str) -> list[Path]:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return [path]


def sent(found: Counting) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(found.step.payload)
    return body


def codes(found: Counting) -> list[str]:
    return [item.code for item in found.diagnostics]


class TestBodies:
    def test_responses_takes_what_its_reference_has(self) -> None:
        about = {"tools": [look], "system_prompt": "be brief", "response_format": SCHEMA, "verbosity": "low"}
        given = plan(GPT, max_tokens=50, store=False, metadata={"a": "b"}, reasoning_effort="low", **about)
        found = counting_of(given, RULES)
        assert (found.step.path, found.step.operation) == (
            "/responses/input_tokens",
            "POST /responses/input_tokens",
        )
        left = {"max_output_tokens", "store", "metadata", "include"}
        assert left <= {*given.body}
        assert sent(found) == {key: value for key, value in given.body.items() if key not in left}
        assert {"model", "input", "instructions", "tools", "text", "reasoning"} <= {*sent(found)}
        assert found.answer == "input_tokens"
        (note,) = found.diagnostics
        assert (note.code, note.severity, {*note.asked}) == ("count-left-out", "info", left)
        assert note.origin.file == "smartllm/rules/hosts/openai.toml"

    def test_a_part_of_the_input_that_is_not_counted_is_a_warning(self) -> None:
        found = counting(GPT, extra={"prompt": {"id": "pmpt_1"}, "truncation": "auto"})
        assert "prompt" not in sent(found)
        assert sent(found)["truncation"] == "auto"
        lost = [item for item in found.diagnostics if item.severity == "warning"]
        assert [(item.code, item.action, item.asked) for item in lost] == [
            ("count-left-out", "dropped", ["prompt"])
        ]
        assert [item.asked for item in found.diagnostics if item.severity == "info"] == [
            ["max_output_tokens", "temperature"]
        ]

    def test_a_schema_beside_converse_is_one(self) -> None:
        found = counting(SONNET, api_type="converse", response_format=SCHEMA, structured_output="native")
        lost = [item for item in found.diagnostics if item.severity == "warning"]
        assert [(item.code, item.asked) for item in lost] == [("count-left-out", ["outputConfig"])]

    def test_invoke_model_has_the_whole_body_in_base64(self) -> None:
        given = plan(SONNET, tools=[look], max_tokens=77)
        found = counting_of(given, RULES)
        inner = base64.b64decode(sent(found)["input"]["invokeModel"]["body"], validate=True)
        assert inner == given.steps[0].payload
        assert json.loads(inner)["max_tokens"] == 77
        assert (found.step.operation, found.answer) == ("CountTokens", "inputTokens")
        assert found.step.path == "/model/anthropic.claude-sonnet-4-6/count-tokens"
        assert codes(found) == ["count-model-id"]

    def test_converse_stands_in_its_own_place(self) -> None:
        given = plan(SONNET, api_type="converse", tools=[look], system_prompt="s", max_tokens=77)
        found = counting_of(given, RULES)
        body = given.body
        assert "inferenceConfig" in body
        kept = {key: body[key] for key in ("messages", "system", "toolConfig")}
        assert sent(found) == {"input": {"converse": kept}}

    @pytest.mark.parametrize("api_type", ["invoke", "converse"])
    def test_media_goes_along(self, api_type: str) -> None:
        given = plan(SONNET, prompt=["look", Image(data=PNG)], api_type=api_type)
        body = sent(counting_of(given, RULES))["input"]
        if api_type == "invoke":
            assert base64.b64decode(body["invokeModel"]["body"]) == given.steps[0].payload
        else:
            assert body["converse"]["messages"] == given.body["messages"]

    def test_anthropics_api_takes_what_its_reference_has(self) -> None:
        model = "claude-sonnet-4-5"
        given = plan(model, provider="anthropic", tools=[look], max_tokens=9000, budget_tokens=2000)
        found = counting_of(given, RULES)
        assert found.step.path == "/v1/messages/count_tokens"
        assert {*given.body} - {*sent(found)} == {"max_tokens"}
        assert sent(found)["thinking"]["budget_tokens"] == 2000
        assert found.step.headers["anthropic-version"] == "2023-06-01"
        assert found.step.host == "anthropic"

    def test_betas_and_the_callers_own_headers_go_along(self) -> None:
        about: dict[str, Any] = {
            "extra": {"anthropic_beta": ["a-2026-01-01"]},
            "extra_headers": {"x-mine": "1"},
        }
        given = plan("claude-sonnet-4-5", provider="anthropic", **about)
        found = counting_of(given, RULES)
        assert found.step.headers["anthropic-beta"] == "a-2026-01-01"
        assert found.step.headers["x-mine"] == "1"

    def test_the_plan_stays_as_it_is_and_the_call_is_told_of_as_others_are(self) -> None:
        given = plan(SONNET, api_type="converse", system_prompt="s")
        body, before = given.body, given.fingerprint
        step = counting_of(given, RULES).step
        assert (given.body, given.fingerprint) == (body, before)
        assert not step.streamed
        assert step.output is None
        shown = {".".join(map(str, path)): origin.name for path, _, origin in step.leaves()}
        assert shown["input.converse.system.0.text"] == "system_prompt"
        assert pickle.loads(pickle.dumps(step)).payload == step.payload  # noqa: S301 - our own
        encoded = counting_of(plan(SONNET), RULES).step
        assert [origin.name for _, _, origin in encoded.leaves()] == [
            "host.bedrock.route.anthropic_messages.count.encoded"
        ]

    def test_a_schema_whose_text_is_known_is_written_the_same(self) -> None:
        tools = [look, smartllm.Tool("other", "o", SCHEMA)]
        given = plan(GPT, tools=tools, response_format=SCHEMA)
        assert given.steps[0].texts
        assert sent(counting_of(given, RULES))["tools"] == given.body["tools"]
        converse = plan(SONNET, api_type="converse", tools=tools)
        assert (
            sent(counting_of(converse, RULES))["input"]["converse"]["toolConfig"]
            == converse.body["toolConfig"]
        )

    def test_of_two_calls_the_first_is_counted(self) -> None:
        given = plan(GPT, structured_output="two_pass", response_format=SCHEMA)
        assert len(given.steps) == 2
        found = counting_of(given, RULES)
        assert sent(found)["input"] == given.body["input"]
        assert "text" not in sent(found)
        assert "count-first-call" in codes(found)
        assert "count-first-call" not in codes(counting(GPT))


class TestIds:
    @pytest.mark.parametrize(
        ("asked", "name"),
        [
            ("us.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
            ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"),
            (
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-6-v1",
                "anthropic.claude-opus-4-6-v1",
            ),
        ],
    )
    def test_bedrock_counts_by_the_models_own_name(self, asked: str, name: str) -> None:
        found = counting(asked)
        assert found.step.model == name
        note = next(item for item in found.diagnostics if item.code == "count-model-id")
        assert (note.severity, note.asked, note.applied) == ("info", asked, name)

    def test_the_name_as_it_is_needs_no_note(self) -> None:
        found = counting("anthropic.claude-sonnet-4-6")
        assert (found.step.model, codes(found)) == ("anthropic.claude-sonnet-4-6", [])

    def test_an_accounts_own_profile_is_counted_as_its_model(self) -> None:
        arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
        assert counting(arn, like="claude-sonnet-4-6").step.model == "anthropic.claude-sonnet-4-6"

    def test_a_relatives_name_is_not_taken(self, tmp_path: Path) -> None:
        found = counting("us.anthropic.claude-opus-4-6-fast")
        assert found.step.model == "anthropic.claude-opus-4-6-fast"
        rules = overlay(tmp_path, 'on.bedrock.profile."claude-5.5".count_tokens.available = "yes"')
        found = counting("us.anthropic.claude-opus-9", rules)
        assert found.step.model == "anthropic.claude-opus-9"

    def test_elsewhere_the_id_is_the_plans(self) -> None:
        tuned = "ft:gpt-4o:mine::abc"
        found = counting(tuned)
        assert found.step.model == sent(found)["model"] == tuned
        assert "count-model-id" not in codes(found)


class TestRefusals:
    def test_an_api_without_an_endpoint(self) -> None:
        error = refused(GPT, api_type="chat_completions")
        assert (error.field, error.fact) == ("api_type", "")
        assert "OpenAI has no endpoint that counts the input tokens of chat_completions" in error.message
        assert error.hint == 'pass api_type="responses"'

    def test_a_host_without_one(self) -> None:
        error = refused(GPT, provider="azure")
        assert "Azure OpenAI has no endpoint" in error.message
        assert "provider='openai'" in error.hint

    @pytest.mark.parametrize("model", [OPUS, "us.anthropic.claude-opus-4-7", "us.anthropic.claude-fable-5-1"])
    def test_claude_by_profiles_alone_is_counted_by_anthropics_own_endpoints(self, model: str) -> None:
        error = refused(model)
        assert (error.field, error.fact) == ("model", "count_tokens.available")
        assert "smartllm/rules/profiles/anthropic.toml:" in error.message
        assert "provider='anthropic'" in error.hint
        assert "model='claude-" in error.hint

    @pytest.mark.parametrize(
        "model", [NOVA, "us.meta.llama4-scout-17b-instruct-v1:0", "us.openai.gpt-5.6-sol"]
    )
    def test_no_other_family_is_counted_on_bedrock(self, model: str) -> None:
        assert refused(model).fact == "count_tokens.available"

    def test_where_nobody_counts_the_hint_says_what_is_left(self) -> None:
        assert "no host that is known counts them" in refused(NOVA).hint

    def test_the_line_that_allows_it_does(self, tmp_path: Path) -> None:
        hint = refused(NOVA).hint
        line = hint.partition("if you know better, say ")[2].partition(" in a rules overlay")[0]
        found = counting(NOVA, overlay(tmp_path, line))
        assert found.step.path == "/model/amazon.nova-pro-v1%3A0/count-tokens"

    def test_the_doors_of_the_same_provider_are_named_first(self, tmp_path: Path) -> None:
        hint = refused(OPUS, overlay(tmp_path, MANTLE)).hint
        assert hint.startswith("pass provider='bedrock-mantle'; or provider='anthropic' and model=")

    def test_no_relatives_id_is_named(self) -> None:
        hint = refused("us.anthropic.claude-opus-4-7-fast").hint
        assert "provider='anthropic'; if you know better" in hint
        assert "model='" not in hint

    def test_what_no_page_says_is_tried_with_a_warning(self, tmp_path: Path) -> None:
        rules = overlay(tmp_path, 'on.openai.profile.openai.count_tokens.available = "unknown"')
        found = counting(GPT, rules)
        (note,) = (item for item in found.diagnostics if item.code == "count-unlisted")
        assert (note.severity, note.action) == ("warning", "noted")
        assert "count-unlisted" not in codes(counting(GPT))

    def test_another_server_is_asked_where_its_api_is_named(self) -> None:
        found = counting("my-model", provider="openai", compatible=True, api_type="responses")
        assert "count-unlisted" in codes(found)
        error = refused("my-model", provider="openai", compatible=True)
        assert error.field == "api_type"


class TestDoors:
    def test_none_is_sought_where_the_plans_own_counts(self, tmp_path: Path) -> None:
        rules = load_rules(overlay(tmp_path, MANTLE))
        assert counting_door(plan(SONNET, rules), "bedrock", rules) is None

    def test_another_door_of_the_provider(self, tmp_path: Path) -> None:
        rules = load_rules(overlay(tmp_path, MANTLE))
        given = plan(OPUS, rules)
        assert given.host == "bedrock"
        door = counting_door(given, "bedrock", rules)
        assert door is not None
        assert (door.host, door.api_type) == ("bedrock-mantle", "messages")
        note = door.notes[0]
        assert (note.code, note.asked, note.applied) == ("count-door", "invoke", "messages")
        assert "Bedrock (mantle)" in note.reason

    def test_the_callers_choice_stands(self, tmp_path: Path) -> None:
        rules = load_rules(overlay(tmp_path, MANTLE))
        given = plan(OPUS, rules, api_type="invoke")
        assert counting_door(given, "bedrock", rules, api_type="invoke") is None
        assert counting_door(given, "bedrock", rules, api_type="messages") is not None
        door = counting_door(plan(GPT, api_type="chat_completions"), "openai", RULES)
        assert door is not None
        assert (door.host, door.api_type, door.model) == ("openai", "responses", GPT)
        assert [note.code for note in door.notes] == ["count-door"]

    def test_no_door_of_another_provider_is_taken(self) -> None:
        assert counting_door(plan(NOVA), "bedrock", RULES) is None
        assert counting_door(plan(GPT, provider="azure"), "azure", RULES) is None

    def test_mantle_has_the_messages_body(self, tmp_path: Path) -> None:
        rules = overlay(tmp_path, MANTLE)
        found = counting(OPUS, rules, provider="bedrock-mantle", max_tokens=5)
        assert (found.step.host, found.step.path) == ("bedrock-mantle", "/anthropic/v1/messages/count_tokens")
        assert {*sent(found)} == {"model", "messages"}
        assert found.step.travel.errors == "anthropic"


class TestAnswers:
    @pytest.mark.parametrize(("model", "body"), [(GPT, {"input_tokens": 7}), (SONNET, {"inputTokens": 7})])
    def test_the_number(self, model: str, body: dict[str, Any]) -> None:
        assert counted_in(body, counting(model)) == 7
        assert counted_in(dict.fromkeys(body, 0), counting(model)) == 0

    @pytest.mark.parametrize(
        "body", [{}, {"inputTokens": 7}, *({"input_tokens": x} for x in (None, "7", -1, True, 7.5))]
    )
    def test_what_is_none(self, body: dict[str, Any]) -> None:
        with pytest.raises(
            ResponseError, match="input_tokens of the provider's answer is no number"
        ) as caught:
            counted_in(body, counting(GPT), "req_1")
        assert (caught.value.model, caught.value.request_id) == (GPT, "req_1")

    def test_the_models_context_is_told(self) -> None:
        assert counting(SONNET).window == 1000000


def test_every_endpoint_that_counts_leaves_out_no_key_twice() -> None:
    """A key that goes along is none that is missed; one that stands inside has a place."""
    for host in RULES.table("host"):
        for dialect, route in routes_of(host, RULES).items():
            count = route.count
            if count is not None:
                assert not {*count.takes} & {*count.misses}, (host, dialect)
                assert count.path
                assert not count.encoded or count.inside


def test_a_path_under_a_base(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.loads(json.dumps(RULES.data, default=str))
    data["host"]["openai"]["route"]["openai_responses"]["count"]["path"] = "{base}/responses/input_tokens"
    rules = RuleSet(RULES.layers, data)
    given = plan(GPT)
    step = counting_of(given, rules).step
    assert step.path == "/responses/input_tokens"
    assert replace(step).operation == "POST /responses/input_tokens"
