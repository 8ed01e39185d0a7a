"""Bedrock's batch engine as AWS has it: jobs that are created, told of, listed and stopped."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from smartllm.testing.heard import Refused, json_of
from smartllm.testing.reply import Reply
from smartllm.testing.routes import batch_route, line_route
from smartllm.testing.speaking import Spoken, spoken

from .bedrock_job import Job, seconds_of, time_of
from .bedrock_models import input_refusal, model_refusal, quotas_for
from .bedrock_request import request_refusal
from .bedrock_run import Run
from .refusals import batch_facts, refusing

if TYPE_CHECKING:
    from aiohttp import web

    from smartllm.testing.reply import Recorded
    from smartllm.testing.routes import Route

    from .bedrock_s3 import S3Place
    from .work import Batches

    Answering = Callable[[Recorded, str], Mapping[str, Any] | Refused]

_SHAPE: Final = "bedrock"
CREATE: Final = "CreateModelInvocationJob"
GET: Final = "GetModelInvocationJob"
LIST: Final = "ListModelInvocationJobs"
STOP: Final = "StopModelInvocationJob"
_ONE: Final = "/model-invocation-job"
_ALL: Final = "/model-invocation-jobs"
_STOP: Final = "/stop"
_REGION: Final = re.compile(r"Credential=[^/,]+/\d{8}/(?P<region>[a-z0-9-]+)/")
_DEFAULT_REGION: Final = "us-east-1"
_PAGE: Final = 10
_NO_S3: Final = (
    "This sandbox has no S3 for jobs to read and write: start it with one that is at hand, "
    "LoopbackServer(s3='http://127.0.0.1:4566') or smartllm sandbox --s3 http://127.0.0.1:4566"
)
_QUOTA: Final = "The number of requests exceeds the service quota. Resubmit your request later."
"""AWS's text of the exception (CreateModelInvocationJob's page, read 2026-11-25)."""


class BedrockJobs:
    """The jobs of a server.

    Args:
        batches: How they run, and what they bill.
        place: Their S3; None where there is none.
        check: Refuse what the rules say that a model refuses.
        models: Ids that are taken whatever the rules say.
    """

    def __init__(
        self, batches: Batches, place: S3Place | None, *, check: bool, models: Sequence[str] = ()
    ) -> None:
        self._batches, self._place = batches, place
        self._check, self._models = check, models
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: dict[str, Answering] = {
            CREATE: self._create,
            GET: self._get,
            LIST: self._list,
            STOP: self._stop,
        }

    def route(self, method: str, path: str) -> Route | None:
        """The route of a call; None for what is none of the engine's."""
        operation = _operation(method, path)
        return None if operation is None else batch_route(_SHAPE, operation)

    async def answer(self, request: web.Request, recorded: Recorded, reply: Reply, serial: int) -> Spoken:
        """Do what a call asks; a reply that is an error, or has its bytes, is said instead."""
        recorded.body = await request.read()
        route = recorded.route
        assert route is not None
        if reply.is_error or reply.raw is not None:
            return spoken(route, b"", reply, serial, models=())
        try:
            said = self._calls[route.operation](recorded, _region(recorded.headers))
        except ValueError as error:  # of the header that sets the engine
            said = Refused(str(error))
        if isinstance(said, Refused):
            return refusing(route, said, serial)
        plain = spoken(route, b"", Reply(raw=json.dumps(said).encode()), serial, models=())
        return Spoken(reply, plain.headers, plain.parts)

    def clear(self) -> None:
        """End all jobs and forget them."""
        self.close()
        self._jobs.clear()
        self._tokens.clear()

    def close(self) -> None:
        """End all jobs."""
        for task in self._tasks:
            task.cancel()

    def _create(self, recorded: Recorded, region: str) -> Mapping[str, Any] | Refused:
        asked = _json(recorded.body)
        if problem := request_refusal(CREATE, asked):
            return problem
        token = f"{region} {asked.get('clientRequestToken') or uuid4().hex}"
        if token in self._tokens:  # AWS: "ignores the request, but does not return an error"
            return {"jobArn": self._jobs[self._tokens[token]].arn}
        if self._place is None:
            return Refused(_NO_S3, "ValidationException")
        job = Job(
            id=uuid4().hex[:12],
            region=region,
            asked=asked,
            engine=self._batches.engine_for(recorded.headers),
            created=seconds_of(time_of(self._batches.clock.now())),  # no finer than it is told
        )
        route = line_route(_SHAPE, job.operation, job.model)
        if self._check and (problem := model_refusal(route, self._models)):
            return problem
        quotas = quotas_for(route)
        if sum(not one.is_over for one in self._jobs.values() if one.model == job.model) >= quotas.jobs:
            return Refused(_QUOTA, "ServiceQuotaExceededException")
        self._jobs[job.id], self._tokens[token] = job, job.id
        run = Run(job, route, self._batches, self._place, quotas, self._judge(route))
        task = asyncio.get_running_loop().create_task(run.run(), name=f"batch-{job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return {"jobArn": job.arn}

    def _judge(self, route: Route) -> Callable[[Mapping[str, Any]], Spoken | None]:
        """What the engine itself refuses of the bodies of a job."""
        takes = batch_facts(route)

        def judge(body: Mapping[str, Any]) -> Spoken | None:
            problem = input_refusal(body, route, takes) if self._check else None
            return None if problem is None else refusing(route, problem, 0)

        return judge

    def _get(self, recorded: Recorded, region: str) -> Mapping[str, Any] | Refused:
        found = self._found(GET, recorded, region)
        return found if isinstance(found, Refused) else found.shown()

    def _stop(self, recorded: Recorded, region: str) -> Mapping[str, Any] | Refused:
        found = self._found(STOP, recorded, region)
        if isinstance(found, Refused):
            return found
        if found.is_over:
            return Refused(
                f"The model invocation job {found.arn} is {found.status} and cannot be stopped.",
                "ConflictException",
            )
        found.turn("Stopping", self._batches.clock.now())
        return {}

    def _found(self, operation: str, recorded: Recorded, region: str) -> Job | Refused:
        """The job that a call names, by its id or its ARN, in the region of the call."""
        path = recorded.raw_path.partition("?")[0]
        cut = path.removesuffix(_STOP) if operation == STOP else path
        name = unquote(cut.partition(f"{_ONE}/")[2])
        if problem := request_refusal(operation, {"jobIdentifier": name}):
            return problem
        job = self._jobs.get(name.rpartition("/")[2])
        if job is None or (name != job.arn if "/" in name else job.region != region):
            return Refused(
                "The provided job identifier could not be found.", "ResourceNotFoundException", status=404
            )
        return job

    def _list(self, recorded: Recorded, region: str) -> Mapping[str, Any] | Refused:
        asked: dict[str, Any] = dict(parse_qsl(recorded.raw_path.partition("?")[2]))
        try:
            if "maxResults" in asked:
                asked["maxResults"] = int(asked["maxResults"])
            after, before = (
                seconds_of(asked.pop(name, default))
                for name, default in (("submitTimeAfter", "1970-01-01"), ("submitTimeBefore", "9999-12-31"))
            )
        except ValueError:
            return Refused(
                "1 validation error detected: a parameter of the query is malformed", "ValidationException"
            )
        if problem := request_refusal(LIST, asked):
            return problem
        status, part = asked.get("statusEquals"), asked.get("nameContains", "")
        jobs = [
            job
            for job in self._jobs.values()
            if job.region == region
            and after < job.created < before
            and status in {None, job.status}
            and part in job.asked["jobName"]
        ]
        if asked.get("sortOrder", "Descending") == "Descending":
            jobs.reverse()
        return _page(jobs, asked.get("nextToken", ""), asked.get("maxResults", _PAGE))


def _operation(method: str, path: str) -> str | None:
    """The call that a request makes, if it is one of the engine's."""
    if path.endswith(_ALL):
        return LIST if method == "GET" else None
    if path.endswith(_ONE):
        return CREATE if method == "POST" else None
    if f"{_ONE}/" not in path:
        return None
    if method == "POST":
        return STOP if path.endswith(_STOP) else None
    return GET if method == "GET" else None


def _region(headers: Mapping[str, str]) -> str:
    """The region for which a request was signed; of one that is not signed so, AWS's first."""
    found = _REGION.search(headers.get("authorization", ""))
    return found["region"] if found else _DEFAULT_REGION


def _json(body: bytes) -> Any:
    try:
        return json_of(body)
    except ValueError:
        return None


def _page(jobs: Sequence[Job], token: str, most: int) -> Mapping[str, Any] | Refused:
    """A page of a listing; the token is the last job of the page before, so that a new job moves nothing."""
    ids = [job.id for job in jobs]
    if token and token not in ids:
        return Refused("The provided nextToken is invalid.", "ValidationException")
    begin = ids.index(token) + 1 if token else 0
    shown = jobs[begin : begin + most]
    more = {"nextToken": shown[-1].id} if begin + most < len(jobs) else {}
    return {"invocationJobSummaries": [job.shown() for job in shown], **more}
