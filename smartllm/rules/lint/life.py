"""Checks of lives: what each host says of its models' ends, and what stands on models that end.

What depends on the day is a note in good time, and a finding only once it has been one for three months.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Final

from smartllm.rules.belonging import row_profile
from smartllm.rules.life import hosts_of, target_on
from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.names import parse
from smartllm.rules.positions import KeyPath
from smartllm.rules.target import Target, served_on

_NOTICE: Final = dt.timedelta(days=90)


@check("R013")
def default_models(context: Context) -> Iterator[Finding]:
    """A host's default model is listed and not within 90 days of its shutdown there.

    A note comes 90 days earlier, and where no end is announced but service is promised for less than 90 days.
    """
    hosts = context.rules.table("host")
    for host, row in hosts.items():
        path = ("host", host, "default_model")
        model = row.get("default_model", "")
        above = hosts.get(row.get("extends", ""), {}).get("default_model", "")
        if above and parse(model).key == parse(above).key:
            continue  # told there
        target = _on(context, parse(model).key, host)
        if target is None:
            yield context.at(path, "R013", f"default model {model!r} is not listed")
        else:
            yield from _default(context, path, model, target)


@check("R015")
def lifecycle(context: Context) -> Iterator[Finding]:
    """The dates of a model's life on a host agree with each other and with its state.

    An announced end makes a model legacy, and its day retired: a note for 90 days, then a finding.
    """
    for target in _lives(context):
        for path, message in (*_wrong(target, context.today), *_successor(context, target)):
            yield _at(target, context, path, message)
        yield from _overtaken(target, context)


def _default(context: Context, path: KeyPath, model: str, target: Target) -> Iterator[Finding]:
    life, today = target.facts.lifecycle, context.today
    end, promised = life.shutdown, life.not_before
    instead = f"; {life.successor!r} is its successor" if life.successor else "; name another"
    if life.state == "retired" or (end is not None and end - today <= _NOTICE):
        when = f"shuts down on {end}" if end else "is retired"
        yield context.at(path, "R013", f"default model {model!r} {when}{instead}")
    elif end is not None and end - today <= 2 * _NOTICE:
        message = f"default model {model!r} shuts down on {end}: name another before {end - _NOTICE}"
        yield context.at(path, "R013", message, note=True)
    elif end is None and promised is not None and promised - today <= _NOTICE:
        message = (
            f"default model {model!r}: {target.host} promises service until {promised} only, and "
            "no end is announced; look for one, or name another"
        )
        yield context.at(path, "R013", message, note=True)


def _wrong(target: Target, today: dt.date) -> Iterator[tuple[str, str]]:
    """What dates and state say against each other: fact and message."""
    life = target.facts.lifecycle
    end, begun, promised, state = life.shutdown, life.legacy, life.not_before, life.state
    if state == "retired" and end is not None and end > today:
        yield "shutdown", f'retired, but shuts down only on {end}; write state = "legacy"'
    if state == "retired" and promised is not None and promised > today:
        yield "not_before", f"retired, but service is promised until {promised}"
    if (
        state in {"active", "preview"}
        and end is not None
        and end > today
        and (begun is None or begun <= today)
    ):
        yield "shutdown", f'announced to shut down on {end}, but {state}; write state = "legacy"'
    if state == "legacy" and begun is not None and begun > today:
        yield "legacy", f'legacy only from {begun} on; write state = "active"'
    if end is not None and promised is not None and promised > end:
        yield "not_before", f"promised until {promised}, but shuts down on {end}"
    if end is not None and begun is not None and begun > end:
        yield "legacy", f"legacy from {begun} on, but shuts down on {end}"


def _overtaken(target: Target, context: Context) -> Iterator[Finding]:
    """A state that the days have overtaken."""
    life, today = target.facts.lifecycle, context.today
    if life.shutdown is not None and life.shutdown <= today:
        day, right, wrong = life.shutdown, "retired", life.state != "retired"
        path, message = "shutdown", f"shut down on {day}, but {life.state}"
    elif life.shutdown is None and life.legacy is not None and life.legacy <= today:
        day, right, wrong = life.legacy, "legacy", life.state in {"active", "preview"}
        path, message = "legacy", f"legacy since {day}, but {life.state}"
    else:
        return
    if wrong:
        note = today - day <= _NOTICE
        before = f" before {day + _NOTICE}" if note else ""
        yield _at(target, context, path, f'{message}; write state = "{right}"{before}', note=note)


def _successor(context: Context, target: Target) -> Iterator[tuple[str, str]]:
    """What is wrong with the model to move to: fact and message."""
    name, life = target.facts.lifecycle.successor, target.facts.lifecycle
    if name is None:
        return
    other = _on(context, name, target.host)
    if other is None:
        yield "successor", f"successor {name!r} is not listed"
        return
    theirs, served = other.facts.lifecycle, (target.resolution, other.resolution)
    here, there = (served_on(found, target.host, context.rules) for found in served)
    if name == target.resolution.model:
        yield "successor", "its own successor"
    elif here and not there:
        yield "successor", f"successor {name!r} is not served on {target.host}"
    elif theirs.state == "retired":
        yield "successor", f"successor {name!r} is retired"
    elif (
        theirs.shutdown
        and life.state != "retired"
        and (not life.shutdown or theirs.shutdown <= life.shutdown)
    ):
        yield "successor", f"successor {name!r} shuts down on {theirs.shutdown}, no later than it"


def _lives(context: Context) -> Iterator[Target]:
    """Every listed model on each host that serves it."""
    for model in context.rules.table("model"):
        target = _on(context, model, None)
        if target is not None:
            found = target.resolution
            hosts = hosts_of(found, context.rules)
            yield from (
                target_on(found, host, context.rules) for host in hosts if _tells(context, host, model, hosts)
            )


def _tells(context: Context, host: str, model: str, hosts: Collection[str]) -> bool:
    """Whether what is said of a model's life on a host is not that of another, where it is told."""
    own = context.rules.table("on").get(host, {}).get("model", {}).get(model, {})
    return "lifecycle" in own or context.rules.table("host")[host].get("extends") not in hosts


def _on(context: Context, model: str, host: str | None) -> Target | None:
    """A listed model on a host, or on the first that serves it; None where there is no such row."""
    rows = context.rules.table("model")
    found = context.resolved(model) if model in rows and context.sound(row_profile(rows[model])) else None
    if found is None:
        return None
    return target_on(found, host or hosts_of(found, context.rules)[0], context.rules)


def _at(target: Target, context: Context, fact: str, message: str, *, note: bool = False) -> Finding:
    """A finding where a date or a state is stated."""
    model, origin = str(target.resolution.model), target.origin(f"lifecycle.{fact}")
    text = f"{model} on {target.host}: {message}"
    if origin.file is None or origin.line is None:
        return context.at(("model", model), "R015", text, note=note)
    return Finding(origin.file, origin.line, "R015", text, note=note)
