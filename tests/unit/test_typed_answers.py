"""Answers of any type, through the wires, the cache, streams, runs of tools, the shell and traces."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional

import pytest
from commands import invoke
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator
from typing_extensions import TypeAliasType, TypedDict
from wires import INVOKE, RESPONSES, Wire, each_wire

from smartllm import LLMClient, tool
from smartllm.cli import main
from smartllm.runtime.observe.trace_content import output_messages
from smartllm.sync import LLMClient as SyncClient
from smartllm.testing import LoopbackServer, Reply


class Person(BaseModel):
    name: str
    born: dt.date | None = None


class Company(BaseModel):
    title: str


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Pair(NamedTuple):
    left: int
    right: str


class Film(TypedDict):
    title: str
    cast: list[Person]


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


Crowd = TypeAliasType("Crowd", list[Person])
ADA = Person(name="Ada", born=dt.date(1815, 12, 10))
WRITTEN = {"name": "Ada", "born": "1815-12-10"}

KINDS: list[tuple[Any, Any, Any]] = [
    (list[Person], [ADA], [WRITTEN]),
    (Crowd, [ADA], [WRITTEN]),
    (Person | Company, Company(title="X"), {"title": "X"}),
    (Optional[Person], None, None),  # noqa: UP045 - that is the other way to write it
    (dict[str, Person], {"a": ADA}, {"a": WRITTEN}),
    (Film, {"title": "Up", "cast": [ADA]}, {"title": "Up", "cast": [WRITTEN]}),
    (Point, Point(1, 2), {"x": 1, "y": 2}),
    (Pair, Pair(1, "b"), [1, "b"]),
    (Mood, Mood.BAD, "bad"),
    (Literal["yes", "no"], "no", "no"),
    (int, 7, 7),
    (dt.date, dt.date(2026, 1, 2), "2026-01-02"),
    (Annotated[int, Field(ge=1)], 3, 3),
    (TypeAdapter(list[Point]), [Point(1, 2)], [{"x": 1, "y": 2}]),
]
each_kind = pytest.mark.parametrize(("kind", "data", "written"), KINDS, ids=lambda one: str(one)[:36])


def on_the_wire(client: LLMClient, request: Any, written: Any) -> dict[str, Any]:
    """What a model writes there."""
    output = client.compile(request).steps[0].output
    assert output is not None
    assert output.lowered is not None
    schema = output.lowered.schema
    inner = schema["properties"]["value"] if output.lowered.wrapped else schema
    if inner.get("type") == "array" and isinstance(written, dict):
        written = [{"key": key, "value": value} for key, value in written.items()]
    elif "item_0" in inner.get("properties", {}):
        written = {f"item_{index}": value for index, value in enumerate(written)}
    result: dict[str, Any] = {"value": written} if output.lowered.wrapped else written
    return result


def kept(folder: Path, key: str | None) -> Any:
    return json.loads(next(folder.rglob(f"*{key}*")).read_text(encoding="utf-8"))


@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
@each_kind
async def test_an_answer_is_of_the_type(
    wire: Wire, server: LoopbackServer, tmp_path: Path, kind: Any, data: Any, written: Any
) -> None:
    """So is a hit in the cache, whose entry shows it in plain words, and what is traced of it."""
    async with wire.client(server.url, cache_dir=tmp_path) as client:
        request = wire.request("?", response_format=kind, use_cache=True)
        server.script(Reply(structured=on_the_wire(client, request, written)))
        first = await client.generate_text(request)
        again = await client.generate_text(request)
        conversation = await client.send_message(
            wire.conversation(("user", "?"), response_format=kind, use_cache=True)
        )
    assert first.structured_data == data
    assert type(first.structured_data) is type(data)
    assert (again.cache_source, again.structured_data) == ("l1", data)
    assert conversation.structured_data == data
    assert len(server.requests) == 1
    assert kept(tmp_path, first.cache_key)["data"]["structured_data"] == written
    (told,) = json.loads(output_messages(first))
    assert [part["type"] for part in told["parts"]] == ["text"]


@each_kind
async def test_a_streamed_answer_is_of_the_type(
    server: LoopbackServer, kind: Any, data: Any, written: Any
) -> None:
    async with INVOKE.client(server.url) as client:
        request = INVOKE.request("?", response_format=kind)
        server.script(Reply(structured=on_the_wire(client, request, written)))
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
    assert chunks[-1].structured_data == chunks[-1].partial == data


async def test_a_run_of_tools_ends_in_the_type(server: LoopbackServer) -> None:
    @tool
    def look(name: str) -> str:
        """Look someone up."""
        return f"{name} was born in 1815"

    server.script(
        Reply(tool_calls=[{"name": "look", "arguments": {"name": "Ada"}}]),
        Reply(structured={"value": [WRITTEN]}),
    )
    async with RESPONSES.client(server.url) as client:
        run = await client.run_tools(RESPONSES.request("?", response_format=list[Person], tools=[look]))
    assert run.response.structured_data == [ADA]


def test_the_synchronous_client_gives_the_type(server: LoopbackServer) -> None:
    server.script(Reply(structured={"value": [WRITTEN]}))
    with SyncClient(**RESPONSES.settings(server.url)) as client:
        response = client.generate_text(RESPONSES.request("?", response_format=list[Person]))
    assert response.structured_data == [ADA]


@each_wire
async def test_what_does_not_fit_is_an_error_of_the_type(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(structured={"value": [{"name": 5}]}))
    async with wire.client(server.url) as client:
        with pytest.raises(ValidationError) as caught:
            await client.generate_text(wire.request("?", response_format=list[Person]))
    assert caught.value.errors()[0]["loc"] == (0, "name")


async def test_validators_get_the_context_at_each_reading(server: LoopbackServer, tmp_path: Path) -> None:
    class Quote(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def _stands_there(cls, text: str, info: ValidationInfo) -> str:
            if info.context is None or text not in info.context["source"]:
                raise ValueError("stands nowhere")
            return text

    server.script(Reply(structured={"value": [{"text": "to be"}]}), Reply(structured={"value": []}))
    async with RESPONSES.client(server.url, cache_dir=tmp_path) as client:
        request = RESPONSES.request("?", response_format=list[Quote], use_cache=True)
        there = request.model_copy(update={"validation_context": {"source": "or not to be"}})
        elsewhere = request.model_copy(update={"validation_context": {"source": "that is the question"}})
        first, hit = await client.generate_text(there), await client.generate_text(there)
        assert first.structured_data == hit.structured_data == [Quote.model_construct(text="to be")]
        assert hit.cache_source == "l1"
        # What another context refuses is asked for anew.
        assert (await client.generate_text(elsewhere)).structured_data == []


def test_the_shell_takes_any_type(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kinds_of_mine.py").write_text(
        "import dataclasses\nfrom pydantic import TypeAdapter\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n"
        "Points = list[Point]\nAdapter = TypeAdapter(Points)\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    for name, value in RESPONSES_ENVIRONMENT.items():
        monkeypatch.setenv(name, value.format(url=server.url))
    for name in ("Points", "Adapter"):
        server.script(Reply(structured={"value": [{"x": 1}]}))
        arguments = [
            "run",
            "-m",
            RESPONSES.model,
            "-p",
            "?",
            "--schema",
            f"kinds_of_mine:{name}",
            "--json",
            "--no-cache",
        ]
        result = invoke(main, arguments)
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["structured_data"] == [{"x": 1}]
    sys.modules.pop("kinds_of_mine")


RESPONSES_ENVIRONMENT = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": "{url}/v1"}
