"""What all batch engines of a sandbox share: their clock, their bill, the replies of their lines."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Protocol

from smartllm.testing.reply import Reply

from .engine import Billed, Clock, Engine, engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from smartllm.testing.reply import Recorded
    from smartllm.testing.routes import Route
    from smartllm.testing.speaking import Spoken

    Speak = Callable[[Route, bytes, Reply], Spoken]

HEADER = "x-smartllm-batch"
"""A request that creates a job and carries this header has it run by the engine that it holds, as JSON."""

_DEFAULT = Reply()


class Batches:
    """The batch work of a server.

    Attributes:
        engine: How jobs run that are created from now on.
        clock: The time of all of them; ``clock.advance(3600)`` puts it forward.
        billed: Which lines were answered, and how often.

    Args:
        speak: Answers one call online.
        engine: How jobs run.
    """

    def __init__(self, speak: Speak, engine: Engine) -> None:
        self.engine, self.clock, self.billed = engine, Clock(), Billed()
        self._speak = speak
        self._scripted: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._runs: Counter[str] = Counter()

    def script(self, name: str, *replies: Reply) -> None:
        """Queue replies of a line; each try of it takes one, and chance decides when none is left.

        Args:
            name: The line's id: ``custom_id`` or ``recordId``.
            replies: Its replies.
        """
        self._scripted[name].extend(replies)

    def engine_for(self, headers: Mapping[str, str]) -> Engine:
        """The engine of a job.

        Args:
            headers: Of the request that creates it, with names in lower case.

        Raises:
            ValueError: The header holds none.
        """
        asked = headers.get(HEADER)
        if asked is None:
            return self.engine
        try:
            given = json.loads(asked)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise ValueError(f'{HEADER}: an engine is an object, such as {{"seconds": 0}}')  # noqa: TRY004
        try:
            return engine_of(given, self.engine)
        except ValueError as error:
            raise ValueError(f"{HEADER}: {error}") from None

    def chance(self, digest: str) -> str:
        """What chance knows a job by: its input and how often that ran; so one seed gives the same again.

        Args:
            digest: Of the input.
        """
        self._runs[digest] += 1
        return f"{digest}:{self._runs[digest]}"

    def answer(self, route: Route, body: bytes, *, engine: Engine, chance: str, name: str) -> Spoken:
        """Answer one line as its call would be online, and bill it if that is no error.

        Args:
            route: Where its call goes.
            body: Its body.
            engine: How its job runs.
            chance: What chance knows the job by.
            name: Id of the line.
        """
        queued = self._scripted.get(name)
        reply = queued.popleft() if queued else engine.failing(chance, name) or _DEFAULT
        said = self._speak(route, body, reply)
        if not said.reply.is_error:
            self.billed.add(name)
        return said

    def clear(self) -> None:
        """Forget the bill, the replies, and what ran."""
        self.billed.clear()
        self._runs.clear()
        self._scripted.clear()


class BatchApi(Protocol):
    """The calls of one provider's batch engine, as a server answers them."""

    def route(self, method: str, path: str) -> Route | None:
        """The route of a request, whose ``operation`` is the call's name; None for what is not its own.

        Args:
            method: HTTP method.
            path: The request target without its query, as it was sent.
        """
        ...

    async def answer(self, request: web.Request, recorded: Recorded, reply: Reply, serial: int) -> Spoken:
        """Do what a request asks, and say so; a reply that is an error is said instead, and nothing done.

        Args:
            request: The request; its body is not read yet. What is small belongs into ``recorded.body``.
            recorded: What is known of it, with its route.
            reply: What was scripted for it.
            serial: Its number, for ids.
        """
        ...

    def clear(self) -> None:
        """End all jobs and forget them."""
        ...

    def close(self) -> None:
        """End all jobs; nothing is left behind."""
        ...
