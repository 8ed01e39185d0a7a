# ruff: noqa: PLC2401 - names beyond ASCII are the point
"""Shapes by the names of their fields, by how they are configured and by what stands beside a field."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid5

from pydantic import (
    AliasChoices,
    AliasGenerator,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    WithJsonSchema,
    computed_field,
    create_model,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from shape_cases import Shape, shape


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_camel), populate_by_name=True)

    first_name: str
    home_town: str = "Bath"


class Choices(BaseModel):
    name: str = Field(validation_alias=AliasChoices("name", "fullName"))
    mail: str = Field("", validation_alias=AliasChoices("mail", "eMail"))


class Paths(BaseModel):
    first: str = Field(validation_alias=AliasPath("names", 0))


class German(BaseModel):
    straße: str
    größe: float = 0.0
    betrag: float = Field(alias="Betrag (€)")
    anschrift: Anschrift | None = None


class Anschrift(BaseModel):
    straße: str = Field(alias="Straße und Hausnummer")
    ort: str = ""


class Japanese(BaseModel):
    名前: str
    住所: list[str] = []


class Odd(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    type_: str = Field(alias="@type")
    filter_: int = Field(alias="filter[id]")
    long: str = Field(alias="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
    blank: str = Field("", alias="")
    dotted: int = Field(0, alias="a.b-c")
    alike: int = Field(0, alias="filter_id_")


class Reserved(BaseModel):
    ref: str = Field(alias="$ref")
    any_of: int = Field(alias="anyOf")
    items: list[int]
    properties: dict[str, int]
    defs: bool = Field(default=False, alias="$defs")


class Keywords(BaseModel):
    title: str
    default: int
    type: str
    required: bool
    enum: list[str]
    format: str
    const: str
    value: int
    key: str


class _First:
    class Part(BaseModel):
        a: int


class _Second:
    class Part(BaseModel):
        b: str


class SameName(BaseModel):
    one: _First.Part
    two: _Second.Part
    three: _First.Part | _Second.Part | None = None


class Shade(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class Values(BaseModel):
    model_config = ConfigDict(use_enum_values=True, frozen=True)

    shade: Shade
    shades: list[Shade] = []


class Computed(BaseModel):
    wide: int
    high: int = 1

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        return self.wide * self.high


class Cleaned(BaseModel):
    name: Annotated[str, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)]
    tags: Annotated[list[str], BeforeValidator(lambda value: value or [])] = []


class Made(BaseModel):
    id: UUID = Field(default_factory=lambda: uuid5(UUID(int=0), "x"))
    tags: list[str] = Field(default_factory=list)
    options: dict[str, int] = Field(default_factory=dict)


class Nullable(BaseModel):
    name: str | None
    number: int | None
    rows: list[int] | None
    more: dict[str, int] | None
    nothing: None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    known: int
    inner: Closed


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int


class Skipped(BaseModel):
    shown: int
    hidden: SkipJsonSchema[int | None] = Field(None, exclude=True)
    free: Annotated[Any, SkipValidation, WithJsonSchema({"type": "string", "maxLength": 9})]
    maybe: str | SkipJsonSchema[None] = None


class Held(BaseModel):
    """Text that holds JSON."""

    code: str
    rows: list[str]
    word: Literal["null", "{}", "[1]"] = "null"


class Part(BaseModel):
    """A part."""

    a: int
    note: str = Field("", description="A remark")


class Group(BaseModel):
    one: Part = Field(description="The first")
    two: Part = Field(description="The second")
    more: list[Part] = Field([], description="The others")
    maybe: Part | None = Field(None, description="One more")


class Described(BaseModel):
    left: Group = Field(description="To the left")
    right: Group = Field(description="To the right")


class Patterns(BaseModel):
    word: str = Field("foo", pattern=r"\bfoo\b")
    letters: str = Field("x", pattern=r"^\p{L}+$")
    code: str | None = Field(None, pattern=r"^[A-Z]{1,5000}$")


Optional40 = create_model("Optional40", **{f"o{number}": (int | None, None) for number in range(40)})  # type: ignore[call-overload]

for _model in (German, Open):
    _model.model_rebuild()

SHAPES: Final[dict[str, Shape]] = {
    "camel": shape(Camel(first_name="Ada"), Camel(first_name="", home_town="Löwen")),
    "choices": shape(Choices(name="Ada"), Choices(name="", mail="a@b.de")),
    "german": shape(
        German(**{"straße": "x", "Betrag (€)": 1.5}),
        German(
            straße="",
            größe=1,
            anschrift=Anschrift(**{"Straße und Hausnummer": "Gasse 1"}),
            **{"Betrag (€)": 0},
        ),
    ),
    "japanese": shape(Japanese(名前="値"), Japanese(名前="", 住所=["東京"])),
    "odd": shape(
        Odd(type_="a", filter_=1, long="y"), Odd(type_="", filter_=0, long="", blank="b", dotted=1, alike=5)
    ),
    "reserved": shape(Reserved(**{"$ref": "x", "anyOf": 1, "items": [1], "properties": {"items": 1}})),
    "keywords": shape(
        Keywords(
            title="t",
            default=1,
            type="string",
            required=True,
            enum=["a"],
            format="date",
            const="c",
            value=2,
            key="k",
        )
    ),
    "same_name": shape(
        SameName(one=_First.Part(a=1), two=_Second.Part(b="x")),
        SameName(one=_First.Part(a=1), two=_Second.Part(b=""), three=_Second.Part(b="y")),
    ),
    "values": shape(Values(shade=Shade.DARK), Values(shade=Shade.LIGHT, shades=[Shade.DARK])),
    "computed": shape(Computed(wide=2), Computed(wide=2, high=3)),
    "cleaned": shape(Cleaned(name="Ada"), Cleaned(name="x", tags=["a"])),
    "made": shape(Made(), Made(id=UUID(int=3), tags=["a"], options={"b": 1})),
    "nullable": shape(
        Nullable(name=None, number=None, rows=None, more=None, nothing=None),
        Nullable(name="null", number=0, rows=[], more={"a": 1}, nothing=None),
    ),
    "open": shape(Open(known=1, inner=Closed(a=2))),
    "skipped": shape(Skipped(shown=1, free="x"), Skipped(shown=1, free="", maybe="y")),
    "held": shape(Held(code='{"a": [1]}', rows=["[1]", "null", ""]), Held(code="null", rows=[], word="[1]")),
    "described": shape(
        Described(
            left=Group(one=Part(a=1), two=Part(a=2, note="n")),
            right=Group(one=Part(a=1), two=Part(a=2), more=[Part(a=3)], maybe=Part(a=4)),
        )
    ),
    "patterns": shape(Patterns(), Patterns(word="a foo", letters="Jörg", code="ABC"), untold="a pattern"),
    "optional_40": shape(Optional40(), Optional40(o1=1, o39=0)),
}
UNREADABLE: Final = shape(Paths(names=["a"]))
"""Its schema does not say what is read: pydantic writes the field's own name."""
