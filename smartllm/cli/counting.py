"""What ``smartllm tokens`` does: compile a request, have its tokens counted, print the number."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import ValidationError

from smartllm.cli.calls.asking import Manner, answered
from smartllm.cli.calls.call_notes import CallNotes
from smartllm.cli.calls.calling import client_settings, planned, print_failure
from smartllm.cli.requests.request_options import request_from
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.errors import SmartLLMError

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.compiler import Plan
    from smartllm.token_count import TokenCount

_USUAL: Final = frozenset({"count-left-out", "count-model-id"})
"""Notes on what is so with every count, which only the JSON has."""


def count(flags: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Count, and print the number.

    Args:
        flags: The command's other options.
        as_json: Print all that is known of it as JSON.
        quiet: Nothing to standard error but what went wrong.

    Raises:
        click.exceptions.Exit: With the status, where it is not 0.
    """
    manner = Manner.of(flags["level"], quiet=quiet)
    request, plan = planned(request_from({**flags, "waits": True}), flags, manner)
    settings = client_settings(plan, flags)
    if flags["level"] == "raise":
        settings["level"] = "raise"
    notes = CallNotes(plan.model, quiet=manner.quiet)
    try:
        with asyncio.Runner() as runner:
            found = answered(runner, _counted(request, settings, notes))
    except (SmartLLMError, ValidationError) as error:
        raise click.exceptions.Exit(print_failure(error, shown=False)) from None
    if as_json:
        echo_json(found.as_dict())
        return
    _tell(found, plan, manner)
    echo(str(found.input_tokens))


def _tell(found: TokenCount, plan: Plan, manner: Manner) -> None:
    """What is to be known of a number, beside what its plan has told."""
    if manner.level != "ignore":
        for item in found.diagnostics:
            usual = item.severity == "info" and item.code in _USUAL
            if not usual and item not in plan.diagnostics:
                complain(str(item))
    if not manner.quiet:
        of = "" if found.context_window is None else f" of {found.context_window} that its context holds"
        complain(f"{found.model} on {found.provider}: {found.input_tokens} input tokens{of}")


async def _counted(request: Request, settings: dict[str, Any], notes: CallNotes) -> TokenCount:
    from smartllm.runtime.client import LLMClient  # noqa: PLC0415 - slow to load

    asked = request.model_copy(update={"on_progress": notes})
    async with LLMClient(**settings) as client:
        notes.line.begin()
        try:
            return await client.count_tokens(asked)
        finally:
            notes.line.end()
