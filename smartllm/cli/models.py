"""``smartllm models``: every listed model and what it takes."""

from __future__ import annotations

import json
from typing import Any

import click

from smartllm.cli.request_input import usage_error
from smartllm.errors import RulesError
from smartllm.rules import RuleSet, endpoints, load_rules, resolve, target_for


@click.command("models")
@click.option("--rules", multiple=True, metavar="FILE", help="Rules overlay; may be repeated, the last wins.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with counts.")
def command(rules: tuple[str, ...], *, as_json: bool) -> None:
    """List every model in the rules, with its profile, wires and lifecycle."""
    try:
        loaded = load_rules(rules)
        listed = [describe(model, loaded) for model in loaded.table("model")]
    except RulesError as error:
        raise usage_error(error) from None
    if as_json:
        pages = {page for row in loaded.table("profile").values() for page in row.get("source", ())}
        counts = {
            "models": len(listed),
            "profiles": len(loaded.table("profile")),
            "evidence_urls": len(pages),
        }
        click.echo(json.dumps({"counts": counts, "models": listed}, indent=2))
        return
    width = max(len(item["model"]) for item in listed)
    for item in listed:
        served = ", ".join(item["endpoints"]) or "not served here"
        end = f", until {item['shutdown']}" if item["shutdown"] else ""
        click.echo(f"{item['model']:<{width}}  {item['state']}{end}  {served}")


def describe(model: str, rules: RuleSet) -> dict[str, Any]:
    """The main facts of a listed model; those of its first wire where wires differ."""
    resolution = resolve(model, rules)
    host = resolution.host or "openai"
    served = endpoints(resolution, host, rules)
    first = served[0] if served else ("bedrock_invoke" if host == "bedrock" else "openai_responses")
    facts = target_for(resolution, host, first, rules).facts
    end = facts.lifecycle.shutdown
    return {
        "model": model,
        "vendor": resolution.vendor,
        "host": host,
        "profile": resolution.profile,
        "endpoints": list(served),
        "sampling": facts.sampling,
        "thinking": list(facts.thinking.modes),
        "efforts": list(facts.effort.levels),
        "structured_native": facts.structured.native,
        "max_output": facts.limits.max_output,
        "context": facts.limits.context,
        "state": facts.lifecycle.state,
        "shutdown": end.isoformat() if end else None,
        "successor": facts.lifecycle.successor,
    }
