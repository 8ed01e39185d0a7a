"""Errors of Anthropic's API and of servers that speak it.

They are told in its page "Errors" (platform.claude.com/docs/en/api/errors, 2026-11-27).
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from typing import Final

from smartllm.error_codes import kind_of
from smartllm.error_object import cut, error_in
from smartllm.errors import ProviderError
from smartllm.hosts.called import (
    Called,
    key_hint,
    redirect_hint,
    retry_after,
    shown_address,
    told_of,
)
from smartllm.hosts.format_refusals import FORMAT_HINT, refuses_format
from smartllm.provider_errors import provider_error
from smartllm.said import Named, said
from smartllm.structure_errors import FormatUnsupportedError

_LONGEST_ID: Final = 200
_TOO_MANY: Final = 429
_NO_SUCH_PATH: Final = frozenset({404, 405})
_TOO_LARGE: Final = 413
# The anthropic SDK 2.14.0 obeys it before any status (_base_client.py, 2026-11-27).
_RETRIED: Final = {"true": True, "false": False}
# platform.claude.com/docs/en/api/rate-limits, 2026-11-27.
_LIMITS: Final = ("requests", "tokens", "input-tokens", "output-tokens")


def anthropic_error(status: int, headers: Mapping[str, str], content: bytes, called: Called) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers, names in any capitalisation if the mapping takes them so.
        content: Its body, of any shape.
        called: What was called.
    """
    found = error_in(content)
    hint = redirect_hint(status, called.settings[0]) or key_hint(status, called.key_source)
    hint = hint or _hint(status, headers, found.codes, called)
    message = f"{status} from the provider: {found.text}"
    about = told_of(called, status, headers, found.code)
    about["request_id"] = about["request_id"] or _id_in(content)
    if status == _TOO_MANY:
        about["retry_after"] = _wait(headers)
    if refuses_format(found, status):
        return FormatUnsupportedError(message, hint=FORMAT_HINT, **about)
    retryable = _RETRIED.get(headers.get("x-should-retry", ""))
    return provider_error(message, also=found.codes[1:], hint=hint, retryable=retryable, **about)


def _hint(status: int, headers: Mapping[str, str], codes: tuple[str, ...], called: Called) -> str:
    """The next step; status and codes decide which."""
    kind = kind_of(status, codes)
    if kind == "quota":
        return "raise the spend limit, or look at the billing, in the Claude Console"
    if status == _TOO_MANY:
        used = [f"{limit}: 0 of {_limit(headers, limit)} left" for limit in _used_up(headers)]
        return "; ".join(used)
    if status == _TOO_LARGE:
        return said("send files by {} or an address instead of their bytes", Named("file_id"))
    if status not in _NO_SUCH_PATH:
        return ""
    if kind_of(None, codes) == "not_found" and called.public:
        return "check the model id; `smartllm models` lists them"
    shown = f"{called.method} {shown_address(called.address or '')}"
    return said("{} was called; check the model id and {}", shown, Named(called.settings[0]))


def _used_up(headers: Mapping[str, str]) -> list[str]:
    return [limit for limit in _LIMITS if headers.get(f"anthropic-ratelimit-{limit}-remaining") == "0"]


def _limit(headers: Mapping[str, str], limit: str) -> str:
    return cut(headers.get(f"anthropic-ratelimit-{limit}-limit", "?"), 20)


def _wait(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that it asks to wait, or until the last of the limits that are used up begins anew."""
    asked = retry_after(headers)
    if asked is not None:
        return asked
    resets = [_moment(headers.get(f"anthropic-ratelimit-{limit}-reset")) for limit in _used_up(headers)]
    known = [moment - now() for moment in resets if moment is not None]
    return max(0.0, *known) if known else None


def _moment(text: str | None) -> float | None:
    try:
        moment = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()


def _id_in(content: bytes) -> str | None:
    """The id of a call that stands in the body too, where something on the way has taken the header."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    found = body.get("request_id") if isinstance(body, dict) else None
    return cut(found, _LONGEST_ID) if isinstance(found, str) and found else None
