"""The shared level without a real engine: tables that are being made, expiry, odd values, loops and forks."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from dynamo_engine import ACCESS_KEY, SECRET_KEY, settled, store_at
from loop_time import loop_clock
from scripted_dynamo import Engine, engine_that, operation, refusing, silent
from wires import RESPONSES, share_service_models

from smartllm.runtime.cache import dynamo_table
from smartllm.runtime.cache.files import FORMAT
from smartllm.testing import LoopbackServer

KEY, OTHER = "ab" * 32, "cd" * 32
DAY = 24 * 60 * 60


def entry(key: str = KEY, text: Any = "4", **more: Any) -> dict[str, Any]:
    return {"format": FORMAT, "key": key, "metadata": {}, "data": {"text": text}, **more}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)
    monkeypatch.setattr(dynamo_table, "_TIMEOUT", 5)  # making the first client takes long on a busy machine


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def url(engine: Engine) -> AsyncIterator[str]:
    async with engine_that(engine) as (address, _):
        yield address


class TestCreation:
    async def test_a_table_in_creation_holds_no_call(self, caplog: pytest.LogCaptureFixture) -> None:
        """A table that stays in CREATING costs nothing of the caller's time."""
        engine = Engine(state="missing", creation="CREATING")
        settings = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        async with engine_that(engine) as (url, _):
            settings |= {"dynamo_table_name": "answers", "dynamo_endpoint_url": url}
            with LoopbackServer() as server:
                async with RESPONSES.client(server.url, total_timeout=5, **settings) as client:
                    await client.generate_text(RESPONSES.request("warm up"))
                    for prompt in ("one", "two"):
                        async with loop_clock() as took:
                            response = await client.generate_text(RESPONSES.request(prompt, use_cache=True))
                            assert took() < 1.5
                        assert response.text == f"echo: {prompt}"
                    clock = time.monotonic()
                assert dynamo_table._AT_CLOSE <= 2
                assert time.monotonic() - clock < dynamo_table._AT_CLOSE + 1
        assert warnings(caplog) == []

    async def test_what_waits_is_written_when_the_table_is_there(self) -> None:
        engine = Engine(state="missing", creation="CREATING")
        async with engine_that(engine) as (url, asked):
            store = store_at(url)
            for text in ("old", "new"):
                await store.put(KEY, entry(text=text))
            await store.put(OTHER, entry(OTHER))
            assert await store.get(KEY) is None
            await store.delete(OTHER)
            assert engine.items == {}
            engine.state = "ACTIVE"
            await settled(store)
            assert await store.get(KEY) == entry(text="new")
            assert list(engine.items) == [KEY], "what was forgotten meanwhile is not written"
            assert asked.count("CreateTable") == 1
            assert asked.count("PutItem") == 2
            await store.aclose()

    async def test_closing_waits_a_little_for_what_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dynamo_table, "_AT_CLOSE", 10)  # a busy machine is slower
        engine = Engine(state="missing", creation="CREATING")
        async with engine_that(engine) as (url, _):
            store = store_at(url)
            await store.put(KEY, entry())
            asyncio.get_running_loop().call_later(0.5, setattr, engine, "state", "ACTIVE")
            await store.aclose()
            assert list(engine.items) == [KEY]
            store = store_at(url)
            engine.state = "missing"
            assert await store.get(KEY) is None
            async with loop_clock() as took:
                await store.aclose()
                assert took() < 0.5, "nothing waits, so neither does closing"

    async def test_closing_waits_for_what_is_being_written(self) -> None:
        engine = Engine(state="missing", creation="ACTIVE")
        writing = asyncio.Event()

        async def slow(request: web.Request) -> web.StreamResponse:
            if operation(request) == "PutItem" and engine.state == "ACTIVE":
                writing.set()
                await asyncio.sleep(0.3)
            return await engine(request)

        async with engine_that(slow) as (url, _):
            store = store_at(url)
            await store.put(KEY, entry())
            await asyncio.wait_for(writing.wait(), 20)
            await store.aclose()
            assert list(engine.items) == [KEY]

    async def test_closing_does_not_wait_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dynamo_table, "_AT_CLOSE", 0.3)
        async with engine_that(Engine(state="missing", creation="CREATING")) as (url, _):
            for cancelled in (False, True):
                store = store_at(url)
                await store.put(KEY, entry())
                async with loop_clock() as took:
                    closing = asyncio.create_task(store.aclose())
                    if cancelled:
                        await asyncio.sleep(0.05)
                        closing.cancel()
                    await asyncio.wait({closing})
                    assert closing.cancelled() is cancelled
                    assert took() < 1
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert left == []

    async def test_no_more_than_a_hundred_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dynamo_table, "_AT_CLOSE", 0)
        async with engine_that(Engine(state="missing", creation="CREATING")) as (url, _):
            store = store_at(url)
            for number in range(120):
                await store.put(f"{number:064x}", entry(f"{number:064x}"))
            assert len(store._tables.get()._waiting) == 100
            await store.aclose()

    async def test_a_table_that_cannot_be_made_is_left_alone_too(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = [1000.0]
        async with engine_that(refusing(400, "ResourceNotFoundException")) as (url, asked):
            store = store_at(url, timer=lambda: now[0])
            for _ in range(10):
                await store.put(KEY, entry())
                await settled(store)
            assert asked.count("CreateTable") == 3
            count = len(asked)
            await store.get(KEY)
            assert len(asked) == count
            now[0] += 31
            await store.get(KEY)
            assert len(asked) > count
            await store.aclose()
        assert len(warnings(caplog)) == 1

    async def test_a_cancelled_caller_leaves_the_table_to_the_others(self) -> None:
        engine = Engine(state="missing", creation="CREATING")
        async with engine_that(engine) as (url, asked):
            store = store_at(url)
            for call in (store.put(KEY, entry()), store.get(KEY), store.delete(OTHER)):
                task = asyncio.create_task(call)
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await store.put(OTHER, entry(OTHER))
            engine.state = "ACTIVE" if engine.state == "CREATING" else engine.state
            engine.creation = "ACTIVE"
            await settled(store)
            assert await store.get(OTHER) == entry(OTHER)
            assert asked.count("CreateTable") == 1
            await store.aclose()

    async def test_a_deadline_round_a_silent_table_is_kept(self) -> None:
        async with engine_that(silent) as (url, _):
            store = store_at(url)
            for call in (lambda: store.get(KEY), lambda: store.put(KEY, entry())):
                async with loop_clock() as took:
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.1):
                            await call()
                    assert took() < 0.4
            await store.aclose()


class TestEntries:
    async def test_expired_items_are_a_miss(self, url: str, engine: Engine) -> None:
        now = [1_000_000.0]
        store = store_at(url, ttl_days=1, clock=lambda: now[0])
        await store.put(KEY, entry())
        assert engine.items[KEY]["ttl"] == {"N": str(1_000_000 + DAY)}
        now[0] += DAY - 1
        assert await store.get(KEY) == entry()
        now[0] += 1
        assert await store.get(KEY) is None
        await store.aclose()

    @pytest.mark.parametrize("days", [1e305, 1.7e308, 10.0**12])
    async def test_days_without_end_are_the_end_of_the_calendar(
        self, url: str, engine: Engine, days: float, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = store_at(url, ttl_days=days)
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()
        assert engine.items[KEY]["ttl"] == {"N": "253402300799"}
        assert warnings(caplog) == []
        await store.aclose()

    @pytest.mark.parametrize("text", ["hi \ud800é", "\udfff", "😀", "\x00"])
    async def test_any_text_is_kept_as_json_in_utf_8(self, url: str, engine: Engine, text: str) -> None:
        store = store_at(url)
        await store.put(KEY, entry(text=text))
        assert await store.get(KEY) == entry(text=text)
        json.loads(zlib.decompress(engine.packed(KEY), wbits=31).decode("utf-8", "strict"))
        await store.aclose()

    async def test_what_has_no_json_form_is_not_kept_and_is_no_failure_of_the_table(
        self, url: str, engine: Engine, caplog: pytest.LogCaptureFixture
    ) -> None:
        endless: list[Any] = []
        endless.append(endless)
        store = store_at(url)
        for text in (math.nan, math.inf, object(), endless, {1, 2}) * 2:
            assert await store.put(KEY, entry(text=text)) is True
        assert engine.items == {}
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()
        assert {warning.partition(": ")[2][:26] for warning in warnings(caplog)} == {
            "an answer has no JSON form"
        }
        await store.aclose()

    async def test_an_entry_with_a_credential_is_not_written(
        self, url: str, engine: Engine, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = store_at(url, secrets=(SECRET_KEY,))
        await store.put(KEY, entry(text=f"you sent {SECRET_KEY}"))
        assert engine.items == {}
        assert len(warnings(caplog)) == 1
        assert SECRET_KEY not in caplog.text
        await store.aclose()

    async def test_the_first_format_is_a_silent_miss_and_others_are_told(
        self, url: str, engine: Engine, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = store_at(url)
        for number, found in ((1, 0), (FORMAT + 1, 1), (2.0, 1), (True, 1)):
            await store.put(KEY, entry(format=number))
            assert await store.get(KEY) is None
            assert len(warnings(caplog)) == found
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()
        await store.aclose()


class TestOwners:
    """Connections belong to a loop of a process."""

    def test_one_store_in_several_loops(self) -> None:
        async def main() -> None:
            async with engine_that(Engine()) as (url, _):
                store = store_at(url)
                await store.put(KEY, entry())

                def other_loop() -> Any:
                    async def use() -> Any:
                        found = await store.get(KEY)
                        await store.put(OTHER, entry(OTHER))
                        await store.aclose()
                        return found

                    return asyncio.run(use())

                for _ in range(3):
                    assert await asyncio.to_thread(other_loop) == entry()
                    assert await store.get(OTHER) == entry(OTHER)
                await store.aclose()

        asyncio.run(main())

    async def test_a_forked_child_has_connections_of_its_own(self, url: str, engine: Engine) -> None:
        store = store_at(url)
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()
        child = os.fork()
        if child == 0:
            # The parent's loop serves the engine, so it cannot run here too: a new thread has a new loop.
            code = 1
            try:
                asyncio.events._set_running_loop(None)

                async def use() -> Any:
                    found = await store.get(KEY)
                    await store.aclose()
                    return found

                code = 0 if asyncio.run(use()) == entry() else 2
            finally:
                os._exit(code)
        status = await asyncio.to_thread(os.waitpid, child, 0)
        assert os.waitstatus_to_exitcode(status[1]) == 0
        for _ in range(5):
            assert await store.get(KEY) == entry()
        await store.aclose()
