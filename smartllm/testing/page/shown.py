"""A call as its page shows it."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from smartllm.pages.facts import FactView, view_at
from smartllm.runtime.wire.event_stream import FrameDecoder, FrameError
from smartllm.testing.check import target_of
from smartllm.testing.check_door import wants_key
from smartllm.testing.heard import json_of
from smartllm.testing.routes import find_route
from smartllm.testing.telling import HEADER as PROVIDER

from .leaves import MOST, Leaf, leaves_of
from .log import LONGEST, Call, Told

if TYPE_CHECKING:
    from smartllm.rules import Target
    from smartllm.testing.reply import Recorded

_SECRET: Final = re.compile(r"auth|key|token|secret|cookie|credential|signature|password", re.IGNORECASE)
_CURLS_OWN: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "transfer-encoding"}
)
_GLOBS: Final = frozenset("[]{}")
_SHOWN: Final = 64 * 1024
"""Characters of a body or an answer that a page shows as they are."""


def shown_call(call: Call, address: str) -> dict[str, Any]:
    """All that the template of a call needs.

    Args:
        call: The call.
        address: That of the server, as the browser has it.
    """
    recorded = call.recorded
    body = _json(recorded.body)
    target = _target(call)
    leaves = _leaves(body, call, target)
    return {
        "call": call,
        "recorded": recorded,
        "summary": call.summary(),
        "host": _host(recorded),
        "time": dt.datetime.fromtimestamp(call.begun).astimezone().isoformat(" ", "milliseconds")[:23],
        "known": target is not None,
        "how": "" if target is None else _how(target),
        "fact": _deciding(recorded, target),
        "fact_path": recorded.fact,
        "leaves": [(leaf, _views(leaf, target)) for leaf in leaves[:MOST]],
        "more": len(leaves) > MOST,
        "body": _shown(
            json.dumps(body, indent=2, ensure_ascii=False) if body is not None else _text(recorded.body)
        ),
        "cut": call.size > len(recorded.body),
        "headers": shown_headers(recorded.headers),
        "answer": None if call.told is None else _answer(call.told, streamed=call.streamed),
        "media": recorded.media if call.size <= LONGEST else (),
        "curl": curl_of(call, address),
    }


def _host(recorded: Recorded) -> tuple[str, str]:
    """The host for which a request was taken, and what told it from others that have its path."""
    route = recorded.route
    return ("", "") if route is None else (route.provider, route.told)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request, without what might open something."""
    return {name: "…" if _is_secret(name) else value for name, value in headers.items()}


def curl_of(call: Call, address: str) -> str:
    """The command that sends a request once more; empty where its body is no longer kept whole, or no text.

    No key of the caller's is in it: the sandbox takes any.
    """
    recorded = call.recorded
    if call.size > len(recorded.body):
        return ""
    try:
        body = recorded.body.decode()
    except UnicodeDecodeError:
        return ""
    if "\0" in body:
        return ""
    path = _without_keys(recorded.raw_path)
    glob = " -g" if _GLOBS & {*path} else ""
    parts = [f"curl -sS{glob} -X {shlex.quote(recorded.method)} {shlex.quote(address + path)}"]
    for name, value in _own_headers(recorded, path).items():
        parts.append(f"-H {shlex.quote(f'{name}: {value}')}")
    if body:
        parts.append(f"--data-raw {shlex.quote(body)}")  # the others read a file where it begins with an @
    return " \\\n  ".join(parts)


def _own_headers(recorded: Recorded, path: str) -> dict[str, str]:
    """The headers of the command: the caller's own, without what curl sets and what might open something."""
    kept = {
        name: value
        for name, value in recorded.headers.items()
        if name not in {*_CURLS_OWN, PROVIDER} and not name.startswith("x-amz-") and not _is_secret(name)
    }
    route = recorded.route
    if route is None or route.dialect is None:
        return kept
    if wants_key(route):
        kept["Authorization"] = "Bearer sandbox"
    again = find_route(recorded.method, path, body=recorded.body, headers=kept)
    # What told its host may have been its key or its signature.
    return kept if again.provider == route.provider else {**kept, PROVIDER: route.provider}


def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _without_keys(raw_path: str) -> str:
    """A request target without those parameters of its query that might open something."""
    path, mark, query = raw_path.partition("?")
    kept = [one for one in query.split("&") if not _is_secret(unquote(one.partition("=")[0]))]
    return f"{path}{mark if any(kept) else ''}{'&'.join(kept)}"


def _target(call: Call) -> Target | None:
    route = call.recorded.route
    if route is None or route.dialect is None or not call.model:
        return None
    return target_of(call.model, route.dialect, route.provider)


def _how(target: Target) -> str:
    found = target.resolution
    return f"{found.how}, profile {found.profile}" + (f" ({found.note})" if found.note else "")


def _deciding(recorded: Recorded, target: Target | None) -> FactView | None:
    path = recorded.fact
    return None if target is None or not path or path.startswith("retired.") else view_at(target, path)


def _leaves(body: Any, call: Call, target: Target | None) -> list[Leaf]:
    route = call.recorded.route
    if route is None or route.dialect is None or not isinstance(body, dict):
        return []
    return list(islice(leaves_of(body, target, route.dialect), MOST + 1))


def _views(leaf: Leaf, target: Target | None) -> list[FactView]:
    return [] if target is None else [view_at(target, path) for path in leaf.facts]


def _answer(told: Told, *, streamed: bool) -> dict[str, Any]:
    return {
        "text": _shown(told.text),
        "thinking": _shown(told.thinking),
        "refusal": told.refusal,
        "calls": told.calls,
        "counts": told.counts,
        "streamed": streamed,
        "frames": told.frames,
        "headers": told.headers,
        "raw": _shown("\n".join(_raw(told, streamed=streamed))),
    }


def _raw(told: Told, *, streamed: bool) -> Iterator[str]:
    """What was sent, as text: JSON with its lines broken, events as they are, frames one by one."""
    body = None if streamed else _json(told.raw)
    if streamed and "eventstream" in told.headers.get("Content-Type", ""):
        yield from _frames(told.raw)
    else:
        yield _text(told.raw) if body is None else json.dumps(body, indent=2, ensure_ascii=False)


def _frames(data: bytes) -> Iterator[str]:
    try:
        for frame in FrameDecoder().feed(data):
            kind = frame.headers.get(":event-type") or frame.headers.get(":exception-type", "")
            yield f"[{kind}] {_text(frame.payload)}"
    except FrameError as error:
        yield f"(a broken frame: {error})"


def _json(data: bytes) -> Any:
    try:
        return json_of(data)
    except ValueError:
        return None


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n… ({len(text):,} characters)"
