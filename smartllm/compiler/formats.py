"""What an answer is asked to be: a type of the caller's or a JSON Schema, as one kind of value."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaValidator, to_json, to_jsonable_python

from smartllm.compiler.json_mode import ANY_OBJECT, is_json_mode
from smartllm.compiler.schema.source import schema_name, schema_text
from smartllm.compiler.schema.typed import (
    adapter_of,
    check_paths,
    schemas_within,
    type_description,
    typed_schema,
)
from smartllm.format_types import is_type
from smartllm.rules.memo import MISSING, Memo

_KNOWN: Final = Memo(results=64, characters=64 * 1024)
_BUILT: Final = "__pydantic_validator__"


@dataclass(frozen=True, slots=True)
class Format:
    """A response format.

    Attributes:
        given: What the caller gave; the schema of any object where that is JSON mode.
        name: Its name on the wire.
        text: Its JSON Schema, as JSON.
        description: What it says about itself, or an empty text.
        adapter: Reads answers; None for a JSON Schema.
        built: What it is made of, with what Pydantic built of that, and under which name it stands there.
    """

    given: Any
    name: str
    text: str
    description: str
    adapter: TypeAdapter[Any] | None = None
    built: tuple[tuple[Any, str, Any], ...] = field(default=(), repr=False)
    _partial: list[SchemaValidator] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def is_typed(self) -> bool:
        """Whether data becomes an object of the caller's type; else it is JSON data that fits the schema."""
        return self.adapter is not None

    @property
    def is_current(self) -> bool:
        """Whether nothing of it was rebuilt."""
        return all(vars(owner).get(name) is validator for owner, name, validator in self.built)

    def validated(self, text: str, context: Any = None) -> Any:
        """The caller's object, from JSON, by the rules for JSON.

        Args:
            text: JSON in the caller's form.
            context: What validators get as ``info.context``.

        Raises:
            pydantic.ValidationError: (a ``ValueError``) the data does not fit.
        """
        if isinstance(self.given, type) and issubclass(self.given, BaseModel):
            return self.given.model_validate_json(text, context=context)  # a class may have its own way
        assert self.adapter is not None
        return self.adapter.validate_json(text, context=context)

    def partial(self, data: Any, context: Any = None) -> Any:
        """The caller's object as far as its answer has come; None where nothing of it can be told yet.

        What has not come is the field's default, or None; what does not fit yet is left out. Validators of
        fields are asked, and what they refuse is left out too; those of whole objects are not.

        Args:
            data: JSON data in the caller's form, which may break off anywhere.
            context: What validators get as ``info.context``.
        """
        if self.adapter is None:
            return data
        # Loaded here: only streams need it.
        from smartllm.compiler.schema.partial import partial_validator  # noqa: PLC0415

        try:
            if not self._partial:
                self._partial.append(partial_validator(self.adapter))
            return self._partial[0].validate_json(to_json(data), context=context)
        except Exception:  # noqa: BLE001 - the whole answer will tell what is wrong
            return None

    def dumped(self, data: Any) -> Any:
        """As ``dumped``: JSON data of what ``validated`` gave."""
        return dumped(data)


def dumped(data: Any) -> Any:
    """JSON data of structured data, for people; None for what cannot be written.

    Args:
        data: An object of a caller's type, or JSON data.
    """
    try:
        if isinstance(data, BaseModel):
            return data.model_dump(mode="json", by_alias=True, round_trip=True, warnings=False)
        return to_jsonable_python(data, by_alias=True, round_trip=True)
    except Exception:  # noqa: BLE001 - serializers are the caller's code, and this copy is for people only
        return None


def format_of(response_format: Any) -> Format:
    """A response format as one value; that of a type is kept until one of its classes is rebuilt.

    Raises:
        UnsupportedError: It has no JSON Schema, or is none.
    """
    if is_json_mode(response_format):
        response_format = dict(ANY_OBJECT)
    if not is_type(response_format):
        return Format(response_format, schema_name(response_format), schema_text(response_format), "")
    key = _key(response_format)
    found = _KNOWN.find(key)
    if found is MISSING or not found.is_current:
        found = _typed(response_format)
        _KNOWN.keep(key, found)
    known: Format = found
    return known


def _key(given: Any) -> tuple[Hashable, ...]:
    """Equal types are one, but unions that are equal may be in another order; some have no hash."""
    try:
        hash(given)
    except TypeError:  # annotations of values that have none; what is kept keeps them, so ids stay their own
        return (id(given),)
    return (given,) if isinstance(given, type | TypeAdapter) else (given, repr(given))


def _typed(given: Any) -> Format:
    adapter = adapter_of(given)
    schema = typed_schema(given, adapter)
    check_paths(adapter.core_schema)
    owners: list[tuple[Any, str]] = [(adapter, "validator")] if adapter is given else []
    kinds = {one["cls"] for one in schemas_within(adapter.core_schema) if isinstance(one.get("cls"), type)}
    owners += [(kind, _BUILT) for kind in kinds]
    return Format(
        given,
        schema_name(given),
        json.dumps(schema),
        type_description(given, schema),
        adapter,
        tuple((owner, name, vars(owner)[name]) for owner, name in owners if name in vars(owner)),
    )
