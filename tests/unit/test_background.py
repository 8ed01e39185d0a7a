"""What synchronous code reads from the background loop ends when nobody goes on, wherever it is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator

import pytest

from smartllm.runtime import background
from smartllm.runtime.background import iterate, run
from smartllm.runtime.control import owner


class Numbers:
    """Numbers without an end, and whether their generator is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.source = self._given()

    async def _given(self) -> AsyncGenerator[int]:
        number = 0
        try:
            while True:
                yield number
                number += 1
        finally:
            self.closed.set()


@pytest.fixture
def numbers() -> Iterator[Numbers]:
    found = Numbers()
    yield found
    run(found.source.aclose())


def test_what_is_left_is_closed_at_once(numbers: Numbers) -> None:
    left = iterate(numbers.source)
    assert (next(left), next(left)) == (0, 1)
    assert not numbers.closed.is_set()
    left.close()
    assert numbers.closed.is_set()


def test_what_is_collected_in_the_loops_own_thread_does_not_wait_for_it(numbers: Numbers) -> None:
    left = iterate(numbers.source)
    next(left)

    async def dropped() -> None:
        left.close()

    run(dropped())
    assert numbers.closed.wait(5)

    async def settled() -> None:
        """A turn of the loop later its task is forgotten."""

    run(settled())
    assert not background._leaving


def test_at_the_end_of_the_program_nothing_waits_for_the_loop(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iterate(numbers.source)
    next(left)
    monkeypatch.setattr(background, "_ending", True)
    left.close()
    assert not numbers.closed.is_set()


def test_a_child_process_leaves_what_its_parent_reads(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iterate(numbers.source)
    next(left)
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        left.close()
    assert not numbers.closed.is_set()
    assert owner._INHERITED[-1] is numbers.source


ENDING = """
import asyncio, threading
from smartllm.runtime.background import begin
from smartllm.runtime.control.ending import lets_sessions_go

begun = threading.Event()

async def call():
    begun.set()
    try:
        await asyncio.sleep(60)
    finally:
        print("call ended")

lets_sessions_go(lambda: print("sessions let go"))
begin(call())
begun.wait()
"""


def test_at_the_end_of_the_program_calls_end_before_their_sessions_are_let_go() -> None:
    # A session that is let go under a call leaves its connection to whatever thread collects it.
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", ENDING], capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("call ended\nsessions let go\n", "")
