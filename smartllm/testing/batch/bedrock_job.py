"""A job of Bedrock's batch engine: where it stands, and what AWS tells of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from smartllm.rules.names import parse

from .engine import Engine

Status = Literal[
    "Submitted",
    "Validating",
    "Scheduled",
    "InProgress",
    "Completed",
    "PartiallyCompleted",
    "Failed",
    "Stopping",
    "Stopped",
    "Expired",
]
ACCOUNT: Final = "123456789012"
_ENDED: Final = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"})
_HOURS: Final = 24
_HOUR: Final = 3600.0
_REPEATED: Final = (
    "jobName",
    "clientRequestToken",
    "roleArn",
    "inputDataConfig",
    "outputDataConfig",
    "vpcConfig",
)


@dataclass(slots=True, kw_only=True)
class Job:
    """A job.

    Attributes:
        id: Its id.
        region: Where it runs.
        asked: What it was created with.
        engine: How it runs.
        created: When it was, in seconds since 1970, as are the others.
        status: AWS's word for where it stands.
        message: Why it failed.
        modified: When it last changed.
        ended: When it ended.
        total: Its records.
        processed: Of these, how many were done.
        succeeded: Of these, how many were answered.
        read: Tokens of the prompts.
        written: Tokens of the answers.
    """

    id: str
    region: str
    asked: Mapping[str, Any]
    engine: Engine
    created: float
    status: Status = "Submitted"
    message: str = ""
    modified: float = 0.0
    ended: float | None = None
    total: int = 0
    processed: int = 0
    succeeded: int = 0
    read: int = 0
    written: int = 0

    @property
    def arn(self) -> str:
        """Its name in all of AWS."""
        return f"arn:aws:bedrock:{self.region}:{ACCOUNT}:model-invocation-job/{self.id}"

    @property
    def model(self) -> str:
        """Its model, as it was asked for."""
        return str(self.asked["modelId"])

    @property
    def operation(self) -> str:
        """The call whose bodies its records hold."""
        return str(self.asked.get("modelInvocationType") or "InvokeModel")

    @property
    def source(self) -> str:
        """Where its records are: ``s3://``, a bucket and a key or the beginning of keys."""
        return str(self.asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])

    @property
    def target(self) -> str:
        """Where its outputs go, in a folder of its id."""
        return str(self.asked["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])

    @property
    def expires(self) -> float:
        """When its time is over."""
        return self.created + float(self.asked.get("timeoutDurationInHours") or _HOURS) * _HOUR

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.status in _ENDED

    def turn(self, status: Status, now: float, message: str = "") -> None:
        """Go on to another status."""
        if self.status != status:
            self.status, self.modified, self.message = status, now, message
            if self.is_over:
                self.ended = now

    def shown(self) -> dict[str, Any]:
        """What ``GetModelInvocationJob`` tells, and a line of a listing too."""
        told: dict[str, Any] = {
            "jobArn": self.arn,
            "modelId": arn_of(self.model, self.region),
            "status": self.status,
            "submitTime": time_of(self.created),
            "lastModifiedTime": time_of(self.modified or self.created),
            "timeoutDurationInHours": self.asked.get("timeoutDurationInHours") or _HOURS,
            "jobExpirationTime": time_of(self.expires),
            "modelInvocationType": self.operation,
            **self.counts(),
        }
        told |= {name: self.asked[name] for name in _REPEATED if self.asked.get(name) is not None}
        if self.message:
            told["message"] = self.message
        if self.ended is not None:
            told["endTime"] = time_of(self.ended)
        return told

    def counts(self) -> dict[str, int]:
        """Its counts, which are there from the beginning, as zeros."""
        return {
            "totalRecordCount": self.total,
            "processedRecordCount": self.processed,
            "successRecordCount": self.succeeded,
            "errorRecordCount": self.processed - self.succeeded,
        }

    def summary(self) -> dict[str, int]:
        """What ``manifest.json.out`` holds."""
        return {
            **self.counts(),
            "inputTokenCount": self.read,
            "outputTokenCount": self.written,
            "cacheReadInputTokenCount": 0,
            "cacheWriteInputTokenCount": 0,
        }


def arn_of(model: str, region: str) -> str:
    """A model as jobs tell of it: by its ARN, whatever they were created with."""
    if model.startswith("arn:"):
        return model
    if parse(model).geo:
        return f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{model}"
    return f"arn:aws:bedrock:{region}::foundation-model/{model}"


def time_of(seconds: float) -> str:
    """A time as AWS's JSON has it."""
    return (
        dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def seconds_of(text: str) -> float:
    """The reverse of ``time_of``.

    Raises:
        ValueError: It is no time.
    """
    found = dt.datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
