"""Further units of a folder: second steps of answered lines, and lines that are sent again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from smartllm.errors import CompileError, SmartLLMError
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
_SHOWN: Final = 100
_FEW: Final = "answer them online: smartllm batch retry DIR -o FILE, then smartllm batch run FILE"
UNANSWERED: Final = "state IN ('failed', 'expired')"


@dataclass(slots=True)
class Round:
    """Units that were made.

    Attributes:
        units: They.
        lines: How many lines they hold.
        refused: The first lines that cannot be sent, and why.
        refusals: How many they are.
    """

    units: list[Unit] = field(default_factory=list)
    lines: int = 0
    refused: list[tuple[int, SmartLLMError]] = field(default_factory=list)
    refusals: int = 0

    def add(self, more: Round) -> None:
        """Count another round in."""
        self.units += more.units
        self.lines += more.lines
        self.refused = [*self.refused, *more.refused][:_SHOWN]
        self.refusals += more.refusals


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

        Files are whole on the disk before the manifest knows of them, in one transaction. Lines that cannot
        be sent keep what is known of them; those of second steps have failed then, as nothing else tells why.

        Args:
            where: Which lines, as a condition in SQL.
        """
        engine, made = self._planner.engine, Round()
        first = max((unit.unit for unit in self._manifest.units()), default=0) + 1
        writer = UnitWriter(self._manifest.folder, engine, name=self._manifest.about["name"], first=first)
        with self._manifest.reading() as db:
            db.execute("DROP TABLE IF EXISTS temp.round")
            db.execute("CREATE TEMP TABLE round (line INTEGER PRIMARY KEY, unit INTEGER, error TEXT)")
            db.execute(f"INSERT INTO round (line) SELECT line FROM lines WHERE {where}")  # noqa: S608 - our own
            try:
                after = 0
                few_rows = "line IN (SELECT line FROM round WHERE line > ? ORDER BY line LIMIT 256)"
                while page := [*self._manifest.lines(few_rows, [after])]:
                    after = page[-1].line
                    rows = [self._placed(line, writer, made) for line in page]
                    db.executemany("UPDATE round SET unit = ?, error = ? WHERE line = ?", rows)
                for sort, units, moved in writer.end():
                    made.units += units
                    few = too_few(sum(unit is None for _, unit in moved), sort.model, engine.minimum)
                    told = json.dumps(
                        {**error_data(few), "retryable": True, "hint": _FEW}, ensure_ascii=False
                    )
                    rows = [(unit, told if unit is None else None, line) for line, unit in moved]
                    db.executemany("UPDATE round SET unit = ?, error = ? WHERE line = ?", rows)
                    made.refused += [(line, few) for line, unit in moved if unit is None]
                    made.refusals += sum(unit is None for _, unit in moved)
            finally:
                writer.close()
            self._commit(made.units)
            made.lines = db.execute("SELECT count(*) FROM round WHERE unit IS NOT NULL").fetchone()[0]
            db.execute("DROP TABLE temp.round")
        return made

    def second_steps(self) -> Round:
        """Units of second steps; none while more of them may come, where jobs need many lines."""
        first = self._manifest.units("ready", "creating", "submitted", "ended")
        if self._planner.engine.minimum > 1 and any(unit.step == 0 for unit in first):
            return Round()
        return self.make(NEXT)

    def _placed(self, line: Line, writer: UnitWriter, made: Round) -> tuple[int | None, str | None, int]:
        try:
            step, sort = self._step(line)
            size = writer.too_long(line.line, sort.endpoint, len(step.payload))
            if size is not None:
                raise CompileError(
                    f"its line would have {size:,} bytes, and the provider's files have "
                    f"{self._planner.engine.bytes:,} at most",
                    hint="answer it online: smartllm batch run",
                )
            return writer.add(line.line, sort, step.payload), None, line.line
        except SmartLLMError as error:
            made.refusals += 1
            if len(made.refused) < _SHOWN:
                made.refused.append((line.line, error))
            return None, json.dumps(error_data(error), ensure_ascii=False), line.line

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

    def _commit(self, units: Iterable[Unit]) -> None:
        with self._manifest.change() as db:
            self._manifest.insert_units(db, units)
            db.execute(
                "UPDATE lines SET state = 'ready', error = NULL, unit = "
                "(SELECT unit FROM round WHERE round.line = lines.line) "
                "WHERE line IN (SELECT line FROM round WHERE unit IS NOT NULL)"
            )
            db.execute(
                "UPDATE lines SET state = 'failed', error = "
                "(SELECT error FROM round WHERE round.line = lines.line) "
                "WHERE state = 'next' AND line IN (SELECT line FROM round WHERE unit IS NULL)"
            )
