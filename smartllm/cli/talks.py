"""``smartllm talks``: look at the talks that ``run`` and ``chat`` keep, and forget them."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.completing import talk_ids
from smartllm.cli.group import SuggestingGroup
from smartllm.cli.requests.request_input import usage_error
from smartllm.cli.tables import print_table
from smartllm.cli.talk.talk_store import ENVIRONMENT, OFF, Talk, TalkStore, request_of
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.errors import ConfigError

_TITLE = 60


@click.group("talks", cls=SuggestingGroup)
@click.option(
    "--dir",
    "folder",
    envvar=ENVIRONMENT,
    type=click.Path(file_okay=False),
    help="Folder of the talks; else SMARTLLM_TALKS_DIR, else one of the user's state.",
)
@click.pass_context
def command(context: click.Context, folder: str | None) -> None:
    """Look at the talks that run and chat keep, and forget them.

    Each is a file for its owner alone. SMARTLLM_TALKS_DIR=off keeps none, and so does --no-keep once.
    """
    context.obj = TalkStore.of_user({} if folder is None else {ENVIRONMENT: folder})


@command.command("ls")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def ls(store: TalkStore, limit: int | None, *, as_json: bool) -> None:
    """List the talks, newest first, with how they begin."""
    found = [(name, store.read(name)) for name in store.ids()[:limit]]
    if not found:
        complain(
            f"no talks in {store.folder}" if store.folder else f"talks are not kept ({ENVIRONMENT}={OFF})"
        )
    listed = [_told(name, talk) for name, talk in found]
    if as_json:
        echo_json(listed)
        return
    rows = [["-" if value is None else str(value) for value in item.values()] for item in listed]
    columns = ("talk", "updated", "turns", "model", "begins")
    print_table(columns, rows, whole=("talk",), spare=("turns", "model", "updated"))


@command.command("show")
@click.argument("talk", required=False, default="", shell_complete=talk_ids)
@click.option("--json", "as_json", is_flag=True, help="Print it as a request file (run --request).")
@click.pass_obj
def show(store: TalkStore, talk: str, *, as_json: bool) -> None:
    """Print TALK, the last one without; the beginning of its name is enough."""
    found = _find(store, talk)
    if as_json:
        echo_json(request_of(found))
        return
    if found.system_prompt:
        echo(f"system: {found.system_prompt}\n")
    echo("\n\n".join(f"{turn.get('role')}: {_text(turn)}" for turn in found.messages))


@command.command("rm")
@click.argument("talks", nargs=-1, required=True, shell_complete=talk_ids)
@click.pass_obj
def rm(store: TalkStore, talks: tuple[str, ...]) -> None:
    """Remove TALKS; the beginnings of their names are enough."""
    try:
        names = [store.named(talk) for talk in talks]
    except ConfigError as error:
        raise usage_error(error) from None
    for name in names:
        store.remove(name)
        click.echo(f"removed {name}")


@command.command("clear")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def clear(store: TalkStore, *, yes: bool) -> None:
    """Remove every talk, and what was typed into chats."""
    names = store.ids()
    if names and not yes:
        click.confirm(f"Remove {_talks(len(names))} from {store.folder}?", abort=True, err=True)
    removed = sum(store.remove(name) for name in names)
    store.forget_lines()
    click.echo(f"removed {_talks(removed)}")
    if left := store.ids():
        raise usage_error(f"{_talks(len(left))} in {store.folder} could not be removed, or came meanwhile")


def _find(store: TalkStore, beginning: str) -> Talk:
    try:
        return store.find(beginning)
    except ConfigError as error:
        raise usage_error(error) from None


def _told(name: str, talk: Talk | None) -> dict[str, Any]:
    if talk is None:
        return {"talk": name, "updated": None, "turns": None, "model": None, "begins": "(not readable)"}
    return {
        "talk": name,
        "updated": talk.updated,
        "turns": len(talk.messages),
        "model": talk.target.get("model"),
        "begins": talk.title[:_TITLE],
    }


def _text(turn: dict[str, Any]) -> str:
    """A turn for people; what is no text is named."""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [content]
    return "\n".join(_part(part) for part in parts)


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    text = part.get("text")
    if part.get("type") == "text" and isinstance(text, str):
        return text
    called = next(
        (part[name] for name in ("name", "url", "s3", "file_id", "media_type") if part.get(name)), ""
    )
    return f"<{part.get('type')}{f' {called}' if called else ''}>"


def _talks(count: int) -> str:
    return "1 talk" if count == 1 else f"{count} talks"
