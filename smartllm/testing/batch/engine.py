"""How a sandbox's batch engines work: how long, in which order, with which failures; and what they bill."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any, Final, Literal

from smartllm.testing.reply import Reply

Phase = Literal["validating", "running", "finalizing", "ended"]

_VALIDATING: Final = 0.1
_FINALIZING: Final = 0.1
"""Shares of a job's time before its first line and after its last."""
_LOOK: Final = 0.02
"""Real seconds after which a clock that was put forward is noticed."""
_TURN: Final = 0.02
"""Seconds of work after which others have their turn."""
_FAILURES: Final = (
    Reply(status=500, error_message="The server had an error while processing your request."),
    Reply(status=429, error_message="Rate limit reached for requests."),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a job stands.

    Attributes:
        phase: What it is at.
        due: How many of its lines are done, in the order of the work.
        expired: It ended before all of them were.
    """

    phase: Phase
    due: int
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How jobs run.

    Attributes:
        seconds: From a job's creation to its end; 0 for as fast as it can be done.
        failures: Share of the lines that fail, 0 to 1; another try of a line has another chance.
        expire_after: Seconds from a job's creation after which it expires, with the lines that are done by
            then; None for never. With ``seconds=10`` and 5 here, half of the lines are done.
        seed: Of all that is left to chance; one seed gives a job with the same lines the same failures and
            order again.
        shuffle: Outputs are in another order than inputs.
        token_limit: Most tokens of the prompts of one model's batches that have not ended (OpenAI); a batch
            with more fails. None for no limit.

    Raises:
        ValueError: A field is out of its range; names it.
    """

    seconds: float = 1.0
    failures: float = 0.0
    expire_after: float | None = None
    seed: int = 0
    shuffle: bool = True
    token_limit: int | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "failures", "expire_after"):
            value = getattr(self, name)
            if value is None and name == "expire_after":
                continue
            if (
                not isinstance(value, (int, float))
                or isinstance(value, bool)
                or not 0 <= value < float("inf")
            ):
                raise ValueError(f"{name} is a number from 0 up, not {value!r:.60}")
        if self.failures > 1:
            raise ValueError(f"failures is a share from 0 to 1, not {self.failures!r}")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool):
            raise ValueError(f"seed is a whole number, not {self.seed!r:.60}")  # noqa: TRY004 - as the others
        limit = self.token_limit
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
            raise ValueError(f"token_limit is a whole number from 0 up, not {limit!r:.60}")
        if not isinstance(self.shuffle, bool):
            raise ValueError(f"shuffle is true or false, not {self.shuffle!r:.60}")  # noqa: TRY004 - as the others

    def at(self, elapsed: float, lines: int) -> Moment:
        """Where a job stands.

        Args:
            elapsed: Seconds since its creation.
            lines: How many it has.
        """
        if (
            self.expire_after is not None
            and elapsed >= self.expire_after
            and self.expire_after < self.seconds
        ):
            return Moment("ended", self.reach(lines), expired=True)
        if elapsed >= self.seconds:
            return Moment("ended", lines)
        done = self._done(elapsed, lines)
        if elapsed < self.seconds * _VALIDATING:
            return Moment("validating", 0)
        return Moment("finalizing" if elapsed >= self.seconds * (1 - _FINALIZING) else "running", done)

    def reach(self, lines: int) -> int:
        """How many lines of a job are ever done: fewer than all where it expires before its end."""
        if self.expire_after is None or self.expire_after >= self.seconds:
            return lines
        return self._done(self.expire_after, lines)

    def order(self, chance: str, lines: int) -> list[int]:
        """The places of a job's lines, from 0, in the order of the work.

        Args:
            chance: What chance knows the job by.
            lines: How many it has.
        """
        places = list(range(lines))
        if self.shuffle:
            random.Random(f"{self.seed}:{chance}").shuffle(places)  # noqa: S311 - chance that can be repeated
        return places

    def failing(self, chance: str, name: str) -> Reply | None:
        """What a line gets that fails by chance; None for one that does not.

        Args:
            chance: What chance knows the job by.
            name: Id of the line.
        """
        drawn = int.from_bytes(
            blake2b(f"{self.seed}:{chance}:{name}".encode(errors="surrogatepass"), digest_size=8).digest()
        )
        if drawn / 2**64 >= self.failures:
            return None
        return _FAILURES[drawn % len(_FAILURES)]

    def _done(self, elapsed: float, lines: int) -> int:
        if not self.seconds:
            return lines
        share = (elapsed / self.seconds - _VALIDATING) / (1 - _VALIDATING - _FINALIZING)
        return min(max(int(lines * share + 1e-9), 0), lines)


def engine_of(given: Mapping[str, Any], usual: Engine) -> Engine:
    """An engine with some of its fields given, as JSON has them.

    Raises:
        ValueError: A field is unknown or out of range; names it.
    """
    known = [one.name for one in fields(Engine)]
    for name in given:
        if name not in known:
            raise ValueError(f"there is no field {name!r}; known fields: {', '.join(known)}")
    return Engine(**{**{name: getattr(usual, name) for name in known}, **given})


class Clock:
    """The time of all jobs of a server: the machine's own, and what it is put forward by."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Put it forward; from any thread."""
        self._ahead += seconds

    async def until(self, moment: float) -> None:
        """Wait until it shows a time."""
        while (left := moment - self.now()) > 0:  # noqa: ASYNC110 - the clock may be put forward
            await asyncio.sleep(min(left, _LOOK))


class Turns:
    """Gives others their turn during work that takes long."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    async def give(self) -> None:
        """Let others work, once this has for a while."""
        if time.perf_counter() - self._begun > _TURN:
            await asyncio.sleep(0)
            self._begun = time.perf_counter()


class Billed:
    """Which lines were answered, and so are paid for; from any thread."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        """A line was answered."""
        with self._lock:
            self._times[name] += 1

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._times.clear()

    @property
    def times(self) -> dict[str, int]:
        """How often each line was answered, by its id: ``custom_id`` or ``recordId``."""
        with self._lock:
            return dict(self._times)

    @property
    def twice(self) -> list[str]:
        """The lines that were answered more than once."""
        with self._lock:
            return sorted(name for name, times in self._times.items() if times > 1)

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, name: str) -> int:
        return self._times[name]
