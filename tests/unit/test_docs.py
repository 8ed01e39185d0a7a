"""The documentation: generated pages are up to date, and every page and picture that is named exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from project_scripts import script

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def test_generated_pages_are_up_to_date() -> None:
    for name, page in script("generate_docs").PAGES.items():
        kept = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert kept == page(), "run: python scripts/generate_docs.py"


def test_keywords_say_what_the_fields_of_their_names_say() -> None:
    script("generate_docs")
    from pages.keywords import SOURCES

    for name, module in SOURCES.items():
        assert (ROOT / name).read_text(encoding="utf-8") == module(), "run: python scripts/generate_docs.py"
        assert module().count('\n    """') > 30


def test_the_recorded_ratios_are_the_documented_ones() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    table = page.partition("<!-- measured: begin -->")[2].partition("<!-- measured: end -->")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]
    shown = {f"{what} / {floor}": ratio for what, floor, ratio, *_ in rows[2:]}
    kept = json.loads((ROOT / "benchmarks" / "ratios.json").read_text(encoding="utf-8"))
    assert shown == {name: f"{ratio:.2f}" for name, ratio in kept.items()}
    assert len(shown) > 20


def test_every_page_is_in_the_navigation() -> None:
    told = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(told) == sorted(pages)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target
