"""Citations in answers: which of them can go back with the text that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SHOWN: Final = frozenset({"searchResultLocation", "web"})
"""Places that are told in answers alone; LangChain's client leaves them out of what goes back (2026-11)."""


def goes_back(citation: Mapping[str, Any]) -> bool:
    """Whether a citation can stand in a later turn; OpenAI's go back within the items of their answer."""
    place = citation.get("location")
    return "cited_text" in citation or (isinstance(place, Mapping) and _SHOWN.isdisjoint(place))
