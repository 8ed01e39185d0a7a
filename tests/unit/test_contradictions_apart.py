"""Each contradiction takes all that it speaks of: with any part of it said otherwise there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smartllm.rules.contradictions import contradictions
from smartllm.rules.vocabulary import Facts

Said = dict[str, Any]
DATA, PDF = ("data",), ("application/pdf",)
BUDGETED: Said = {
    "thinking.modes": ("budget",),
    "effort.levels": ("low", "high"),
    "effort.budgets": {"low": 2000},
}

# A piece of the message, facts that contradict each other, and what any one of these makes of them: none.
ROWS: list[tuple[str, Said, list[Said]]] = [
    (
        "top_k stands in another parameter's place",
        {"top_k.place": "random_seed"},
        [{"top_k.place": "inferenceConfig.topK"}],
    ),
    ("top_k stands in another parameter's place", {"top_k.place": "seed"}, [{"top_k.place": "top_k"}]),
    ("store stands in another parameter's place", {"store.place": "seed"}, [{"store.place": "top_k"}]),
    (
        "seed stands in another parameter's place",
        {"seed.place": "inferenceConfig.topK"},
        [{"seed.place": "random_seed"}],
    ),
    ("seed stands in another parameter's place", {"seed.place": "top_k"}, [{"seed.place": "seed"}]),
    (
        "without thinking modes",
        {"effort.levels": ("low",), "thinking.default": "on"},
        [{"thinking.modes": ("effort",)}, {"effort.levels": (), "thinking.default": "off"}],
    ),
    (
        "sampling at effort none",
        {"sampling": "effort-none"},
        [{"sampling": "never"}, {"effort.levels": ("none", "low")}],
    ),
    (
        "max_output is above the context",
        {"limits.max_output": 9, "limits.context": 8},
        [{"limits.max_output": 8}, {"limits.max_output": None}, {"limits.context": None}],
    ),
    (
        "an exclusive pair",
        {"exclusive": (("temperature", "top_p"),), "temperature.accepted": True, "top_p.accepted": False},
        [{"top_p.accepted": True}, {"exclusive": ()}],
    ),
    (
        "metadata needs a stored answer",
        {"metadata.needs_store": True},
        [{"store.accepted": True}, {"metadata.needs_store": False}],
    ),
    (
        "native is preferred",
        {"structured.prefer": "native"},
        [{"structured.native": True}, {"structured.prefer": "tool"}],
    ),
    (
        "the longest side in a request of many",
        {"input.image.many_pixels": 9, "input.image.max_pixels": 8},
        [{"input.image.many_pixels": 8}, {"input.image.many_pixels": None}, {"input.image.max_pixels": None}],
    ),
    (
        "all documents together",
        {"input.document.max_bytes": 9, "input.document.max_total": 8},
        [
            {"input.document.max_total": 9},
            {"input.document.max_total": None},
            {"input.document.max_bytes": None},
        ],
    ),
    (
        "what can be cited is not taken",
        {"input.document.sources": DATA, "input.document.cited": PDF},
        [{"input.document.formats": PDF}, {"input.document.sources": ()}],
    ),
    (
        "pages are seen of what is not taken",
        {"input.document.sources": DATA, "input.document.seen": PDF},
        [{"input.document.formats": PDF}, {"input.document.sources": ()}],
    ),
    (
        "none can be cited or none is seen",
        {"input.document.seen_if_cited": True, "input.document.cited": PDF},
        [{"input.document.seen": PDF}, {"input.document.seen_if_cited": False}],
    ),
    (
        "none can be cited or none is seen",
        {"input.document.seen_if_cited": True, "input.document.seen": PDF},
        [{"input.document.cited": PDF}],
    ),
    (
        "a mark stands among tools",
        {"caching.where": ("tools",), "tools.functions": "never"},
        [{"tools.functions": "always"}, {"caching.where": ("system",)}],
    ),
    (
        "behind nothing",
        {"caching.where": ("messages",), "caching.after": ()},
        [{"caching.after": ("text",)}, {"caching.where": ("system",)}],
    ),
    (
        "breakpoints are taken, but no mark",
        {"caching.breakpoints": True},
        [{"caching.points": 4}, {"caching.breakpoints": False}],
    ),
    (
        "by a request's word, but none is kept",
        {"caching.retention": ("24h",)},
        [{"caching.implicit": True}, {"caching.retention": ()}],
    ),
    (
        "'none' is a bare effort",
        {"effort.levels": ("none", "low"), "thinking.modes": ("budget",)},
        [{"thinking.modes": ("effort",)}, {"thinking.modes": ()}, {"effort.levels": ("low",)}],
    ),
    (
        "'none' is no effort",
        {"effort.levels": ("none",), "thinking.modes": ("effort",)},
        [{"effort.levels": ("none", "low")}, {"effort.levels": ()}],
    ),
    (
        "the levels ['high'] have no budget",
        BUDGETED,
        [
            {"effort.budgets": {"low": 2000, "high": 3000}},
            {"thinking.modes": ("effort", "budget")},
            {"effort.levels": ("low",)},
            {"effort.budgets": {}},  # which is told by itself
        ],
    ),
    (
        "leaves nothing of 2000 tokens",
        BUDGETED | {"limits.max_output": 2000},
        [{"limits.max_output": 2001}, {"limits.max_output": None}, {"effort.budgets": {"low": 1999}}],
    ),
    (
        "is below the minimum 2001",
        BUDGETED | {"thinking.min_budget": 2001},
        [{"thinking.min_budget": 2000}, {"effort.budgets": {}}],
    ),
    (
        "tools at effort none",
        {"tools.functions": "effort-none"},
        [{"effort.levels": ("none", "low")}, {"tools.functions": "always"}],
    ),
    (
        "tools have a strict key",
        {"tools.functions": "never", "tools.strict": "always"},
        [{"tools.functions": "always"}, {"tools.strict": "never"}],
    ),
    (
        "a choice cannot name one",
        {"tools.some": "choice", "tools.choice": "any"},
        [{"tools.some": "omit"}, {"tools.choice": "named"}],
    ),
    (
        "calls must follow signed reasoning",
        {"carry.leads": True, "carry.reasoning": "signed"},
        [{"thinking.modes": ("budget",)}, {"carry.leads": False}],
    ),
    (
        "calls must follow signed reasoning",
        {"carry.leads": True, "thinking.modes": ("budget",)},
        [{"carry.reasoning": "signed"}],
    ),
    (
        "but no signed reasoning goes back",
        {"carry.prefix": True},
        [{"carry.reasoning": "signed"}, {"carry.prefix": False}],
    ),
    (
        "the bare id is refused",
        {"ids.bare": "refused"},
        [{"ids.bare": "unknown"}, {"ids.prefixes": ("us",)}],
    ),
]


def stating(table: Any, said: Said) -> Any:
    """A table of the vocabulary that says something else at some paths."""
    below: dict[str, Said] = {}
    own: Said = {}
    for path, value in said.items():
        name, _, rest = path.partition(".")
        if rest:
            below.setdefault(name, {})[rest] = value
        else:
            own[name] = value
    return replace(
        table, **own, **{name: stating(getattr(table, name), rest) for name, rest in below.items()}
    )


def told(message: str, said: Said) -> int:
    """How often it is told of facts that say so."""
    found = contradictions(stating(Facts(), said), "bedrock_converse")
    return sum(message in one.message for one in found)


@pytest.mark.parametrize(("message", "wrong", "rights"), ROWS, ids=range(len(ROWS)))
def test_it_takes_all_of_it(message: str, wrong: Said, rights: list[Said]) -> None:
    assert told(message, wrong) == 1
    for right in rights:
        assert told(message, wrong | right) == 0, right


def test_the_defaults_contradict_nothing() -> None:
    assert [one for one in contradictions(Facts(), "bedrock_converse") if one.code != "R021"] == []
