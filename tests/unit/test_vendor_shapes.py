"""Every snapshot body against the shapes that the vendors publish, and the check against what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from snapshot_files import ROOT, kept_bodies
from vendor_shapes import CHECKS, misfits, problems
from versions import with_todays_openai

FILES = sorted(path for dialect in CHECKS for path in ROOT.glob(f"{dialect}/*.json"))


@with_todays_openai
@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_bodies_have_the_vendors_shape(file: Path) -> None:
    dialect, model = file.parent.name, file.stem
    checked = [(case, problems(body, dialect, model)) for case, body in kept_bodies(file)]
    assert checked
    assert [(case, found) for case, found in checked if found] == []


def test_every_wire_has_bodies() -> None:
    assert {file.parent.name for file in FILES} == set(CHECKS)


GOOD: dict[str, dict[str, Any]] = {
    "openai_responses": {"model": "m", "input": [{"type": "message", "role": "user", "content": "hi"}]},
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "anthropic_messages": {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "hi"}],
    },
    "bedrock_converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
}
TOOL = {"name": "t", "input_schema": {}}


def said(*blocks: dict[str, Any]) -> dict[str, Any]:
    """What a user says in blocks."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def base64_of(media_type: str) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": ""}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("openai_responses", {"max_token": 5}),
    ("openai_responses", {"max_tokens": 5}),
    ("openai_responses", {"max_output_tokens": 5.5}),
    ("openai_responses", {"max_output_tokens": True}),
    ("openai_responses", {"stream": True}),
    ("openai_responses", {"temperature": "warm"}),
    ("openai_responses", {"reasoning": {"effort": "huge"}}),
    ("openai_responses", {"reasoning": {"efort": "low"}}),
    ("openai_responses", {"text": {"verbosity": "loud"}}),
    ("openai_responses", {"text": {"format": {"type": "json_schema", "name": "n"}}}),
    (
        "openai_responses",
        {"text": {"format": {"type": "json_schema", "name": "n", "schem": {}, "schema": {}}}},
    ),
    ("openai_responses", {"input": [{"type": "message", "role": "robot", "content": "hi"}]}),
    ("openai_responses", {"input": [{"type": "message", "role": "user", "contents": "hi"}]}),
    ("openai_responses", {"input": [{"type": "message", "role": "user", "content": "hi", "name": "me"}]}),
    ("openai_responses", {"tools": [{"type": "function", "name": "n", "parameters": {}}]}),
    ("openai_responses", {"tool_choice": {"type": "function", "function": {"name": "n"}}}),
    ("openai_chat", {"max_output_tokens": 5}),
    ("openai_chat", {"max_completion_tokens": "5"}),
    ("openai_chat", {"reasoning_effort": "huge"}),
    ("openai_chat", {"reasoning": {"effort": "low"}}),
    ("openai_chat", {"messages": [{"role": "user", "text": "hi"}]}),
    ("openai_chat", {"messages": [{"role": "robot", "content": "hi"}]}),
    ("openai_chat", {"messages": {"role": "user", "content": "hi"}}),
    ("openai_chat", {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}),
    ("openai_chat", {"tools": [{"type": "function", "name": "n"}]}),
    ("anthropic_messages", {"stream": True}),
    ("anthropic_messages", {"model": "m"}),
    ("anthropic_messages", {"max_tokens": "5"}),
    ("anthropic_messages", {"anthropic_version": "2023-06-01"}),
    ("anthropic_messages", {"messages": [{"role": "user"}]}),
    ("anthropic_messages", {"thinking": {"type": "enabled"}}),
    ("anthropic_messages", {"thinking": {"type": "adaptive", "budget_tokens": 1024}}),
    ("anthropic_messages", {"thinking": {"type": "between_tools", "display": "omitted"}}),
    ("anthropic_messages", {"output_config": {"efort": "low"}}),
    ("anthropic_messages", {"output_config": {"effort": "minimal"}}),
    ("anthropic_messages", {"output_format": {"type": "json_schema", "schema": {}}}),
    ("anthropic_messages", {"tools": [{**TOOL, "parameters": {}}]}),
    ("anthropic_messages", {"tool_choice": {"type": "tool"}}),
    ("anthropic_messages", {"tool_choice": {"type": "auto", "parallel": False}}),
    ("anthropic_messages", {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}),
    (
        "anthropic_messages",
        {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "a"}]}]},
    ),
    (
        "anthropic_messages",
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]}]},
    ),
    ("openai_chat", {"messages": [{"role": "tool", "content": "x"}]}),
    ("openai_chat", {"tool_choice": {"type": "function", "name": "n"}}),
    ("openai_responses", {"input": [{"type": "function_call_output", "call_id": "1"}]}),
    ("openai_responses", {"input": [{"type": "function_call", "call_id": "1", "name": "a"}]}),
    ("bedrock_converse", {"additionalModelRequestFields": {"tool_choice": {"type": "any"}}}),
    (
        "bedrock_converse",
        {"messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "a b", "content": []}}]}]},
    ),
    ("openai_chat", said({"type": "image_url", "image_url": "https://example.com/a.png"})),
    ("openai_chat", said({"type": "image_url", "image_url": {"url": "x", "detail": "medium"}})),
    ("openai_chat", said({"type": "file", "file": {"file_url": "https://example.com/a.pdf"}})),
    ("openai_chat", said({"type": "input_audio", "input_audio": {"data": "", "format": "ogg"}})),
    (
        "openai_responses",
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
    ),
    ("openai_responses", {"input": [{"role": "user", "content": [{"type": "image_url", "detail": "low"}]}]}),
    ("anthropic_messages", said({"type": "image", "source": {"type": "url", "url": "x"}})),
    ("anthropic_messages", said({"type": "image", "source": base64_of("image/jpg")})),
    ("anthropic_messages", said({"type": "document", "source": base64_of("text/plain")})),
    ("anthropic_messages", said({"type": "document", "source": base64_of("application/pdf"), "name": "x"})),
    ("bedrock_converse", said({"image": {"format": "jpg", "source": {"bytes": ""}}})),
    ("bedrock_converse", said({"image": {"format": "png", "source": {"url": "x"}}})),
    (
        "bedrock_converse",
        said({"image": {"format": "png", "source": {"bytes": "", "s3Location": {"uri": "x"}}}}),
    ),
    ("bedrock_converse", said({"document": {"format": "pdf", "source": {"bytes": ""}}})),
    ("bedrock_converse", said({"document": {"name": "a.pdf", "source": {"bytes": ""}}})),
    ("bedrock_converse", said(*2 * [{"document": {"name": "a", "source": {"bytes": ""}}}])),
    ("bedrock_converse", said({"audio": {"format": "mp5", "source": {"bytes": ""}}})),
    ("bedrock_converse", {"max_tokens": 5}),
    ("bedrock_converse", {"inferenceConfig": {"topK": 5}}),
    ("bedrock_converse", {"inferenceConfig": {"maxTokens": "5"}}),
    ("bedrock_converse", {"inferenceConfig": {"maxTokens": 0}}),
    ("bedrock_converse", {"inferenceConfig": {"temperature": 1.5}}),
    ("bedrock_converse", {"messages": [{"role": "user", "content": "hi"}]}),
    ("bedrock_converse", {"messages": [{"role": "robot", "content": [{"text": "hi"}]}]}),
    ("bedrock_converse", {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}),
    ("bedrock_converse", {"toolConfig": {"tools": [{"toolSpec": {"name": "t"}}]}}),
    (
        "bedrock_converse",
        {"toolConfig": {"tools": [{"toolSpec": {"name": "a b", "inputSchema": {"json": {}}}}]}},
    ),
    ("bedrock_converse", {"additionalModelRequestFields": {"stream": True}}),
    ("bedrock_converse", {"additionalModelRequestFields": {"max_tokens": 5}}),
    ("bedrock_converse", {"additionalModelRequestFields": {"thinking": {"type": "on"}}}),
]


@pytest.mark.parametrize("dialect", CHECKS)
def test_the_check_accepts_what_is_right(dialect: str) -> None:
    assert CHECKS[dialect](GOOD[dialect]) == []


@pytest.mark.parametrize(("dialect", "wrong"), WRONG, ids=str)
def test_the_check_finds_what_is_wrong(dialect: str, wrong: dict[str, Any]) -> None:
    assert CHECKS[dialect](GOOD[dialect] | wrong) != []


@pytest.mark.parametrize(
    ("dialect", "key"), [(dialect, key) for dialect, body in GOOD.items() for key in body if key != "input"]
)
def test_the_check_finds_what_is_missing(dialect: str, key: str) -> None:
    body = {name: value for name, value in GOOD[dialect].items() if name != key}
    assert bool(CHECKS[dialect](body)) == (key in REQUIRED[dialect])


REQUIRED = {
    "openai_responses": set[str](),
    "openai_chat": {"model", "messages"},
    "anthropic_messages": {"anthropic_version", "max_tokens", "messages"},
    "bedrock_converse": set[str](),
}


def test_the_report_says_where() -> None:
    assert misfits({"reasoning": {"efort": "low"}}, ResponseCreateParamsNonStreaming) == [
        "/reasoning/efort is unknown to Reasoning"
    ]
    wrong = {"input": [{"type": "message", "role": "user", "contnt": "hi"}]}
    assert any("/input/0/contnt" in text for text in misfits(wrong, ResponseCreateParamsNonStreaming))
