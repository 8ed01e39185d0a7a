"""The form of answers."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact
from smartllm.words import Verbosity as VerbosityLevel

Patterns = Literal["any", "python", "regular", "simple"]
"""Regular expressions that a place takes; any: whatever is written; python: what Python's re compiles,
without look-around; regular: that without backreferences and flags; simple: what Anthropic lists, ^ and $,
* + ?, small {n,m}, [], ., \\d, \\w, \\s and groups."""

Size = Literal[
    "properties",
    "levels",
    "enum_values",
    "characters",
    "large_enum",
    "large_enum_characters",
    "optional",
    "unions",
]
"""What of a schema is counted; properties, and those of them that are optional, in all its objects; levels:
objects inside objects; enum_values: those of all enums; characters: those in names of properties and
definitions, and in values; large_enum: values of an enum from which on its large_enum_characters are counted;
unions: places with anyOf."""

Sizes = tuple[tuple[Size, int], ...]
"""The most of each that may be there."""


@dataclass(frozen=True, eq=False)
class Structured:
    """Structured output."""

    native: bool = fact(False, "A JSON Schema can bind the answer itself.")
    prefer: Literal["native", "tool"] = fact(
        "tool", "Strategy for structured_output='auto' where both are possible."
    )
    native_subset: Literal["openai-strict", "openai-plain", "claude-native"] = fact(
        "openai-strict",
        "JSON Schema subset that the native strategy takes; openai-plain: openai-strict without bounds, "
        "lengths, formats and regular expressions.",
    )
    tool_subset: Literal["claude-tool", "tool"] = fact(
        "tool", "JSON Schema subset that a tool's input takes."
    )
    patterns: Patterns = fact(
        "simple", "Regular expressions that a schema which binds the answer, or a strict tool, may hold."
    )
    limits: Sizes = fact(
        (),
        "How much a schema that binds the answer, or a strict tool, may hold; what is not named has no known "
        "limit.",
    )
    json_object: bool = fact(False, "JSON mode: the answer is bound to be some JSON object.")
    prefilled: bool = fact(True, "A native schema binds an answer that the caller has begun.")
    with_tools: bool = fact(False, "A native schema still binds where the caller declares tools.")
    strict: bool = fact(True, "OpenAI's wires: schemas and tools carry a strict key.")


@dataclass(frozen=True, eq=False)
class Verbosity:
    """The verbosity parameter."""

    levels: tuple[VerbosityLevel, ...] = fact((), "Accepted values.")
