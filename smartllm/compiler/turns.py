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

_SENT: Final = ("text", "reasoning", "tool_call", "tool_result", "cache_point", "other")
_IN_RESULTS: Final = ("text", "other")
_WRITER: Final = {"tool_call": "assistant", "tool_result": "user", "reasoning": "assistant"}


def turns_of(wishes: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a request with a ``prompt`` or with ``messages``.

    Raises:
        UnsupportedError: A part is of a kind that no wire is given yet, stands in a turn of the wrong role,
            or holds what is no JSON; names its place.
    """
    if "prompt" in wishes:
        prompt = wishes["prompt"]
        if isinstance(prompt, str):  # nearly all
            return (Turn("user", (Text(prompt),)),)
        return (Turn("user", _checked(parts_of(prompt), "prompt", "prompt")),)
    return tuple(_turn(message, index) for index, message in enumerate(wishes["messages"]))


def are_texts(turns: Iterable[Turn]) -> bool:
    """Whether turns hold nothing but texts."""
    for turn in turns:
        for part in turn.parts:
            if type(part) is not Text:
                return False
    return True


def _turn(message: Message, index: int) -> Turn:
    parts = _checked(parts_of(message.content), message.role, "messages", index, "content")
    kinds = {part.type for part in parts}
    if kinds <= {"reasoning", "cache_point"} and "reasoning" in kinds:
        raise UnsupportedError(
            f"messages[{index}]: the turn holds reasoning alone, which no wire takes",
            field="messages",
            hint="leave the turn out, or keep the text or the calls that followed its reasoning",
        )
    if message.reasoning is not None:
        place = ("messages", index, "reasoning")
        _check_writer(message.reasoning, message.role, place)
        _check_blocks(message.reasoning, place)
        parts = (message.reasoning, *parts)
    return Turn(message.role, parts)


def _checked(parts: Iterable[InputPart], role: str, *place: str | int) -> tuple[InputPart, ...]:
    parts = tuple(parts)
    for index, part in enumerate(parts):
        if part.type not in _SENT:
            raise _not_sent(part, (*place, index))
        _check_writer(part, role, (*place, index))
        if isinstance(part, Reasoning):
            _check_blocks(part, (*place, index))
        elif part.type == "tool_result" and part.parts:
            for number, inner in enumerate(parts_of(part.content)):
                if inner.type not in _IN_RESULTS:
                    raise _not_sent(inner, (*place, index, "content", number))
    return parts


def _check_writer(part: InputPart, role: str, place: tuple[str | int, ...]) -> None:
    if _WRITER.get(part.type, role) != role:
        raise UnsupportedError(
            f"{_where(place)}: a {type(part).__name__} cannot stand in "
            f"{'a prompt' if role == 'prompt' else f'a turn of the {role}'}",
            field=str(place[0]),
            hint="reasoning and calls stand in the assistant's messages, results in the user's next one",
        )


def _check_blocks(reasoning: Reasoning, place: tuple[str | int, ...]) -> None:
    check_json(reasoning.blocks, *place, "blocks")
    for index, block in enumerate(reasoning.blocks):
        if not isinstance(block, Mapping):
            raise UnsupportedError(
                f"{_where((*place, 'blocks', index))}: a {type(block).__name__} is no block of reasoning",
                field=str(place[0]),
                hint="keep the reasoning of an answer as it came: response.as_message() has it",
            )


def _not_sent(part: InputPart, place: tuple[str | int, ...]) -> UnsupportedError:
    return UnsupportedError(
        f"{_where(place)}: {type(part).__name__} parts cannot be sent yet; Text, Reasoning, ToolCall, "
        "ToolResult and Other can",
        field=str(place[0]),
        hint="leave the part out, or say it in the words of the wire: Other({...}), or by extra={...}",
    )


def _where(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
