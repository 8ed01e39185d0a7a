"""A shape that an answer can have, and answers of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True)
class Shape:
    """A response format with objects of it.

    Attributes:
        given: The model or type.
        examples: Objects of it.
        untold: What its JSON Schema does not tell, so that random data that fits the schema may be refused;
            empty where the schema tells all.
    """

    given: Any
    examples: tuple[Any, ...]
    untold: str = ""

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """What dumps and validates objects."""
        return TypeAdapter(self.given)

    def answers(self) -> list[tuple[Any, Any]]:
        """Each object, with the JSON data that it is made from: whole, and without what is default.

        What the type itself does not read back (a tag that is left out) is none.
        """
        found = [
            (
                each,
                self.adapter.dump_python(
                    each, mode="json", by_alias=True, exclude_unset=unset, round_trip=True
                ),
            )
            for each in self.examples
            for unset in (False, True)
        ]
        return [(each, data) for each, data in found if self._reads(data, each)]

    def _reads(self, data: Any, wanted: Any) -> bool:
        try:
            return bool(self.adapter.validate_json(json.dumps(data)) == wanted)
        except ValidationError:
            return False


def shape(*examples: Any, of: Any = None, untold: str = "") -> Shape:
    """A shape of a type, by default that of its first example."""
    return Shape(of if of is not None else type(examples[0]), examples, untold)
