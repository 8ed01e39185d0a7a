"""From the model's words to data in the caller's form, validated, or an error that says why not.

An answer is first read as it is. Only where that fails it is read tolerantly (``tolerant.py`` beside it), so
that tolerance never changes what an answer that fits means.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pydantic_core
from pydantic import ValidationError

from smartllm.compiler import Step
from smartllm.compiler.dialects.reading import json_of, unicode_json
from smartllm.compiler.formats import Format
from smartllm.compiler.schema.answers.restore import restored
from smartllm.compiler.schema.lower import plain
from smartllm.diagnostics import Diagnostic
from smartllm.rules.memo import Memo
from smartllm.runtime.structure.reading_notes import leaked, unchecked
from smartllm.runtime.structure.tolerant import Tolerated, tolerated
from smartllm.structure_errors import SchemaMismatchError, StructureError
from smartllm.unicode import is_unicode

if TYPE_CHECKING:
    from smartllm.runtime.structure.checked import Checker

_SHOWN: Final = 200
_CHECKERS: Final = Memo(results=64, characters=64 * 1024)


class Reading(NamedTuple):
    """A structured answer, read.

    Attributes:
        data: The caller's object.
        value: The JSON data in the caller's form that it was made from.
        notes: What was read tolerantly, or should be looked at.
    """

    data: Any
    value: Any
    notes: tuple[Diagnostic, ...] = ()


def read_answer(given: Sequence[Any], step: Step, wanted: Format, context: Any = None) -> Reading:
    """Read an answer; what comes back shares nothing with what was given.

    Args:
        given: The text of the answer, or the arguments of the calls that hold it.
        step: The step that asked for it.
        wanted: What it is to be.
        context: What validators get as ``info.context``.

    Raises:
        StructureError: The answer is not JSON; NaN and Infinity are not.
        SchemaMismatchError: It does not fit the schema, or there are several answers.
        pydantic.ValidationError: (a ``ValueError``) it does not fit the model, read tolerantly too.
    """
    try:
        return _validated(_one([_parsed(answer, step) for answer in given], step), step, wanted, context)
    except (StructureError, ValidationError) as error:
        strict = error
    found = _tolerantly(given, step, wanted, context)
    if isinstance(found, Reading):
        return found
    raise _clearer(strict, found)


def _parsed(given: Any, step: Step) -> Any:
    """An answer as data of its own, in the caller's form: callers that wait for one answer get it too.

    Raises:
        StructureError: It is not JSON, or says one thing twice.
    """
    assert step.output is not None
    assert step.output.lowered is not None
    try:
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        data = json_of(text)
        if "\\u" in text or not is_unicode(text):  # nowhere else can halves of pairs come from
            data = unicode_json(data)
        value, twice = restored(data, step.output.lowered, step.output.properties)
    except (ValueError, RecursionError):
        raise not_json(given, step) from None
    refuse_twice(twice, step)
    return value


def not_json(given: Any, step: Step) -> StructureError:
    """The error for an answer that is not JSON."""
    shown = given if isinstance(given, str) else repr(given)
    return StructureError(
        f"the structured answer is not JSON: {shown[:_SHOWN]!r}", model=step.model, status=200
    )


def refuse_twice(twice: Sequence[tuple[str, str]], step: Step) -> None:
    """Refuse a mapping that is told as pairs and holds a key twice.

    Raises:
        SchemaMismatchError: There is one.
    """
    for place, key in twice:
        raise SchemaMismatchError(
            f"the structured answer gives the key {key[:_SHOWN]!r} twice at {place or 'the root'}",
            model=step.model,
        )


def _one(found: list[Any], step: Step) -> Any:
    """The answer, where the model gave it in several calls: the same one again, or more items of a list.

    Raises:
        SchemaMismatchError: Each call says something else.
    """
    first, *others = found
    if all(other == first for other in others):
        return first
    if all(isinstance(one, list) for one in found):
        return [item for one in found for item in one]
    assert step.output is not None
    raise SchemaMismatchError(
        f"the model gave {len(found)} structured answers that differ, in calls of {step.output.name}; "
        "one was asked for",
        model=step.model,
        hint="ask for a list of them, or for one in the prompt",
    )


def _validated(value: Any, step: Step, wanted: Format, context: Any) -> Reading:
    """An answer by the rules of the caller's model, which are those for JSON, or of the schema.

    Raises:
        StructureError: It holds a number that JSON has no word for.
        SchemaMismatchError: It does not fit the schema.
        pydantic.ValidationError: It does not fit the model.
    """
    text = _text_of(value, step)
    notes = leaked(text, value)
    if wanted.is_typed:
        return Reading(wanted.validated(text, context), value, notes)
    try:
        place, problem, left, more = checker_of(wanted.text).verdict(value)
    except RecursionError:
        raise not_json(value, step) from None
    if problem:
        raise SchemaMismatchError(
            f"the structured answer does not fit the schema at {place}: {problem}",
            model=step.model,
            faults=((place, problem), *more),
        )
    return Reading(value, value, (*notes, *unchecked(left)))


def checker_of(schema: str) -> Checker:
    """What checks data against a schema of the caller, which is JSON; made once for equal ones."""
    found: Checker = _CHECKERS.of(_checker, schema)
    return found


def _checker(schema: str) -> Checker:
    # Loaded here: only callers with hand-written schemas need it.
    from smartllm.runtime.structure.checked import Checker  # noqa: PLC0415

    return Checker(plain(json.loads(schema)))


def _text_of(data: Any, step: Step) -> str:
    """Data as JSON.

    Raises:
        StructureError: A number is so large that it was read as infinite, which JSON has no word for.
    """
    try:
        text = pydantic_core.to_json(data, inf_nan_mode="constants").decode()
        if "Infinity" in text or "NaN" in text:
            json.dumps(data, allow_nan=False)
    except (ValueError, RecursionError):
        raise not_json(data, step) from None
    return text


def _tolerantly(
    given: Sequence[Any], step: Step, wanted: Format, context: Any
) -> Reading | StructureError | ValidationError | None:
    """The only reading of an answer, read tolerantly, that fits; else why the only one there is does not."""
    readings: list[Reading] = []
    errors: list[StructureError | ValidationError] = []
    candidates = _candidates(given, step)
    for value, notes in candidates:
        try:
            reading = _validated(value, step, wanted, context)
        except (StructureError, ValidationError) as error:
            errors.append(error)
        else:
            if all(reading.value != other.value for other in readings):
                readings.append(reading._replace(notes=(*notes, *reading.notes)))
    if len(readings) == 1:
        return readings[0]
    return errors[0] if len(candidates) == 1 else None


def _candidates(given: Sequence[Any], step: Step) -> list[tuple[Any, tuple[Diagnostic, ...]]]:
    """What an answer may mean; the values of several calls together are one thing."""
    assert step.output is not None
    assert step.output.lowered is not None
    try:
        read: list[list[Tolerated]] = [tolerated(one, step.output) for one in given]
        if len(read) == 1:
            return [(one.value, one.notes) for one in read[0] if not one.twice]
        if all(len(found) == 1 and not found[0].twice for found in read):
            together = _one([found[0].value for found in read], step)
            return [(together, tuple(note for found in read for note in found[0].notes))]
    except (StructureError, ValueError, RecursionError):
        pass
    return []


def _clearer(
    strict: StructureError | ValidationError, tolerant: StructureError | ValidationError | None
) -> StructureError | ValidationError:
    """The error that says more of what is wrong: what could be read otherwise is no fault of the answer."""
    if isinstance(tolerant, ValidationError):
        better = not isinstance(strict, ValidationError) or tolerant.error_count() < strict.error_count()
        return tolerant if better else strict
    if isinstance(tolerant, SchemaMismatchError) and not isinstance(strict, ValidationError):
        return tolerant
    return strict
