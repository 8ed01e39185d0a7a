"""The facts of a target one by one, each with the row that states it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from smartllm.diagnostics import Origin
from smartllm.rules.target import Target
from smartllm.rules.vocabulary import facts_data


@dataclass(frozen=True, slots=True)
class StatedFact:
    """One fact.

    Attributes:
        path: Dotted path, such as ``thinking.modes``.
        value: Its value as JSON-ready data.
        origin: The row that states it; of kind ``default`` when none does.
    """

    path: str
    value: Any
    origin: Origin

    @property
    def stated(self) -> bool:
        """Whether a row states it."""
        return self.origin.kind != "default"


def stated_facts(target: Target) -> tuple[StatedFact, ...]:
    """All facts of a target, in the order of the vocabulary."""
    data = facts_data(target.facts)
    return tuple(StatedFact(path, value, target.origin(path)) for path, value in _leaves(data, ""))


def engine_facts(target: Target) -> tuple[StatedFact, ...]:
    """What is stated of the batch engine of a target's host; empty where none is known."""
    engine, host = target.host_row.batch, target.host
    data = {} if engine is None else asdict(engine)
    return tuple(
        StatedFact(f"host.{path}", value, target.origin(f"host.{host}.{path}"))
        for path, value in _leaves({"batch": data}, "")
    )


def changed_facts(first: Target, second: Target) -> dict[str, tuple[Any, Any]]:
    """The values of the facts that differ between two targets, by path; None where one has no such fact."""
    one, two = ({fact.path: fact.value for fact in stated_facts(target)} for target in (first, second))
    return {path: (one.get(path), two.get(path)) for path in one | two if one.get(path) != two.get(path)}


def _leaves(node: dict[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value
