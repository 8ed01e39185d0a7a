"""The second cache level against a real DynamoDB-compatible engine."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import string
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dynamo_engine import ACCESS_KEY, REGION, SECRET_KEY, dynamo_engine, raw_client, settled, store_at
from wires import INVOKE, RESPONSES, Wire, share_service_models

from smartllm import LLMClient
from smartllm.runtime.cache import dynamo_table
from smartllm.runtime.cache.files import FORMAT
from smartllm.testing import LoopbackServer, Reply

KEY = "ab" * 32
DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamo_engine(tmp_path_factory.mktemp("engine")) as url:
        yield url


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)
    # What these tests are about is not how quick a real engine is on a busy machine.
    monkeypatch.setattr(dynamo_table, "_TIMEOUT", 10)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A table of the test's own; the store makes it."""
    return f"t-{abs(hash(request.node.nodeid))}"


def entry(key: str = KEY, text: Any = "4") -> dict[str, Any]:
    return {"format": FORMAT, "key": key, "metadata": {}, "data": {"text": text}}


def noise(characters: int) -> str:
    """Text that does not compress below about three quarters of its length."""
    chance = random.Random(3)  # noqa: S311 - not a secret
    return "".join(chance.choices(string.ascii_letters + string.digits, k=characters))


def client_at(wire: Wire, server: LoopbackServer, engine: str, table: str, **settings: Any) -> LLMClient:
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    if wire.provider == "bedrock":
        keys = {}
    return wire.client(
        server.url,
        dynamo_table_name=table,
        dynamo_endpoint_url=engine,
        aws_region=REGION,
        **keys,
        **settings,
    )


async def put_raw(engine: str, table: str, item: dict[str, Any]) -> None:
    async with raw_client(engine) as client:
        await client.put_item(TableName=table, Item={"pk": {"S": KEY}, **item})


@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=["openai", "bedrock"])
async def test_an_answer_reaches_other_machines_and_their_first_level(
    wire: Wire, engine: str, table: str, tmp_path: Path
) -> None:
    request = wire.request("What is 2+2?", use_cache=True)
    with LoopbackServer() as server:
        for machine, source in (("one", "miss"), ("two", "l2"), ("two", "l1"), ("one", "l1")):
            async with client_at(wire, server, engine, table, cache_dir=tmp_path / machine) as client:
                response = await client.generate_text(request)
            assert (response.cache_source, response.text) == (source, "echo: What is 2+2?")
        assert len(server.requests) == 1
        again = request.model_copy(update={"clear_cache": True})
        async with client_at(wire, server, engine, table, cache_dir=tmp_path / "three") as client:
            assert (await client.generate_text(again)).cache_source == "miss"
        assert len(server.requests) == 2


async def test_the_table_is_made_on_demand_with_expiry(engine: str, table: str) -> None:
    store = store_at(engine, table, ttl_days=7)
    assert await store.get(KEY) is None
    await store.put(KEY, entry())
    await settled(store)
    assert await store.get(KEY) == entry()
    await store.aclose()
    async with raw_client(engine) as client:
        about = (await client.describe_table(TableName=table))["Table"]
        expiry = (await client.describe_time_to_live(TableName=table))["TimeToLiveDescription"]
        item = (await client.get_item(TableName=table, Key={"pk": {"S": KEY}}))["Item"]
    assert about["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert about["TableStatus"] == "ACTIVE"
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "ttl")
    assert abs(int(item["ttl"]["N"]) - time.time() - 7 * DAY) < 60
    assert json.loads(zlib.decompress(item["data"]["B"], wbits=31)) == entry()


async def test_racing_creators_make_one_table_and_lose_nothing(
    engine: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    stores = [store_at(engine, table) for _ in range(5)]
    keys = [f"{number:02x}" * 32 for number in range(10)]
    await asyncio.gather(*(stores[n % 5].put(key, entry(key)) for n, key in enumerate(keys)))
    await asyncio.gather(*map(settled, stores))
    found = await asyncio.gather(*(stores[0].get(key) for key in keys))
    assert found == [entry(key) for key in keys]
    await asyncio.gather(*(store.aclose() for store in stores))
    assert not caplog.records


async def test_a_table_that_vanishes_is_made_again(engine: str, table: str) -> None:
    store = store_at(engine, table)
    await store.put(KEY, entry())
    await settled(store)
    async with raw_client(engine) as client:
        await client.delete_table(TableName=table)
    await store.delete(KEY)
    await store.put(KEY, entry())
    await settled(store)
    assert await store.get(KEY) == entry()
    await store.delete(KEY)
    assert await store.get(KEY) is None
    await store.aclose()


async def test_expiry_is_checked_by_the_reader(engine: str, table: str) -> None:
    writer = store_at(engine, table, ttl_days=1)
    await writer.put(KEY, entry())
    await settled(writer)
    for days, expected in ((0.9, entry()), (1.1, None)):
        reader = store_at(engine, table, clock=lambda days=days: time.time() + days * DAY)
        assert await reader.get(KEY) == expected
        await reader.aclose()
    await writer.aclose()


async def test_what_is_too_large_stays_in_the_first_level(
    engine: str, table: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    request = RESPONSES.request("write a book", use_cache=True)
    with LoopbackServer() as server:
        server.script(Reply(text=noise(600_000)), Reply(text="a" * 3_000_000))
        async with client_at(RESPONSES, server, engine, table, cache_dir=tmp_path) as client:
            response = await client.generate_text(request)
            assert [item.code for item in response.diagnostics] == ["cache-entry-too-large"]
            again = await client.generate_text(request)
            assert (again.cache_source, again.diagnostics) == ("l1", ())
            # Compressed it fits.
            small = await client.generate_text(RESPONSES.request("and again", use_cache=True))
            assert small.diagnostics == ()
    assert len([record for record in caplog.records if "400 KB" in record.getMessage()]) == 1
    async with raw_client(engine) as client:
        assert [item["pk"]["S"] for item in (await client.scan(TableName=table))["Items"]] == [
            small.cache_key
        ]


async def test_foreign_and_damaged_items_are_a_miss_with_one_warning_and_replaced(
    engine: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    packed = zlib.compress(json.dumps(entry()).encode(), wbits=31)
    later = {"N": str(int(time.time()) + 1000)}
    other = zlib.compress(json.dumps(entry("cd" * 32)).encode(), wbits=31)
    newer = zlib.compress(json.dumps({**entry(), "format": 99}).encode(), wbits=31)
    bomb = zlib.compress(b"[" + b" " * 128_000_000 + b"1]", wbits=31)
    assert len(bomb) < 200_000
    damaged: list[dict[str, Any]] = [
        {},
        {"data": {"B": packed}},
        {"data": {"B": packed}, "ttl": {"S": "tomorrow"}},
        {"data": {"S": "text"}, "ttl": later},
        {"data": {"B": b"plain"}, "ttl": later},
        {"data": {"B": packed[:-9]}, "ttl": later},
        {"data": {"B": zlib.compress(b"[1]", wbits=31)}, "ttl": later},
        {"data": {"B": zlib.compress(b"[" * 100_000, wbits=31)}, "ttl": later},
        {"data": {"B": bomb}, "ttl": later},
        {"data": {"B": other}, "ttl": later},
        {"data": {"B": newer}, "ttl": later},
    ]
    store = store_at(engine, table)
    await store.put(KEY, entry())
    await settled(store)
    for item in damaged:
        await put_raw(engine, table, item)
        assert await store.get(KEY) is None
    await store.put(KEY, entry())
    assert await store.get(KEY) == entry()
    await store.aclose()
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "damaged" in messages[0]
    assert "foreign" in messages[1]


async def test_no_secret_reaches_the_table(engine: str, table: str, tmp_path: Path) -> None:
    with LoopbackServer() as server:
        for wire in (RESPONSES, INVOKE):
            async with client_at(wire, server, engine, table, cache_dir=tmp_path) as client:
                await client.generate_text(wire.request("hi", use_cache=True))
        sent = [recorded.headers["authorization"] for recorded in server.requests]
    async with raw_client(engine) as client:
        items = (await client.scan(TableName=table))["Items"]
    stored = "".join(zlib.decompress(item["data"]["B"], wbits=31).decode() for item in items)
    assert len(items) == 2
    for secret in (ACCESS_KEY, SECRET_KEY, "Bearer", "any", "AWS4", *sent):
        assert f'"{secret}' not in stored
        assert secret == "any" or secret not in stored


async def test_the_event_loop_is_never_blocked(
    engine: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    store, text = store_at(engine, table), noise(450_000)
    await store.put(KEY, entry())
    await settled(store)

    async def longest_gap() -> float:
        gaps, done = [0.0], asyncio.Event()

        async def beat() -> None:
            while not done.is_set():
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                gaps.append(time.perf_counter() - before)

        heart = asyncio.create_task(beat())
        await asyncio.gather(*(store.put(f"{n:02x}" * 32, entry(f"{n:02x}" * 32, text)) for n in range(3)))
        assert await store.get("01" * 32) == entry("01" * 32, text)
        done.set()
        await heart
        return max(gaps)

    # The best of several: a busy machine delays a heart as well.
    assert min([await longest_gap() for _ in range(4)]) < 0.05
    await store.aclose()
    assert not caplog.records
