"""Tools and calls in requests of Claude's Messages, and what it says of wrong ones."""

from __future__ import annotations

import re
from typing import Any, Final

from .heard import JSON, Chosen, Declared, Heard, Piece, Refused, ToolWire, dict_of, joined, listed

_DATE: Final = re.compile(r"_\d{8}$")
_PATTERN: Final = "String should match pattern '^[a-zA-Z0-9_-]+$'"
_FORM: Final = "output_config.format.schema: "
_CLOSED: Final = "For 'object' type, 'additionalProperties' must be explicitly set to false"
_KEYWORD: Final = "For '{kind}' type, property '{keyword}' is not supported"
_REGEX: Final = "Unsupported regular expression at {at}"
_UNKNOWN_FORMAT: Final = "For 'string' type, format '{format}' is not supported"
_RECURSIVE: Final = "Recursive schemas are not supported"
_EXTRA: Final = "{place}.{key}: Extra inputs are not permitted"


def _declared(body: JSON) -> list[Declared]:
    return [_tool(f"tools.{index}", dict_of(tool)) for index, tool in listed(body.get("tools"))]


def _tool(place: str, tool: JSON) -> Declared:
    kind, name = tool.get("type", "custom"), str(tool.get("name", ""))
    if kind != "custom":
        return Declared(place=place, kind=_DATE.sub("", str(kind)), own=tool, name=name)
    return Declared(
        place=f"{place}.custom", kind="function", own=tool, name=name, schema=tool.get("input_schema")
    )


def _chosen(body: JSON) -> Chosen:
    choice = dict_of(body.get("tool_choice"))
    kind, switch = choice.get("type"), choice.get("disable_parallel_tool_use")
    return Chosen(
        said=bool(choice),
        forces=kind in {"any", "tool"},
        names=[str(choice.get("name"))] if kind == "tool" else [],
        parallel=None if switch is None else not switch,
        wrong="tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"
        if kind == "none" and switch is not None
        else "",
    )


def _turns(body: JSON) -> list[Heard]:
    return joined(
        [
            Heard(
                role=str(one.get("role")),
                place=f"messages.{index}",
                pieces=_pieces(index, one.get("content")),
            )
            for index, one in ((index, dict_of(one)) for index, one in listed(body.get("messages")))
        ]
    )


def _pieces(message: int, content: Any) -> list[Piece]:
    if isinstance(content, str):
        return [Piece(kind="text", place=f"messages.{message}", text=content)]
    return [_piece(f"messages.{message}.content.{index}", dict_of(one)) for index, one in listed(content)]


def _piece(place: str, block: JSON) -> Piece:
    kind = str(block.get("type"))
    if kind == "text":
        return Piece(kind="text", place=place, own=block, text=str(block.get("text", "")))
    if kind == "tool_use":
        name, given = str(block.get("name", "")), block.get("input")
        call_id = str(block.get("id", ""))
        return Piece(
            kind="call", place=f"{place}.tool_use", own=block, id=call_id, name=name, arguments=given
        )
    if kind == "tool_result":
        kinds = [str(dict_of(one).get("type")) for _, one in listed(block.get("content"))]
        return Piece(
            kind="result",
            place=place,
            own=block,
            id=str(block.get("tool_use_id", "")),
            kinds=kinds or ["text"],
        )
    if kind in {"thinking", "redacted_thinking"}:
        return Piece(kind="reasoning", place=f"{place}.{kind}", own=block)
    return Piece(kind="media" if kind in {"image", "document"} else "other", place=place, own=block)


def _bound(body: JSON) -> Any:
    form = dict_of(body.get("output_config")).get("format") or body.get("output_format")
    return dict_of(form).get("schema")


CLAUDE: Final = ToolWire(
    declared=_declared,
    chosen=_chosen,
    turns=_turns,
    bound=_bound,
    ids=r"[a-zA-Z0-9_-]+",
    known_keys=frozenset(
        {"name", "description", "input_schema", "type", "strict", "cache_control", "input_examples"}
        | {"defer_loading", "allowed_callers"}
    ),
    words={
        "kind": Refused(
            "tools.{index}: Input tag '{kind}' found using 'type' does not match any of the expected tags: "
            "{known}"
        ),
        "twice": Refused("tools: Tool names must be unique."),
        "name": Refused("{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"),
        "name-long": Refused("{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"),
        "description-null": Refused("{place}.description: Input should be a valid string"),
        "key": Refused(_EXTRA),
        "strict": Refused(_EXTRA.replace("{key}", "strict")),
        "schema-type": Refused("{place}.input_schema.type: Input should be 'object'"),
        "schema-top": Refused(
            "{place}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
        ),
        "schema-names": Refused(
            "{place}.input_schema.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'"
        ),
        "strict-open": Refused("{place}: " + _CLOSED),
        "strict-keyword": Refused("{place}: " + _KEYWORD),
        "strict-tools": Refused(
            "tools: Too many strict tools ({length}). The maximum number of strict tools supported is {most}."
        ),
        "strict-optional": Refused(
            "Schemas contains too many optional parameters ({length}), which would make grammar compilation "
            "inefficient. Reduce the number of optional parameters in your tool schemas (limit: {most})."
        ),
        "strict-unions": Refused(
            "Schemas contains too many parameters with union types ({length}), which would cause "
            "exponential compilation cost. Reduce the number of nullable or union-typed parameters (limit: "
            "{most})."
        ),
        **dict.fromkeys(("pattern", "pattern-around"), Refused("{place}.input_schema: " + _REGEX)),
        "strict-recursion": Refused("{place}: " + _RECURSIVE),
        "format-strict-open": Refused(_FORM + _CLOSED),
        "format-strict-keyword": Refused(_FORM + _KEYWORD),
        "strict-format": Refused("{place}: " + _UNKNOWN_FORMAT),
        "format-strict-format": Refused(_FORM + _UNKNOWN_FORMAT),
        "format-strict-recursion": Refused(_FORM + _RECURSIVE),
        **dict.fromkeys(("format-pattern", "format-pattern-around"), Refused(_FORM + _REGEX)),
        "schema": Refused("output_config.format: Extra inputs are not permitted"),
        "choice-alone": Refused("tool_choice may only be specified while providing tools."),
        "forced": Refused('tool_choice: type "tool" and "any" are not supported for this model'),
        "choice-unknown": Refused("Tool '{name}' not found in provided tools"),
        "choice": Refused("{wrong}"),
        "undeclared": Refused("Requests which include `tool_use` or `tool_result` blocks must define tools"),
        "unanswered": Refused(
            "{place}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each "
            "`tool_use` block must have a corresponding `tool_result` block in the next message."
        ),
        "results-late": Refused(
            "{place}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each "
            "`tool_use` block must have a corresponding `tool_result` block in the next message."
        ),
        "surplus": Refused(
            "{place}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` "
            "block must have a corresponding `tool_use` block in the previous message."
        ),
        "answered-twice": Refused(
            "{place}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: "
            "{id}"
        ),
        "same-id": Refused("messages: `tool_use` ids must be unique"),
        "id": Refused("{place}.id: " + _PATTERN),
        "call-name": Refused("{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"),
        "arguments": Refused("{place}.input: Input should be a valid dictionary"),
        "blank": Refused("messages: text content blocks must be non-empty"),
        "reasoning": Refused("{place}: Input tag 'thinking' is not supported for this model"),
        "unsigned": Refused("{place}.signature: Field required"),
        "signature": Refused("{place}: Invalid `signature` in `thinking` block"),
        "changed": Refused(
            "{place}: `thinking` or `redacted_thinking` blocks in the latest assistant message "
            "cannot be modified. These blocks must remain as they were in the original response."
        ),
        "prefix": Refused(
            "{place}: Invalid `signature` in `thinking` block. The block is bound to a "
            "different conversation."
        ),
        "leads": Refused(
            "{place}.type: Expected `thinking` or `redacted_thinking`, but found `{found}`. When "
            "`thinking` is enabled, a final `assistant` message must start with a thinking block."
        ),
    },
)
"""How it speaks."""
