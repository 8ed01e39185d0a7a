"""Schemas that are typed: in a line, as JSON, as the names of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell_bodies import body, refused

from smartllm.cli.requests.short_schema import schema_of
from smartllm.errors import RequestFileError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("name, age int", {"name": {"type": "string"}, "age": {"type": "integer"}}),
        (
            "a float,b bool , c str,",
            {"a": {"type": "number"}, "b": {"type": "boolean"}, "c": {"type": "string"}},
        ),
        (
            "tags list[str], n",
            {"tags": {"type": "array", "items": {"type": "string"}}, "n": {"type": "string"}},
        ),
        (
            "grid list[list[int]]: rows, top first\nname",
            {
                "grid": {
                    "type": "array",
                    "items": {"type": "array", "items": {"type": "integer"}},
                    "description": "rows, top first",
                },
                "name": {"type": "string"},
            },
        ),
        ("größe number", {"größe": {"type": "number"}}),
    ],
    ids=["types", "spaces", "list", "lines", "letters"],
)
def test_a_schema_in_a_line(text: str, fields: Any) -> None:
    assert schema_of(text) == {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def test_a_list_of_such_objects() -> None:
    assert schema_of("[name, age int]") == {"type": "array", "items": schema_of("name, age int")}
    schema = body("hi", "--schema", "[name]")["text"]["format"]["schema"]
    assert "name" in json.dumps(schema)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (", ", "no field"),
        ("[]", "no field"),
        ("name, name", "name is there twice"),
        ("name text", "types are str, int"),
        ("a, b list[thing]", "types are str, int"),
        ("1st, b", "'1st' is no field"),
        ("a b c, d", "'a b c' is no field"),
        ("name age int", "with commas between fields: name, age int"),
    ],
    ids=["commas", "brackets", "twice", "type", "items", "name", "words", "no comma"],
)
def test_what_is_no_short_schema(text: str, told: str) -> None:
    with pytest.raises(RequestFileError, match=r"^--schema: ") as caught:
        schema_of(text)
    assert told in str(caught.value)


def test_schemas_as_json_and_files() -> None:
    inline = body("hi", "--schema", '{"type": "object", "properties": {"a": {"type": "integer"}}}')
    Path("a, b.json").write_text('{"type": "object", "properties": {"a": {"type": "integer"}}}')
    assert body("hi", "--schema", "a, b.json") == inline
    assert "--schema:1:" in refused("hi", "--schema", '{"type": ')
    assert "nothing.json: there is no such file" in refused("hi", "--schema", "nothing.json")
    assert "--schema: it is empty" in refused("hi", "--schema", "")
    assert "a is nested too deeply" in refused("hi", "--schema", f"a {'list[' * 2000}")
    assert body("hi", "--schema", f"name, {'x' * 300} int")["text"]["format"]["schema"]
