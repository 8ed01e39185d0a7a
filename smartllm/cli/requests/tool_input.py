"""From ``--tools`` to declarations: files of them, and functions of modules."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from smartllm.cli.requests.request_input import imported, read_json, source_of
from smartllm.errors import RequestFileError
from smartllm.tools import Tool, ToolError


def load_tools(given: Iterable[str]) -> list[Tool | dict[str, Any]]:
    """The tools that options name.

    Args:
        given: Files and ``module:name``s. A file is JSON (``-`` for standard input) or TOML: a list of tools,
            one tool, or an object whose ``tools`` are the list, such as a request file. What a module has
            under a name declares one tool, or is a list of such things.

    Raises:
        RequestFileError: Unreadable, or no tool; names the file, which of its tools, and the reason.
    """
    return [tool for text in given for tool in _declared(text)]


def _declared(text: str) -> list[Tool | dict[str, Any]]:
    found = _found(text)
    listed = found if isinstance(found, (list, tuple)) else [found]
    return [_tool(item, f"{source_of(text)}: tools[{index}]") for index, item in enumerate(listed)]


def _found(text: str) -> Any:
    if ":" in text and not Path(text).exists():
        return imported(text, "--tools")
    data = _read_toml(text) if text.endswith(".toml") else read_json(text)
    return data["tools"] if isinstance(data, dict) and "tools" in data else data


def _read_toml(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestFileError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # of TOML's and of UTF-8's
        raise RequestFileError(f"{path}: not valid TOML: {error}") from None


def _tool(given: Any, place: str) -> Tool | dict[str, Any]:
    try:
        made: Tool | dict[str, Any] = Tool.from_(given)
    except ToolError as error:
        raise RequestFileError(f"{place}: {error.message}", hint=error.hint) from None
    return made
