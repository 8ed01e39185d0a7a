"""Calls that no model answers: the listing of models, and what counts tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from smartllm.errors import ProviderError
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.control.retry import RetryPolicy, with_retries
from smartllm.runtime.exchange import HostCalls
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.shared import Shared

R = TypeVar("R")


class AsideCalls:
    """Makes calls that no model answers.

    Args:
        calls: Makes each.
        policy: How often they are made again.
        shared: What the calls in the running loop share.
        seconds: The longest that one may take, retries included.
    """

    def __init__(
        self, calls: HostCalls, policy: RetryPolicy, shared: Callable[[], Shared], seconds: float
    ) -> None:
        self._calls, self._policy, self._shared, self._seconds = calls, policy, shared, seconds

    async def listed(self, provider: str) -> list[dict[str, Any]]:
        """The models that the account can call, sorted by id."""
        deadline = Deadline(self._seconds, provider, self._shared().waits)
        async with deadline.scope():
            found = await self.make(self._calls.models, deadline)
        return sorted(found, key=lambda model: str(model.get("id")))

    async def make(
        self,
        call: Callable[[], Awaitable[R]],
        deadline: Deadline,
        *,
        secrets: tuple[str, ...] = (),
        told: Callable[[ProviderError, int, float], Awaitable[None]] | None = None,
    ) -> R:
        """Make a call, with retries; the caller awaits it in the deadline's scope.

        Args:
            call: Makes it once.
            deadline: Its end; counts the attempts.
            secrets: What no error may repeat, beside the client's own.
            told: Is told of each retry: the error, its number and the seconds until then.

        Raises:
            ProviderError: It failed after all retries.
        """

        async def attempt() -> R:
            deadline.record.attempts += 1
            try:
                return await call()
            except ProviderError as error:
                hide_secrets(error, (*self._calls.secrets, *secrets))
                raise

        return await with_retries(attempt, self._policy, self._shared().budget, on_retry=told)
