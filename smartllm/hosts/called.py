"""What was called, as errors tell of it: addresses, ids, waits that a provider asks for, next steps."""

from __future__ import annotations

import datetime as dt
import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from smartllm.error_object import cut
from smartllm.said import Named, said

_LONGEST_ID: Final = 200
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_PROXY_LOGIN: Final = 407


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call to a host, as its errors tell of it.

    Attributes:
        model: Model id that was called; empty for a listing.
        address: The URL that was called, or None.
        method: The method that was used.
        id_header: Header that holds the id of a call.
        public: The address is the provider's own, not another server that speaks its API.
        region: AWS region; empty for other hosts.
        key_source: Where the key comes from, such as ``OPENAI_API_KEY``; None where that is not known.
        settings: Settings that say where calls go.
    """

    model: str
    id_header: str
    address: str | None = None
    method: str = "POST"
    public: bool = False
    region: str = ""
    key_source: str | None = None
    settings: tuple[str, ...] = ("base_url",)


def shown_address(url: str) -> str:
    """An address as an error may show it: without login, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:  # brackets that hold no IPv6 address
        return "an unreadable address"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def told_of(called: Called, status: int, headers: Mapping[str, str], code: str | None) -> dict[str, Any]:
    """What our error says of a call, whichever the host.

    Args:
        called: What was called.
        status: Status of the answer.
        headers: Its headers.
        code: Its code.
    """
    return {
        "model": called.model,
        "status": status,
        "code": code,
        "request_id": request_id(headers, called.id_header),
        "retry_after": retry_after(headers),
        "address": called.address and shown_address(called.address),
    }


def redirect_hint(status: int | None, setting: str) -> str:
    """The next step after a redirect; it is not followed, since it would take keys to anywhere."""
    redirected = status is not None and _FIRST_REDIRECT <= status < _FIRST_ERROR
    return said("redirects are not followed; check {}", Named(setting)) if redirected else ""


def key_hint(status: int, source: str | None) -> str:
    """The next step when a key is refused; empty for other statuses."""
    if status == _PROXY_LOGIN:
        return "a proxy on the way asks for a login: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
    if status not in {_UNAUTHORIZED, _FORBIDDEN}:
        return ""
    what = "check the key" if status == _UNAUTHORIZED else "check what the key may do"
    return f"{what}; it comes from {source}" if source else what


def request_id(headers: Mapping[str, str], name: str) -> str | None:
    """The provider's id of a call, if it gave one."""
    found = headers.get(name)
    return cut(found, _LONGEST_ID) if found else None


def retry_after(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a provider asks to wait; None when it does not say, or says nothing usable.

    Args:
        headers: Headers of its answer.
        now: Seconds since the epoch.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return seconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text:
        try:
            moment = email.utils.parsedate_to_datetime(text)
            # Without a zone it is naive, and Python would take it for local time; HTTP's dates are GMT.
            seconds = moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp() - now()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if seconds is not None and seconds >= 0 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
