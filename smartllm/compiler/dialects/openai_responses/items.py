"""The output items of an answer, which go back whole and as they came, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartllm.compiler.intent import Turn
    from smartllm.content import ToolCall

CALLS: Final = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that call a tool, and where each says what with."""
_PLAIN: Final = {
    "message": frozenset({"id", "type", "status", "role", "content"}),
    "function_call": frozenset({"id", "type", "status", "call_id", "name", "arguments"}),
    "custom_tool_call": frozenset({"id", "type", "status", "call_id", "name", "input"}),
}
"""Items that texts and calls can say, and what of them those say."""


def to_go_back(output: Sequence[Mapping[str, Any]], *, stored: bool) -> tuple[Mapping[str, Any], ...]:
    """The items of an answer where one of them means something only beside the others; else nothing.

    Reasoning goes back with the item that follows it, and by what it holds where the provider keeps nothing.

    Args:
        output: The items.
        stored: The provider keeps them.
    """
    if all(map(_is_plain, output)):
        return ()
    if output[-1].get("type") == "reasoning" or not (stored or are_sealed(output)):
        return ()
    return tuple(output)


def _is_plain(item: Mapping[str, Any]) -> bool:
    """Whether an item says no more than its text or its call: no phase and no namespace either."""
    said = _PLAIN.get(str(item.get("type")))
    return said is not None and all(value is None for key, value in item.items() if key not in said)


def are_sealed(items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all reasoning among items holds what its model reads, should the provider not have kept it.

    That is encrypted, or the reasoning itself, as DeepSeek and servers of gpt-oss show it.
    """
    reasoning = (item for item in items if item.get("type") == "reasoning")
    return all(item.get("encrypted_content") or item.get("content") for item in reasoning)


def is_remark(item: Mapping[str, Any]) -> bool:
    """Whether an item is what a model says on its way to the answer."""
    return item.get("type") == "message" and item.get("phase") == "commentary"


def phases_in(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The phases of messages among items, by their text."""
    messages = [
        item for item in items if item.get("type") == "message" and isinstance(item.get("phase"), str)
    ]
    return {"".join(_texts([item])): item["phase"] for item in messages}


def say_the_same(items: Sequence[Mapping[str, Any]], turn: Turn, names: Mapping[str, str]) -> bool:
    """Whether items say what a turn says: its text, its calls in order, and what it has in the wire's words.

    A turn has the caller's form of arguments, and items the wire's: nulls for what is left out, JSON as text.

    Args:
        items: Items of an answer.
        turn: The turn that they came with.
        names: Names of tools on the wire by the caller's, of those that differ.
    """
    calls = [item for item in items if str(item.get("type")) in CALLS]
    return (
        "".join(_texts(items)) == "".join(turn.texts)
        and all(part.raw in items for part in turn.own)
        and len(calls) == len(turn.calls)
        and all(_is_call(item, call, names) for item, call in zip(calls, turn.calls, strict=True))
    )


def _texts(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for item in items:
        content = item.get("content")
        if item.get("type") == "message" and isinstance(content, list):
            for part in content:
                if isinstance(part, Mapping) and str(part.get("type")).removeprefix("output_") == "text":
                    yield str(part.get("text"))


def _is_call(item: Mapping[str, Any], call: ToolCall, names: Mapping[str, str]) -> bool:
    if (item.get("call_id"), item.get("name")) != (call.id, names.get(call.name, call.name)):
        return False
    said = item.get(CALLS[str(item.get("type"))])
    if item.get("type") != "function_call":
        return said == call.arguments
    sent, given = _read(said), _read(call.arguments)
    if not isinstance(sent, dict) or not isinstance(given, dict):
        return False  # broken arguments are mended on their way back
    try:
        return _alike(sent, given) or (list(sent) == ["value"] and _alike(sent["value"], given))
    except RecursionError:
        return False


def _alike(sent: Any, given: Any) -> bool:
    """Whether a value on the wire may be a caller's."""
    if isinstance(sent, Mapping) and isinstance(given, Mapping):
        left_out = sent.keys() - given.keys()
        return (
            given.keys() <= sent.keys()
            and all(sent[key] is None for key in left_out)
            and all(_alike(sent[key], given[key]) for key in given)
        )
    if isinstance(sent, list) and isinstance(given, list):
        return len(sent) == len(given) and all(map(_alike, sent, given))
    if isinstance(sent, str) and not isinstance(given, str):
        inner = _read(sent)
        return not isinstance(inner, str) and _alike(inner, given)
    return bool(sent == given)


def _read(value: Any) -> Any:
    """The JSON value of a text; what is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
