"""OpenAI's Files and Batch APIs: files that are uploaded, batches that are created, told of and cancelled.

As developers.openai.com/api/docs/guides/batch (2026-07-15) and the SDK's types have them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from smartllm.testing.heard import Refused, json_of
from smartllm.testing.reply import Reply
from smartllm.testing.routes import BASE, batch_route, line_route
from smartllm.testing.speaking import Spoken, spoken

from .openai_files import Files, StoredFile
from .openai_job import Job
from .openai_lines import metadata_problem
from .openai_run import Run
from .refusals import refusing

if TYPE_CHECKING:
    from aiohttp import BodyPartReader, web

    from smartllm.testing.reply import Recorded
    from smartllm.testing.routes import Route

    from .work import Batches

_SHAPE: Final = "openai"
_PATH: Final = re.compile(
    rf".*{BASE}/(?P<kind>files|batches)(?:/(?P<id>[^/]+))?(?:/(?P<what>content|cancel))?"
)
_CALLS: Final = {
    ("POST", "files", False, None): "files.create",
    ("GET", "files", False, None): "files.list",
    ("GET", "files", True, None): "files.retrieve",
    ("DELETE", "files", True, None): "files.delete",
    ("GET", "files", True, "content"): "files.content",
    ("POST", "batches", False, None): "batches.create",
    ("GET", "batches", False, None): "batches.list",
    ("GET", "batches", True, None): "batches.retrieve",
    ("POST", "batches", True, "cancel"): "batches.cancel",
}
_UPLOAD: Final = "files.create"
_CONTENT: Final = "files.content"
_PAGES: Final = {"files.list": (10_000, 10_000), "batches.list": (20, 100)}
"""How many a page has unless somebody says, and at most."""
_CHUNK: Final = 1024 * 1024
_SHORTEST, _LONGEST = 3600, 2_592_000
"""Seconds that ``output_expires_after`` takes."""


class OpenAIBatches:
    """The files and batches of a server.

    Args:
        batches: How they run, and what they bill.
        check: Refuse what the rules say that the engine refuses.
    """

    def __init__(self, batches: Batches, *, check: bool) -> None:
        self._batches, self._check = batches, check
        self._files = Files()
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        engine = batch_route(_SHAPE, "").host.batch
        assert engine is not None
        self._engine = engine

    def route(self, method: str, path: str) -> Route | None:
        """The route of a call; None for what is none of the engine's."""
        found = _PATH.fullmatch(path)
        call = (
            None if found is None else _CALLS.get((method, found["kind"], bool(found["id"]), found["what"]))
        )
        return None if call is None else batch_route(_SHAPE, call)

    async def answer(self, request: web.Request, recorded: Recorded, reply: Reply, serial: int) -> Spoken:
        """Do what a call asks; a reply that is an error, or has its bytes, is said instead."""
        route = recorded.route
        assert route is not None
        call, failing = route.operation, reply.is_error or reply.raw is not None
        said: Mapping[str, Any] | bytes | Refused
        if call == _UPLOAD and not failing:
            said = await self._upload(request)
        else:
            recorded.body = await request.read()
            if failing:
                return spoken(route, b"", reply, serial, models=())
            said = self._said(call, recorded)
        if isinstance(said, Refused):
            return refusing(route, said, serial)
        if isinstance(said, bytes):
            told = Reply(raw=said, content_type="application/jsonl")
        else:
            told = Reply(raw=json.dumps(said).encode())
        plain = spoken(route, b"", told, serial, models=())
        return Spoken(reply, plain.headers, plain.parts)

    def clear(self) -> None:
        """End all batches and forget them, with all files."""
        for task in self._tasks:
            task.cancel()
        self._jobs.clear()
        self._files.close()

    def close(self) -> None:
        """End all batches, and delete all files."""
        self.clear()

    def _said(self, call: str, recorded: Recorded) -> Mapping[str, Any] | bytes | Refused:
        query = dict(parse_qsl(recorded.raw_path.partition("?")[2]))
        if call == "batches.create":
            return self._create(recorded)
        if call == "batches.list":
            return _page([job.shown() for job in reversed(self._jobs.values())], query, call)
        if call == "files.list":
            return self._listed(query)
        name = _name(recorded.raw_path)
        return self._of_job(call, name) if call.startswith("batches.") else self._of_file(call, name)

    def _of_job(self, call: str, name: str) -> Mapping[str, Any] | Refused:
        job = self._jobs.get(name)
        if job is None:
            return Refused(f"No batch found with id '{name}'.", "not_found", status=404)
        return self._cancelled(job) if call == "batches.cancel" else job.shown()

    def _of_file(self, call: str, name: str) -> Mapping[str, Any] | bytes | Refused:
        file = self._files.get(name)
        if file is None:
            return Refused(f"No such File object: {name}", "not_found", status=404)
        if call == _CONTENT:
            return file.path.read_bytes()
        if call == "files.delete":
            return {"id": name, "object": "file", "deleted": self._files.drop(name)}
        return file.shown()

    def _listed(self, query: Mapping[str, str]) -> Mapping[str, Any] | Refused:
        files = [file for file in self._files if query.get("purpose") in {None, file.purpose}]
        if query.get("order", "desc") == "desc":
            files.reverse()
        return _page([file.shown() for file in files], query, "files.list")

    async def _upload(self, request: web.Request) -> Mapping[str, Any] | Refused:
        """Take a file, as it comes."""
        if not request.content_type.startswith("multipart/"):
            return Refused("'file' is a required property", "invalid_request_error")
        fields: dict[str, str] = {}
        written: tuple[str, Any, str] | None = None
        async for part in await request.multipart():
            reader: BodyPartReader = part  # type: ignore[assignment]
            if reader.name == "file":
                name, path = self._files.place()
                with path.open("wb") as file:
                    while data := await reader.read_chunk(_CHUNK):
                        file.write(data)
                written = name, path, reader.filename or "upload.jsonl"
            else:
                fields[reader.name or ""] = await reader.text()
        if written is None:
            return Refused("'file' is a required property", "invalid_request_error")
        name, path, filename = written
        problem = self._file_problem(fields.get("purpose"), filename, path.stat().st_size)
        if problem is not None:
            path.unlink()
            return problem
        return self._files.keep(name, path, filename, "batch", self._batches.clock.now()).shown()

    def _file_problem(self, purpose: str | None, filename: str, size: int) -> Refused | None:
        if purpose != "batch":
            return Refused(f"'{purpose}' is not one of ['batch'] - 'purpose' (of this sandbox)")
        if not filename.endswith(".jsonl"):
            return Refused(f"Invalid file format for Batch API. Must be .jsonl, not {filename!r}")
        if size > self._engine.bytes:
            return Refused(
                f"File is too large: the maximum for batches is {self._engine.bytes:,} bytes", status=413
            )
        return Refused("File is empty.") if not size else None

    def _create(self, recorded: Recorded) -> Mapping[str, Any] | Refused:
        try:
            asked = json_of(recorded.body)
            engine = self._batches.engine_for(recorded.headers)
        except ValueError as error:
            return Refused(f"The request body is not understood: {error}")
        asked = asked if isinstance(asked, dict) else {}
        file = self._files.get(str(asked.get("input_file_id")))
        problem = self._problem(asked, file)
        if problem is not None or file is None:
            return problem or Refused("No such File object", status=404)
        lasts = asked.get("output_expires_after")
        job = Job(
            id=f"batch_{uuid4().hex}",
            endpoint=asked["endpoint"],
            input=file.id,
            metadata=asked.get("metadata"),
            engine=engine,
            created=self._batches.clock.now(),
            lasts=None if lasts is None else float(lasts["seconds"]),
        )
        self._jobs[job.id] = job
        run = Run(
            job,
            line_route(_SHAPE, job.endpoint, ""),
            file,
            self._files,
            self._batches,
            self._enqueued,
            most=self._engine.lines,
            check=self._check,
        )
        task = asyncio.get_running_loop().create_task(run.run(), name=job.id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job.shown()

    def _problem(self, asked: Mapping[str, Any], file: StoredFile | None) -> Refused | None:
        """What is wrong with a batch before it is one."""
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not isinstance(asked.get(name), str):
                return Refused(f"Missing required parameter: '{name}'.", "missing_required_parameter")
        for name, taken in (("endpoint", self._engine.endpoints.values()), ("completion_window", ("24h",))):
            if asked[name] not in taken:
                supported = ", ".join(f"'{one}'" for one in taken)
                text = f"Invalid value: '{asked[name]}'. Supported values are: {supported}."
                return Refused(text, "invalid_value")
        if file is None or file.purpose != "batch":
            why = "No such File object" if file is None else f"its purpose is '{file.purpose}', not 'batch'"
            return Refused(f"Invalid 'input_file_id': {why}: {asked['input_file_id']}", "not_found")
        problem = metadata_problem(asked.get("metadata"))
        if problem is None and not _may_last(asked.get("output_expires_after")):
            problem = "Invalid 'output_expires_after'."
        return None if problem is None else Refused(problem, "invalid_value")

    def _enqueued(self, model: str) -> int:
        """Tokens of the prompts of a model's batches that have not ended."""
        return sum(job.tokens for job in self._jobs.values() if job.model == model and not job.is_over)

    def _cancelled(self, job: Job) -> Mapping[str, Any] | Refused:
        if job.is_over:
            text = f"Cannot cancel a batch with status '{job.status}'."
            return Refused(text, "invalid_request_error", status=409)
        job.turn("cancelling", self._batches.clock.now())
        return job.shown()


def _may_last(given: Any) -> bool:
    """Whether outputs may be kept so long."""
    if given is None:
        return True
    seconds = given.get("seconds") if isinstance(given, dict) else None
    fits = isinstance(seconds, int) and _SHORTEST <= seconds <= _LONGEST
    return fits and given.get("anchor") == "created_at"


def _name(raw_path: str) -> str:
    found = _PATH.fullmatch(raw_path.partition("?")[0])
    return unquote(found["id"] or "") if found else ""


def _page(rows: list[dict[str, Any]], query: Mapping[str, str], call: str) -> Mapping[str, Any] | Refused:
    """A page of a listing, behind the object that ``after`` names."""
    usual, most = _PAGES[call]
    text = query.get("limit", str(usual))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        return Refused(
            f"Invalid 'limit': expected a number from 1 to {most:,}, but got {text!r}.", "invalid_value"
        )
    after = query.get("after")
    ids = [row["id"] for row in rows]
    if after is not None and after not in ids:
        return Refused(f"Invalid 'after': there is no {after!r}.", "invalid_value")
    begin = 0 if after is None else ids.index(after) + 1
    shown = rows[begin : begin + int(text)]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": begin + len(shown) < len(rows),
    }
