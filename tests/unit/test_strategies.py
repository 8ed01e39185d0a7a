"""Which way each model is bound to a schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model_ids import called
from pydantic import BaseModel, create_model
from settled import settled

import smartllm
from smartllm import Message, MessageRequest, Plan, Reasoning, TextRequest, Tool
from smartllm.compiler.prompts import ANSWER
from smartllm.compiler.schema import lower as lowering
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.target import choose_target
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules
from smartllm.words import ApiType

RULES = load_rules()


class Analysis(BaseModel):
    """What speaks for it and what against it."""

    pros: list[str]
    cons: list[str] = []


def plan(model: str, **fields: Any) -> Plan:
    request = TextRequest(prompt="Microservices?", response_format=Analysis, **fields)
    return smartllm.compile(request, model=called(model), rules=RULES, level="ignore")


def strategies(compiled: Plan) -> list[str]:
    return [step.output.strategy or "" if step.output else "text" for step in compiled.steps]


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        ("gpt-5.4", {}, ["native"]),
        ("gpt-6.1-sol", {"api_type": "chat_completions", "reasoning_effort": "high"}, ["native"]),
        ("gpt-4", {}, ["tool"]),
        ("gpt-5.4-pro", {"reasoning_effort": "high"}, ["tool"]),
        ("claude-3-haiku", {}, ["tool"]),
        ("claude-sonnet-4-6", {}, ["tool"]),
        ("claude-sonnet-4-6", {"reasoning_effort": "low"}, ["text", "tool"]),
        ("claude-3-7-sonnet", {"budget_tokens": 2000}, ["text", "tool"]),
        ("claude-opus-4-6", {"reasoning_effort": "low"}, ["text", "tool"]),
        ("claude-opus-4-7", {"reasoning_effort": "low"}, ["text", "tool"]),
        ("claude-opus-4-8", {"reasoning_effort": "low"}, ["text", "tool"]),
        ("claude-opus-4-8", {}, ["tool"]),
        ("claude-opus-5", {}, ["tool"]),
        ("claude-opus-5", {"reasoning_effort": "none"}, ["tool"]),
        ("claude-haiku-5-5", {"reasoning_effort": "low"}, ["text", "tool"]),
        ("claude-fable-5", {}, ["offer", "offer"]),
        ("claude-opus-5-5", {}, ["offer", "offer"]),
        ("claude-opus-5-5", {"reasoning_effort": "none"}, ["offer", "offer"]),
        ("claude-opus-5-5", {"reasoning_effort": "low"}, ["text", "offer"]),
        ("claude-opus-5-5", {"budget_tokens": 2000}, ["text", "offer"]),
        ("claude-opus-5-5", {"structured_output": "two_pass"}, ["text", "offer"]),
        ("claude-opus-5-5", {"reasoning_summary": "auto"}, ["offer", "offer"]),
        ("claude-sonnet-5-5", {"reasoning_effort": "none"}, ["offer", "offer"]),
        ("llama3-3-70b-instruct", {}, ["offer", "offer"]),
        ("llama3-3-70b-instruct", {"reasoning_effort": "high"}, ["offer", "offer"]),
        ("mistral-small-2402", {}, ["offer", "offer"]),
        ("mistral-small-2402", {"stream": True}, ["text", "offer"]),
        ("claude-fable-5-2", {"reasoning_effort": "high"}, ["text", "offer"]),
        ("gpt-5.4", {"structured_output": "two_pass"}, ["text", "native"]),
        ("gpt-4", {"structured_output": "two_pass"}, ["text", "tool"]),
        ("gpt-5.4", {"structured_output": "tool"}, ["tool"]),
        ("claude-sonnet-4-5", {"structured_output": "native", "reasoning_effort": "low"}, ["native"]),
        ("claude-opus-4-7", {"structured_output": "tool"}, ["tool"]),
        ("claude-opus-4-8", {"structured_output": "tool", "reasoning_effort": "low"}, ["tool"]),
    ],
)
def test_strategies(model: str, fields: dict[str, Any], expected: list[str]) -> None:
    assert strategies(plan(model, **fields)) == expected


@pytest.mark.parametrize(
    ("model", "fields", "says"),
    [
        (
            "claude-opus-4-7",
            {"structured_output": "native"},
            r"takes no native schema \[fact structured\.native ",
        ),
        ("claude-opus-5-5", {"structured_output": "tool"}, "cannot be made to call a tool while it thinks"),
        ("o1-mini", {}, "takes neither a schema nor tools"),
        ("o1-mini", {"structured_output": "two_pass"}, "takes neither a schema nor tools"),
        ("o1-mini", {"structured_output": "tool"}, "cannot be made to call a tool"),
        ("claude-sonnet-4-6", {"structured_output": "tool", "budget_tokens": 2000}, "while it thinks"),
    ],
)
def test_refusals_name_the_fact(model: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(UnsupportedError, match=f"response_format: .*{says}") as caught:
        plan(model, **fields)
    assert caught.value.field == "response_format"
    assert "smartllm/rules/profiles/" in str(caught.value)


class Node(BaseModel):
    name: str
    kids: list[Node] = []


class TestASchemaThatCannotBeSaidNatively:
    @pytest.mark.parametrize(
        ("model", "fields", "expected"),
        [
            ("qwen3-32b", {}, ["offer", "offer"]),
            ("mistral-large-3-675b-instruct", {}, ["offer", "offer"]),
            ("qwen3-32b", {"reasoning_effort": "high"}, ["text", "offer"]),
            ("qwen3-32b", {"structured_output": "two_pass"}, ["text", "offer"]),
            ("qwen3-32b", {"tools": [Tool("weather")]}, ["text", "offer"]),
            ("claude-sonnet-4-5", {}, ["tool"]),
        ],
    )
    def test_is_bound_by_a_tool(self, model: str, fields: dict[str, Any], expected: list[str]) -> None:
        compiled = self._plan(model, **fields)
        assert strategies(compiled) == expected
        refused = [item for item in compiled.diagnostics if item.code == "native-refused"]
        alone = model != "claude-sonnet-4-5" and "structured_output" not in fields
        assert len(refused) == alone
        for item in refused:
            assert (item.severity, item.asked, item.origin.name) == (
                "info",
                "native",
                "structured.native_subset",
            )
            assert "recursion" in item.reason

    def test_is_one_call_on_openais_models(self) -> None:
        compiled = self._plan("gpt-5.4", Deep)
        assert strategies(compiled) == ["tool"]
        assert compiled.body["tool_choice"] == {"type": "function", "name": "Deep"}
        beside = self._plan("gpt-5.4", Deep, tools=[Tool("weather")])
        assert strategies(beside) == ["tool"]
        assert {"native-refused", "tool-choice-required"} <= {item.code for item in beside.diagnostics}

    def test_is_refused_where_the_native_mode_is_asked_for_or_all_that_there_is(self) -> None:
        for model, fields in (
            ("qwen3-32b", {"structured_output": "native"}),
            ("gpt-6.1-terra", {"api_type": "chat_completions"}),
        ):
            with pytest.raises(UnsupportedError) as caught:
                self._plan(model, Deep if model.startswith("gpt") else Node, **fields)
            assert caught.value.field == "response_format"

    def _plan(self, model: str, shape: Any = Node, **fields: Any) -> Plan:
        request = TextRequest(prompt="p", response_format=shape, **fields)
        return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def _nested(depth: int) -> type[BaseModel]:
    inner: Any = int
    for _ in range(depth):
        inner = create_model("Deep", inner=(inner, ...))
    return inner  # type: ignore[no-any-return]


Deep = _nested(12)


class TestWithoutTheNativeMode:
    """``native=False``: the host was seen to refuse it, whatever the rules say."""

    @pytest.mark.parametrize(
        ("model", "fields", "expected", "severity"),
        [
            ("gpt-5.4", {}, ["tool"], "info"),
            ("gpt-5.4", {"structured_output": "native"}, ["tool"], "warning"),
            ("gpt-5.4", {"structured_output": "two_pass"}, ["text", "tool"], "info"),
            ("qwen3-32b", {}, ["offer", "offer"], "info"),
            ("claude-sonnet-4-5", {"structured_output": "native"}, ["tool"], "warning"),
        ],
    )
    def test_a_tool_takes_its_place(
        self, model: str, fields: dict[str, Any], expected: list[str], severity: str
    ) -> None:
        request = TextRequest(prompt="p", response_format=Analysis, **fields)
        compiled = smartllm.compile(request, model=model, rules=RULES, level="ignore", native=False)
        assert strategies(compiled) == expected
        (told,) = [item for item in compiled.diagnostics if item.code == "native-unsupported"]
        assert (told.severity, told.origin.kind) == (severity, "derived")

    def test_plain_requests_are_as_ever(self) -> None:
        request = TextRequest(prompt="p")
        plain, other = (
            smartllm.compile(request, model="gpt-5.4", rules=RULES, native=native) for native in (True, False)
        )
        assert (plain.body, plain.diagnostics) == (other.body, other.diagnostics)


class TestAForcedTool:
    """Claude calls a tool several times, also one that is forced; OpenAI calls a named one once."""

    def test_is_called_once_on_claude(self) -> None:
        body = plan("claude-sonnet-4-6", structured_output="tool").body
        assert body["tool_choice"] == {"type": "tool", "name": "Analysis", "disable_parallel_tool_use": True}
        body = plan("claude-sonnet-4-6", structured_output="tool", api_type="converse").body
        assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "Analysis"}}
        assert body["additionalModelRequestFields"] == {"tool_choice": {"disable_parallel_tool_use": True}}

    @pytest.mark.parametrize("api_type", ["invoke", "converse"])
    def test_settles(self, api_type: ApiType) -> None:
        model = called("claude-sonnet-4-6")
        request = TextRequest(
            prompt="hi", response_format=Analysis, structured_output="tool", api_type=api_type
        )
        settled(request, choose_target(request, None, model, RULES)[0])

    def test_has_no_switch_elsewhere(self) -> None:
        assert "additionalModelRequestFields" not in plan("nova-pro").body
        for api_type in ("responses", "chat_completions"):
            assert "parallel_tool_calls" not in plan("gpt-4", api_type=api_type).body


class TestAnOfferedTool:
    def test_leaves_what_was_sent_before_as_it_was_so_that_it_is_read_from_the_prompt_cache(self) -> None:
        turns = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
        for model in ("claude-opus-5-5", "llama3-3-70b-instruct"):
            first, later = (self._body(model, turns[:length]) for length in (1, 3))
            assert first.pop("messages") == later.pop("messages")[:1]
            assert json.dumps(first) == json.dumps(later)

    def test_is_none_where_the_answer_has_begun_as_a_text(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text("[model.llama3-3-70b-instruct]\nmessages.prefill = true\n")
        begun = MessageRequest(messages=[Message("user", "a"), Message("assistant", "b")])
        request = begun.model_copy(update={"response_format": Analysis})
        compiled = smartllm.compile(request, model="llama3-3-70b-instruct", rules=overlay, level="ignore")
        assert strategies(compiled) == ["text", "offer"]

    def test_drops_reasoning_whose_signature_does_not_hold_behind_it(self) -> None:
        said = Reasoning("claude-opus-5-5", "anthropic_messages", [{"type": "thinking", "signature": "s"}])
        turns = [Message("user", "a"), Message("assistant", "b", reasoning=said), Message("user", "c")]
        request = MessageRequest(messages=turns, response_format=Analysis)
        compiled = smartllm.compile(request, model="claude-opus-5-5", rules=RULES, level="ignore")
        assert compiled.steps[0].is_apart
        assert "signature" not in str(compiled.body)
        assert "reasoning-dropped" in {item.code for item in compiled.diagnostics}

    def _body(self, model: str, turns: list[Message]) -> dict[str, Any]:
        request = MessageRequest(messages=turns, response_format=Analysis, system_prompt="Be brief.")
        return smartllm.compile(request, model=model, rules=RULES, level="ignore").body


class TestTheFirstOfTwoStepsKnowsTheFields:
    def test_at_the_end_of_the_system_text(self) -> None:
        compiled = plan("claude-opus-5-5", reasoning_effort="high", system_prompt="Be brief.")
        assert compiled.body["system"].startswith("Be brief.\n\nAfterwards your answer")
        assert compiled.body["system"].endswith("- pros (list of text)\n- cons (list of text)")
        assert "system" not in compiled.steps[1].body
        told = next(item for item in compiled.diagnostics if item.code == "fields-told")
        assert (told.severity, told.action, told.origin.kind) == ("info", "added", "derived")

    def test_and_in_its_place_where_there_is_none(self) -> None:
        compiled = plan("claude-sonnet-4-6", reasoning_effort="low")
        assert compiled.body["system"].startswith("Afterwards your answer")
        assert str(compiled.origins["steps[0].system"]) == "derived response_format"

    def test_but_not_where_signed_reasoning_would_not_fit_behind_it(self) -> None:
        for tools, turn in (([Tool("weather")], None), ([], "anthropic_messages")):
            said = Reasoning("claude-opus-5-5", turn or "", [{"type": "thinking", "signature": "s"}])
            turns = [Message("user", "a"), Message("assistant", "b", reasoning=said), Message("user", "c")]
            request = MessageRequest(
                messages=turns if turn else turns[:1],
                response_format=Analysis,
                reasoning_effort="high",
                tools=tools,
            )
            compiled = smartllm.compile(request, model="claude-opus-5-5", rules=RULES, level="ignore")
            assert strategies(compiled)[0] == "text"
            assert "system" not in compiled.body
            assert not compiled.steps[0].is_apart
            assert turn is None or "signature" in str(compiled.body)
            assert "fields-told" not in {item.code for item in compiled.diagnostics}

    def test_nor_of_a_schema_that_has_none(self) -> None:
        request = TextRequest(prompt="p", response_format={"type": "object"}, structured_output="two_pass")
        body = smartllm.compile(request, model="gpt-4", rules=RULES, level="ignore").body
        assert "instructions" not in body or "- the answer" in body["instructions"]


class TestTwoSteps:
    def test_the_second_step_is_bare(self) -> None:
        compiled = plan(
            "claude-sonnet-4-6",
            reasoning_effort="medium",
            system_prompt="Be brief.",
            top_k=None,
            max_tokens=3000,
        )
        first, second = (step.body for step in compiled.steps)
        assert first["thinking"] == {"type": "enabled", "budget_tokens": 4096}
        assert not {"tools", "tool_choice"} & set(first)
        assert second["tool_choice"] == {"type": "tool", "name": "Analysis"}
        assert second["tools"][0]["description"] == Analysis.__doc__
        assert not {"thinking", "system"} & set(second)
        assert ANSWER in second["messages"][0]["content"]

    @pytest.mark.parametrize(
        ("model", "thinking"),
        [
            ("claude-opus-5", {"type": "disabled"}),
            ("claude-sonnet-5-5", {"type": "between_tools"}),
            ("claude-opus-5-5", {"type": "adaptive"}),
        ],
    )
    def test_the_second_step_thinks_as_little_as_it_can(self, model: str, thinking: dict[str, str]) -> None:
        compiled = plan(model, reasoning_effort="high")
        assert compiled.steps[1].body["thinking"] == thinking
        assert {item.code for item in compiled.diagnostics} <= {"schema-changed", "fields-told"}

    def test_the_text_goes_in_as_it_is(self) -> None:
        step = plan("claude-sonnet-4-6", reasoning_effort="low").steps[1]
        filled = step.fill('He said "{{ 7*7 }}" {% raw %}\n' + ANSWER)
        assert 'He said "{{ 7*7 }}" {% raw %}\n' + ANSWER in filled.body["messages"][0]["content"]
        assert step.body["messages"][0]["content"].count(ANSWER) == 1
        assert filled.payload != step.payload

    @pytest.mark.parametrize(
        ("model", "api_type", "place"),
        [
            ("claude-sonnet-4-6", "invoke", ("messages", 0, "content")),
            ("claude-sonnet-4-6", "converse", ("messages", 0, "content", 0, "text")),
            ("gpt-5.4", "responses", ("input", 0, "content")),
            ("gpt-5.4", "chat_completions", ("messages", 0, "content")),
        ],
    )
    def test_only_the_named_place_is_filled(self, model: str, api_type: ApiType, place: Any) -> None:
        schema = {
            "title": "Marked",
            "description": f"Not {ANSWER}",
            "type": "object",
            "properties": {
                "kind": {"enum": [ANSWER, "b"], "description": ANSWER},
                ANSWER: {"type": "string"},
            },
            "required": ["kind", ANSWER],
            "additionalProperties": False,
        }
        request = TextRequest(
            prompt=ANSWER, response_format=schema, structured_output="two_pass", api_type=api_type
        )
        compiled = smartllm.compile(
            request.model_copy(update={"reasoning_effort": "low"}), model=model, rules=RULES, level="ignore"
        )
        step = compiled.steps[1]
        assert step.holes == (place,)
        before = json.dumps(step.body)
        filled = step.fill("the text")
        assert json.dumps(step.body) == before, "a plan is not changed by being filled"
        marks = 4 if model == "gpt-5.4" else 2  # Claude takes no such name of a property
        assert json.dumps(filled.body).count(json.dumps(ANSWER)) == before.count(json.dumps(ANSWER)) == marks
        node: Any = filled.body
        for key in place:
            node = node[key]
        assert "=== TEXT ===\nthe text\n=== END" in node
        assert ANSWER not in node
        assert compiled.steps[0].holes == filled.holes == ()
        assert filled.fill("another").body == filled.body

    def test_half_a_surrogate_pair_in_the_text_becomes_a_replacement_character(self) -> None:
        step = plan("claude-sonnet-4-6", reasoning_effort="low").steps[1]
        sent = step.fill("hi \ud83d, \ud83d\ude00 and é").payload.decode()
        assert "hi \ufffd, 😀 and é" in sent

    def test_extra_is_for_the_first_step_alone(self) -> None:
        extra = {"stop_sequences": ["."], "messages": [{"role": "user", "content": "mine"}]}
        first, second = plan("claude-sonnet-4-6", reasoning_effort="low", extra=extra).steps
        assert first.body["messages"] == extra["messages"]
        assert first.body["stop_sequences"] == ["."]
        plain = plan("claude-sonnet-4-6", reasoning_effort="low").steps[1]
        assert second.body == plain.body
        assert second.holes == plain.holes

    def test_plan_json_and_explanation_show_both(self) -> None:
        compiled = plan("claude-sonnet-4-6", reasoning_effort="low")
        assert len(compiled.as_dict()["steps"]) == 2
        assert "step 2" in compiled.explain()
        assert compiled.as_curl().count("curl -sS") == 2
        assert any(path.startswith("steps[1].tools") for path in compiled.origins)

    def test_two_schemas_of_one_name_differ(self) -> None:
        def shape(kind: type) -> type[BaseModel]:
            return type("Shape", (BaseModel,), {"__annotations__": {"x": kind}})

        prints = {
            smartllm.compile(
                TextRequest(prompt="hi", response_format=shape(kind)), model="claude-opus-4-7", rules=RULES
            ).fingerprint
            for kind in (int, str)
        }
        assert len(prints) == 2


@pytest.mark.parametrize(
    ("model", "api_type", "key"),
    [
        ("gpt-4", "responses", "tools"),
        ("gpt-4", "chat_completions", "tools"),
        ("claude-opus-5-5", "converse", "toolConfig"),
        ("claude-opus-5-5", "invoke", "tools"),
    ],
)
def test_tools_on_every_wire(model: str, api_type: Any, key: str) -> None:
    last = plan(model, api_type=api_type).steps[-1].body
    assert "What speaks for it" in str(last[key])
    undescribed = {"type": "object", "properties": {"x": {"type": "integer"}}}
    request = TextRequest(prompt="hi", response_format=undescribed, api_type=api_type, model=model)
    body = smartllm.compile(request, rules=RULES, level="ignore").steps[-1].body
    assert "answer" in str(body[key])
    assert "What speaks for it" not in str(body[key])


def test_converse_takes_the_schema_as_text() -> None:
    compiled = plan("claude-sonnet-4-5", structured_output="native", api_type="converse")
    spec = compiled.body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert spec["name"] == "Analysis"
    assert json.loads(spec["schema"])["properties"]["pros"]["type"] == "array"


@pytest.mark.parametrize("api_type", ["responses", "chat_completions"])
def test_an_offered_tool_on_openais_wires(api_type: Any, tmp_path: Path) -> None:
    overlay = tmp_path / "r.toml"
    overlay.write_text('[model.gpt-9]\nprofile = "gpt-4"\ntools.forced = "never"\n')
    request = TextRequest(prompt="hi", response_format=Analysis, model="gpt-9", api_type=api_type)
    compiled = smartllm.compile(request, rules=overlay, level="ignore")
    assert strategies(compiled) == ["offer", "offer"]
    for step in compiled.steps:
        assert "tool_choice" not in step.body
        assert "tools" in step.body


def test_a_schema_is_lowered_once_and_each_plan_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    request = TextRequest(prompt="hi", model="gpt-5.4", response_format=Once)
    lowered: list[Any] = []

    def counted(schema: Any, *takes: Any) -> Any:
        lowered.append(takes)
        return lower(schema, *takes)

    monkeypatch.setattr(lowering, "lower", counted)
    first, second = (smartllm.compile(request, level="ignore").body for _ in range(2))
    assert lowered == [("openai-strict", "regular")]
    first["text"]["format"]["schema"]["properties"].clear()
    assert second["text"]["format"]["schema"]["properties"]
    assert smartllm.compile(request, level="ignore").body == second
    extra = {"text": {"format": {"schema": {"title": "Other"}}}}
    changed = smartllm.compile(request.model_copy(update={"extra": extra}), level="ignore").body
    assert changed["text"]["format"]["schema"]["title"] == "Other"
    assert smartllm.compile(request, level="ignore").body == second


class Once(BaseModel):
    a: int
    b: list[str]
