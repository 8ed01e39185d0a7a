"""The passes, one rule at a time, and the properties that hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from model_ids import called

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest
from smartllm.compiler.intent import Intent, ThinkingPlan, Turn
from smartllm.compiler.passes import OF_TEXTS, PASSES
from smartllm.compiler.passes.reasoning import clamp, is_thinking, nearest
from smartllm.compiler.passes.sampling import sampling
from smartllm.compiler.planned import intent_of
from smartllm.compiler.target import choose_target
from smartllm.compiler.trace import Trace
from smartllm.content import Text
from smartllm.diagnostics import CODES
from smartllm.errors import CompileError, UnsupportedError
from smartllm.parameters import CARRIED, SAMPLING
from smartllm.rules import load_rules
from smartllm.rules.vocabulary import EffortFacts, Facts, Parameter, facts_from
from smartllm.words import EFFORTS, Effort, ReasoningSummary, ServiceTier

RULES = load_rules()
OPUS_47, SONNET_46, OPUS_46 = "claude-opus-4-7", "claude-sonnet-4-6", "claude-opus-4-6"
HAIKU_3, OPUS_41 = "claude-3-haiku", "claude-opus-4-1"


def plan(model: str, **fields: Any) -> Plan:
    return smartllm.compile(
        TextRequest(**({"prompt": "hi"} | fields)), model=called(model), rules=RULES, level="ignore"
    )


def codes(compiled: Plan) -> list[str]:
    return [item.code for item in compiled.diagnostics if not item.code.startswith("lifecycle")]


class TestThinking:
    @pytest.mark.parametrize(("effort", "budget"), [("low", 1024), ("medium", 4096), ("high", 16000)])
    def test_the_budget_table(self, effort: str, budget: int) -> None:
        body = plan(SONNET_46, reasoning_effort=effort, max_tokens=20000).body
        assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
        assert body["max_tokens"] == 20000
        assert "output_config" not in body

    def test_an_explicit_budget_is_kept(self) -> None:
        compiled = plan(SONNET_46, budget_tokens=8192)
        assert compiled.body["thinking"]["budget_tokens"] == 8192
        assert compiled.body["max_tokens"] == 8192 + 2048
        assert codes(compiled) == ["max-tokens-grown"]

    def test_a_budget_is_raised_to_the_minimum(self) -> None:
        compiled = plan(SONNET_46, budget_tokens=10)
        assert compiled.body["thinking"]["budget_tokens"] == 1024
        assert codes(compiled) == ["budget-raised"]

    def test_a_budget_that_fits_leaves_max_tokens_alone(self) -> None:
        assert plan(SONNET_46, budget_tokens=1024, max_tokens=1025).body["max_tokens"] == 1025
        assert plan(SONNET_46, budget_tokens=1024, max_tokens=1024).body["max_tokens"] == 2048

    def test_the_budget_shrinks_only_when_max_tokens_cannot_grow(self) -> None:
        compiled = plan(OPUS_41, budget_tokens=31000, max_tokens=4000)
        assert compiled.body["thinking"]["budget_tokens"] == 28000
        assert compiled.body["max_tokens"] == 32000
        assert codes(compiled) == ["budget-lowered", "max-tokens-grown"]
        both = plan(OPUS_41, budget_tokens=40000, max_tokens=50000).body
        assert (both["thinking"]["budget_tokens"], both["max_tokens"]) == (16000, 32000)

    def test_a_budget_outranks_an_effort_on_budget_models(self) -> None:
        compiled = plan(SONNET_46, budget_tokens=2000, reasoning_effort="high", max_tokens=4000)
        assert compiled.body["thinking"]["budget_tokens"] == 2000
        assert codes(compiled) == ["effort-overridden"]

    def test_adaptive_models_take_the_effort(self) -> None:
        body = plan(OPUS_47, reasoning_effort="high").body
        assert body["thinking"] == {"type": "adaptive"}
        assert body["output_config"] == {"effort": "high"}
        assert body["max_tokens"] == 2048

    @pytest.mark.parametrize(
        ("budget", "effort"), [(1024, "low"), (2000, "low"), (8192, "medium"), (30000, "high")]
    )
    def test_a_budget_becomes_the_nearest_effort(self, budget: int, effort: str) -> None:
        compiled = plan(OPUS_46, budget_tokens=budget)
        assert compiled.body["output_config"] == {"effort": effort}
        assert codes(compiled) == ["budget-mapped"]

    def test_an_effort_outranks_a_budget_on_effort_models(self) -> None:
        compiled = plan(OPUS_47, budget_tokens=1024, reasoning_effort="high")
        assert compiled.body["output_config"] == {"effort": "high"}
        assert codes(compiled) == ["effort-overridden"]

    @pytest.mark.parametrize("model", [HAIKU_3, "gpt-4.1"])
    def test_models_without_thinking_ignore_it(self, model: str) -> None:
        compiled = plan(model, reasoning_effort="high", budget_tokens=2000)
        assert codes(compiled) == ["thinking-ignored", "thinking-ignored"]
        assert {item.path for item in compiled.diagnostics} >= {"reasoning_effort", "budget_tokens"}
        assert not {"thinking", "reasoning", "output_config"} & set(compiled.body)
        assert codes(plan(model, reasoning_effort="none")) == []

    def test_off(self) -> None:
        assert "thinking" not in plan(OPUS_47, reasoning_effort="none").body
        assert plan("gpt-5.4", reasoning_effort="none").body["reasoning"] == {"effort": "none"}
        always = plan("o3", reasoning_effort="none")
        assert always.body["reasoning"] == {"effort": "low"}
        assert codes(always) == ["thinking-off-impossible"]

    def test_max_is_for_responses_only(self) -> None:
        assert plan("gpt-6-sol", reasoning_effort="max").body["reasoning"] == {"effort": "max"}
        chat = plan("gpt-6-sol", reasoning_effort="max", api_type="chat_completions")
        assert chat.body["reasoning_effort"] == "xhigh"
        assert codes(chat) == ["effort-clamped"]

    @pytest.mark.parametrize(
        ("asked", "levels", "got"),
        [
            ("xhigh", ("low", "medium", "high", "max"), "high"),
            ("minimal", ("none", "low", "medium"), "low"),
            ("none", ("low", "medium"), "low"),
            ("max", ("medium",), "medium"),
            ("medium", ("low", "medium"), "medium"),
        ],
    )
    def test_clamping(self, asked: Effort, levels: tuple[Effort, ...], got: Effort) -> None:
        assert clamp(asked, levels) == got

    def test_the_lower_of_two_equally_near_levels_wins(self) -> None:
        facts = facts_from({"effort": {"levels": ["low", "high"], "budgets": {"low": 10, "high": 20}}})
        assert nearest(15, facts) == "low"


class TestSampling:
    def test_a_default_is_simply_not_sent(self) -> None:
        for model in (OPUS_47, "o3", "gpt-6-sol", "gpt-6.1-sol"):
            compiled = plan(model)
            assert "temperature" not in compiled.body
            assert set(codes(compiled)) <= {"thinking-in-limit"}
        assert plan(SONNET_46).body["temperature"] == 0

    def test_claude_drops_with_a_diagnostic(self) -> None:
        compiled = plan(OPUS_47, temperature=0.2, top_p=0.5, top_k=3)
        assert codes(compiled) == ["sampling-dropped"] * 3
        assert not set(SAMPLING) & set(compiled.body)

    @pytest.mark.parametrize("model", ["o3", "gpt-5", "gpt-6.1-sol", "gpt-6-sol"])
    def test_openai_reasoning_models_refuse_a_temperature(self, model: str) -> None:
        with pytest.raises(ValueError, match=r"temperature.*0\.2.*default \(1\)"):
            plan(model, temperature=0.2)
        with pytest.raises(ValueError, match="temperature"):
            plan(model, temperature=0)
        compiled = plan(model, temperature=1)
        assert "temperature" not in compiled.body
        assert [
            (item.code, item.severity) for item in compiled.diagnostics if item.path == "temperature"
        ] == [("sampling-dropped", "info")]

    def test_sampling_at_effort_none_only(self) -> None:
        assert plan("gpt-5.4", temperature=0.2).body["temperature"] == 0.2
        assert plan("gpt-6-sol", temperature=0.2, reasoning_effort="none").body["temperature"] == 0.2
        with pytest.raises(UnsupportedError, match='reasoning_effort="none"') as caught:
            plan("gpt-5.4", temperature=0.2, reasoning_effort="low")
        assert caught.value.field == "temperature"

    def test_while_thinking_only_what_holds_then(self) -> None:
        compiled = plan(SONNET_46, reasoning_effort="low", temperature=0.3, top_p=0.97, top_k=5)
        assert compiled.body["top_p"] == 0.97
        assert "temperature" not in compiled.body
        assert "top_k" not in compiled.body
        assert codes(compiled) == ["sampling-dropped", "sampling-dropped"]
        assert plan(SONNET_46, reasoning_effort="low", temperature=1).body["temperature"] == 1

    def test_exclusive_pairs(self) -> None:
        only = plan(SONNET_46, top_p=0.9)
        assert "temperature" not in only.body
        assert codes(only) == []
        both = plan(SONNET_46, temperature=0.5, top_p=0.9)
        assert both.body["temperature"] == 0.5
        assert "top_p" not in both.body
        assert codes(both) == ["sampling-exclusive"]
        assert plan(HAIKU_3, temperature=0.5, top_p=0.9).body["top_p"] == 0.9

    def test_over_the_maximum(self) -> None:
        compiled = plan(HAIKU_3, temperature=1.5)
        assert compiled.body["temperature"] == 1.0
        assert codes(compiled) == ["sampling-lowered"]
        assert plan("gpt-4.1", temperature=1.5).body["temperature"] == 1.5

    @pytest.mark.parametrize(("fields", "severity"), [({"top_p": 1}, "info"), ({"top_p": 0.9}, "warning")])
    def test_what_means_the_same_as_nothing_is_no_loss(self, fields: dict[str, Any], severity: str) -> None:
        (dropped,) = plan(OPUS_47, **fields).diagnostics
        assert (dropped.code, dropped.severity) == ("sampling-dropped", severity)

    def test_top_k_is_unknown_to_openai(self) -> None:
        assert codes(plan("gpt-4.1", top_k=5)) == ["sampling-dropped"]


class TestMessagesAndLimits:
    def test_turns_of_one_role_are_joined_where_roles_alternate(self) -> None:
        request = MessageRequest(messages=[Message("user", "a"), Message("user", "b")])
        claude = smartllm.compile(request, model=called(OPUS_47), rules=RULES, level="ignore")
        assert claude.body["messages"] == [
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
        ]
        assert codes(claude) == ["messages-merged"]
        openai = smartllm.compile(request, model="gpt-4.1", rules=RULES)
        assert [turn["content"] for turn in openai.body["input"]] == ["a", "b"]

    def test_prefill(self) -> None:
        request = MessageRequest(messages=[Message("user", "a"), Message("assistant", "b  \n")])
        old = smartllm.compile(request, model=called(HAIKU_3), rules=RULES, level="ignore")
        assert old.body["messages"][-1] == {"role": "assistant", "content": "b"}
        assert codes(old) == ["prefill-trimmed"]
        with pytest.raises(UnsupportedError, match=r"messages: the last message .* prefill") as caught:
            smartllm.compile(request, model=called(OPUS_47), rules=RULES)
        assert caught.value.hint == "end the conversation with a user message"

    def test_limits(self) -> None:
        tiny = plan("gpt-4.1", max_tokens=3)
        assert tiny.body["max_output_tokens"] == 16
        assert codes(tiny) == ["max-tokens-raised"]
        assert plan("gpt-4.1", max_tokens=3, api_type="chat_completions").body["max_completion_tokens"] == 3
        huge = plan("gpt-4.1", max_tokens=10**6)
        assert huge.body["max_output_tokens"] == 32768
        assert codes(huge) == ["max-tokens-clamped"]


requests = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.2, 1, 1.7]),
        "top_p": st.sampled_from([0.1, 0.96, 1.0]),
        "top_k": st.integers(1, 500),
        "max_tokens": st.integers(1, 300_000),
        "reasoning_effort": st.sampled_from(EFFORTS),
        "budget_tokens": st.integers(1, 300_000),
        "system_prompt": st.text(st.characters(codec="utf-8"), max_size=5),
        "api_type": st.sampled_from(["responses", "chat_completions", "invoke", "converse"]),
        "stop_sequences": st.lists(st.sampled_from(["END", "\n", " ", "###"]), min_size=1, max_size=12),
        "seed": st.integers(-5, 5),
        "presence_penalty": st.sampled_from([-2, 0, 0.5]),
        "frequency_penalty": st.sampled_from([0, 2]),
        "logprobs": st.just(True),
        "top_logprobs": st.integers(0, 20),
        "reasoning_summary": st.sampled_from(get_args(ReasoningSummary)),
        "service_tier": st.sampled_from(get_args(ServiceTier)),
        "metadata": st.dictionaries(
            st.sampled_from(["team", "ü", "k" * 99]), st.sampled_from(["", "a%", "b" * 300])
        ),
        "user": st.just("u-1"),
        "store": st.booleans(),
    },
)
models = st.sampled_from(sorted(RULES.table("model")))


def test_what_forbids_sampling_forbids_no_other_parameter() -> None:
    intent = Intent(
        model="m",
        dialect="openai_chat",
        turns=(Turn("user", (Text("hi"),)),),
        max_tokens=None,
        parameters={"temperature": 0.5, "seed": 7},
        thinking=ThinkingPlan("effort", effort="max"),
    )
    never = Facts(sampling="never", seed=Parameter())
    unlimited = Facts(sampling="always", seed=Parameter(), effort=EffortFacts(unlimited=("max",)))
    for facts in (never, unlimited):
        assert sampling(intent, facts, Trace()).parameters == {"seed": 7}


def served(name: str, value: Any, intent: Intent, facts: Facts) -> None:
    """A value of what is more than a number is one that the facts accept."""
    if name == "stop_sequences":
        fact = facts.stop_sequences
        assert fact.accepted
        assert 0 < len(value) <= (fact.max or len(value))
        assert fact.blank or all(text.strip() for text in value)
    elif name == "service_tier":
        assert value in facts.service_tier.values
    elif name == "reasoning_summary":
        assert value in facts.reasoning_summary.levels
        assert not facts.reasoning_summary.needs_thinking or is_thinking(intent, facts)
    elif name == "metadata":
        assert facts.metadata.accepted
        assert value
        assert not facts.metadata.needs_store or intent.parameters["store"]
        assert all(len(key) <= (facts.metadata.key_max or len(key)) for key in value)
        assert all(len(text) <= (facts.metadata.value_max or len(text)) for text in value.values())
        assert facts.metadata.characters == "any" or not {"ü", "a%"} & {*value, *value.values()}
    else:
        assert name == "user"
        assert facts.user.accepted


def legal(intent: Intent, facts: Facts) -> None:
    """Every value is one that the facts accept."""
    thinking = is_thinking(intent, facts)
    assert intent.effort is None
    assert intent.budget_tokens is None
    most = facts.limits.max_output
    unlimited = intent.thinking is not None and intent.thinking.effort in facts.effort.unlimited
    assert unlimited == (intent.max_tokens is None)
    if intent.max_tokens is not None:
        assert facts.limits.min_output <= intent.max_tokens
        assert most is None or intent.max_tokens <= most
    for name, value in intent.parameters.items():
        parameter = getattr(facts, name)
        if not isinstance(parameter, Parameter):
            served(name, value, intent, facts)
            continue
        assert parameter.accepted
        assert name not in SAMPLING or not unlimited
        sampled = facts.sampling == "always" or (facts.sampling == "effort-none" and not thinking)
        assert name not in SAMPLING or sampled
        assert parameter.max is None or value <= parameter.max
        if thinking and parameter.thinking is not None:
            assert parameter.thinking[0] <= value <= parameter.thinking[1]
    for pair in facts.exclusive:
        assert not intent.parameters.keys() >= set(pair)
    said = intent.thinking
    if said is not None and said.mode == "budget":
        assert said.budget is not None
        assert intent.max_tokens is not None
        assert facts.thinking.min_budget <= said.budget < intent.max_tokens
    if said is not None and said.mode in {"adaptive", "effort"}:
        assert said.effort in facts.effort.levels or (said.mode == "adaptive" and said.effort is None)
    if said is not None and said.mode == "off":
        assert facts.thinking.off in {"disabled", "between_tools"}


@settings(max_examples=examples(400), deadline=None)
@given(models, requests)
def test_after_the_passes_every_value_is_legal_and_nothing_is_lost_silently(
    model: str, fields: dict[str, Any]
) -> None:
    request = TextRequest(prompt="hi", **fields)
    try:
        target, _ = choose_target(request, None, model, RULES)
        before, trace = intent_of(request, target, {})
        after = before
        for run in PASSES:
            after = run(after, target.facts, trace)
    except CompileError:
        return
    legal(after, target.facts)
    assert {item.code for item in trace.changes} <= set(CODES)
    told = {item.path for item in trace.changes}
    for name in CARRIED.keys() & fields.keys():
        if fields[name] != {} and before.parameters[name] != after.parameters.get(name):
            assert name in told
    if "max_tokens" in fields and before.max_tokens != after.max_tokens:
        assert "max_tokens" in told
    for item in trace.changes:
        assert item.asked != item.applied
    short, heard = before, Trace(dict(trace.reasons))
    for run in OF_TEXTS:
        short = run(short, target.facts, heard)
    assert before.texts_alone
    assert (short, heard.changes) == (after, trace.changes)
    again, count = after, len(trace.changes)
    for run in PASSES:
        again = run(again, target.facts, trace)
    assert again == after
    assert len(trace.changes) == count


@given(models, requests)
def test_compiling_is_deterministic_and_every_leaf_has_an_origin(model: str, fields: dict[str, Any]) -> None:
    request = TextRequest(prompt="hi", **fields)
    try:
        first = smartllm.compile(request, model=model, rules=RULES, level="ignore")
    except CompileError:
        return
    second = smartllm.compile(request, model=model, rules=RULES, level="ignore")
    assert first.steps[0].payload == second.steps[0].payload
    assert first.fingerprint == second.fingerprint
    assert first.as_json() == second.as_json()
    assert first.origins
    assert replace(first) == second
