"""What a sandbox keeps of its calls for its page: the last few thousand, within a bound of bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from smartllm.testing.heard import dict_of, json_of

if TYPE_CHECKING:
    from smartllm.testing.answer import Counts
    from smartllm.testing.calls import Call as ToolCall
    from smartllm.testing.reply import Recorded
    from smartllm.testing.speaking import Spoken

MOST_CALLS: Final = 5000
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of all bodies and answers together; the oldest are forgotten first."""
LONGEST: Final = 1024 * 1024
"""Bytes of one body, or of one answer; what is longer is kept to there."""
_SHOWN_OF_A_FILE: Final = 64 * 1024
_SNIPPET: Final = 160
_LONGEST_NAME: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was answered.

    Attributes:
        headers: Its headers.
        raw: Its bytes, without what is too long to keep.
        frames: How many pieces these were.
        text: What it says, reasoning apart.
        thinking: Its reasoning.
        refusal: The text of a refusal by the model.
        calls: The calls of tools in it.
        counts: Its tokens.
    """

    headers: Mapping[str, str]
    raw: bytes
    frames: int
    text: str = ""
    thinking: str = ""
    refusal: str = ""
    calls: tuple[ToolCall, ...] = ()
    counts: Counts | None = None

    @property
    def size(self) -> int:
        """Of its bytes and of what they say, about."""
        calls = sum(len(one.arguments) for one in self.calls)
        return len(self.raw) + len(self.text) + len(self.thinking) + len(self.refusal) + calls

    @property
    def begins(self) -> str:
        """How it begins."""
        told = self.text or self.refusal or ", ".join(f"{one.name}({one.arguments})" for one in self.calls)
        return " ".join(told[: 2 * _SNIPPET].split())[:_SNIPPET]


@dataclass(eq=False, slots=True)
class Call:
    """One call.

    Attributes:
        number: Its number, from 1.
        recorded: Its request and what became of it, without bodies that are too long to keep.
        begun: When it came, in seconds since 1970.
        told: Its answer; None until there is one, and where it is no longer kept.
        snippet: How its answer begins.
        model: The model that it asks for, where it asks for one.
        streamed: The answer is a stream.
        checked: It was held against the rules.
        forgotten: Its bodies are no longer kept.
        size: Bytes of its body as it came.
        kept: Bytes that are kept of it.
    """

    number: int
    recorded: Recorded
    begun: float
    told: Told | None = None
    snippet: str = ""
    model: str = ""
    streamed: bool = False
    checked: bool = False
    forgotten: bool = False
    size: int = 0
    kept: int = field(default=0, repr=False)

    @property
    def verdict(self) -> str:
        """What became of it, in a word."""
        recorded = self.recorded
        if recorded.refused is not None:
            return "refused"
        if recorded.disconnected:
            return "left"
        if recorded.status is None:
            return "waiting"
        if recorded.reason or recorded.status >= 400:  # noqa: PLR2004 - HTTP's first error
            return "error"
        return "streaming" if recorded.seconds is None else "answered"

    def summary(self) -> dict[str, Any]:
        """What the list shows of it."""
        recorded, route = self.recorded, self.recorded.route
        return {
            "n": self.number,
            "at": self.begun,
            "method": recorded.method,
            "path": _short(recorded.path),
            "model": _short(self.model),
            "wire": (route and route.dialect) or "",
            "host": route.provider if route else "",
            "status": recorded.status,
            "verdict": self.verdict,
            "ms": None if recorded.seconds is None else round(recorded.seconds * 1000, 1),
            "bytes": self.size,
            "streamed": self.streamed,
            "text": recorded.reason[:_SNIPPET] or self.snippet,
        }


class CallLog:
    """The calls, the last that changed last.

    Attributes:
        epoch: Another one after each ``clear``, and in each log.
    """

    def __init__(self) -> None:
        self.epoch = uuid4().hex
        self._calls: dict[int, Call] = {}
        self._holding: dict[int, Call] = {}  # those whose bodies are kept, the oldest first
        self._number = self._version = 0
        self._changed: dict[int, int] = {}
        self._bytes = 0
        self._awake = asyncio.Event()

    def begin(self, recorded: Recorded) -> Call:
        """A request has come."""
        self._number += 1
        call = Call(self._number, recorded, time.time(), size=len(recorded.body))
        self._keep(call, min(call.size, LONGEST))
        self._calls[call.number] = call
        while len(self._calls) > MOST_CALLS:
            oldest = next(iter(self._calls))
            self._changed.pop(oldest, None)
            self._forget(self._calls.pop(oldest))
        self.touch(call)
        return call

    def answer(self, call: Call, spoken: Spoken) -> None:
        """Its answer is about to be sent."""
        told = _told(spoken)
        call.streamed, call.model, call.snippet = spoken.streamed, _model(call.recorded, spoken), told.begins
        if not call.forgotten:
            call.told = told
            self._keep(call, told.size)
        self.touch(call)

    def end(self, call: Call) -> None:
        """Its answer has been sent, or will never be."""
        if call.forgotten or call.size > LONGEST:
            _shorten(call)
        self.touch(call)

    def touch(self, call: Call) -> None:
        """Something of it changed."""
        if self._calls.get(call.number) is call:
            self._version += 1
            self._changed.pop(call.number, None)
            self._changed[call.number] = self._version
            self._awake.set()

    def clear(self) -> None:
        """Forget all; what is still being answered is kept no more."""
        self.epoch = uuid4().hex
        for call in self._holding.values():
            call.kept, call.told, call.forgotten = 0, None, True
        self._calls.clear()
        self._holding.clear()
        self._changed.clear()
        self._bytes = 0
        self._awake.set()

    def find(self, number: int) -> Call | None:
        """A call by its number; None for one that is not kept."""
        return self._calls.get(number)

    def since(self, version: int, most: int) -> tuple[int, list[dict[str, Any]]]:
        """What changed after a version, the oldest change first, and up to which version that is."""
        new = sum(1 for _ in _later(self._changed, version))
        found = list(islice(self._changed.items(), len(self._changed) - new, len(self._changed) - new + most))
        shown = [self._calls[number].summary() for number, _ in found]
        return (found[-1][1] if found else max(version, 0)), shown

    async def change(self, seconds: float) -> bool:
        """Wait until something changes, but no longer than so many seconds; whether it did."""
        self._awake.clear()
        try:
            return await asyncio.wait_for(self._awake.wait(), seconds)
        except TimeoutError:
            return False

    def _keep(self, call: Call, count: int) -> None:
        call.kept += count
        self._bytes += count
        self._holding[call.number] = call
        while self._bytes > MOST_BYTES:
            self._forget(next(iter(self._holding.values())))

    def _forget(self, call: Call) -> None:
        if self._holding.pop(call.number, None) is None:
            return
        self._bytes -= call.kept
        call.kept, call.told, call.forgotten = 0, None, True
        if call.recorded.seconds is not None:
            _shorten(call)


def _short(name: str) -> str:
    """A name as the list shows it: each browser gets all of them, and one may be of any length."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def _later(changed: dict[int, int], version: int) -> Iterator[int]:
    for number in reversed(changed):
        if changed[number] <= version:
            return
        yield number


def _shorten(call: Call) -> None:
    """Keep no more of a request's body than is allowed; the recorded request itself stays whole."""
    if call.recorded.refused is not None:
        _ = call.recorded.fact  # looked for while the body is there
    most = 0 if call.forgotten else LONGEST
    call.recorded = replace(call.recorded, body=call.recorded.body[:most])


def _model(recorded: Recorded, spoken: Spoken) -> str:
    route = recorded.route
    if route is None or route.dialect is None:
        return ""
    if route.model:
        return route.model
    if spoken.answer is not None:
        return spoken.answer.asked.model
    try:
        said = json_of(recorded.body) if len(recorded.body) <= LONGEST else {}
    except ValueError:
        return ""
    return str(dict_of(said).get("model") or "")


def _told(spoken: Spoken) -> Told:
    if spoken.file is None:
        raw = b"".join(spoken.parts)[:LONGEST]
    else:
        with spoken.file.open("rb") as file:
            raw = file.read(_SHOWN_OF_A_FILE)
    said, headers, frames = spoken.answer, spoken.all_headers, len(spoken.parts)
    if said is None:
        return Told(headers=headers, raw=raw, frames=frames)
    return Told(
        headers=headers,
        raw=raw,
        frames=frames,
        text=said.text[:LONGEST],
        thinking=(said.thinking or "")[:LONGEST],
        refusal=said.refusal or "",
        calls=said.calls,
        counts=said.counts,
    )
