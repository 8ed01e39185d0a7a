"""What is done at the end of the program, whatever was loaded first: calls end, then sessions are let go."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Final

_CALLS: Final[list[Callable[[], None]]] = []
_SESSIONS: Final[list[Callable[[], None]]] = []


def ends_calls(function: Callable[[], None]) -> Callable[[], None]:
    """Register what ends calls that are under way in other threads."""
    _CALLS.append(function)
    return function


def lets_sessions_go(function: Callable[[], None]) -> Callable[[], None]:
    """Register what lets go of sessions that nobody closed; no call may be using them any more."""
    _SESSIONS.append(function)
    return function


@atexit.register
def _end() -> None:
    for function in (*_CALLS, *_SESSIONS):
        function()
