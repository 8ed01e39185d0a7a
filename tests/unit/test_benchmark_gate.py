"""The gate of the benchmarks: what got slower is named, what a machine did meanwhile is not."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Mapping
from itertools import chain, repeat
from typing import Any

import pytest
from project_scripts import BENCHMARKS, script

Bench = script("bench", BENCHMARKS).Bench

_KEPT = {"compile / the floor": 1.5}
_TURN = 4
"""Costs that one measuring takes: of three rounds, and of the one before that does not count."""
_LARGE_TWICE = """
import resource, bench
bench.keep_memory()
len(b"x" * 40_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
len(b"x" * 40_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _costing(*seconds: float) -> tuple[Any, list[float]]:
    """Costs one after the other, the last of them again and again; and those that were told."""
    told: list[float] = []
    left = chain(seconds, repeat(seconds[-1]))

    async def cost() -> float:
        told.append(next(left))
        return told[-1]

    return cost, told


async def _measured(*seconds: float, kept: Mapping[str, float] = _KEPT) -> tuple[Any, list[float]]:
    at, (ours, told), (floor, _) = Bench(3, kept), _costing(*seconds), _costing(1.0)
    await at.compare("compile", "the floor", None, ours, floor)
    return at, told


async def test_what_is_slow_each_time_is_a_regression(capsys: pytest.CaptureFixture[str]) -> None:
    at, told = await _measured(3.1)
    assert at.regressions() == ["compile / the floor: 3.10, was 1.50"]
    assert len(told) == 3 * _TURN == at.turns
    assert capsys.readouterr().out.count("over 2.0 x 1.50") == 3


async def test_what_is_slow_once_is_measured_anew_and_none(capsys: pytest.CaptureFixture[str]) -> None:
    at, told = await _measured(*[3.1] * _TURN, 1.6)
    assert at.regressions() == []
    assert [row.ratio for row in at.rows] == [1.6]
    assert len(told) == 2 * _TURN
    assert capsys.readouterr().out.count("over 2.0 x 1.50") == 1


async def test_twice_as_much_is_no_regression_yet() -> None:
    at, told = await _measured(3.0)
    assert at.regressions() == []
    assert len(told) == _TURN


async def test_one_slow_round_is_none_and_the_first_does_not_count() -> None:
    at, told = await _measured(9.0, 1.5, 9.0, 1.5)
    assert [row.ratio for row in at.rows] == [1.5]
    assert len(told) == _TURN


async def test_a_row_that_was_never_recorded_is_told() -> None:
    at, _ = await _measured(1.0, kept={"another / the floor": 1.5})
    assert at.regressions() == ["compile / the floor: not in ratios.json; run with --record"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of mallocs, glibc's alone can be told")
def test_large_memory_is_asked_of_the_kernel_once() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _LARGE_TWICE], check=True, capture_output=True, text=True, cwd=BENCHMARKS
    )
    assert int(found.stdout) < 1000, "pages: 40 MB are 9,766"
