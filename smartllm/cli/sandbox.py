"""``smartllm sandbox``: a server that answers for every provider, without a key."""

from __future__ import annotations

import os
import shlex
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, get_args

import click

from smartllm.cli.completing import files
from smartllm.cli.requests.request_input import read_json, usage_error
from smartllm.cli.terminal import complain
from smartllm.cli.together import SANDBOX, Command
from smartllm.errors import ConfigError, MissingExtraError, RequestFileError
from smartllm.words import Provider

if TYPE_CHECKING:
    from smartllm.testing import LoopbackServer
    from smartllm.testing.batch.engine import Engine


@click.command("sandbox", cls=Command, rules=SANDBOX, context_settings={"allow_interspersed_args": False})
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; any free port without."
)
@click.option(
    "--script",
    metavar="FILE",
    shell_complete=files,
    help='JSON list of replies, such as [{"text": "hi"}, {"status": 429}].',
)
@click.option("--check/--no-check", default=True, help="Refuse what a model would refuse, in its words.")
@click.option(
    "--native/--no-native", default=True, help="Take schemas of answers in the provider's own schema mode."
)
@click.option(
    "--provider",
    type=click.Choice(get_args(Provider)),
    help="Who alone answers; without, what a request says tells its host.",
)
@click.option(
    "--log",
    metavar="FILE|-",
    shell_complete=files,
    help="Where to tell of each request, - for standard error; with COMMAND nowhere unless this says.",
)
@click.option(
    "--s3",
    metavar="URL",
    help="S3 of an emulator, for the records and outputs of Bedrock's batch jobs.",
)
@click.option(
    "--batch-seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long a job of the batch engines takes; default: 1.",
)
@click.option(
    "--batch-failures",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Share of its lines that fail by chance; default: 0.",
)
@click.option(
    "--batch-expire-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="After how long it expires; default: never.",
)
@click.option("--seconds", type=click.FloatRange(min=0), hidden=True, help="Stop by itself.")
@click.argument("run", nargs=-1, metavar="[-- COMMAND [ARGS]...]", type=click.UNPROCESSED)
def command(
    port: int,
    script: str | None,
    provider: str | None,
    log: str | None,
    s3: str | None,
    seconds: float | None,
    run: tuple[str, ...],
    *,
    batch_seconds: float | None,
    batch_failures: float | None,
    batch_expire_after: float | None,
    check: bool,
    native: bool,
) -> None:
    r"""Serve the APIs of all providers on 127.0.0.1, until Ctrl-C or while COMMAND runs.

    Every request is answered with its own last text, or by --script in order; one with a header
    x-smartllm-reply brings its own reply. A forced tool is called with arguments that fit its schema.

    With COMMAND, such as 'smartllm sandbox -- pytest -x', that runs with the environment set: keys and
    addresses of the sandbox, no proxy for it, a response cache of its own. The exit status is COMMAND's; 127
    where there is none, 128 and the signal's number where one ended it. Without COMMAND the variables are
    printed; eval them in another shell.
    """
    try:
        from smartllm.testing import LoopbackServer  # noqa: PLC0415 - needs an extra
        from smartllm.testing.batch.engine import Engine  # noqa: PLC0415 - same
    except ImportError as error:
        click.echo(f'error: {error}\n  hint: pip install "smartllm[testing]"', err=True)
        raise click.exceptions.Exit(2) from None
    try:
        engine = _engine(Engine, batch_seconds, batch_failures, batch_expire_after)
        server = LoopbackServer(check=check, native=native, port=port, batch=engine, s3=s3, provider=provider)
        server.script(*_replies(script))
        server.start()
    except (RequestFileError, ConfigError, MissingExtraError) as error:
        raise usage_error(error) from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise usage_error(ConfigError(f"--port {port}: {why}")) from None
    with ExitStack() as ending:
        ending.callback(server.stop)
        # One that nobody reads, too: it lets go of the requests that it has seen.
        ending.enter_context(_logged(server, os.devnull if run and log is None else log))
        if run:
            from smartllm.cli.sandboxed import status_of  # noqa: PLC0415 - for commands alone

            status = status_of(run, server)
        else:
            status = _serve(server, seconds)
    if status:
        raise click.exceptions.Exit(status)


def _engine(
    kind: type[Engine], seconds: float | None, failures: float | None, expire_after: float | None
) -> Engine:
    """How jobs of batch engines run.

    Raises:
        ConfigError: A number is none, or has no end.
    """
    usual = kind()
    try:
        return kind(
            seconds=usual.seconds if seconds is None else seconds,
            failures=usual.failures if failures is None else failures,
            expire_after=expire_after,
        )
    except ValueError as error:
        name, _, rest = str(error).partition(" ")
        raise ConfigError(f"--batch-{name.replace('_', '-')} {rest}") from None


def _logged(server: LoopbackServer, log: str | None) -> Any:
    """A log that is written while the context lasts.

    Raises:
        click.exceptions.Exit: The file cannot be written; status 2.
    """
    from smartllm.cli.sandbox_log import Log  # noqa: PLC0415 - needs an extra

    file: TextIO | None = None
    if log not in {None, "-"}:
        try:
            file = Path(str(log)).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115 - the log's
        except OSError as error:
            raise usage_error(ConfigError(f"--log {log}: {error.strerror}")) from None
    return Log(server, file)


def _serve(server: LoopbackServer, seconds: float | None) -> int:
    """Wait until the time is over or Ctrl-C."""
    try:
        for name, value in server.environment().items():
            click.echo(f"export {name}={shlex.quote(value)}")
        complain(f"# serving on {server.url}; open it in a browser to watch the calls; Ctrl-C ends it")
        threading.Event().wait(seconds)
    except KeyboardInterrupt:
        pass
    return 0


def _replies(script: str | None) -> list[Any]:
    from smartllm.testing.reply import reply_of  # noqa: PLC0415 - needs an extra

    data = [] if script is None else read_json(script)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise RequestFileError(f"{script}: a script is a JSON list of objects")
    found = []
    for number, item in enumerate(data, start=1):
        try:
            found.append(reply_of(item))
        except TypeError as error:
            raise RequestFileError(f"{script}: reply {number}: {error}") from None
    return found
