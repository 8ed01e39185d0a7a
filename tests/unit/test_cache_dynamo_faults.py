"""DynamoDB in trouble: the call goes on, at most a second later, with one warning."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import web
from dynamo_engine import ACCESS_KEY, SECRET_KEY, settled, store_at
from loop_time import loop_clock
from scripted_dynamo import Engine, Handler, engine_that, operation, refused, refusing, saying, silent
from wires import RESPONSES, refused_url, share_service_models

from smartllm.errors import ConfigError
from smartllm.runtime.cache import dynamo_table
from smartllm.runtime.cache.files import FORMAT
from smartllm.testing import LoopbackServer

KEY = "ab" * 32


@pytest.fixture(autouse=True)
async def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)
    # A process's first client takes longer to make on a busy machine than a call waits for the table.
    with monkeypatch.context() as patient:
        patient.setattr(dynamo_table, "_TIMEOUT", 30)
        async with engine_that(saying(b"{}")) as (url, _):
            store = store_at(url)
            await store.get(KEY)
            await store.aclose()


def entry() -> dict[str, Any]:
    return {"format": FORMAT, "key": KEY, "metadata": {}, "data": {"text": "4"}}


async def hanging_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


FAULTS: dict[str, Handler] = {
    "throttled": refusing(400, "ProvisionedThroughputExceededException"),
    "too-many": refusing(400, "ThrottlingException"),
    "failing": refusing(500, "InternalServerError"),
    "denied": refusing(400, "AccessDeniedException"),
    "unknown-key": refusing(400, "UnrecognizedClientException"),
    "no-table-and-no-right-to-make-it": refusing(400, "ResourceNotFoundException"),
    "silent": silent,
    "hanging-up": hanging_up,
    "html": saying(b"<html>"),
    "cut": saying(b'{"Item": {"pk"'),
    "a-list": saying(b"[]"),
    "odd": saying(b'{"Item": 5}'),
    "odder": saying(b'{"Item": {"pk": 5, "data": []}}'),
}


# botocore takes a success that is no JSON for an empty one, which is a miss.
SILENT_MISSES = {"html", "cut"}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_goes_on(
    fault: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (
        fault != "silent"
    ):  # an answer that comes late on a busy machine is another trouble than the scripted one
        monkeypatch.setattr(dynamo_table, "_TIMEOUT", 10)
    with LoopbackServer() as server:
        async with engine_that(FAULTS[fault]) as (url, asked):
            await answered(server, url, caplog, warned=fault not in SILENT_MISSES)
        assert asked[0] == "GetItem"


async def test_a_call_goes_on_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    with LoopbackServer() as server:
        await answered(server, refused_url(), caplog)


async def answered(
    server: LoopbackServer, url: str, caplog: pytest.LogCaptureFixture, *, warned: bool = True
) -> None:
    settings = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    settings |= {"dynamo_table_name": "answers", "dynamo_endpoint_url": url}
    async with RESPONSES.client(server.url, **settings) as client:
        await client.generate_text(RESPONSES.request("warm up"))
        async with loop_clock() as took:
            response = await client.generate_text(RESPONSES.request("hi", use_cache=True))
            assert took() < 1.5
        assert (response.text, response.cache_source) == ("echo: hi", "miss")
        # The first level works on.
        again = await client.generate_text(RESPONSES.request("hi", use_cache=True))
        assert again.cache_source == "l1"
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == int(warned), warnings
    for warning in warnings:
        assert "DynamoDB (answers)" in warning
        assert SECRET_KEY not in warning


async def test_a_dead_table_is_left_alone_for_half_a_minute() -> None:
    now = [1000.0]
    async with engine_that(FAULTS["failing"]) as (url, asked):
        store = store_at(url, timer=lambda: now[0])
        for _ in range(10):
            assert await store.get(KEY) is None
            await store.put(KEY, entry())
        assert len(asked) == 3
        now[0] += 29
        await store.get(KEY)
        assert len(asked) == 3
        now[0] += 2
        await store.get(KEY)
        await store.get(KEY)
        assert len(asked) == 4
        await store.aclose()


@pytest.mark.parametrize("call", ["get", "put", "delete"])
async def test_what_fails_together_is_one_failure(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment of trouble, which all calls in flight meet, does not cost half a minute of the cache."""
    monkeypatch.setattr(dynamo_table, "_TIMEOUT", 30)
    together = asyncio.Barrier(10)

    async def failing(request: web.Request) -> web.StreamResponse:
        await together.wait()
        return await FAULTS["failing"](request)

    async def handler(request: web.Request) -> web.StreamResponse:
        return await handling(request)

    handling: Handler = failing
    async with engine_that(handler) as (url, asked):
        store = store_at(url)

        async def burst() -> None:
            given = (KEY, entry()) if call == "put" else (KEY,)
            await asyncio.gather(*[getattr(store, call)(*given) for _ in range(together.parties)])

        for seen in (10, 20):
            await burst()
            assert len(asked) == seen
        handling = saying(b"{}")
        await store.get(KEY)
        assert len(asked) == 21
        handling = failing
        for seen in (31, 41, 51, 51):
            await burst()
            assert len(asked) == seen
        await store.aclose()


@pytest.mark.parametrize("failing", [2, 3])
async def test_what_waits_for_the_table_outlives_a_moment_of_trouble(
    failing: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dynamo_table, "_TIMEOUT", 30)
    engine, puts = Engine(state="missing"), 0
    keys = [KEY, "cd" * 32]
    both = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal puts
        if operation(request) == "CreateTable":
            await both.wait()
        if operation(request) == "PutItem" and engine.state == "ACTIVE":
            puts += 1
            if puts % (failing + 1):
                return refused(500, "InternalServerError")
        return await engine(request)

    async with engine_that(handler) as (url, _):
        store = store_at(url)
        for key in keys:
            await store.put(key, {**entry(), "key": key})
        both.set()
        await settled(store)
        assert (list(engine.items), puts) == ((keys, 6) if failing == 2 else ([], 3))
        assert [await store.get(key) is not None for key in keys] == [failing == 2] * 2, (
            "it is not left alone"
        )
        await store.aclose()
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    told = "response cache in DynamoDB (answers): the table cannot be used (InternalServerError); calls go on"
    assert warnings == [told] * (failing == 3), "what was lost is told of, and nothing else"


async def test_a_table_that_recovers_is_used_again() -> None:
    now, broken = [1000.0], [True]

    async def handler(request: web.Request) -> web.StreamResponse:
        return await (FAULTS["failing"] if broken[0] else saying(b"{}"))(request)

    async with engine_that(handler) as (url, asked):
        store = store_at(url, timer=lambda: now[0])
        for _ in range(3):
            await store.get(KEY)
        broken[0] = False
        now[0] += 31
        for _ in range(5):
            await store.get(KEY)
        assert len(asked) == 8
        await store.aclose()


async def test_a_slow_search_for_credentials_delays_one_call_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with engine_that(saying(b"{}")) as (url, asked):
        store = store_at(url)
        table = store._tables.get()
        original = table._open

        async def slow() -> Any:
            await asyncio.sleep(0.8)
            return await original()

        monkeypatch.setattr(table, "_open", slow)
        async with loop_clock() as took:
            await store.get(KEY)
            assert took() < 0.75
        assert asked == []
        await asyncio.sleep(0.8)
        await store.get(KEY)
        assert asked == ["GetItem"]
        await store.aclose()


async def test_closing_in_the_middle_leaves_nothing_open() -> None:
    async with engine_that(silent) as (url, _):
        store = store_at(url)
        write = asyncio.create_task(store.put(KEY, entry()))
        await asyncio.sleep(0.2)
        await store.aclose()
        await write
        store = store_at(url)
        read = asyncio.create_task(store.get(KEY))
        await asyncio.sleep(0.2)
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read
        await store.aclose()


@pytest.mark.parametrize("name", ["", "ab", "a" * 256, "bad name", "täble", "a/b"])
def test_an_unusable_table_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"dynamo_table_name=.*allowed: 3 to 255"):
        RESPONSES.client("http://127.0.0.1:1", dynamo_table_name=name)
