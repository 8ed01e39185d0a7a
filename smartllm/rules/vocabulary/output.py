"""The form of answers."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact
from smartllm.words import Verbosity as VerbosityLevel


@dataclass(frozen=True, eq=False)
class Structured:
    """Structured output."""

    native: bool = fact(False, "A JSON Schema can bind the answer itself.")
    prefer: Literal["native", "tool"] = fact(
        "tool", "Strategy for structured_output='auto' where both are possible."
    )
    native_subset: Literal["openai-strict", "claude-native"] = fact(
        "openai-strict", "JSON Schema subset that the native strategy takes."
    )
    tool_subset: Literal["claude-tool", "tool"] = fact(
        "tool", "JSON Schema subset that a tool's input takes."
    )
    with_tools: bool = fact(False, "A native schema still binds where the caller declares tools.")
    strict: bool = fact(True, "OpenAI's wires: schemas and tools carry a strict key.")


@dataclass(frozen=True, eq=False)
class Verbosity:
    """The verbosity parameter."""

    levels: tuple[VerbosityLevel, ...] = fact((), "Accepted values.")
