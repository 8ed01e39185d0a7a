"""A line of the requests and a unit of a folder, as its manifest keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from smartllm.unicode import unicode_text

LineState = Literal["ready", "same", "cached", "refused", "answered", "failed", "expired", "next"]
"""``ready``: in a unit, or waits for one. ``same``: another one is sent for it. ``cached``: the cache had it.
``refused``: no body could be made. ``next``: step 1 is answered, step 2 waits for its unit."""
UnitState = Literal["ready", "creating", "submitted", "ended", "collected", "failed"]
"""``creating``: a job may or may not exist. ``submitted``: it does. ``ended``: its outputs can be taken.
``failed``: the provider took no line of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the requests.

    Attributes:
        line: Its number, from 1; blank lines are counted and have no row.
        custom_id: The caller's own id, which results repeat.
        place: Where it begins in ``requests.jsonl``, in bytes.
        length: Its bytes.
        key: Its key in the cache; None where no body could be made.
        same_as: The line that is sent for it.
        state: What has become of it.
        unit: The unit that holds it now.
        error: Why it has no answer, as JSON data: ``type``, ``message`` and what else is known.
        diagnostics: What the compiler changed, as JSON data.
    """

    line: int
    place: int
    length: int
    state: LineState
    custom_id: str | None = None
    key: str | None = None
    same_as: int | None = None
    unit: int | None = None
    error: dict[str, Any] | None = None
    diagnostics: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One file of a provider's, and the job that works on it: one model, one endpoint.

    Attributes:
        unit: Its number, from 1.
        step: Which step of its plans it holds, from 0.
        model: Model id as on the wire.
        endpoint: OpenAI's path, such as ``/v1/responses``; Bedrock's ``InvokeModel`` or ``Converse``.
        file: Its file, below the folder.
        lines: How many lines it has.
        bytes: How long it is.
        state: How far it is.
        token: By which its job is known again: the client's own word in the provider's job.
        upload: The provider's name of the uploaded file: an id or an S3 address.
        job: The provider's id of its job.
        status: The provider's word for where the job stands.
        counts: The provider's counts, as it gave them.
        error: Why the provider took no line of it.
        changed: When the state changed, in seconds since the epoch.
        began: When its job was begun.
        ended: When its job was first seen to have ended.
    """

    unit: int
    step: int
    model: str
    endpoint: str
    file: str
    lines: int
    bytes: int
    state: UnitState
    token: str
    upload: str | None = None
    job: str | None = None
    status: str | None = None
    counts: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    changed: float | None = None
    began: float | None = None
    ended: float | None = None


_JSON: Final = frozenset({"error", "diagnostics", "counts"})
LINE: Final = tuple(Line.__dataclass_fields__)
UNIT: Final = tuple(Unit.__dataclass_fields__)
_ID: Final = re.compile("L[0-9]{10}")


def line_id(line: int) -> str:
    """The id of a line in every provider's file: eleven letters and digits, which all of them take.

    OpenAI and Anthropic take up to 64; an older copy of Bedrock's page on batch data wants eleven.
    """
    return f"L{line:010d}"


def line_of(name: str) -> int | None:
    """The line of an id; None for what is no id of ours."""
    return int(name[1:]) if _ID.fullmatch(name) else None


def as_text(value: Any) -> str:
    """JSON as the manifest keeps it: SQLite takes no halves of surrogate pairs."""
    return unicode_text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def kept(name: str, value: Any) -> Any:
    """A value as its column has it."""
    return as_text(value) if name in _JSON and value is not None else value


def line_read(row: Iterable[Any]) -> Line:
    """The line of a row."""
    return Line(**_read(LINE, row))


def unit_read(row: Iterable[Any]) -> Unit:
    """The unit of a row."""
    return Unit(**_read(UNIT, row))


def _read(names: tuple[str, ...], row: Iterable[Any]) -> dict[str, Any]:
    return {
        name: json.loads(value) if name in _JSON and value is not None else value
        for name, value in zip(names, row, strict=True)
    }
