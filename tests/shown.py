"""The pages whose examples stand with the files that they need and with what they print."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parents[1] / "docs"
_BLOCK: Final = re.compile(
    r"(?:<!-- (file|answers|prints)(?:: ([^\n]*))? -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_NOTEBOOK: Final = """
import ast, asyncio
cells = {cells!r}
async def notebook():
    scope = {{"__name__": "__main__"}}
    for number, cell in enumerate(cells, 1):
        code = compile(cell, f"cell {{number}}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if (waiting := eval(code, scope)) is not None:
            await waiting
asyncio.run(notebook())
"""
"""Cells with a running event loop of their own, as a kernel of Jupyter runs them."""


@dataclass
class Example:
    """A program of a page.

    Attributes:
        name: Page and number.
        code: What is run.
        answers: What the provider is told to answer, each the fields of a ``Reply``.
        output: What the page says that it prints; None where it does not say.
    """

    name: str
    code: str
    answers: list[dict[str, Any]]
    output: str | None = None


def pages() -> Iterator[tuple[str, str]]:
    """Name and text of each page that marks what its examples print, or the files that they need."""
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"<!-- (file|prints|notebook)", text):
            yield path.name, text


def files(text: str) -> dict[str, str]:
    """The files that a page shows, by name."""
    return {said: code for kind, said, _, code in _BLOCK.findall(text) if kind == "file"}


def examples(page: str, text: str) -> list[Example]:
    """The programs of a page, in order."""
    found: list[Example] = []
    for kind, said, language, code in _BLOCK.findall(text):
        if kind == "prints":
            found[-1].output = code
        elif language == "python" and kind != "file":
            found.append(Example(f"{page}-{len(found)}", code, json.loads(said) if said else []))
    if "<!-- notebook -->" not in text:
        return found
    cells = _NOTEBOOK.format(cells=[each.code for each in found])
    answers = [answer for each in found for answer in each.answers]
    return [Example(page, cells, answers, "".join(each.output or "" for each in found))]
