"""Facts beyond sampling and thinking: what they make of a request."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest
from smartllm.errors import DiagnosticError, UnsupportedError
from smartllm.rules import load_rules

RULES = load_rules()
TODAY = dt.date(2026, 11, 23)


def plan(model: str, *, today: dt.date = TODAY, **fields: Any) -> Plan:
    request = TextRequest(**({"prompt": "hi"} | fields))
    return smartllm.compile(request, model=called(model), rules=RULES, level="ignore", today=today)


def codes(compiled: Plan) -> list[str]:
    return [item.code for item in compiled.diagnostics if item.code != "thinking-in-limit"]


class TestLifecycle:
    @pytest.mark.parametrize(
        ("today", "code"),
        [
            (dt.date(2026, 1, 1), "lifecycle-legacy"),
            (dt.date(2026, 10, 15), "lifecycle-legacy"),
            (dt.date(2026, 10, 16), "lifecycle-ending"),
            (dt.date(2027, 1, 13), "lifecycle-ending"),
            (dt.date(2027, 1, 14), "lifecycle-ended"),
        ],
    )
    def test_a_shutdown_date_draws_near(self, today: dt.date, code: str) -> None:
        (note,) = plan("gpt-4.1", today=today).diagnostics
        assert note.code == code
        assert "2027-01-14" in note.reason
        assert "move to " in note.reason
        assert note.origin.name == "lifecycle.shutdown"

    def test_states_without_a_date(self) -> None:
        (note,) = plan("claude-3-opus").diagnostics
        assert (note.code, note.origin.name) == ("lifecycle-ended", "lifecycle.state")
        assert codes(plan("claude-opus-4-7")) == []

    def test_a_legacy_model_without_a_date(self, tmp_path: Path) -> None:
        path = tmp_path / "r.toml"
        path.write_text('[model]\ngpt-9 = { profile = "gpt-6", lifecycle = { state = "legacy" } }\n')
        request = TextRequest(prompt="hi", max_tokens=500)
        compiled = smartllm.compile(request, model="gpt-9", rules=path, today=TODAY)
        assert [item.reason for item in compiled.diagnostics] == ["OpenAI calls the model legacy"]

    def test_an_unlisted_model_has_no_dates_of_its_own(self) -> None:
        assert codes(plan("claude-opus-4-3")) == ["model-inferred"]
        assert codes(plan("mine", like="gpt-4.1")) == []

    def test_a_note_is_no_reason_to_raise(self) -> None:
        request = TextRequest(prompt="hi", model="gpt-4.1")
        assert smartllm.compile(request, rules=RULES, level="raise", today=TODAY)
        with pytest.raises(DiagnosticError) as caught:
            smartllm.compile(
                TextRequest(prompt="hi", model="gpt-4.1", reasoning_effort="low"),
                rules=RULES,
                level="raise",
                today=TODAY,
            )
        assert [item.code for item in caught.value.diagnostics] == ["thinking-ignored"]

    def test_bodies_do_not_depend_on_the_day(self) -> None:
        bodies = {plan("gpt-4.1", today=dt.date(year, 1, 1)).steps[0].payload for year in (2020, 2026, 2030)}
        assert len(bodies) == 1


class TestThinkingOff:
    @pytest.mark.parametrize(
        ("model", "thinking"),
        [
            ("claude-opus-4-5", None),
            ("claude-opus-4-8", None),
            ("claude-sonnet-5", {"type": "disabled"}),
            ("claude-opus-5", {"type": "disabled"}),
            ("claude-haiku-5-5", {"type": "disabled"}),
            ("claude-sonnet-5-5", {"type": "between_tools"}),
            ("claude-opus-5-5", {"type": "adaptive"}),
            ("claude-fable-5-2", {"type": "adaptive"}),
        ],
    )
    def test_each_spelling(self, model: str, thinking: dict[str, str] | None) -> None:
        compiled = plan(model, reasoning_effort="none")
        assert compiled.body.get("thinking") == thinking
        always = thinking == {"type": "adaptive"}
        assert compiled.body.get("output_config") == ({"effort": "low"} if always else None)
        assert codes(compiled) == (["thinking-off-impossible"] if always else [])

    def test_omitting_it_says_nothing(self) -> None:
        for model in ("claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5"):
            assert "thinking" not in plan(model).body


class TestEffort:
    def test_fixed_efforts(self) -> None:
        assert plan("gpt-5-pro", reasoning_effort="low").body["reasoning"] == {"effort": "high"}
        assert plan("chat-latest", reasoning_effort="high").body["reasoning"] == {"effort": "medium"}

    def test_models_that_think_but_take_no_effort(self) -> None:
        for effort in ("none", "high"):
            compiled = plan("gpt-5-search-api", reasoning_effort=effort)
            assert "reasoning_effort" not in compiled.body
            assert codes(compiled) == ["thinking-ignored"]
            assert compiled.diagnostics[0].origin.name == "effort.levels"

    def test_minimal_exists_only_once(self) -> None:
        assert plan("gpt-5", reasoning_effort="minimal").body["reasoning"] == {"effort": "minimal"}
        assert plan("gpt-5.1", reasoning_effort="minimal").body["reasoning"] == {"effort": "low"}

    def test_effort_max_on_a_budget_model_is_its_largest_budget(self) -> None:
        compiled = plan("claude-sonnet-4-6", reasoning_effort="max")
        assert compiled.body["thinking"]["budget_tokens"] == 16000
        assert codes(compiled) == ["effort-clamped", "max-tokens-grown"]


class TestPlacement:
    def test_from_6_2_the_system_text_is_the_first_developer_message(self) -> None:
        body = plan("gpt-6.2-sol", system_prompt="Be brief.").body
        assert "instructions" not in body
        assert body["input"][0] == {"type": "message", "role": "developer", "content": "Be brief."}

    def test_the_first_reasoning_models_take_it_as_a_user_message(self) -> None:
        body = plan("o1-mini", system_prompt="Be brief.").body
        assert body["messages"][0] == {"role": "user", "content": "Be brief."}

    def test_some_hosts_call_the_limit_by_its_old_name(self) -> None:
        assert plan("gpt-oss-20b", api_type="chat_completions").body["max_tokens"] == 2048


class TestEndpoints:
    @pytest.mark.parametrize("model", ["gpt-5-pro", "gpt-5.3-codex", "o3-pro", "gpt-5.4-pro"])
    def test_responses_only(self, model: str) -> None:
        with pytest.raises(UnsupportedError, match='use api_type="responses"'):
            plan(model, api_type="chat_completions")

    def test_chat_only(self) -> None:
        assert plan("gpt-5-search-api").steps[0].dialect == "openai_chat"
        with pytest.raises(UnsupportedError, match='use api_type="chat_completions"'):
            plan("gpt-5-search-api", api_type="responses")

    def test_served_elsewhere_only(self) -> None:
        with pytest.raises(UnsupportedError, match="claude-mythos-5-2 is not served on bedrock"):
            plan("claude-mythos-5-2")


class TestVerbosityAndStreaming:
    def test_verbosity(self) -> None:
        assert plan("gpt-5", verbosity="low").body["text"] == {"verbosity": "low"}
        chat = plan("gpt-5.4", verbosity="high", api_type="chat_completions")
        assert chat.body["verbosity"] == "high"
        nearest = plan("gpt-4o", verbosity="low")
        assert nearest.body["text"] == {"verbosity": "medium"}
        assert "verbosity-changed" in codes(nearest)
        dropped = plan("claude-opus-4-7", verbosity="low")
        assert codes(dropped) == ["verbosity-dropped"]

    def test_models_that_do_not_stream(self) -> None:
        compiled = plan("gpt-5.5-pro", stream=True)
        assert "stream" not in compiled.body
        assert codes(compiled) == ["streaming-unavailable"]


def test_prefill_ends_with_4_5() -> None:
    request = MessageRequest(messages=[Message("user", "a"), Message("assistant", "b")])
    for model in ("claude-haiku-4-5", "claude-opus-4-5"):
        assert smartllm.compile(request, model=model, rules=RULES, level="ignore")
    for model in ("claude-sonnet-4-6", "claude-opus-5", "claude-fable-5"):
        with pytest.raises(UnsupportedError, match="prefill"):
            smartllm.compile(request, model=model, rules=RULES)


def test_one_row_is_all_that_a_new_model_needs(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[model]\nclaude-opus-6 = "claude-5.5"\n')
    compiled = smartllm.compile(
        TextRequest(prompt="hi", reasoning_effort="max", temperature=0.5),
        model="us.anthropic.claude-opus-6",
        rules=path,
        level="ignore",
    )
    assert compiled.resolution.how == "exact"
    assert compiled.body["output_config"] == {"effort": "max"}
    assert codes(compiled) == ["sampling-dropped"]
