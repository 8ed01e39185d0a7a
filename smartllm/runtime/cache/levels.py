"""The response cache: what is kept, under which key, and the two levels that keep it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import BaseModel, ValidationError

from smartllm.compiler import Plan
from smartllm.compiler.dialects import Decoded
from smartllm.config import LLMConfig
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.log import logger
from smartllm.request import MessageRequest, Reasoning, TextRequest
from smartllm.response import CacheSource, TextResponse
from smartllm.rules import Dialect
from smartllm.runtime.cache.local import FORMAT, LocalStore

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))
_DAY: Final = 24 * 60 * 60

_CLEAN: Final[dict[Dialect, frozenset[str]]] = {
    "openai_responses": frozenset({"completed"}),
    "openai_chat": frozenset({"stop", "tool_calls", "function_call"}),
    "bedrock_invoke": frozenset({"end_turn", "stop_sequence", "tool_use"}),
    "bedrock_converse": frozenset({"end_turn", "stop_sequence", "tool_use"}),
}
_TOO_LARGE: Final = Diagnostic(
    code="cache-entry-too-large",
    severity="info",
    path="use_cache",
    action="noted",
    asked=True,
    applied=None,
    reason="The answer is larger than a DynamoDB item may be; only the local cache keeps it.",
    origin=Origin("derived", "dynamo_table_name"),
)
_FIELDS: Final = (
    "text",
    "model",
    "stop_reason",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "timestamp",
    "elapsed_seconds",
)


class Store(Protocol):
    """One level of the cache. A store never raises for trouble of its own: trouble is a miss."""

    async def get(self, key: str) -> dict[str, Any] | None:
        """The entry under a key, or None."""
        ...

    async def put(self, key: str, entry: Mapping[str, Any]) -> bool | None:
        """Keep an entry; False says that it is too large for this store."""
        ...

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        ...


class SharedStore(Store, Protocol):
    """A store that holds connections."""

    async def aclose(self) -> None:
        """Close them."""
        ...


@dataclass(frozen=True)
class ResponseCache:
    """A local store and, behind it, an optional shared one.

    Attributes:
        local: First level.
        shared: Second level, or None.
    """

    local: Store
    shared: SharedStore | None = None

    async def get(
        self, key: str, request: TextRequest[Any] | MessageRequest[Any], plan: Plan
    ) -> TextResponse[Any] | None:
        """The kept answer to a request, or None; an answer of the second level is copied to the first."""
        levels: list[tuple[CacheSource, Store | None]] = [("l1", self.local), ("l2", self.shared)]
        for source, store in levels:
            entry = await store.get(key) if store is not None else None
            response = None if entry is None else restored(entry, request, plan)
            if entry is None or response is None:
                continue
            if source == "l2":
                await self.local.put(key, entry)
            response.cache_source, response.cache_key = source, key
            return response
        return None

    async def put(self, key: str, response: TextResponse[Any]) -> tuple[Diagnostic, ...]:
        """Keep an answer in every level; tells when the second has no room for it."""
        entry = entry_of(key, response)
        if entry is None:
            return ()
        await self.local.put(key, entry)
        kept = await self.shared.put(key, entry) if self.shared is not None else None
        return (_TOO_LARGE,) if kept is False else ()

    async def delete(self, key: str) -> None:
        """Forget an answer in every level."""
        await self.local.delete(key)
        if self.shared is not None:
            await self.shared.delete(key)

    async def aclose(self) -> None:
        """Close the connections of the second level."""
        if self.shared is not None:
            await self.shared.aclose()


def open_cache(config: LLMConfig) -> ResponseCache:
    """The cache that a configuration asks for.

    Raises:
        MissingExtraError: A DynamoDB table is named and aiobotocore is not installed.
    """
    age = None if config.cache_max_age_days is None else config.cache_max_age_days * _DAY
    local = LocalStore(config.cache_dir, max_bytes=config.cache_max_bytes, max_age_seconds=age)
    if config.dynamo_table_name is None:
        return ResponseCache(local)
    from smartllm.runtime.cache.dynamo import DynamoStore  # noqa: PLC0415 - loads the SDK

    shared = DynamoStore(
        config.dynamo_table_name,
        region=config.resolved_region(),
        ttl_days=config.cache_ttl_days,
        endpoint_url=config.dynamo_endpoint_url,
        access_key=config.aws_access_key_id,
        secret_key=config.aws_secret_access_key,
        session_token=config.aws_session_token,
    )
    return ResponseCache(local, shared)


def cache_key(plan: Plan, *, endpoint: str | None) -> str:
    """SHA-256, in hex, over the plan's fingerprint, the host and a custom endpoint if one is set.

    Two schemas of one class name differ; a rule change that leaves the body alone keeps the key; a local test
    server never answers for the real one.
    """
    content = _COMPACT.encode([plan.fingerprint, plan.host, endpoint])
    return hashlib.sha256(content.encode()).hexdigest()


def worth_keeping(plan: Plan, answers: list[Decoded]) -> bool:
    """Whether answers ended cleanly: not cut, refused or empty."""
    return all(
        answer.stop_reason in _CLEAN[step.dialect]
        and answer.refusal is None
        and (bool(answer.text) or answer.structured is not None)
        for step, answer in zip(plan.steps, answers, strict=True)
    )


def entry_of(key: str, response: TextResponse[Any]) -> dict[str, Any] | None:
    """The entry for an answer; None when its data has no faithful JSON form."""
    data = {name: getattr(response, name) for name in _FIELDS}
    structured = response.structured_data
    if isinstance(structured, BaseModel):
        try:
            structured = structured.model_dump(mode="json", by_alias=True, round_trip=True)
        except (ValueError, TypeError) as error:
            logger.warning("a structured answer cannot be cached: %s", type(error).__name__)
            return None
    data["structured_data"] = structured
    if response.reasoning is not None:
        data["reasoning"] = response.reasoning.model_dump(mode="json")
    return {"format": FORMAT, "key": key, "metadata": response.metadata, "data": data}


def restored(
    entry: Mapping[str, Any], request: TextRequest[Any] | MessageRequest[Any], plan: Plan
) -> TextResponse[Any] | None:
    """The response that an entry holds; None when it does not fit what the request asks for."""
    data, metadata = entry.get("data"), entry.get("metadata")
    if not isinstance(data, dict) or not isinstance(metadata, dict):
        return None
    values = {name: data.get(name) for name in _FIELDS}
    structured = data.get("structured_data")
    try:
        if isinstance(request.response_format, type):
            structured = request.response_format.model_validate_json(json.dumps(structured))
        checked = _Kept.model_validate({**values, "reasoning": data.get("reasoning")})
    except ValidationError:
        return None
    return TextResponse(
        **vars(checked),
        metadata=metadata,
        structured_data=structured,
        diagnostics=plan.diagnostics,
        provider=plan.host,
        requested_model=plan.model,
    )


class _Kept(BaseModel):
    """The plain fields of an entry's data."""

    text: str
    model: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    timestamp: str
    elapsed_seconds: float
    reasoning: Reasoning | None
