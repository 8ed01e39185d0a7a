"""Structured answers: what lowering a schema costs, reading an answer, and how long the loop is kept."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from bench import Bench, Call, costing, cpu, longest_turn
from network import GPT
from pydantic import BaseModel

import smartllm
from smartllm import LLMClient, TextRequest
from smartllm.compiler.formats import format_of
from smartllm.compiler.schema.lower import lower
from smartllm.runtime.structure.reading import read_answer
from smartllm.testing import FakeTransport, Reply

_SECTIONS: Final = 254
_FIELDS, _CHAIN, _LEVELS, _DEPTH, _ROWS = 2_000, 1_500, 20, 300, 4_000


class Item(BaseModel):
    k: Literal["i"]
    v: int | str | None = None
    attrs: dict[str, str] = {}
    note: str = ""


class Group(BaseModel):
    k: Literal["g"]
    items: list[Item] = []
    m: dict[str, int] = {}


class Section(BaseModel):
    k: Literal["s"]
    parts: list[Group | Item] = []


class Document(BaseModel):
    """Unions in lists, three levels of them."""

    sections: list[Section | Group] = []


class Tree(BaseModel):
    name: str
    value: int | str | None = None
    children: list[Tree] = []


class Row(BaseModel):
    id: int
    name: str
    score: float | None
    tags: list[str]


class Rows(BaseModel):
    rows: list[Row]


async def structured(bench: Bench) -> None:
    """Everything about structured answers, without a server."""
    await _reading(bench)
    await _waiting(bench)
    await _lowering(bench)


async def _reading(bench: Bench) -> None:
    cases: tuple[tuple[str, type[BaseModel], Any, Any], ...] = (
        ("read, 300 kB of nested unions", Document, _document(wire=True), _document(wire=False)),
        ("read, 70 kB of a tree", Tree, _tree(10), _tree(10)),
        ("read, 4,000 flat rows", Rows, _rows(), _rows()),
    )
    for name, model, answer, data in cases:
        request: TextRequest[Any] = TextRequest(prompt="p", model=GPT, response_format=model)
        step = smartllm.compile(request, level="ignore").steps[0]
        wanted, text, own = format_of(model), json.dumps(answer), json.dumps(data)

        async def read(given: Any = (text, step, wanted)) -> None:
            text, step, wanted = given
            read_answer([text], step, wanted)

        async def validated(given: Any = (model, own)) -> None:
            model, own = given
            model.model_validate_json(own)

        await bench.compare(name, "pydantic's own", 5, costing(cpu, 3, read), costing(cpu, 10, validated))


async def _waiting(bench: Bench) -> None:
    """How long everything else waits while a large answer is read: the response is decoded, too."""
    own = json.dumps(_document(wire=False))
    reply = Reply(structured=_document(wire=True))
    async with LLMClient(provider="openai", transport=FakeTransport(reply), level="ignore") as client:

        async def call() -> None:
            request: TextRequest[Any] = TextRequest(
                prompt="p", model=GPT, response_format=Document, use_cache=False
            )
            await client.generate_text(request)

        async def validated() -> None:
            Document.model_validate_json(own)

        await bench.compare(
            "300 kB of nested unions, longest turn",
            "pydantic's own in the loop",
            2,
            costing(longest_turn, 1, call),
            costing(cpu, 10, validated),
        )


async def _lowering(bench: Bench) -> None:
    wide = _object(**{f"field_{number}": {"type": "string"} for number in range(_FIELDS)})
    cases = (
        ("lower, 2,000 fields", wide),
        ("lower, a chain of 1,500 definitions", _chain()),
        ("lower, 20 levels of unions", _unions()),
        ("lower, 300 levels of objects", _nested()),
    )
    for name, schema in cases:
        for subset in ("openai-strict", "tool"):

            async def lowered(given: Any = (schema, subset)) -> None:
                lower(*given)

            await bench.compare(
                f"{name}, {subset}",
                "JSON there and back",
                None,
                costing(cpu, 1, lowered),
                costing(cpu, 20, _there_and_back(schema)),
            )


def _there_and_back(schema: Any) -> Call:
    async def copied() -> None:
        json.loads(json.dumps(schema))

    return copied


def _document(*, wire: bool) -> dict[str, Any]:
    """An answer, in the form of the wire or in the caller's."""

    def mapping(**data: Any) -> Any:
        return [{"key": key, "value": value} for key, value in data.items()] if wire else data

    item = {"k": "i", "v": "text", "attrs": mapping(a="b"), "note": "x" * 20}
    group = {"k": "g", "items": [item] * 5, "m": mapping(x=1)}
    return {"sections": [{"k": "s", "parts": [group, item]} for _ in range(_SECTIONS)]}


def _tree(depth: int) -> dict[str, Any]:
    children = [_tree(depth - 1) for _ in range(2)] if depth else []
    return {"name": f"node {depth}", "value": depth, "children": children}


def _rows() -> dict[str, Any]:
    row = {"id": 1, "name": "Ada", "score": None, "tags": ["a", "b"]}
    return {"rows": [row] * _ROWS}


def _object(**properties: Any) -> dict[str, Any]:
    closed = {"required": list(properties), "additionalProperties": False}
    return {"type": "object", "properties": properties, **closed}


def _chain() -> dict[str, Any]:
    links = {f"d{n}": _object(next={"$ref": f"#/$defs/d{n + 1}"}) for n in range(_CHAIN)}
    return {**_object(first={"$ref": "#/$defs/d0"}), "$defs": {**links, f"d{_CHAIN}": {"type": "string"}}}


def _unions() -> dict[str, Any]:
    arms = {
        f"u{n}": {"anyOf": [{"$ref": f"#/$defs/u{n + 1}"}, {"$ref": f"#/$defs/u{n + 1}"}]}
        for n in range(_LEVELS)
    }
    return {**_object(one={"$ref": "#/$defs/u0"}), "$defs": {**arms, f"u{_LEVELS}": {"type": "string"}}}


def _nested() -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(_DEPTH):
        schema = _object(inner=schema)
    return schema
