"""Tables with mistakes: whoever reads them answers, or refuses by file and line; no body breaks its table."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from mutated_rules import document, mutated, rules_of

import smartllm
from smartllm import Message, MessageRequest, TextRequest, Tool, ToolCall, ToolResult
from smartllm.cli.models import describe
from smartllm.compiler.render.explain import explain
from smartllm.compiler.target import api_word
from smartllm.errors import RulesError, SmartLLMError
from smartllm.rules import RuleSet, resolve, served_on, target_for
from smartllm.rules.facts import stated_facts
from smartllm.rules.layer import read_layer
from smartllm.rules.lint import lint
from smartllm.rules.load import missing_keys
from smartllm.rules.shape import shape_errors
from smartllm.rules.target import Target
from smartllm.testing.check import refused

TODAY = dt.date(2026, 11, 26)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PERSON = {"title": "Person", "type": "object", "properties": {"name": {"type": "string"}}}
TOOL, CALL = Tool("weather", "Weather of a city.", CITY), ToolCall("call_1", "weather", {"city": "Oslo"})
REQUESTS: Final[tuple[dict[str, Any], ...]] = (
    {"temperature": 0.3, "reasoning_effort": "high", "seed": 1, "max_tokens": 5000, "system_prompt": "s"},
    {
        "budget_tokens": 3000,
        "top_p": 0.5,
        "stop_sequences": ["a"],
        "service_tier": "flex",
        "verbosity": "high",
    },
    {"tools": [TOOL], "tool_choice": "weather", "parallel_tool_calls": False, "reasoning_effort": "none"},
    {"response_format": PERSON, "stream": True, "top_k": 3, "prompt_cache": "1h", "user": "u"},
)
TURNS = [Message("user", "?"), Message("assistant", [CALL]), Message("user", [ToolResult("call_1", "4")])]


def request(target: Target, chance: random.Random) -> Any:
    """One request for a target: of a prompt, or of a conversation with a call."""
    given: dict[str, Any] = {
        "model": target.resolution.asked,
        "api_type": api_word(target.host, target.dialect, target.rules),
    }
    wishes = chance.choice((*REQUESTS, None))
    if wishes is not None:
        return TextRequest(prompt="x", **given, **wishes)
    return MessageRequest(messages=TURNS, tools=[TOOL], metadata={"a": "b"}, reasoning_effort="low", **given)


def targets(rules: RuleSet) -> Iterator[Target]:
    """Each model of the file on each wire, as far as the file lets it come."""
    for model in rules.table("model"):
        try:
            describe(model, rules)
            found = resolve(model, rules)
            wires = [(host, wire) for host in rules.table("host") for wire in served_on(found, host, rules)]
            for host, wire in wires:
                yield target_for(found, host, wire, rules)
        except RulesError:  # a listed model is always found
            continue


def check(seed: int, folder: Path) -> str:
    """Try one table; what became of it."""
    chance = random.Random(seed)  # noqa: S311 - the same for the same seed
    path = folder / "mine.toml"
    path.write_text(document(mutated(chance)), encoding="utf-8")
    layer = read_layer(path, name="mine.toml", kind="overlay")
    rules, last = rules_of(layer), layer.text.count("\n") + 1
    found = [item for item in lint(rules, today=TODAY) if item.file == "mine.toml"]
    assert all(1 <= item.line <= last for item in found)
    if wrong := [*shape_errors(layer.data)] or [*missing_keys(rules.data)]:
        assert {item.code for item in found} == {"R001"}, wrong
        return "shape"
    reached = [*targets(rules)]
    assert all(map(stated_facts, reached[-1:]))
    compiled = [_compiled(target, rules, chance) for target in reached]
    return "compiled" if any(compiled) else "refused"


def _compiled(target: Target, rules: RuleSet, chance: random.Random) -> bool:
    """Compile a request for a target, whose body breaks no fact; whether it was not refused."""
    asked = request(target, chance)
    try:
        plan = smartllm.compile(asked, provider=target.host, rules=rules, level="ignore", today=TODAY)
    except SmartLLMError:
        return False
    assert explain(plan)
    for step in plan.steps:
        headers = {name.lower(): value for name, value in step.headers.items()}
        no = refused(
            step.body, plan.model, step.dialect, target.facts, streamed=step.streamed, headers=headers
        )
        assert no is None, f"{target.name}: {no}"
    return True


def tried(seeds: range, folder: Path) -> set[str]:
    outcomes = set()
    for seed in seeds:
        try:
            outcomes.add(check(seed, folder))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    return outcomes


def test_a_table_with_mistakes_is_told_by_line_and_gives_no_illegal_body(tmp_path: Path) -> None:
    assert tried(range(200), tmp_path) >= {"shape", "compiled", "refused"}


@pytest.mark.parametrize(
    "seed", [4467, 706_045, 701_991], ids=["no-vendor-at-all", "no-profile-with-endpoints", "top-k-as-seed"]
)
def test_tables_that_ended_in_a_bare_error_or_an_illegal_body_once(seed: int, tmp_path: Path) -> None:
    assert check(seed, tmp_path)


@pytest.mark.slow
def test_so_do_ten_thousand(tmp_path: Path) -> None:
    assert tried(range(200, 10_200), tmp_path) >= {"shape", "compiled", "refused"}
