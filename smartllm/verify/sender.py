"""Sends single calls with a client's settings: no cache, no second try in other words."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Final, Self

from smartllm.compiler.plan import Step
from smartllm.config import LLMConfig
from smartllm.errors import (
    AuthenticationError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RefusalError,
    TruncatedError,
)
from smartllm.runtime.answer import decode_answer
from smartllm.runtime.control.deadline import Deadline, OpenWaits
from smartllm.runtime.control.retry import RetryBudget, RetryPolicy, with_retries
from smartllm.runtime.exchange import HostCalls, require
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.stream import LiveStream, assembled
from smartllm.runtime.transport import Transport
from smartllm.runtime.wire.http import HttpTransport
from smartllm.runtime.wire.way import Ways, timeouts_of
from smartllm.settings import Settings
from smartllm.structure_errors import StructureError
from smartllm.usage import Usage
from smartllm.verify.judge import Outcome, kind_of

_ANSWERED: Final = (StructureError, TruncatedError, RefusalError)
"""What is wrong with an answer; the call was taken."""
_FINAL: Final = (AuthenticationError, QuotaError)
_LONGEST: Final = 300
_SECONDS: Final = 120
"""For one call with its retries; an answer to the prompt is short, and somebody waits for forty of them."""


class Sender:
    """Makes calls to one host.

    Args:
        config: Keys, addresses, retries and timeouts, as a client takes them.
        transport: Sends the bytes instead of HTTP.

    Raises:
        ConfigError: A setting or variable cannot be used, or there is no key.
        MissingExtraError: A package of the provider's extra is not installed.
    """

    def __init__(self, config: LLMConfig, transport: Transport | None = None) -> None:
        settings = Settings.resolve(config, sends=transport is None)
        if transport is None:
            row = settings.row
            require(settings.provider, row.extra, row.packages)
            transport = HttpTransport(Ways(settings))
        self.settings, self._calls = settings, HostCalls(settings, transport)
        self._timeouts = timeouts_of(settings)
        given = settings.config
        self._policy = RetryPolicy(
            given.max_retries, given.retry_delay, given.max_retry_delay, given.max_retry_after
        )
        self._budget = RetryBudget(given.retry_budget)

    async def send(self, step: Step, *, whole: bool) -> Outcome:
        """Make one call.

        Args:
            step: What is sent.
            whole: Its answer may be long: a streamed one is broken off when it begins.
        """

        async def attempt() -> Usage:
            if not step.streamed:
                return decode_answer(step, await self._calls.send(step)).usage
            deadline = Deadline(self.settings.total_timeout, step.model, OpenWaits())
            if not whole:
                return (await assembled(self._calls, step, self._timeouts, deadline)).usage
            live = await LiveStream.open(self._calls, step, self._timeouts, deadline)
            try:
                await live.next()
            finally:
                await live.aclose()
            return Usage()

        try:
            async with asyncio.timeout(self.settings.total_timeout):
                return Outcome("accepted", usage=await with_retries(attempt, self._policy, self._budget))
        except _ANSWERED:
            return Outcome("accepted")
        except TimeoutError as error:
            if isinstance(error, ProviderTimeoutError):
                return self._failed(error)
            return Outcome("none", f"no answer within total_timeout={self.settings.total_timeout:g} s")
        except ProviderError as error:
            return self._failed(error)

    def _failed(self, error: ProviderError) -> Outcome:
        hide_secrets(error, self._calls.secrets)
        words = error.message if len(error.message) <= _LONGEST else error.message[: _LONGEST - 1] + "…"
        return Outcome(kind_of(error), words, final=isinstance(error, _FINAL))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._calls.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def config_of(provider: str, **settings: Any) -> LLMConfig:
    """The settings of verification: few retries, since a call that fails says nothing of a fact."""
    given = {name: value for name, value in settings.items() if value is not None}
    return LLMConfig(
        **{"provider": provider, "max_retries": 2, "total_timeout": _SECONDS, "level": "ignore", **given}
    )
