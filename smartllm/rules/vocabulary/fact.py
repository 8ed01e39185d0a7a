"""A field of a table of the vocabulary."""

from dataclasses import field
from typing import Any


def fact(default: Any, description: str = "", **limits: Any) -> Any:
    """A field of a table.

    Args:
        default: Its value where no row states one; the cautious choice.
        description: What it says, for editors and people.
        limits: The limits of its value in pydantic's words, such as ``ge``.
    """
    about = {"description": description, **limits} if description else limits
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=about)
    return field(default=default, metadata=about)
