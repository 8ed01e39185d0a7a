"""A key that a function of the caller's gives: asked before each request, once for all who come meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final

from smartllm import values
from smartllm.errors import ConfigError
from smartllm.runtime.control.owner import PerOwner
from smartllm.settings import AskKey

_LONGEST: Final = 60.0
"""Seconds that the function may take."""
_SHOWN: Final = 300
_HINT: Final = "it is asked before each request; what it gives is sent as a bearer token"


class KeyFunction:
    """Asks a function for the key.

    An async function is awaited in the event loop, any other runs in a thread. One is asked at a time in each
    event loop, and what it gives serves all who came before it was asked: a thousand calls at once ask twice.

    Args:
        function: The caller's.
    """

    def __init__(self, function: AskKey) -> None:
        self._owned: PerOwner[_Asking] = PerOwner(lambda: _Asking(function))

    async def __call__(self) -> str:
        """The key as it is now.

        Raises:
            ConfigError: The function failed, took too long, or gave what is no key.
        """
        return await self._owned.get().key()


class _Asking:
    """The function, as one event loop asks it."""

    def __init__(self, function: AskKey) -> None:
        self._function = function
        self._lock = asyncio.Lock()
        self._asked = self._answered = 0
        self._outcome: str | _Failure = ""
        self._thread: ThreadPoolExecutor | None = None

    async def key(self) -> str:
        before = self._asked
        async with self._lock:
            # An answer may be taken that was asked for after this caller came; an older one may be outdated.
            if self._answered <= before:
                self._asked += 1
                self._outcome = await self._ask()
                self._answered = self._asked
            outcome = self._outcome
        if isinstance(outcome, str):
            return outcome
        raise ConfigError(f"api_key: the function {outcome.what}", hint=outcome.hint)

    async def _ask(self) -> str | _Failure:
        try:
            async with asyncio.timeout(_LONGEST) as limit:
                if _is_async(self._function):
                    return _checked(await self._function())  # type: ignore[misc]
                found = await self._in_thread()
                return _checked(await found if isawaitable(found) else found)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return _Failure("was cancelled")  # its own doing: nobody cancels the call
        except Exception as error:  # noqa: BLE001 - the caller's function may raise anything
            if isinstance(error, TimeoutError) and limit.expired():
                return _Failure(f"took longer than {_LONGEST:.0f} s")
            return _raised(error)

    async def _in_thread(self) -> Any:
        """In a thread of its own: one that hangs holds up neither the cache's files nor the loop's end."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="smartllm-key")
        run = partial(copy_context().run, _called, self._function)
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)


class _Failure:
    """Why there is no key."""

    __slots__ = ("hint", "what")

    def __init__(self, what: str, hint: str = _HINT) -> None:
        self.what, self.hint = what, hint


def _called(function: AskKey) -> Any:
    """What a function gives, or why there is none; no future takes a StopIteration."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - as above
        return _raised(error)


def _checked(found: object) -> str | _Failure:
    if isinstance(found, _Failure):
        return found
    if not isinstance(found, str):
        hint = "give the text of the token: its attribute token" if hasattr(found, "token") else _HINT
        return _Failure(f"gave {type(found).__name__} instead of text", hint)
    key = str.strip(found)
    if not key:
        return _Failure("gave no text")
    try:
        return values.header_value("api_key", key)
    except ConfigError:
        return _Failure("gave text with a character that no HTTP header may hold")


def _raised(error: Exception) -> _Failure:
    try:
        told = " ".join(str(error).split())[:_SHOWN]
    except Exception:  # noqa: BLE001 - the caller's exception may raise anything
        told = ""
    return _Failure(f"raised {type(error).__name__}{told and f': {told}'}")


def _is_async(function: Callable[[], Any]) -> bool:
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
