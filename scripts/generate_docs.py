"""Write generated pages, and texts that stand twice in the sources; tests hold that they are up to date."""

from __future__ import annotations

from pathlib import Path

from pages import PAGES
from pages.keywords import ROOT, SOURCES

DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    """Write all of them."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
    for name, module in SOURCES.items():
        (ROOT / name).write_text(module(), encoding="utf-8")


if __name__ == "__main__":
    main()
