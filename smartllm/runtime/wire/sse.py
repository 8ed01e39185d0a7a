"""Server-sent events, from bytes in any pieces to the JSON of each event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.dialects.stream import DONE

_END: Final = b"[DONE]"
_MARK: Final = b"\xef\xbb\xbf"
_FIELDS: Final = (b"data:", b"event:", b"id:", b"retry:", b"error:")


class SSEDecoder:
    """Takes bytes, gives events; comments and fields without meaning here are passed over.

    Follows the WHATWG HTML standard, "Server-sent events", with two leniencies: a last event without its
    blank line counts if its JSON is whole, and a field named ``error`` is an error event (llama.cpp#16109).

    Attributes:
        buffered: About how many bytes are held for an event that is not whole yet.
    """

    def __init__(self) -> None:
        self._fresh = True
        self._parts: list[bytes] = []
        self._data: list[bytes] = []
        self._name = b""
        self.buffered = 0

    def feed(self, data: bytes) -> Iterator[Mapping[str, Any]]:
        """Take the next bytes.

        Raises:
            ValueError: An event is not JSON, or a line is damaged.
            TypeError: It is JSON, but not an object.
        """
        self._parts.append(data)
        self.buffered += len(data)
        if b"\n" not in data and b"\r" not in data:
            return
        data = b"".join(self._parts)
        if self._fresh:
            data, self._fresh = data.removeprefix(_MARK), False
        lines = data.splitlines(keepends=True)
        # A lone \r at the end may be half of \r\n.
        self._parts = [lines.pop()] if lines and not lines[-1].endswith(b"\n") else []
        yield from self._read(lines)

    def end(self) -> Iterator[Mapping[str, Any]]:
        """The stream is over: what is left counts if it is whole."""
        # The last line has no end; the one before it may have ended with the \r that feed kept.
        yield from self._read([*b"".join(self._parts).splitlines(), b""])

    def _read(self, lines: list[bytes]) -> Iterator[Mapping[str, Any]]:
        for line in lines:
            given = line.rstrip(b"\r\n")
            if given.startswith(b"data: "):  # nearly all that is not empty
                self._data.append(given[6:])
                continue
            event = self._line(given) if given else self._dispatch()
            if event is not None:
                yield event

    def _line(self, line: bytes) -> Mapping[str, Any] | None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
        elif name == b"error" and value:
            return {"type": "error", "error": _told(value)}
        elif not name.isascii():
            raise ValueError("a damaged line")  # it may have been an event
        return None

    def _dispatch(self) -> Mapping[str, Any] | None:
        if not self._data:
            self._name, self.buffered = b"", 0
            return None
        data, name = b"\n".join(self._data), self._name
        self._data, self._name, self.buffered = [], b"", 0
        if not data:
            return None
        if data[:1] != b"{" and data.strip() == _END:
            return DONE
        event = _READER.decode(data.decode())
        if not isinstance(event, dict):
            raise TypeError("an event is not a JSON object")
        return {"type": "error", **event} if name == b"error" else event


def looks_like_events(start: bytes) -> bool | None:
    """Whether bytes are the beginning of server-sent events; None if it cannot be told yet."""
    seen = start.removeprefix(_MARK).lstrip()
    if seen.startswith((b":", *_FIELDS)):
        return True
    return None if any(field.startswith(seen) for field in _FIELDS) or _MARK.startswith(start) else False


def _told(value: bytes) -> Any:
    try:
        return _READER.decode(value.decode())
    except (ValueError, RecursionError):
        return value.decode(errors="replace")


def _nothing(_: str) -> None:
    """Some servers write NaN for a count or a probability."""


_READER: Final = json.JSONDecoder(parse_constant=_nothing)
