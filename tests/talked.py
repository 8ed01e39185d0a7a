"""Talks of the shell, as tests begin, continue and look at them."""

from __future__ import annotations

from typing import Final

from click.testing import Result
from commands import invoke

from smartllm.cli import main

HELLO: Final = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]


def run(*arguments: str, stdin: str | None = None) -> Result:
    """``smartllm run``, which succeeds."""
    result = invoke(main, ["run", *arguments], stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result


def talks(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, ["talks", *arguments], stdin=stdin)
