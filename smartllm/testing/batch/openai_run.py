"""One batch of OpenAI's engine from its creation to its end."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from uuid import uuid4

from smartllm.testing.heard import Refused
from smartllm.testing.reply import Reply
from smartllm.testing.routes import error_body

from .openai_lines import looked_through
from .refusals import batch_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from smartllm.testing.routes import Route
    from smartllm.testing.speaking import Spoken

    from .engine import Moment
    from .openai_files import Files, StoredFile
    from .openai_job import Job
    from .openai_lines import Lines
    from .work import Batches

_LOOK: Final = 0.02
"""Seconds between two looks at the clock."""
_TURN: Final = 0.02
_EXPIRED: Final = "This request could not be executed before the completion window expired."
_STREAM: Final = "Streaming is not supported in the Batch API."
_NOT_RUN: Final = "The model {} is not supported in the Batch API."


class Run:
    """The work of a batch.

    Args:
        job: The batch.
        route: Where its lines would go online.
        source: The file with its lines.
        files: Where its outputs go.
        batches: The clock, the bill and the replies.
        enqueued: Tokens of a model's other batches that have not ended.
        most: How many lines a batch may have.
        check: Refuse lines by what the rules say of the engine.
    """

    def __init__(
        self,
        job: Job,
        route: Route,
        source: StoredFile,
        files: Files,
        batches: Batches,
        enqueued: Callable[[str], int],
        *,
        most: int,
        check: bool,
    ) -> None:
        self._job, self._route, self._source, self._files = job, route, source, files
        self._batches, self._enqueued, self._most, self._check = batches, enqueued, most, check
        self._expired = False

    async def run(self) -> None:
        """Bring the batch to its end, whatever that is."""
        with ExitStack() as stack:
            given = stack.enter_context(self._source.path.open("rb"))
            lines = await looked_through(given, self._job.endpoint, self._most)
            await self._until_validated(lines)
            if self._job.errors:
                self._job.turn("failed", self._now)
                return
            name, path = self._files.place()
            other, failures = self._files.place()
            with path.open("wb") as answered, failures.open("wb") as failed:
                await self._through(given, lines, answered, failed)
            self._job.output = self._kept(name, path, "output")
            self._job.errors_file = self._kept(other, failures, "error")
        self._end()

    @property
    def _is_cancelled(self) -> bool:
        return self._job.status == "cancelling"

    @property
    def _now(self) -> float:
        return self._batches.clock.now()

    def _moment(self, lines: int) -> Moment:
        return self._job.engine.at(self._now - self._job.created, lines)

    async def _until_validated(self, lines: Lines) -> None:
        """Wait for the end of the validation, which takes its time whatever it finds."""
        job, limit = self._job, self._job.engine.token_limit
        while self._moment(1).phase == "validating" and not self._is_cancelled:  # noqa: ASYNC110 - the clock jumps
            await asyncio.sleep(_LOOK)
        job.model, job.total = lines.model, len(lines.places)
        if not lines.errors and limit is not None and self._enqueued(lines.model) + lines.tokens > limit:
            text = (
                f"Enqueued token limit reached for {lines.model}. Limit: {limit:,} enqueued tokens. "
                "Please try again once some in_progress batches have been completed."
            )
            lines.wrong("token_limit_exceeded", text)
        job.errors, job.tokens = lines.errors, lines.tokens
        if job.errors:
            job.total = 0
        else:
            job.turn("in_progress", self._now)

    async def _through(self, given: BinaryIO, lines: Lines, answered: BinaryIO, failed: BinaryIO) -> None:
        """Answer the lines as their time comes."""
        job, total, done = self._job, len(lines.places), 0
        order = job.engine.order(job.id, total)
        begun = time.perf_counter()
        while not self._is_cancelled:
            moment = self._moment(total)
            while done < moment.due and not self._is_cancelled:
                given.seek(lines.places[order[done]])
                self._line(json.loads(given.readline()), answered, failed)
                done += 1
                if time.perf_counter() - begun > _TURN:
                    await asyncio.sleep(0)
                    begun = time.perf_counter()
            if moment.phase == "finalizing":
                job.turn("finalizing", self._now)
            if moment.phase == "ended":
                self._expired = moment.expired
                break
            await asyncio.sleep(_LOOK)
            begun = time.perf_counter()
        if self._expired:
            for place in order[done:]:
                given.seek(lines.places[place])
                row = json.loads(given.readline())
                job.failed += 1
                failed.write(_row(row["custom_id"], None, {"code": "batch_expired", "message": _EXPIRED}))

    def _line(self, row: Mapping[str, Any], answered: BinaryIO, failed: BinaryIO) -> None:
        """Answer one line."""
        job, name, body = self._job, str(row["custom_id"]), row["body"]
        problem = next(self._problems(body), None) if self._check else None
        if problem is not None:
            refused = Reply(status=problem.status, error_message=problem.message, error_code=problem.code)
            response = _response(problem.status, error_body(self._route, refused))
        else:
            said = self._batches.answer(
                self._route, json.dumps(body).encode(), engine=job.engine, job=job.id, name=name
            )
            response = _response(said.reply.status if said.reply.is_error else 200, _json(said))
            if said.answer is not None:
                job.usage[0] += said.answer.counts.whole_input
                job.usage[1] += said.answer.counts.output
        if response["status_code"] < 400:  # noqa: PLR2004 - the first of the errors
            job.completed += 1
            answered.write(_row(name, response, None))
        else:
            job.failed += 1
            failed.write(_row(name, response, None))

    def _problems(self, body: Mapping[str, Any]) -> Iterator[Refused]:
        """What the engine itself refuses of a line."""
        if body.get("stream"):
            yield Refused(_STREAM, fact="batch.streaming")
        takes = batch_facts(replace(self._route, model=str(body["model"])))
        if takes is not None and takes.available == "no":
            yield Refused(_NOT_RUN.format(body["model"]), fact="batch.available")

    def _kept(self, name: str, path: Path, kind: str) -> str | None:
        """Take an output; of nothing there is none."""
        if not path.stat().st_size:
            path.unlink()
            return None
        lasts = {} if self._job.lasts is None else {"lasts": self._job.lasts}
        self._files.keep(name, path, f"{self._job.id}_{kind}.jsonl", "batch_output", self._now, **lasts)
        return name

    def _end(self) -> None:
        job = self._job
        if self._is_cancelled:
            job.turn("cancelled", self._now)
        elif self._expired:
            job.turn("expired", self._now)
        else:
            job.turn("completed", self._now)


def _response(status: int, body: Any) -> dict[str, Any]:
    return {"status_code": status, "request_id": f"req_{uuid4().hex}", "body": body}


def _row(name: str, response: Mapping[str, Any] | None, error: Mapping[str, Any] | None) -> bytes:
    row = {"id": f"batch_req_{uuid4().hex}", "custom_id": name, "response": response, "error": error}
    return json.dumps(row, ensure_ascii=False).encode(errors="replace") + b"\n"


def _json(said: Spoken) -> Any:
    try:
        return json.loads(b"".join(said.parts))
    except ValueError:
        return b"".join(said.parts).decode(errors="replace")
