"""Models as the hosts list them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from smartllm.hosts.listing import FOUNDATION_MODELS

from .answer import CREATED_AT, JSON

if TYPE_CHECKING:
    from smartllm.rules.vocabulary.host import Listing

    from .routes import Route

_PAGE: Final = 20
_LONGEST_PAGE: Final = 1000
_ENTRY: Final[JSON] = {"object": "model", "created": CREATED_AT, "owned_by": "loopback"}


def listing_body(route: Route, models: Sequence[str]) -> JSON:
    """Build the body of a listing."""
    return _LISTS[route.host.listing](route, models)


def listing_problem(route: Route) -> str:
    """What is wrong with the query of a listing; "" where nothing is."""
    limit = parse_qs(route.query).get("limit", [str(_PAGE)])[0]
    if route.listing is None or _LISTS[route.host.listing] is not _page:
        return ""
    if not limit.isdecimal():
        return "limit: Input should be a valid integer, unable to parse string as an integer"
    if not 1 <= int(limit) <= _LONGEST_PAGE:
        bound = "greater than or equal to 1" if int(limit) < 1 else f"less than or equal to {_LONGEST_PAGE}"
        return f"limit: Input should be {bound}"
    return ""


def _all(route: Route, models: Sequence[str]) -> JSON:  # noqa: ARG001 - as the others
    return {"object": "list", "data": [{"id": model, **_ENTRY} for model in models]}


def _of_mantle(route: Route, models: Sequence[str]) -> JSON:  # noqa: ARG001 - as the others
    entry = {**_ENTRY, "status": "ACTIVE", "data_retention": {"mode": "default"}}
    return {"object": "list", "data": [{"id": model, **entry} for model in models]}


def _of_bedrock(route: Route, models: Sequence[str]) -> JSON:
    if route.listing == FOUNDATION_MODELS:
        return {"modelSummaries": [foundation_model(model) for model in models]}
    return {"inferenceProfileSummaries": [inference_profile(model) for model in models]}


def _page(route: Route, models: Sequence[str]) -> JSON:
    """A page of Anthropic's listing (platform.claude.com/docs/en/api/models/list, 2026-11-27)."""
    asked = {name: values[0] for name, values in parse_qs(route.query).items()}
    limit = int(asked.get("limit", _PAGE))
    left, last = list(models), asked.get("before_id") in models
    if last:
        left = left[: left.index(asked["before_id"])]
    elif asked.get("after_id") in left:
        left = left[left.index(asked["after_id"]) + 1 :]
    page = left[-limit:] if last else left[:limit]
    made = dt.datetime.fromtimestamp(CREATED_AT, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "data": [{"type": "model", "id": one, "display_name": one, "created_at": made} for one in page],
        "has_more": len(left) > limit,
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def foundation_model(model: str) -> JSON:
    """A model of ListFoundationModels."""
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}",
        "modelId": model,
        "modelName": model,
        "providerName": "Loopback",
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND", "INFERENCE_PROFILE"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def inference_profile(model: str) -> JSON:
    """A profile of ListInferenceProfiles for a model."""
    arn = "arn:aws:bedrock:us-east-1"
    return {
        "inferenceProfileName": f"US {model}",
        "inferenceProfileArn": f"{arn}:123456789012:inference-profile/us.{model}",
        "inferenceProfileId": f"us.{model}",
        "models": [{"modelArn": f"{arn}::foundation-model/{model}"}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


_LISTS: Final[Mapping[Listing, Callable[[Route, Sequence[str]], JSON]]] = {
    "openai": _all,
    "bedrock": _of_bedrock,
    "anthropic": _page,
    "mantle": _of_mantle,
}
