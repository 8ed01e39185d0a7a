"""Listings of models: read as tolerantly as answers, and never ending in a bare error."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from smartllm.errors import ResponseError
from smartllm.rules.vocabulary.host import Listing
from smartllm.said import ADDRESS, said


class Get(Protocol):
    """Gets the JSON of a path with a query, and with headers that it needs."""

    def __call__(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str] = ..., /
    ) -> Awaitable[Any]:
        """The JSON."""
        ...


MODELS: Final = "/models"
VERSIONED_MODELS: Final = "/v1/models"
FOUNDATION_MODELS: Final = "/foundation-models"
INFERENCE_PROFILES: Final = "/inference-profiles"

_SHOWN: Final = 200
_PAGES: Final = 100
# The largest page, and the header that every call needs (platform.claude.com/docs/en/api/models/list,
# 2026-11-27).
_PAGE: Final = {"limit": "1000"}
_VERSION: Final = {"anthropic-version": "2023-06-01"}


async def list_openai(get: Get) -> list[dict[str, Any]]:
    """All models that the endpoint lists."""
    return openai_models(await get(MODELS, {}))


async def list_bedrock(get: Get) -> list[dict[str, Any]]:
    """Text models that can be called on demand, and inference profiles."""
    models = await get(FOUNDATION_MODELS, {"byOutputModality": "TEXT", "byInferenceType": "ON_DEMAND"})
    pages: list[Any] = []
    token: Any = ""
    while isinstance(token, str) and len(pages) < _PAGES:
        page = await get(INFERENCE_PROFILES, {"nextToken": token} if token else {})
        pages.append(page)
        token = page.get("nextToken") if isinstance(page, dict) else None
    return bedrock_models(models, pages)


async def list_anthropic(get: Get) -> list[dict[str, Any]]:
    """All models that the key can call, over all pages."""
    found: list[dict[str, Any]] = []
    after: Any = ""
    for _ in range(_PAGES):
        page = await get(VERSIONED_MODELS, {**_PAGE, "after_id": after} if after else _PAGE, _VERSION)
        found += openai_models(page)
        more = page.get("has_more") if isinstance(page, dict) else None
        last = page.get("last_id") if more is True else None
        if not isinstance(last, str) or last in {"", after}:
            break
        after = last
    return found


async def list_mantle(get: Get) -> list[dict[str, Any]]:
    """All models of Bedrock's second endpoint in a region: they stand below none of its other paths."""
    return openai_models(await get(VERSIONED_MODELS, {}))


LISTINGS: Final[dict[Listing, Callable[[Get], Awaitable[list[dict[str, Any]]]]]] = {
    "openai": list_openai,
    "bedrock": list_bedrock,
    "anthropic": list_anthropic,
    "mantle": list_mantle,
}
"""The listings, by the name that a host's row gives."""


def openai_models(body: Any, **about: Any) -> list[dict[str, Any]]:
    """The models that an OpenAI-like server lists, each with its ``id``.

    Args:
        body: The bytes of its answer, or the JSON value in them: an object with ``data`` (or ``models``), or
            the list itself, as some servers give it.
        **about: ``status``, ``request_id`` and ``address`` of the call, for the error.

    Raises:
        ResponseError: It is no such listing.
    """
    value = _parsed(body, about)
    if isinstance(value, dict):
        value = next((value[name] for name in ("data", "models") if value.get(name) is not None), value)
        if isinstance(value, dict) and {"data", "models"} & value.keys():
            value = []  # null: an empty list, as Go writes it
    if not isinstance(value, list):
        raise _odd(body, about)
    return [_model(row, ("id", "name", "model"), body, about) for row in value]


def bedrock_models(foundation: Any, profiles: Any, **about: Any) -> list[dict[str, Any]]:
    """The models and inference profiles that Bedrock lists, each with its ``id``.

    Args:
        foundation: ListFoundationModels' answer: bytes or JSON.
        profiles: ListInferenceProfiles' answer, or a list of its pages: bytes or JSON.
        **about: As for ``openai_models``.

    Raises:
        ResponseError: They are no such listings.
    """
    pages = profiles if isinstance(profiles, (list, tuple)) else [profiles]
    found = _rows(foundation, "modelSummaries", "modelId", about)
    for page in pages:
        found += _rows(page, "inferenceProfileSummaries", "inferenceProfileId", about)
    return found


def _rows(body: Any, name: str, key: str, about: dict[str, Any]) -> list[dict[str, Any]]:
    value = _parsed(body, about)
    rows = value.get(name) if isinstance(value, dict) else None
    if rows is None and isinstance(value, dict) and name in value:
        rows = []
    if not isinstance(rows, (list, tuple)):
        raise _odd(body, about)
    return [_model(row, (key,), body, about) for row in rows]


def _model(row: Any, keys: tuple[str, ...], body: Any, about: dict[str, Any]) -> dict[str, Any]:
    if isinstance(row, dict):
        for key in keys:
            if isinstance(row.get(key), str):
                return {**row, "id": row[key]}
    raise _odd(body, about)


def _parsed(body: Any, about: dict[str, Any]) -> Any:
    if not isinstance(body, (bytes, bytearray, str)):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _odd(body, about) from None


def _odd(body: Any, about: dict[str, Any]) -> ResponseError:
    raw = (
        bytes(body) if isinstance(body, (bytes, bytearray)) else repr(body)[:_SHOWN].encode(errors="replace")
    )
    return ResponseError(
        f"the provider's answer is not a listing of models: {raw[:_SHOWN]!r}",
        **{
            "model": "",
            "status": 200,
            "hint": said("check that {} points at the API itself", ADDRESS),
            **about,
        },
    )
