"""The shape of a rules file: checked with pydantic, and as a JSON Schema for editors.

``models.schema.json`` is generated from here.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from smartllm.rules.layer import builtin_layers
from smartllm.rules.positions import KeyPath
from smartllm.rules.vocabulary import Dialect, Facts
from smartllm.rules.vocabulary.host_files import HostDefaults, HostTable
from smartllm.rules.vocabulary.wire import RENAMED

Page = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]


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
    if origin is Annotated:
        return Annotated[_checked(inner[0]), Field(**dict(inner[1:]))]
    if origin in {Union, UnionType}:
        return Union[tuple(_checked(item) for item in inner)]  # noqa: UP007 - made at run time
    if origin in {tuple, dict}:
        return origin[tuple(item if item is ... else _checked(item) for item in inner)]
    return hint


FactsTable = table_of(Facts)
"""Facts as a row may state them."""

KnownHost = Literal[tuple(builtin_layers()[0].data["host"])]  # type: ignore[valid-type]  # those of the table
"""A host that the shipped rules have a row for."""

OverlayHost = table_of(HostDefaults)
ShippedHost = table_of(HostTable)


class Evidence(FactsTable):  # type: ignore[misc, valid-type]  # made from the vocabulary
    """Facts with the evidence for them."""

    verified: dt.date | None = Field(default=None, description="Day on which these facts were last checked.")
    source: tuple[Page, ...] = Field(default=(), description="Pages that state these facts.")
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


class QuotaRow(_Table):
    """What an account may use of a model; belongs into an overlay, as accounts differ."""

    requests_per_minute: float | None = Field(default=None, gt=0, description="Null is no limit.")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="Input tokens and the output limit together; null is no limit."
    )
    concurrency: int | None = Field(default=None, ge=1, description="Requests in flight.")


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
    quota: dict[str, QuotaRow] = Field(default_factory=dict)


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
    try:
        (Document if overlay else ShippedDocument).model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            path = tuple(str(part) for part in item["loc"])
            if path[-1:] == ("str",) and path[0] == "model":
                continue  # the other arm of "profile name or table" says it better
            path = tuple(part for part in path if part not in {"ModelRow", "[key]"})
            yield path, _explain(path, item["type"], item["msg"], item["input"])


def _explain(path: KeyPath, kind: str, message: str, value: Any) -> str:
    dotted = ".".join(path)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _keys_at(path[:-1]), n=1)
        suggestion = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown key {dotted!r}{suggestion}"
    for word in (value, path[-1]):
        if isinstance(word, str) and word in RENAMED:
            return f"{dotted!r}: {word!r} is called {RENAMED[word]!r} now"
    return f"{dotted!r} = {value!r}: {message[0].lower()}{message[1:]}"


def _keys_at(path: KeyPath) -> list[str]:
    """Keys that the table at a path may hold."""
    node: Any = Document
    for key in path:
        # Pydantic found an unknown key below this path, so every key of the path itself is known.
        inner = get_args(node)[1] if get_origin(node) is dict else node.model_fields[key].annotation
        node = next(filter(_is_table, (inner, *get_args(inner))))
    return sorted(node.model_fields)


def _is_table(annotation: Any) -> bool:
    return get_origin(annotation) is dict or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    )
