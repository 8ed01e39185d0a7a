"""From what a caller wrote to the turns of an intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.intent import Turn
from smartllm.errors import UnsupportedError
from smartllm.json_values import check_json
from smartllm.text_parts import Reasoning, Text, parts_of

if TYPE_CHECKING:
    from smartllm.content import InputPart
    from smartllm.request import Message

_SENT: Final = (Text, Reasoning)


def turns_of(wishes: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a request with a ``prompt`` or with ``messages``.

    Raises:
        UnsupportedError: A part is of a kind that no wire is given yet, or holds what is no JSON; names its
            place.
    """
    if "prompt" in wishes:
        prompt = wishes["prompt"]
        if isinstance(prompt, str):  # nearly all
            return (Turn("user", (Text(prompt),)),)
        return (Turn("user", _checked(parts_of(prompt), "prompt")),)
    return tuple(_turn(message, index) for index, message in enumerate(wishes["messages"]))


def _turn(message: Message, index: int) -> Turn:
    parts = _checked(parts_of(message.content), "messages", index, "content")
    if message.reasoning is not None:
        check_json(message.reasoning.blocks, "messages", index, "reasoning", "blocks")
        parts = (message.reasoning, *parts)
    return Turn(message.role, parts)


def _checked(parts: Iterable[InputPart], *place: str | int) -> tuple[InputPart, ...]:
    parts = tuple(parts)
    for index, part in enumerate(parts):
        if not isinstance(part, _SENT):
            raise _not_sent(part, (*place, index))
        if isinstance(part, Reasoning):
            check_json(part.blocks, *place, index, "blocks")
    return parts


def _not_sent(part: InputPart, place: tuple[str | int, ...]) -> UnsupportedError:
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
    return UnsupportedError(
        f"{where}: {type(part).__name__} parts cannot be sent yet; Text and Reasoning can",
        field=str(place[0]),
        hint="leave the part out, or say it on the wire by extra={...}",
    )
