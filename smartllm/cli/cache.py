"""``smartllm cache``: look into the local response cache, and clean it. Only ``show`` shows prompts."""

from __future__ import annotations

import shutil
import string
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from smartllm.cli.completing import cache_keys
from smartllm.cli.group import SuggestingGroup
from smartllm.cli.tables import print_table, widths_of
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.runtime.cache.files import FORMATS, encoded
from smartllm.runtime.cache.local import ENVIRONMENT, LocalStore

_DAY: Final = 24 * 60 * 60
_KEY_LENGTH: Final = 64
_SHOWN_MATCHES: Final = 5
_LEAST: Final = 8


@click.group("cache", cls=SuggestingGroup)
@click.option(
    "--dir",
    "folder",
    envvar=ENVIRONMENT,
    type=click.Path(file_okay=False),
    help="Folder of the cache; else SMARTLLM_CACHE_DIR, else .llm_cache in the working directory.",
)
@click.pass_context
def command(context: click.Context, folder: str | None) -> None:
    """Look into the local response cache, and clean it."""
    context.obj = LocalStore(folder)


@command.command("stats")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def stats(store: LocalStore, *, as_json: bool) -> None:
    """Number, size and age of the entries."""
    found = {"folder": str(store.folder), **store.stats()}
    found.update({name: _moment(found[name]) for name in ("oldest", "newest")})
    if as_json:
        echo_json(found)
        return
    rows = [(name, "-" if value is None else str(value)) for name, value in found.items()]
    print_table(("", ""), rows, header=False)


@command.command("ls")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def ls(store: LocalStore, limit: int | None, *, as_json: bool) -> None:
    """List the entries, newest first, without prompts and answers."""
    newest = sorted(store.files(), key=lambda item: (-item[1].st_mtime, item[0].stem))
    listed = [
        {
            "key": path.stem,
            "bytes": status.st_size,
            "written": _moment(status.st_mtime),
            "model": _model(store.read(path.stem, FORMATS)),
        }
        for path, status in newest[:limit]
    ]
    if as_json:
        echo_json(listed)
        return
    rows = [
        [str(value) if value is not None else "(not readable)" for value in item.values()] for item in listed
    ]
    if not rows:
        complain(f"no entries in {store.folder}")
        return
    columns = ("key", "bytes", "written", "model")
    narrow = widths_of(columns, rows, shutil.get_terminal_size().columns) is None
    if narrow and sys.stdout.isatty():  # show takes a beginning
        shown = shortest([path.stem for path, _ in newest])
        rows = [[key[:shown], *others] for key, *others in rows]
    print_table(columns, rows, spare=("bytes", "written"))


@command.command("show")
@click.argument("key", shell_complete=cache_keys)
@click.pass_obj
def show(store: LocalStore, key: str) -> None:
    """Print the entry under KEY, its prompt and answer included; a unique beginning of a key is enough."""
    found = _find(store, key)
    entry = store.read(found, FORMATS)
    if entry is None:
        raise _failure(f"the entry {found} is damaged, foreign or of another version", 1)
    echo(encoded(entry).decode(), nl=False)


@command.command("clear")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def clear(store: LocalStore, *, yes: bool) -> None:
    """Remove every entry."""
    count = len(store.keys())
    if count and not yes:
        click.confirm(f"Remove {_entries(count)} from {store.folder}?", abort=True, err=True)
    removed = store.clear()
    click.echo(f"removed {_entries(removed)}")
    left = len(store.keys())
    if left:
        raise _failure(f"{_entries(left)} in {store.folder} could not be removed, or came meanwhile", 1)


@command.command("prune")
@click.option(
    "--max-bytes", type=click.IntRange(min=0), help="Remove the oldest until the rest is no larger."
)
@click.option("--max-age", type=click.FloatRange(min=0), metavar="DAYS", help="Remove what is older.")
@click.pass_obj
def prune(store: LocalStore, max_bytes: int | None, max_age: float | None) -> None:
    """Remove entries that are too old or too many, and what killed processes left."""
    if max_bytes is None and max_age is None:
        raise _failure("prune needs a limit: --max-bytes, --max-age or both", 2)
    removed = store.prune(max_bytes=max_bytes, max_age_seconds=None if max_age is None else max_age * _DAY)
    click.echo(f"removed {_entries(removed)}")


def shortest(keys: Sequence[str]) -> int:
    """How many characters tell keys apart; at least as many as git shows of its own.

    Args:
        keys: The keys.
    """
    return next(
        (count for count in range(_LEAST, _KEY_LENGTH) if len({key[:count] for key in keys}) == len(keys)),
        _KEY_LENGTH,
    )


def _find(store: LocalStore, key: str) -> str:
    """The one key that starts so."""
    if not key or len(key) > _KEY_LENGTH or not set(key) <= set(string.hexdigits.lower()):
        raise _failure(f"key {key[:80]!r} is not usable; allowed: up to 64 lower-case hex characters", 2)
    matches = [item for item in store.keys() if item.startswith(key)]  # noqa: SIM118 - not a mapping
    if not matches:
        raise _failure(f"no entry in {store.folder} has a key that starts with {key}", 1)
    if len(matches) > 1:
        some = "".join(f"\n  {item}" for item in matches[:_SHOWN_MATCHES])
        raise _failure(f"{len(matches)} keys start with {key}; give more characters:{some}", 2)
    return matches[0]


def _failure(message: str, status: int) -> click.exceptions.Exit:
    complain(f"error: {message}")
    return click.exceptions.Exit(status)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _model(entry: dict[str, Any] | None) -> str | None:
    """Model of an entry; as entries can come from others, without what could steer a terminal."""
    data = None if entry is None else entry.get("data")
    model = data.get("model") if isinstance(data, dict) else None
    return "".join(filter(str.isprintable, model)) if isinstance(model, str) else None
