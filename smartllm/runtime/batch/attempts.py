"""Tries of the calls to a batch engine: retried as answers are, with secrets taken out of what fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Final, TypeVar

from smartllm.errors import ProviderError, SmartLLMError
from smartllm.runtime.control.retry import RetryBudget, RetryPolicy, with_retries
from smartllm.runtime.secrets import hide_secrets

if TYPE_CHECKING:
    from smartllm.settings import Settings

T = TypeVar("T")

_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500
# A conflict and a timeout may come of the same call made before.
_OPEN: Final = frozenset({408, 409})


class Attempts:
    """Makes calls, more than once where their failure may pass.

    Args:
        settings: How often, and how long to wait.
        secrets: What no error may repeat, as far as it is known by then.
        sleep: Waits.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: Callable[[], Collection[str]],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        config = settings.config
        self._policy = RetryPolicy(
            config.max_retries, config.retry_delay, config.max_retry_delay, config.max_retry_after
        )
        self._budget = RetryBudget(config.retry_budget)
        self._secrets, self._sleep = secrets, sleep

    async def make(self, call: Callable[[], Awaitable[T]], *, once: bool = False) -> T:
        """What a call gives.

        Args:
            call: Makes it.
            once: Never try again.

        Raises:
            ProviderError: The last error.
            ConfigError: Settings or files cannot be used.
        """
        try:
            if once:
                return await call()
            return await with_retries(call, self._policy, self._budget, sleep=self._sleep)
        except SmartLLMError as error:
            hide_secrets(error, tuple(self._secrets()))
            error.__context__ = None
            raise


def surely_refused(error: ProviderError) -> bool:
    """Whether the provider has heard a call that should begin a job, and has surely begun none.

    Of any other failure only ``BatchService.find`` can tell.
    """
    status = error.status or 0
    return _FIRST_ERROR <= status < _FIRST_SERVER_ERROR and status not in _OPEN
