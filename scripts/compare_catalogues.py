"""For maintainers: where models.toml and public catalogues disagree. It reports; it decides nothing.

Install what you want to compare with, then run it: pip install modelroster litellm
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from smartllm.errors import UnknownModelError
from smartllm.rules import Facts, Resolution, RuleSet, endpoints, load_rules, resolve, target_for


class Claim(NamedTuple):
    """What a catalogue says of one model; None where it says nothing."""

    model: str
    max_output: int | None
    context: int | None
    efforts: list[str] | None
    default_effort: str | None
    shutdown: str | None


class Difference(NamedTuple):
    """One disagreement."""

    catalogue: str
    model: str
    fact: str
    ours: Any
    theirs: Any


def modelroster(data: Mapping[str, Any]) -> Iterator[Claim]:
    """Claims of modelroster's data/openai.json."""
    for row in data["models"].values():
        if not row["modalities"]["text"]["output"]:
            continue
        says = row["capabilities"]
        yield Claim(
            row["model_id"],
            row["max_output_tokens"],
            row["context_window"],
            says["reasoning_efforts"],
            says["default_effort"],
            row["shutdown_date"],
        )


def litellm(data: Mapping[str, Any]) -> Iterator[Claim]:
    """Claims of litellm's price map: OpenAI's own models and Claude on Bedrock."""
    for key, row in data.items():
        provider = str(row.get("litellm_provider", ""))
        ours = (provider == "openai" and "/" not in key) or (
            provider.startswith("bedrock") and "anthropic." in key
        )
        if not ours or row.get("mode") not in {"chat", "responses"} or "/" in key:
            continue
        # Its max_input_tokens is the window of some models and the input limit of others: not compared.
        yield Claim(key, row.get("max_output_tokens"), None, None, None, row.get("deprecation_date"))


CATALOGUES: dict[str, tuple[str, str, Callable[[Mapping[str, Any]], Iterator[Claim]]]] = {
    "modelroster": ("modelroster", "data/openai.json", modelroster),
    "litellm": ("litellm", "model_prices_and_context_window_backup.json", litellm),
}


def read(package: str, file: str) -> Mapping[str, Any] | None:
    """A data file of an installed package, which is not imported; None when it is not there."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / file
        if path.is_file():
            data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return data
    return None


def facts_of(resolution: Resolution, rules: RuleSet) -> Facts:
    """The facts of a model on its first wire."""
    host = resolution.host or "openai"
    served = endpoints(resolution, host, rules)
    return target_for(resolution, host, served[0] if served else "bedrock_invoke", rules).facts


def differences(name: str, claims: Iterator[Claim], rules: RuleSet) -> Iterator[Difference]:
    """Every fact on which a catalogue and the table disagree, and every model that is not listed."""
    for claim in claims:
        try:
            resolution = resolve(claim.model, rules)
        except UnknownModelError:
            yield Difference(name, claim.model, "listed", "unknown", "listed")
            continue
        if resolution.how == "inferred":
            yield Difference(name, claim.model, "listed", f"inferred: {resolution.note}", "listed")
            continue
        facts = facts_of(resolution, rules)
        end = facts.lifecycle.shutdown
        ours = (
            facts.limits.max_output,
            facts.limits.context,
            list(facts.effort.levels),
            facts.effort.default,
            end.isoformat() if end else None,
        )
        for fact, mine, theirs in zip(Claim._fields[1:], ours, claim[1:], strict=True):
            if theirs is not None and theirs != mine:
                yield Difference(name, claim.model, fact, mine, theirs)


@click.command()
@click.option("--catalogue", "names", multiple=True, type=click.Choice(list(CATALOGUES)), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(names: tuple[str, ...], *, as_json: bool) -> None:
    """Print where models.toml and public catalogues disagree."""
    rules = load_rules(ambient=False)
    found: list[Difference] = []
    for name in names or CATALOGUES:
        package, file, parse = CATALOGUES[name]
        data = read(package, file)
        if data is None:
            click.echo(f"{name} is not installed: pip install {package}", err=True)
            continue
        found += differences(name, parse(data), rules)
    if as_json:
        click.echo(json.dumps([item._asdict() for item in found], indent=2))
        return
    for item in found:
        click.echo(f"{item.catalogue}  {item.model}  {item.fact}: ours {item.ours}, theirs {item.theirs}")
    click.echo(f"{len(found)} disagreements", err=True)


if __name__ == "__main__":
    main()
