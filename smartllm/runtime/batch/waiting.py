"""Waits until a folder's jobs have ended, and takes their answers meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from smartllm.errors import ProviderError
from smartllm.runtime.batch.collecting import Collection
from smartllm.runtime.batch.rounds import Round
from smartllm.runtime.batch.work import STOPPED, Work

Told = Callable[[Work, ProviderError | None], None]
_UNDER_WAY: Final = ("submitted", "ended")
_COMING: Final = ("ready", "creating", *_UNDER_WAY)


class Waited:
    """Collects a folder more than once.

    Args:
        work: The folder.
        every: Seconds between two looks.
        most: How many jobs may be under way at once; None sets no limit.
        use_cache: The answers go to the cache.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        work: Work,
        *,
        every: float,
        most: int | None = None,
        use_cache: bool = True,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._work, self._every, self._most, self._use_cache = work, every, most, use_cache
        self._sleep = sleep
        self._done, self._further = Collection(), Round()

    async def once(self) -> tuple[Collection, Round]:
        """Take what has ended; raises as ``Work.collect``."""
        done, further = await self._work.collect(use_cache=self._use_cache)
        self._done.add(done)
        self._further.lines += further.lines
        return self._done, self._further

    async def ended(self, told: Told = lambda *_: None) -> tuple[Collection, Round]:
        """Take all, and submit what is ready meanwhile: second steps, and what ``most`` had held back.

        Trouble of the provider's that may pass is waited through.

        Args:
            told: Hears of each look, and of trouble.

        Raises:
            ProviderError: Trouble that will not pass.
            ConfigError: As ``Work.collect``.
        """
        manifest = self._work.manifest
        # What nobody submitted, or somebody stopped, is not begun by one who waits for the rest.
        begun = any(unit.state != "ready" for unit in manifest.units()) and not manifest.about.get(STOPPED)
        while True:
            trouble = None
            try:
                await self.once()
                if begun and manifest.units("ready", "creating"):
                    done = await self._work.submit(self._most)
                    if done.refused:  # it would be again; what is under way is waited for all the same
                        trouble, begun = done.refused[0][1], False
            except ProviderError as error:
                if not error.retryable:
                    raise
                trouble = error
            coming = _COMING if begun else _UNDER_WAY
            over = (trouble is None or not begun) and not manifest.units(*coming)
            if trouble is not None or not over:
                told(self._work, trouble)
            if over:
                return self._done, self._further
            await self._sleep(self._every)
