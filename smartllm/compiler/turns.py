"""From what a caller wrote to the turns of an intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.intent import Turn
from smartllm.errors import UnsupportedError
from smartllm.json_values import check_json
from smartllm.text_parts import Reasoning, Text, parts_of

if TYPE_CHECKING:
    from smartllm.content import InputPart, ToolResult
    from smartllm.request import Message

_MEDIA: Final = frozenset({"image", "document", "audio", "video"})
_WRITERS: Final = {
    "tool_call": ("assistant",),
    "tool_result": ("user",),
    "reasoning": ("assistant",),
    **dict.fromkeys(_MEDIA, ("user", "prompt")),
}


def turns_of(wishes: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a request with a ``prompt`` or with ``messages``; files that nobody has read are read.

    Raises:
        UnsupportedError: A part stands in a turn of the wrong role, holds what is no JSON, or names a file
            or bytes that cannot be sent; names its place.
    """
    if "prompt" in wishes:
        prompt = wishes["prompt"]
        if isinstance(prompt, str):  # nearly all
            return (Turn("user", (Text(prompt),)),)
        return (Turn("user", _checked(parts_of(prompt), "prompt", "prompt")),)
    return tuple(_turn(message, index) for index, message in enumerate(wishes["messages"]))


def are_texts(turns: Iterable[Turn]) -> bool:
    """Whether turns of the user and the assistant hold nothing but texts that cite nothing."""
    for role, parts, _ in turns:
        if role == "system":
            return False
        for part in parts:
            if type(part) is not Text or part.citations:
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


def _checked(given: Iterable[InputPart], role: str, *place: str | int) -> tuple[InputPart, ...]:
    parts = list(given)
    for index, part in enumerate(parts):
        if isinstance(part, Text):
            continue
        _check_writer(part, role, (*place, index))
        if isinstance(part, Reasoning):
            _check_blocks(part, (*place, index))
        elif part.type == "tool_call" and part.own:
            check_json(part.own, *place, index, "own")
        elif part.type in _MEDIA:
            parts[index] = _loaded(part, (*place, index))
        elif part.type == "tool_result" and part.parts:
            parts[index] = _result(part, (*place, index, "content"))
    return tuple(parts)


def _result(result: ToolResult, place: tuple[str | int, ...]) -> ToolResult:
    """A result of texts and parts, its files read."""
    content = parts_of(result.content)
    if all(part.type not in _MEDIA for part in content):
        return result
    return replace(result, content=[_loaded(part, (*place, index)) for index, part in enumerate(content)])


def _loaded(part: InputPart, place: tuple[str | int, ...]) -> Any:
    from smartllm.media import loaded_part  # noqa: PLC0415 - few have any

    return loaded_part(part, place)


def _check_writer(part: InputPart, role: str, place: tuple[str | int, ...]) -> None:
    if role not in _WRITERS.get(part.type, (role,)):
        name = type(part).__name__
        raise UnsupportedError(
            f"{_where(place)}: {'an' if name[0] in 'AEIOU' else 'a'} {name} cannot stand in "
            f"{'a prompt' if role == 'prompt' else f'a turn of the {role}'}",
            field=str(place[0]),
            hint="reasoning and calls stand in the assistant's messages; results, pictures, documents, sound "
            "and film in the user's",
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


def _where(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
