"""The shapes of bodies that the vendors publish, as installed.

The openai SDK's and botocore's are used as they are; no installed package describes Claude's body on Bedrock.
"""

from __future__ import annotations

import collections.abc
import json
import re
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict, Union, get_args, get_origin

import typing_extensions
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from cited_shapes import Citation
from media_shapes import MediaBlock, OwnMediaBlock, name_problems
from model_facts import CONVERSE, RESPONSES, RULES
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from smartllm.rules import resolve, served_on, target_for

MODEL_ID = "us.anthropic.claude-sonnet-4-6"
SEQUENCES = {list, collections.abc.Iterable, collections.abc.Sequence}
MAPPINGS = {dict, collections.abc.Mapping}
QUALIFIERS = {Required, NotRequired, Annotated}


class ThinkingBudget(TypedDict):
    type: Literal["enabled"]
    budget_tokens: int
    display: NotRequired[Literal["summarized", "omitted"]]


class ThinkingAdaptive(TypedDict):
    type: Literal["adaptive"]
    display: NotRequired[Literal["summarized", "omitted"]]


class ThinkingOff(TypedDict):
    type: Literal["disabled", "between_tools"]


class OutputFormat(TypedDict):
    type: Literal["json_schema"]
    schema: dict[str, object]


class OutputConfig(TypedDict, total=False):
    effort: Literal["low", "medium", "high", "xhigh", "max"]
    format: OutputFormat


class CacheControl(TypedDict):
    type: Literal["ephemeral"]
    ttl: NotRequired[Literal["5m", "1h"]]


class TextBlock(TypedDict):
    type: Literal["text"]
    text: str
    citations: NotRequired[list[Citation]]
    cache_control: NotRequired[CacheControl]


class ThinkingBlock(TypedDict):
    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedBlock(TypedDict):
    type: Literal["redacted_thinking"]
    data: str


ThoughtBlock = ThinkingBlock | RedactedBlock


class ToolUseBlock(TypedDict):
    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, object]
    cache_control: NotRequired[CacheControl]


class ToolResultBlock(TypedDict):
    type: Literal["tool_result"]
    tool_use_id: str
    content: NotRequired[str | list[TextBlock | MediaBlock]]
    is_error: NotRequired[bool]
    cache_control: NotRequired[CacheControl]


class Message(TypedDict):
    role: Literal["user", "assistant", "system"]
    content: str | list[TextBlock | MediaBlock | ThoughtBlock | ToolUseBlock | ToolResultBlock]


class OwnMessage(TypedDict):
    """At Anthropic's own API, whose results of tools hold what its turns hold."""

    role: Literal["user", "assistant", "system"]
    content: str | list[TextBlock | OwnMediaBlock | ThoughtBlock | ToolUseBlock | ToolResultBlock]


class Tool(TypedDict):
    name: str
    input_schema: dict[str, object]
    description: NotRequired[str]
    strict: NotRequired[bool]
    type: NotRequired[Literal["custom"]]
    cache_control: NotRequired[CacheControl]


class AnyToolChoice(TypedDict):
    type: Literal["auto", "any", "none"]
    disable_parallel_tool_use: NotRequired[bool]


class OneToolChoice(TypedDict):
    type: Literal["tool"]
    name: str
    disable_parallel_tool_use: NotRequired[bool]


class ExtraToolChoice(TypedDict, total=False):
    """What of Claude's tool choice Converse has no form for."""

    type: Literal["auto", "none"]
    disable_parallel_tool_use: bool


class ClaudeExtras(TypedDict, total=False):
    """The keys for which Converse has no place of its own."""

    anthropic_beta: list[str]
    top_k: int
    thinking: ThinkingBudget | ThinkingAdaptive | ThinkingOff
    metadata: dict[str, object]
    output_config: OutputConfig
    safeguards: dict[str, object]
    context_management: dict[str, object]


class ConverseExtras(ClaudeExtras, total=False):
    """Beside these, what Converse's own tool choice cannot say."""

    tool_choice: ExtraToolChoice


class Effort(TypedDict):
    effort: Literal["none", "low", "medium", "high", "xhigh", "max"]


class NovaReasoning(TypedDict):
    type: Literal["enabled"]
    maxReasoningEffort: Literal["low", "medium", "high"]


class NovaInference(TypedDict):
    topK: int


class FamilyExtras(TypedDict, total=False):
    """What the other families take beside Converse's own fields (facts/bedrock_runtime.md §1.2)."""

    reasoning_effort: Literal["none", "low", "medium", "high", "xhigh", "max"]
    reasoning: Effort
    reasoning_config: Literal["none", "high"]
    reasoningConfig: NovaReasoning
    inferenceConfig: NovaInference


class ClaudeKeys(ClaudeExtras, total=False):
    """The keys that every Claude takes, beside the conversation."""

    anthropic_version: Required[Literal["bedrock-2023-05-31"]]
    max_tokens: Required[int]
    system: str | list[TextBlock]
    stop_sequences: list[str]
    temperature: float
    top_p: float
    tools: list[Tool]
    tool_choice: AnyToolChoice | OneToolChoice


class ClaudeBody(ClaudeKeys, total=False):
    """Those of Claude on Bedrock; any other is "Extra inputs are not permitted"."""

    messages: Required[list[Message]]


class OwnBody(ClaudeKeys, total=False):
    """What Anthropic's own API takes beside that."""

    messages: Required[list[OwnMessage]]
    service_tier: Literal["auto", "standard_only"]


@cache
def keys(kind: Any) -> tuple[dict[str, Any], set[str]]:
    """The types of a typed dict's keys, and which keys it must have."""
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    marks: dict[str, Any] = {key: get_origin(hint) for key, hint in hints.items()}
    must = {key for key, mark in marks.items() if mark is Required}
    return hints, must | {key for key in kind.__required_keys__ if marks[key] is not NotRequired}


def misfits(value: Any, hint: Any, path: str = "") -> list[str]:
    """Why JSON data is not a value of a type: the strictest reading, without conversions."""
    return list(each_misfit(value, hint, path))


def each_misfit(value: Any, hint: Any, path: str) -> Iterator[str]:
    """One after the other: whether there is any takes no more than the first."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (Any, object):
        return
    if origin in QUALIFIERS:
        yield from each_misfit(value, arguments[0], path)
    elif origin in (Union, types.UnionType):
        if not any(next(each_misfit(value, arm, path), None) is None for arm in arguments):
            yield from nearest([misfits(value, arm, path) for arm in arguments], path)
    elif typing_extensions.is_typeddict(hint):
        yield from typed_dict_misfits(value, hint, path)
    elif isinstance(value, list | dict) and origin in (SEQUENCES if isinstance(value, list) else MAPPINGS):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from each_misfit(item, arguments[-1], f"{path}/{key}")
    elif not scalar_fits(value, hint):
        yield f"{path}: {value!r} is not {hint}"


def nearest(attempts: list[list[str]], path: str) -> list[str]:
    """The report of the arm that comes closest: of the right kind, with the fewest misfits."""
    return min(attempts, key=lambda found: (any(text.startswith(f"{path}: ") for text in found), len(found)))


def scalar_fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in get_args(hint))
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(hint, type) and isinstance(value, hint)


def typed_dict_misfits(value: Any, kind: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not an object"
        return
    known, must = keys(kind)
    yield from (f"{path}/{key} is missing" for key in sorted(must - set(value)))
    for key, item in value.items():
        if key in known:
            yield from each_misfit(item, known[key], f"{path}/{key}")
        else:
            yield f"{path}/{key} is unknown to {kind.__name__}"


class StrictValidator(ParamValidator):  # type: ignore[misc]  # botocore has no types
    """botocore's validator, which leaves enums, patterns and upper bounds to the service."""

    def _validate_string(self, param: Any, shape: Any, errors: Any, name: str) -> None:
        super()._validate_string(param, shape, errors, name)
        pattern = shape.metadata.get("pattern")
        if isinstance(param, str):
            self._allow(not shape.enum or param in shape.enum, param, shape.enum, errors, name)
            self._allow(not pattern or re.fullmatch(pattern, param), param, pattern, errors, name)
            self._allow(len(param) <= self._most(shape), param, self._most(shape), errors, name)

    def _validate_float(self, param: Any, shape: Any, errors: Any, name: str) -> None:
        super()._validate_float(param, shape, errors, name)
        if isinstance(param, int | float):
            self._allow(param <= self._most(shape), param, self._most(shape), errors, name)

    @staticmethod
    def _most(shape: Any) -> float:
        return float(shape.metadata.get("max", "inf"))

    @staticmethod
    def _allow(holds: object, param: Any, wanted: Any, errors: Any, name: str) -> None:
        if not holds:
            errors.report(name, "invalid type", param=param, valid_types=[str(wanted)])


@cache
def runtime() -> Any:
    return ServiceModel(create_loader().load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")


def call_misfits(operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """What botocore has to say of a Bedrock call."""
    shape = runtime().operation_model(operation).input_shape
    report: str = StrictValidator().validate(parameters, shape).generate_report()
    return report.splitlines()


def responses_problems(body: Any) -> list[str]:
    return misfits(body, ResponseCreateParamsNonStreaming)


def chat_problems(body: Any) -> list[str]:
    return misfits(body, CompletionCreateParamsNonStreaming)


def invoke_problems(body: Any) -> list[str]:
    call = {"modelId": MODEL_ID, "body": json.dumps(body).encode(), "contentType": "application/json"}
    return misfits(body, ClaudeBody) + call_misfits("InvokeModel", call)


def messages_problems(body: Any) -> list[str]:
    """The same over HTTP: the model stands in the body, and the version in a header."""
    rest = {key: value for key, value in body.items() if key != "model"}
    named = [] if isinstance(body.get("model"), str) else ["/model is missing"]
    versioned = ["/anthropic_version has no place"] if "anthropic_version" in body else []
    kind = ClaudeBody if "anthropic." in str(body.get("model")) else OwnBody
    return named + versioned + misfits(rest | {"anthropic_version": "bedrock-2023-05-31"}, kind)


def claude_problems(body: Any) -> list[str]:
    return (messages_problems if "model" in body else invoke_problems)(body)


def converse_problems(body: Any, extras_kind: Any = ConverseExtras) -> list[str]:
    extras = misfits(body.get("additionalModelRequestFields", {}), extras_kind)
    return extras + name_problems(body) + call_misfits("Converse", {"modelId": MODEL_ID, **body})


CHECKS = {
    "openai_responses": responses_problems,
    "openai_chat": chat_problems,
    "anthropic_messages": claude_problems,
    "bedrock_converse": converse_problems,
}


# The SDK's type asks for the key, the API does without it, and these models are not known to take it.
@cache
def _takes_no_strict_key(model: str) -> bool:
    found = resolve(model, RULES)
    hosts = [host for host in RULES.table("host") if RESPONSES in served_on(found, host, RULES)]
    return any(target_for(found, host, RESPONSES, RULES).facts.tools.strict == "never" for host in hosts)


_STRICT_KEY = re.compile(r"/tools/\d+/strict is missing")


def problems(body: Any, dialect: str, model: str) -> list[str]:
    """Why a body for a model has not the vendor's shape."""
    family = dialect == CONVERSE and not model.startswith("claude")
    found = converse_problems(body, FamilyExtras) if family else CHECKS[dialect](body)
    if dialect == RESPONSES and any(map(_STRICT_KEY.fullmatch, found)) and _takes_no_strict_key(model):
        found = [one for one in found if not _STRICT_KEY.fullmatch(one)]
    return found
