"""Written pages of explain and diff in a real browser: they need nothing, fit, and find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from browsers import SIZES, Page, browser
from commands import invoke

from smartllm.cli import main

pytestmark = pytest.mark.slow

CLAUDE = "us.anthropic.claude-opus-4-7"
everywhere = pytest.mark.parametrize("size", SIZES)
either = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    request = folder / "request.json"
    request.write_text('{"prompt": "hi", "reasoning_effort": "high", "temperature": 0.5}', encoding="utf-8")
    other = "us.anthropic.claude-sonnet-4-6"
    for name, arguments in (
        ("explain", ["explain", CLAUDE]),
        ("diff", ["diff", other, CLAUDE, "--request", str(request)]),
    ):
        assert invoke(main, [*arguments, "--html", str(folder / name)]).exit_code == 0
        Path(folder, name).rename(folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in ("explain", "diff")}


@either
@everywhere
@pytest.mark.parametrize("name", ["explain", "diff"])
def test_a_written_page_needs_nothing_and_fits(
    chromium: Any, written: dict[str, str], name: str, size: str, scheme: Literal["light", "dark"]
) -> None:
    page = Page(chromium, size, scheme)
    page.own.goto(written[name])
    assert page.too_wide == []
    assert page.complaints == []
    assert [address for address in page.asked if not address.startswith("data:")] == [written[name]]
    ground = page.own.evaluate("getComputedStyle(document.body).backgroundColor")
    page.own.click("#theme")
    assert page.own.evaluate("getComputedStyle(document.body).backgroundColor") != ground


def test_facts_are_found_and_defaults_shown_on_wish(chromium: Any, written: dict[str, str]) -> None:
    page = Page(chromium)
    page.own.goto(written["explain"])
    stated = len(page.own.query_selector_all(".fact:visible"))
    page.own.click("#defaults")
    assert len(page.own.query_selector_all(".fact:visible")) > stated
    page.own.click("#defaults")
    page.own.keyboard.press("/")
    page.own.keyboard.type("max_output")
    assert {row.get_attribute("id") for row in page.own.query_selector_all(".fact:visible")} >= {
        "limits.max_output"
    }
    page.own.fill("#find", "no such fact at all")
    assert page.own.is_visible(".nothing")
    page.own.keyboard.press("Escape")
    page.own.goto(f"{written['explain']}#seed.place")
    assert page.own.is_visible("[id='seed.place']"), "a link to a default shows it"
