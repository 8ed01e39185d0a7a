"""The models of a client, its own and those that take over, each with what calls its provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smartllm.config import LLMConfig
from smartllm.errors import CompileError, ConfigError, DiagnosticError
from smartllm.fallback_setting import FallbackEntry, fallback_entries
from smartllm.providers import ROWS, row_of
from smartllm.request import TextRequest
from smartllm.said import Named, said

if TYPE_CHECKING:
    from smartllm.compiler import Plan
    from smartllm.request import MessageRequest
    from smartllm.response import StreamChunk, TextResponse
    from smartllm.runtime.asked import Asked
    from smartllm.runtime.control.deadline import Deadline
    from smartllm.runtime.observe.progress import Progress
    from smartllm.settings import Settings

    Request = TextRequest[Any] | MessageRequest[Any]

_NOT_HANDED_ON: Final = frozenset(
    {"provider", "default_model", "fallback", "dynamo_table_name", "dynamo_endpoint_url"}
)
"""Fields of a configuration that say nothing of another model: its client's own cache keeps its answers."""
_OWNED: Final = frozenset(name for row in ROWS.values() for name in row.settings)
_CONNECTION: Final = _OWNED | {"default_headers", "compatible"}
"""Settings that say whom a call reaches, and what lets it in."""


class Caller(NamedTuple):
    """What calls one provider with one set of settings.

    Attributes:
        provider: The provider.
        compiled: The plan of a request for a model; None for the request's own, or the settings'.
        asked: The same with all that making the call needs.
        progress: What tells the request's callback of calls to a model.
        answer: Makes a call.
        chunks: Makes a call whose answer is streamed.
        deadline: The end of a call that begins now, given its model.
    """

    provider: str
    compiled: Callable[[Request, str | None], Plan]
    asked: Callable[[Request, str | None], Awaitable[Asked]]
    progress: Callable[[Request, str], Progress]
    answer: Callable[[Asked, Progress, Deadline], Awaitable[TextResponse[Any]]]
    chunks: Callable[[Asked, Progress, Deadline], AsyncGenerator[StreamChunk[Any]]]
    deadline: Callable[[str], Deadline]


class Target(NamedTuple):
    """A model that may answer.

    Attributes:
        caller: What calls it; None for what calls the client's own.
        model: Its id; None for the one of the request or of the settings.
        like: The listed model whose facts its id has, or None.
        is_other: It is another provider's than the client's own.
        is_elsewhere: Other settings than the client's own say whom a call reaches.
    """

    caller: Caller | None = None
    model: str | None = None
    like: str | None = None
    is_other: bool = False
    is_elsewhere: bool = False


def takers_of(settings: Settings, own: Caller, make: Callable[[LLMConfig], Caller]) -> tuple[Target, ...]:
    """The models that take over from a client's own.

    Args:
        settings: The client's.
        own: Calls its provider.
        make: Makes what calls another provider, or the same with other settings.

    Raises:
        ConfigError: An entry of ``fallback`` cannot be used: its settings, its provider, its model.
    """
    config = settings.config
    known: dict[Any, Caller] = {(own.provider, ()): own}
    found = []
    for entry in fallback_entries(config.fallback, config.__dataclass_fields__):
        provider = entry.provider or own.provider
        try:
            caller = _caller(entry, provider, config, own, known, make)
            _check(caller, entry)
        except (ConfigError, CompileError) as error:
            raise _at(entry.place, error) from None
        is_other = row_of(provider) is not row_of(own.provider)
        elsewhere = is_other or not _CONNECTION.isdisjoint(entry.settings)
        theirs = None if caller is own else caller
        found.append(Target(theirs, entry.model, entry.like, is_other, elsewhere))
    return tuple(found)


def _caller(
    entry: FallbackEntry,
    provider: str,
    config: LLMConfig,
    own: Caller,
    known: dict[Any, Caller],
    make: Callable[[LLMConfig], Caller],
) -> Caller:
    """What calls an entry's provider; one for all entries that say nothing else."""
    key = (provider, ()) if not entry.settings else (provider, id(entry.settings))
    if key not in known:
        known[key] = make(config_for(config, own.provider, provider, entry.settings))
    return known[key]


def config_for(config: LLMConfig, own: str, provider: str, stated: Mapping[str, Any]) -> LLMConfig:
    """The configuration of what calls the provider of another model.

    It has the client's settings, but of those that say whom a call reaches and what lets it in only the ones
    that are meant for this provider, and none where the entry says any itself: no key goes to another server.

    Args:
        config: The client's.
        own: Its provider.
        provider: The other model's.
        stated: Settings of the entry's own.
    """
    rows = row_of(own), row_of(provider)
    is_own = _CONNECTION.isdisjoint(stated)
    meant: Collection[str] = ()
    if is_own:
        meant = _CONNECTION if rows[0] is rows[1] else set(rows[1].settings).difference(rows[0].settings)
    handed = {
        each.name: getattr(config, each.name)
        for each in fields(config)
        if each.name not in _NOT_HANDED_ON and (each.name in meant or each.name not in _CONNECTION)
    }
    given: dict[str, Any] = {**handed, **stated, "provider": provider}
    return LLMConfig(**given)


def _check(caller: Caller, entry: FallbackEntry) -> None:
    """Compile something for the model, so that a wrong id is told now, and not when it is needed."""
    with suppress(DiagnosticError):  # with level="raise" each request tells for itself
        caller.compiled(TextRequest(prompt="x", like=entry.like), entry.model)


def _at(place: str, error: ConfigError | CompileError) -> ConfigError:
    """The error for what is wrong with an entry."""
    message = said("{}: {}", Named("fallback", python=place), error.message)
    if not isinstance(error, ConfigError):
        return ConfigError(message, hint=error.hint)
    error.message, error.args = message, (message,)
    return error
