"""``results.jsonl``: a line for each request, in their order, put in its place when it is whole."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from smartllm.runtime.batch.manifest import Manifest
from smartllm.runtime.batch.result_lines import Status, line_text, unanswered
from smartllm.runtime.batch.whole_file import synced

NAME: Final = "results.jsonl"
_MODE: Final = 0o600
_STATUS: Final[dict[str, Status]] = {
    "ready": "waiting",
    "next": "waiting",
    "answered": "answered",
    "cached": "answered",
    "failed": "failed",
    "expired": "expired",
    "refused": "refused",
}
# A line that another was sent for has what became of that one, unless it has a result of its own.
_QUERY: Final = """
SELECT l.line, l.custom_id, l.same_as, coalesce(p.state, l.state), coalesce(p.error, l.error), l.diagnostics,
       r.result, CASE WHEN r.result IS NULL THEN q.result END,
       CASE WHEN r.result IS NULL THEN p.diagnostics END
FROM lines l
LEFT JOIN lines p ON p.line = l.same_as
LEFT JOIN results r ON r.line = l.line
LEFT JOIN results q ON q.line = l.same_as
ORDER BY l.line
"""


def write_results(manifest: Manifest) -> dict[str, int]:
    """Write the folder's results.

    Returns:
        How many lines have which status.
    """
    path = manifest.folder / NAME
    part = path.with_name(f"{NAME}.part")
    tally: Counter[str] = Counter()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
        for status, text in result_lines(manifest):
            tally[status] += 1
            file.write(text.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    synced(manifest.folder)
    return dict(tally)


def result_lines(manifest: Manifest) -> Iterator[tuple[Status, str]]:
    """The results, each with its status and as text without a line's end."""
    with manifest.reading() as db:
        for row in db.execute(_QUERY):
            yield _result(row)


def tally_of(manifest: Manifest) -> dict[Status, int]:
    """How many lines have which status, without their results."""
    query = (
        "SELECT coalesce(p.state, l.state), count(*) FROM lines l "
        "LEFT JOIN lines p ON p.line = l.same_as GROUP BY 1"
    )
    found: Counter[Status] = Counter()
    with manifest.reading() as db:
        for state, count in db.execute(query):
            found[_STATUS[state]] += count
    return dict(found)


def _result(row: tuple[Any, ...]) -> tuple[Status, str]:
    line, custom_id, same_as, state, error, diagnostics, own, theirs, behind = row
    if own is not None:
        return "answered", own
    status = _STATUS[state]
    found = json.loads(diagnostics) if diagnostics else []
    if theirs is not None and status == "answered":
        return status, _shared(line, custom_id, same_as, json.loads(theirs), found, behind)
    told = None if error is None else json.loads(error)
    made = unanswered(line, told, status, custom_id=custom_id, same_as=same_as, diagnostics=found)
    return status, line_text(made)


def _shared(
    line: int,
    custom_id: str | None,
    same_as: int,
    data: dict[str, Any],
    diagnostics: list[Any],
    behind: str | None,
) -> str:
    """The result of a line for which another was sent: its answer, which costs nothing more.

    What the compiler changed is each line's own; what the answer has to tell stands behind it.
    """
    for name in ("line", "custom_id", "status"):
        data.pop(name, None)
    before = len(json.loads(behind)) if behind else 0
    data["diagnostics"] = [*diagnostics, *data.get("diagnostics", ())[before:]]
    if data.get("cost") is not None:
        data["cost"] = 0.0
    head = {"line": line, **({} if custom_id is None else {"custom_id": custom_id}), "status": "answered"}
    return line_text({**head, **data, "same_as": same_as})
