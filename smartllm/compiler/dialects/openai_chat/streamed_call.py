"""A call in a stream of Chat Completions, which comes in pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.dialects.reading import called_with, optional_object, optional_text, table
from smartllm.compiler.dialects.stream import SILENT, Delta, StreamReader, pieces_joined

_CALL: Final = frozenset({"index", "id", "type", "function"})


class StreamedCall:
    """One call under construction.

    Attributes:
        head: Its fields beside the function.
    """

    def __init__(self, head: dict[str, Any], place: int) -> None:
        self.head = head
        self._place = place
        self._told: tuple[str, str] | None = None
        self._name: str | None = None
        self._arguments: list[str] = []

    def add(self, reader: StreamReader, call: Mapping[str, Any]) -> Delta:
        """Take its next piece."""
        function = optional_object(call.get("function"), "function")
        self._name = optional_text(function.get("name"), "function.name") or self._name
        part = function.get("arguments")
        # Some servers send the object itself.
        part = json.dumps(part) if isinstance(part, dict) else part
        piece = optional_text(part, "function.arguments") or ""
        self._arguments.append(piece)
        custom = optional_object(call.get("custom"), "custom")
        for name in call.keys() - _CALL:
            self.head[name] = pieces_joined(self.head.get(name), call[name])
        if self.head.get("type") == "custom":
            self._name = optional_text(custom.get("name"), "custom.name") or self._name
            piece = optional_text(custom.get("input"), "custom.input") or ""
        known = self.head["id"] or "", self._name or ""
        if known == self._told and not piece:
            return SILENT
        self._told = known
        return reader.called(self._place, *known, piece)

    def ends_before(self, part: Mapping[str, Any]) -> bool:
        """Whether a part begins a call of its own: it has a name, and arguments that this one has already."""
        function = table(part.get("function"))
        begins = bool(function.get("name") and function.get("arguments")) and any(self._arguments)
        return begins and isinstance(called_with("".join(self._arguments)), dict)

    def function(self) -> dict[str, Any]:
        """The function that it calls, and what with."""
        return {"name": self._name, "arguments": "".join(self._arguments)}

    def tool(self) -> dict[str, Any]:
        """The call as a message has it."""
        function = {} if self.head["type"] == "custom" else {"function": self.function()}
        return self.head | function
