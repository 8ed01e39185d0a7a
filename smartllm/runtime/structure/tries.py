"""Answers that were paid for and are not the last one: what is wrong with them, and what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from smartllm.compiler import Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.structure_errors import SchemaMismatchError, StructureError

_MOST: Final = 2_000
_LINE: Final = 300
_SHOWN: Final = 80


class Fault(NamedTuple):
    """One thing that is wrong with an answer.

    Attributes:
        place: Where, such as ``items.0.age``; empty for the whole answer.
        message: What, and what is allowed.
    """

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Try(NamedTuple):
    """An answer that did not fit.

    Attributes:
        answer: The answer.
        faults: What is wrong with it.
        repeated: The provider calls it malformed, so that the same call was made again; else the model was
            asked again, with the faults.
    """

    answer: Decoded
    faults: tuple[Fault, ...]
    repeated: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """What ``TextResponse.metadata`` has of it."""
        usage = self.answer.usage
        told: dict[str, Any] = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        told |= {"request_id": self.answer.request_id, "errors": [str(one) for one in self.faults]}
        return told | self._way

    @property
    def kept(self) -> dict[str, Any]:
        """What an entry of the cache keeps of it."""
        faults = [list(one) for one in self.faults]
        reply = {"reply": dict(self.answer.raw), "request_id": self.answer.request_id, "faults": faults}
        return reply | self._way

    @property
    def _way(self) -> dict[str, Any]:
        return {"repeated": True} if self.repeated else {}


def asked_again(tries: Sequence[Try]) -> tuple[Try, ...]:
    """Those after which the model was told what is wrong."""
    return tuple(one for one in tries if not one.repeated)


def faults_of(error: StructureError | ValidationError) -> tuple[Fault, ...]:
    """What an error says is wrong with an answer, in about 2,000 characters at most."""
    found: list[Fault] = []
    left = _MOST
    every = list(_faults(error))
    for one in every:
        left -= len(str(one))
        if left < 0:
            found.append(Fault("", f"and {len(every) - len(found)} more"))
            break
        found.append(one)
    return tuple(found)


def where(one: Try) -> str:
    """The first place that is wrong, without what stands there: this may be logged."""
    place = one.faults[0].place if one.faults else ""
    return f" at {place}" if place else ""


def tries_of(given: Any, step: Step) -> tuple[Try, ...]:
    """The tries that an entry of the cache has kept.

    Args:
        given: What it says of them; None where there were none.
        step: The step to which they are answers.

    Raises:
        ProviderError, LookupError, TypeError, ValueError: It is not what ``Try.kept`` gives.
    """
    return tuple(_try(one, step) for one in given or ())


def note_on(tries: Sequence[Try]) -> Iterator[Diagnostic]:
    """The diagnostics of answers that were asked for again."""
    asked = asked_again(tries)
    repeated = len(tries) - len(asked)
    if repeated:
        reason = (
            f"The call was made again {_times(repeated)}, since the provider could not read what the model "
            "wrote; those answers were paid for too."
        )
        yield _note("malformed-repeated", repeated, reason)
    if asked:
        reason = (
            f"The model was asked again {_times(len(asked))}, since an answer did not fit{where(asked[-1])}."
        )
        yield _note("asked-again", len(asked), reason)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _note(code: str, applied: int, reason: str) -> Diagnostic:
    derived = Origin("derived", "response")
    return Diagnostic(code, "info", "response", "noted", None, applied, reason, derived)


def _try(given: Mapping[str, Any], step: Step) -> Try:
    answer = DECODERS[step.dialect].decode(given["reply"], step.model, given["request_id"])
    faults = tuple(Fault(str(place), str(message)) for place, message in given["faults"])
    return Try(answer, faults, given.get("repeated") is True)


def _faults(error: StructureError | ValidationError) -> Iterator[Fault]:
    if isinstance(error, SchemaMismatchError) and error.faults:
        yield from (Fault(place[:_LINE], problem) for place, problem in error.faults)
        return
    if not isinstance(error, ValidationError):
        yield Fault("", error.message[:_LINE])
        return
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        yield Fault(place[:_LINE], f"{item['msg'][:_LINE]}{_value(item)}")


def _value(item: Mapping[str, Any]) -> str:
    """What stands there, where it is no list or object."""
    value = item["input"]
    if not isinstance(value, (str, int, float, type(None))):
        return ""
    shown = json.dumps(value, ensure_ascii=False)
    return f" (it is {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'})"
