"""The doors of a model, each a host and a wire, and the facts that are not the same at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smartllm.rules.facts import stated_facts
from smartllm.rules.load import RuleSet
from smartllm.rules.resolve import Resolution
from smartllm.rules.target import Target, served_on, target_for


def doors_for(resolution: Resolution, hosts: Sequence[str], rules: RuleSet) -> tuple[Target, ...]:
    """A model on each wire of each host that serves it, in the order of the hosts, the preferred wire first.

    Args:
        resolution: The model.
        hosts: The hosts that are looked at.
        rules: The rules in force.
    """
    return tuple(
        target_for(resolution, host, wire, rules)
        for host in hosts
        for wire in served_on(resolution, host, rules)
    )


def facts_apart(doors: Sequence[Target]) -> dict[str, list[tuple[Any, list[int]]]]:
    """The facts that are not the same at all doors, by path: each value with the numbers of its doors.

    The value of the first door stands first; None is that of a door without the fact.
    """
    known = [{fact.path: fact.value for fact in stated_facts(door)} for door in doors]
    found = {}
    for path in dict.fromkeys(path for facts in known for path in facts):
        values: list[tuple[Any, list[int]]] = []
        for number, facts in enumerate(known):
            value = facts.get(path)
            same = next((numbers for other, numbers in values if other == value), None)
            if same is None:
                values.append((value, [number]))
            else:
                same.append(number)
        if len(values) > 1:
            found[path] = values
    return found
