"""The error about an answer that does not fit the caller's type, which is pydantic's own error too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, to_json

from smartllm.structure_errors import StructureError

_SHOWN: Final = 2_000
_URL: Final = "    For further information visit "
_PLAIN: Final = {str, int, float, bool, type(None), Decimal, dt.date, dt.datetime, dt.time, dt.timedelta}


class ModelMismatchError(StructureError, ValidationError):
    """The answer is JSON, but does not fit the type that was given.

    It is pydantic's error: ``except pydantic.ValidationError`` catches it, and ``errors()``,
    ``error_count()``, ``json()`` and ``title`` tell what they tell there.

    Attributes:
        lines: What pydantic says, one entry a fault.
    """

    def __new__(
        cls,
        message: str = "",
        *made: Any,
        title: str = "",
        lines: Sequence[ErrorDetails] = (),
        **_: Any,
    ) -> Self:
        """Make pydantic's part of it; ``from_exception_data`` calls the class again, with ``made``."""
        if made:
            return ValidationError.__new__(cls, message, *made)
        return cls.from_exception_data(title, [_again(line) for line in lines], "json")

    def __init__(
        self,
        message: str = "",
        *made: Any,
        model: str = "",
        title: str = "",  # noqa: ARG002 - pydantic keeps it
        lines: Sequence[ErrorDetails] = (),
        **about: Any,
    ) -> None:
        if not made:
            super().__init__(message, model=model, **about)
            self.lines = list(lines)

    @classmethod
    def of(cls, error: ValidationError, *, model: str, **about: Any) -> Self:
        """Our error for pydantic's.

        Args:
            error: What validation raised.
            model: Model id that was called.
            **about: The other arguments of ``StructureError``.
        """
        return cls(_message(error), model=model, title=error.title, lines=error.errors(), **about)

    def errors(
        self, *, include_url: bool = True, include_context: bool = True, include_input: bool = True
    ) -> list[ErrorDetails]:
        """The faults, as pydantic tells them."""
        kept = {"url": include_url, "ctx": include_context, "input": include_input}
        return [
            {key: value for key, value in line.items() if kept.get(key, True)}  # type: ignore[misc]
            for line in self.lines
        ]

    def error_count(self) -> int:
        """How many there are."""
        return len(self.lines)

    def json(
        self,
        *,
        indent: int | None = None,
        include_url: bool = True,
        include_context: bool = True,
        include_input: bool = True,
    ) -> str:
        """``errors()`` as JSON text."""
        told = self.errors(
            include_url=include_url, include_context=include_context, include_input=include_input
        )
        return to_json(told, indent=indent, fallback=str, inf_nan_mode="strings").decode()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        _, _, state = super().__reduce__()
        lines = [_portable(line) for line in self.lines]
        return _copied, (type(self), self.args, self.title, lines), state | {"lines": lines}


def _copied(
    kind: type[ModelMismatchError], args: tuple[Any, ...], title: str, lines: Sequence[ErrorDetails]
) -> ModelMismatchError:
    error = kind.__new__(kind, title=title, lines=lines)
    error.args = args
    return error


def _again(line: ErrorDetails) -> InitErrorDetails:
    """A fault as pydantic takes it where it is raised inside of another validation."""
    said = PydanticCustomError(line["type"], line["msg"])  # without values nothing is filled in
    return {"type": said, "loc": line["loc"], "input": line.get("input")}


def _portable(line: ErrorDetails) -> ErrorDetails:
    """A fault that leaves its process; of what may not, such as exceptions of the caller's own, the text."""
    context: Mapping[str, Any] | None = line.get("ctx")
    if context is None:
        return line
    return {**line, "ctx": {key: value if _travels(value) else str(value) for key, value in context.items()}}


def _travels(value: Any) -> bool:
    if type(value) in {ValueError, AssertionError}:
        return all(type(argument) in _PLAIN for argument in value.args)
    return type(value) in _PLAIN


def _message(error: ValidationError) -> str:
    """What pydantic says, without its links, and not more than a person reads."""
    said = "\n".join(line for line in str(error).splitlines() if not line.startswith(_URL))
    rest = "\n… error.errors() has them all" if len(said) > _SHOWN else ""
    return f"the structured answer does not fit: {said[:_SHOWN]}{rest}"
