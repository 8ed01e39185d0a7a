"""``smartllm chat``: talk with a model, turn by turn."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.calls.call_options import (
    AWS_PROFILE,
    BASE_URL,
    CA_BUNDLE,
    CONTINUE,
    FALLBACK,
    NO_KEEP,
    QUIET,
    TALK,
)
from smartllm.cli.requests.request_options import chat_options
from smartllm.cli.together import CHAT, Command


@click.command("chat", cls=Command, rules=CHAT)
@chat_options
@CONTINUE
@TALK
@NO_KEEP
@BASE_URL
@AWS_PROFILE
@CA_BUNDLE
@FALLBACK
@QUIET
def command(*, quiet: bool, **flags: Any) -> None:
    """Talk with a model, turn by turn.

    Each line is a turn, and its answer is printed as it comes; /help lists what else can be typed. Ctrl-C
    stops an answer, Ctrl-D ends the chat. In a pipe each line of standard input is a turn.

    Exit status: 0 at the end, 1 a turn was refused or failed (in a pipe), 2 bad input, 130 stopped with
    Ctrl-C (in a pipe).
    """
    from smartllm.cli.chatting import talk_with  # noqa: PLC0415 - completion needs none of it

    raise click.exceptions.Exit(talk_with(flags, quiet=quiet))
