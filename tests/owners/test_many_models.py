"""O8: memory does not grow with ids from outside."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from memory import resident, tells_its_memory
from wires import CLAUDE

from smartllm import LLMClient, TextRequest
from smartllm.rules import RuleSet, load_rules
from smartllm.testing import FakeTransport

MOST = 20 << 20
# Of fifteen hundred.
REMEMBERED = 1200


def our_objects() -> int:
    """Objects of this library's own types that live."""
    gc.collect()
    return sum(1 for one in gc.get_objects() if str(type(one).__module__).startswith("smartllm"))


async def ask(client: LLMClient, fake: FakeTransport, names: range, kind: str) -> None:
    """One call for each name; the fake keeps nothing of what was sent."""
    for number in names:
        if kind == "unlisted":
            request = TextRequest(prompt="x", model=f"own-model-{number}", use_cache=False)
        else:
            arn = f"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{number:012d}"
            request = TextRequest(prompt="x", model=arn, like=CLAUDE, use_cache=False)
        await client.generate_text(request)
        fake.sent.clear()
        # As a real call would: the loop forgets timers only when it runs.
        await asyncio.sleep(0)


def client_for(kind: str) -> tuple[LLMClient, FakeTransport]:
    """A client that sends nothing."""
    fake, shipped = FakeTransport(), load_rules()
    # Rules of its own: what others asked of the shared ones is let go in the middle of the counting.
    rules = RuleSet(shipped.layers, shipped.data)
    if kind == "unlisted":
        settings: dict[str, Any] = {"base_url": "http://127.0.0.1:1/v1", "api_key": "any"}
    else:
        settings = {"provider": "bedrock"}
    return LLMClient(transport=fake, level="ignore", rules=rules, **settings), fake


@pytest.mark.parametrize("kind", ["unlisted", pytest.param("like", marks=pytest.mark.slow)])
async def test_limiters_and_facts_of_many_models_go(kind: str) -> None:
    client, fake = client_for(kind)
    await ask(client, fake, range(10), kind)
    first = our_objects()
    await ask(client, fake, range(10, 110), kind)
    a_name = max((our_objects() - first) / 100, 1)
    await ask(client, fake, range(110, 1510), kind)
    # Some may be remembered, not all.
    assert our_objects() - first < REMEMBERED * a_name
    await client.aclose()


@pytest.mark.slow
@tells_its_memory
@pytest.mark.parametrize("kind", ["unlisted", "like"])
async def test_a_hundred_thousand_models(kind: str) -> None:
    """By the process's size: counting single allocations would take a quarter of an hour."""
    client, fake = client_for(kind)
    await ask(client, fake, range(10), kind)
    before = await asyncio.to_thread(resident)
    await ask(client, fake, range(10, 100_000), kind)
    after = await asyncio.to_thread(resident)
    assert after - before <= MOST, f"{(after - before) >> 20} MiB"
    await client.aclose()
