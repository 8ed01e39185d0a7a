"""``client.map``: answers to many requests."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Mapping, Sized
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, overload

from typing_extensions import TypeVar

from smartllm.errors import RequestTypeError
from smartllm.map_progress import OnMapProgress
from smartllm.request import Message, MessageRequest, TextRequest
from smartllm.request_keywords import Prompt, RequestFields, Turns
from smartllm.request_of import MAP, MAP_EXAMPLE, any_request
from smartllm.response import TextResponse
from smartllm.runtime.asking import AskingClient
from smartllm.runtime.control.concurrency import share_of
from smartllm.runtime.mapped import Mapped, counted
from smartllm.runtime.observe.map_tally import Tally
from smartllm.values import unusable

T = TypeVar("T", default=Any)
if TYPE_CHECKING:
    Item = TextRequest[T] | MessageRequest[T] | Prompt | Turns
    Items = Iterable[Item[T]] | AsyncIterable[Item[T]]
else:  # pydantic would make a class of its own for each T
    Item = Items = Any

_ROOM: Final = 8
_MEANT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("concurrency", "max_concurrency", "max_workers", "workers", "parallel"), "max_concurrent"
    ),
    **dict.fromkeys(("return_exceptions", "raise_errors", "errors"), "return_errors"),
    **dict.fromkeys(("show_progress", "progress_bar", "verbose"), "progress"),
}
"""Names that other tools and habit have for the arguments of ``map`` itself."""


class ManyClient(AskingClient):
    """What asks a model many times."""

    @overload
    def map(
        self,
        requests: Items[T],
        *,
        max_concurrent: int | None = None,
        return_errors: Literal[False] = False,
        progress: bool | OnMapProgress = False,
        **fields: Unpack[RequestFields[T]],
    ) -> Mapped[TextResponse[T]]: ...
    @overload
    def map(
        self,
        requests: Items[T],
        *,
        max_concurrent: int | None = None,
        return_errors: bool,
        progress: bool | OnMapProgress = False,
        **fields: Unpack[RequestFields[T]],
    ) -> Mapped[TextResponse[T] | Exception]: ...
    def map(
        self,
        requests: Any,
        *,
        max_concurrent: int | None = None,
        return_errors: bool = False,
        progress: bool | OnMapProgress = False,
        **fields: Any,
    ) -> Mapped[Any]:
        """Answer many requests, in their order, so many at a time.

        ``await client.map(prompts)`` is the list of the answers. ``async for answer in client.map(prompts)``
        gives each as soon as those before it are given, and takes the next request only when there is room
        for it: with answers that wait to be taken at most ``max_concurrent`` are held, so that ``requests``
        may be endless.

        Args:
            requests: Requests, prompts or conversations (lists in which a message stands); an iterable, or an
                async one.
            max_concurrent: How many at once; None takes as many as the client lets through for the first
                one's model.
            return_errors: An error stands in the place of its answer. Otherwise the first one ends it, and
                cancels what is under way: of a list at once, of a loop in its turn.
            progress: True shows a bar on standard error, or without a terminal a line every ten seconds; or a
                function, async or not, that is told a ``MapProgress`` after each request.
            fields: Fields of a request, for prompts and conversations; a request holds its own.

        Raises:
            RequestTypeError: ``requests`` is one text, or cannot be iterated over.
            pydantic.ValidationError: (a ``ValueError``) a field cannot be used.
            SmartLLMError: (when taken) as ``generate_text``; or the answers are taken already.
        """
        if not (is_many(requests) or isinstance(requests, AsyncIterable)):
            raise not_many(requests)
        return Mapped(requests, *self._many(requests, max_concurrent, progress, fields, return_errors))

    def _many(
        self,
        requests: Any,
        most: int | None,
        progress: bool | OnMapProgress,
        fields: Mapping[str, Any],
        return_errors: bool,
    ) -> tuple[Callable[[Any], Coroutine[Any, Any, Any]], Callable[[Any], int], Tally]:
        """What answers one request, how many may be under way at once, and what counts them."""
        self._check_open()
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise unusable("max_concurrent", most, "a whole number from 1")
        if not (isinstance(progress, bool) or callable(progress)):
            raise unusable("progress", progress, "True, False, or a function of a MapProgress")
        shared = _checked(fields)

        async def ask(request: Any) -> TextResponse[Any]:
            return await self._answer(any_request(MAP, request, shared))

        def width(first: Any) -> int:
            return most or self._room_for(first, shared)

        tally = Tally(len(requests) if isinstance(requests, Sized) else None, progress)
        return counted(ask, tally, return_errors=return_errors), width, tally

    def _room_for(self, request: Any, fields: Mapping[str, Any]) -> int:
        """How many calls the client lets through at once for a request's model."""
        share = self.config.quota_share
        if self.config.max_concurrent is not None:
            return share_of(self.config.max_concurrent, share)
        for asked in (request, "x"):
            with suppress(ValueError, TypeError):  # what is wrong with it is told when it is asked
                return share_of(self._compiled(any_request(MAP, asked, fields)).quota.concurrency, share)
        return _ROOM


def is_many(requests: Any) -> bool:
    """Whether something can be iterated over, and gives requests: a request itself would give its fields."""
    alone = (str, bytes, bytearray, memoryview, Mapping, TextRequest, MessageRequest, Message)
    return isinstance(requests, Iterable) and not isinstance(requests, alone)


def not_many(requests: Any) -> RequestTypeError:
    """Our error for what is no list of requests."""
    hint = MAP_EXAMPLE
    if isinstance(requests, (TextRequest, MessageRequest)):
        hint = f"{MAP}([request])"
    elif isinstance(requests, AsyncIterable):
        hint = "what is async goes to the asynchronous smartllm.LLMClient, which has the same map"
    return RequestTypeError(
        f"{MAP} takes a list of requests or prompts, not {type(requests).__name__}", hint=hint
    )


def _checked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields for many requests, checked once."""
    if wrong := [name for name in ("prompt", "messages") if name in fields]:
        raise RequestTypeError(
            f"{MAP} takes prompts in its list, not as {wrong[0]}=", hint=f"{MAP}([prompt, ...])"
        )
    if other := [name for name in fields if name in _MEANT]:
        meant = _MEANT[other[0]]
        raise RequestTypeError(
            f"{MAP} has no {other[0]}=; did you mean {meant}=?", hint=f"{MAP}(requests, {meant}=...)"
        )
    checked = TextRequest(**fields, prompt="x")
    return {name: getattr(checked, name) for name in checked.model_fields_set if name != "prompt"}
