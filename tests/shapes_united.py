"""Shapes with unions, discriminators, references and recursion."""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag
from shape_cases import Shape, shape
from typing_extensions import TypeAliasType, TypeVar

T = TypeVar("T")


class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: str


class Bank(BaseModel):
    kind: Literal["bank"] = "bank"
    iban: str
    note: str | None = None


PAY: Final = Annotated[Card | Bank, Field(discriminator="kind")]


class Pay(BaseModel):
    by: Annotated[Card | Bank, Field(discriminator="kind")]
    others: list[Annotated[Card | Bank, Field(discriminator="kind")]] = []
    maybe: Card | Bank | None = None


class Tagless(BaseModel):
    by: Card | Bank


def _size(value: Any) -> str:
    wide = value.get("wide") if isinstance(value, dict) else getattr(value, "wide", None)
    return "small" if wide is None else "large"


class Small(BaseModel):
    narrow: int


class Large(BaseModel):
    wide: int
    high: int = 0


class Chosen(BaseModel):
    one: Annotated[Annotated[Small, Tag("small")] | Annotated[Large, Tag("large")], Discriminator(_size)]


class Base(BaseModel):
    name: str


class More(Base):
    extra: int


class Overlapping(BaseModel):
    thing: More | Base
    number: int | float | str
    values: list[More | Base | str] = []


class Leaf(BaseModel, Generic[T]):
    value: T


class Pairs(BaseModel, Generic[T]):
    left: Leaf[T]
    right: Leaf[list[T]] | None = None


class Nest(BaseModel):
    whole: Pairs[int]
    text: Pairs[Leaf[str]]


Tree = TypeAliasType("Tree", "dict[str, Tree] | list[Tree] | int")


class Branches(BaseModel):
    tree: Tree


class Folder(BaseModel):
    name: str
    inside: dict[str, Folder] = {}


class Plus(BaseModel):
    op: Literal["plus"] = "plus"
    left: Term
    right: Term


class Const(BaseModel):
    op: Literal["const"] = "const"
    value: float


Term = Annotated[Plus | Const, Field(discriminator="op")]


class Formula(BaseModel):
    term: Term


class Containers(BaseModel):
    either: list[int] | dict[str, int]
    deep: list[list[str]] | list[str] = []
    maybe: list[Base] | dict[str, Base] | None = None


class KV(BaseModel):
    key: str
    value: int


class ByName(BaseModel):
    items: dict[str, int]


class ByRow(BaseModel):
    items: list[KV]


class Alike(BaseModel):
    holds: ByName | ByRow


class Linked(BaseModel):
    value: int
    next: Linked | None = None
    others: list[Linked] = []


class Person(BaseModel):
    name: str
    friend: Self | None = None


class Home(BaseModel):
    class Addr(BaseModel):
        street: str
        note: str = ""

    home: Addr | None = None
    homes: list[Addr | int] = []


class Either(BaseModel):
    u: str | dict[str, Any] | None = None


class Item(BaseModel):
    k: Literal["i"]
    v: int | str | None = None
    attrs: dict[str, str] = {}
    note: str = ""


class Grp(BaseModel):
    k: Literal["g"]
    items: list[Item] = []
    m: dict[str, int] = {}


class Sec(BaseModel):
    k: Literal["s"]
    parts: list[Grp | Item] = []


class Doc(BaseModel):
    secs: list[Sec | Grp] = []


for _model in (Plus, Formula, Folder, Linked, Person):
    _model.model_rebuild()

_CARD, _BANK = Card(number="1"), Bank(iban="DE", note="x")

SHAPES: Final[dict[str, Shape]] = {
    "pay": shape(Pay(by=_CARD), Pay(by=_BANK, others=[_CARD, _BANK], maybe=_BANK)),
    "tagless": shape(Tagless(by=_CARD), Tagless(by=_BANK)),
    "chosen": shape(Chosen(one=Small(narrow=1)), Chosen(one=Large(wide=2))),
    "overlapping": shape(
        Overlapping(thing=Base(name="a"), number=1),
        Overlapping(thing=More(name="a", extra=2), number=0.5, values=[Base(name=""), "x"]),
        Overlapping(thing=Base(name="b"), number="1"),
    ),
    "nest": shape(
        Nest(whole=Pairs[int](left=Leaf[int](value=1)), text=Pairs(left=Leaf(value=Leaf(value="a")))),
        Nest(
            whole=Pairs[int](left=Leaf[int](value=1), right=Leaf[list[int]](value=[1, 2])),
            text=Pairs(left=Leaf(value=Leaf(value="")), right=Leaf(value=[Leaf(value="b")])),
        ),
    ),
    "branches": shape(Branches(tree={"a": [1, {"b": {}}], "c": 2}), Branches(tree=[])),
    "folder": shape(Folder(name="/", inside={"usr": Folder(name="usr", inside={"": Folder(name="x")})})),
    "formula": shape(
        Formula(term=Const(value=1)),
        Formula(term=Plus(left=Const(value=1), right=Plus(left=Const(value=2), right=Const(value=0.5)))),
    ),
    "containers": shape(
        Containers(either=[1, 2]),
        Containers(either={"a": 1}, deep=[["x"]], maybe={"a": Base(name="b")}),
        Containers(either={}, deep=["x"], maybe=[Base(name="b")]),
    ),
    "alike": shape(
        Alike(holds=ByName(items={"a": 1, "b": 2})),
        Alike(holds=ByRow(items=[KV(key="a", value=1), KV(key="a", value=2)])),
    ),
    "linked": shape(
        Linked(value=1), Linked(value=1, next=Linked(value=2, next=Linked(value=3)), others=[Linked(value=4)])
    ),
    "friends": shape(Person(name="a"), Person(name="a", friend=Person(name="b"))),
    "home": shape(Home(), Home(home=Home.Addr(street="x"), homes=[1, Home.Addr(street="y", note="z")])),
    "either": shape(Either(), Either(u="5"), Either(u={"a": [1]})),
    "doc": shape(
        Doc(),
        Doc(
            secs=[
                Sec(k="s", parts=[Grp(k="g", items=[Item(k="i", v="1", attrs={"a": "b"})], m={"x": 1})]),
                Grp(k="g"),
                Sec(k="s", parts=[Item(k="i", v=1)]),
            ]
        ),
    ),
}
