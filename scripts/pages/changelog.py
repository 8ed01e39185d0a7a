"""The changelog, as the repository keeps it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pages.text import MARK

_KEPT: Final = Path(__file__).parents[2] / "CHANGELOG.md"
_ELSEWHERE: Final = re.compile(r"\[([^\]]+)\]\((?!https?:|[a-z_/]+\.md[#)])[^)]+\)")
"""Links to what is in the repository, and not on the site."""


def page() -> str:
    """CHANGELOG.md, whose links to pages lead from here."""
    text = _KEPT.read_text(encoding="utf-8").replace("](docs/", "](")
    text = _ELSEWHERE.sub(r"\1", text)
    return f"{MARK}\n{text}"
