"""One batch of OpenAI's engine from its creation to its end."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from uuid import uuid4

from smartllm.testing.heard import Refused
from smartllm.testing.host_words import error_body
from smartllm.testing.reply import Reply

from .engine import Turns
from .openai_lines import looked_through, row_of
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
_EXPIRED: Final = "This request could not be executed before the completion window expired."
_STREAMED: Final = ("stream", "stream_options")
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
        # The window ends it as well.
        limits = (job.engine.expire_after, job.expires - job.created)
        self._engine = replace(job.engine, expire_after=min(one for one in limits if one is not None))
        self._expired = False
        self._turns = Turns()

    async def run(self) -> None:
        """Bring the batch to its end, whatever that is."""
        try:
            await self._run()
        except Exception as error:
            text = f"The server had an error while processing the batch: {type(error).__name__}"
            self._job.errors = [{"code": "server_error", "message": text, "line": None, "param": None}]
            self._job.turn("failed", self._now)
            raise

    async def _run(self) -> None:
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
        return self._engine.at(self._now - self._job.created, lines)

    async def _until_validated(self, lines: Lines) -> None:
        """Wait for the end of the validation, which takes its time whatever it finds."""
        job, limit = self._job, self._engine.token_limit
        while self._moment(1).phase == "validating" and not self._is_cancelled:  # noqa: ASYNC110 - the clock jumps
            await asyncio.sleep(_LOOK)
        if self._is_cancelled:
            return
        job.model = lines.model
        if not lines.errors and limit is not None and self._enqueued(lines.model) + lines.tokens > limit:
            text = (
                f"Enqueued token limit reached for {lines.model}. Limit: {limit:,} enqueued tokens. "
                "Please try again once some in_progress batches have been completed."
            )
            lines.wrong("token_limit_exceeded", text)
        job.errors = lines.errors
        if not job.errors:
            job.total, job.tokens = len(lines.places), lines.tokens
            job.turn("in_progress", self._now)

    async def _through(self, given: BinaryIO, lines: Lines, answered: BinaryIO, failed: BinaryIO) -> None:
        """Answer the lines as their time comes."""
        job, total, done = self._job, len(lines.places), 0
        chance = self._batches.chance(lines.digest)
        order = self._engine.order(chance, total)

        def row(number: int) -> Any:
            given.seek(lines.places[order[number]])
            return row_of(given.readline())

        while not self._is_cancelled:
            moment = self._moment(total)
            while done < moment.due and not self._is_cancelled:
                self._line(row(done), chance, answered, failed)
                done += 1
                await self._turns.give()
            if moment.phase in {"finalizing", "ended"} and not moment.expired:
                job.turn("finalizing", self._now)
            if moment.phase == "ended":
                self._expired = moment.expired
                break
            await asyncio.sleep(_LOOK)
        if self._expired:
            for number in range(done, total):
                job.failed += 1
                late = {"code": "batch_expired", "message": _EXPIRED}
                failed.write(_row(row(number)["custom_id"], None, late))
                await self._turns.give()

    def _line(self, row: Mapping[str, Any], chance: str, answered: BinaryIO, failed: BinaryIO) -> None:
        """Answer one line."""
        job, name, body = self._job, row["custom_id"], row["body"]
        problem = next(self._problems(body), None) if self._check else None
        if problem is not None:
            refused = Reply(status=problem.status, error_message=problem.message, error_code=problem.code)
            response = _response(problem.status, error_body(self._route, refused))
        else:
            whole = {key: value for key, value in body.items() if key not in _STREAMED}
            said = self._batches.answer(
                self._route, json.dumps(whole).encode(), engine=self._engine, chance=chance, name=name
            )
            response = _response(said.reply.status if said.reply.is_error else 200, _json(said))
            if said.answer is not None:
                job.usage.add(said.answer.counts)
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
    # Half a surrogate pair is written as JSON escapes it.
    row = {"id": f"batch_req_{uuid4().hex}", "custom_id": name, "response": response, "error": error}
    return json.dumps(row, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def _json(said: Spoken) -> Any:
    try:
        return json.loads(b"".join(said.parts))
    except ValueError:
        return b"".join(said.parts).decode(errors="replace")
