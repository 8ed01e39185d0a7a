"""The setting ``fallback``: models that take over, each with its provider and perhaps settings of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from smartllm import values
from smartllm.errors import ConfigError
from smartllm.providers import ROWS, row_of
from smartllm.setting_names import unknown_setting
from smartllm.words import Provider

if TYPE_CHECKING:
    Entry = str | tuple[str, str] | Mapping[str, Any]

_EXAMPLE: Final = 'fallback=[("bedrock", "<model id>"), {"provider": "openai", "model": "<model id>"}]'
_ALLOWED: Final = (
    "a list whose entries are (provider, model), 'provider/model', the id of a model of the client's own "
    "provider, or a dict with model, provider and settings of that provider"
)
_WHOLE: Final = frozenset(
    {
        "fallback",
        "level",
        "reasks",
        "rules",
        "total_timeout",
        "trace_content",
        *("cache_dir", "cache_max_age_days", "cache_max_bytes", "cache_ttl_days"),
        *("dynamo_endpoint_url", "dynamo_table_name"),
    }
)
"""Settings of a client as a whole, whichever of its models answers."""
_OWN: Final = ("provider", "model", "like")
"""Keys of an entry that are no settings."""
_PAIR: Final = 2
_PROVIDERS: Final = tuple(dict.fromkeys((*ROWS, *get_args(Provider))))


class FallbackEntry(NamedTuple):
    """A model that takes over.

    Attributes:
        place: Where it stands in the setting, for messages.
        provider: Whose it is; None for the client's own provider.
        model: Its id.
        settings: Settings of its own, by name.
        like: The listed model whose facts are used for its id, or None.
    """

    place: str
    provider: str | None
    model: str
    settings: Mapping[str, Any] = MappingProxyType({})
    like: str | None = None


def fallback_entries(given: Sequence[Entry] | None, fields: Iterable[str] = ()) -> tuple[FallbackEntry, ...]:
    """The entries of the setting, in their order.

    Args:
        given: The setting's value.
        fields: Names of all settings.

    Raises:
        ConfigError: It, or one of its entries, has not the form of one. No value of an entry is shown but
            those of provider and model.
    """
    if given is None:
        return ()
    if not isinstance(given, (list, tuple)):
        raise values.hidden("fallback", _ALLOWED, hint=_EXAMPLE)
    if len(given) == _PAIR and isinstance(given[0], str) and given[0] in _PROVIDERS:
        raise ConfigError(
            f"fallback: its entries are {given[0]!r} and {values.shown(given[1])}, which look like one pair",
            hint=f"write the pair in a list: {_EXAMPLE}",
        )
    known = frozenset(fields)
    return tuple(_entry(f"fallback[{index}]", each, known) for index, each in enumerate(given))


def settings_of_others(given: Sequence[Entry] | None) -> frozenset[str]:
    """The settings of the providers that the setting names, which may stand among a client's own."""
    named = {entry.provider for entry in fallback_entries(given)} - {None}
    return frozenset(name for provider in named for name in row_of(str(provider)).settings)


def _entry(place: str, given: Any, fields: frozenset[str]) -> FallbackEntry:
    if isinstance(given, str):
        return _of_text(place, given)
    if isinstance(given, (tuple, list)) and len(given) == _PAIR:
        provider, model = given
        return FallbackEntry(place, _provider(place, provider), _text(f"{place} model", model))
    if isinstance(given, Mapping):
        return _of_mapping(place, given, fields)
    raise ConfigError(
        f"{place} is not usable: it is of type {type(given).__name__}; allowed: {_ALLOWED}", hint=_EXAMPLE
    )


def _of_text(place: str, given: str) -> FallbackEntry:
    text = _text(place, given)
    provider, slash, model = text.partition("/")
    if not slash:
        return FallbackEntry(place, None, text)
    if provider not in _PROVIDERS:
        raise ConfigError(
            f"{place}={values.shown(text)}: what stands before the first slash is no provider; allowed: "
            f"{', '.join(_PROVIDERS)}",
            hint='a model of the client\'s own provider with a slash in its id is {"model": "<id>"}',
        )
    return FallbackEntry(place, provider, _text(f"{place} model", model))


def _of_mapping(place: str, given: Mapping[Any, Any], fields: frozenset[str]) -> FallbackEntry:
    for name in given:
        if name in _OWN:
            continue
        if name in {"default_model", "model_id", "model_name"}:
            raise ConfigError(f"{place}: there is no {name} here; did you mean model?")
        if name in _WHOLE:
            raise ConfigError(
                f"{place}.{name}: it holds for the client as a whole, whichever model answers",
                hint=f"give {name} to the client, beside fallback",
            )
        if not isinstance(name, str):
            raise ConfigError(f"{place}: its keys are texts, not {type(name).__name__}")
        if fields and name not in fields:
            error = unknown_setting(name, {*fields, *_OWN} - _WHOLE)
            raise ConfigError(f"{place}.{error.message}", hint=error.hint)
    if given.get("model") is None:
        raise ConfigError(f"{place} names no model", hint=_EXAMPLE)
    provider = given.get("provider")
    return FallbackEntry(
        place,
        None if provider is None else _provider(place, provider),
        _text(f"{place}.model", given["model"]),
        MappingProxyType({name: value for name, value in given.items() if name not in _OWN}),
        None if given.get("like") is None else _text(f"{place}.like", given["like"]),
    )


def _provider(place: str, given: Any) -> str:
    if isinstance(given, str) and given in _PROVIDERS:
        return given
    raise ConfigError(
        f"{place}: provider={values.shown(given)} is not known; allowed: {', '.join(_PROVIDERS)}",
        hint=_EXAMPLE,
    )


def _text(name: str, given: Any) -> str:
    found = values.text(name, given)
    if found is None:
        raise values.unusable(name, given, "the id of a model", hint=_EXAMPLE)
    return found
