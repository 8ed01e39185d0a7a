"""The shape of a rules file: checked with pydantic, and as a JSON Schema for editors.

``models.schema.json`` is generated from here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, create_model
from pydantic_core import PydanticCustomError

from smartllm.errors import UnknownModelError
from smartllm.rules.id_text import check_id
from smartllm.rules.layer import builtin_layers
from smartllm.rules.meant import Wrong, explain
from smartllm.rules.positions import KeyPath
from smartllm.rules.vocabulary import Dialect, Facts
from smartllm.rules.vocabulary.host import HostBatch
from smartllm.rules.vocabulary.host_files import HostDefaults, HostTable
from smartllm.rules.vocabulary.sampling import Range
from smartllm.rules.vocabulary.server import ServerRow

Page = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+([/?#]\S*)?$")]
"""The address of a page; without a user and a password, which would be shown to everybody."""
PageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
ServerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Source = Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+([/?#]\S*)?|[a-z0-9][a-z0-9.-]*)$")]


Truth = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Day = Annotated[dt.date, Strict()]
_STRICT: Final[Mapping[Any, Any]] = {bool: Truth, int: Whole, float: Number, dt.date: Day}
"""Types that pydantic would make out of others: a text "false" is no boolean, and counts as true."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def table_of(kind: Any) -> type[BaseModel]:
    """The pydantic model of one table of the vocabulary."""
    hints = get_type_hints(kind, include_extras=True)
    content: dict[str, Any] = {}
    for one in fields(kind):
        default: Any = one.default if one.default_factory is MISSING else one.default_factory()
        if is_dataclass(default):
            default = _default(default)
        content[one.name] = (_checked(hints[one.name]), Field(default=default, **one.metadata))
    return create_model(kind.__name__, __base__=_Table, __doc__=kind.__doc__, **content)


def _default(table: Any) -> BaseModel:
    kind: Any = type(table)
    return table_of(kind)(**asdict(table))


def _checked(hint: Any) -> Any:
    """A type of the vocabulary as pydantic checks it."""
    if is_dataclass(hint):
        table: Any = hint
        return table_of(table)
    origin, inner = get_origin(hint), get_args(hint)
    if hint == Range:
        return Annotated[_checked(inner[0]), Field(**dict(inner[1:])), AfterValidator(_rising)]
    if origin is Annotated:
        return Annotated[_checked(inner[0]), Field(**dict(inner[1:]))]
    if origin in {Union, UnionType}:
        return Union[tuple(_checked(item) for item in inner)]  # noqa: UP007 - made at run time
    if origin in {tuple, dict}:
        return origin[tuple(item if item is ... else _checked(item) for item in inner)]
    return _STRICT.get(hint, hint)


def _rising(given: tuple[float, ...]) -> tuple[float, ...]:
    """A range of none, or from a lowest to a highest value."""
    if len(given) == 1 or [*given] != sorted(given):
        raise PydanticCustomError("range", "A range is [lowest, highest], or [] where nothing is accepted")
    return given


FactsTable = table_of(Facts)
"""Facts as a row may state them."""

KnownHost = Literal[tuple(builtin_layers()[0].data["host"])]  # type: ignore[valid-type]  # those of models.toml
"""A host that the shipped rules have a row for."""

OverlayHost = table_of(HostDefaults)


class FactEvidence(_Table):
    """The evidence for one fact of a row, or for a group of them."""

    verified: Day | None = Field(
        default=None, description="Day on which it was last checked; left out: the row's."
    )
    source: tuple[Source, ...] = Field(
        default=(), description="Pages that state it, by address or by name; left out: the row's."
    )
    disputed: str | None = Field(
        default=None, description="Where pages disagree: what each says, which was chosen, and why."
    )


class EngineRow(table_of(HostBatch)):  # type: ignore[misc]  # made from the vocabulary
    """A host's batch engine with the evidence for what is said of it."""

    verified: Day | None = Field(default=None, description="Day on which this was last checked.")
    source: tuple[Source, ...] = Field(default=(), description="Pages that state it, by address or by name.")
    evidence: dict[str, FactEvidence] = Field(
        default_factory=dict, description="Evidence for single numbers of it, by name."
    )


class ShippedHost(table_of(HostTable)):  # type: ignore[misc]  # same
    """What a shipped file says of a host."""

    batch: EngineRow | None = Field(default=None, description="Its batch engine; left out: none is known.")


class Evidence(FactsTable):  # type: ignore[misc, valid-type]  # made from the vocabulary
    """Facts with the evidence for them."""

    verified: Day | None = Field(default=None, description="Day on which these facts were last checked.")
    source: tuple[Source, ...] = Field(
        default=(),
        description="Pages, by address or by name, for all facts of this row that evidence does not name.",
    )
    evidence: dict[str, FactEvidence] = Field(
        default_factory=dict,
        description="Evidence for single facts of this row or for groups of them, by dotted path.",
    )
    quirk: str | None = Field(default=None, description="A note for people: conflicts, and what was chosen.")
    wire: dict[Dialect, FactsTable] = Field(  # type: ignore[valid-type]  # same
        default_factory=dict, description="What differs on one wire; merged over the rest."
    )


class ProfileRow(Evidence):
    """A named bundle of facts that were released together."""

    extends: str | None = Field(default=None, description="Profile whose facts these are differences to.")


class ModelRow(Evidence):
    """A listed model: a profile and what differs from it."""

    profile: str | None = Field(
        default=None, description="Profile that holds this model's facts; an overlay may leave it out."
    )


class VendorRow(_Table):
    """Who made the models."""

    host: KnownHost | None = Field(default=None, description="Host that is meant when the id does not tell.")  # type: ignore[valid-type]  # same
    families: tuple[str, ...] | None = Field(
        default=None, description="Family words; an id of one of them belongs to this vendor."
    )
    latest: str | None = Field(default=None, description="Profile that a newer, unlisted model inherits.")


class RetiredRow(_Table):
    """An id that is gone and has no row of facts."""

    vendor: str = Field(description="Vendor that served it.")
    shutdown: Day | None = Field(default=None, description="Day of its shutdown; left out: not known.")
    successor: str | None = Field(default=None, description="Listed model to move to.")
    verified: Day | None = Field(default=None, description="Day on which this was last checked.")
    source: tuple[Source, ...] = Field(default=(), description="Pages that state it, by address or by name.")


class ServerTable(table_of(ServerRow)):  # type: ignore[misc]  # made from the vocabulary
    """A server that speaks OpenAI's API, by name."""

    verified: Day | None = Field(default=None, description="Day on which this was last checked.")
    source: tuple[Source, ...] = Field(default=(), description="Pages that state it, by address or by name.")
    evidence: dict[str, FactEvidence] = Field(
        default_factory=dict, description="Evidence for single keys of it, by name."
    )


class QuotaRow(_Table):
    """What an account may use of a model; belongs into an overlay, as accounts differ."""

    requests_per_minute: Number | None = Field(
        default=None, ge=1, description="One at least; left out: no limit."
    )
    tokens_per_minute: Number | None = Field(
        default=None, ge=1, description="Input tokens and the output limit together; left out: no limit."
    )
    concurrency: Whole | None = Field(default=None, ge=1, description="Requests in flight.")


class OnHost(_Table):
    """What differs on one host."""

    profile: dict[str, Evidence] = Field(default_factory=dict)
    model: dict[str, Evidence] = Field(default_factory=dict)


class Document(_Table):
    """An overlay."""

    vendor: dict[str, VendorRow] = Field(default_factory=dict)
    host: dict[KnownHost, OverlayHost] = Field(default_factory=dict)  # type: ignore[valid-type]  # same
    profile: dict[str, ProfileRow] = Field(default_factory=dict)
    model: dict[str, str | ModelRow] = Field(default_factory=dict)
    on: dict[KnownHost, OnHost] = Field(default_factory=dict)  # type: ignore[valid-type]  # same
    alias: dict[str, str] = Field(default_factory=dict)
    retired: dict[str, RetiredRow] = Field(default_factory=dict)
    page: dict[PageName, Page] = Field(default_factory=dict)
    quota: dict[str, QuotaRow] = Field(default_factory=dict)
    server: dict[ServerName, ServerTable] = Field(default_factory=dict)


class ShippedDocument(Document):
    """A rules file that comes with SmartLLM: it says how hosts are called too."""

    host: dict[KnownHost, ShippedHost] = Field(default_factory=dict)  # type: ignore[valid-type]  # same


def json_schema() -> dict[str, Any]:
    """JSON Schema of a rules file, for editors."""
    schema = ShippedDocument.model_json_schema()
    return {
        "$comment": "Generated from smartllm/rules/shape.py by `smartllm schema`; do not edit.",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "models.schema.json",
    } | schema


def json_schema_text() -> str:
    """The text of ``models.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def shape_errors(data: Mapping[str, Any], *, overlay: bool = True) -> Iterator[tuple[KeyPath, str]]:
    """Each place where a rules document leaves the vocabulary: its key path and what is wrong."""
    document: type[Document] = Document if overlay else ShippedDocument
    try:
        document.model_validate(data)
    except ValidationError as error:
        found = [*_wrong(error)]
        ids = {one.path[:-1] for one in found if one.dotted}
        for one in found:
            if not one.dotted and any(one.path[: len(path)] == path for path in ids):
                continue  # said by the finding about the id's dot
            known = _keys_at(document, one.path[:-1]) if one.kind == "extra_forbidden" else ()
            yield one.path, explain(one, known)
    yield from _no_ids(data)


def _no_ids(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Rows of models under names that no call can say."""
    for table in ("model", "alias", "retired", "quota"):
        rows = data.get(table)
        for name in rows if isinstance(rows, dict) else ():
            try:
                check_id(name)
            except UnknownModelError as error:
                yield (table, name), f"{f'{table}.{name}'!r} is no id: {error.message}"


def _wrong(error: ValidationError) -> Iterator[Wrong]:
    for item in error.errors(include_url=False):
        path = tuple(str(part) for part in item["loc"])
        if path[-1:] == ("str",) and path[0] == "model":
            continue  # the other arm of "profile name or table" says it better
        path = tuple(part for part in path if part not in {"ModelRow", "[key]"})
        yield Wrong(path, item["type"], item["msg"], item["input"])


def _keys_at(document: type[BaseModel], path: KeyPath) -> list[str]:
    """Keys that the table at a path may hold."""
    node: Any = document
    for key in path:
        # Pydantic found an unknown key below this path, so every key of the path itself is known.
        inner = get_args(node)[1] if get_origin(node) is dict else node.model_fields[key].annotation
        node = next(filter(_is_table, (inner, *get_args(inner))))
    return sorted(node.model_fields)


def _is_table(annotation: Any) -> bool:
    return get_origin(annotation) is dict or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    )
