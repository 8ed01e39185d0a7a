"""``smartllm explain --doors``: who serves a model, by which APIs and ids, and what differs there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from smartllm.cli.lives import life_text, lives_of
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import echo, echo_json
from smartllm.pages.facts import shown
from smartllm.rules.doors import doors_for, facts_apart
from smartllm.rules.hosts import doors_of
from smartllm.rules.ids import usual_ids

if TYPE_CHECKING:
    from smartllm.rules import Target

COLUMNS: Final = ("host", "api_type", "id", "life")


def doors_at(target: Target, provider: str | None, api_type: str | None) -> tuple[Target, ...]:
    """The doors of a model, the one that a request takes first; a provider and an API narrow them."""
    from smartllm.compiler.target import api_word  # noqa: PLC0415 - completion needs none of it

    rules = target.rules
    hosts = doors_of(provider, rules) if provider else tuple(rules.table("host"))
    found = doors_for(target.resolution, hosts, rules)
    asked = [one for one in found if api_type in {None, api_word(one.host, one.dialect, rules)}]
    return tuple(sorted(asked, key=lambda one: (one.host, one.dialect) != (target.host, target.dialect)))


def described(doors: Sequence[Target], today: dt.date) -> list[dict[str, Any]]:
    """Each door as JSON-ready data: host, API, wire, ids, and how long it serves the model."""
    from smartllm.compiler.target import api_word  # noqa: PLC0415 - completion needs none of it

    found = []
    for door in doors:
        resolution, rules = door.resolution, door.rules
        ids = usual_ids(resolution.model, door.facts.ids) if resolution.model else (resolution.asked,)
        life = lives_of(resolution, rules, today, (door.host,)).get(door.host)
        found.append(
            {
                "host": door.host,
                "title": door.host_row.title or door.host,
                "api_type": api_word(door.host, door.dialect, rules),
                "dialect": door.dialect,
                "ids": list(ids),
                "only_if_named": door.host_row.asked_only,
                "life": life,
            }
        )
    return found


def apart(doors: Sequence[Target], told: Sequence[dict[str, Any]]) -> list[tuple[str, Any, list[str]]]:
    """The facts that differ: path, value, and the doors that have it."""
    names = [f"{door['host']} {door['api_type']}" for door in told]
    return [
        (path, value, [names[number] for number in numbers])
        for path, values in facts_apart(doors).items()
        for value, numbers in values
    ]


def print_doors(model: str, doors: Sequence[Target], today: dt.date, *, as_json: bool) -> None:
    """Print the doors of a model, and below them the facts that are not the same at all."""
    told = described(doors, today)
    differ = apart(doors, told)
    if as_json:
        facts: dict[str, list[dict[str, Any]]] = {}
        for path, value, names in differ:
            facts.setdefault(path, []).append({"value": value, "doors": names})
        echo_json({"model": model, "doors": told, "facts": facts})
        return
    print_table(COLUMNS, door_rows(told), whole=("host", "api_type", "id"), spare=("life",))
    if not differ:
        echo("the facts are the same at all doors")
        return
    rows = [(path, shown(value), "\n".join(_short(names, told))) for path, value, names in differ]
    print_table(("fact", "value", "doors"), rows, whole=("fact", "doors"))


def doors_html(model: str, doors: Sequence[Target], today: dt.date) -> str:
    """The same as a page."""
    from smartllm.pages.documents import doors_page  # noqa: PLC0415 - for pages alone

    told = described(doors, today)
    lives = [life_text({door["host"]: door["life"]}) if door["life"] else "" for door in told]
    shown_doors = [{**door, "told": life} for door, life in zip(told, lives, strict=True)]
    differ = [(path, value, _short(names, told)) for path, value, names in apart(doors, told)]
    return doors_page(model, shown_doors, differ, today=today)


def _short(names: Sequence[str], told: Sequence[dict[str, Any]]) -> list[str]:
    """Doors by the name of their host alone where all of the host are meant."""
    found = []
    for name in names:
        host = name.partition(" ")[0]
        of_host = [f"{door['host']} {door['api_type']}" for door in told if door["host"] == host]
        found.append(host if {*of_host} <= {*names} else name)
    return list(dict.fromkeys(found))


def door_rows(told: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The doors as lines of a table, those of a host that serve alike in one."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for door in told:
        life = life_text({door["host"]: door["life"]}) if door["life"] else "-"
        named = f"{door['host']} (if named)" if door["only_if_named"] else door["host"]
        rows.setdefault((named, "\n".join(door["ids"]), life), []).append(door["api_type"])
    return [(host, "\n".join(words), ids, life) for (host, ids, life), words in rows.items()]
