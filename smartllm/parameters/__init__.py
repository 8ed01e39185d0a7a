"""The fields of a request, one row each: what other modules need to know of a parameter, they read here.

``smartllm.request`` declares the same fields with their types, for editors and mypy; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.parameters.field import Group, Kind, RequestField, SamplingField
from smartllm.parameters.rows import ROWS

__all__ = [
    "CARRIED",
    "DEFAULTS",
    "NUMBERS",
    "PARAMETERS",
    "SAMPLING",
    "WIRE",
    "Group",
    "Kind",
    "RequestField",
    "SamplingField",
]

PARAMETERS: Final[Mapping[str, RequestField]] = {row.name: row for row in ROWS}
"""Every field of a request, in the order in which the shell shows its options."""

WIRE: Final = tuple(row.name for row in ROWS if row.wire or row.carried)
"""Fields that may stand in a body, beside the texts of the turns."""

CARRIED: Final[Mapping[str, RequestField]] = {row.name: row for row in ROWS if row.carried}
"""Fields that go into a body by their facts alone, in the order in which they stand there."""

SAMPLING: Final = frozenset(row.name for row in ROWS if row.group == "sampling")

NUMBERS: Final = tuple(row.name for row in ROWS if row.kind in {"number", "whole"})
"""Fields whose values are numbers."""

DEFAULTS: Final[Mapping[str, Any]] = {row.name: row.default for row in ROWS if row.group != "turns"}
"""What a request holds that says nothing but its turns."""
