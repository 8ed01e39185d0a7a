"""Citations of earlier answers: which wire wrote one, and takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NOT_BACK: Final = frozenset({"searchResultLocation", "web"})
"""Places on Converse that are shown only (LangChain's client leaves them out, 2026-11)."""


def wire_of(citation: Mapping[str, Any]) -> str:
    """The wire that takes a citation back where its text stands; empty for one that none does.

    OpenAI's go back only within the items of their answer.
    """
    if str(citation.get("type", "")).endswith("_location"):
        return "anthropic_messages"
    place = citation.get("location")
    if isinstance(place, Mapping) and _NOT_BACK.isdisjoint(place):
        return "bedrock_converse"
    return ""
