"""The closed vocabulary of facts, as plain data; ``shape`` checks files against it.

Without pydantic, which would be most of what a compilation at the shell costs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar, get_args

from smartllm.words import Effort
from smartllm.words import Verbosity as VerbosityLevel

if TYPE_CHECKING:
    import datetime as dt

T = TypeVar("T")

Dialect = Literal["openai_responses", "openai_chat", "bedrock_invoke", "bedrock_converse"]
"""A wire format."""

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

Host = Literal["openai", "bedrock"]
"""Who serves the model; the first word of each of its dialects."""

SamplingField = Literal["temperature", "top_p", "top_k"]
ThinkingMode = Literal["budget", "adaptive", "effort"]
Range = Annotated[tuple[float, ...], ("max_length", 2)]


def _fact(default: Any, description: str = "", **limits: Any) -> Any:
    """A field of a table: its default, what it says, and the limits of its value in pydantic's words."""
    about = {"description": description, **limits} if description else limits
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True, eq=False)
class Parameter:
    """One sampling parameter."""

    accepted: bool = _fact(True, "The API knows this parameter at all.")
    max: float | None = _fact(None, "Largest value accepted.")
    thinking: Range | None = _fact(
        None, "Range accepted while thinking is on; [] means it must be absent then."
    )
    rejected: Literal["drop", "error"] = _fact(
        "drop", "What an explicit value gets where it is not accepted."
    )
    place: Literal["top_k", "inferenceConfig.topK"] = _fact(
        "top_k", "Key under additionalModelRequestFields (top_k on Converse only)."
    )


@dataclass(frozen=True, eq=False)
class Thinking:
    """How the model is told to reason."""

    modes: tuple[ThinkingMode, ...] = _fact(
        (),
        "budget: thinking.type=enabled with budget_tokens; adaptive: thinking.type=adaptive with "
        "an effort; effort: a bare effort parameter. The first one is used.",
    )
    default: Literal["off", "on", "always"] = _fact("off", "What omitting every thinking field means.")
    off: Literal["omit", "disabled", "between_tools", "impossible"] = _fact(
        "omit", "How thinking is switched off."
    )
    min_budget: int = _fact(1024, ge=1, description="Smallest thinking budget in tokens.")


@dataclass(frozen=True, eq=False)
class EffortFacts:
    """The effort ladder."""

    levels: tuple[Effort, ...] = _fact((), "Accepted levels, lowest first.")
    default: Effort | None = _fact(None, "Level in force when none is sent.")
    cap_when_off: Effort | None = _fact(
        None, "Highest level that may accompany the spelling of thinking off."
    )
    budgets: dict[Effort, Annotated[int, ("ge", 1)]] = _fact(
        {}, "Thinking budget in tokens that stands for each level."
    )
    unlimited: tuple[Effort, ...] = _fact(
        (), "Levels with which no output limit and no sampling parameter may be sent."
    )
    place: Literal["reasoning_effort", "reasoning.effort", "reasoning_config", "reasoningConfig"] = _fact(
        "reasoning_effort",
        "Key of a bare effort under additionalModelRequestFields (Converse only); "
        "reasoningConfig is an object with type and maxReasoningEffort, the others take the level.",
    )


@dataclass(frozen=True, eq=False)
class Tools:
    """Function tools."""

    functions: Literal["always", "effort-none", "never"] = _fact(
        "always", "When function tools are accepted."
    )
    forced: Literal["always", "skips-thinking", "unless-thinking", "effort-none", "never"] = _fact(
        "always",
        "When a tool choice that forces a tool is accepted; skips-thinking: always, but the "
        "model then calls the tool without thinking.",
    )
    choice: Literal["named", "any"] = _fact(
        "named", "How a tool choice forces: by the tool's name, or any of the tools."
    )
    streaming: bool = _fact(True, "A request with tools can be streamed.")


@dataclass(frozen=True, eq=False)
class Structured:
    """Structured output."""

    native: bool = _fact(False, "A JSON Schema can bind the answer itself.")
    prefer: Literal["native", "tool"] = _fact(
        "tool", "Strategy for structured_output='auto' where both are possible."
    )
    native_subset: Literal["openai-strict", "claude-native"] = _fact(
        "openai-strict", "JSON Schema subset that the native strategy takes."
    )
    tool_subset: Literal["claude-tool", "tool"] = _fact(
        "tool", "JSON Schema subset that a tool's input takes."
    )
    strict: bool = _fact(True, "OpenAI's wires: schemas and tools carry a strict key.")


@dataclass(frozen=True, eq=False)
class Limits:
    """Token limits."""

    field: Literal[
        "max_output_tokens", "max_completion_tokens", "max_tokens", "inferenceConfig.maxTokens"
    ] = _fact("max_tokens", "Body field that carries the output limit.")
    min_output: int = _fact(1, ge=1, description="Smallest output limit the API accepts.")
    max_output: int | None = _fact(None, ge=1, description="Largest output limit in tokens.")
    context: int | None = _fact(None, ge=1, description="Context window in tokens.")


@dataclass(frozen=True, eq=False)
class Messages:
    """What a conversation must look like."""

    alternate: bool = _fact(False, "Roles must alternate between user and assistant.")
    prefill: bool = _fact(True, "The last message may be the assistant's.")
    reasoning: bool = _fact(False, "Reasoning blocks of earlier answers are taken back.")
    leading_assistant: bool = _fact(True, "The first message may be the assistant's.")


@dataclass(frozen=True, eq=False)
class Verbosity:
    """The verbosity parameter."""

    levels: tuple[VerbosityLevel, ...] = _fact((), "Accepted values.")


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """Where the model stands in its life."""

    state: Literal["active", "legacy", "retired", "preview"] = "active"
    shutdown: dt.date | None = _fact(None, "Announced day of shutdown.")
    successor: str | None = _fact(None, "Listed model to move to.")


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything the compiler needs to know about one model. Defaults are the cautious choice."""

    endpoints: tuple[Dialect, ...] = _fact(
        (), "Wires on which the model is served; per host, the first is used."
    )
    sampling: Literal["always", "effort-none", "never"] = _fact(
        "never", "When sampling parameters are accepted."
    )
    temperature: Parameter = Parameter()
    top_p: Parameter = Parameter()
    top_k: Parameter = Parameter(accepted=False)
    exclusive: tuple[tuple[SamplingField, SamplingField], ...] = _fact(
        (), "Pairs of sampling parameters that may not be sent together."
    )
    thinking: Thinking = Thinking()
    effort: EffortFacts = EffortFacts()
    tools: Tools = Tools()
    structured: Structured = Structured()
    limits: Limits = Limits()
    messages: Messages = Messages()
    system: Literal["instructions", "developer", "system", "user", "blocks"] = _fact(
        "system",
        "Where system text goes: the instructions field, a first developer/system/user message "
        "(on Bedrock the first text of the first user message), or Bedrock's system field.",
    )
    verbosity: Verbosity = Verbosity()
    streaming: bool = _fact(True, "The streaming operation is accepted.")
    lifecycle: Lifecycle = Lifecycle()
    concurrency: int | None = _fact(
        None, ge=1, description="Requests in flight by default; null takes the host's number."
    )
    api_version: str | None = _fact(None, "Version string that the body must carry.")


META: Final[frozenset[str]] = frozenset({"extends", "profile", "verified", "source", "quirk"})
"""Keys of a row that are not facts."""


def facts_from(data: Mapping[str, Any]) -> Facts:
    """Facts from TOML data of the vocabulary's shape; what is not stated has its default."""
    return _built(Facts, data)


def facts_data(facts: Facts) -> dict[str, Any]:
    """Facts as JSON-ready data, in the order of the vocabulary."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(facts), default=str))
    return found


def _built(kind: type[T], data: Mapping[str, Any]) -> T:
    known: Any = kind
    values = {}
    for one in fields(known):
        if one.name in data:
            value = data[one.name]
            inner = is_dataclass(one.default)
            values[one.name] = _built(type(one.default), value) if inner else _value(value, str(one.type))
    return kind(**values)


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return tuple(_value(item, kind) for item in value)
    # TOML's 1 is a whole number; where fractions are allowed it is sent as 1.0.
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and ("float" in kind or "Range" in kind) else value
