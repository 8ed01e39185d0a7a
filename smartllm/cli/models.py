"""``smartllm models``: every listed model, the id to call it by, and what it takes."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, get_args

import click

from smartllm.cli.completing import model_keys, vendors
from smartllm.cli.lives import life_text, lives_of
from smartllm.cli.nearest import did_you_mean
from smartllm.cli.requests.request_input import rules_in_force, usage_error
from smartllm.cli.requests.request_options import RULES
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import complain, echo_json
from smartllm.errors import RulesError
from smartllm.rules import Dialect, RuleSet, resolve, served_on, target_for
from smartllm.rules.evidence import evidence_pages
from smartllm.rules.hosts import all_hosts, doors_of, routes_of
from smartllm.rules.ids import usual_ids
from smartllm.rules.resolve import Resolution
from smartllm.rules.vocabulary.batch import AVAILABLE
from smartllm.rules.vocabulary.caching import WAYS
from smartllm.rules.vocabulary.input import KINDS
from smartllm.words import Provider

COLUMNS: Final = (
    "model",
    "id",
    "host",
    "sampling",
    "thinking",
    "efforts",
    "structured",
    "takes",
    "caching",
    "batch",
    "max output",
    "context",
    "life",
)
_SPARE: Final = (
    "context",
    "max output",
    "caching",
    "batch",
    "takes",
    "structured",
    "efforts",
    "sampling",
    "thinking",
    "host",
    "model",
    "life",
)
_WILD: Final = frozenset("*?[")
_STATES: Final = ("active", "preview", "legacy", "retired")


@click.command("models")
@click.argument("pattern", default="*", shell_complete=model_keys)
@click.option(
    "--host",
    type=click.Choice(get_args(Provider)),
    help="Only models that are served there: by any door of a provider, or by a single one.",
)
@click.option("--vendor", shell_complete=vendors, help="Only models of this maker.")
@click.option(
    "--state", type=click.Choice(_STATES), multiple=True, help="Only models in this state on a host."
)
@click.option("--thinking/--no-thinking", default=None, help="Only models that can (or cannot) think.")
@click.option("--native", is_flag=True, help="Only models with native structured output.")
@click.option(
    "--takes",
    type=click.Choice(KINDS),
    multiple=True,
    help="Only models that take this beside text; all of them.",
)
@click.option("--caching", type=click.Choice(WAYS), help="Only models whose prompts are kept in this way.")
@click.option(
    "--batch", type=click.Choice(AVAILABLE), multiple=True, help="Only models that the batch engine runs so."
)
@RULES
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with counts.")
def command(rules: tuple[str, ...], *, as_json: bool, **filters: Any) -> None:
    """List the models in the rules, the ids to call them by, and what they take; the retired ones last.

    PATTERN is a part of an id, such as 'opus', or a whole one with * and ?, such as 'claude-*-4-?'; capitals
    mean nothing. Without one all models are listed. Exit status: 0 listed, 1 there is none, 2 bad input.
    """
    try:
        asked = filters["pattern"]
        loaded = rules_in_force(rules)
        filters["vendor"] = vendor_named(filters["vendor"], loaded)
        filters["pattern"] = pattern = matching(filters["pattern"])
        today = dt.datetime.now(dt.UTC).date()
        host = filters.pop("host")
        filters["doors"] = doors_of(host, loaded) if host else ()
        described = (describe(model, loaded, host, today) for model in loaded.table("model"))
        listed = [item for item in described if _wanted(item, **filters)]
        listed.sort(key=lambda item: item["state"] == "retired")
    except RulesError as error:
        raise usage_error(error) from None
    if as_json:
        counts = {
            "models": len(listed),
            "profiles": len(loaded.table("profile")),
            "evidence_urls": len(evidence_pages(loaded)),
        }
        echo_json({"counts": counts, "models": listed})
        return
    if not listed:
        for line in _nothing(asked, pattern, loaded):
            complain(line)
        raise click.exceptions.Exit(1)
    rows = [row_of(item, filters["doors"]) for item in listed]
    print_table(COLUMNS, rows, whole=("model", "id", "host"), spare=_SPARE)


def describe(
    model: str, rules: RuleSet, host: str | None = None, today: dt.date | None = None
) -> dict[str, Any]:
    """The main facts of a listed model; those of its first wire where wires differ.

    Args:
        model: Its key.
        rules: The rules in force.
        host: Provider or single host that is meant; None takes the usual host, and all hosts' lives.
        today: Day for which lives are told; None tells them as they are written.
    """
    resolution = resolve(model, rules)
    asked = doors_of(host, rules) if host else ()
    hosts = tuple(dict.fromkeys((*all_hosts(rules), *asked)))
    by_host = {host: served_on(resolution, host, rules) for host in hosts}
    lives = lives_of(resolution, rules, today, asked)
    meant = next((name for name in asked if by_host[name]), None)
    if meant is not None:
        lives = {name: life for name, life in lives.items() if name in asked}
    host = meant or resolution.host or next((name for name in hosts if by_host[name]), hosts[0])
    # One that no host serves has no wire; its facts are the same on all that the host speaks.
    first = next(iter(by_host[host] or routes_of(host, rules)))
    facts = target_for(resolution, host, first, rules).facts
    life = lives.get(host) or next(iter(lives.values()))
    ids = {name: _ids(resolution, name, wires[0], rules) for name, wires in by_host.items() if wires}
    return {
        "model": model,
        "vendor": resolution.vendor,
        "host": host,
        "hosts": list(ids),
        "id": next(iter(ids.get(host, ())), model),
        "ids": ids,
        "profile": resolution.profile,
        "endpoints": list(dict.fromkeys(wire for wires in by_host.values() for wire in wires)),
        "sampling": facts.sampling,
        "thinking": list(facts.thinking.modes),
        "thinking_default": facts.thinking.default,
        "efforts": list(facts.effort.levels),
        "structured_native": facts.structured.native,
        "takes": list(facts.input.kinds),
        "caching": list(facts.caching.ways),
        "batch": facts.batch.available,
        "max_output": facts.limits.max_output,
        "context": facts.limits.context,
        **{name: life[name] for name in ("state", "shutdown", "successor")},
        "lives": lives,
    }


def matching(typed: str) -> str:
    """The pattern that was typed; without a * or ? it is a part of an id."""
    small = typed.lower()
    return small if _WILD & {*small} else f"*{small}*"


def vendor_named(typed: str | None, rules: RuleSet) -> str | None:
    """The vendor that was typed, whatever its capitals.

    Raises:
        RulesError: There is none of that name; names all.
    """
    known = rules.table("vendor")
    if typed is None or typed.lower() in known:
        return typed and typed.lower()
    raise RulesError(
        f"--vendor {typed}: there is no such vendor.{did_you_mean(typed, known)}",
        hint=f"vendors: {', '.join(sorted(known))}",
    )


def _names(item: dict[str, Any]) -> Iterator[str]:
    """What a listed model is called, in small letters."""
    yield item["model"].lower()
    for ids in item["ids"].values():
        yield from map(str.lower, ids)


def _nothing(asked: str, pattern: str, rules: RuleSet) -> Iterator[str]:
    """Why nothing is listed, and what was meant."""
    if any(
        fnmatch.fnmatchcase(name, pattern)
        for key in rules.table("model")
        for name in _names(describe(key, rules))
    ):
        yield f"no model like {asked!r} is left by the other options"
        return
    gone = [*_gone(pattern, rules)]
    yield from gone
    if asked.lower() in rules.table("vendor"):
        yield f"no listed model is like that; {asked!r} is a vendor: --vendor {asked.lower()}"
    else:
        meant = "" if gone else did_you_mean(asked.strip("*?"), rules.table("model"))
        yield f"no listed model is like that{'.' if meant else ''}{meant}"


def _ids(resolution: Resolution, host: str, wire: Dialect, rules: RuleSet) -> list[str]:
    """The ids with which a host is called for a model, the usual one first."""
    facts = target_for(resolution, host, wire, rules).facts
    return list(usual_ids(str(resolution.model), facts.ids))


def _gone(pattern: str, rules: RuleSet) -> Iterator[str]:
    """Lines about ids that are retired and have no facts."""
    for id_, row in rules.table("retired").items():
        if fnmatch.fnmatchcase(id_, pattern):
            when = f" on {row['shutdown'].isoformat()}" if "shutdown" in row else ""
            instead = f"; move to {row['successor']}" if "successor" in row else ""
            yield f"{id_} was shut down{when}{instead}"


def _wanted(
    item: dict[str, Any],
    *,
    pattern: str,
    doors: Sequence[str],
    vendor: str | None,
    state: tuple[str, ...],
    thinking: bool | None,
    native: bool,
    takes: tuple[str, ...],
    caching: str | None,
    batch: tuple[str, ...],
) -> bool:
    return (
        any(fnmatch.fnmatchcase(one, pattern) for one in _names(item))
        and (not doors or not {*doors}.isdisjoint(item["hosts"]))
        and vendor in {None, item["vendor"]}
        and (not state or any(life["state"] in state for life in item["lives"].values()))
        and thinking in {None, bool(item["thinking"])}
        and (not native or item["structured_native"])
        and set(takes) <= set(item["takes"])
        and caching in {None, *item["caching"]}
        and (not batch or item["batch"] in batch)
    )


def row_of(item: dict[str, Any], hosts: Collection[str] = ()) -> tuple[str, ...]:
    """A model as a line of the table: an id a line, and beside it the hosts that take it.

    Args:
        item: What ``describe`` tells of it.
        hosts: Those whose ids are shown; empty shows one of each.
    """
    ids: dict[str, list[str]] = {}
    for name, known in item["ids"].items():
        if not hosts or name in hosts:
            ids.setdefault(known[0], []).append(name)
    always = item["thinking_default"] == "always"
    thinking = ", ".join(item["thinking"]) or ("always" if always else "-")
    return (
        item["model"],
        "\n".join(ids) or "-",
        "\n".join(map(", ".join, ids.values())) or "-",
        item["sampling"],
        f"{thinking} (always)" if always and item["thinking"] else thinking,
        " ".join(item["efforts"]) or "-",
        "native" if item["structured_native"] else "-",
        " ".join(item["takes"]) or "-",
        " ".join(item["caching"]) or "-",
        item["batch"],
        str(item["max_output"] or "-"),
        str(item["context"] or "-"),
        life_text(item["lives"]),
    )
