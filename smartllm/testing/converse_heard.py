"""Tools and calls in requests of Bedrock's Converse, and what it says of wrong ones."""

from __future__ import annotations

import json
from typing import Any, Final

from .heard import JSON, Chosen, Declared, Heard, Piece, Refused, ToolWire, dict_of, joined, listed

_MEDIA: Final = ("image", "document", "video", "audio")
_UNSUPPORTED: Final = "This model doesn't support the {field} field. Remove {field} and try again."
_CONSTRAINT: Final = "1 validation error detected: Value '{name}' at '{place}.{key}' failed to satisfy "
"constraint: Member must "
UNTAKEN: Final = (
    "This model doesn't support the {kind} content block that you provided. Update the content block and "
    "try again."
)
"""Of sound and film, wherever they stand (seen live)."""
_MODEL: Final = "The model returned the following errors: "
_FORM: Final = f"{_MODEL}output_config.format.schema: "
_CLOSED: Final = "For 'object' type, 'additionalProperties' must be explicitly set to false"
_KEYWORD: Final = "For '{kind}' type, property '{keyword}' is not supported"
_REGEX: Final = "Unsupported regular expression at {at}"
_UNKNOWN_FORMAT: Final = "For 'string' type, format '{format}' is not supported"
_RECURSIVE: Final = "Recursive schemas are not supported"
_EXPECTED: Final = "Expected toolResult blocks at {next}.content for the following Ids: {ids}"


def _declared(body: JSON) -> list[Declared]:
    found = []
    for index, one in listed(dict_of(body.get("toolConfig")).get("tools")):
        tool, place = dict_of(one), f"toolConfig.tools.{index}"
        if "toolSpec" in tool:
            spec = dict_of(tool["toolSpec"])
            name, schema = str(spec.get("name", "")), dict_of(spec.get("inputSchema")).get("json")
            found.append(
                Declared(place=f"{place}.toolSpec", kind="function", own=spec, name=name, schema=schema)
            )
        elif "systemTool" in tool:
            kind = str(dict_of(tool["systemTool"]).get("name"))
            found.append(Declared(place=place, kind=kind, own=tool))
    return found


def _chosen(body: JSON) -> Chosen:
    choice = dict_of(dict_of(body.get("toolConfig")).get("toolChoice"))
    own = dict_of(dict_of(body.get("additionalModelRequestFields")).get("tool_choice"))
    switch = own.get("disable_parallel_tool_use")
    wrong = ""
    if unknown := choice.keys() - {"auto", "any", "tool"}:
        wrong = (
            f'Unknown parameter in toolConfig.toolChoice: "{min(unknown)}", must be one of: auto, any, tool'
        )
    elif choice and "type" in own:
        wrong = (
            "The additional field tool_choice/type conflicts with the existing field "
            f"toolConfig.toolChoice.{min(choice)}. Remove tool_choice/type and try again."
        )
    elif own and not choice and "type" not in own:
        wrong = "The model returned the following errors: tool_choice.type: Field required"
    return Chosen(
        said=bool(choice or own),
        forces=not choice.keys().isdisjoint({"any", "tool"}),
        names=[str(dict_of(choice["tool"]).get("name"))] if "tool" in choice else [],
        parallel=None if switch is None else not switch,
        wrong=wrong,
    )


def _turns(body: JSON) -> list[Heard]:
    turns = []
    for index, one in listed(body.get("messages")):
        message, place = dict_of(one), f"messages.{index}"
        pieces = [
            _piece(f"{place}.content.{number}", dict_of(block))
            for number, block in listed(message.get("content"))
        ]
        turns.append(Heard(role=str(message.get("role")), place=place, pieces=pieces))
    return joined(turns)


def _piece(place: str, block: JSON) -> Piece:
    if "text" in block:
        return Piece(kind="text", place=place, own=block, text=str(block["text"]))
    if any("type" in dict_of(block.get(key)) for key in ("toolUse", "toolResult")):
        return Piece(kind="other", place=place, own=block)  # of a tool that the provider ran
    if "toolUse" in block:
        use = dict_of(block["toolUse"])
        name, given, call_id = str(use.get("name", "")), use.get("input"), str(use.get("toolUseId", ""))
        return Piece(kind="call", place=f"{place}.toolUse", own=use, id=call_id, name=name, arguments=given)
    if "toolResult" in block:
        result = dict_of(block["toolResult"])
        kinds = [key for _, one in listed(result.get("content")) for key in dict_of(one)]
        call_id = str(result.get("toolUseId", ""))
        return Piece(kind="result", place=f"{place}.toolResult", own=result, id=call_id, kinds=kinds)
    if "reasoningContent" in block:
        return Piece(kind="reasoning", place=f"{place}.reasoningContent", own=_reasoning(block))
    return Piece(kind="media" if any(key in block for key in _MEDIA) else "other", place=place, own=block)


def _reasoning(block: JSON) -> JSON:
    """The block as Claude would have it."""
    inner: Any = dict_of(block["reasoningContent"])
    if "redactedContent" in inner:
        return {"type": "redacted_thinking"}
    return {"type": "thinking", **dict_of(inner.get("reasoningText"))}


def _bound(body: JSON) -> Any:
    form = dict_of(dict_of(body.get("outputConfig")).get("textFormat"))
    text = dict_of(dict_of(form.get("structure")).get("jsonSchema")).get("schema")
    return None if text is None else json.loads(text)


CONVERSE: Final = ToolWire(
    declared=_declared,
    chosen=_chosen,
    turns=_turns,
    bound=_bound,
    ids=r"[a-zA-Z0-9_.:-]+",
    words={
        "functions": Refused("This model doesn't support tool use."),
        "streaming": Refused("This model doesn't support tool use in streaming mode."),
        "empty": Refused(
            "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        ),
        "kind": Refused("This model doesn't support the system tool {kind}. It supports: {known}"),
        "twice": Refused("The toolConfig.tools field contains the tool name {name} more than once."),
        "name": Refused(
            _CONSTRAINT.replace("{key}", "name") + "satisfy regular expression pattern: {pattern}"
        ),
        "name-long": Refused(
            _CONSTRAINT.replace("{key}", "name") + "have length less than or equal to {most}"
        ),
        "description-empty": Refused(
            _CONSTRAINT.replace("{key}", "description").replace("{name}", "")
            + "have length greater than or equal to 1"
        ),
        "strict": Refused(_UNSUPPORTED.replace("{field}", "{place}.strict")),
        "schema-type": Refused(
            "The value at {place}.inputSchema.json.type must be one of the following: object."
        ),
        "schema-top": Refused(
            "The model returned the following errors: {place}.inputSchema.json: input_schema does not "
            "support oneOf, allOf, or anyOf at the top level"
        ),
        "schema-bare": Refused(
            "The model returned the following errors: Malformed input request: #/{place}/inputSchema/json: "
            "extraneous key [{keyword}] is not permitted, please reformat your input and try again."
        ),
        "schema-names": Refused(
            "The model returned the following errors: {place}.inputSchema.json.properties: Property keys "
            "should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'"
        ),
        "strict-open": Refused(_MODEL + "{place}: " + _CLOSED),
        "strict-keyword": Refused(_MODEL + "{place}: " + _KEYWORD),
        "strict-tools": Refused(
            "The model returned the following errors: tools: Too many strict tools ({length}). The maximum "
            "number of strict tools supported is {most}."
        ),
        "strict-optional": Refused(
            "The model returned the following errors: Schemas contains too many optional parameters "
            "({length}) (limit: {most})."
        ),
        "strict-unions": Refused(
            "The model returned the following errors: Schemas contains too many parameters with union types "
            "({length}) (limit: {most})."
        ),
        **dict.fromkeys(("pattern", "pattern-around"), Refused(_MODEL + "{place}: " + _REGEX)),
        "strict-recursion": Refused(_MODEL + "{place}: " + _RECURSIVE),
        "format-strict-open": Refused(_FORM + _CLOSED),
        "format-strict-keyword": Refused(_FORM + _KEYWORD),
        "strict-format": Refused(_MODEL + "{place}: " + _UNKNOWN_FORMAT),
        "format-strict-format": Refused(_FORM + _UNKNOWN_FORMAT),
        "format-strict-recursion": Refused(_FORM + _RECURSIVE),
        **dict.fromkeys(("format-pattern", "format-pattern-around"), Refused(_FORM + _REGEX)),
        "schema": Refused(_UNSUPPORTED.replace("{field}", "outputConfig")),
        "forced": Refused(_UNSUPPORTED.replace("{field}", "toolConfig.toolChoice.{form}")),
        "choice-form": Refused(_UNSUPPORTED.replace("{field}", "toolConfig.toolChoice.tool")),
        "choice-unknown": Refused(
            "The tool {name} of toolConfig.toolChoice is not defined in toolConfig.tools."
        ),
        "choice": Refused("{wrong}"),
        "parallel": Refused(_UNSUPPORTED.replace("{field}", "additionalModelRequestFields.tool_choice")),
        "undeclared": Refused(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        ),
        "unanswered": Refused(_EXPECTED),
        "results-late": Refused(_EXPECTED),
        "surplus": Refused(
            "The number of toolResult blocks at {turn}.content exceeds the number of toolUse blocks of "
            "previous turn."
        ),
        "answered-twice": Refused(
            "The toolResult blocks at {turn}.content contain duplicate Ids: {id}. Each tool_use must have a "
            "single result."
        ),
        "same-id": Refused("The toolUse blocks contain duplicate Ids: {id}. `tool_use` ids must be unique."),
        "id": Refused(
            _CONSTRAINT.replace("{key}", "toolUseId").replace("{name}", "{id}")
            + "satisfy regular expression pattern: [a-zA-Z0-9_.:-]+"
        ),
        "id-long": Refused(
            _CONSTRAINT.replace("{key}", "toolUseId").replace("{name}", "{id}")
            + "have length less than or equal to {most}"
        ),
        "id-nine": Refused("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9."),
        "call-name": Refused(
            _CONSTRAINT.replace("{key}", "name") + "satisfy regular expression pattern: {pattern}"
        ),
        "arguments": Refused(
            "The format of the value at {place}.input is invalid. Provide a json object for the field and "
            "try again."
        ),
        "text-beside": Refused(
            "Conversation blocks and tool use blocks cannot be provided in the same turn."
        ),
        "beside-results": Refused(
            "Conversation blocks and tool result blocks cannot be provided in the same turn."
        ),
        "flag": Refused(_UNSUPPORTED.replace("{field}", "toolResult.status")),
        "empty-result": Refused(
            "The content field in the toolResult object at {place} is empty. Add content, and try again."
        ),
        "result-kind": Refused(_UNSUPPORTED.replace("{field}", "toolResult.content.{kind}")),
        "result-time": Refused(UNTAKEN),
        "blank": Refused(
            "The text field in the ContentBlock object at {place} is blank. Add text to the text field, and "
            "try again."
        ),
        "reasoning": Refused(_UNSUPPORTED.replace("{field}", "reasoningContent.reasoningText")),
        "unsigned": Refused("The model returned the following errors: {place}.signature: Field required"),
        "signature": Refused(
            "The model returned the following errors: {place}: Invalid `signature` in `thinking` block"
        ),
        "changed": Refused(
            "The model returned the following errors: {place}: `thinking` "
            "or `redacted_thinking` blocks in the latest assistant message "
            "cannot be modified. These blocks must remain as they were in the original response."
        ),
        "prefix": Refused(
            "The model returned the following errors: {place}: Invalid `signature` in `thinking` block. "
            "The block is bound to a "
            "different conversation."
        ),
        "leads": Refused(
            "The model returned the following errors: {place}.type: Expected `thinking` or "
            "`redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final `assistant` "
            "message must start with a thinking block."
        ),
    },
)
"""How it speaks."""
