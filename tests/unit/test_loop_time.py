"""The clock of a loop, by which tests tell a wait from a busy machine."""

from __future__ import annotations

import asyncio
import time

import loop_time
import pytest
from loop_time import loop_clock


async def test_a_wait_counts() -> None:
    async with loop_clock() as took:
        await asyncio.sleep(0.1)
        assert loop_time.BEAT <= took() <= 0.2


async def test_a_loop_without_a_turn_has_no_time() -> None:
    async with loop_clock() as took:
        time.sleep(0.05)  # noqa: ASYNC251 - as a machine that runs others
        assert took() == 0


async def test_a_block_for_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_time, "BLOCKED", 0.02)
    async with loop_clock() as took:
        time.sleep(0.05)  # noqa: ASYNC251 - as a call that blocks it
        assert took() >= 0.05
