"""Tools and calls in requests of OpenAI's Chat Completions, and what it says of wrong ones."""

from __future__ import annotations

from typing import Any, Final

from .heard import JSON, Chosen, Declared, Heard, Piece, Refused, ToolWire, dict_of, joined, listed, said
from .openai_words import OPENAI_WORDS, format_words

_UNANSWERED: Final = Refused(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
    "'tool_call_id'. The following tool_call_ids did not have response messages: {ids}",
    param="messages",
)
_NO_JSON: Final = (
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
)
_KINDS: Final = {"image_url": "image", "file": "document", "input_audio": "audio"}


def _declared(body: JSON) -> list[Declared]:
    return [_tool(f"tools[{index}]", dict_of(tool)) for index, tool in listed(body.get("tools"))]


def _tool(place: str, tool: JSON) -> Declared:
    kind = str(tool.get("type"))
    own = dict_of(tool.get(kind))
    schema = own.get("parameters", {"type": "object"}) if kind == "function" else None
    return Declared(
        place=f"{place}.{kind}", kind=kind, own=own or tool, name=str(own.get("name", "")), schema=schema
    )


def _chosen(body: JSON) -> Chosen:
    choice, parallel = body.get("tool_choice"), body.get("parallel_tool_calls")
    if not isinstance(choice, dict):
        return Chosen(said=choice is not None, forces=choice == "required", parallel=parallel)
    some = choice.get("type") == "allowed_tools"
    allowed = dict_of(choice.get("allowed_tools"))
    named = allowed.get("tools", []) if some else [choice]
    names = [dict_of(tool.get(str(tool.get("type")))).get("name", "") for tool in named]
    forces = allowed.get("mode") == "required" if some else True
    return Chosen(said=True, forces=forces, names=names, some=some, parallel=parallel)


def _turns(body: JSON) -> list[Heard]:
    turns = [_message(f"messages[{index}]", dict_of(one)) for index, one in listed(body.get("messages"))]
    return joined(turns)


def _message(place: str, message: JSON) -> Heard:
    role = str(message.get("role"))
    if role == "tool":
        result = Piece(
            kind="result",
            place=place,
            own=message,
            id=str(message.get("tool_call_id", "")),
            kinds=_kinds(message.get("content")),
        )
        return Heard(role="user", place=place, pieces=[result])
    pieces = said(place, message.get("content"))
    for index, call in listed(message.get("tool_calls")):
        pieces.append(_call(f"{place}.tool_calls[{index}]", dict_of(call)))
    return Heard(role=role, place=place, pieces=pieces)


def _call(place: str, call: JSON) -> Piece:
    kind = str(call.get("type", "function"))
    own = dict_of(call.get(kind))
    return Piece(
        kind="call",
        place=f"{place}.{kind}",
        own=call,
        id=str(call.get("id", "")),
        name=str(own.get("name", "")),
        arguments=own.get("arguments") if kind == "function" else {},
    )


def _kinds(content: Any) -> list[str]:
    return [_KINDS.get(str(dict_of(part).get("type")), "text") for _, part in listed(content)] or ["text"]


def _bound(body: JSON) -> Any:
    return dict_of(dict_of(body.get("response_format")).get("json_schema")).get("schema")


CHAT: Final = ToolWire(
    declared=_declared,
    chosen=_chosen,
    turns=_turns,
    bound=_bound,
    text_arguments=True,
    words=OPENAI_WORDS
    | format_words("response_format", "response_format", _NO_JSON)
    | {
        "thinks": Refused(
            "Function tools with reasoning_effort are not supported for {model} in /v1/chat/completions. "
            "Please use /v1/responses instead.",
            param="reasoning_effort",
        ),
        "too-many": Refused(
            "Invalid 'tools': array too long. Expected an array with maximum length {most}, but got an "
            "array with length {length} instead.",
            "array_above_max_length",
            "tools",
        ),
        "description-long": Refused(
            "Invalid '{place}.description': string too long. Expected a string with maximum length {most}, "
            "but got a string with length {length} instead.",
            "string_above_max_length",
            "{place}.description",
        ),
        "empty": Refused(
            "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array "
            "instead.",
            "empty_array",
            "tools",
        ),
        "schema": Refused(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            param="response_format",
        ),
        "kind": Refused(
            "Invalid value: '{kind}'. Supported values are: {known}.", "invalid_value", "tools[{index}].type"
        ),
        "unanswered": _UNANSWERED,
        "results-late": _UNANSWERED,
        "surplus": Refused(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
            "'tool_calls'.",
            param="{place}.role",
        ),
        "answered-twice": Refused(
            "Invalid parameter: 'tool_call_id' {id} has more than one response message.",
            param="{place}.tool_call_id",
        ),
        "id-long": Refused(
            "Invalid '{parent}.id': string too long. Expected a string with maximum length {most}, but got "
            "a string with length {length} instead.",
            "string_above_max_length",
            "{parent}.id",
        ),
        "arguments": Refused(
            "Invalid '{place}.arguments': expected a JSON object as a string.",
            "invalid_value",
            "{place}.arguments",
        ),
        "result-kind": Refused(
            "Invalid content type. {kind} content is not allowed in messages with role 'tool'.",
            param="{place}.content",
        ),
    },
)
"""How it speaks."""
