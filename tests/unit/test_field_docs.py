"""What a field means is said once, below it: for editors, ``help()``, descriptions and the pages."""

from __future__ import annotations

import ast
import pydoc
import subprocess
import sys
from inspect import getdoc, getsource
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from smartllm import (
    Audio,
    Document,
    Image,
    LLMConfig,
    Message,
    MessageRequest,
    Reasoning,
    StreamChunk,
    SystemMessage,
    Text,
    TextRequest,
    TextResponse,
    ToolCall,
    ToolResult,
    Usage,
    Video,
    content,
)
from smartllm.bedrock import BedrockConfig
from smartllm.field_docs import field_docs
from smartllm.openai import OpenAIConfig
from smartllm.progress_events import ProgressEvent, RunCallDone
from smartllm.request import BaseRequest

REQUESTS: list[type[BaseModel]] = [BaseRequest, TextRequest, MessageRequest, Message, SystemMessage]
EVENTS = [*get_args(ProgressEvent), RunCallDone]
PARTS = [Audio, Document, Image, Reasoning, Text, ToolCall, ToolResult, Video, content.Refusal, content.Other]
ANSWERS = [TextResponse, StreamChunk, Usage, content.ToolCallDelta]
CLASSES = [*REQUESTS, LLMConfig, OpenAIConfig, BedrockConfig, *PARTS, *ANSWERS]


def names_of(cls: type[object]) -> list[str]:
    if issubclass(cls, BaseModel):
        return list(cls.model_fields)
    names = getattr(cls, "__dataclass_fields__", {})
    return [name for name in names if name != "type" and not name.startswith("_")]


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_each_key_of_an_event_says_what_it_means(kind: type[object]) -> None:
    names = {*getattr(kind, "__required_keys__"), *getattr(kind, "__optional_keys__")} - {"event"}  # noqa: B009
    assert set(field_docs(kind)) == names


def below_the_fields(cls: type[object]) -> dict[str, str]:
    """As Python itself reads the source."""
    (kind,) = ast.parse(getsource(cls)).body
    assert isinstance(kind, ast.ClassDef)
    found = {}
    for field, text in zip(kind.body, kind.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_each_field_says_what_it_means(cls: type[object]) -> None:
    assert set(field_docs(cls)) - {"type"} == set(names_of(cls))
    assert all(text.endswith((".", ")")) for text in field_docs(cls).values())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_texts_are_those_below_the_fields(cls: type[object]) -> None:
    own = below_the_fields(cls)
    assert own or cls in {Audio, Video}
    assert {name: field_docs(cls)[name] for name in own} == own


@pytest.mark.parametrize("cls", REQUESTS, ids=lambda cls: cls.__name__)
def test_the_fields_of_requests_are_described(cls: type[BaseModel]) -> None:
    said = {name: field.description for name, field in cls.model_fields.items()}
    assert said == field_docs(cls)


def test_a_request_of_one_answer_is_described_too() -> None:
    said = TextRequest[Message].model_fields["seed"].description
    assert said == field_docs(BaseRequest)["seed"]
    assert said.startswith("Number for repeatable sampling")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_help_tells_every_field_and_nothing_twice(cls: type[object]) -> None:
    text = getdoc(cls) or ""
    assert text.count("Attributes:") == 1
    for name in names_of(cls):
        assert text.count(f"\n    {name}: ") == 1
    shown = pydoc.plain(pydoc.render_doc(cls))
    assert all(line.strip() in shown for line in text.splitlines())


def test_what_a_text_request_adds_comes_first() -> None:
    text = getdoc(TextRequest) or ""
    assert text.startswith("A single prompt.\n\nAttributes:\n    prompt: ")
    assert text.partition("Attributes:")[2].partition("Examples:")[2].strip().startswith(">>> TextRequest(")


def test_a_users_own_class_says_its_own() -> None:
    class Mine(TextRequest):
        """Mine."""

    assert Mine.__doc__ == "Mine."
    assert "temperature" in field_docs(Mine)


def test_without_sources_only_the_texts_are_missing(tmp_path: Path) -> None:
    """As in frozen programs, which hold byte code alone."""
    code = (
        "import importlib.machinery as machinery\n"
        "machinery.SourceFileLoader.get_source = lambda self, name: None\n"
        "from smartllm import TextRequest\n"
        "print(repr(TextRequest.__doc__[:16]), TextRequest.model_fields['seed'].description)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "'A single prompt.' None\n"
