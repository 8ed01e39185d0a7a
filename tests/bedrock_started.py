"""A Bedrock job of the sandbox that a test runs itself, over an S3 in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bedrock_jobs import asked, lines

from smartllm.testing import Reply
from smartllm.testing.batch.bedrock_job import Job
from smartllm.testing.batch.bedrock_records import Quotas
from smartllm.testing.batch.bedrock_run import Run
from smartllm.testing.batch.engine import Engine
from smartllm.testing.batch.work import Batches
from smartllm.testing.routes import Route, line_route
from smartllm.testing.speaking import Spoken, spoken

FAST = Engine(seconds=0)
HOUR = 3600.0


def speak(route: Route, body: bytes, reply: Reply) -> Spoken:
    return spoken(route, body, reply, 1, models=())


def passes(body: Mapping[str, Any]) -> None:
    """No body is refused."""


class Started:
    """A job with its S3."""

    def __init__(
        self, place: Any, engine: Engine = FAST, quotas: Quotas | None = None, **fields: Any
    ) -> None:
        self.place, self.batches = place, Batches(speak, engine)
        now = self.batches.clock.now()
        self.job = Job(
            id="abcdef012345", region="us-east-1", asked=asked(**fields), engine=engine, created=now
        )
        route = line_route("bedrock", self.job.operation, self.job.model)
        quotas = quotas or Quotas(minimum=1)
        self.work = Run(self.job, route, self.batches, place, quotas, passes)

    async def through(self) -> Job:
        await self.work.run()
        return self.job

    def output(self, name: str = "a.jsonl") -> dict[str, dict[str, Any]]:
        return lines(self.place.objects[f"s3://the-bucket/out/abcdef012345/{name}.out"])

    def manifest(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(
            self.place.objects["s3://the-bucket/out/abcdef012345/manifest.json.out"]
        )
        return found
