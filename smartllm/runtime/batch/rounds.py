"""Further units of a folder: second steps of answered lines, and lines that are sent again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from smartllm.errors import SmartLLMError
from smartllm.runtime.answer import decode_answer
from smartllm.runtime.batch.compiling import too_few
from smartllm.runtime.batch.joining import unsent
from smartllm.runtime.batch.manifest import Line, Manifest, Unit
from smartllm.runtime.batch.units import Sort, UnitWriter
from smartllm.runtime.replies import Answer

if TYPE_CHECKING:
    from smartllm.compiler import Plan, Step
    from smartllm.runtime.batch.folder_lines import FolderLines
    from smartllm.runtime.batch.planning import Planner

NEXT: Final = "state = 'next'"
RETRYABLE: Final = "state IN ('failed', 'expired') AND json_extract(error, '$.retryable') = 1"
UNANSWERED: Final = "state IN ('failed', 'expired')"
_TOO_FEW: Final = "the second steps are too few for a job of the provider's batch engine"
_ONLINE: Final = "answer them online: smartllm batch retry DIR -o FILE, then smartllm batch run FILE"


_UNDER_WAY: Final = frozenset({"ready", "creating", "submitted", "ended"})
_SHOWN: Final = 8


@dataclass(slots=True)
class Round:
    """Units that were made.

    Attributes:
        units: They.
        lines: How many lines they hold.
        refused: How many lines cannot be sent; they stay as they were.
        wrong: The first few of these, and why.
    """

    units: list[Unit] = field(default_factory=list)
    lines: int = 0
    refused: int = 0
    wrong: list[tuple[int, SmartLLMError]] = field(default_factory=list)

    def refuse(self, line: int, error: SmartLLMError) -> None:
        """Count a line that cannot be sent."""
        self.refused += 1
        if len(self.wrong) < _SHOWN:
            self.wrong.append((line, error))


class Rounds:
    """Makes units of a folder, whose lock the caller holds.

    Args:
        manifest: The folder.
        planner: Compiles, as when the folder was made.
        lines: Plans of its lines.
    """

    def __init__(self, manifest: Manifest, planner: Planner, lines: FolderLines) -> None:
        self._manifest, self._planner, self._lines = manifest, planner, lines

    def second_steps(self) -> Round:
        """Units of lines whose first step is answered.

        Where a job has a minimum, they wait until no more of them can come; those that are too few even then
        have failed for now.
        """
        coming = any(not unit.step and unit.state in _UNDER_WAY for unit in self._manifest.units())
        if coming and self._planner.engine.minimum > 1:
            return Round()
        made = self.make(NEXT)
        if not coming:
            self._give_up()
        return made

    def make(self, where: str) -> Round:
        """Units of lines; a line that cannot be sent stays as it is.

        Files are whole on the disk before the manifest knows of them, in one transaction.

        Args:
            where: Which lines, as a condition in SQL.
        """
        engine, made = self._planner.engine, Round()
        first = max((unit.unit for unit in self._manifest.units()), default=0) + 1
        writer = UnitWriter(self._manifest.folder, engine, name=self._manifest.about["name"], first=first)
        with self._manifest.reading() as db:  # a table of this connection alone, beside the memory
            db.execute("DROP TABLE IF EXISTS temp.placed")
            db.execute("CREATE TEMP TABLE placed (line INTEGER PRIMARY KEY, unit INTEGER NOT NULL)")
            try:
                for page in self._manifest.pages(where):
                    db.executemany("INSERT INTO placed VALUES (?, ?)", self._placed(page, writer, made))
                for sort, units, moved in writer.end():
                    made.units += units
                    few = [line for line, unit in moved if unit is None]
                    for line in few:
                        made.refuse(line, too_few(len(few), sort.model, engine.minimum))
                    db.executemany("DELETE FROM placed WHERE line = ?", [(line,) for line in few])
                    kept = [(unit, line) for line, unit in moved if unit is not None]
                    db.executemany("UPDATE placed SET unit = ? WHERE line = ?", kept)
            finally:
                writer.close()
            made.lines = db.execute("SELECT count(*) FROM placed").fetchone()[0]
        self._commit(made.units)
        return made

    def _placed(self, page: Iterable[Line], writer: UnitWriter, made: Round) -> Iterator[tuple[int, int]]:
        """Lines with the numbers of the units into which they are written."""
        for line in page:
            try:
                step, sort = self._step(line)
            except SmartLLMError as error:
                made.refuse(line.line, error)
            else:
                yield line.line, writer.add(line.line, sort, step.payload)

    def _give_up(self) -> None:
        """Second steps that will never be enough for a job: their lines have failed, for now."""
        for page in self._manifest.pages(NEXT):
            error = unsent(_TOO_FEW, "too_few_lines", hint=_ONLINE)
            with self._manifest.change() as db:
                db.executemany(
                    "UPDATE lines SET state = 'failed', error = ? WHERE line = ?",
                    [(json.dumps(error, ensure_ascii=False), line.line) for line in page],
                )

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
                "UPDATE lines SET state = 'ready', error = NULL, "
                "unit = (SELECT unit FROM placed WHERE placed.line = lines.line) "
                "WHERE line IN (SELECT line FROM placed)"
            )


def requests_of(manifest: Manifest, lines: FolderLines, where: str) -> Iterator[bytes]:
    """The lines of the file of requests that have no answer, as they stand there.

    Args:
        manifest: The folder.
        lines: Reads its requests.
        where: Which lines, as a condition in SQL.
    """
    for line in manifest.lines(where):
        yield lines.data(line).rstrip(b"\r\n") + b"\n"
