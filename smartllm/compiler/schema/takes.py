"""What a target takes of a schema, by where it stands: as the answer's own, or as a tool's input."""

from __future__ import annotations

from typing import Final, NamedTuple

from smartllm.compiler.schema.limits import check_limits
from smartllm.compiler.schema.lower import lower_once
from smartllm.compiler.schema.types import Lowered, Subset
from smartllm.rules.memo import Memo
from smartllm.rules.vocabulary import Facts, Patterns, Sizes

BINDING: Final = frozenset({"openai-strict", "openai-plain", "claude-native"})
"""The subsets in which a schema binds what the model writes."""

_NATIVE: Final = Memo(results=128, characters=128 * 1024)


class Form(NamedTuple):
    """What a schema may hold.

    Attributes:
        subset: The subset that it is lowered to first.
        bare: Only type, properties and required stand at its top level, and that it is closed.
        inlined: No ``$defs``.
        ascii_names: Names of properties at its top level are 1 to 64 letters, digits, ``_``, ``.`` and ``-``.
        patterns: Its regular expressions.
        limits: How much it may hold.
    """

    subset: Subset
    bare: bool = False
    inlined: bool = False
    ascii_names: bool = False
    patterns: Patterns = "any"
    limits: Sizes = ()


def form_of(facts: Facts, *, strict: bool) -> Form:
    """The form of a tool's input."""
    takes, structured = facts.tools.input, facts.structured
    return Form(
        subset=structured.native_subset if strict else structured.tool_subset,
        bare=takes.top == "bare",
        inlined=takes.definitions == "inlined",
        ascii_names=takes.property_names == "ascii",
        patterns=structured.patterns if strict else takes.patterns,
        limits=structured.limits if strict else (),
    )


def native_schema(text: str, facts: Facts) -> Lowered:
    """The schema that binds an answer itself, once for equal ones: the result is shared, nobody changes it.

    Args:
        text: The caller's schema, as JSON.
        facts: Of the target.

    Raises:
        UnsupportedError: It cannot be said there, or is too large; names the place or the limit.
    """
    takes = facts.structured
    return _NATIVE.of(native_of, text, takes.native_subset, takes.patterns, takes.limits)


def native_of(text: str, subset: Subset, patterns: Patterns, limits: Sizes) -> Lowered:
    """As ``native_schema``, by the facts that it reads."""
    lowered = lower_once(text, subset, patterns)
    check_limits(lowered.schema, limits)
    return lowered


def words_of(described: str | None, words: str) -> str:
    """A description with a sentence behind it."""
    return f"{described} {words}" if described else words
