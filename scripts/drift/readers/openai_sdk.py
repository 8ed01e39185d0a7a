"""OpenAI's own SDK: the ids that it types, and the shutdown dates in its docstrings."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from drift.archives import Archive
from drift.claims import Claim
from drift.readers.literals import literal_types

FILES: Final = ("openai/types/shared/chat_model.py", "openai/types/shared/responses_model.py")
_NOTE: Final = re.compile(
    r"^- (?P<ids>\"[^:]+\"): (?P<says>.+?)(?=^- \"|\Z|^\"\"\")", re.MULTILINE | re.DOTALL
)
_ID: Final = re.compile(r'"([^"]+)"')
_DAY: Final = re.compile(r"shutdown\s+date:\s+(\d{4}-\d\d-\d\d)")
_PAGE: Final = re.compile(r"https?://\S+")


def openai_sdk(archive: Archive) -> Iterator[Claim]:
    """Claims of the SDK: what it lists, less what it says is no model."""
    texts = [archive.text(name) for name in FILES]
    notes = {
        model: match["says"]
        for text in texts
        for match in _NOTE.finditer(text)
        for model in _ID.findall(match["ids"])
    }
    for model in dict.fromkeys(item for text in texts for item in literal_types(text)):
        says = notes.get(model, "")
        if "Not a supported model" in says:
            continue
        end, page = _DAY.search(says), _PAGE.search(says)
        shutdown = dt.date.fromisoformat(end[1]) if end else None
        yield Claim("openai", model, {"lifecycle.shutdown": shutdown}, page=page[0] if page else None)
