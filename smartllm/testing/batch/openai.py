"""OpenAI's Files and Batch APIs: files that are uploaded, batches that are created, told of and cancelled.

As developers.openai.com/api/docs/guides/batch (2026-07-15) and the SDK's types have them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from smartllm.testing.heard import Refused, json_of
from smartllm.testing.reply import Reply
from smartllm.testing.routes import BASE, batch_route, line_route
from smartllm.testing.speaking import Spoken, spoken

from .openai_files import Files, StoredFile
from .openai_job import Job
from .openai_lines import lasting_problem, metadata_problem
from .openai_run import Run
from .openai_upload import drained, taken
from .refusals import refusing

if TYPE_CHECKING:
    from aiohttp import web

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
_DIGITS: Final = 9
_TAKEN: Final = ("input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after")


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
        said: Mapping[str, Any] | Path | Refused
        self._files.expire(self._batches.clock.now())
        if call == _UPLOAD:
            # A reply that fails takes the file too, and keeps nothing of it.
            said = await (drained(request) if failing else self._upload(request))
        else:
            recorded.body = await request.read()
            said = {} if failing else self._said(call, recorded)
        if failing:
            return spoken(route, b"", reply, serial, models=())
        if isinstance(said, Refused):
            return refusing(route, said, serial)
        file = said if isinstance(said, Path) else None
        kind = "application/octet-stream" if file else "application/json"
        raw = b"" if file else json.dumps(said).encode()
        plain = spoken(route, b"", Reply(raw=raw, content_type=kind), serial, models=())
        return Spoken(reply, plain.headers, plain.parts, file=file)

    def clear(self) -> None:
        """End all batches and forget them, with all files."""
        for task in self._tasks:
            task.cancel()
        self._jobs.clear()
        self._files.close()

    def close(self) -> None:
        """End all batches, and delete all files."""
        self.clear()

    def _said(self, call: str, recorded: Recorded) -> Mapping[str, Any] | Path | Refused:
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

    def _of_file(self, call: str, name: str) -> Mapping[str, Any] | Path | Refused:
        file = self._files.get(name)
        if file is None:
            return Refused(f"No such File object: {name}", "not_found", status=404)
        if call == _CONTENT:
            return file.path
        if call == "files.delete":
            return {"id": name, "object": "file", "deleted": self._files.drop(name)}
        return file.shown()

    def _listed(self, query: Mapping[str, str]) -> Mapping[str, Any] | Refused:
        files = [file for file in self._files if query.get("purpose") in {None, file.purpose}]
        order = query.get("order", "desc")
        if order not in {"asc", "desc"}:
            text = f"Invalid value: '{order}'. Supported values are: 'asc', 'desc'."
            return Refused(text, "invalid_value", "order")
        if order == "desc":
            files.reverse()
        return _page([file.shown() for file in files], query, "files.list")

    async def _upload(self, request: web.Request) -> Mapping[str, Any] | Refused:
        """Take a file, as it comes."""
        name, path = self._files.place()
        try:
            sent = await taken(request, path, self._engine.bytes)
            await drained(request)  # what is refused before its end is counted whole too
            problem = sent if isinstance(sent, Refused) else sent.problem(self._engine.bytes)
            if problem is not None or isinstance(sent, Refused):
                return problem or Refused("")
            lasts = {} if sent.lasts is None else {"lasts": sent.lasts}
            now = self._batches.clock.now()
            return self._files.keep(name, path, sent.filename, "batch", now, **lasts).shown()
        finally:
            if self._files.get(name) is None:
                path.unlink(missing_ok=True)

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
                text = f"Missing required parameter: '{name}'."
                return Refused(text, "missing_required_parameter", name)
        for name, known in (("endpoint", self._engine.endpoints.values()), ("completion_window", ("24h",))):
            if asked[name] not in known:
                supported = ", ".join(f"'{one}'" for one in known)
                text = f"Invalid value: '{asked[name]}'. Supported values are: {supported}."
                return Refused(text, "invalid_value", name)
        if file is None or file.purpose != "batch":
            why = "No such File object" if file is None else f"its purpose is '{file.purpose}', not 'batch'"
            return Refused(
                f"Invalid 'input_file_id': {why}: {asked['input_file_id']}", "not_found", "input_file_id"
            )
        problem = metadata_problem(asked.get("metadata"))
        problem = problem or lasting_problem("output_expires_after", asked.get("output_expires_after"))
        if problem is not None:
            return Refused(problem, "invalid_value", problem.split("'")[1])
        extra = next((name for name in asked if name not in _TAKEN), None)
        return (
            None if extra is None else Refused(f"Unknown parameter: '{extra}'.", "unknown_parameter", extra)
        )

    def _enqueued(self, model: str) -> int:
        """Tokens of the prompts of a model's batches that have not ended."""
        return sum(job.tokens for job in self._jobs.values() if job.model == model and not job.is_over)

    def _cancelled(self, job: Job) -> Mapping[str, Any] | Refused:
        if job.is_over:
            text = f"Cannot cancel a batch with status '{job.status}'."
            return Refused(text, "invalid_request_error", status=409)
        job.turn("cancelling", self._batches.clock.now())
        return job.shown()


def _name(raw_path: str) -> str:
    found = _PATH.fullmatch(raw_path.partition("?")[0])
    return unquote(found["id"] or "") if found else ""


def _page(rows: list[dict[str, Any]], query: Mapping[str, str], call: str) -> Mapping[str, Any] | Refused:
    """A page of a listing, behind the object that ``after`` names."""
    usual, most = _PAGES[call]
    text = query.get("limit", str(usual))
    if not (text.isascii() and text.isdecimal() and len(text) < _DIGITS) or not 1 <= int(text) <= most:
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
