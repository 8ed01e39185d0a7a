"""What a line that begins with a slash does in a chat."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smartllm.cli.requests.attachments import attached, called
from smartllm.cli.talk.talk_store import request_of
from smartllm.cli.terminal import complain
from smartllm.errors import RequestFileError

if TYPE_CHECKING:
    from smartllm.cli.talk.conversation import Conversation


class LeaveError(Exception):
    """The chat is over."""


class _Command(NamedTuple):
    takes: str
    help: str
    run: Callable[[Conversation, str], None]


def obey(talk: Conversation, line: str) -> None:
    """Do what a line says; what is wrong with it is told.

    Raises:
        LeaveError: It ends the chat.
    """
    name, _, rest = line.partition(" ")
    found = COMMANDS.get(name)
    if found is None:
        near = get_close_matches(name, COMMANDS, n=1)
        meant = f"; did you mean {near[0]}?" if near else "; /help lists them"
        complain(f"there is no {name}{meant} (// begins a text with a slash)")
        return
    try:
        found.run(talk, rest.strip())
    except RequestFileError as error:
        complain(f"error: {error}")


def _leave(_: Conversation, __: str) -> None:
    raise LeaveError


def _help(_: Conversation, __: str) -> None:
    rows = [(f"{name} {one.takes}".rstrip(), one.help) for name, one in COMMANDS.items()]
    wide = max(len(first) for first, _ in rows)
    for first, second in rows:
        complain(f"{first.ljust(wide)}  {second}")
    complain('A line that ends in \\ goes on; """ begins and ends a text of several lines.')


def _system(talk: Conversation, text: str) -> None:
    if text:
        talk.system = "" if text == '""' else text
    complain(f"system text: {talk.system or 'none'}")


def _model(talk: Conversation, model: str) -> None:
    if model and not talk.move_to(model):
        return
    complain(f"model: {talk.model}")


def _file(talk: Conversation, name: str) -> None:
    if not name:
        raise RequestFileError("/file: name a file or an address")
    quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "'\""
    plain = os.path.expanduser(name[1:-1] if quoted else name)  # noqa: PTH111 - it may be an address
    talk.files.append((plain, attached_file(plain)))
    complain(f"goes with your next turn: {', '.join(called(name) for name, _ in talk.files)}")


def _undo(talk: Conversation, _: str) -> None:
    taken = talk.undo()
    complain("there is nothing to take back" if taken is None else f"taken back: {taken[:80]}")


def _save(talk: Conversation, name: str) -> None:
    kept = talk.as_talk()
    if kept is None:
        raise RequestFileError("/save: nothing is said yet")
    if not name:
        raise RequestFileError("/save: name a file")
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path's raises for ~nobody
    text = json.dumps(request_of(kept), indent=2, ensure_ascii=False) + "\n"
    begun = False
    try:
        with open(path, "x", encoding="utf-8", opener=_privately) as file:
            begun = True
            file.write(text)
    except FileExistsError:
        raise RequestFileError(f"/save: {name} is there already") from None
    except OSError as error:
        if begun:  # half a talk is none
            path.unlink(missing_ok=True)
        raise RequestFileError(f"/save: {name} cannot be written ({error.strerror})") from None
    complain(f"saved as {name}, a request file")


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


COMMANDS: Final[Mapping[str, _Command]] = {
    "/help": _Command("", "what can be done", _help),
    "/exit": _Command("", "end the chat; so does Ctrl-D", _leave),
    "/quit": _Command("", "the same", _leave),
    "/model": _Command("[ID]", "go on with another model, or tell which it is", _model),
    "/system": _Command("[TEXT]", 'system text from now on; "" takes it away', _system),
    "/file": _Command("FILE|URL", "a picture, document or text for the next turn", _file),
    "/undo": _Command("", "take the last turn and its answer back", _undo),
    "/save": _Command("FILE", "write the talk as a request file", _save),
}


def attached_file(name: str) -> Any:
    """What a file gives to the next turn.

    Raises:
        RequestFileError: It cannot be read or told.
    """
    if name == "-":
        raise RequestFileError("standard input is the talk itself; name a file")
    return attached(name)


def names() -> list[str]:
    """What the tabulator completes."""
    return sorted(COMMANDS)


def text_of_line(line: str) -> str:
    """A turn as it is sent."""
    return line[1:] if line.startswith("//") else line


def is_command(line: str) -> bool:
    """Whether a turn is for the chat itself."""
    return line.startswith("/") and not line.startswith("//") and "\n" not in line
