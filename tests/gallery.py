# ruff: noqa: PLC2401, PYI061 - names beyond ASCII and a literal None are the point
"""Pydantic models of every shape that callers ask for, each with instances."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Final, Generic, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel, create_model
from typing_extensions import TypeVar

T = TypeVar("T")


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    city: str = Field(description="Town, not county")


class Simple(BaseModel):
    name: str
    age: int


class Nested(BaseModel):
    home: Address = Field(description="Main home")
    work: Address


class OptionalFields(BaseModel):
    required: str
    nullable: str | None
    both: int | None = None
    home: Address | None = None


class Defaults(BaseModel):
    count: int = 3
    label: str = "none"
    tags: list[str] = ["a"]
    home: Address = Address(street="1 Main St", city="Bath")


class Unions(BaseModel):
    value: int | str
    many: list[int | Address]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: dict[str, int]


class Discriminated(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    others: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []


class Literals(BaseModel):
    one: Literal["only"]
    some: Literal["a", "b"]
    mixed: Literal["a", 1, None]


class Enums(BaseModel):
    color: Color
    level: Level = Level.LOW
    favourite: Color = Field(default=Color.RED, description="Best colour")


class Dicts(BaseModel):
    counts: dict[str, int]
    people: dict[str, Simple] = {}
    by_color: dict[Color, float] = {}
    by_number: Annotated[dict[int, str], Field(min_length=1, max_length=3)] = {1: "a"}


class PatternKeys(BaseModel):
    codes: dict[Annotated[str, Field(pattern="^[a-z]+$")], int]


class ListOfModels(BaseModel):
    people: list[Simple] = Field(min_length=1, max_length=5)


class Numbers(BaseModel):
    age: int = Field(ge=0, le=150)
    ratio: float = Field(gt=0, lt=1)
    even: int = Field(multiple_of=2)


class Strings(BaseModel):
    code: str = Field(pattern=r"^[A-Z]{3}$")
    short: str = Field(min_length=1, max_length=5)
    guarded: str = Field(json_schema_extra={"pattern": "^(?!x)"})


class Times(BaseModel):
    at: dt.datetime
    day: dt.date
    clock: dt.time
    span: dt.timedelta


class Ids(BaseModel):
    key: UUID
    price: Decimal
    amount: Decimal = Field(ge=0, decimal_places=2)


class Tree(BaseModel):
    name: str
    parent: Tree | None = None
    children: list[Tree] = Field(default=[], description="Below this one")


class Ping(BaseModel):
    pong: Pong | None


class Pong(BaseModel):
    ping: Ping | None = Field(description="And back")


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    slash: int = Field(alias="a/b~c")
    maybe: int = Field(default=1, alias="$ref")


class Names(RootModel[list[str]]):
    pass


class Scores(RootModel[dict[str, int]]):
    pass


class Choice(RootModel[Cat | Dog]):
    pass


class Box(BaseModel, Generic[T]):
    content: T
    spare: T | None = None


Wide = create_model("Wide", **{f"field_{number}": (int, ...) for number in range(200)})  # type: ignore[call-overload]


class Größe(BaseModel):
    höhe: float
    名前: str
    größte: Größenart | None = None


class Größenart(BaseModel):
    art: Literal["groß", "klein"]


class Tuples(BaseModel):
    pair: tuple[int, str]
    point: tuple[float, float] = (0.0, 0.0)
    many: tuple[int, ...] = ()
    lookup: tuple[dict[str, int], Address | None]


class Sets(BaseModel):
    tags: set[str]
    frozen: frozenset[int] = frozenset()


class FreeForm(BaseModel):
    anything: Any
    maybe: Any = 5
    settings: dict[str, Any]
    optional: dict[str, Any] | None = None
    rows: list[Any] = []
    json_: JsonValue = Field(alias="json", description="As it came")
    either: str | dict[str, Any] = "x"


class Deep(BaseModel):
    class One(BaseModel):
        class Two(BaseModel):
            class Three(BaseModel):
                class Four(BaseModel):
                    leaves: list[list[int]]

                four: Four

            three: list[Three]

        two: dict[str, Two]

    one: One


class Empty(BaseModel):
    pass


class HoldsEmpty(BaseModel):
    nothing: Empty
    maybe: Empty | None = None


class Blob(BaseModel):
    data: bytes
    flag: bool
    nothing: None = None


class DictOfLists(BaseModel):
    table: dict[str, list[dict[str, list[Simple]]]]


class Animal(BaseModel):
    name: str


class Bird(Animal):
    model_config = ConfigDict(extra="forbid", title="A bird")

    wings: Literal[2] = 2
    can_fly: bool = True


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    known: int


class Noted(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"mail": "a@b.c"}]})

    mail: str = Field(json_schema_extra={"format": "email"}, examples=["a@b.c"], deprecated=False)
    site: str = Field(json_schema_extra={"format": "uri", "readOnly": True}, title="Home page")


class Expression(BaseModel):
    op: Literal["+", "-"]
    left: Expression | int
    right: Expression | int


class Json(RootModel["dict[str, Json] | list[Json] | str | int | None"]):
    pass


class ManyOptional(BaseModel):
    values: list[Optionals25]


Optionals25 = create_model("Optionals25", **{f"o{number}": (int, 0) for number in range(25)})  # type: ignore[call-overload]
ManyUnions = create_model("ManyUnions", **{f"u{number}": (int | str, ...) for number in range(17)})  # type: ignore[call-overload]

for _model in (Ping, Größe, ManyOptional):
    _model.model_rebuild()

_RECURSION: Final = "take no recursion"


@dataclass(frozen=True)
class Case:
    """A model, instances of it, and the subsets that refuse it with the text of the refusal."""

    model: type[BaseModel]
    examples: tuple[BaseModel, ...]
    refused: dict[str, str] = field(default_factory=dict)


def _case(*examples: BaseModel, model: type[BaseModel] | None = None, **refused: str) -> Case:
    return Case(model or type(examples[0]), examples, {k.replace("_", "-"): v for k, v in refused.items()})


_ADA = Simple(name="Ada Löve", age=36)
_HOME = Address(street="2 High St", city="Löwen")
_CAT, _DOG = Cat(kind="cat", lives=8), Dog(kind="dog", tricks={"roll": 2, "": 0})

GALLERY: Final[dict[str, Case]] = {
    "simple": _case(_ADA),
    "nested": _case(Nested(home=_HOME, work=_HOME)),
    "optional": _case(
        OptionalFields(required="a", nullable=None),
        OptionalFields(required="a", nullable="b", both=1, home=_HOME),
    ),
    "defaults": _case(Defaults(), Defaults(count=1, label="x", tags=[], home=_HOME)),
    "unions": _case(Unions(value=1, many=[1, _HOME]), Unions(value="1", many=[])),
    "discriminated": _case(Discriminated(pet=_CAT), Discriminated(pet=_DOG, others=[_CAT, _DOG])),
    "literals": _case(Literals(one="only", some="b", mixed=1), Literals(one="only", some="a", mixed=None)),
    "enums": _case(Enums(color=Color.RED), Enums(color=Color.GREEN, level=Level.HIGH, favourite=Color.GREEN)),
    "dicts": _case(
        Dicts(counts={}),
        Dicts(counts={"a": 1, "b/c": 2}, people={"ada": _ADA}, by_color={Color.RED: 0.5}, by_number={7: "x"}),
    ),
    "pattern_keys": _case(PatternKeys(codes={"abc": 1})),
    "list_of_models": _case(ListOfModels(people=[_ADA, _ADA])),
    "numbers": _case(Numbers(age=0, ratio=0.5, even=4)),
    "strings": _case(Strings(code="ABC", short="é", guarded="free")),
    "times": _case(
        Times(
            at=dt.datetime(2026, 11, 23, 12, 30, tzinfo=dt.UTC),
            day=dt.date(2026, 11, 23),
            clock=dt.time(12, 30, 5),
            span=dt.timedelta(days=1, seconds=5),
        )
    ),
    "ids": _case(Ids(key=UUID(int=5), price=Decimal("1.50"), amount=Decimal("0.25"))),
    "recursive": _case(
        Tree(name="root", children=[Tree(name="a", parent=Tree(name="b"))]), claude_native=_RECURSION
    ),
    "mutual": _case(Ping(pong=Pong(ping=Ping(pong=None))), claude_native="Ping -> Pong -> Ping"),
    "aliases": _case(Aliased(from_="x", slash=1), Aliased(from_="", slash=2, maybe=3)),
    "root_list": _case(Names(["a", "b"]), Names([])),
    "root_dict": _case(Scores({"a": 1}), Scores({})),
    "root_union": _case(Choice(_CAT), Choice(_DOG)),
    "generic": _case(Box[int](content=1), Box[int](content=2, spare=3)),
    "generic_model": _case(Box[list[Simple]](content=[_ADA]), Box[list[Simple]](content=[], spare=[_ADA])),
    "wide": _case(Wide(**{f"field_{number}": number for number in range(200)})),
    "unicode": _case(Größe(höhe=1.5, 名前="値"), Größe(höhe=0, 名前="", größte=Größenart(art="groß"))),
    "tuples": _case(
        Tuples(pair=(1, "a"), lookup=({"x": 1}, None)),
        Tuples(pair=(1, "a"), point=(1.5, 2.0), many=(1, 2), lookup=({}, _HOME)),
    ),
    "sets": _case(Sets(tags={"a"}, frozen=frozenset({1, 2})), Sets(tags=set())),
    "free_form": _case(
        FreeForm(anything=None, settings={}, json={"a": [1, None]}),
        FreeForm(
            anything="text",
            maybe=[1],
            settings={"a": {"b": 1}},
            optional={"c": 2},
            rows=[1, "2", None],
            json="5",
            either={"k": "v"},
        ),
    ),
    "deep": _case(
        Deep(one=Deep.One(two={"k": Deep.One.Two(three=[Deep.One.Two.Three(four={"leaves": [[1], []]})])}))
    ),
    "empty": _case(Empty()),
    "holds_empty": _case(HoldsEmpty(nothing=Empty()), HoldsEmpty(nothing=Empty(), maybe=Empty())),
    "blob": _case(Blob(data=b"abc", flag=True)),
    "dict_of_lists": _case(DictOfLists(table={"a": [{"b": [_ADA]}, {}], "c": []})),
    "inherited": _case(Bird(name="Tit"), Bird(name="Emu", can_fly=False)),
    "open": _case(Open(known=1)),
    "noted": _case(Noted(mail="a@b.de", site="https://b.de")),
    "expression": _case(
        Expression(op="+", left=1, right=Expression(op="-", left=2, right=3)), claude_native=_RECURSION
    ),
    "json": _case(Json({"a": [1, "x", None, {"b": {}}]}), Json(None), Json([1])),
    "many_optional": _case(ManyOptional(values=[Optionals25(o3=1)])),
    "many_unions": _case(ManyUnions(**{f"u{number}": number for number in range(17)})),
}
