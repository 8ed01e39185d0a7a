"""For maintainers: where the shipped rules and public catalogues disagree. It reports; it decides nothing.

Install what you want to compare with, then run it: pip install modelroster litellm genai-prices
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import click

from smartllm.errors import UnknownModelError
from smartllm.request import Effort
from smartllm.rules import Facts, Resolution, RuleSet, endpoints, load_rules, resolve, target_for

PATHS = {"chat_completions": "openai_chat", "responses": "openai_responses"}
URLS = {"/v1/chat/completions": "openai_chat", "/v1/responses": "openai_responses"}
LITELLM_KINDS = {"image": "vision", "document": "pdf_input"}
LEVELS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class Claim(NamedTuple):
    """What a catalogue says of one model; a fact of which it says nothing is left out or None."""

    model: str
    facts: dict[str, Any]


class Difference(NamedTuple):
    """One disagreement."""

    model: str
    fact: str
    ours: Any
    theirs: Any
    catalogue: str


@dataclass
class Report:
    """What the catalogues brought to light."""

    differences: list[Difference] = field(default_factory=list)
    inferred: list[Difference] = field(default_factory=list)
    unknown: list[Difference] = field(default_factory=list)


def modelroster(text: str) -> Iterator[Claim]:
    """Claims of modelroster: OpenAI's models that answer with text."""
    for row in json.loads(text)["models"].values():
        says, wires = row["capabilities"], row["endpoints"]
        served = sorted(wire for path, wire in PATHS.items() if wires.get(path))
        output = {kind for kind, way in row["modalities"].items() if way["output"]}
        if (wires and not served) or not output <= {"text"}:
            continue
        efforts = says["reasoning_efforts"]
        documented = bool(output)  # a bare listing has a shutdown date and nothing else
        yield Claim(
            row["model_id"],
            {
                "listed": documented,
                "max output": row["max_output_tokens"],
                "context": row["context_window"],
                "efforts": {level: level in efforts for level in LEVELS} if efforts else None,
                "default effort": says["default_effort"],
                "endpoints": served or None,
                "shutdown": row["shutdown_date"],
                "streaming": says["streaming"] if documented else None,
                "native schema": says["structured_outputs"] if documented else None,
                "function tools": says["tool_calling"] if documented else None,
                "takes": {"image": row["modalities"]["image"]["input"]} if documented else None,
                "caching": says["prompt_caching"] if documented else None,
            },
        )


def litellm(text: str) -> Iterator[Claim]:
    """Claims of litellm's price map: OpenAI's own models and Claude on Bedrock."""
    for key, row in json.loads(text).items():
        provider = str(row.get("litellm_provider", ""))
        on_bedrock = provider.startswith("bedrock") and "anthropic." in key
        if "/" in key or not (provider == "openai" or on_bedrock):
            continue
        if row.get("mode") not in {"chat", "responses"} or row.get("supports_audio_output"):
            continue
        urls = row.get("supported_endpoints") or ()
        yield Claim(
            key,
            {
                "listed": True,
                "max output": row.get("max_output_tokens"),
                "context or input": row.get("max_input_tokens"),
                "efforts": litellm_efforts(row),
                "default effort": row.get("default_reasoning_effort"),
                "endpoints": sorted(URLS[url] for url in urls if url in URLS) or None,
                "shutdown": row.get("deprecation_date"),
                "served on Bedrock": True if on_bedrock else None,
                "streaming": row.get("supports_native_streaming"),
                "native schema": row.get(
                    "supports_native_structured_output" if on_bedrock else "supports_response_schema"
                ),
                "function tools": row.get("supports_function_calling"),
                "forced tool": row.get("supports_forced_tool_use"),
                "prefill": row.get("supports_assistant_prefill") if on_bedrock else None,
                "sampling": row.get("supports_sampling_params"),
                "always thinks": row.get("thinking_always_on"),
                "takes": {kind: bool(row.get(f"supports_{name}")) for kind, name in LITELLM_KINDS.items()},
                "caching": bool(row.get("supports_prompt_caching")),
            },
        )


def litellm_efforts(row: Mapping[str, Any]) -> dict[str, bool] | None:
    """The levels of which the price map says something."""
    if stated := row.get("reasoning_effort_levels"):
        return {level: level in stated for level in LEVELS}
    flags = {level: row.get(f"supports_{level}_reasoning_effort") for level in LEVELS}
    return {level: flag for level, flag in flags.items() if flag is not None} or None


def genai_prices(text: str) -> Iterator[Claim]:
    """Claims of genai-prices, read from its source: context windows."""
    for provider in calls(ast.parse(text), "Provider"):
        if literal(provider, "id") not in {"openai", "aws"}:
            continue
        for model in calls(provider, "ModelInfo"):
            name = str(literal(model, "id"))
            if literal(provider, "id") == "openai" or "anthropic." in name:
                yield Claim(name, {"listed": False, "context or input": literal(model, "context_window")})


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Every call of a name below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def literal(call: ast.Call, keyword: str) -> Any:
    """The literal value of a keyword argument, or None."""
    found = [item.value for item in call.keywords if item.arg == keyword]
    return ast.literal_eval(found[0]) if found else None


class Catalogue(NamedTuple):
    """Where a package keeps its data, and how to read it."""

    package: str
    file: str
    claims: Callable[[str], Iterator[Claim]]


CATALOGUES = {
    "modelroster": Catalogue("modelroster", "data/openai.json", modelroster),
    "litellm": Catalogue("litellm", "model_prices_and_context_window_backup.json", litellm),
    "genai-prices": Catalogue("genai_prices", "data.py", genai_prices),
}


def read(package: str, file: str) -> str | None:
    """A data file of an installed package, which is not imported; None when it is not there."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / file
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None


def facts_of(resolution: Resolution, rules: RuleSet) -> tuple[Facts, list[str]]:
    """The facts of a model on its first wire, and all its wires."""
    host = resolution.host or "openai"
    served = endpoints(resolution, host, rules)
    wire = served[0] if served else "anthropic_messages"
    return target_for(resolution, host, wire, rules).facts, sorted(served)


def our_facts(resolution: Resolution, rules: RuleSet) -> dict[str, Any]:
    """What the table says, in the words of the claims."""
    facts, served = facts_of(resolution, rules)
    end = facts.lifecycle.shutdown
    return {
        "max output": facts.limits.max_output,
        "context": facts.limits.context,
        "context or input": facts.limits.context,
        "efforts": list(facts.effort.levels),
        "default effort": facts.effort.default,
        "endpoints": served,
        "shutdown": end.isoformat() if end else None,
        "served on Bedrock": any(wire.startswith("bedrock") for wire in served),
        "streaming": facts.streaming,
        "native schema": facts.structured.native,
        "function tools": facts.tools.functions != "never",
        "forced tool": facts.tools.forced != "never",
        "prefill": facts.messages.prefill,
        "sampling": facts.sampling != "never",
        "always thinks": facts.thinking.default == "always",
        "takes": list(facts.input.kinds),
        "caching": bool(facts.caching.ways),
    }


def agree(fact: str, mine: Any, theirs: Any, facts: Mapping[str, Any]) -> bool:
    """Whether a catalogue's claim is the table's fact."""
    if isinstance(theirs, dict):
        return all((level in mine) == offered for level, offered in theirs.items())
    if fact == "context or input":  # the window of some models, the window less the output of others
        return theirs in {mine, (mine or 0) - (facts["max output"] or 0)}
    return bool(theirs == mine)


def shown(theirs: Any, mine: Any) -> Any:
    """A claim as the table shows it; of several in one, such as efforts, only those in dispute."""
    if not isinstance(theirs, dict):
        return theirs
    return [("+" if yes else "-") + level for level, yes in theirs.items() if (level in mine) != yes]


def compare(name: str, claims: Iterable[Claim], rules: RuleSet, report: Report) -> None:
    """Add one catalogue's disagreements; ids that resolve to one model speak once."""
    seen: set[tuple[str, str, str]] = set()
    for claim in claims:
        listed = claim.facts["listed"]
        try:
            found = resolve(claim.model, rules)
        except UnknownModelError:
            if listed:
                report.unknown.append(Difference(claim.model, "listed", "unknown", True, name))
            continue
        if found.how == "inferred":
            if listed:
                report.inferred.append(Difference(claim.model, "listed", found.note, True, name))
            continue
        ours = our_facts(found, rules)
        for fact, mine in ours.items():
            theirs = claim.facts.get(fact)
            if theirs is None or agree(fact, mine, theirs, ours):
                continue
            said = shown(theirs, mine)
            if (key := (found.key, fact, str(said))) not in seen:
                seen.add(key)
                report.differences.append(Difference(claim.model, fact, mine, said, name))


def table(rows: list[Difference]) -> Iterator[str]:
    """Lines of aligned columns, by model and fact."""
    cells = [Difference._fields, *sorted(tuple(map(spelled, row)) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(Difference._fields))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def spelled(value: Any) -> str:
    """A cell's text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str("-" if value is None else value)


@click.command()
@click.option("--catalogue", "names", multiple=True, type=click.Choice(list(CATALOGUES)), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(names: tuple[str, ...], *, as_json: bool) -> None:
    """Print where the shipped rules and public catalogues disagree."""
    rules, report, compared = load_rules(), Report(), 0
    for name in names or CATALOGUES:
        package, file, claims = CATALOGUES[name]
        text = read(package, file)
        if text is None:
            click.echo(f"{name} is not installed: pip install {name}", err=True)
            continue
        compare(name, claims(text), rules, report)
        compared += 1
    if not compared:
        raise click.ClickException("no catalogue to compare with")
    groups = {
        "disagreements": report.differences,
        "resolved only by inference": report.inferred,
        "not resolved at all": report.unknown,
    }
    if as_json:
        click.echo(
            json.dumps({key: [row._asdict() for row in rows] for key, rows in groups.items()}, indent=2)
        )
        return
    for title, rows in groups.items():
        click.echo(f"{len(rows)} {title}")
        for line in table(rows) if rows else ():
            click.echo(f"  {line}")
        click.echo()


if __name__ == "__main__":
    main()
