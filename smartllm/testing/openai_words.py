"""What OpenAI says of wrong tools on both of its wires; ``{place}`` is that of a function's own keys."""

from __future__ import annotations

from typing import Final

from .heard import Refused

_SCHEMA: Final = "Invalid schema for function '{name}': "
_STRICT: Final = _SCHEMA + "In context={context}, "
_BAD: Final = "invalid_function_parameters"
_AROUND: Final = "Invalid JSON schema: regex lookaround is not supported. Found at {at}."
_FORMAT: Final = "Invalid schema for response_format '{name}': "
_IN_FORMAT: Final = _FORMAT + "In context={context}, "
_TOO_MUCH: Final = _FORMAT + "{length} {what} exceeds limit of {most}."
_ALONE: Final = "Invalid value for '{param}': '{param}' is only allowed when 'tools' are specified."

OPENAI_WORDS: Final[dict[str, Refused]] = {
    "functions": Refused(
        "Unsupported parameter: 'tools' is not supported with this model.", "unsupported_parameter", "tools"
    ),
    "twice": Refused("Invalid 'tools': duplicate tool name '{name}'.", "invalid_value", "tools"),
    "name": Refused(
        "Invalid '{place}.name': string does not match pattern. Expected a string that matches the pattern "
        "'^[a-zA-Z0-9_-]+$'.",
        "invalid_value",
        "{place}.name",
    ),
    "name-long": Refused(
        "Invalid '{place}.name': string too long. Expected a string with maximum length {most}, but got a "
        "string with length {length} instead.",
        "string_above_max_length",
        "{place}.name",
    ),
    "strict-true": Refused(
        "Unsupported parameter: '{place}.strict' is not supported with this model.",
        "unsupported_parameter",
        "{place}.strict",
    ),
    "schema-type": Refused(
        _SCHEMA + "schema must be a JSON Schema of 'type: \"object\"', got 'type: {kind}'.",
        _BAD,
        "{place}.parameters",
    ),
    "schema-top": Refused(
        _SCHEMA
        + "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top "
        "level.",
        _BAD,
        "{place}.parameters",
    ),
    "strict-open": Refused(
        _STRICT + "'additionalProperties' is required to be supplied and to be false.",
        _BAD,
        "{place}.parameters",
    ),
    "strict-required": Refused(
        _STRICT
        + "'required' is required to be supplied and to be an array including every key in properties. "
        "Missing '{missing}'.",
        _BAD,
        "{place}.parameters",
    ),
    "strict-keyword": Refused(_STRICT + "'{keyword}' is not permitted.", _BAD, "{place}.parameters"),
    "strict-format": Refused(_STRICT + "'{format}' is not a valid format.", _BAD, "{place}.parameters"),
    "strict-items": Refused(_STRICT + "array schema missing items.", _BAD, "{place}.parameters"),
    "strict-ref": Refused(_STRICT + "$ref cannot have keywords '{keyword}'.", _BAD, "{place}.parameters"),
    "pattern": Refused(_SCHEMA + "'{pattern}' is not a 'regex'.", _BAD, "{place}.parameters"),
    "pattern-around": Refused(_AROUND, "invalid_json_schema", "tools"),
    "choice-alone": Refused(_ALONE.replace("{param}", "tool_choice"), param="tool_choice"),
    "parallel-alone": Refused(_ALONE.replace("{param}", "parallel_tool_calls"), param="parallel_tool_calls"),
    "forced": Refused(
        "Unsupported value: 'tool_choice' does not support a forced tool with this model.",
        "unsupported_value",
        "tool_choice",
    ),
    "choice-unknown": Refused(
        "Invalid value for 'tool_choice': tool '{name}' not found in 'tools'.", param="tool_choice"
    ),
    "some": Refused(
        "Unsupported value: 'allowed_tools' is not supported with this model.",
        "unsupported_value",
        "tool_choice",
    ),
    "parallel": Refused(
        "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.",
        "unsupported_parameter",
        "parallel_tool_calls",
    ),
}
"""Both wires' words."""


def format_words(param: str, format_type: str, json_word: str) -> dict[str, Refused]:
    """What is said of a wrong form of answers.

    Args:
        param: Place of the schema on the wire.
        format_type: Place of the form's type.
        json_word: What is said where nobody asks for JSON.
    """
    words = {
        "strict-open": _IN_FORMAT + "'additionalProperties' is required to be supplied and to be false.",
        "strict-required": _IN_FORMAT
        + "'required' is required to be supplied and to be an array including every key in properties. "
        "Missing '{missing}'.",
        "strict-keyword": _IN_FORMAT + "'{keyword}' is not permitted.",
        "strict-format": _IN_FORMAT + "'{format}' is not a valid format.",
        "strict-items": _IN_FORMAT + "array schema missing items.",
        "strict-ref": _IN_FORMAT + "$ref cannot have keywords '{keyword}'.",
        "pattern": _FORMAT + "'{pattern}' is not a 'regex'.",
        "pattern-around": _AROUND,
        "limit-levels": _FORMAT + "{length} levels of nesting exceeds limit of {most}.",
        **dict.fromkeys(
            (
                "limit-properties",
                "limit-enum_values",
                "limit-characters",
                "limit-large_enum_characters",
            ),
            _TOO_MUCH,
        ),
    }
    said = {f"format-{name}": Refused(text, "invalid_json_schema", param) for name, text in words.items()}
    unsupported = (
        f"Invalid parameter: '{format_type}' of type 'json_object' is not supported with this model."
    )
    return said | {
        "json-mode": Refused(unsupported, param=format_type),
        "json-word": Refused(json_word, param=param.partition(".")[0]),
    }
