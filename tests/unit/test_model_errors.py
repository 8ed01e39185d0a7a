"""The error about data that does not fit a model: ours and pydantic's at once."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, field_validator

from smartllm.errors import ProviderError, ResponseError
from smartllm.model_errors import ModelMismatchError
from smartllm.structure_errors import StructureError


class TiedError(ValueError):
    """Cannot be pickled: it is made of two arguments, and keeps one."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {{{two}}}")


class Person(BaseModel):
    name: str = Field(max_length=5)
    age: int
    nick: str = ""

    @field_validator("nick")
    @classmethod
    def _no_nick(cls, value: str) -> str:
        if value == "tied":
            raise TiedError("no", value)
        if value:
            raise ValueError(f"no {{nick}}{value[1:]}")
        return value


def pydantics(data: Any, model: type[BaseModel] = Person) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(json.dumps(data))
    return caught.value


def ours(data: Any, model: type[BaseModel] = Person) -> tuple[ModelMismatchError, ValidationError]:
    theirs = pydantics(data, model)
    return ModelMismatchError.of(theirs, model="m", text="{}", status=200), theirs


WRONG = {"name": "Ada Lovelace", "nick": "A"}


def test_it_is_caught_by_each_name() -> None:
    error, _ = ours(WRONG)
    for kind in (ValidationError, StructureError, ResponseError, ProviderError, ValueError):
        with pytest.raises(kind):
            raise error


def test_it_tells_what_pydantic_tells() -> None:
    error, theirs = ours(WRONG)
    assert error.errors() == theirs.errors()
    assert {one["type"] for one in error.errors()} == {"string_too_long", "missing", "value_error"}
    assert (error.error_count(), error.title) == (3, "Person")
    for left_out in ({}, {"include_url": False}, {"include_context": False}, {"include_input": False}):
        assert [one.keys() for one in error.errors(**left_out)] == [
            one.keys() for one in theirs.errors(**left_out)
        ]
        assert error.json(indent=1, **left_out) == theirs.json(indent=1, **left_out)


def test_its_text_is_pydantics_without_links() -> None:
    error, theirs = ours(WRONG)
    assert error.message.startswith(
        "the structured answer does not fit: 3 validation errors for Person\nname\n"
    )
    assert "pydantic.dev" in str(theirs)
    assert "pydantic.dev" not in str(error)
    assert not error.message.endswith("has them all")
    assert repr(error) == f"ModelMismatchError({error.message!r})"
    assert (error.model, error.text, error.status, error.retryable) == ("m", "{}", 200, False)


def test_its_text_is_short_whatever_is_wrong() -> None:
    many, theirs = ours(["x"] * 2_000, RootModel[list[int]])
    assert many.error_count() == theirs.error_count() == 2_000
    assert len(many.message) < 2_200
    assert many.message.endswith("\n… error.errors() has them all")
    long, _ = ours({"name": "A", "age": 1, "nick": "x" * 10_000})
    assert "x" * 1_500 in long.errors()[0]["msg"]
    assert "Value error, no {nick}xxx" in long.message
    assert len(long.message) < 2_200


def test_a_model_that_hides_its_input_keeps_it_hidden() -> None:
    class Shy(BaseModel):
        model_config = ConfigDict(hide_input_in_errors=True)
        pin: int

    error, _ = ours({"pin": "12e4"}, Shy)
    assert "12e4" not in str(error)


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301
}


@pytest.mark.parametrize("way", COPIES)
def test_it_can_be_copied(way: str) -> None:
    error, _ = ours(WRONG)
    error.add_note("a note")
    again = COPIES[way](error)
    assert type(again) is ModelMismatchError
    assert (again.title, str(again), again.text, again.__notes__) == ("Person", str(error), "{}", ["a note"])
    assert again.args == error.args
    assert json.loads(again.json()) == json.loads(error.json())
    assert isinstance(again.errors()[2]["ctx"]["error"], ValueError)


@pytest.mark.parametrize("way", COPIES)
def test_what_cannot_be_copied_of_it_becomes_its_text(way: str) -> None:
    error, theirs = ours({"name": "A", "age": 1, "nick": "tied"})
    assert error.errors() == theirs.errors()
    assert COPIES[way](error).errors()[0]["ctx"] == {"error": "no {tied}"}


@pytest.mark.parametrize("way", [lambda error: error, copy.copy])
def test_inside_of_another_validation_it_keeps_its_places(way: Callable[[Any], Any]) -> None:
    error, _ = ours(WRONG)

    class Asks(BaseModel):
        who: str

        @field_validator("who")
        @classmethod
        def _ask(cls, _: str) -> str:
            raise way(error)

    with pytest.raises(ValidationError) as caught:
        Asks(who="Ada")
    told = {one["loc"]: one["msg"] for one in caught.value.errors()}
    assert told == {
        ("who", "name"): "String should have at most 5 characters",
        ("who", "age"): "Field required",
        ("who", "nick"): "Value error, no {nick}",
    }
