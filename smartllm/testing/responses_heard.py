"""Tools and calls in requests of OpenAI's Responses, and what it says of wrong ones."""

from __future__ import annotations

from typing import Any, Final

from .heard import JSON, Chosen, Declared, Heard, Piece, Refused, ToolWire, dict_of, joined, listed, said
from .openai_words import OPENAI_WORDS, format_words

_CALLS: Final = {"function_call", "custom_tool_call"}
_RESULTS: Final = {"function_call_output", "custom_tool_call_output"}
_KINDS: Final = {"input_text": "text", "input_image": "image", "input_file": "document"}
_NO_OUTPUT: Final = "No tool output found for function call {id}."
_NO_JSON: Final = (
    "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
    "'json_object'."
)
_NOT_STORED: Final = (
    "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with "
    "`store` set to true, or remove this item from your input."
)


def _declared(body: JSON) -> list[Declared]:
    found = [_tool(f"tools[{index}]", dict_of(tool)) for index, tool in listed(body.get("tools"))]
    for number, item in listed(body.get("input")):
        if dict_of(item).get("type") == "additional_tools":
            place = f"input[{number}].tools"
            found += [_tool(f"{place}[{index}]", dict_of(tool)) for index, tool in listed(item.get("tools"))]
    return found


def _tool(place: str, tool: JSON) -> Declared:
    kind = str(tool.get("type"))
    name = str(tool.get("name", "")) if kind in {"function", "custom"} else ""
    return Declared(place=place, kind=kind, own=tool, name=name, schema=tool.get("parameters"))


def _chosen(body: JSON) -> Chosen:
    choice, parallel = body.get("tool_choice"), body.get("parallel_tool_calls")
    if not isinstance(choice, dict):
        return Chosen(said=choice is not None, forces=choice == "required", parallel=parallel)
    some = choice.get("type") == "allowed_tools"
    named = choice.get("tools", []) if some else [choice]
    names = [tool["name"] for tool in named if "name" in tool]
    forces = choice.get("mode") == "required" if some else True
    return Chosen(said=True, forces=forces, names=names, some=some, parallel=parallel)


def _turns(body: JSON) -> list[Heard]:
    turns = [_item(f"input[{index}]", dict_of(item)) for index, item in listed(body.get("input"))]
    return joined(turns)


def _item(place: str, item: JSON) -> Heard:
    kind, call_id = str(item.get("type", "message")), str(item.get("call_id", ""))
    if kind == "message":
        return Heard(role=str(item.get("role")), place=place, pieces=said(place, item.get("content"), item))
    if kind in _CALLS:
        name, given = str(item.get("name", "")), item.get("arguments") if kind == "function_call" else {}
        call = Piece(kind="call", place=place, own=item, id=call_id, name=name, arguments=given)
        return Heard(role="assistant", place=place, pieces=[call])
    if kind in _RESULTS:
        kinds = [_KINDS.get(dict_of(part).get("type", ""), "") for _, part in listed(item.get("output"))]
        result = Piece(kind="result", place=place, own=item, id=call_id, kinds=kinds or ["text"])
        return Heard(role="user", place=place, pieces=[result])
    role = "user" if kind.endswith("_output") else "assistant"
    thought = Piece(kind="reasoning" if kind == "reasoning" else "other", place=place, own=item, id=call_id)
    return Heard(role=role, place=place, pieces=[thought])


def _bound(body: JSON) -> Any:
    return dict_of(dict_of(body.get("text")).get("format")).get("schema")


RESPONSES: Final = ToolWire(
    declared=_declared,
    chosen=_chosen,
    turns=_turns,
    bound=_bound,
    text_arguments=True,
    ordered=False,
    words=OPENAI_WORDS
    | format_words("text.format.schema", "text.format", _NO_JSON)
    | {
        "schema": Refused(
            "Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model.",
            param="text.format.type",
        ),
        "kind": Refused(
            "Invalid value: '{kind}'. Supported values are: {known}.", "invalid_value", "{place}.type"
        ),
        "hosted-choice": Refused(
            "Tool choices other than 'auto' are not supported with model '{model}' and the following tool "
            "types: '{kind}'.",
            param="tool_choice",
        ),
        "unanswered": Refused(_NO_OUTPUT, param="input"),
        "surplus": Refused("No tool call found for function call output with call_id {id}.", param="input"),
        "answered-twice": Refused("Duplicate item found with call_id {id}.", param="input"),
        "id-long": Refused(
            "Invalid '{place}.call_id': string too long. Expected a string with maximum length {most}, but "
            "got a string with length {length} instead.",
            "string_above_max_length",
            "{place}.call_id",
        ),
        "arguments": Refused(
            "Invalid type for '{place}.arguments': expected a JSON object as a string.",
            "invalid_type",
            "{place}.arguments",
        ),
        "result-kind": Refused(
            "Invalid value: '{kind}'. This model takes text in function call outputs.",
            "invalid_value",
            "{place}.output",
        ),
        "reasoning": Refused(
            "Reasoning input items can only be provided to a reasoning or computer use model. Remove "
            "'reasoning' items from your input and try again.",
            param="input",
        ),
        "summary": Refused(
            "Missing required parameter: '{place}.summary'.", "missing_required_parameter", "{place}.summary"
        ),
        "not-followed": Refused(
            "Item '{id}' of type 'reasoning' was provided without its required following item.", param="input"
        ),
        "not-stored": Refused(_NOT_STORED, param="input", status=404),
    },
)
"""How it speaks."""
