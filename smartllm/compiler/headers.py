"""Headers that a request asks for beside those of its route."""

from __future__ import annotations

from collections.abc import Mapping

from smartllm.compiler.trace import Reason

Said = Mapping[str, tuple[str, Reason]]
"""Headers that say what the wire takes there alone, each with its reason."""


def over(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Headers with others over them, whatever their capitals."""
    given = {name.lower() for name in others}
    return {name: value for name, value in headers.items() if name.lower() not in given} | dict(others)


def values_of(said: Said) -> dict[str, str]:
    """The values without their reasons."""
    return {name: value for name, (value, _) in said.items()}


def sorted_pairs(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Headers in one order and one spelling, however they were written."""
    return sorted((name.lower(), value) for name, value in headers.items())
