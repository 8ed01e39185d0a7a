"""Jobs of the sandbox's batch engines: phases by time, order and failures by chance, the clock, the bill."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Billed, Clock, Engine, Moment, Turns, engine_of
from smartllm.testing.batch.work import HEADER, Batches


@pytest.mark.parametrize(
    ("elapsed", "moment"),
    [
        (0.0, Moment("validating", 0)),
        (0.99, Moment("validating", 0)),
        (1.0, Moment("running", 0)),
        (5.0, Moment("running", 40)),
        (8.99, Moment("running", 79)),
        (9.0, Moment("finalizing", 80)),
        (9.99, Moment("finalizing", 80)),
        (10.0, Moment("ended", 80)),
        (99.0, Moment("ended", 80)),
    ],
)
def test_where_a_job_stands(elapsed: float, moment: Moment) -> None:
    engine = Engine(seconds=10)
    assert engine.at(elapsed, 80) == moment
    assert engine.reach(80) == 80


@pytest.mark.parametrize(
    ("after", "elapsed", "moment", "reach"),
    [
        (5.0, 4.99, Moment("running", 39), 40),
        (5.0, 5.0, Moment("ended", 40, expired=True), 40),
        (5.0, 50.0, Moment("ended", 40, expired=True), 40),
        (0.0, 0.0, Moment("ended", 0, expired=True), 0),
        (0.5, 0.7, Moment("ended", 0, expired=True), 0),
        (10.0, 10.0, Moment("ended", 80), 80),
        (11.0, 50.0, Moment("ended", 80), 80),
    ],
)
def test_a_job_that_expires(after: float, elapsed: float, moment: Moment, reach: int) -> None:
    engine = Engine(seconds=10, expire_after=after)
    assert engine.at(elapsed, 80) == moment
    assert engine.reach(80) == reach


def test_a_job_that_takes_no_time() -> None:
    assert Engine(seconds=0).at(0, 7) == Moment("ended", 7)
    assert Engine(seconds=0, expire_after=0).at(0, 7) == Moment("ended", 7)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"seconds": -1}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"seconds": None}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"failures": "0.1"}, "failures"),
        ({"failures": 1.01}, "failures is a share from 0 to 1, not 1.01"),
        ({"failures": None}, "failures"),
        ({"expire_after": -0.1}, "expire_after"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"shuffle": 1}, "shuffle"),
        ({"token_limit": -1}, "token_limit"),
        ({"token_limit": True}, "token_limit"),
        ({"token_limit": 1.0}, "token_limit"),
        ({"speed": 1}, "there is no field 'speed'; known fields: seconds, failures, expire_after, seed"),
    ],
)
def test_fields_out_of_range_are_named(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        engine_of(fields, Engine())


def test_what_is_not_given_stays() -> None:
    usual = Engine(seconds=3, failures=0.25, expire_after=2, seed=9, shuffle=False, token_limit=0)
    assert engine_of({}, usual) == usual
    assert engine_of({"expire_after": None, "seed": 1}, usual) == Engine(
        seconds=3, failures=0.25, seed=1, shuffle=False, token_limit=0
    )


def test_one_seed_gives_the_same_order_again() -> None:
    order = Engine(seed=1).order("a", 100)
    assert sorted(order) == [*range(100)] != order
    assert order == Engine(seed=1).order("a", 100)
    assert order != Engine(seed=2).order("a", 100) != Engine(seed=1).order("b", 100)
    assert Engine(shuffle=False).order("a", 100) == [*range(100)]


def test_failures_are_a_share_and_another_chance_each_time() -> None:
    def failed(seed: int, chance: str, share: float = 0.3) -> list[int]:
        engine = Engine(failures=share, seed=seed)
        return [n for n in range(1000) if engine.failing(chance, f"L{n}") is not None]

    assert 250 < len(failed(1, "a")) < 350
    assert failed(1, "a") == failed(1, "a") != failed(1, "b")
    assert failed(1, "a") != failed(2, "a")
    assert set(failed(1, "a", 0.1)) < set(failed(1, "a"))
    assert (len(failed(1, "a", 0.0)), len(failed(1, "a", 1.0))) == (0, 1000)
    replies = [Engine(failures=1).failing("a", name) for name in ("1", "2", "3", "4", "\ud800")]
    assert {reply.status for reply in replies if reply} == {429, 500}


async def test_a_clock_that_is_put_forward_wakes_who_waits() -> None:
    clock = Clock()
    assert abs(clock.now() - time.time()) < 1
    waiting = asyncio.ensure_future(clock.until(clock.now() + 3600))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    clock.advance(3600)
    await asyncio.wait_for(waiting, 1)
    assert 3599 < clock.now() - time.time() < 3601
    await clock.until(clock.now() - 1)


async def test_others_have_their_turn() -> None:
    async def others() -> None:
        seen.append("other")

    seen: list[str] = []
    other = asyncio.ensure_future(others())
    turns = Turns()
    await turns.give()
    assert seen == []
    time.sleep(0.03)  # noqa: ASYNC251 - work that takes long
    await turns.give()
    assert seen == ["other"]
    await other


def test_the_bill() -> None:
    billed = Billed()
    for name in ("b", "a", "b"):
        billed.add(name)
    assert (billed.times, billed.twice, len(billed)) == ({"a": 1, "b": 2}, ["b"], 2)
    assert (billed["b"], billed["c"]) == (2, 0)
    billed.clear()
    assert (billed.times, len(billed)) == ({}, 0)


@pytest.fixture
def batches() -> Batches:
    return LoopbackServer(batch=Engine(seconds=7)).batches


def test_a_job_may_bring_its_own_engine(batches: Batches) -> None:
    assert batches.engine_for({}) is batches.engine
    assert batches.engine_for({HEADER: '{"failures": 1}'}) == Engine(seconds=7, failures=1)
    for text in ("[]", "{", '{"speed": 1}', '{"seconds": -1}'):
        with pytest.raises(ValueError, match=f"^{HEADER}: "):
            batches.engine_for({HEADER: text})


def test_a_job_that_runs_again_has_another_chance(batches: Batches) -> None:
    first = [batches.chance("x"), batches.chance("x"), batches.chance("y")]
    assert len(set(first)) == 3
    batches.script("L1", Reply(status=500))
    batches.clear()
    assert [batches.chance("x"), batches.chance("x"), batches.chance("y")] == first
    assert not batches._scripted
