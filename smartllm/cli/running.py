"""What ``smartllm run`` does: compile a request, send it, print the answer, keep the talk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from smartllm.cli.calls.answers import (
    first_block,
    print_calls,
    print_notes,
    print_refusal,
    print_usage,
)
from smartllm.cli.calls.asking import Asking, Manner, answered
from smartllm.cli.calls.calling import client_settings, planned, print_failure
from smartllm.cli.requests.request_input import exits
from smartllm.cli.requests.request_options import request_from
from smartllm.cli.talk.talk_store import TalkStore
from smartllm.cli.talk.talking import Keeper, continued, with_turns
from smartllm.cli.terminal import echo, echo_json
from smartllm.errors import SmartLLMError
from smartllm.response import TextResponse
from smartllm.response_json import as_dict

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.compiler import Plan


def run(flags: dict[str, Any], *, stream: bool, as_json: bool, extract: bool, quiet: bool) -> None:
    """Ask, and print what is answered.

    Args:
        flags: The command's other options.
        stream: Print the answer as it comes.
        as_json: Print the whole response as JSON.
        extract: Print the first fenced block alone.
        quiet: Nothing to standard error but what went wrong.

    Raises:
        click.exceptions.Exit: With the status, where it is not 0.
    """
    manner = Manner.of(flags["level"], quiet=quiet)
    store = TalkStore.of_user()
    with exits():
        talk = continued(flags, store)
        request = with_turns(_asked(flags), talk)
    request, plan = planned(request, flags, manner)
    keeper = Keeper(store, talk, flags, quiet=quiet)
    response = _answered(Asking(request, plan.model, manner), plan, flags, keeper, stream=stream)
    if as_json:
        echo_json(as_dict(response))
    elif not stream:
        _print(response, manner.level, extract=extract)
    status = print_refusal(response)
    if not (quiet or as_json):
        seconds = response.elapsed_seconds or 0.0
        cache = "" if stream else f", {seconds:.2f} s, cache {response.cache_source}"
        print_usage(response.usage, f"{response.stop_reason}{cache}")
    if status:
        raise click.exceptions.Exit(status)


def _print(response: TextResponse[Any], level: str, *, extract: bool) -> None:
    print_notes(response, level)
    if response.text or not (response.tool_calls or response.refusal):
        echo(first_block(response.text) if extract else response.text)
    print_calls(response)


def _asked(flags: dict[str, Any]) -> Request:
    request = request_from({**flags, "waits": True})
    update: dict[str, Any] = {"clear_cache": True} if flags["refresh"] else {}
    if flags["no_cache"]:
        update["use_cache"] = False
    return request.model_copy(update=update)


def _answered(
    asking: Asking, plan: Plan, flags: dict[str, Any], keeper: Keeper, *, stream: bool
) -> TextResponse[Any]:
    """The answer, kept; what is said of it before Ctrl-C or a closed pipe is kept too."""
    try:
        with asyncio.Runner() as runner:
            response = answered(runner, _run(asking, client_settings(plan, flags), stream=stream))
    except (SmartLLMError, ValidationError) as error:
        asking.end_line()
        raise click.exceptions.Exit(print_failure(error, shown=stream)) from None
    except (KeyboardInterrupt, OSError) as ended:
        keeper.keep_partly(asking.request, plan, asking.said)
        if isinstance(ended, KeyboardInterrupt):
            asking.end_line()
        raise
    keeper.keep(asking.request, plan, response)
    return response


async def _run(asking: Asking, settings: dict[str, Any], *, stream: bool) -> TextResponse[Any]:
    from smartllm.runtime.client import LLMClient  # noqa: PLC0415 - slow to load

    async with LLMClient(**settings) as client:
        return await (asking.streamed(client) if stream else asking.whole(client))
