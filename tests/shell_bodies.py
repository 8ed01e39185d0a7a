"""Bodies that ``smartllm compile`` makes of what is typed."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result
from commands import invoke

from smartllm.cli import main

GPT = "gpt-5.4"


def compiled(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return invoke(main, ["compile", "-m", GPT, "--format", "body", *arguments], stdin=stdin)


def body(*arguments: str, stdin: str | bytes | None = None) -> Any:
    result = compiled(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def said(*arguments: str, stdin: str | bytes | None = None) -> Any:
    (turn,) = body(*arguments, stdin=stdin)["input"]
    return turn["content"]


def refused(*arguments: str, stdin: str | bytes | None = None) -> str:
    result = compiled(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr
