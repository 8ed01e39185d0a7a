"""The vocabulary of facts: how values of TOML become facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from smartllm.rules.vocabulary import Facts, facts_data, facts_from
from smartllm.rules.vocabulary.host import HostRow


def tables() -> list[Any]:
    return [table for kind in (Facts, HostRow) for table in below(kind)]


def below(kind: Any) -> Iterator[Any]:
    """A table, and the tables that it holds."""
    yield kind
    for one in fields(kind):
        if is_dataclass(one.type):
            yield from below(one.type)


def test_its_annotations_are_types() -> None:
    """Values are read by them; a text would leave a list a list."""
    assert {table.__name__ for table in tables()} >= {"Tools", "InputSchema", "Carry", "Shell"}
    assert not [one for table in tables() for one in fields(table) if isinstance(one.type, str)]


def test_values_are_read_by_the_types_of_their_fields() -> None:
    facts = facts_from(
        {
            "endpoints": ["openai_chat"],
            "exclusive": [["temperature", "top_p"]],
            "temperature": {"max": 1, "thinking": [0, 1]},
            "top_p": {"max": 0.5, "thinking": []},
            "effort": {"levels": ["low"], "budgets": {"low": 2000}},
            "limits": {"max_output": 7},
            "tools": {"strict_limits": {"tools": 20}, "hosted": ["mcp"]},
            "calls": {"results": ["text", "image"]},
            "streaming": False,
            "system": "user",
        }
    )
    assert facts.endpoints == ("openai_chat",)
    assert facts.exclusive == (("temperature", "top_p"),)
    assert (repr(facts.temperature.max), repr(facts.temperature.thinking)) == ("1.0", "(0.0, 1.0)")
    assert (facts.top_p.max, facts.top_p.thinking) == (0.5, ())
    assert (facts.effort.levels, facts.effort.budgets) == (("low",), {"low": 2000})
    assert (facts.tools.strict_limits.tools, facts.tools.strict_limits.unions) == (20, None)
    assert (facts.tools.hosted, facts.calls.results) == (("mcp",), ("text", "image"))
    assert (repr(facts.limits.max_output), facts.streaming, facts.system) == ("7", False, "user")


def test_what_is_not_stated_has_its_default() -> None:
    assert facts_data(facts_from({})) == facts_data(Facts())
    assert facts_data(facts_from({"limits": {}})) == facts_data(Facts())
    assert facts_from({"wire": {}, "streaming": False}).streaming is False
