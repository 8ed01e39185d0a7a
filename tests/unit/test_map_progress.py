"""``client.map`` tells how far it is: to a function, as lines, as a bar."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from mapped import FRESH, Slow, all_of, client_of, numbered
from rich.progress import Progress

from smartllm import (
    MapProgress,
)
from smartllm.runtime.observe.map_bar import in_words, shown_progress
from smartllm.runtime.observe.map_tally import Tally


async def test_progress_is_told_to_a_function() -> None:
    told: list[MapProgress] = []
    client = client_of(Slow("prompt 2"))
    await client.generate_text("prompt 0")
    await client.map(numbered(4), max_concurrent=1, return_errors=True, progress=told.append)
    assert [(one.done, one.failed, one.cached, one.in_flight) for one in told] == [
        (1, 0, 1, 0),
        (2, 0, 1, 0),
        (3, 1, 1, 0),
        (4, 1, 1, 0),
    ]
    assert {one.total for one in told} == {4}
    later: list[MapProgress] = []

    async def tell(state: MapProgress) -> None:
        later.append(state)

    await client.map(iter(numbered(2)), progress=tell, **FRESH)
    assert [(one.done, one.total, one.seconds_left) for one in later] == [(1, None, None), (2, None, None)]


async def test_a_function_that_fails_costs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: MapProgress) -> None:
        raise KeyError("mine")

    assert len(await client_of().map(numbered(3), progress=broken, **FRESH)) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "progress= of client.map raised KeyError; calls go on"
    ]


async def test_cost_counts_what_was_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    from smartllm import TextResponse

    monkeypatch.setattr(TextResponse, "cost", property(lambda _: Decimal("0.25")))
    told: list[MapProgress] = []
    client = client_of()
    await client.generate_text("prompt 0")
    await client.map(numbered(3), max_concurrent=1, progress=told.append)
    assert [one.cost for one in told] == [None, Decimal("0.25"), Decimal("0.50")]


async def test_without_a_terminal_progress_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    await client_of(Slow("prompt 1")).map(numbered(3), progress=True, return_errors=True, **FRESH)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("map: 3/3 done, ")
    assert ", 1 failed, " in err
    assert err.count("\n") == 1


async def test_without_standard_error_progress_is_silent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert len(await client_of().map(numbered(2), progress=True, **FRESH)) == 2
    assert capsys.readouterr() == ("", "")


def test_a_bar_beside_another_is_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    first, second = shown_progress(), shown_progress()
    for show in (second, first):
        show(MapProgress(done=4, failed=0, cached=0, total=4, in_flight=0, seconds=2))
        show(None)
    shown = capsys.readouterr().err
    assert "map: 4/4 done, 2.0/s, in 0:00:02\n" in shown
    assert shown.count("4/4 done") >= 2
    third = shown_progress()
    third(None)
    assert "\x1b[" in capsys.readouterr().err


def test_on_a_terminal_progress_is_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    show = shown_progress()
    show(MapProgress(done=2, failed=0, cached=0, total=4, in_flight=1, seconds=1))
    show(None)
    shown = capsys.readouterr().err
    assert "\x1b[" in shown
    assert "2/4 done, 2.0/s, 0:00:01 left" in shown


def test_a_bar_that_cannot_be_shown_stands_in_nobodys_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(_: Progress) -> None:
        raise OSError(5, "the terminal is gone")

    monkeypatch.setenv("FORCE_COLOR", "1")
    with monkeypatch.context() as broken:
        broken.setattr(Progress, "start", gone)
        tally = Tally(1, progress=True)
        tally.begin()
        tally.end()
    show = shown_progress()
    show(None)
    assert "\x1b[" in capsys.readouterr().err  # a bar again, not lines


async def test_the_bar_ends_where_whoever_waits_for_the_end_is_cancelled_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ending, left = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[str]:
        try:
            yield "prompt 0"
            await asyncio.Event().wait()
        finally:
            ending.set()
            await left.wait()

    asked = asyncio.ensure_future(all_of(client_of().map(slow(), progress=True, **FRESH)))
    await asyncio.sleep(0.01)
    asked.cancel()
    await ending.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    left.set()
    assert capsys.readouterr().err.startswith("map: ")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (MapProgress(3, 0, 0, None, 1, 0), "3 done, 0.00/s, in 0:00:00"),
        (MapProgress(50, 1, 7, 100, 8, 100, Decimal("0.118")), "50/100 done, 0.50/s, 1 failed, 7 from"),
        (MapProgress(300, 0, 0, 300, 0, 10), "300/300 done, 30/s, in 0:00:10"),
        (MapProgress(50, 0, 0, 100, 8, 25, Decimal(2)), "50/100 done, 2.0/s, $2.00, 0:00:25 left"),
    ],
    ids=["unknown", "all", "ended", "under way"],
)
def test_a_state_in_words(state: MapProgress, says: str) -> None:
    assert in_words(state).startswith(says)
