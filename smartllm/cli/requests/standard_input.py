"""Standard input: one option may read it as it is; as text it goes behind the prompt."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Mapping
from threading import Timer
from typing import Any, Final

from smartllm.cli.terminal import complain
from smartllm.errors import RequestFileError

NAME: Final = "<stdin>"
"""How messages call it."""
_SILENCE: Final = 2.0
"""Seconds without a word after which people are told what the command is waiting for."""


def given_dashes(flags: Mapping[str, Any]) -> list[str]:
    """The options that read standard input, since a ``-`` says so.

    Raises:
        RequestFileError: There is more than one.
    """
    found = [
        option
        for option, value in (
            ("PROMPT", flags.get("text")),
            ("--prompt", flags.get("prompt")),
            ("--request", flags.get("file")),
            ("--schema", flags.get("schema")),
            *(("--tools", tools) for tools in flags.get("tools") or ()),
            *(("--file", file) for file in flags.get("attachments") or ()),
        )
        if value == "-"
    ]
    if len(found) > 1:
        raise RequestFileError(f"{' and '.join(found)} cannot both read standard input; give one of them -")
    return found


def is_terminal() -> bool:
    """Whether a person types it."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_there() -> bool:
    """Whether something stands in it, or it has ended: reading it would not wait."""
    if sys.stdin is None:
        return False
    try:
        number = sys.stdin.fileno()
        if stat.S_ISREG(os.fstat(number).st_mode):
            return True
        return bool(select.select([number], [], [], 0)[0])
    except (OSError, ValueError):  # no file of the system's, or Windows
        return True


def read_bytes() -> bytes:
    """All of it; waits for its end, and says so where that takes long.

    Raises:
        RequestFileError: It cannot be read.
    """
    if sys.stdin is None:
        return b""
    told = "reading standard input; Ctrl-D ends it"
    if not is_terminal():
        told = "waiting for standard input to end; </dev/null leaves it out"
    timer = Timer(0 if is_terminal() else _SILENCE, complain, [told])
    timer.daemon = True
    timer.start()
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise RequestFileError(f"{NAME}: cannot be read ({error.strerror})") from None
    finally:
        timer.cancel()


def read_text() -> str:
    """All of it as text, without the line breaks at its end, as a shell's ``$(...)`` has it.

    Raises:
        RequestFileError: It cannot be read, or is no text.
    """
    data = read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _binary(f"not UTF-8 text (byte {error.start})") from None
    if "\0" in text:
        raise _binary("not text, since it holds null bytes")
    text = text.rstrip("\r\n")
    return text if text.strip() else ""


def _binary(problem: str) -> RequestFileError:
    hint = "pictures, documents, sound and film are given with --file -"
    return RequestFileError(f"{NAME}: {problem}", hint=hint)
