# ruff: noqa: PYI061 - a literal None is the point
"""Shapes by the types of their fields: containers, numbers, times, addresses, roots."""

from __future__ import annotations

import datetime as dt
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired
from uuid import UUID

from pydantic import (
    AnyUrl,
    AwareDatetime,
    BaseModel,
    Field,
    HttpUrl,
    NaiveDatetime,
    PositiveInt,
    RootModel,
    conlist,
)
from shape_cases import Shape, shape
from typing_extensions import TypedDict


class P(BaseModel):
    """Somebody."""

    name: str
    age: int


class Point(TypedDict):
    lat: float
    lon: NotRequired[float]


@dataclass
class Span:
    start: int
    end: int | None = field(default=None)


class Pair(NamedTuple):
    left: int
    right: str


class Records(BaseModel):
    point: Point
    span: Span
    pair: Pair
    points: list[Point] = []


class Mappings(BaseModel):
    defaults: defaultdict[str, list[int]]
    ordered: OrderedDict[str, int]
    counted: Counter[str]
    plain: Mapping[str, bool] = {}


class Keys(BaseModel):
    by_day: dict[dt.date, int]
    by_id: dict[UUID, str]
    by_word: dict[Literal["a", "b"], int]
    by_number: dict[int, list[str]] = {}


class Rows(BaseModel):
    many: Sequence[int]
    queue: deque[str]
    frozen: frozenset[str]
    some: conlist(int, min_length=2, max_length=4)
    mixed: tuple[int, str, bool]
    rest: tuple[float, ...] = ()


class Places(BaseModel):
    site: HttpUrl
    any_url: AnyUrl
    four: IPv4Address
    six: IPv6Address
    path: Path


class Amounts(BaseModel):
    count: PositiveInt
    price: Decimal = Field(max_digits=8, decimal_places=2)
    share: Annotated[float, Field(ge=0, le=1)]
    wave: complex


class Moments(BaseModel):
    aware: AwareDatetime
    naive: NaiveDatetime
    either: dt.date | dt.datetime
    span: dt.timedelta | None = None


class Tone(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


class Rate(Enum):
    HALF = 0.5
    FULL = 1.0


MIXED: Final = Literal["a", 1, True, None]


class Words(BaseModel):
    tone: Tone
    rank: Rank
    rate: Rate
    mixed: Literal["a", 1, None]
    yes: Literal[True]
    blank: Literal["", "null", "x"]
    tones: list[Tone] = []


class Matrix(RootModel[list[list[int]]]):
    pass


class Perhaps(RootModel[P | None]):
    pass


class Table(RootModel[dict[str, P]]):
    pass


class Number(RootModel[int]):
    pass


class Word(RootModel[Literal["yes", "no"]]):
    pass


class Roots(BaseModel):
    matrix: Matrix
    perhaps: Perhaps
    table: Table
    number: Number
    word: Word = Word("no")


class Loose(BaseModel):
    anything: Any
    thing: object
    mapping: dict  # type: ignore[type-arg]
    row: list  # type: ignore[type-arg]
    rows: list[dict[str, Any]] = []


class Strict(BaseModel, strict=True):
    at: dt.date
    moment: dt.datetime
    id: UUID
    tone: Tone
    tags: set[str]
    pair: tuple[int, str]
    price: Decimal
    maybe: dt.time | None = None


_AWARE: Final = dt.datetime(2026, 11, 26, 12, 30, tzinfo=dt.UTC)
_NAIVE: Final = dt.datetime(2026, 11, 26, 12, 30, 5)  # noqa: DTZ001 - the point
_ADA: Final = P(name="Ada", age=36)
_NO_TEXT: Final = "which texts are such a value"

SHAPES: Final[dict[str, Shape]] = {
    "records": shape(
        Records(point={"lat": 1.5}, span=Span(1), pair=Pair(1, "a")),
        Records(point={"lat": 1, "lon": 2}, span=Span(1, 2), pair=Pair(0, ""), points=[{"lat": 0.5}]),
    ),
    "mappings": shape(
        Mappings(
            defaults=defaultdict(list, {"a": [1]}), ordered=OrderedDict(z=1, a=2), counted=Counter("aab")
        ),
        Mappings(defaults=defaultdict(list), ordered=OrderedDict(), counted=Counter(), plain={"": True}),
        untold="that a count is a whole number",
    ),
    "keys": shape(
        Keys(by_day={dt.date(2026, 1, 2): 1}, by_id={UUID(int=7): "x"}, by_word={"a": 1}),
        Keys(by_day={}, by_id={}, by_word={}, by_number={-3: ["x"]}),
        untold="what a key is",
    ),
    "rows": shape(
        Rows(many=[1], queue=deque(["a", "b"]), frozen=frozenset({"x"}), some=[1, 2], mixed=(1, "", False)),
        Rows(many=[], queue=deque(), frozen=frozenset(), some=[1] * 4, mixed=(0, "é", True), rest=(0.5,)),
    ),
    "places": shape(
        Places(
            site="https://a.example/b", any_url="ftp://x.example/", four="10.0.0.1", six="::1", path="a/b"
        ),
        untold=_NO_TEXT,
    ),
    "amounts": shape(Amounts(count=1, price=Decimal("12.50"), share=0.5, wave=1 + 2j), untold=_NO_TEXT),
    "moments": shape(
        Moments(aware=_AWARE, naive=_NAIVE, either=dt.date(2026, 1, 2)),
        Moments(aware=_AWARE, naive=_NAIVE, either=_NAIVE, span=dt.timedelta(hours=1)),
        untold="whether a time has a zone",
    ),
    "words": shape(
        Words(tone=Tone.DARK, rank=Rank.HIGH, rate=Rate.HALF, mixed=None, yes=True, blank=""),
        Words(tone=Tone.LIGHT, rank=Rank.LOW, rate=Rate.FULL, mixed=1, yes=True, blank="null", tones=[*Tone]),
    ),
    "root_matrix": shape(Matrix([[1], []]), Matrix([])),
    "root_optional": shape(Perhaps(_ADA), Perhaps(None)),
    "root_table": shape(Table({"ada": _ADA}), Table({})),
    "root_number": shape(Number(5)),
    "root_word": shape(Word("yes")),
    "roots": shape(
        Roots(matrix=Matrix([[1]]), perhaps=Perhaps(None), table=Table({"a": _ADA}), number=Number(0)),
        Roots(matrix=Matrix([]), perhaps=Perhaps(_ADA), table=Table({}), number=Number(1), word=Word("yes")),
    ),
    "loose": shape(
        Loose(anything={"a": [None]}, thing="[1]", mapping={"x": 1}, row=[1, "a", None]),
        Loose(anything=None, thing=0.5, mapping={}, row=[], rows=[{"a": {"b": []}}]),
    ),
    "strict": shape(
        Strict(
            at=dt.date(2026, 1, 2),
            moment=_AWARE,
            id=UUID(int=1),
            tone=Tone.DARK,
            tags={"a"},
            pair=(1, "b"),
            price=Decimal("1.5"),
        ),
        untold=_NO_TEXT,
    ),
}
