"""Facts of a user's file that contradict each other: lint says so, and no illegal body comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from overlaid import ABOUT, findings, saved

import smartllm
from smartllm import Image, Plan, TextRequest
from smartllm.cli.models import describe
from smartllm.errors import ConfigError, RulesError, UnsupportedError
from smartllm.rules import Dialect, load_rules, resolve, target_for
from smartllm.rules.target import stated_target

CLAUDE, GPT = "us.anthropic.claude-opus-77", "gpt-77"


def row(model: str, facts: str) -> str:
    key = {CLAUDE: "claude-opus-77", GPT: "gpt-77"}[model]
    profile = {CLAUDE: "claude-4.5", GPT: "gpt-4o"}[model]
    return f'[model.{key}]\nprofile = "{profile}"\n{facts}\n{ABOUT}'


def compiled(path: str, model: str, **wishes: Any) -> Plan:
    return smartllm.compile(TextRequest(prompt="x", **wishes), model=model, rules=path, level="ignore")


def codes(plan: Plan) -> set[str]:
    return {item.code for item in plan.diagnostics}


# Model, facts, the check that finds them, a piece of its message.
BROKEN = [
    (GPT, "limits = { min_output = 9, max_output = 8 }", "R011", "max_output is below min_output"),
    (GPT, 'limits.field = "inferenceConfig.maxTokens"', "R021", "limits.field"),
    (CLAUDE, 'limits.field = "max_output_tokens"', "R021", "limits.field"),
    (GPT, 'system = "blocks"', "R021", "system = 'blocks'"),
    (GPT, 'system = "user"\nmessages.alternate = true', "R011", "two of them may not follow each other"),
    (GPT, 'thinking.modes = ["budget"]\neffort.levels = ["low"]', "R021", "thinking.modes = 'budget'"),
    (GPT, 'thinking.modes = ["adaptive"]\neffort.levels = ["low"]', "R021", "thinking.modes = 'adaptive'"),
    (CLAUDE, 'thinking.modes = ["effort"]', "R021", "thinking.modes = 'effort'"),
    (
        GPT,
        'thinking = { modes = ["effort"], default = "on", off = "disabled" }\neffort.levels = ["low"]',
        "R021",
        "thinking.off = 'disabled'",
    ),
    (GPT, 'structured.native_subset = "claude-native"', "R011", "strict mode takes"),
    (GPT, 'caching = { points = 4, where = ["messages"] }', "R011", "no breakpoints are"),
    (GPT, 'caching.options_ttls = ["30m"]', "R011", "options take a time"),
    (CLAUDE, "temperature = { max = 0.5, thinking = [0.9, 1.0] }", "R011", "goes beyond its maximum"),
    (CLAUDE, 'calls.ids = "any"', "R021", "calls.ids = 'any'"),
    (CLAUDE, 'reasoning_summary.levels = ["auto"]', "R021", "reasoning_summary.levels"),
    (CLAUDE, 'verbosity.levels = ["low"]', "R021", "verbosity.levels"),
    (GPT, "guardrail.accepted = true", "R021", "guardrail.accepted"),
]
# The same, and what the model is asked for and what becomes of it.
LEFT_OUT: list[tuple[str, str, str, str, dict[str, Any], str]] = [
    (
        GPT,
        'thinking.modes = ["effort"]\neffort.levels = ["none"]',
        "R009",
        "'none' is no effort",
        {"reasoning_effort": "high"},
        "thinking-ignored",
    ),
    (
        GPT,
        'thinking.modes = ["effort"]\neffort.levels = ["xhigh", "max"]',
        "R010",
        "none of the levels ['xhigh', 'max'] has a budget",
        {"budget_tokens": 3000},
        "thinking-ignored",
    ),
    (
        CLAUDE,
        'effort.levels = ["xhigh", "max"]',
        "R010",
        "none of the levels ['xhigh', 'max'] has a budget",
        {"reasoning_effort": "high"},
        "thinking-ignored",
    ),
    (
        CLAUDE,
        'effort.levels = ["low", "xhigh"]',
        "R010",
        "the levels ['xhigh'] have no budget",
        {"reasoning_effort": "xhigh"},
        "effort-clamped",
    ),
    (
        CLAUDE,
        "limits.max_output = 1000",
        "R010",
        "the minimum 1024 leaves nothing of 1000 tokens",
        {"reasoning_effort": "low"},
        "thinking-ignored",
    ),
    (
        CLAUDE,
        "limits.max_output = 8000",
        "R010",
        "leaves nothing of 8000 tokens",
        {"reasoning_effort": "high"},
        "budget-lowered",
    ),
    (
        CLAUDE,
        'thinking = { default = "always", off = "impossible" }',
        "",
        "",
        {"reasoning_effort": "none"},
        "thinking-off-impossible",
    ),
    (
        CLAUDE,
        'effort.levels = ["none", "low"]',
        "R009",
        "'none' is a bare effort",
        {"reasoning_effort": "low"},
        "",
    ),
]


@pytest.mark.parametrize(("model", "facts", "code", "says"), BROKEN)
def test_what_gives_no_legal_body_is_refused_by_line(
    model: str, facts: str, code: str, says: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, row(model, facts))
    found = [item for item in findings(path) if item[1] == code and says in item[2]]
    assert {item[0] for item in found} == {3}
    with pytest.raises(RulesError) as caught:
        compiled(path, model)
    assert str(caught.value) in {f"{path}:3: {item[2]}" for item in found}
    with pytest.raises(RulesError):
        describe(resolve(model, load_rules(path)).key, load_rules(path))


@pytest.mark.parametrize(("model", "facts", "code", "says", "wishes", "told"), LEFT_OUT)
def test_what_can_be_left_out_is(
    model: str, facts: str, code: str, says: str, wishes: dict[str, Any], told: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, row(model, facts))
    found = [(item[1], says in item[2]) for item in findings(path)]
    assert ((code, True) in found) == bool(code)
    plan = compiled(path, model, **wishes)
    assert not told or told in codes(plan)
    thinking, limit = plan.body.get("thinking", {}), plan.body.get("max_tokens", 0)
    assert thinking.get("budget_tokens", 0) < max(limit, 1)
    assert b"null" not in plan.steps[0].payload


def test_a_row_that_says_nothing_of_it_is_not_to_blame(tmp_path: Path) -> None:
    """Nor a wire on which the model is not served."""
    path = saved(
        tmp_path, row(GPT, 'endpoints = ["openai_chat"]\nwire.openai_chat.limits.field = "max_tokens"')
    )
    assert [item for item in findings(path) if item[1] == "R021"] == []
    assert compiled(path, GPT).body["max_tokens"]
    rules = load_rules(path)
    wire: Dialect = "openai_responses"
    found = resolve(GPT, rules)
    assert target_for(found, "openai", wire, rules).facts.limits.field == "max_output_tokens"


def test_lint_sees_what_a_compilation_refuses(tmp_path: Path) -> None:
    path = saved(tmp_path, row(GPT, 'system = "blocks"'))
    rules = load_rules(path)
    found = resolve(GPT, rules)
    assert stated_target(found, "openai", "openai_responses", rules).facts.system == "blocks"
    with pytest.raises(RulesError):
        target_for(found, "openai", "openai_responses", rules)


def test_what_nobody_states_stands_where_the_wire_is_stated(tmp_path: Path) -> None:
    path = saved(
        tmp_path, f'# Mine.\n[model]\ngpt-77 = "x"\n[profile.x]\nendpoints = ["openai_responses"]\n{ABOUT}'
    )
    found = [item for item in findings(path) if item[1] == "R021"]
    assert [(item[0], "limits.field = 'max_tokens'" in item[2]) for item in found] == [(5, True)]
    with pytest.raises(RulesError, match=r"mine\.toml:5: gpt-77 on openai_responses: limits\.field"):
        compiled(path, GPT)


def test_a_parameter_that_is_spoken_of_is_not_accepted_by_that(tmp_path: Path) -> None:
    path = saved(tmp_path, row(CLAUDE, 'seed.rejected = "error"\ntemperature.max = 1.0'))
    facts = target_for(
        resolve(CLAUDE, load_rules(path)), "bedrock", "anthropic_messages", load_rules(path)
    ).facts
    assert (facts.seed.accepted, facts.temperature.accepted) == (False, True)


def test_a_wrong_row_hides_no_hint_about_another_model(tmp_path: Path) -> None:
    hidden = '[alias]\n"gpt-4.1" = "nobody"\n'
    broken = '[model.gpt-78]\nprofile = "gpt-4o"\nsystem = "blocks"\n'
    blind = "wire.openai_responses.input.image.sources = []"
    path = saved(tmp_path, hidden + broken + row(GPT, f"{blind}\nendpoints = ['openai_responses']"))
    picture = Image(data=b"\x89PNG\r\n\x1a\n", media_type="image/png")
    with pytest.raises(UnsupportedError) as caught:
        smartllm.compile(TextRequest(prompt=["?", picture]), model=GPT, rules=path)
    others = caught.value.hint.partition("others take it: ")[2].split(", ")
    assert others[0]
    assert not {"gpt-4.1", "gpt-78"} & {*others}


def test_an_id_that_nobody_can_call(tmp_path: Path) -> None:
    path = saved(tmp_path, row(CLAUDE, 'ids = { bare = "refused", prefixes = [] }'))
    assert {item[2].partition(": ")[2] for item in findings(path)} == {
        "the bare id is refused, but no prefix is known with which the model can be called"
    }


class TestOtherServers:
    """The profile for servers that speak a host's API."""

    def test_it_has_a_wire_of_the_host(self, tmp_path: Path) -> None:
        path = saved(tmp_path, '[host.bedrock]\ncompatible = "openai-compatible"\n')
        ((line, code, message),) = findings(path)
        assert (line, code) == (2, "R023")
        assert message == "compatible is 'openai-compatible', which has no wire that bedrock speaks"

    def test_a_host_without_one_has_no_other_servers(self) -> None:
        with pytest.raises(ConfigError, match="no other servers speak the API of bedrock"):
            smartllm.compile(TextRequest(prompt="x"), model="zzz", provider="bedrock", compatible=True)

    def test_one_that_is_not_defined_is_told_by_line(self, tmp_path: Path) -> None:
        path = saved(tmp_path, '[host.openai]\ncompatible = "openai-compatibles"\n')
        ((line, code, _),) = findings(path)
        assert (line, code) == (2, "R002")
        with pytest.raises(RulesError, match=r"mine\.toml:2: .*did you mean 'openai-compatible'"):
            smartllm.compile(TextRequest(prompt="x"), model="zzz", rules=path, compatible=True)
