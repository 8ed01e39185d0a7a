"""Further units of a folder: second steps of answered lines, and lines that are sent again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smartllm.errors import SmartLLMError
from smartllm.runtime.answer import decode_answer
from smartllm.runtime.batch.compiling import too_few
from smartllm.runtime.batch.manifest import Line, Manifest, Unit
from smartllm.runtime.batch.result_lines import error_data
from smartllm.runtime.batch.units import Sort, UnitWriter
from smartllm.runtime.replies import Answer

if TYPE_CHECKING:
    from smartllm.compiler import Plan, Step
    from smartllm.runtime.batch.folder_lines import FolderLines
    from smartllm.runtime.batch.planning import Planner

NEXT: Final = "state = 'next'"
RETRYABLE: Final = "state IN ('failed', 'expired') AND json_extract(error, '$.retryable') = 1"
UNANSWERED: Final = "state IN ('failed', 'expired')"


@dataclass(slots=True)
class Round:
    """Units that were made.

    Attributes:
        units: They.
        lines: How many lines they hold.
        refused: Lines that cannot be sent, and why.
    """

    units: list[Unit]
    lines: int
    refused: list[tuple[int, SmartLLMError]]


class Rounds:
    """Makes units of a folder, whose lock the caller holds.

    Args:
        manifest: The folder.
        planner: Compiles, as when the folder was made.
        lines: Plans of its lines.
    """

    def __init__(self, manifest: Manifest, planner: Planner, lines: FolderLines) -> None:
        self._manifest, self._planner, self._lines = manifest, planner, lines

    def make(self, where: str) -> Round:
        """Units of lines.

        Files are whole on the disk before the manifest knows of them, in one transaction.

        Args:
            where: Which lines, as a condition in SQL.
        """
        engine = self._planner.engine
        first = max((unit.unit for unit in self._manifest.units()), default=0) + 1
        writer = UnitWriter(self._manifest.folder, engine, name=self._manifest.about["name"], first=first)
        placed: dict[int, int] = {}
        refused: list[tuple[int, SmartLLMError]] = []
        units: list[Unit] = []
        try:
            for line in [*self._manifest.lines(where)]:
                try:
                    step, sort = self._step(line)
                    placed[line.line] = writer.add(line.line, sort, step.payload)
                except SmartLLMError as error:
                    refused.append((line.line, error))
            for sort, made, moved in writer.end():
                units += made
                for line_number, unit in moved:
                    if unit is None:
                        del placed[line_number]
                        refused.append((line_number, too_few(len(moved), sort.model, engine.minimum)))
                    else:
                        placed[line_number] = unit
        finally:
            writer.close()
        self._commit(units, placed.items(), refused)
        return Round(units, len(placed), refused)

    def _step(self, line: Line) -> tuple[Step, Sort]:
        """The step that a line is sent with now.

        Raises:
            SmartLLMError: It cannot be compiled any more.
        """
        _, plan, _ = self._lines.plan(line)
        assert plan.batch is not None
        step, number = self._filled(line, plan)
        return step, Sort(plan.batch.endpoint, step.model, number)

    def _filled(self, line: Line, plan: Plan) -> tuple[Step, int]:
        if len(plan.steps) == 1:
            return plan.steps[0], 0
        with self._manifest.reading() as db:
            row = db.execute(
                "SELECT reply, request_id FROM replies WHERE line = ? AND step = 0", (line.line,)
            ).fetchone()
        if row is None:
            return plan.steps[0], 0
        first = decode_answer(plan.steps[0], Answer(json.loads(row[0]), row[1]))
        return plan.steps[1].fill(first.text), 1

    def _commit(
        self,
        units: Iterable[Unit],
        placed: Iterable[tuple[int, int]],
        refused: Iterable[tuple[int, SmartLLMError]],
    ) -> None:
        failed = [(json.dumps(error_data(error), ensure_ascii=False), line) for line, error in refused]
        with self._manifest.change() as db:
            self._manifest.insert_units(db, units)
            db.executemany(
                "UPDATE lines SET state = 'ready', error = NULL, unit = ? WHERE line = ?",
                [(unit, line) for line, unit in placed],
            )
            db.executemany("UPDATE lines SET state = 'failed', error = ? WHERE line = ?", failed)


def requests_of(manifest: Manifest, lines: FolderLines, where: str) -> Iterator[bytes]:
    """The lines of the file of requests that have no answer, as they stand there.

    Args:
        manifest: The folder.
        lines: Reads its requests.
        where: Which lines, as a condition in SQL.
    """
    for line in manifest.lines(where):
        yield lines.data(line).rstrip(b"\r\n") + b"\n"
