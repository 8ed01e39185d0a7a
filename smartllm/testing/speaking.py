"""What a host answers to a request: status, headers and bytes, whoever carries them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .answer import Answer, compose
from .check import facts_of, refusal
from .check_door import door_refusal, keys_refusal
from .check_ids import id_refusal
from .check_native import native_refusal
from .counting import count_refusal, counted
from .eventstream import break_checksum
from .heard import Refused, dict_of, json_of
from .host_words import error_body, headers_for
from .listed_models import listing_body, listing_problem
from .prompt_memory import NOTHING, PromptMemory
from .reply import Reply
from .routes import PROMPT_WIRES, Route, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_UNKNOWN = Reply(status=404, error_message="The loopback server does not know this path.")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a host answers.

    Attributes:
        reply: What was scripted, or the refusal that came instead.
        headers: The response's.
        parts: Its body; of a stream, one frame each.
        streamed: It is a stream.
        refused: What the checks found wrong with the request.
        answer: What it says; None of an error and of a listing.
        file: A file that is its body instead of the parts.
    """

    reply: Reply
    headers: Mapping[str, str]
    parts: list[bytes]
    streamed: bool = False
    refused: Refused | None = None
    answer: Answer | None = None
    file: Path | None = None

    @property
    def reason(self) -> str:
        """What an error says, in the provider's words; "" for an answer."""
        if not self.reply.is_error:
            return ""
        try:
            said = json_of(b"".join(self.parts))
        except ValueError:
            return ""
        inner = dict_of(said).get("error", said)
        return str(dict_of(inner).get("message", ""))

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers, with those that were scripted."""
        known = {name: value for name, value in self.headers.items() if name.lower() not in self._own}
        return {**known, **self.reply.headers}

    @property
    def _own(self) -> set[str]:
        return {name.lower() for name in self.reply.headers}


def spoken(
    route: Route,
    body: bytes,
    reply: Reply,
    serial: int,
    *,
    models: Sequence[str],
    check: bool = False,
    native: bool = True,
    asked: Mapping[str, str] | None = None,
    keyless: bool = False,
    memory: PromptMemory | None = None,
) -> Spoken:
    """The answer to a request.

    Args:
        route: Where it goes.
        body: Its bytes.
        reply: What was scripted for it.
        serial: Its number, for ids.
        models: The model ids of listings, which are taken whatever the rules say.
        check: Refuse what the rules say that a model refuses.
        native: Take the provider's own schema mode.
        asked: The request's headers, with names in lower case; None of a body that came in another's call.
        keyless: Calls show no keys.
        memory: What is kept of earlier prompts.
    """
    if check or not native:
        problem = None
        if check and asked is not None and not reply.is_error:
            problem = door_refusal(route, asked, keyless=keyless)
        problem = problem or _problem(
            route, body, reply, asked or _NO_HEADERS, models, check=check, native=native
        )
        if problem is not None:
            refusing = _refusing(problem)
            return replace(spoken(route, body, refusing, serial, models=models), refused=problem)
    headers = headers_for(route, reply, serial, streamed=False)
    if reply.raw is not None:
        return Spoken(reply, {**headers, "Content-Type": reply.content_type}, [reply.raw])
    if not reply.is_error and route.wire is None and route.listing is None:
        reply, headers = _UNKNOWN, headers_for(route, _UNKNOWN, serial, streamed=False)
    if reply.is_error:
        return Spoken(reply, headers, [_bytes(error_body(route, reply, serial))])
    if route.wire is None and (wrong := listing_problem(route)):
        return spoken(route, body, Reply(status=400, error_message=wrong), serial, models=models)
    if route.wire is None:
        return Spoken(reply, headers, [_bytes(listing_body(route, models))])
    return _answered(route, route.wire, body, reply, serial, asked or _NO_HEADERS, memory)


def _answered(
    route: Route,
    wire: Wire,
    body: bytes,
    reply: Reply,
    serial: int,
    asked: Mapping[str, str],
    memory: PromptMemory | None,
) -> Spoken:
    try:
        read = replace(wire.read(route.asked(body), route.model), headers=asked)
        kept = NOTHING
        if route.count is None and memory is not None and (dialect := route.dialect) is not None:
            prompt, host = PROMPT_WIRES[dialect].read, route.provider
            kept = memory.taken(body, read.model, prompt, lambda model: facts_of(model, dialect, host))
        answer = compose(read, reply, serial, kept)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        refused = Reply(status=400, error_message=f"The request body is not understood: {error!r}")
        headers = headers_for(route, refused, serial, streamed=False)
        return Spoken(refused, headers, [_bytes(error_body(route, refused, serial))])
    if route.count is not None:
        headers = headers_for(route, reply, serial, streamed=False)
        return Spoken(reply, headers, [_bytes(counted(answer, route.count))])
    streamed = route.streams(answer.asked.body)
    headers = headers_for(route, reply, serial, streamed=streamed)
    if not streamed:
        return Spoken(reply, headers, [_bytes(wire.whole(answer))], answer=answer)

    def error_frame(position: int) -> bytes:
        return wire.error_frame(reply.stream_error or {}, answer, position)

    frames = _spoilt(wire.frames(answer), reply, error_frame)
    return Spoken(reply, headers, frames, streamed=True, answer=answer)


def _problem(
    route: Route,
    body: bytes,
    reply: Reply,
    headers: Mapping[str, str],
    models: Sequence[str],
    *,
    check: bool,
    native: bool,
) -> Refused | None:
    """What the provider would refuse, if anything."""
    if reply.is_error or route.dialect is None:
        return None
    try:
        asked = route.asked(body)
        problem = None if native else native_refusal(asked)
        if problem is None and check:
            model, streamed = route.model or str(asked.get("model")), route.streams(asked)
            if route.count is None:
                problem = id_refusal(model, route, models)
            else:
                problem = count_refusal(asked, model, route, models)
            facts = facts_of(model, route.dialect, route.provider)
            problem = problem or keys_refusal(route, asked, headers, facts)
            problem = problem or refusal(
                asked, model, route.dialect, host=route.provider, streamed=streamed, headers=headers
            )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # told of later, by what reads the body
    return problem


def _refusing(problem: Refused) -> Reply:
    return Reply(
        status=problem.status,
        error_message=problem.message,
        error_code=problem.code,
        error_param=problem.param,
    )


def _spoilt(frames: list[bytes], reply: Reply, error_frame: Callable[[int], bytes]) -> list[bytes]:
    """Take frames out of a stream, and put the scripted error frame and the broken checksum into it."""
    spoilt = frames[: reply.end_after]
    if reply.lose_at is not None:
        del spoilt[reply.lose_at : reply.lose_at + 1]
    if reply.stream_error is not None:
        del spoilt[reply.stream_error_after :]
        spoilt.append(error_frame(len(spoilt)))
    if reply.bad_crc_at is not None and reply.bad_crc_at < len(spoilt):
        spoilt[reply.bad_crc_at] = break_checksum(spoilt[reply.bad_crc_at])
    return spoilt


def _bytes(body: object) -> bytes:
    return json.dumps(body).encode()
