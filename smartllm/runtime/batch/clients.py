"""The clients of a run: one for each provider that its lines ask, made when the first of them comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from smartllm.errors import UnknownModelError
from smartllm.providers import owner_of
from smartllm.rules import RuleSet, resolve
from smartllm.rules.hosts import host_row
from smartllm.runtime.client import LLMClient

if TYPE_CHECKING:
    from types import TracebackType

    from smartllm.request import MessageRequest, TextRequest
    from smartllm.words import Provider

    Request = TextRequest[Any] | MessageRequest[Any]


class Clients:
    """Clients by provider; an async context manager, which closes them.

    Args:
        rules: The rules in force, which tell a model's provider.
        settings: Settings of the clients; each takes those that its provider knows.
        provider: Whose models all lines ask; None tells it by each line's model.
    """

    def __init__(self, rules: RuleSet, settings: Mapping[str, Any], *, provider: str | None = None) -> None:
        self._rules, self._settings = rules, settings
        self._provider = provider
        if provider is None and settings.get("base_url") is not None:
            self._provider = next(name for name in rules.table("host") if host_row(name, rules).compatible)
        self._made: dict[str | None, LLMClient] = {}

    def of(self, request: Request) -> LLMClient:
        """The client that answers a request.

        Raises:
            ConfigError: Its provider's settings cannot be used, or its key is missing.
        """
        provider = self._provider or self._told(request)
        if provider not in self._made:
            self._made[provider] = LLMClient(**self._known(provider))
        return self._made[provider]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._made.values():
            await client.aclose()

    def _told(self, request: Request) -> str | None:
        """The provider that a request's model tells; None leaves it to settings and environment."""
        model = request.model if request.model is not None else self._settings.get("default_model")
        if model is None:
            return None
        try:
            return resolve(model, self._rules, like=request.like).host
        except UnknownModelError:
            return None  # other servers have models of their own; elsewhere the client says what is wrong

    def _known(self, provider: str | None) -> Mapping[str, Any]:
        if provider is None:
            return self._settings
        kept = {name: value for name, value in self._settings.items() if owner_of(name) in {None, provider}}
        return {**kept, "provider": cast("Provider", provider)}
