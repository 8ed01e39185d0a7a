"""``smartllm models``: every listed model and what it takes."""

from __future__ import annotations

import fnmatch
from typing import Any, Final

import click

from smartllm.cli.request_input import rules_in_force, usage_error
from smartllm.cli.request_options import RULES
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import echo_json
from smartllm.errors import RulesError
from smartllm.providers import PROVIDERS
from smartllm.rules import RuleSet, resolve, served_on, target_for
from smartllm.rules.hosts import routes_of
from smartllm.rules.vocabulary.caching import WAYS
from smartllm.rules.vocabulary.input import KINDS

COLUMNS: Final = (
    "model",
    "host",
    "sampling",
    "thinking",
    "efforts",
    "structured",
    "takes",
    "caching",
    "max output",
    "context",
    "life",
)
_STATES: Final = ("active", "preview", "legacy", "retired")


@click.command("models")
@click.argument("pattern", default="*")
@click.option("--host", type=click.Choice(PROVIDERS), help="Only models that are served there.")
@click.option("--vendor", help="Only models of this maker.")
@click.option("--state", type=click.Choice(_STATES), multiple=True, help="Only models in this state.")
@click.option("--thinking/--no-thinking", default=None, help="Only models that can (or cannot) think.")
@click.option("--native", is_flag=True, help="Only models with native structured output.")
@click.option(
    "--takes",
    type=click.Choice(KINDS),
    multiple=True,
    help="Only models that take this beside text; all of them.",
)
@click.option("--caching", type=click.Choice(WAYS), help="Only models whose prompts are kept in this way.")
@RULES
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with counts.")
def command(rules: tuple[str, ...], *, as_json: bool, **filters: Any) -> None:
    """List the models in the rules and what they take.

    PATTERN is an id with * and ?, such as 'claude-*-4-?'; without one all models are listed.
    """
    try:
        loaded = rules_in_force(rules)
        described = (describe(model, loaded) for model in loaded.table("model"))
        listed = [item for item in described if _wanted(item, **filters)]
    except RulesError as error:
        raise usage_error(error) from None
    if as_json:
        pages = {page for row in loaded.table("profile").values() for page in row.get("source", ())}
        counts = {
            "models": len(listed),
            "profiles": len(loaded.table("profile")),
            "evidence_urls": len(pages),
        }
        echo_json({"counts": counts, "models": listed})
        return
    if not listed:
        click.echo("no listed model is like that", err=True)
        raise click.exceptions.Exit(1)
    print_table(COLUMNS, [row_of(item) for item in listed])


def describe(model: str, rules: RuleSet) -> dict[str, Any]:
    """The main facts of a listed model; those of its first wire where wires differ."""
    resolution = resolve(model, rules)
    hosts = list(rules.table("host"))
    by_host = {host: served_on(resolution, host, rules) for host in hosts}
    host = resolution.host or next((name for name in hosts if by_host[name]), hosts[0])
    # One that no host serves has no wire; its facts are the same on all that the host speaks.
    first = next(iter(by_host[host] or routes_of(host, rules)))
    facts = target_for(resolution, host, first, rules).facts
    end = facts.lifecycle.shutdown
    return {
        "model": model,
        "vendor": resolution.vendor,
        "host": host,
        "hosts": [name for name, wires in by_host.items() if wires],
        "profile": resolution.profile,
        "endpoints": [wire for wires in by_host.values() for wire in wires],
        "sampling": facts.sampling,
        "thinking": list(facts.thinking.modes),
        "thinking_default": facts.thinking.default,
        "efforts": list(facts.effort.levels),
        "structured_native": facts.structured.native,
        "takes": list(facts.input.kinds),
        "caching": list(facts.caching.ways),
        "max_output": facts.limits.max_output,
        "context": facts.limits.context,
        "state": facts.lifecycle.state,
        "shutdown": end.isoformat() if end else None,
        "successor": facts.lifecycle.successor,
    }


def _wanted(
    item: dict[str, Any],
    *,
    pattern: str,
    host: str | None,
    vendor: str | None,
    state: tuple[str, ...],
    thinking: bool | None,
    native: bool,
    takes: tuple[str, ...],
    caching: str | None,
) -> bool:
    return (
        fnmatch.fnmatchcase(item["model"], pattern)
        and host in {None, *item["hosts"]}
        and vendor in {None, item["vendor"]}
        and (not state or item["state"] in state)
        and thinking in {None, bool(item["thinking"])}
        and (not native or item["structured_native"])
        and set(takes) <= set(item["takes"])
        and caching in {None, *item["caching"]}
    )


def row_of(item: dict[str, Any]) -> tuple[str, ...]:
    """A model as a line of the table."""
    always = item["thinking_default"] == "always"
    thinking = ", ".join(item["thinking"]) or ("always" if always else "-")
    word = "since" if item["state"] == "retired" else "until"
    life = item["state"] + (f" {word} {item['shutdown']}" if item["shutdown"] else "")
    return (
        item["model"],
        ", ".join(item["hosts"]) or "-",
        item["sampling"],
        f"{thinking} (always)" if always and item["thinking"] else thinking,
        " ".join(item["efforts"]) or "-",
        "native" if item["structured_native"] else "-",
        " ".join(item["takes"]) or "-",
        " ".join(item["caching"]) or "-",
        str(item["max_output"] or "-"),
        str(item["context"] or "-"),
        life,
    )
