"""O3: one client serves several event loops, in turn and at once; nothing outlives total_timeout."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dynamo_table import DynamoTable
from raw_server import Call, HangUp, RawServer, silent
from wires import Wire, each_transport, share_service_models

from smartllm import LLMClient
from smartllm.errors import ProviderTimeoutError, SmartLLMError
from smartllm.runtime.cache import dynamo_table

TOTAL = 3.0
THREADS = 4
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def slowly(call: Call) -> None:
    """The right answer after a moment, so that calls meet."""
    if call.pause(0.03):
        raise HangUp
    call.send(call.answer())


def with_uvloop(work: Coroutine[Any, Any, Any]) -> Any:
    """A loop of another make."""
    uvloop = importlib.import_module("uvloop")

    return uvloop.run(work)


LOOPS: list[Any] = [asyncio.run]
if importlib.util.find_spec("uvloop"):
    LOOPS.append(with_uvloop)


async def asked(client: LLMClient, wire: Wire, prompt: str, **fields: Any) -> list[str]:
    """What a whole and a streamed call say."""
    whole = await client.generate_text(wire.request(prompt, **fields))
    stream = client.generate_text_stream(wire.request(prompt))
    return [whole.text, "".join([chunk.text async for chunk in stream])]


def at_once(run: Run, *works: Coroutine[Any, Any, Any], limit: float = 2 * TOTAL + 2) -> list[Any]:
    """What threads with a loop each come to; a thread that does not end is None."""
    ends: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def work(place: int) -> None:
        start.wait()
        try:
            ends[place] = run(works[place])
        except BaseException as error:  # noqa: BLE001 - for the test's own thread
            ends[place] = error

    threads = [threading.Thread(target=work, args=(place,), daemon=True) for place in range(len(works))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return ends


@contextmanager
def client_of(wire: Wire, url: str, folder: Path, **settings: Any) -> Iterator[LLMClient]:
    """A client that is closed from one more loop."""
    client = wire.client(url, total_timeout=TOTAL, cache_dir=folder, **settings)
    yield client
    asyncio.run(client.aclose())


rounds = pytest.mark.parametrize("rounds", [2, pytest.param(200, marks=pytest.mark.slow)], ids=["few", "200"])
each_loop = pytest.mark.parametrize(
    "run", LOOPS, ids=lambda run: run.__module__.partition(".")[0] + run.__name__
)


@rounds
@each_loop
@each_transport
def test_one_loop_after_another(wire: Wire, run: Run, rounds: int, tmp_path: Path) -> None:
    with RawServer() as server, client_of(wire, server.url, tmp_path) as client:
        for number in range(rounds):
            prompts = [f"{number}", "the same in all rounds"]
            for prompt in prompts:
                clock = time.monotonic()
                assert run(asked(client, wire, prompt, use_cache=True)) == [f"echo: {prompt}"] * 2
                assert time.monotonic() - clock < TOTAL / 2


@rounds
@each_loop
@each_transport
def test_loops_in_threads_at_once(wire: Wire, run: Run, rounds: int, tmp_path: Path) -> None:
    with RawServer(slowly) as server, client_of(wire, server.url, tmp_path) as client:
        for number in range(rounds):
            works = [asked(client, wire, f"same {number}", use_cache=True) for _ in range(THREADS)]
            assert at_once(run, *works) == [[f"echo: same {number}"] * 2] * THREADS
            prompts = [f"{place} in {number}" for place in range(THREADS)]
            works = [asked(client, wire, prompt) for prompt in prompts]
            assert at_once(run, *works) == [[f"echo: {prompt}"] * 2 for prompt in prompts]


@each_loop
@each_transport
def test_loops_share_a_table(wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamo_table, "_TIMEOUT", TOTAL)  # how fast it is does not matter here
    with RawServer(slowly) as server, DynamoTable() as table:
        for turn, source in ((0, {"miss", "l1", "l2"}), (1, {"l2"})):
            with client_of(wire, server.url, tmp_path / f"{turn}", **table.settings()) as client:

                async def source_of(prompt: str, client: LLMClient = client) -> tuple[str, Any]:
                    response = await client.generate_text(wire.request(prompt, use_cache=True))
                    return response.text, response.cache_source

                for prompt in ("one", "two"):
                    text, found = run(source_of(prompt))
                    assert (text, found in source) == (f"echo: {prompt}", True), found
                prompts = ["three", "three", "four", "five"]
                ends = at_once(run, *[source_of(prompt) for prompt in prompts])
                assert [end[0] for end in ends] == [f"echo: {prompt}" for prompt in prompts]
                assert {end[1] for end in ends} <= source
        assert len(table.items) == 5


@each_transport
def test_nothing_in_any_loop_outlives_the_total_timeout(wire: Wire, tmp_path: Path) -> None:
    with RawServer(silent) as server:
        client = wire.client(server.url, total_timeout=0.5, cache_dir=tmp_path, max_concurrent=2)
        clock = time.monotonic()
        works = [client.generate_text(wire.request(text, use_cache=True)) for text in ("a", "a", "b", "c")]
        ends = at_once(asyncio.run, *works, limit=3)
        assert time.monotonic() - clock < 1.5
        assert [type(end) for end in ends] == [ProviderTimeoutError] * 4
        asyncio.run(client.aclose())


@each_transport
def test_a_loop_that_ends_early_leaves_the_others_alone(wire: Wire, tmp_path: Path) -> None:
    async def left(client: LLMClient) -> str:
        task = asyncio.create_task(client.generate_text(wire.request("same", use_cache=True)))
        await asyncio.sleep(0.01)
        task.cancel()
        return "left"

    async def stayed(client: LLMClient) -> str:
        return (await client.generate_text(wire.request("same", use_cache=True))).text

    with RawServer(slowly) as server, client_of(wire, server.url, tmp_path) as client:
        works = [left(client), stayed(client), left(client), stayed(client)]
        assert at_once(asyncio.run, *works) == ["left", "echo: same", "left", "echo: same"]


@each_transport
def test_a_client_closed_in_one_loop_is_closed_in_all(wire: Wire, tmp_path: Path) -> None:
    async def refused(client: LLMClient) -> None:
        with pytest.raises(SmartLLMError, match="closed"):
            await client.generate_text(wire.request("x"))

    with RawServer() as server:
        client = wire.client(server.url, total_timeout=TOTAL, cache_dir=tmp_path)
        for _ in range(2):
            asyncio.run(asked(client, wire, "x"))
        asyncio.run(client.aclose())
        asyncio.run(refused(client))
