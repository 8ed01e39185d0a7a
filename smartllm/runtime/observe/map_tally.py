"""Counts what ``client.map`` has done, and tells whoever wants to know."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from smartllm.log import announce, logger
from smartllm.map_progress import MapProgress, OnMapProgress
from smartllm.response import TextResponse
from smartllm.runtime.observe.map_bar import shown_progress


class Tally:
    """The counts of one ``client.map``.

    Args:
        total: How many requests there are; None where that is not known.
        progress: True shows a bar or lines on standard error; a function is told of each request.
    """

    def __init__(self, total: int | None, progress: bool | OnMapProgress) -> None:
        self._total, self._told = total, progress
        self._show: Callable[[MapProgress | None], None] | None = None
        self._clock = 0.0
        self._done = self._failed = self._cached = self._begun = 0
        self._cost: Decimal | None = None

    def begin(self) -> None:
        """The first request is about to begin."""
        self._clock = time.monotonic()
        if self._told is True:
            with suppress(OSError, ValueError):  # standard error may be gone
                self._show = shown_progress()
                self._show(self.counts())

    def asked(self) -> None:
        """A request begins."""
        self._begun += 1

    async def answered(self, response: TextResponse[Any]) -> None:
        """A request has its answer."""
        self._done += 1
        self._cached += response.cache_source != "miss"
        await self._tell(response)

    async def failed(self) -> None:
        """A request has failed."""
        self._done += 1
        self._failed += 1
        await self._tell()

    def end(self) -> None:
        """Nothing more will come."""
        show, self._show = self._show, None
        if show is not None:
            for state in (self.counts(), None):
                with suppress(OSError, ValueError):
                    show(state)

    def counts(self) -> MapProgress:
        """The counts as they stand."""
        return MapProgress(
            done=self._done,
            failed=self._failed,
            cached=self._cached,
            total=self._total,
            in_flight=self._begun - self._done,
            seconds=time.monotonic() - self._clock,
            cost=self._cost,
        )

    async def _tell(self, response: TextResponse[Any] | None = None) -> None:
        if self._told is False:
            return
        try:
            if response is not None and response.cache_source == "miss":
                cost = response.cost
                self._cost = self._cost if cost is None else cost + (self._cost or Decimal(0))
            show = self._show  # which another thread may take away
            if show is not None:
                show(self.counts())
            elif callable(self._told):
                result = self._told(self.counts())
                if inspect.isawaitable(result):
                    await result
        except Exception as error:  # noqa: BLE001 - a paid answer is worth more than the caller's callback
            kind = type(error).__name__
            if announce.first("map", getattr(self._told, "__qualname__", ""), kind):
                logger.warning("progress= of client.map raised %s; calls go on", kind)
