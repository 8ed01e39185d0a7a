"""Pydantic models that say of a field that they do not have which one may be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from pydantic import BaseModel, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from smartllm.parameters.field import HIDDEN

if TYPE_CHECKING:
    from pydantic.functional_validators import ModelWrapValidatorHandler  # where every pydantic has it

_UNKNOWN: Final = frozenset({"extra_forbidden", "no_such_attribute"})
_SHOWN_WHOLE: Final = "missing"
"""Of a field that is missing pydantic shows all the others."""


class NamedFields(BaseModel):
    """A model whose mistakes name the field that was meant.

    What was given for an unknown field is not repeated: it may be a key, or headers that hold one.

    Attributes:
        says_unknown: Says what an unknown field may mean, given its name and the fields that there are.
    """

    says_unknown: ClassVar[Callable[[str, Iterable[str]], str]]

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            found = error.errors(include_url=False)
            if not any(_is_unknown(one) or _shows_all(one) for one in found):
                raise
            lines = [_line(one, cls) for one in found]
            raise ValidationError.from_exception_data(error.title, lines) from None


def _is_unknown(one: Any) -> bool:
    return one["type"] in _UNKNOWN and len(one["loc"]) == 1 and _known(one) is not None


def _shows_all(one: Any) -> bool:
    return one["type"] == _SHOWN_WHOLE and len(one["loc"]) == 1 and isinstance(one["input"], dict)


def _known(one: Any) -> PydanticKnownError | None:
    """An error as pydantic says it; None for what is said in our words."""
    try:
        known = PydanticKnownError(one["type"], one.get("ctx"))
    except (KeyError, TypeError):
        return None
    return known if known.message() == one["msg"] else None


def _line(one: Any, model: type[NamedFields]) -> InitErrorDetails:
    line: InitErrorDetails = {"type": one["type"], "loc": one["loc"], "input": one["input"]}
    if _is_unknown(one):
        name = str(one["loc"][0])
        line["type"] = _custom(one["type"], model.says_unknown(name, model.model_fields))
        line["input"] = HIDDEN
    elif _known(one) is None:
        line["type"] = _custom(one["type"], one["msg"])
    else:
        line["ctx"] = one.get("ctx", {})
    if _shows_all(one):
        line["input"] = dict.fromkeys(one["input"], HIDDEN)
    return line


def _custom(kind: Any, says: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{says}", {"says": says})
