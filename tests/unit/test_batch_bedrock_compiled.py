"""What is compiled for Bedrock's batch engine runs there, and what comes back is read as calls online are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from bedrock_jobs import MemoryPlace, asked, client_of, ended, jsonl, lines
from wires import share_service_models

import smartllm
from smartllm import Message
from smartllm.compiler import Plan
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules
from smartllm.runtime.answer import decode_answer
from smartllm.runtime.replies import Answer
from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

TALK = [Message("user", "one"), Message("assistant", "two"), Message("user", "hi")]
ASKED: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": ("hi", {}),
    "settings": ("hi", {"system_prompt": "Be brief.", "max_tokens": 1000}),
    "talk": (TALK, {}),
    "thinking": ("hi", {"reasoning_effort": "low"}),
}


def models() -> list[str]:
    """The ids under which the engine runs a model, by the rules.

    Those with three dots and more go by the ARN of their profile: the call's pattern has no place for them.
    """
    found = []
    for row in load_rules().table("on")["bedrock"]["model"].values():
        if row.get("batch", {}).get("available") == "yes":
            ids = row["ids"]
            bare = ids.get("bare") != "refused"
            model = ids["name"] if bare else f"{ids['prefixes'][0]}.{ids['name']}"
            region = "arn:aws:bedrock:us-east-1"
            found.append(
                model if model.count(".") < 3 else f"{region}:123456789012:inference-profile/{model}"
            )
    return found


def compiled(model: str, api_type: Any) -> dict[str, Plan]:
    """The plans of what the model takes there."""
    plans = {}
    for name, (text, fields) in ASKED.items():
        with suppress(UnsupportedError):
            plans[name] = smartllm.compile(
                text,
                model=model,
                provider="bedrock",
                api_type=api_type,
                batch=True,
                **{"temperature": None, **fields},
            )
    return plans


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    running = LoopbackServer(batch=Engine(seconds=0), check=True)
    running._s3 = MemoryPlace(requests=b"")  # type: ignore[assignment]
    with running:
        yield running


def test_there_are_some() -> None:
    assert len(models()) > 5


@pytest.mark.parametrize(
    ("api_type", "every"),
    [("invoke", 2), ("converse", 12), pytest.param("converse", 1, marks=pytest.mark.slow)],
)
async def test_compiled_bodies_run(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, api_type: Any, every: int
) -> None:
    share_service_models(monkeypatch)
    place: Any = server._s3
    ran = 0
    async with client_of(server) as client:
        for model in models()[::every]:
            plans = compiled(model, api_type)
            if not plans:
                continue
            ran += 1
            records = [{"recordId": name, "modelInput": plan.steps[0].body} for name, plan in plans.items()]
            more = [{"modelInput": records[0]["modelInput"]}] * 100
            place.objects["s3://the-bucket/in/requests.jsonl"] = jsonl([*records, *more])
            (endpoint,) = {plan.batch.endpoint for plan in plans.values() if plan.batch is not None}
            fields = asked(modelId=model, modelInvocationType=endpoint)
            job = (await client.create_model_invocation_job(**fields))["jobArn"]
            assert (await ended(client, job))["status"] == "Completed"
            output = lines(place.objects[f"s3://the-bucket/out/{job.rpartition('/')[2]}/requests.jsonl.out"])
            errors = {name: output[name].get("error") for name in plans}
            assert errors == dict.fromkeys(plans), model
            for name, plan in plans.items():
                answer = decode_answer(plan.steps[0], Answer(output[name]["modelOutput"]))
                assert (answer.text, answer.finish_reason) == ("echo: hi", "stop")
    assert ran >= 3
