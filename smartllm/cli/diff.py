"""``smartllm diff``: what changes between two models, in their facts and in the bodies of a request."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from smartllm.cli.page_file import HTML, today, write_page
from smartllm.cli.requests.request_options import compared_options, shown_request_from
from smartllm.cli.requests.server_option import who_is_called
from smartllm.cli.sides import Side, compared, side, side_of
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.cli.together import DIFF, Command
from smartllm.pages.facts import shown
from smartllm.rules.facts import changed_facts

if TYPE_CHECKING:
    from smartllm.rules import Target

_CHOICE: Final = ("provider", "api_type", "compatible", "rules")
"""Options that choose among a model's wires; all others say something of a request."""


@click.command("diff", cls=Command, rules=DIFF)
@side("first", "A")
@side("second", "B")
@compared_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@HTML
def command(first: str, second: str, *, as_json: bool, html: str | None, **flags: Any) -> None:
    """Show what changes when a request moves from model A to model B, or from one door to another.

    A and B are models, each with a provider, a single door or a server before it if the id does not tell, and
    with an API: MODEL, azure/MODEL, bedrock-mantle/chat_completions/MODEL, groq/MODEL.

    Facts that differ; with a request (--prompt, --request and what belongs to them), also how its bodies and
    diagnostics differ, and the facts are those of the doors that it goes to. Exit status: 0 compared, 1 a
    model or the request is refused, 2 bad input.
    """
    flags |= {"model": None, "level": "ignore"}
    sides = side_of(first, flags), side_of(second, flags)
    request = shown_request_from(flags) if _is_asked(flags) else None
    found = [compared(one, request, flags) for one in sides]
    targets = found[0][0], found[1][0]
    said = [what for _, what in found if what is not None]
    if html is not None:
        from smartllm.pages.documents import diff_page  # noqa: PLC0415 - for pages alone

        write_page(diff_page((first, second), targets, said, today=today()), html)
        _end(said)
        return
    changed, doors = changed_facts(*targets), tuple(map(_door, sides, targets))
    if as_json:
        facts = {path: {"a": one, "b": two} for path, (one, two) in changed.items()}
        bodies = {"bodies": dict(zip("ab", said, strict=True))} if said else {}
        echo_json(
            {"a": first, "b": second, "doors": {"a": doors[0], "b": doors[1]}, "facts": facts, **bodies}
        )
        _end(said)
        return
    rows = [(name, doors[0][name], doors[1][name]) for name in doors[0] if doors[0][name] != doors[1][name]]
    rows += [(path, shown(one), shown(two)) for path, (one, two) in changed.items()]
    if rows:
        print_table(("fact", first, second), rows, whole=("fact",), short=("fact", "A", "B"))
    if not changed:
        click.echo("the facts are the same", err=True)
    if said:
        one, two = (json.dumps(each, indent=2, ensure_ascii=False).splitlines() for each in said)
        echo("\n".join(difflib.unified_diff(one, two, first, second, lineterm="")))
    for name, each in zip((first, second), said, strict=False):
        if "refused" in each:  # two equal refusals are no difference
            complain(f"{name}: refused: {each['refused']}")
    _end(said)


def _end(said: Sequence[dict[str, Any]]) -> None:
    """End with the status for a request that one of the two refuses."""
    if any("refused" in one for one in said):
        raise click.exceptions.Exit(1)


def _is_asked(flags: dict[str, Any]) -> bool:
    """Whether a request is described."""
    source = click.get_current_context().get_parameter_source
    return any(source(name) is ParameterSource.COMMANDLINE for name in flags.keys() - {*_CHOICE})


def _door(asked: Side, target: Target) -> dict[str, str]:
    """Which door a side goes to, in the words of callers."""
    from smartllm.compiler.target import api_word  # noqa: PLC0415 - completion needs none of it

    host = who_is_called(target.host, asked.compatible)
    return {"host": host, "api_type": api_word(target.host, target.dialect, target.rules)}
