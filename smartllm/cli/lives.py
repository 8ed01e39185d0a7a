"""How long each host serves a model, for tables and for other programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from smartllm.rules import RuleSet, served_on
from smartllm.rules.life import hosts_of, state_on, target_on
from smartllm.rules.resolve import Resolution


def lives_of(
    resolution: Resolution, rules: RuleSet, day: dt.date | None, asked: Iterable[str] = ()
) -> dict[str, dict[str, Any]]:
    """A model's life by host, as JSON-ready data.

    Args:
        resolution: The model.
        rules: The rules in force.
        day: Day for which the state is told; None tells it as it is written.
        asked: Hosts that were named, beside the usual ones.
    """
    found = {}
    named = (host for host in asked if served_on(resolution, host, rules))
    for host in dict.fromkeys((*hosts_of(resolution, rules), *named)):
        life = target_on(resolution, host, rules).facts.lifecycle
        dates = {"legacy": life.legacy, "shutdown": life.shutdown, "not_before": life.not_before}
        found[host] = {
            "state": state_on(life, day),
            **{name: value.isoformat() if value else None for name, value in dates.items()},
            "successor": life.successor,
        }
    return found


def life_text(lives: Mapping[str, Mapping[str, Any]]) -> str:
    """Lives as a person reads them: one where all hosts say the same, else a line for each."""
    told: dict[str, list[str]] = {}
    for host, life in lives.items():
        told.setdefault(_text(life), []).append(host)
    if len(told) == 1:
        return next(iter(told))
    return "\n".join(f"{', '.join(hosts)}: {text}" for text, hosts in told.items())


def _text(life: Mapping[str, Any]) -> str:
    if life["shutdown"]:
        return f"{life['state']} {'since' if life['state'] == 'retired' else 'until'} {life['shutdown']}"
    if life["state"] == "legacy" and life["legacy"]:
        return f"legacy since {life['legacy']}"
    promised = f", no end before {life['not_before']}" if life["not_before"] else ""
    return f"{life['state']}{promised}"
