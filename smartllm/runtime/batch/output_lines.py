"""Lines of the files that engines give back, whatever their form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from smartllm.runtime.batch.service import Outcome

UNREADABLE: Final = "unreadable_line"
"""Our code for a line of an output that is none."""
_SHOWN: Final = 200


def outcomes_of(
    lines: Iterable[bytes], key: str, outcome: Callable[[Mapping[str, Any]], Outcome]
) -> Iterator[Outcome]:
    """What each line tells; one that is no line of an output is told as an outcome of no name.

    Args:
        lines: The lines.
        key: What an engine calls the id of a line.
        outcome: What a line tells that has one.
    """
    for data in lines:
        if not data.strip():
            continue
        try:
            row = json.loads(data)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict) and isinstance(row.get(key), str):
            yield outcome(row)
        else:
            message = f"it is no line of an output: {data[:_SHOWN]!r}"
            yield Outcome(name="", error={"code": UNREADABLE, "message": message})
