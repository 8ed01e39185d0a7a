"""Lines of the files that Bedrock's engine gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smartllm.runtime.batch.output_lines import outcomes_of
from smartllm.runtime.batch.service import Outcome

_SHOWN = 200


def read_outcomes(lines: Iterable[bytes]) -> Iterator[Outcome]:
    """What each line tells, as ``outcomes_of``."""
    return outcomes_of(lines, "recordId", _outcome)


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
