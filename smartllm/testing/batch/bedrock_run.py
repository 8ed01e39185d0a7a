"""One job of Bedrock's batch engine from its creation to its end."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from .bedrock_records import InputError, Intake, Quotas, id_of, output_line, record_of

if TYPE_CHECKING:
    from smartllm.testing.routes import Route
    from smartllm.testing.speaking import Spoken

    from .bedrock_job import Job, Status
    from .bedrock_s3 import S3, S3Place
    from .engine import Moment
    from .work import Batches

    Judge = Callable[[Mapping[str, Any]], Spoken | None]

_LOOK: Final = 0.02
"""Seconds between two looks at the clock."""
_TURN: Final = 0.02
"""Seconds of work after which others have their turn."""
MANIFEST: Final = "manifest.json.out"


class Run:
    """The work of a job.

    Args:
        job: The job.
        route: Where its records would go online.
        batches: The clock, the bill and the replies.
        place: Its S3.
        quotas: What it may hold.
        judge: What the engine itself refuses of a record's body.
    """

    def __init__(
        self, job: Job, route: Route, batches: Batches, place: S3Place, quotas: Quotas, judge: Judge
    ) -> None:
        self._job, self._route, self._batches = job, route, batches
        self._place, self._quotas, self._judge = place, quotas, judge
        # The job's own deadline ends it as well.
        limits = (job.engine.expire_after, job.expires - job.created)
        self._engine = replace(job.engine, expire_after=min(one for one in limits if one is not None))
        self._stack = ExitStack()
        self._names: list[str] = []
        self._inputs: list[BinaryIO] = []
        self._outputs: list[BinaryIO] = []
        self._files, self._places = array("l"), array("q")
        self._order: list[int] = []
        self._digest = blake2b(digest_size=16)
        self._chance = ""

    async def run(self) -> None:
        """Bring the job to its end, whatever that is."""
        try:
            with self._stack:
                async with self._place.opened(self._job.region) as s3:
                    await self._through(s3)
        except InputError as error:
            self._turn("Failed", str(error))
        except Exception as error:
            self._turn("Failed", f"Internal error: {type(error).__name__}")
            raise

    def _turn(self, status: Status, message: str = "") -> None:
        self._job.turn(status, self._batches.clock.now(), message)

    async def _through(self, s3: S3) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="smartllm-batch-")))
        await asyncio.sleep(0)
        if not self._stopped:
            self._turn("Validating")
            await self._take(s3, folder)
        if not self._stopped:
            self._turn("Scheduled")
        expired = await self._work()
        for output in self._outputs:
            output.flush()
        await self._deliver(s3, folder)
        self._turn(self._ending(expired=expired))

    @property
    def _stopped(self) -> bool:
        return self._job.status == "Stopping"

    def _ending(self, *, expired: bool) -> Status:
        """The last status: a job that expires is one that had not begun, or is done in part."""
        if self._stopped:
            return "Stopped"
        if not expired:
            return "Completed"
        return "PartiallyCompleted" if self._job.processed else "Expired"

    async def _take(self, s3: S3, folder: Path) -> None:
        """Bring the inputs and hold them against the format and the quotas."""
        sources = await s3.inputs(self._job.source)
        await s3.check(self._job.target)
        self._quotas.check_files({source.name: source.size for source in sources})
        intake = Intake()
        for number, source in enumerate(sources):
            file = self._opened(folder / f"{number}.in")
            await s3.fetch(source, file)
            self._names.append(source.name)
            self._inputs.append(file)
            self._outputs.append(self._opened(folder / f"{number}.out"))
            await self._index(number, file, source.name, intake)
        self._quotas.check_records(len(self._places))
        self._job.total = len(self._places)
        self._chance = self._batches.chance(self._digest.hexdigest())
        self._order = self._engine.order(self._chance, self._job.total)

    def _opened(self, path: Path) -> BinaryIO:
        return self._stack.enter_context(path.open("w+b"))

    async def _index(self, number: int, file: BinaryIO, name: str, intake: Intake) -> None:
        """Note where the records of a file begin."""
        begun = time.perf_counter()
        file.seek(0)
        place = 0
        for count, line in enumerate(file, start=1):
            if line.strip():
                intake.take(line, name, count)
                self._files.append(number)
                self._places.append(place)
            place += len(line)
            self._digest.update(line)
            if time.perf_counter() - begun > _TURN:
                await asyncio.sleep(0)
                begun = time.perf_counter()

    async def _work(self) -> bool:
        """Answer the records as their time comes; whether the job's time was over before."""
        job, begun = self._job, time.perf_counter()
        while not self._stopped:
            moment = self._moment()
            if moment.phase != "validating" and job.total:
                self._turn("InProgress")
            while job.processed < moment.due and not self._stopped:
                self._answer(self._order[job.processed])
                if time.perf_counter() - begun > _TURN:
                    await asyncio.sleep(0)
                    begun = time.perf_counter()
            if moment.phase == "ended":
                return moment.expired
            await asyncio.sleep(_LOOK)
            begun = time.perf_counter()
        return False

    def _moment(self) -> Moment:
        elapsed = self._batches.clock.now() - self._job.created
        return self._engine.at(elapsed, self._job.total)

    def _answer(self, place: int) -> None:
        """Answer one record, and write the line of its output."""
        job, number = self._job, self._files[place]
        file = self._inputs[number]
        file.seek(self._places[place])
        record = record_of(file.readline(), self._names[number])
        name, body = id_of(record, place, job.id), record["modelInput"]
        said = self._judge(body) or self._batches.answer(
            self._route, json.dumps(body).encode(), engine=self._engine, chance=self._chance, name=name
        )
        self._outputs[number].write(output_line(name, body, said, job.operation))
        job.processed += 1
        if not said.reply.is_error:
            job.succeeded += 1
        if said.answer is not None:
            job.read += said.answer.counts.whole_input
            job.written += said.answer.counts.output

    async def _deliver(self, s3: S3, folder: Path) -> None:
        """Leave the outputs and the summary where they belong; of nothing done there are none."""
        if not self._job.processed:
            return
        base = f"{self._job.target.rstrip('/')}/{self._job.id}"
        for number, name in enumerate(self._names):
            path = folder / f"{number}.out"
            if path.stat().st_size:
                await s3.put(f"{base}/{name}.out", path)
        summary = folder / MANIFEST
        summary.write_text(json.dumps(self._job.summary()), encoding="utf-8")
        await s3.put(f"{base}/{MANIFEST}", summary)
