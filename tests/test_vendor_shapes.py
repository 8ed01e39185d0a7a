"""Every snapshot body against the shapes that the vendors publish, as installed: the openai SDK's parameter
types, botocore's service model, and the keys that Claude's body may have on Bedrock."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, TypeVar, Union, get_args, get_origin, is_typeddict

import pytest
import typing_extensions
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from snapshot_files import ROOT

# The conservative list of facts/claude_bedrock.md §10: anything else is "Extra inputs are not permitted".
CLAUDE_KEYS = {
    *("anthropic_version", "max_tokens", "messages", "anthropic_beta", "system", "stop_sequences"),
    *("temperature", "top_p", "top_k", "tools", "tool_choice", "thinking", "metadata", "output_config"),
    *("safeguards", "context_management"),
}
THINKING = {
    "enabled": {"type", "budget_tokens"},
    "adaptive": {"type"},
    "disabled": {"type"},
    "between_tools": {"type"},
}


@cache
def hints(kind: Any) -> dict[str, Any]:
    return typing_extensions.get_type_hints(kind, include_extras=True)


def required(kind: Any) -> set[str]:
    marked = {
        key for key, hint in hints(kind).items() if get_origin(hint) in {Required, typing_extensions.Required}
    }
    return marked | set(kind.__required_keys__)


def fits(value: Any, hint: Any) -> bool:  # noqa: PLR0911 - one arm a kind of type
    """Whether JSON data is a value of a type; unknown and missing keys of typed dicts do not fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in {Any, object} or isinstance(hint, TypeVar):
        return True
    if origin in {Required, NotRequired, typing_extensions.Required, typing_extensions.NotRequired}:
        return fits(value, arguments[0])
    if origin in {Union, types.UnionType}:
        return any(fits(value, arm) for arm in arguments)
    if origin is Literal:
        return value in arguments
    if is_typeddict(hint) or typing_extensions.is_typeddict(hint):
        return not list(misfits(value, hint))
    if origin in {list, Iterable} or getattr(origin, "__name__", "") in {"Iterable", "SequenceNotStr"}:
        return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
    if origin in {dict, Mapping} or getattr(origin, "__name__", "") == "Mapping":
        return isinstance(value, dict) and all(fits(item, arguments[1]) for item in value.values())
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is None or hint is type(None):
        return value is None
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))


def misfits(value: Any, kind: Any) -> Iterator[str]:
    """Why JSON data is not such a typed dict."""
    if not isinstance(value, dict):
        yield f"{value!r} is no object"
        return
    known = hints(kind)
    yield from (f"{key} is missing" for key in required(kind) - set(value))
    for key, item in value.items():
        if key not in known:
            yield f"{key} is unknown"
        elif not fits(item, known[key]):
            yield f"{key} = {json.dumps(item)[:200]} does not fit {known[key]}"


@cache
def service(operation: str) -> Any:
    """Input shape of a Bedrock runtime operation."""
    data = create_loader().load_service_model("bedrock-runtime", "service-2")
    return ServiceModel(data, "bedrock-runtime").operation_model(operation).input_shape


def amiss(parameters: Mapping[str, Any], operation: str) -> str:
    """botocore's own report; empty when it has nothing to say."""
    report: str = ParamValidator().validate(parameters, service(operation)).generate_report()
    return report


def claude_misfits(body: Mapping[str, Any]) -> Iterator[str]:
    """Why a body, or Converse's additional fields, are not what Claude's fleet takes."""
    yield from (f"{key} is unknown" for key in set(body) - CLAUDE_KEYS)
    thinking = body.get("thinking", {"type": "disabled"})
    if set(thinking) != THINKING.get(thinking["type"]):
        yield f"thinking = {thinking}"
    if not set(body.get("output_config", {})) <= {"effort", "format"}:
        yield f"output_config = {body['output_config']}"


def problems(dialect: str, body: dict[str, Any]) -> list[str]:
    if dialect == "openai_responses":
        return list(misfits(body, ResponseCreateParamsNonStreaming))
    if dialect == "openai_chat":
        return list(misfits(body, CompletionCreateParamsNonStreaming))
    if dialect == "bedrock_converse":
        found = list(claude_misfits(body.get("additionalModelRequestFields", {})))
        return found + [text for text in [amiss({"modelId": "m", **body}, "Converse")] if text]
    found = list(claude_misfits(body))
    found += [f"{key} is missing" for key in {"anthropic_version", "max_tokens", "messages"} - set(body)]
    call = {"modelId": "m", "body": json.dumps(body).encode(), "contentType": "application/json"}
    return found + [text for text in [amiss(call, "InvokeModel")] if text]


def bodies(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        if "refused" not in data:
            for body in data.get("steps", [data]):
                yield path.stem, body


FOLDERS = sorted(path for dialect in ("openai_*", "bedrock_*") for path in ROOT.glob(f"{dialect}/*"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_bodies_have_the_vendors_shape(folder: Path) -> None:
    checked = {case: problems(folder.parent.name, body) for case, body in bodies(folder)}
    assert checked
    assert {case: found for case, found in checked.items() if found} == {}


GOOD: dict[str, dict[str, Any]] = {
    "openai_responses": {"model": "m", "input": [{"type": "message", "role": "user", "content": "hi"}]},
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "bedrock_invoke": {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "hi"}],
    },
    "bedrock_converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
}


@pytest.mark.parametrize(
    ("dialect", "wrong"),
    [
        ("openai_responses", {"maxtokens": 5}),
        ("openai_responses", {"reasoning": {"effort": "huge"}}),
        ("openai_responses", {"reasoning": {"efort": "low"}}),
        ("openai_responses", {"temperature": "warm"}),
        ("openai_responses", {"text": {"format": {"type": "json_schema", "schema": {}}}}),
        ("openai_responses", {"input": [{"type": "message", "role": "robot", "content": "hi"}]}),
        ("openai_chat", {"max_output_tokens": 5}),
        ("openai_chat", {"reasoning_effort": "huge"}),
        ("openai_chat", {"messages": [{"role": "user", "text": "hi"}]}),
        ("openai_chat", {"max_completion_tokens": "5"}),
        ("bedrock_invoke", {"stream": True}),
        ("bedrock_invoke", {"thinking": {"type": "enabled"}}),
        ("bedrock_invoke", {"output_config": {"efort": "low"}}),
        ("bedrock_converse", {"max_tokens": 5}),
        ("bedrock_converse", {"inferenceConfig": {"topK": 5}}),
        ("bedrock_converse", {"messages": [{"role": "user", "content": "hi"}]}),
        ("bedrock_converse", {"additionalModelRequestFields": {"stream": True}}),
    ],
)
def test_the_check_finds_what_is_wrong(dialect: str, wrong: dict[str, Any]) -> None:
    assert problems(dialect, GOOD[dialect]) == []
    assert problems(dialect, GOOD[dialect] | wrong) != []
