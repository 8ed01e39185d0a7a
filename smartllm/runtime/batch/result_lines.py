"""A line of results: what became of a line of requests, asked online or by a provider's batch engine."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import ValidationError

from smartllm.diagnostics import Diagnostic
from smartllm.errors import CompileError, ConfigError, ProviderError, SmartLLMError
from smartllm.response import TextResponse
from smartllm.response_json import as_dict
from smartllm.said import spoken
from smartllm.unicode import unicode_text

Status = Literal["answered", "failed", "refused", "expired", "waiting"]
"""``failed``: the provider, or the way to it, did; or its answer does not fit. ``refused``: never sent.
``expired``: the provider's job ended before its turn came. ``waiting``: there is no answer yet."""

_LINE_ENDS: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
"""What some readers of lines take for the end of one, and what terminals obey."""
_FINITE: Final = (str, int, bool, type(None))


def answered(
    line: int,
    response: TextResponse[Any],
    *,
    custom_id: str | None = None,
    same_as: int | None = None,
) -> dict[str, Any]:
    """The result of a line that has its answer.

    Args:
        line: Its number, from 1.
        response: The answer.
        custom_id: The caller's own id.
        same_as: The line that was sent for it.

    Returns:
        ``line``, ``custom_id``, ``status``, what ``as_dict`` tells of the answer, ``cost`` in dollars (None
        where no price is known), ``cached`` where the cache had it, and ``same_as``.
    """
    cost = response.cost
    return {
        **_head(line, "answered", custom_id),
        **as_dict(response),
        "cost": None if cost is None else float(cost),
        **({} if response.cache_source == "miss" else {"cached": True}),
        **({} if same_as is None else {"same_as": same_as}),
    }


def unanswered(
    line: int,
    error: BaseException | Mapping[str, Any] | None,
    status: Status | None = None,
    *,
    custom_id: str | None = None,
    same_as: int | None = None,
    diagnostics: Sequence[Diagnostic | Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The result of a line that has none.

    Args:
        line: Its number, from 1.
        error: Why; an exception, or what ``error_data`` made of one; None where there is nothing to tell.
        status: What became of it; None says it by the exception.
        custom_id: The caller's own id.
        same_as: The line that was sent for it.
        diagnostics: What the compiler changed, as far as it came.
    """
    told = error_data(error) if isinstance(error, BaseException) else error
    if status is None:
        status = status_of(error) if isinstance(error, BaseException) else "failed"
    items = [item.as_dict() if isinstance(item, Diagnostic) else dict(item) for item in diagnostics]
    return {
        **_head(line, status, custom_id),
        **({} if same_as is None else {"same_as": same_as}),
        **({} if told is None else {"error": dict(told)}),
        "diagnostics": items,
    }


def status_of(error: BaseException) -> Status:
    """What an exception makes of a line: it was not sent, or it was and failed."""
    never_sent = isinstance(error, (CompileError, ConfigError)) or (
        isinstance(error, (ValidationError, TypeError)) and not isinstance(error, ProviderError)
    )
    return "refused" if never_sent else "failed"


def error_data(error: BaseException) -> dict[str, Any]:
    """An exception as JSON data.

    Returns:
        ``type``, ``message``, ``code`` and ``status`` of the provider's, ``retryable`` (whether the same call
        may succeed later) and ``hint``; where they are known also ``request_id``, ``attempts``,
        ``partial_text``, and as ``response`` what was answered and paid for all the same.
    """
    known = error if isinstance(error, ProviderError) else None
    data: dict[str, Any] = {
        "type": type(error).__name__,
        "message": _message(error),
        "code": known.code if known else None,
        "status": known.status if known else None,
        "retryable": known.retryable if known else False,
        "hint": spoken(error.hint) if isinstance(error, SmartLLMError) else "",
    }
    if known is None:
        return data
    more = {"request_id": known.request_id, "partial_text": known.partial_text}
    data |= {name: value for name, value in more.items() if value}
    if known.attempts > 1:
        data["attempts"] = known.attempts
    if known.response is not None:
        cost = known.response.cost
        data["response"] = {**as_dict(known.response), "cost": None if cost is None else float(cost)}
    return data


def line_text(result: Mapping[str, Any]) -> str:
    """A result as a line of JSON without its end.

    Halves of surrogate pairs become U+FFFD and numbers that JSON does not have become null, as pydantic
    writes them. What is no JSON at all, such as an object in a diagnostic, becomes text: an answer that is
    paid for is worth more.
    """
    try:
        text = json.dumps(result, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(result), ensure_ascii=False, separators=(",", ":"), default=str)
    return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", unicode_text(text))


def _head(line: int, status: Status, custom_id: str | None) -> dict[str, Any]:
    return {"line": line, **({} if custom_id is None else {"custom_id": custom_id}), "status": status}


def _message(error: BaseException) -> str:
    if isinstance(error, SmartLLMError):
        return spoken(error.message)
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    return str(error)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, _FINITE) else str(value)
