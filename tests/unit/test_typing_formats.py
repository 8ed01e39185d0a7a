"""What type checkers know of response formats: checked by mypy with the tree, and by pyright's engine too."""

from __future__ import annotations

import dataclasses
import enum
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple, assert_type

import pytest
from pydantic import BaseModel, RootModel, TypeAdapter
from typing_extensions import TypedDict

from smartllm import LLMClient, MessageRequest, TextRequest, TextResponse, ToolRun
from smartllm.sync import LLMClient as SyncClient


class Person(BaseModel):
    name: str


class Company(BaseModel):
    name: str


@dataclasses.dataclass
class Point:
    x: int


class Pair(NamedTuple):
    left: int


class Film(TypedDict):
    title: str


class Mood(enum.Enum):
    GOOD = "good"


async def types_are_inferred(client: LLMClient, plain: SyncClient) -> None:
    people = await client.generate_text(TextRequest(prompt="Who?", response_format=list[Person]))
    assert_type(people, TextResponse[list[Person]])
    assert_type(people.structured_data[0].name, str)
    assert_type(
        await client.send_message(MessageRequest(messages=[], response_format=dict[str, Person])),
        TextResponse[dict[str, Person]],
    )
    assert_type(
        await client.run_tools(TextRequest(prompt="Who?", response_format=list[Person])),
        ToolRun[list[Person]],
    )
    assert_type(
        plain.generate_text(TextRequest(prompt="Who?", response_format=tuple[Person, Company])),
        TextResponse[tuple[Person, Company]],
    )
    assert_type(TextRequest(prompt="Where?", response_format=Point), TextRequest[Point])
    assert_type(TextRequest(prompt="Where?", response_format=Pair), TextRequest[Pair])
    assert_type(TextRequest(prompt="Which?", response_format=Film), TextRequest[Film])
    assert_type(TextRequest(prompt="How?", response_format=Mood), TextRequest[Mood])
    assert_type(TextRequest(prompt="How many?", response_format=int), TextRequest[int])
    assert_type(
        TextRequest(prompt="Which?", response_format=RootModel[list[int]]), TextRequest[RootModel[list[int]]]
    )
    assert_type(
        TextRequest(prompt="Who?", response_format=list[Person | Company]),
        TextRequest[list[Person | Company]],
    )
    assert_type(
        TextRequest(prompt="Who?", response_format=TypeAdapter(list[Person])), TextRequest[list[Person]]
    )


async def what_has_no_class_is_named(client: LLMClient) -> None:
    """Checkers do not agree yet on what a union or a Literal is as a value; named, it is the same to all."""
    either = TextRequest[Person | Company](prompt="Who?", response_format=Person | Company)
    assert_type(await client.generate_text(either), TextResponse[Person | Company])
    maybe = TextRequest[Person | None](prompt="Who?", response_format=Person | None)
    assert_type((await client.generate_text(maybe)).structured_data, Person | None)
    word = TextRequest[Literal["yes", "no"]](prompt="Is it?", response_format=Literal["yes", "no"])
    assert_type((await client.generate_text(word)).structured_data, Literal["yes", "no"])
    told = TextRequest(prompt="Who?", response_format=TypeAdapter[Person | Company](Person | Company))
    assert_type(told, TextRequest[Person | Company])


def schemas_say_nothing() -> None:
    schema: dict[str, Any] = {"type": "object"}
    assert_type(TextRequest(prompt="x", response_format=schema), TextRequest[Any])
    assert_type(TextRequest(prompt="x"), TextRequest[Any])


def objects_are_no_types() -> None:
    TextRequest(prompt="x", response_format=Person(name="Jane"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TextRequest(prompt="x", response_format=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_request_that_names_its_type_is_a_request() -> None:
    named = TextRequest[Person | Company](prompt="Who?", response_format=Person | Company)
    assert isinstance(named, TextRequest)
    assert named.response_format == Person | Company
    assert named.model_copy().response_format is named.response_format


def _pyright() -> Path | None:
    tool = Path(sys.prefix) / "basedpyright" / "bin" / "basedpyright"
    return tool if tool.exists() else None


@pytest.mark.slow
def test_pyright_agrees(tmp_path: Path) -> None:
    tool = _pyright()
    if tool is None:
        assert "CI" not in os.environ, "basedpyright is missing"
        pytest.skip("basedpyright is not installed; .ci/run does that")
    root = Path(__file__).parents[2]
    settings = {
        "include": [str(Path(__file__))],
        "extraPaths": [str(root)],
        "typeCheckingMode": "standard",
        "reportUnnecessaryTypeIgnoreComment": "none",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [str(tool), "--project", str(tmp_path), "--pythonpath", sys.executable, "--outputjson"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert [one["message"] for one in found["generalDiagnostics"] if one["severity"] == "error"] == []
    assert found["summary"]["filesAnalyzed"] == 1
