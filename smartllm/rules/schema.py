"""The closed vocabulary of models.toml. ``models.schema.json`` is generated from these classes."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from smartllm.request import Effort
from smartllm.request import Verbosity as VerbosityLevel

Dialect = Literal["openai_responses", "openai_chat", "bedrock_invoke", "bedrock_converse"]
"""A wire format."""

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

Host = Literal["openai", "bedrock"]
"""Who serves the model; the first word of each of its dialects."""

SamplingField = Literal["temperature", "top_p", "top_k"]
ThinkingMode = Literal["budget", "adaptive", "effort"]
Page = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]
Range = Annotated[tuple[float, ...], Field(max_length=2)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(_Table):
    """One sampling parameter."""

    accepted: bool = Field(default=True, description="The API knows this parameter at all.")
    max: float | None = Field(default=None, description="Largest value accepted.")
    thinking: Range | None = Field(
        default=None, description="Range accepted while thinking is on; [] means it must be absent then."
    )
    rejected: Literal["drop", "error"] = Field(
        default="drop", description="What an explicit value gets where it is not accepted."
    )
    place: Literal["top_k", "inferenceConfig.topK"] = Field(
        default="top_k", description="Key under additionalModelRequestFields (top_k on Converse only)."
    )


class Thinking(_Table):
    """How the model is told to reason."""

    modes: tuple[ThinkingMode, ...] = Field(
        default=(),
        description="budget: thinking.type=enabled with budget_tokens; adaptive: thinking.type=adaptive with "
        "an effort; effort: a bare effort parameter. The first one is used.",
    )
    default: Literal["off", "on", "always"] = Field(
        default="off", description="What omitting every thinking field means."
    )
    off: Literal["omit", "disabled", "between_tools", "impossible"] = Field(
        default="omit", description="How thinking is switched off."
    )
    min_budget: int = Field(default=1024, ge=1, description="Smallest thinking budget in tokens.")


class EffortFacts(_Table):
    """The effort ladder."""

    levels: tuple[Effort, ...] = Field(default=(), description="Accepted levels, lowest first.")
    default: Effort | None = Field(default=None, description="Level in force when none is sent.")
    cap_when_off: Effort | None = Field(
        default=None, description="Highest level that may accompany the spelling of thinking off."
    )
    budgets: dict[Effort, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="Thinking budget in tokens that stands for each level."
    )
    unlimited: tuple[Effort, ...] = Field(
        default=(), description="Levels with which no output limit and no sampling parameter may be sent."
    )
    place: Literal["reasoning_effort", "reasoning.effort", "reasoning_config", "reasoningConfig"] = Field(
        default="reasoning_effort",
        description="Key of a bare effort under additionalModelRequestFields (Converse only); "
        "reasoningConfig is an object with type and maxReasoningEffort, the others take the level.",
    )


class Tools(_Table):
    """Function tools."""

    functions: Literal["always", "effort-none", "never"] = Field(
        default="always", description="When function tools are accepted."
    )
    forced: Literal["always", "skips-thinking", "unless-thinking", "effort-none", "never"] = Field(
        default="always",
        description="When a tool choice that forces a tool is accepted; skips-thinking: always, but the "
        "model then calls the tool without thinking.",
    )
    choice: Literal["named", "any"] = Field(
        default="named", description="How a tool choice forces: by the tool's name, or any of the tools."
    )
    streaming: bool = Field(default=True, description="A request with tools can be streamed.")


class Structured(_Table):
    """Structured output."""

    native: bool = Field(default=False, description="A JSON Schema can bind the answer itself.")
    prefer: Literal["native", "tool"] = Field(
        default="tool", description="Strategy for structured_output='auto' where both are possible."
    )
    native_subset: Literal["openai-strict", "claude-native"] = Field(
        default="openai-strict", description="JSON Schema subset that the native strategy takes."
    )
    tool_subset: Literal["claude-tool", "tool"] = Field(
        default="tool", description="JSON Schema subset that a tool's input takes."
    )
    strict: bool = Field(default=True, description="OpenAI's wires: schemas and tools carry a strict key.")


class Limits(_Table):
    """Token limits."""

    field: Literal[
        "max_output_tokens", "max_completion_tokens", "max_tokens", "inferenceConfig.maxTokens"
    ] = Field(default="max_tokens", description="Body field that carries the output limit.")
    min_output: int = Field(default=1, ge=1, description="Smallest output limit the API accepts.")
    max_output: int | None = Field(default=None, ge=1, description="Largest output limit in tokens.")
    context: int | None = Field(default=None, ge=1, description="Context window in tokens.")


class Messages(_Table):
    """What a conversation must look like."""

    alternate: bool = Field(default=False, description="Roles must alternate between user and assistant.")
    prefill: bool = Field(default=True, description="The last message may be the assistant's.")
    reasoning: bool = Field(default=False, description="Reasoning blocks of earlier answers are taken back.")
    leading_assistant: bool = Field(default=True, description="The first message may be the assistant's.")


class Verbosity(_Table):
    """The verbosity parameter."""

    levels: tuple[VerbosityLevel, ...] = Field(default=(), description="Accepted values.")


class Lifecycle(_Table):
    """Where the model stands in its life."""

    state: Literal["active", "legacy", "retired", "preview"] = "active"
    shutdown: dt.date | None = Field(default=None, description="Announced day of shutdown.")
    successor: str | None = Field(default=None, description="Listed model to move to.")


class Facts(_Table):
    """Everything the compiler needs to know about one model. Defaults are the cautious choice."""

    endpoints: tuple[Dialect, ...] = Field(
        default=(), description="Wires on which the model is served; per host, the first is used."
    )
    sampling: Literal["always", "effort-none", "never"] = Field(
        default="never", description="When sampling parameters are accepted."
    )
    temperature: Parameter = Parameter()
    top_p: Parameter = Parameter()
    top_k: Parameter = Parameter(accepted=False)
    exclusive: tuple[tuple[SamplingField, SamplingField], ...] = Field(
        default=(), description="Pairs of sampling parameters that may not be sent together."
    )
    thinking: Thinking = Thinking()
    effort: EffortFacts = EffortFacts()
    tools: Tools = Tools()
    structured: Structured = Structured()
    limits: Limits = Limits()
    messages: Messages = Messages()
    system: Literal["instructions", "developer", "system", "user", "blocks"] = Field(
        default="system",
        description="Where system text goes: the instructions field, a first developer/system/user message "
        "(on Bedrock the first text of the first user message), or Bedrock's system field.",
    )
    verbosity: Verbosity = Verbosity()
    streaming: bool = Field(default=True, description="The streaming operation is accepted.")
    lifecycle: Lifecycle = Lifecycle()
    concurrency: int | None = Field(
        default=None, ge=1, description="Requests in flight by default; null takes the host's number."
    )
    api_version: str | None = Field(default=None, description="Version string that the body must carry.")
    wire: dict[Dialect, Facts] = Field(
        default_factory=dict, description="What differs on one wire; merged over the rest."
    )


class Evidence(Facts):
    """Facts with the evidence for them."""

    verified: dt.date | None = Field(default=None, description="Day on which these facts were last checked.")
    source: tuple[Page, ...] = Field(default=(), description="Pages that state these facts.")
    quirk: str | None = Field(default=None, description="A note for people: conflicts, and what was chosen.")


class ProfileRow(Evidence):
    """A named bundle of facts that were released together."""

    extends: str | None = Field(default=None, description="Profile whose facts these are differences to.")


class ModelRow(Evidence):
    """A listed model: a profile and what differs from it."""

    profile: str | None = Field(
        default=None, description="Profile that holds this model's facts; an overlay may leave it out."
    )


class VendorRow(_Table):
    """Who made the models."""

    host: Host | None = Field(default=None, description="Host that is meant when the id does not tell.")
    families: tuple[str, ...] | None = Field(
        default=None, description="Family words; an id of one of them belongs to this vendor."
    )
    latest: str | None = Field(default=None, description="Profile that a newer, unlisted model inherits.")


class HostRow(_Table):
    """Who serves the models."""

    default_model: str | None = Field(
        default=None, description="Model for requests and configurations that name none."
    )
    concurrency: int | None = Field(
        default=None, ge=1, description="Requests in flight, for models that state no number of their own."
    )
    compatible: str | None = Field(
        default=None,
        description="Profile for unlisted models of other servers that speak this host's API.",
    )


class QuotaRow(_Table):
    """What an account may use of a model; belongs into an overlay, as accounts differ."""

    requests_per_minute: float | None = Field(default=None, gt=0, description="Null is no limit.")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="Input tokens and the output limit together; null is no limit."
    )
    concurrency: int | None = Field(default=None, ge=1, description="Requests in flight.")


class OnHost(_Table):
    """What differs on one host."""

    profile: dict[str, Evidence] = Field(default_factory=dict)
    model: dict[str, Evidence] = Field(default_factory=dict)


class Document(_Table):
    """A rules file: models.toml or an overlay."""

    vendor: dict[str, VendorRow] = Field(default_factory=dict)
    host: dict[Host, HostRow] = Field(default_factory=dict)
    profile: dict[str, ProfileRow] = Field(default_factory=dict)
    model: dict[str, str | ModelRow] = Field(default_factory=dict)
    on: dict[Host, OnHost] = Field(default_factory=dict)
    alias: dict[str, str] = Field(default_factory=dict)
    quota: dict[str, QuotaRow] = Field(default_factory=dict)


META: Final[frozenset[str]] = frozenset({"extends", "profile", "verified", "source", "quirk"})
"""Keys of a row that are not facts."""


def json_schema() -> dict[str, Any]:
    """JSON Schema of a rules file, for editors."""
    schema = Document.model_json_schema()
    return {
        "$comment": "Generated from smartllm/rules/schema.py by `smartllm schema`; do not edit.",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "models.schema.json",
    } | schema


def json_schema_text() -> str:
    """The text of ``models.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
