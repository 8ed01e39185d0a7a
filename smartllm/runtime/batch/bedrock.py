"""Bedrock's batch inference: files in S3, and a job that reads and writes them in a role's name.

API: docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html and
userguide/batch-inference-data.html, -results.html; states and fields as in botocore's model, 2026-11-25.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import BadRequestError, ConfigError, ProviderError
from smartllm.runtime.batch import s3
from smartllm.runtime.batch.aws_clients import CONTROL, AwsClients, field_of
from smartllm.runtime.batch.aws_rights import model_hint
from smartllm.runtime.batch.bedrock_lines import read_outcomes
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.service import Job, JobState, Outcome
from smartllm.runtime.batch.whole_file import opened

if TYPE_CHECKING:
    from smartllm.settings import Settings

_STATES: Final[Mapping[str, JobState]] = {
    "Submitted": "waiting",
    "Validating": "waiting",
    "Scheduled": "waiting",
    "InProgress": "running",
    "Stopping": "running",
    "Completed": "ended",
    "PartiallyCompleted": "ended",
    "Stopped": "ended",
    "Expired": "ended",
    "Failed": "failed",
}
_COUNTS: Final = ("totalRecordCount", "processedRecordCount", "successRecordCount", "errorRecordCount")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_HOURS: Final = range(24, 169)
_DEFAULT_TYPE: Final = "InvokeModel"
_STOPPING: Final = "Stopping"
_NOT_NOW: Final = frozenset({400, 409})
"""Statuses of a conflict with a job's state: AWS's own list of the API's errors has it as 400."""
_OUT: Final = ".jsonl.out"


class BedrockJobs:
    """The engine of Bedrock.

    Args:
        settings: Region, credentials, limits.
        about: What a folder says of itself: ``s3``, ``role_arn``, and optionally ``s3_owner``, ``kms_key``
            and ``hours``.
        clients: Make the calls; None makes them of the settings.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: One of them is missing, or cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        about: Mapping[str, Any],
        *,
        clients: AwsClients | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._place = s3.Place.of(about.get("s3"))
        role = about.get("role_arn")
        if not isinstance(role, str) or not _ROLE.fullmatch(role):
            raise ConfigError(
                f"role_arn: {role!r} is no ARN of a role",
                hint="name the role that Bedrock takes to read and write the files: --role-arn "
                "arn:aws:iam::ACCOUNT:role/NAME",
            )
        hours = about.get("hours")
        if hours is not None and (isinstance(hours, bool) or hours not in _HOURS):
            raise ConfigError(f"hours: {hours!r} is not a whole number from {_HOURS[0]} to {_HOURS[-1]}")
        self._role, self._hours, self._region = role, hours, settings.region
        self._owner, self._kms = about.get("s3_owner"), about.get("kms_key")
        self._clients = clients or AwsClients(settings, sleep=sleep)

    async def upload(self, unit: Unit, path: Path) -> str:
        """Bring a unit's file to its own place in S3, in the place of what was there."""
        place = self._place.below(unit.token, path.name)
        await s3.put(self._clients, place, path, self._owner)
        return str(place)

    async def find(self, unit: Unit) -> Job | None:
        """The job that has the unit's name and token; without one, asking again begins no second one."""
        more: dict[str, Any] = {}
        while True:
            asked = {"nameContains": _name(unit), "maxResults": 100, **more}
            body = await self._control("list_model_invocation_jobs", unit, asked)
            for row in body.get("invocationJobSummaries", ()):
                if row.get("clientRequestToken") == unit.token or row.get("jobName") == _name(unit):
                    return self._job(row, unit)
            if not body.get("nextToken"):
                return None
            more = {"nextToken": body["nextToken"]}

    async def create(self, unit: Unit) -> Job:
        """Begin a unit's job; asked twice, AWS begins one, for the token is the same."""
        owner = {} if self._owner is None else {"s3BucketOwner": self._owner}
        kms = {} if self._kms is None else {"s3EncryptionKeyId": self._kms}
        given = {"s3Uri": unit.upload, "s3InputFormat": "JSONL", **owner}
        wanted = {"s3Uri": f"{self._place.below(unit.token, 'output')}/", **owner, **kms}
        asked = {
            "jobName": _name(unit),
            "roleArn": self._role,
            "clientRequestToken": unit.token,
            "modelId": unit.model,
            "inputDataConfig": {"s3InputDataConfig": given},
            "outputDataConfig": {"s3OutputDataConfig": wanted},
            **({} if unit.endpoint == _DEFAULT_TYPE else {"modelInvocationType": unit.endpoint}),
            **({} if self._hours is None else {"timeoutDurationInHours": self._hours}),
        }
        try:
            body = await self._control("create_model_invocation_job", unit, asked, once=True)
        except BadRequestError as error:
            error.hint = model_hint(unit.model, self._region) or error.hint
            raise
        return Job(job=field_of(body, "jobArn", unit.model), state="waiting", status="Submitted")

    async def job(self, unit: Unit) -> Job:
        """How a unit's job stands."""
        asked = {"jobIdentifier": unit.job}
        return self._job(await self._control("get_model_invocation_job", unit, asked), unit)

    async def cancel(self, unit: Unit) -> Job:
        """Stop a unit's job; one that has just ended needs none."""
        try:
            await self._control("stop_model_invocation_job", unit, {"jobIdentifier": unit.job})
        except ProviderError as error:
            if error.status not in _NOT_NOW:
                raise
            job = await self.job(unit)
            if job.state not in {"ended", "failed"} and job.status != _STOPPING:
                raise
            return job
        return await self.job(unit)

    async def download(self, unit: Unit, job: Job, folder: Path) -> list[Path]:  # noqa: ARG002 - as all have it
        """Bring what the job wrote into a folder; of one that ended before it began, that is nothing."""
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        paths = []
        for output in job.outputs:
            for place in await s3.listed(self._clients, s3.Place.of(output), self._owner):
                path = folder / place.key.rpartition("/")[2]
                if not path.exists():
                    await s3.get(self._clients, place, path, self._owner)
                if path.name.endswith(_OUT):
                    paths.append(path)
        return paths

    def outcomes(self, path: Path) -> Iterator[Outcome]:
        """What a file of a job tells, a line at a time."""
        with opened(path) as file:
            yield from read_outcomes(file)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._clients.aclose()

    async def _control(
        self, operation: str, unit: Unit, asked: Mapping[str, Any], *, once: bool = False
    ) -> dict[str, Any]:
        async def made(client: Any) -> dict[str, Any]:
            found: dict[str, Any] = await getattr(client, operation)(**asked)
            return found

        return await self._clients.call(CONTROL, made, model=unit.model, once=once)

    def _job(self, body: Mapping[str, Any], unit: Unit) -> Job:
        status, message = str(body.get("status")), body.get("message")
        counts = {name: body[name] for name in _COUNTS if isinstance(body.get(name), int)}
        output = (body.get("outputDataConfig") or {}).get("s3OutputDataConfig", {}).get("s3Uri")
        state = _STATES.get(status, "running")
        expires = body.get("jobExpirationTime")
        arn = str(field_of(body, "jobArn", unit.model))
        where = f"{output.rstrip('/')}/{arn.rpartition('/')[2]}" if isinstance(output, str) else None
        return Job(
            job=arn,
            state=state,
            status=status,
            counts=counts,
            total=counts.get("totalRecordCount"),
            # Zero though it is done, at times (litellm#38744): then nobody knows.
            done=counts.get("processedRecordCount") or None,
            failed=counts.get("errorRecordCount"),
            outputs=(where,) if where and state == "ended" else (),
            errors=({"code": status, "message": message, "line": None, "param": None},) if message else (),
            expires=expires.timestamp() if isinstance(expires, dt.datetime) else None,
        )


def _name(unit: Unit) -> str:
    """The name of a unit's job: at most 63 letters, digits and some signs."""
    return f"smartllm-{unit.token}-{unit.unit}"
