"""Data against the caller's JSON Schema, in time that no answer and no pattern can stretch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any, Final, NamedTuple

import referencing
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as Misfit
from jsonschema.validators import extend, validator_for

from smartllm.runtime.structure.patterns import Unsearchable, searches

Schema = Mapping[str, Any]
Keyword = Callable[[Any, Any, Any, Schema], Iterator[Misfit] | None]
_SHOWN: Final = 200
_DEEPEST: Final = 32
_MOST: Final = 20
"""Faults that are told of."""


class Verdict(NamedTuple):
    """What a check found.

    Attributes:
        place: Where the data does not fit: names and numbers joined by ``/``.
        problem: What is wrong there; empty where the data fits.
        unchecked: What could not be checked, in words.
        more: Further places where it does not fit, and what is wrong there.
    """

    place: str = ""
    problem: str = ""
    unchecked: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Check:
    fitting: dict[tuple[int, int], bool] = field(default_factory=dict)
    referred: dict[tuple[int, str], list[Misfit]] = field(default_factory=dict)
    unchecked: dict[str, None] = field(default_factory=dict)

    def found(self, pattern: str, text: str, *, unknown: bool) -> bool:
        try:
            return searches(pattern, text)
        except Unsearchable:
            self.unchecked[f"the pattern {pattern[:_SHOWN]!r}"] = None
            return unknown


_CHECK: Final[ContextVar[_Check]] = ContextVar("check")


class Checker:
    """Checks data against a schema, by the draft that it names, else 2020-12; nothing is fetched.

    Args:
        schema: The schema, which nobody changes.
    """

    def __init__(self, schema: Schema) -> None:
        kind = _validators(validator_for(schema, default=Draft202012Validator))
        self._validator = kind(schema, registry=referencing.Registry())

    def verdict(self, value: Any) -> Verdict:
        """What a check of data finds; several threads may check at once.

        Raises:
            RecursionError: The data is nested too deeply.
        """
        check = _Check()
        token = _CHECK.set(check)
        try:
            return _verdict(value, self._validator, check)
        finally:
            _CHECK.reset(token)


def checked(value: Any, schema: Schema) -> Verdict:
    """As ``Checker.verdict``, for one check."""
    return Checker(schema).verdict(value)


def _verdict(value: Any, validator: Any, check: _Check) -> Verdict:
    try:
        # Sorted, since the checker looks at additional properties in the order of a set.
        found = sorted(_blamed(error) for error in islice(validator.iter_errors(value), _MOST))
    except RecursionError:
        raise
    except Exception as broken:  # noqa: BLE001 - schemas that the checker cannot apply fail in many ways
        check.unchecked[f"the schema, which cannot be applied ({type(broken).__name__})"] = None
        return Verdict(unchecked=tuple(check.unchecked))
    if not found:
        return Verdict(unchecked=tuple(check.unchecked))
    return Verdict(*found[0], tuple(check.unchecked), tuple(found[1:]))


def _blamed(error: Misfit) -> tuple[str, str]:
    """Where something is wrong and what, in the arm that comes nearest in a union that nothing fits."""
    path = list(error.relative_path)
    for _ in range(_DEEPEST):
        if error.validator not in {"anyOf", "oneOf"} or not error.context:
            break
        error = min(error.context, key=_distance)
        path += error.relative_path
    return "/".join(str(part) for part in path) or "the root", error.message[:_SHOWN]


def _distance(error: Misfit) -> tuple[bool, int]:
    """How far an arm is: one of another type, or with other fixed values, is no arm that was meant."""
    deep = len(error.relative_path)
    return deep == 0 and error.validator in {"type", "enum", "const"}, -deep


@cache
def _validators(base: Any) -> Any:
    known = {name: make(base.VALIDATORS[name]) for name, make in _OWN.items() if name in base.VALIDATORS}
    return extend(base, known)  # type: ignore[no-untyped-call]


def _reference(base: Keyword) -> Keyword:
    """References are the only way in which a schema holds itself: each is followed once for each value."""

    def referred(validator: Any, reference: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:
        known = _CHECK.get().referred
        key = (id(instance), str(reference))
        held = isinstance(instance, (dict, list))
        found = known.get(key) if held else None
        if found is None:
            found = list(islice(base(validator, reference, instance, schema) or (), 1))
            if held:
                known[key] = found
        for error in found:
            yield Misfit.create_from(error)

    return referred


def _fits(validator: Any, instance: Any, arm: Any) -> bool:
    if not isinstance(instance, (dict, list)):
        return bool(validator.evolve(schema=arm).is_valid(instance))
    known, key = _CHECK.get().fitting, (id(instance), id(arm))
    if key not in known:
        known[key] = validator.evolve(schema=arm).is_valid(instance)
    return known[key]


def _any_of(validator: Any, arms: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:  # noqa: ARG001
    if not any(_fits(validator, instance, arm) for arm in arms):
        yield _no_arm(validator, arms, instance)


def _one_of(validator: Any, arms: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:  # noqa: ARG001
    fitting = sum(_fits(validator, instance, arm) for arm in arms)
    if not fitting:
        yield _no_arm(validator, arms, instance)
    elif fitting > 1:
        yield Misfit("it fits more than one of the schemas of which it may fit one")


def _no_arm(validator: Any, arms: Any, instance: Any) -> Misfit:
    """The error of a union, with what is wrong under each arm."""
    context = [
        error
        for index, arm in enumerate(arms)
        for error in islice(validator.descend(instance, arm, schema_path=index), 1)
    ]
    return Misfit("it fits none of the given schemas", context=context)


def _unique(validator: Any, wanted: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:  # noqa: ARG001
    """The checker's own compares each object with each other."""
    if wanted and isinstance(instance, list) and len({_hashed(item) for item in instance}) < len(instance):
        yield Misfit("it holds an item twice")


def _hashed(value: Any) -> Hashable:
    """Equal for values that are equal in JSON: 1 is 1.0 there, and not true."""
    if isinstance(value, dict):
        return dict, frozenset((name, _hashed(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return list, tuple(map(_hashed, value))
    return type(value) is bool, value


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:  # noqa: ARG001
    if isinstance(instance, str) and not _CHECK.get().found(pattern, instance, unknown=True):
        yield Misfit(f"{instance[:_SHOWN]!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any,
    patterns: Any,
    instance: Any,
    schema: Schema,  # noqa: ARG001
) -> Iterator[Misfit]:
    if isinstance(instance, dict):
        for pattern, inner in patterns.items():
            for name, value in instance.items():
                if _CHECK.get().found(pattern, name, unknown=False):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional(base: Keyword) -> Keyword:
    def additional(validator: Any, others: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:
        patterns = schema.get("patternProperties")
        if patterns and isinstance(instance, dict):
            # The names that a pattern takes are no additional ones.
            check = _CHECK.get()
            taken = {
                name
                for name in instance
                if any(check.found(pattern, name, unknown=True) for pattern in patterns)
            }
            instance = {name: value for name, value in instance.items() if name not in taken}
            schema = {key: value for key, value in schema.items() if key != "patternProperties"}
        yield from base(validator, others, instance, schema) or ()

    return additional


def _unevaluated(base: Keyword) -> Keyword:
    def unevaluated(validator: Any, others: Any, instance: Any, schema: Schema) -> Iterator[Misfit]:
        if "patternProperties" in str(schema):
            _CHECK.get().unchecked["unevaluatedProperties beside patternProperties"] = None
        else:
            yield from base(validator, others, instance, schema) or ()

    return unevaluated


_OWN: Final[dict[str, Callable[[Keyword], Keyword]]] = {
    "$ref": _reference,
    "anyOf": lambda _: _any_of,
    "oneOf": lambda _: _one_of,
    "uniqueItems": lambda _: _unique,
    "pattern": lambda _: _pattern,
    "patternProperties": lambda _: _pattern_properties,
    "additionalProperties": _additional,
    "unevaluatedProperties": _unevaluated,
}
