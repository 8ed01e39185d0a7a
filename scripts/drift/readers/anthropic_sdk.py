"""Anthropic's own SDK: the ids that it types, and its list of ends."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, Final

from drift.archives import Archive
from drift.claims import Claim
from drift.readers.literals import assigned, literal_types

IDS: Final = "anthropic/types/model.py"
ENDS: Final = "anthropic/_data/deprecated_models.py"
_DAY: Final = re.compile(r"([A-Z][a-z]+) (\d{1,2})(?:st|nd|rd|th)?, (\d{4})")


def anthropic_sdk(archive: Archive) -> Iterator[Claim]:
    """Claims of the SDK at Anthropic's own endpoint."""
    ends: dict[str, Any] = assigned(archive.text(ENDS), "DEPRECATED_MODELS") or {}
    for model in dict.fromkeys([*literal_types(archive.text(IDS)), *ends]):
        yield Claim("anthropic", model, {"lifecycle.shutdown": written_day(ends.get(model, ""))})


def written_day(text: str) -> dt.date | None:
    """A date as people write it, such as ``June 30th, 2026``."""
    match = _DAY.search(text)
    if match is None:
        return None
    return dt.datetime.strptime(" ".join(match.groups()), "%B %d %Y").replace(tzinfo=dt.UTC).date()
