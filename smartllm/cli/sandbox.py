"""``smartllm sandbox``: a server that answers for OpenAI and Bedrock, without a key."""

from __future__ import annotations

import threading
import time
from typing import Any

import click

from smartllm.cli.request_input import read_json, usage_error
from smartllm.cli.terminal import complain
from smartllm.errors import RequestFileError


@click.command("sandbox")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; any free port without."
)
@click.option(
    "--script", metavar="FILE", help='JSON list of replies, such as [{"text": "hi"}, {"status": 429}].'
)
@click.option("--check/--no-check", default=True, help="Refuse what a model would refuse, in its words.")
@click.option("--seconds", type=click.FloatRange(min=0), hidden=True, help="Stop by itself.")
def command(port: int, script: str | None, seconds: float | None, *, check: bool) -> None:
    """Serve OpenAI's and Bedrock's wires on 127.0.0.1 until Ctrl-C.

    Every request is answered with its own last text, or by --script in order; one with a header
    x-smartllm-reply brings its own reply. A forced tool is called with arguments that fit its schema. Prints
    the environment variables that lead clients here; eval them in another shell.
    """
    try:
        from smartllm.testing import LoopbackServer  # noqa: PLC0415 - needs an extra
    except ImportError as error:
        click.echo(f'error: {error}\n  hint: pip install "smartllm[testing]"', err=True)
        raise click.exceptions.Exit(2) from None
    server = LoopbackServer(check=check, port=port)
    try:
        server.script(*_replies(script))
        server.start()
    except (RequestFileError, OSError) as error:
        raise usage_error(error) from None
    try:
        for name, value in server.environment().items():
            click.echo(f"export {name}={value}")
        click.echo(f"# serving on {server.url}; Ctrl-C ends it", err=True)
        _report(server, seconds)
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


def _replies(script: str | None) -> list[Any]:
    from smartllm.testing.reply import Reply, reply_of  # noqa: PLC0415 - needs an extra

    data = [] if script is None else read_json(script)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise RequestFileError(f"{script}: a script is a JSON list of objects")
    try:
        return [reply_of(item) for item in data]
    except TypeError as error:
        known = ", ".join(Reply.__slots__)
        raise RequestFileError(f"{script}: {error}", hint=f"known fields: {known}") from None


def _report(server: Any, seconds: float | None) -> None:
    """One line a request, to standard error, until the time is over or Ctrl-C."""
    end = None if seconds is None else time.monotonic() + seconds
    told, pause = 0, threading.Event()
    while end is None or time.monotonic() < end:
        pause.wait(0.1)
        for recorded in server.requests[told:]:
            told += 1
            complain(f"{recorded.method} {recorded.path} ({len(recorded.body)} bytes)")
            for medium in recorded.media:
                complain(f"  {medium}")
