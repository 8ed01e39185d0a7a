"""Lines of the files that Bedrock's engine gives back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smartllm.runtime.batch.openai_lines import UNREADABLE
from smartllm.runtime.batch.service import Outcome

_SHOWN = 200


def read_outcomes(lines: Iterable[bytes]) -> Iterator[Outcome]:
    """What each line tells; one that is no line of an output is told as an outcome of no name."""
    for data in lines:
        if not data.strip():
            continue
        try:
            row = json.loads(data)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict) and isinstance(row.get("recordId"), str):
            yield _outcome(row)
        else:
            message = f"it is no line of an output: {data[:_SHOWN]!r}"
            yield Outcome(name="", error={"code": UNREADABLE, "message": message})


def _outcome(row: Mapping[str, Any]) -> Outcome:
    body, told = row.get("modelOutput"), row.get("error")
    if isinstance(body, dict) and not told:
        return Outcome(name=row["recordId"], body=body)
    if isinstance(told, dict):
        code, message = told.get("errorCode"), told.get("errorMessage")
    else:
        code, message = (
            None,
            str(told) if told else f"the line has neither an answer nor an error: {str(body)[:_SHOWN]}",
        )
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else None
    return Outcome(
        name=row["recordId"],
        status=status,
        error={"code": None if status is not None else code, "message": message},
    )
