"""A type as it is read while its answer is still being written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import pydantic_core
import pytest
from gallery import GALLERY
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import core_schema
from typing_extensions import TypedDict

from smartllm.compiler.formats import format_of


def states(kind: Any, data: Any, *, step: int = 1, context: Any = None) -> Iterator[Any]:
    """What is told of a type at each length of its answer."""
    wanted, text = format_of(kind), json.dumps(data)
    for end in range(1, len(text) + 1, step):
        with suppress(ValueError):  # there is nothing yet
            given = pydantic_core.from_json(text[:end], allow_partial="trailing-strings")
            yield wanted.partial(given, context)
    yield wanted.partial(data, context)


class Item(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    title: str = Field(min_length=3)
    count: int = Field(ge=3)
    at: dt.date | None = None
    price: Decimal = Decimal(7)
    _seen: int = PrivateAttr(default=3)
    _late: int = PrivateAttr()

    @model_validator(mode="after")
    def _checked(self) -> Item:
        assert self.count + 1
        return self


ITEM = {"title": "hello", "count": 5, "at": "2026-01-02", "price": "1.5"}


def test_a_model_is_one_of_its_class_with_what_has_come() -> None:
    seen = list(states(Item, ITEM))
    assert all(type(one) is Item for one in seen)
    assert (seen[0].title, seen[0].count, seen[0].at, seen[0].price) == (None, None, None, Decimal(7))
    assert seen[0].model_fields_set == set()
    titles = [one.title for one in seen if one.title is not None]
    assert titles[:6] == ["", "h", "he", "hel", "hell", "hello"]
    assert {one.at for one in seen} == {None, dt.date(2026, 1, 2)}, "half a date is none"
    assert seen[-1] == Item(**ITEM)  # type: ignore[arg-type]
    assert seen[-1]._seen == 3
    assert seen[0].model_dump(exclude_unset=True) == {}


def test_pydantic_reads_by_the_configuration_of_the_model() -> None:
    assert next(iter(states(Item, {"title": "  ab  ", "count": 5}, step=12))) is not None
    assert format_of(Item).partial({"title": "  ab "}).title == "ab"


@dataclasses.dataclass
class Order:
    items: list[Item]
    by_name: dict[str, Item]
    total: float = 0.0

    def __post_init__(self) -> None:
        self.total = len(self.items) + len(self.by_name)


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    x: int
    y: int = 2


class Size(NamedTuple):
    width: int
    unit: str = "cm"


class Film(TypedDict):
    title: str
    size: Size


def test_containers_grow_by_what_can_be_read() -> None:
    data = {"items": [ITEM, ITEM], "by_name": {"a": ITEM, "b": ITEM}}
    seen = list(states(Order, data))
    assert all(type(one) is Order for one in seen)
    assert {len(one.items or ()) for one in seen} == {0, 1, 2}
    assert {tuple(one.by_name or ()) for one in seen} == {(), ("a",), ("a", "b")}
    assert {one.total for one in seen} == {0.0}, "what follows on a whole object is not asked"
    assert list(states(Fixed, {"x": 1, "y": 3}))[-1] == Fixed(1, 3)
    assert format_of(Fixed).partial({"y": 3}) == Fixed(None, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (Size, [], (None, "cm")),
        (Size, [1], (1, "cm")),
        (Film, {}, {}),
        (Film, {"title": "Up", "size": [1]}, {"title": "Up", "size": Size(1)}),
        (Film, {"size": "x"}, {}),
        (tuple[int, str], [1], (1, None)),
        (tuple[int, ...], [1, "x"], (1,)),
        (set[int], [1, "x", 2], {1, 2}),
        (frozenset[int], ["x"], frozenset()),
        (list[Literal["red", "blue"]], ["red", "bl"], ["red"]),
        (list[Any], [1], [1]),
        (list, ["a"], ["a"]),
        (dict, {"a": [1]}, {"a": [1]}),
        (dict[str, int], {"a": 1, "b": "x"}, {"a": 1}),
        (RootModel[list[int]], [1, "x"], RootModel[list[int]]([1])),
        (int, "x", None),
        (Item | None, None, None),
        (Annotated[list[int], Field(min_length=3)], [1], [1]),
        (Annotated[str, Field(pattern="^abc$")], "ab", "ab"),
    ],
    ids=str,
)
def test_what_does_not_fit_yet_is_left_out(kind: Any, given: Any, told: Any) -> None:
    assert format_of(kind).partial(given) == told


def test_a_schema_tells_the_data_itself() -> None:
    data = {"a": ["x"]}
    assert format_of({"type": "object"}).partial(data) is data


# --- unions ------------------------------------------------------------------------------------------------


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Bank(BaseModel):
    kind: Literal["bank"]
    number: str
    holder: str


@pytest.mark.parametrize("tagged", [True, False])
def test_an_arm_is_taken_once_its_tag_is_whole(*, tagged: bool) -> None:
    either: Any = Annotated[Card | Bank, Field(discriminator="kind")] if tagged else Card | Bank
    seen = list(states(list[either], [{"kind": "bank", "number": "12", "holder": "Ada"}]))
    kinds = [type(one[0]) for one in seen if one]
    assert kinds
    assert kinds[-1] is Bank
    if tagged:
        assert set(kinds) == {Bank}
    assert not any(isinstance(one[0], Card) and one[0].number for one in seen if one)


def _halved(word: str) -> Any:
    return word / 2  # type: ignore[operator]


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (list[int] | list[str], ["a", "b"], ["a", "b"]),
        (dict[str, int] | dict[str, str], {"a": "x"}, {"a": "x"}),
        (tuple[int, int] | tuple[str, str], ["a", "b"], ("a", "b")),
        (tuple[int, int] | tuple[str, str], [1], (1, None)),
        (list[int] | list[Annotated[str, Field(min_length=9)]], ["a"], ["a"]),
        (list[int] | list[Annotated[str, AfterValidator(_halved)]], [1, "x"], [1]),
    ],
    ids=["lists", "mappings", "tuples", "a tuple that goes on", "short texts", "halved texts"],
)
def test_an_arm_that_fits_comes_before_those_that_leave_out(kind: Any, given: Any, told: Any) -> None:
    assert format_of(kind).partial(given) == told


class Node(BaseModel):
    name: str
    kids: list[Node] = []


def test_what_holds_itself_grows_in_depth() -> None:
    data = {"name": "a", "kids": [{"name": "b", "kids": [{"name": "c"}]}]}
    seen = list(states(Node, data))
    depths = []
    for one in seen:
        depth, node = 1, one
        while node.kids:
            depth, node = depth + 1, node.kids[0]
        depths.append(depth)
    assert depths == sorted(depths)
    assert depths[-1] == 3


# --- the caller's own code ---------------------------------------------------------------------------------


def _same(value: Any) -> Any:
    return value


def test_validators_of_fields_are_asked_and_their_errors_leave_the_field_out() -> None:
    class Asked(BaseModel):
        word: str
        sum: int = 0
        kept: Annotated[Item | None, AfterValidator(_same)] = None

        @field_validator("word")
        @classmethod
        def _long(cls, word: str, info: ValidationInfo) -> str:
            if len(word) < (info.context or 0):
                raise ValueError("short")
            return word.upper()

        @field_validator("sum")
        @classmethod
        def _odd(cls, given: int, info: ValidationInfo) -> int:
            return given + info.data["nowhere"]  # type: ignore[no-any-return]

        @model_validator(mode="before")
        @classmethod
        def _shaped(cls, data: Any) -> Any:
            return {key.lower(): value for key, value in data.items()}

    seen = list(states(Asked, {"WORD": "abcd", "sum": 1}, context=3))
    assert {one.word for one in seen} == {None, "ABC", "ABCD"}
    assert {one.sum for one in seen} == {0}
    assert format_of(Asked).partial({"kept": {"title": "a b"}}, 3).kept.title == "a b"


def test_a_default_that_wants_the_other_fields_waits() -> None:
    class Doubled(BaseModel):
        one: int
        two: int = Field(default_factory=lambda data: data["one"] * 2)

    assert format_of(Doubled).partial({}).two is None
    assert format_of(Doubled).partial({"one": 1, "two": 5}).two == 5


def test_what_is_called_with_values_gets_those_that_came() -> None:
    class Made:
        def __init__(self, left: int | None, right: int | None) -> None:
            self.both = (left, right)

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
            given = [
                core_schema.arguments_parameter(name, core_schema.int_schema()) for name in ("left", "right")
            ]
            return core_schema.call_schema(core_schema.arguments_schema(given), cls)

    assert format_of(list[Made]).partial([{"left": 1}])[0].both == (1, None)


def test_code_that_cannot_stand_half_an_object_ends_nothing() -> None:
    class Broken(BaseModel):
        x: int

        @model_validator(mode="before")
        @classmethod
        def _shaped(cls, data: Any) -> Any:
            return {"x": data["y"]}

    assert format_of(Broken).partial({}) is None
    assert format_of(Broken).partial({"y": 1}) == Broken.model_construct(x=1)


@pytest.mark.parametrize("name", GALLERY)
def test_each_shape_can_be_read_wherever_its_answer_breaks_off(name: str) -> None:
    case = GALLERY[name]
    for instance in case.examples:
        data = json.loads(instance.model_dump_json(by_alias=True))
        seen = list(states(type(instance), data, step=7))
        assert seen[-1] is None or type(seen[-1]) is type(instance)
        assert seen[-1] == TypeAdapter(type(instance)).validate_python(data) or seen[-1] is None


def test_what_does_not_fit_yet_is_left_out_beside_a_union() -> None:
    class Loose(BaseModel):
        at: dt.date
        either: int | bool
        bare: dict  # type: ignore[type-arg]

    found = format_of(Loose).partial({"at": "2026-", "either": 1, "bare": {"a": [1]}})
    assert found == Loose.model_construct(at=None, either=1, bare={"a": [1]})
