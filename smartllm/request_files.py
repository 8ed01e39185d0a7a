"""The files that a request file names: below its own folder, or below one that the caller names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smartllm.errors import RequestFileError


def placed(fields: dict[str, Any], folder: Path, source: str) -> dict[str, Any]:
    """The fields of a request file with whole paths in place of those that its parts name.

    Whoever wrote the file need not be whoever runs it, and what it names goes to a provider: nothing outside
    of the folder is read, over links neither.

    Args:
        fields: As JSON has them; nothing is changed but paths, and nothing else is checked.
        folder: What paths are relative to.
        source: Where the request comes from, for messages.

    Raises:
        RequestFileError: A path leads out of the folder; names its place.
    """
    root: Path | None = None
    for place, part in _parts(fields):
        path = part.get("path")
        if not isinstance(path, str) or not path or "\0" in path:
            continue  # the request says what is wrong with it
        root = root or folder.resolve()
        found = (root / path).resolve()
        if not found.is_relative_to(root):
            raise RequestFileError(
                f"{source}: {place}.path: {path!r} lies outside of {str(folder)!r}",
                hint="name the folder that the request may read from: --files FOLDER",
            )
        part["path"] = str(found)
    return fields


def _parts(fields: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts of a request, with their places."""
    yield from _in_list(fields.get("prompt"), "prompt")
    messages = fields.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            yield from _in_list(message.get("content"), f"messages[{index}].content")


def _in_list(content: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(part, dict):
            continue
        here = f"{place}[{index}]"
        if part.get("type") == "tool_result" and part.get("parts"):
            yield from _in_list(part.get("content"), f"{here}.content")
        elif part.get("type") in {"image", "document", "audio", "video"}:
            yield here, part
