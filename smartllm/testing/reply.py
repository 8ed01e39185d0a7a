"""What a test scripts (``Reply``) and what it reads back (``Recorded``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any, Final, Literal

from smartllm.content import ToolCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .heard import Refused
    from .routes import Route

FIRST_ERROR_STATUS = 400
HEADER: Final = "x-smartllm-reply"
"""A request that carries this header is answered with the reply that it holds, as JSON."""

_CALL: Final = ("name", "arguments", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer; every field left out is computed from the request.

    All stream positions (``cut_after``, ``end_after``, ``lose_at``, ``stall_after``,
    ``stream_error_after``, ``bad_crc_at``) count the intact frames that come first.

    Attributes:
        status: The HTTP status; from 400 on the answer is an error body.
        headers: Extra response headers; they win over the server's own.
        text: The answer's text. Default: ``"echo: "`` and the last user text.
        chunks: The text as it is cut up in a stream. Default: one piece a word.
        thinking: The reasoning text. ``""`` means reasoning happened but is not shown, ``False`` means
            none even if the request asks for it.
        structured: The JSON of the answer: the input of the tool call if one is forced (or tools are
            offered without a schema format), else the text. Default, when the request forces a tool or
            a schema and no ``text`` is given: the smallest value that fits the schema.
        tool: The name of the tool to call, forced or not.
        tool_calls: The calls of the answer, each a ``ToolCall`` or a dict of its fields, declared or not.
            Arguments that are a text are sent as they are, JSON or not; without an id, a call takes one of
            the answer's. ``text`` stands beside them.
        stop_reason: The wire's own word. On Responses a status (``failed``) or the reason of an
            incomplete answer (``max_output_tokens``).
        refusal: The text of a refusal, told the way the wire tells it.
        cached_tokens: Input tokens read from the prompt cache.
        cache_write_tokens: Input tokens written to the prompt cache.
        usage: Overrides merged into the usage object, in the wire's own names; ``None`` sends null.
        delay: Seconds to wait before the first response byte.
        error_code: ``x-amzn-errortype`` or the OpenAI ``code``. Default: by status.
        error_param: The OpenAI ``param``.
        error_message: The message of the error body.
        error_body: The whole error body, instead of the computed one.
        raw: The body sent as it is, with ``content_type``.
        content_type: The content type of ``raw``.
        cut_after: Close the connection after so many frames; an answer that is not streamed is
            closed before its first byte.
        end_after: End the stream in good order after so many frames.
        lose_at: Leave out the frame after so many.
        stall_after: Pause for ``stall_seconds`` after so many frames.
        stall_seconds: The length of that pause.
        stream_error: End the stream with an error. Bedrock: ``type`` names the exception frame, the
            rest is its payload. OpenAI: ``code`` and ``message`` of an error event (of the response
            if ``type`` is ``"response.failed"``); a mapping with an ``error`` key is sent as it is.
        stream_error_after: Where ``stream_error`` comes.
        bad_crc_at: Break the checksum of the frame after so many (Bedrock streams only).
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    chunks: Sequence[str] | None = None
    thinking: str | Literal[False] | None = None
    structured: dict[str, Any] | None = None
    tool: str | None = None
    tool_calls: Sequence[ToolCall | Mapping[str, Any]] | None = None
    stop_reason: str | None = None
    refusal: str | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    usage: Mapping[str, Any] | None = field(default_factory=dict)
    delay: float = 0.0
    error_code: str | None = None
    error_param: str | None = None
    error_message: str | None = None
    error_body: Mapping[str, Any] | None = None
    raw: bytes | None = None
    content_type: str = "application/json"
    cut_after: int | None = None
    end_after: int | None = None
    lose_at: int | None = None
    stall_after: int | None = None
    stall_seconds: float = 0.0
    stream_error: Mapping[str, Any] | None = None
    stream_error_after: int = 0
    bad_crc_at: int | None = None

    def __post_init__(self) -> None:
        if self.tool_calls is not None:
            calls = tuple(_call(given, index) for index, given in enumerate(self.tool_calls))
            object.__setattr__(self, "tool_calls", calls)

    @property
    def is_error(self) -> bool:
        """Whether the answer is an HTTP error."""
        return self.status >= FIRST_ERROR_STATUS


_STATUSES: Final = (200, 599)
_KINDS: Final[Mapping[str, tuple[Any, str]]] = {
    "int": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "str": (str, "a text"),
    "bytes": (bytes, "a text"),
    "Mapping": (Mapping, "an object"),
    "dict": (Mapping, "an object"),
    "Sequence": ((list, tuple), "a list"),
}
"""What a field may hold, and what that is called, by the first word of its annotation."""


def reply_of(fields: Any) -> Reply:
    """The reply that data say.

    Args:
        fields: Its fields, as JSON has them.

    Raises:
        TypeError: They say none; names what is wrong.
    """
    if not isinstance(fields, Mapping):
        raise TypeError('a reply is an object, such as {"text": "hi"}')
    known = [one.name for one in fields_of(Reply)]
    for name in fields:
        if name not in known:
            raise TypeError(f"there is no field {name!r}; known fields: {', '.join(known)}")
    raw = fields.get("raw")
    reply = Reply(**{**fields, "raw": raw.encode()} if isinstance(raw, str) else fields)
    for one in fields_of(Reply):
        _check(one.name, getattr(reply, one.name), str(one.type))
    if not _STATUSES[0] <= reply.status <= _STATUSES[1]:
        raise TypeError(f"status is a number from {_STATUSES[0]} to {_STATUSES[1]}, not {reply.status}")
    return reply


def _check(name: str, value: Any, kind: str) -> None:
    """Check a field, given its annotation."""
    allowed, called = _KINDS[kind.partition(" ")[0].partition("[")[0]]
    if (value is None and "None" in kind) or (value is False and "False" in kind):
        return
    if not isinstance(value, allowed) or (isinstance(value, bool) and allowed is not bool):
        raise TypeError(f"{name} is {called}, not {value!r:.60}")
    if name == "headers" and not all(isinstance(one, str) for pair in value.items() for one in pair):
        raise TypeError("headers are texts by their names")
    if kind.startswith("Sequence[str]") and not all(isinstance(one, str) for one in value):
        raise TypeError(f"{name} is a list of texts, not {value!r:.60}")


def _call(given: Any, index: int) -> ToolCall:
    if isinstance(given, ToolCall):
        return given
    place = f"tool_calls[{index}]"
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise TypeError(f'{place} has no name; a call is such as {{"name": "weather", "arguments": {{}}}}')
    if wrong := [key for key in given if key not in _CALL]:
        raise TypeError(f"{place} has {wrong[0]!r}; its fields are {', '.join(_CALL)}")
    return ToolCall(given.get("id", ""), given["name"], given.get("arguments", {}))


@dataclass(slots=True, kw_only=True)
class Recorded:
    """One request as the server received it.

    Attributes:
        method: The HTTP method.
        path: The percent-decoded path, without the query.
        raw_path: The request target exactly as sent, with the query.
        headers: The headers, with names in lower case.
        body: The body bytes; of an upload of files none.
        size: How many came; 0 until all of them did.
        route: Where it went.
        frames_sent: How many stream frames have been written so far.
        disconnected: Whether the client went away before its answer was complete.
        status: The HTTP status of the answer; None until there is one.
        reason: What an error said, in the provider's words; "" for an answer.
        seconds: From the whole request to the end of its answer; None until then.
        refused: What the checks found wrong with it; None where the answer is what was scripted.
    """

    method: str
    path: str
    raw_path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    route: Route | None = field(default=None, repr=False)
    size: int = 0
    frames_sent: int = 0
    disconnected: bool = False
    status: int | None = None
    reason: str = ""
    seconds: float | None = None
    refused: Refused | None = field(default=None, repr=False)
    _decided: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def fact(self) -> str:
        """The path of the fact that refused, such as ``effort.levels``; "" where none did."""
        return self._deciding[0]

    @property
    def fact_row(self) -> str:
        """Where the rules state that fact, as ``file:line``; "" where no row does."""
        return self._deciding[1]

    @property
    def _deciding(self) -> tuple[str, str]:
        """Looked for once, and only if somebody asks: it takes several checks."""
        if self._decided is None:
            from .deciding import decided_by  # noqa: PLC0415 - the checks need replies

            self._decided = decided_by(self)
        return self._decided

    @property
    def media(self) -> tuple[str, ...]:
        """The pictures, documents, sound and film that it held, a line each, without their bytes."""
        return () if self.route is None else self.route.seen(self.body)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)
