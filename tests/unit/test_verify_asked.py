"""Which questions ``smartllm verify`` asks about made facts on each wire, and what each answer would say."""

from __future__ import annotations

from typing import Any

import pytest
from verified import WIRES, To, made_checks

from smartllm.verify.question import Check, Seen

GPT, CHAT, CLAUDE, NOVA = WIRES
EVERYWHERE = """
frequency_penalty.accepted input.document.sources input.image.sources logprobs.accepted messages.alternate
messages.leading_assistant messages.prefill metadata.accepted presence_penalty.accepted sampling seed.accepted
service_tier.values stop_sequences.accepted store.accepted streaming structured.native tools.choice
tools.forced tools.functions tools.name tools.none tools.parallel tools.streaming tools.strict user.accepted
"""
OPENAI = """
caching.breakpoints caching.key caching.retention effort.levels input.audio.sources messages.system_turns
structured.json_object thinking.modes tools.custom tools.some verbosity.levels
"""
ALONE = {
    GPT: f"{OPENAI} reasoning_summary.levels",
    CHAT: OPENAI,
    CLAUDE: "caching.points messages.system_turns thinking.min_budget thinking.modes",
    NOVA: "caching.points input.audio.sources",
}


def answers(check: Check) -> dict[str, dict[str, Any]]:
    """What would be known if one question were answered against the table; the first: if none were."""
    first = [question for question in check.questions if not question.behind]
    told = {question.part: Seen(question.says) for question in first}
    found = {"": dict(check.settle(told))}
    assert found[""].get(check.fact) == check.value
    for question in first:
        sign, other = "-" if question.says else "+", {question.part: Seen(not question.says)}
        found[question.part + sign] = dict(check.settle(told | other))
    return found


@pytest.mark.parametrize("to", WIRES, ids=[api for _, api in WIRES])
def test_which_facts_are_asked_about(to: To) -> None:
    assert sorted(made_checks(to)) == sorted(f"{EVERYWHERE} {ALONE[to]}".split())


NONE_THINKING: dict[str, list[float]] = {f"{name}.thinking": [] for name in ("temperature", "top_p", "top_k")}
MARKED = {"caching.points": 4, "caching.where": ["messages"]}
UNMARKED = {"caching.points": 0, "caching.where": [], "caching.options_ttls": []}
SAID: list[tuple[To, str, dict[str, Any], dict[str, dict[str, Any] | None]]] = [
    (
        GPT,
        "sampling",
        {"temperature__accepted": True},
        {
            "": {"sampling": "never"},
            "thinking on+": {"sampling": "never"},
            "thinking off+": {"sampling": "effort-none"},
        },
    ),
    (CLAUDE, "sampling", {}, {"thinking off+": {"sampling": "always", **NONE_THINKING}}),
    (
        CLAUDE,
        "sampling",
        {"sampling": "always"},
        {"thinking on-": {"sampling": "always", **NONE_THINKING}, "thinking off-": {"sampling": "never"}},
    ),
    (NOVA, "sampling", {}, {"thinking off+": {"sampling": "always"}}),
    (
        NOVA,
        "temperature.max",
        {"sampling": "always", "temperature__max": 1.0},
        {"+": {"temperature.max": 1.1}},
    ),
    (
        CLAUDE,
        "temperature.thinking",
        {"sampling": "always", "temperature__thinking": [1.0, 1.0]},
        {"+": {"temperature.thinking": [0.0, 1.0]}},
    ),
    (
        NOVA,
        "exclusive",
        {"sampling": "always"},
        {"": {"exclusive": []}, "temperature+top_p-": {"exclusive": [["temperature", "top_p"]]}},
    ),
    (
        NOVA,
        "exclusive",
        {"sampling": "always", "exclusive": [["temperature", "top_p"], ["top_k", "seed"]]},
        {
            "": {"exclusive": [["temperature", "top_p"], ["top_k", "seed"]]},
            "temperature+top_p+": {"exclusive": [["top_k", "seed"]]},
        },
    ),
    (
        NOVA,
        "stop_sequences.max",
        {"stop_sequences": {"accepted": True, "max": 4}},
        {"+": {"stop_sequences.max": 5}},
    ),
    (GPT, "thinking.modes", {}, {"": {"thinking.modes": ["effort"]}, "effort-": {}}),
    (
        CLAUDE,
        "thinking.modes",
        {},
        {
            "budget-": {"thinking.modes": [], "effort.levels": []},
            "adaptive+": {"thinking.modes": ["budget", "adaptive"]},
        },
    ),
    (
        CLAUDE,
        "thinking.off",
        {"thinking__modes": ["adaptive"], "thinking__default": "on", "thinking__off": "disabled"},
        {
            "": {"thinking.off": "disabled"},
            "disabled-": {"thinking.off": "impossible", "thinking.default": "always"},
        },
    ),
    (
        CLAUDE,
        "thinking.off",
        {"thinking__modes": ["adaptive"], "thinking__default": "always", "thinking__off": "impossible"},
        {
            "": {"thinking.off": "impossible"},
            "disabled+": {"thinking.off": "disabled", "thinking.default": "on"},
            "between_tools+": {"thinking.off": "between_tools", "thinking.default": "on"},
        },
    ),
    (
        CLAUDE,
        "thinking.min_budget",
        {},
        {"": {"thinking.min_budget": 1024}, "below+": {"thinking.min_budget": 1023}},
    ),
    (
        NOVA,
        "limits.max_output",
        {"limits__max_output": 900},
        {"": {"limits.max_output": 900}, "over+": {}, "at-": {}},
    ),
    (GPT, "limits.min_output", {"limits__min_output": 16}, {"+": {"limits.min_output": 15}}),
    (GPT, "messages.system_turns", {}, {"+": {"messages.system_turns": "anywhere"}}),
    (CLAUDE, "messages.system_turns", {}, {"+": {"messages.system_turns": "after-user"}}),
    (
        GPT,
        "messages.system_turns",
        {"messages__system_turns": "anywhere"},
        {"-": {"messages.system_turns": "never"}},
    ),
    (
        GPT,
        "caching.breakpoints",
        {},
        {"": {"caching.breakpoints": False}, "+": {"caching.breakpoints": True, **MARKED}},
    ),
    (
        GPT,
        "caching.breakpoints",
        {"caching__points": 4},
        {"": {"caching.breakpoints": False}, "+": {"caching.breakpoints": True}},
    ),
    (NOVA, "messages.alternate", {}, {"-": {"messages.alternate": True}}),
    (
        NOVA,
        "caching.where",
        {"caching": {"points": 4, "where": ["system"]}},
        {"tools+": None, "messages+": {"caching.where": ["system", "messages"]}},
    ),
    (
        GPT,
        "thinking.modes",
        {"thinking": {}, "effort__levels": []},
        {"effort+": {"thinking.modes": ["effort"], "effort.levels": ["low"]}},
    ),
    (
        GPT,
        "caching.breakpoints",
        {"caching": {"breakpoints": True, "points": 4, "where": ["messages"]}},
        {"-": {"caching.breakpoints": False, **UNMARKED}},
    ),
    (NOVA, "caching.points", {}, {"+": MARKED}),
    (
        CLAUDE,
        "caching.where",
        {"caching": {"points": 4, "where": ["system"]}},
        {
            "tools+": {"caching.where": ["tools", "system"]},
            "system-": {"caching.where": []},
            "messages+": {"caching.where": ["system", "messages"]},
        },
    ),
    (
        CLAUDE,
        "caching.ttls",
        {"caching": {"points": 4, "where": ["system"]}},
        {"1h+": {"caching.ttls": ["1h"]}},
    ),
    (
        GPT,
        "tools.functions",
        {},
        {"thinking on-": {"tools.functions": "effort-none"}, "thinking off-": {"tools.functions": "never"}},
    ),
    (
        GPT,
        "tools.functions",
        {"tools__functions": "effort-none"},
        {"": {"tools.functions": "effort-none"}, "thinking on+": {"tools.functions": "always"}},
    ),
    (
        GPT,
        "tools.forced",
        {},
        {"thinking on-": {"tools.forced": "effort-none"}, "thinking off-": {"tools.forced": "never"}},
    ),
    (CLAUDE, "tools.forced", {}, {"thinking on-": {"tools.forced": "unless-thinking"}}),
    (
        CLAUDE,
        "tools.forced",
        {"tools__forced": "skips-thinking"},
        {"": {"tools.forced": "skips-thinking"}, "thinking off-": {"tools.forced": "never"}},
    ),
    (
        CLAUDE,
        "tools.forced",
        {"tools__forced": "unless-thinking"},
        {"": {"tools.forced": "unless-thinking"}, "thinking on+": {"tools.forced": "always"}},
    ),
    (NOVA, "tools.parallel", {}, {"+": {"tools.parallel": "additional"}}),
    (GPT, "tools.parallel", {"tools__parallel": "field"}, {"-": {"tools.parallel": "impossible"}}),
    (GPT, "tools.some", {}, {"+": {"tools.some": "choice"}}),
    (GPT, "tools.strict", {}, {"+": {"tools.strict": "spelled"}}),
    (CLAUDE, "tools.strict", {}, {"+": {"tools.strict": "accepted"}}),
    (GPT, "tools.strict", {"tools__strict": "accepted"}, {"-": {"tools.strict": "never"}}),
    (GPT, "tools.name", {}, {"+": {"tools.name": "dashed"}}),
    (GPT, "tools.choice", {}, {"-": {"tools.choice": "any"}}),
    (
        CLAUDE,
        "reasoning_summary.levels",
        {"thinking__modes": ["adaptive"]},
        {"summarized+": {"reasoning_summary.levels": ["summarized"]}},
    ),
    (NOVA, "ids.bare", {"ids": {"prefixes": ["us"], "bare": "refused"}}, {"+": {"ids.bare": "accepted"}}),
    (NOVA, "ids.bare", {"ids": {"prefixes": ["us"], "bare": "accepted"}}, {"-": {"ids.bare": "refused"}}),
]


@pytest.mark.parametrize(
    ("to", "fact", "facts", "says"),
    SAID,
    ids=[f"{to[1]}-{fact}-{at}" for at, (to, fact, *_) in enumerate(SAID)],
)
def test_what_an_answer_says(to: To, fact: str, facts: dict[str, Any], says: dict[str, Any]) -> None:
    found = answers(made_checks(to, **facts)[fact])
    assert {part: found.get(part) for part in says} == says
