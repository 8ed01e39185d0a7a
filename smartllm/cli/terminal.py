"""What reaches a terminal: text, never commands to it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from smartllm.unicode import unicode_text

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FIRST_C1: Final = 0x80
_DELETE: Final = 0x7F
_PICTURES: Final = 0x2400
_PICTURE_OF_DELETE: Final = "\u2421"

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 and the signal's number, as shells have it."""


def visible(text: str) -> str:
    r"""A text in which control characters are to be seen instead of obeyed.

    Line breaks and tabs stay. ESC becomes U+241B and so on; what has no picture becomes ``\x9b``.
    """
    return _CONTROLS.sub(_picture, unicode_text(text).replace("\r\n", "\n"))


def echo(text: str, *, nl: bool = True) -> None:
    """Print to standard output, as UTF-8; control characters go into pipes and files as they are."""
    told = visible(text) if sys.stdout.isatty() else unicode_text(text)
    click.echo(told.encode(), nl=nl)


def echo_json(value: Any) -> None:
    """Print a value as indented JSON whose texts hold no control character, on a terminal or not."""
    text = unicode_text(json.dumps(value, indent=2, ensure_ascii=False))
    click.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode())


def complain(text: str) -> None:
    """Print to standard error, never with control characters: its logs are read on terminals too."""
    click.echo(visible(text).encode(), err=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends a command with its own exit status, and without a traceback.

    Raises:
        click.exceptions.Exit: After Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.stdout.flush()
        complain("stopped")
        raise click.exceptions.Exit(INTERRUPTED) from None


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code >= _FIRST_C1:
        return f"\\x{code:02x}"
    return _PICTURE_OF_DELETE if code == _DELETE else chr(_PICTURES + code)
