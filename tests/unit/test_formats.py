"""What an answer may be asked to be: any type that Pydantic reads, as one kind of value."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypeVar

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    RootModel,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType, TypedDict

from smartllm import TextRequest
from smartllm import compile as compile_request
from smartllm.compiler.formats import dumped, format_of
from smartllm.errors import UnsupportedError

T = TypeVar("T")


class Person(BaseModel):
    """A person."""

    name: str
    age: int = 0


class Company(BaseModel):
    title: str


class Box(BaseModel, Generic[T]):
    """What holds one thing."""

    inside: T


class People(RootModel[list[Person]]):
    pass


class Node(BaseModel):
    """A node."""

    kids: list[Node] = []


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Told:
    """What was told."""

    x: int


class Pair(NamedTuple):
    left: int
    right: str


class Film(TypedDict):
    """A film."""

    title: str
    people: list[Person]


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


Crowd = TypeAliasType("Crowd", list[Person])
Many = TypeAliasType("Many", list[T], type_params=(T,))
Id = NewType("Id", int)
JANE = Person(name="Jane", age=1)

KINDS: list[tuple[Any, str, str, Any]] = [
    (Person, "Person", "A person.", JANE),
    (Box[int], "Box_int", "What holds one thing.", Box[int](inside=1)),
    (People, "People", "", People([JANE])),
    (RootModel[list[int]], "RootModel_list_int", "", RootModel[list[int]]([1])),
    (Node, "Node", "A node.", Node(kids=[Node()])),
    (Point, "Point", "", Point(1, 2)),
    (Told, "Told", "What was told.", Told(1)),
    (Pair, "Pair", "", Pair(1, "b")),
    (Film, "Film", "A film.", {"title": "Up", "people": [JANE]}),
    (Mood, "Mood", "", Mood.GOOD),
    (Literal["a", "b"], "answer", "", "b"),
    (int, "answer", "", 7),
    (bool, "answer", "", True),
    (str, "answer", "", "[1]"),
    (dict, "answer", "", {"a": 1}),
    (dt.date, "date", "", dt.date(2026, 1, 2)),
    (list[Person], "list_of_Person", "", [JANE]),
    (Sequence[Person], "sequence_of_Person", "", [JANE]),
    (list[int], "list", "", [1]),
    (dict[str, Point], "dict_of_Point", "", {"a": Point(1)}),
    (tuple[Person, ...], "tuple_of_Person", "", (JANE,)),
    (Person | Company, "Person_or_Company", "", Company(title="X")),
    (list[Person | Company], "list_of_Person_or_Company", "", [JANE]),
    (Optional[Person], "Person", "", None),  # noqa: UP045 - that is the other way to write it
    (Annotated[int, Field(ge=1, description="How many.")], "answer", "How many.", 3),
    (Annotated[Person | Company, Field(union_mode="left_to_right")], "Person_or_Company", "", JANE),
    (Crowd, "Crowd", "", [JANE]),
    (Many[Person], "many_of_Person", "", [JANE]),
    (Id, "Id", "", 5),
    (TypeAdapter(list[Person]), "list_of_Person", "", [JANE]),
    (Any, "answer", "", {"a": [1]}),
]


@pytest.mark.parametrize(("kind", "name", "says", "instance"), KINDS, ids=lambda one: str(one)[:40])
def test_each_kind_of_type(kind: Any, name: str, says: str, instance: Any) -> None:
    """It has a name, its own words and a schema; what is written by it is read by it."""
    found = format_of(TextRequest(prompt="x", response_format=kind).response_format)
    assert (found.given, found.name, found.description, found.is_typed) == (kind, name, says, True)
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    assert json.loads(found.text) == adapter.json_schema()
    read = found.validated(adapter.dump_json(instance).decode())
    assert read == instance
    assert type(read) is type(instance)
    assert found.dumped(read) == adapter.dump_python(instance, mode="json")


def test_a_schema_is_a_format_without_a_type() -> None:
    schema = {"title": "A list!", "type": "object"}
    found = format_of(schema)
    assert (found.given, found.name, found.description) == (schema, "A_list", "")
    assert json.loads(found.text) == schema
    assert not found.is_typed
    assert found.dumped({"a": 1}) == {"a": 1}


def test_a_name_is_cut_at_its_longest() -> None:
    long = type("A" * 80, (BaseModel,), {"__module__": __name__})
    assert format_of(list[long]).name == f"list_of_{'A' * 56}"  # type: ignore[valid-type]


# --- what is kept ------------------------------------------------------------------------------------------


def test_a_format_is_made_once() -> None:
    bounded = Annotated[int, Field(ge=1)]
    for kind in (Person, list[Person], Crowd, Mood, Person | Company, bounded, TypeAdapter(Point)):
        assert format_of(kind) is format_of(kind)
    assert format_of(list[Person]) is format_of(list[Person])


def test_annotations_without_a_hash_are_told_apart() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

    one, other = Annotated[int, Field(ge=1), Unhashable()], Annotated[int, Field(ge=2), Unhashable()]
    assert format_of(one) is format_of(one)
    assert json.loads(format_of(one).text)["minimum"] == 1
    assert json.loads(format_of(other).text)["minimum"] == 2


def test_equal_unions_keep_their_own_order() -> None:
    one, other = format_of(Person | Company), format_of(Company | Person)
    assert one.name == "Person_or_Company"
    assert other.name == "Company_or_Person"
    assert json.loads(one.text)["anyOf"] != json.loads(other.text)["anyOf"]


def test_a_rebuilt_model_has_its_new_schema_wherever_it_stands() -> None:
    class Choice(BaseModel):
        color: Literal["red"]

    kinds: list[Any] = [Choice, list[Choice], dataclasses.make_dataclass("Held", [("choice", Choice)])]
    assert all('"red"' in format_of(kind).text for kind in kinds)
    Choice.__pydantic_fields__["color"] = FieldInfo.from_annotation(Literal["blue"])  # type: ignore[arg-type]
    Choice.model_rebuild(force=True)
    for kind in kinds:
        assert '"blue"' in format_of(kind).text
        assert '"red"' not in format_of(kind).text
    assert format_of(list[Choice]).validated('[{"color": "blue"}]') == [Choice.model_construct(color="blue")]


def test_a_rebuilt_adapter_has_its_new_schema() -> None:
    class Choice(BaseModel):
        color: Literal["red"]

    adapter = TypeAdapter(list[Choice])
    assert '"red"' in format_of(adapter).text
    assert format_of(adapter).partial([{"color": "red"}])
    Choice.__pydantic_fields__["color"] = FieldInfo.from_annotation(Literal["blue"])  # type: ignore[arg-type]
    Choice.model_rebuild(force=True)
    adapter.rebuild(force=True)
    assert '"blue"' in format_of(adapter).text
    assert format_of(adapter).partial([{"color": "blue"}])[0].color == "blue"


# --- what is refused ---------------------------------------------------------------------------------------


class Endless(BaseModel):
    missing: Undefined  # type: ignore[name-defined]  # noqa: F821


class Deep(BaseModel):
    x: int = Field(validation_alias=AliasPath("a", 0))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (JANE, ["is an object: give its class, Person"]),
        (Point(1), ["is an object: give its class, Point"]),
        ("Person", ["'Person' is a text: give the class itself, not its name"]),
        (' {"type": "object"}', ["is the text of a JSON Schema: give json.loads of it"]),
        ([Person], ["is a list that holds a type: give list[Person]"]),
        ([list[Person]], ["give list[list[", "Person]]"]),
        ({Person}, ["is a set that holds a type: give list[Person]"]),
        ([Person, int], ["is no type but of type list"]),
        ((Person,), ["is a tuple that holds a type: give tuple[Person, ...]"]),
        (compile_request, ["is a function: functions that the model may call go into tools"]),
        (len, ["is a function"]),
        (5, ["5 is no type but of type int"]),
        ([1], ["[1] is no type but of type list"]),
        (T, ["~T is no type but of type TypeVar"]),
        ("x" * 100, [f"'{'x' * 58}… is a text"]),
        ("x" * 58, [f"'{'x' * 58}' is a text"]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_no_type_is_refused_by_name(given: Any, says: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        TextRequest(prompt="x", response_format=given)
    (error,) = caught.value.errors()
    assert error["loc"] == ("response_format",)
    for part in (*says, "allowed: a type (a Pydantic model, list[Model]", "or a JSON Schema as a dict"):
        assert part in error["msg"]


def test_an_object_that_cannot_be_shown_is_refused_too() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(ValidationError, match="<Shy> is no type but of type Shy"):
        TextRequest(prompt="x", response_format=Shy())  # type: ignore[arg-type]


class Plain:
    pass


class Unknown:
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        raise NameError("name 'Nowhere' is not defined")


@pytest.mark.parametrize(
    ("kind", "says", "hint"),
    [
        (Endless, "Endless has no JSON Schema: `Endless` is not fully defined", "model_rebuild()"),
        (list[Endless], "has no JSON Schema", "define the missing class first"),
        (list["Nowhere"], "has no JSON Schema", "define the missing class first"),  # type: ignore[name-defined]  # noqa: F821
        (Plain, "Plain has no JSON Schema: Unable to generate", "a dataclass or a TypedDict"),
        (Callable[[int], str], "has no JSON Schema", "that JSON can say"),
        (Deep, r"Deep.x is read from AliasPath\('a', 0\)", 'AliasChoices("x", AliasPath('),
        (Annotated[str, Field(pattern="(?=x)")], "has no JSON Schema", "another type"),
        (
            Unknown,
            "Unknown has no JSON Schema: name 'Nowhere' is not defined",
            "define the missing class first",
        ),
        (list[Deep], r"Deep.x is read from AliasPath\('a', 0\)", "validate_by_name=True"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_a_type_without_a_schema_is_refused_with_the_next_step(kind: Any, says: str, hint: str) -> None:
    with pytest.raises(UnsupportedError, match=says) as caught:
        compile_request(TextRequest(prompt="x", response_format=kind), model="gpt-4.1")
    assert caught.value.field == "response_format"
    assert hint in caught.value.hint
    assert "pydantic.dev" not in str(caught.value)


def _ends(schema: dict[str, Any]) -> None:
    raise LookupError(schema["type"])


class Written(BaseModel):
    x: int = Field(json_schema_extra=_ends)


class Unfit(BaseModel):
    x: int = Field(json_schema_extra={"about": object()})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Written, "Written has no JSON Schema: LookupError: integer"),
        (Unfit, "PydanticSerializationError: Unable to serialize unknown type"),
        (Annotated[int, WithJsonSchema({"$ref": "#/$defs/Nowhere"})], "KeyError: '#/\\$defs/Nowhere'"),
    ],
    ids=str,
)
def test_what_is_written_by_hand_in_a_type_ends_in_our_error(kind: Any, says: str) -> None:
    """It keeps the one that was raised."""
    with pytest.raises(UnsupportedError, match=says) as caught:
        format_of(kind)
    assert isinstance(caught.value.__cause__, Exception)


def test_a_type_that_takes_long_to_say_is_named_in_short() -> None:
    many = Literal[tuple(f"value {number}" for number in range(2000))]  # type: ignore[valid-type]
    with pytest.raises(UnsupportedError) as caught:
        format_of(Annotated[many, Field(json_schema_extra=_ends)])
    assert len(str(caught.value)) < 1_000


def test_a_default_for_which_json_has_no_word_is_filled_in_and_not_told() -> None:
    class Range(BaseModel):
        low: float = -math.inf
        high: float | None = math.nan
        default: int = 1

    told = json.loads(format_of(Range).text)["properties"]
    assert [name for name, said in told.items() if "default" in said] == ["default"]
    assert format_of(Range).validated("{}").low == -math.inf


def test_a_name_that_cannot_be_looked_up_is_refused_with_the_next_step() -> None:
    class Later(TypedDict):
        missing: Nowhere  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(UnsupportedError, match="has no JSON Schema") as caught:
        format_of(Later)
    assert "define the missing class first" in caught.value.hint


def test_a_path_beside_a_name_or_a_default_is_no_obstacle() -> None:
    class Named(BaseModel):
        x: int = Field(validation_alias=AliasChoices("x", AliasPath("a", 0)))

    class ByName(BaseModel):
        model_config = ConfigDict(populate_by_name=True)
        x: int = Field(validation_alias=AliasPath("a", 0))

    class Defaulted(BaseModel):
        x: int = Field(1, validation_alias=AliasPath("a", 0))

    class Short(BaseModel):
        x: int = Field(validation_alias=AliasPath("a"))

    class Checked(BaseModel):
        x: int = 1

        @model_validator(mode="after")
        def _same(self) -> Checked:
            return self

    for kind in (Named, ByName, Defaulted, Short, Checked, RootModel[Named]):
        assert format_of(kind).text


# --- validation --------------------------------------------------------------------------------------------


def test_validators_get_the_context() -> None:
    class Quote(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def _known(cls, text: str, info: ValidationInfo) -> str:
            assert info.context is not None
            if text not in info.context["source"]:
                raise ValueError("stands nowhere")
            return text

    for kind, given in ((Quote, '{"text": "a b"}'), (list[Quote], '[{"text": "a b"}]')):
        wanted = format_of(kind)
        assert wanted.validated(given, {"source": "x a b"})
        with pytest.raises(ValidationError, match="stands nowhere"):
            wanted.validated(given, {"source": ""})


def test_a_class_may_read_in_its_own_way() -> None:
    class Own(BaseModel):
        x: int

        @classmethod
        def model_validate_json(cls, json_data: Any, **options: Any) -> Any:
            return cls(x=super().model_validate_json(json_data, **options).x + 1)

    assert format_of(Own).validated('{"x": 1}') == Own(x=2)


def test_what_stands_in_a_schema_for_others_is_no_part_of_the_type() -> None:
    class Told(BaseModel):
        x: int = Field(json_schema_extra={"type": "model", "schema": {"type": "model"}})

    assert json.loads(format_of(Told).text)["properties"]["x"]["type"] == "model"


def test_a_copy_for_people_complains_of_nothing_and_can_be_read_back() -> None:
    class Held(BaseModel):
        inner: Json[list[int]]

    assert dumped(Person.model_construct(name=5)) == {"name": 5, "age": 0}
    assert dumped(Held(inner="[1]")) == {"inner": "[1]"}  # type: ignore[arg-type]
    assert dumped([Held(inner="[1]")]) == [{"inner": "[1]"}]  # type: ignore[arg-type]

    class Named(BaseModel):
        inner: int = Field(alias="theirs")

    assert dumped([Named(theirs=1)]) == [dumped(Named(theirs=1))] == [{"theirs": 1}]


def test_what_cannot_be_written_is_left_out() -> None:
    class Odd(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        x: Any = None

    assert dumped(Odd(x=object())) is None
    assert dumped([object()]) is None
    assert dumped([Odd(x=1), Pair(1, "a"), Mood.BAD, dt.date(2026, 1, 2)]) == [
        {"x": 1},
        [1, "a"],
        "bad",
        "2026-01-02",
    ]


class Tree(TypedDict):
    """A tree of them."""

    below: list[Tree]


def test_a_type_that_holds_itself_says_what_it_is() -> None:
    assert format_of(Tree).description == "A tree of them."


@pytest.mark.parametrize(
    ("given", "name"), [({"type": "object"}, "answer"), ({"title": "An order!"}, "An_order"), (int, "answer")]
)
def test_a_name_for_each_format(given: Any, name: str) -> None:
    assert format_of(given).name == name


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"type": "json_schema", "schema": {}}, 'response_format["schema"]'),
        ({"type": "json_schema", "json_schema": {}}, 'response_format["json_schema"]["schema"]'),
    ],
)
def test_what_is_around_a_schema_is_refused_with_the_place_of_the_schema(given: Any, place: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        compile_request(TextRequest(prompt="x", response_format=given), model="gpt-5.4")
    assert place in str(caught.value)
