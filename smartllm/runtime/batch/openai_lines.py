"""Lines of the files that OpenAI's engine gives back: answers, and what failed, in one shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from smartllm.runtime.batch.output_lines import outcomes_of
from smartllm.runtime.batch.service import Outcome

_NOT_DONE: Final = frozenset({"batch_expired", "batch_cancelled"})
_SHOWN: Final = 200


def read_outcomes(lines: Iterable[bytes]) -> Iterator[Outcome]:
    """What each line tells, as ``outcomes_of``."""
    return outcomes_of(lines, "custom_id", _outcome)


def _outcome(row: Mapping[str, Any]) -> Outcome:
    name, told = row["custom_id"], row.get("error")
    answer = row.get("response")
    answer = answer if isinstance(answer, dict) else {}
    status, body, request_id = answer.get("status_code"), answer.get("body"), answer.get("request_id")
    error = None
    if isinstance(told, dict):
        error = _error(told.get("code"), told.get("message"))
    elif told:
        error = _error(None, str(told))
    if not isinstance(body, dict):
        if body not in (None, "") and error is None:
            error = _error(None, f"the answer is no object: {str(body)[:_SHOWN]}")
        body = None
    if body is None and error is None:
        error = _error(None, "the line has neither an answer nor an error")
    return Outcome(
        name=name,
        status=status if isinstance(status, int) else None,
        body=body,
        request_id=request_id if isinstance(request_id, str) and request_id else None,
        error=error,
        expired=body is None and error is not None and error["code"] in _NOT_DONE,
    )


def _error(code: Any, message: Any) -> dict[str, Any]:
    return {"code": code, "message": message}
