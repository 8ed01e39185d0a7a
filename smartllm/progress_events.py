"""What ``on_progress`` is told: one kind of dict an event, told apart by ``event``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from typing_extensions import TypedDict


class _Event(TypedDict):
    ts: str
    """When it was told, ISO 8601, UTC."""
    prompt: Any
    """What was asked: the text, or parts and messages with media described, not repeated."""
    model: str
    """The model id."""
    provider: str
    """``openai`` or ``bedrock``."""


class _Counts(TypedDict):
    input_tokens: int
    """Tokens of the prompt."""
    output_tokens: int
    """Tokens of the answer, reasoning included."""
    reasoning_tokens: int
    """Those of the reasoning."""
    cached_tokens: int
    """Input tokens that the provider had kept."""


class _MoreCounts(_Counts, total=False):
    cache_write_tokens: int
    """Input tokens that it keeps from now on; only where there are some."""


class Started(_Event):
    """A call begins, before its cache is looked at."""

    event: Literal["llm_started"]


class Done(_Event, _MoreCounts):
    """The answer is there."""

    event: Literal["llm_done"]


class CacheHit(_Event, _MoreCounts):
    """The answer comes from the cache; no ``llm_done`` follows."""

    event: Literal["cache_hit"]
    cache_source: Literal["miss", "l1", "l2"]
    """``l1`` is the local cache, ``l2`` the shared one."""
    cache_key: str | None
    """Key of the entry."""


class Retry(_Event):
    """A failed call will be made again after ``delay`` seconds."""

    event: Literal["retry"]
    attempt: int
    """Number of the retry, from 1 on."""
    max_retries: int
    """How many there may be."""
    error: str
    """Name of the error's class."""
    error_message: str
    """Its text."""
    max_tokens: int | None
    """Output tokens that were asked for; None leaves them to the model."""
    delay: float
    """Seconds until then."""


class _Paid(TypedDict, total=False):
    input_tokens: int
    """As in ``llm_done``; all counts stand only where something was answered."""
    output_tokens: int
    """As there."""
    reasoning_tokens: int
    """As there."""
    cached_tokens: int
    """As there."""
    cache_write_tokens: int
    """As there."""


class Failed(_Event, _Paid):
    """The call failed for good; the counts are of what was answered, and paid for, all the same."""

    event: Literal["error"]
    message: str
    """The error's text."""


class StreamProgress(_Event):
    """``generate_text_streamed``: text came, every 500 estimated tokens or 10 seconds."""

    event: Literal["stream_progress"]
    text_tokens_so_far: int
    """Estimated tokens, four characters each."""
    text_so_far: str
    """The text."""
    elapsed_seconds: float
    """Since the stream began."""


class StreamThinking(_Event):
    """The same of reasoning."""

    event: Literal["stream_thinking"]
    thinking_tokens_so_far: int
    """Estimated tokens, four characters each."""
    thinking_text_so_far: str
    """The reasoning."""
    elapsed_seconds: float
    """Since the stream began."""


class Reask(_Event):
    """The model is asked again, since its answer does not fit."""

    event: Literal["structured_reask"]
    attempt: int
    """Which time, from 1 on."""
    of: int
    """How often at most: ``reasks``."""
    errors: list[dict[str, str]]
    """What is wrong: ``path`` and ``message`` of each fault."""


class Fallback(_Event):
    """The host refused its own schema mode; the answer is bound in another way."""

    event: Literal["structured_fallback"]
    error_message: str
    """The refusal."""
    strategy: str | None
    """The other way: ``tool`` or ``two_pass``."""


class LeftOut(TypedDict):
    """A model of ``fallback`` that was not asked."""

    provider: str
    """Whose it is."""
    model: str
    """Its id."""
    reason: str
    """Why the request cannot be compiled for it."""


class ModelFallback(_Event):
    """The model failed for good, and the next one of ``fallback`` is asked; its own events follow."""

    event: Literal["fallback"]
    to_provider: str
    """Whose the next one is."""
    to_model: str
    """Its id."""
    reason: str
    """Why another one is asked, in a few words."""
    error: str
    """Name of the error's class."""
    error_message: str
    """Its text."""
    status: int | None
    """HTTP status; None where there was no response."""
    code: str | None
    """The provider's own code, or None."""
    attempts: int
    """How often the model was called; 0 where it is retired, so that it was not."""
    skipped: list[LeftOut]
    """Models between the two that cannot take the request."""


class RunCall(TypedDict):
    """A call of a round."""

    id: str
    """Its id in the answer."""
    name: str
    """The tool's name."""


class RunCallDone(RunCall):
    """A call of a round, and how it ended; None where it is the caller's to answer."""

    error: bool | None
    """Whether the tool failed; None where the call is the caller's to answer."""


class ToolsStarted(_Event):
    """``run_tools`` runs the calls of an answer."""

    event: Literal["tools_started"]
    round: int
    """Number of the answer, from 1 on."""
    calls: list[RunCall]
    """The calls, ``id`` and ``name`` of each."""


class ToolsDone(_Event):
    """``run_tools`` has run the calls of an answer."""

    event: Literal["tools_done"]
    round: int
    """Number of the answer, from 1 on."""
    calls: list[RunCallDone]
    """The calls, with ``error`` of each: whether it failed, None where it is the caller's to answer."""
    elapsed_seconds: float
    """What they took together."""


ProgressEvent = (
    Started
    | Done
    | CacheHit
    | Retry
    | Failed
    | StreamProgress
    | StreamThinking
    | Reask
    | Fallback
    | ModelFallback
    | ToolsStarted
    | ToolsDone
)
"""One event; ``event["event"]`` tells which."""

if TYPE_CHECKING:
    ProgressCallback: TypeAlias = (
        Callable[[ProgressEvent], Awaitable[None] | None] | Callable[[dict[str, Any]], Awaitable[None] | None]
    )
else:
    ProgressCallback = Callable[[dict[str, Any]], Awaitable[None] | None]
"""Receives each progress event; may be a coroutine function."""
