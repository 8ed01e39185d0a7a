"""What becomes of what a request says of its answer and of how it is served."""

from __future__ import annotations

from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import Guardrail, Plan, TextRequest
from smartllm.errors import DiagnosticError, UnsupportedError
from smartllm.rules import load_rules
from smartllm.words import ApiType

RULES = load_rules()
SONNET, OPUS, OPUS_55, NOVA = "claude-sonnet-4-6", "claude-opus-4-8", "claude-opus-5-5", "nova-2-lite"
CHAT: dict[str, Any] = {"api_type": "chat_completions"}
CONVERSE: dict[str, Any] = {"api_type": "converse"}
GUARDRAIL = Guardrail("gr1", "1", trace="enabled_full", stream="async")


def plan(model: str, provider: str | None = None, **fields: Any) -> Plan:
    request: TextRequest[Any] = TextRequest(**{"prompt": "hi", "max_tokens": 4000, **fields})
    id_ = called(model, provider)
    return smartllm.compile(request, model=id_, provider=provider, rules=RULES, level="ignore")


def changes(compiled: Plan) -> list[tuple[str, str, str]]:
    """Code, severity and the fact behind each change."""
    return [
        (item.code, item.severity, item.origin.name)
        for item in compiled.diagnostics
        if not item.code.startswith("lifecycle")
    ]


class TestStopSequences:
    def test_white_space_alone_is_left_out_where_it_is_refused(self) -> None:
        compiled = plan(SONNET, stop_sequences=["END", "\n"])
        assert compiled.body["stop_sequences"] == ["END"]
        assert changes(compiled) == [("parameter-cut", "warning", "stop_sequences.blank")]
        assert plan(NOVA, stop_sequences=["\n"]).body["inferenceConfig"]["stopSequences"] == ["\n"]

    def test_an_empty_list_is_never_sent(self) -> None:
        compiled = plan(SONNET, stop_sequences=[" "])
        assert "stop_sequences" not in compiled.body
        assert [item.action for item in compiled.diagnostics] == ["dropped"]

    def test_more_than_the_wire_takes(self) -> None:
        compiled = plan("gpt-4.1", **CHAT, stop_sequences=list("abcdef"))
        assert compiled.body["stop"] == list("abcd")
        assert changes(compiled) == [("parameter-cut", "warning", "stop_sequences.max")]
        with pytest.raises(DiagnosticError):
            smartllm.compile(
                TextRequest(prompt="hi", stop_sequences=list("abcdef"), **CHAT),
                model="gpt-4.1",
                level="raise",
            )

    @pytest.mark.parametrize(
        ("model", "api_type"),
        [("gpt-5.4", "chat_completions"), ("gpt-4.1", "responses"), ("grok-4.6", "converse")],
    )
    def test_where_there_are_none(self, model: str, api_type: ApiType) -> None:
        compiled = plan(model, api_type=api_type, stop_sequences=["END"])
        assert "END" not in str(compiled.body)
        assert changes(compiled) == [("parameter-dropped", "warning", "stop_sequences.accepted")]


class TestParametersOfChat:
    def test_are_sent_as_they_are(self) -> None:
        compiled = plan("gpt-4.1", **CHAT, seed=0, presence_penalty=-2, frequency_penalty=0)
        assert [compiled.body[key] for key in ("seed", "presence_penalty", "frequency_penalty")] == [
            0,
            -2.0,
            0,
        ]
        assert changes(compiled) == []

    def test_are_left_out_elsewhere(self) -> None:
        compiled = plan(SONNET, seed=3, presence_penalty=0, store=False, user="u")
        assert compiled.body.keys() == plan(SONNET).body.keys() | {"metadata"}
        assert changes(compiled) == [
            ("parameter-dropped", "warning", "seed.accepted"),
            ("parameter-dropped", "info", "presence_penalty.accepted"),
            ("parameter-dropped", "info", "store.accepted"),
        ]
        assert changes(plan(NOVA, user="u")) == [("parameter-dropped", "warning", "user.accepted")]


class TestLogprobs:
    def test_on_responses_they_are_included(self) -> None:
        assert plan("gpt-4.1", logprobs=True).body["include"] == ["message.output_text.logprobs"]
        assert "top_logprobs" not in plan("gpt-4.1", logprobs=True).body
        both = plan("gpt-4.1", logprobs=True, top_logprobs=2).body
        assert (both["include"], both["top_logprobs"]) == (["message.output_text.logprobs"], 2)
        assert "include" not in plan("gpt-4.1", logprobs=False).body

    def test_on_chat_one_needs_the_other(self) -> None:
        compiled = plan("gpt-4.1", **CHAT, top_logprobs=0)
        assert (compiled.body["logprobs"], compiled.body["top_logprobs"]) == (True, 0)
        both = plan("gpt-4.1", **CHAT, logprobs=True, top_logprobs=2)
        assert both.origins["steps[0].logprobs"].name == "logprobs"

    def test_stand_beside_what_else_is_included(self) -> None:
        compiled = plan("gpt-5.4", logprobs=True, store=False)
        assert compiled.body["include"] == ["message.output_text.logprobs", "reasoning.encrypted_content"]
        origins = compiled.steps[0].origins
        assert (origins["include[0]"].name, origins["include[1]"].name) == ("logprobs", "carry.include")

    def test_are_left_out_while_the_model_thinks(self) -> None:
        compiled = plan("gpt-5.4", logprobs=True, reasoning_effort="low")
        assert "include" not in compiled.body
        assert changes(compiled) == [("parameter-dropped", "warning", "logprobs.thinking")]


class TestServiceTier:
    @pytest.mark.parametrize(
        ("model", "asked", "sent", "told"),
        [
            ("gpt-5.4", "flex", "flex", []),
            ("gpt-5.4", "fast", "priority", [("parameter-changed", "info", "service_tier.values")]),
            ("gpt-4.1", "flex", None, [("parameter-dropped", "warning", "service_tier.values")]),
            ("gpt-5-nano", "fast", None, [("parameter-dropped", "warning", "service_tier.values")]),
            (NOVA, "auto", None, [("parameter-dropped", "info", "service_tier.values")]),
            (NOVA, "default", "default", []),
        ],
    )
    def test_is_what_the_model_is_served_with(
        self, model: str, asked: str, sent: str | None, told: list[tuple[str, str, str]]
    ) -> None:
        compiled = plan(model, service_tier=asked)
        tier = compiled.body.get("service_tier", compiled.body.get("serviceTier", {}).get("type"))
        assert (tier, changes(compiled)) == (sent, told)

    def test_a_tier_that_is_left_out_names_the_others(self) -> None:
        (item,) = plan("gpt-5-nano", service_tier="priority").diagnostics[-1:]
        assert "auto, default, flex" in item.reason
        (item,) = plan("gpt-oss-120b", "openai", service_tier="flex").diagnostics[-1:]
        assert item.reason.endswith("none")


class TestMetadata:
    def test_chat_takes_it_only_with_store(self) -> None:
        team = {"team": "blue"}
        assert changes(plan("gpt-4.1", **CHAT, metadata=team)) == [
            ("parameter-dropped", "warning", "metadata.needs_store")
        ]
        for stored in ({"store": True}, {"extra": {"store": True}}):
            assert plan("gpt-4.1", **CHAT, metadata=team, **stored).body["metadata"] == team
        assert plan("gpt-4.1", metadata=team).body["metadata"] == team

    def test_pairs_that_do_not_fit_are_left_out_by_name(self) -> None:
        compiled = plan(NOVA, metadata={"team": "blue", "k" * 256: "", "long": "a" * 257, "note": "50 %"})
        assert compiled.body["requestMetadata"] == {"team": "blue", "k" * 256: ""}
        assert [fact for _, _, fact in changes(compiled)] == [
            "metadata.value_max",
            "metadata.characters",
        ]
        assert "note" in compiled.diagnostics[-1].reason

    def test_names_that_are_too_long(self) -> None:
        compiled = plan("gpt-4.1", metadata={"k" * 65: "v"})
        assert "metadata" not in compiled.body
        assert [fact for _, _, fact in changes(compiled)] == ["metadata.key_max"]

    def test_none_of_it_is_nothing(self) -> None:
        assert "requestMetadata" not in plan(NOVA, metadata={}).body
        assert changes(plan(NOVA, metadata={})) == []
        assert changes(plan("gpt-oss-120b", "openai", metadata={"a": "b"})) == [
            ("parameter-dropped", "warning", "metadata.accepted")
        ]


class TestReasoningSummary:
    def test_openai(self) -> None:
        assert plan("gpt-5.4", reasoning_summary="concise").body["reasoning"] == {"summary": "concise"}
        compiled = plan("o3", reasoning_summary="concise")
        assert compiled.body["reasoning"] == {"summary": "auto"}
        assert changes(compiled) == [("parameter-changed", "warning", "reasoning_summary.levels")]

    def test_where_there_is_none(self) -> None:
        compiled = plan("gpt-4.1", reasoning_summary="auto")
        assert changes(compiled) == [("parameter-dropped", "warning", "reasoning_summary.levels")]

    def test_claude_shows_what_it_thinks(self) -> None:
        compiled = plan(OPUS, reasoning_summary="auto", reasoning_effort="low")
        assert compiled.body["thinking"] == {"display": "summarized", "type": "adaptive"}
        assert compiled.body["output_config"] == {"effort": "low"}
        alone = plan(OPUS_55, **CONVERSE, reasoning_summary="auto").body["additionalModelRequestFields"]
        assert alone == {"thinking": {"display": "summarized", "type": "adaptive"}}

    def test_claude_that_does_not_think_shows_nothing(self) -> None:
        compiled = plan(OPUS, reasoning_summary="auto")
        assert "thinking" not in compiled.body
        assert changes(compiled) == [("parameter-dropped", "warning", "reasoning_summary.needs_thinking")]

    def test_older_claude_shows_it_anyway(self) -> None:
        compiled = plan(SONNET, reasoning_summary="detailed", budget_tokens=2000)
        assert "display" not in compiled.body["thinking"]
        assert changes(compiled) == [("parameter-dropped", "info", "reasoning_summary.shown")]


class TestGuardrail:
    def test_converse(self) -> None:
        config = {"guardrailIdentifier": "gr1", "guardrailVersion": "1", "trace": "enabled_full"}
        assert plan(NOVA, guardrail=GUARDRAIL).body["guardrailConfig"] == config
        streamed = plan(NOVA, guardrail=GUARDRAIL, stream=True)
        assert streamed.body["guardrailConfig"] == config | {"streamProcessingMode": "async"}
        assert streamed.fingerprint == plan(NOVA, guardrail=GUARDRAIL).fingerprint
        bare = plan(NOVA, guardrail=Guardrail("gr1", "2")).body["guardrailConfig"]
        assert bare == {"guardrailIdentifier": "gr1", "guardrailVersion": "2"}

    def test_invoke(self) -> None:
        compiled = plan(SONNET, guardrail=GUARDRAIL, stream=True)
        assert compiled.steps[0].shown_headers == {
            "X-Amzn-Bedrock-GuardrailIdentifier": "gr1",
            "X-Amzn-Bedrock-GuardrailVersion": "1",
            "X-Amzn-Bedrock-Trace": "ENABLED_FULL",
        }
        assert compiled.body["amazon-bedrock-guardrailConfig"] == {"streamProcessingMode": "ASYNCHRONOUS"}
        assert "amazon-bedrock-guardrailConfig" not in plan(SONNET, guardrail=GUARDRAIL).body
        assert compiled.fingerprint == plan(SONNET, guardrail=GUARDRAIL).fingerprint
        bare = plan(SONNET, guardrail=Guardrail("gr1", "2", stream=None), stream=True)
        assert "X-Amzn-Bedrock-Trace" not in bare.steps[0].headers

    @pytest.mark.parametrize("model", ["gpt-4.1", "gpt-oss-120b"])
    def test_is_refused_where_it_would_not_be_applied(self, model: str) -> None:
        with pytest.raises(UnsupportedError, match="guardrail: it would not be applied") as caught:
            plan(model, guardrail=GUARDRAIL)
        assert caught.value.field == "guardrail"
        assert "Bedrock" in caught.value.hint


def test_both_steps_are_served_alike() -> None:
    """Who guards, keeps and pays holds for all calls of a plan; where an answer ends does not."""
    schema = {"title": "Colour", "type": "object", "properties": {"name": {"type": "string"}}}
    compiled = plan(
        SONNET,
        response_format=schema,
        structured_output="two_pass",
        guardrail=GUARDRAIL,
        stop_sequences=["END"],
        metadata={"team": "blue"},
        extra_headers={"x-a": "1"},
    )
    first, second = compiled.steps
    assert first.shown_headers == second.shown_headers
    assert len(first.shown_headers) == 5
    assert "stop_sequences" in first.body
    assert "stop_sequences" not in second.body


class TestThinkingInADefaultLimit:
    @pytest.mark.parametrize(
        ("model", "fields", "told"),
        [
            (OPUS_55, {}, True),
            ("gpt-5", {}, True),
            (OPUS_55, {"reasoning_summary": "auto"}, True),
            (OPUS_55, {"max_tokens": 2048}, False),
            (OPUS_55, {"reasoning_effort": "low"}, False),
            (OPUS, {}, False),
            ("gpt-5.4", {}, False),
        ],
    )
    def test_is_told(self, model: str, fields: dict[str, Any], told: bool) -> None:
        request = TextRequest(prompt="hi", **fields)
        for _ in range(2):
            compiled = smartllm.compile(
                request, model=model, rules=RULES, level="raise" if told else "ignore"
            )
            found = [item for item in compiled.diagnostics if item.code == "thinking-in-limit"]
            assert bool(found) == told
            assert all((item.severity, item.applied) == ("info", 2048) for item in found)

    def test_a_clients_limit_is_no_default(self) -> None:
        compiled = smartllm.compile(
            TextRequest(prompt="hi"), model=called(OPUS_55), rules=RULES, defaults={"max_tokens": 2048}
        )
        assert compiled.diagnostics == ()
