"""Pages as a browser shows them: widths, code, pictures, console, requests, modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from playwright.sync_api import sync_playwright

from site_checks.chromium import QUIET
from site_checks.links import pages_of
from site_checks.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

DESKTOP, PHONE = 1440, 390
_HEIGHTS: Final = {DESKTOP: 900, PHONE: 844}
Wish = Literal["light", "dark"]
_SMALLEST: Final = 8
"""Smallest letters of a picture, in CSS pixels."""
_MEASURE: Final = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")


class Checks:
    """One run over a site.

    Args:
        site: Folder of the built site.
        chromium: The browser's program.
        pictures: Folder for a picture of each page; None makes none.
    """

    def __init__(self, site: Path, chromium: str, pictures: Path | None = None) -> None:
        self.site, self.chromium, self.pictures = site, chromium, pictures
        self.pages: Sequence[str] = pages_of(site)

    def findings(self) -> Iterator[str]:
        """One line a finding."""
        with served(self.site) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=self.chromium, args=list(QUIET))
            try:
                for width in (DESKTOP, PHONE):
                    yield from self._at(browser, address, width)
                yield from self._modes(browser, address)
            finally:
                browser.close()

    def _at(self, browser: Browser, address: str, width: int) -> Iterator[str]:
        context = _context(browser, width)
        tab = context.new_page()
        heard = _Heard(tab, address)
        for page in self.pages:
            tab.goto(address + page, wait_until="load")
            tab.wait_for_timeout(50)
            found = tab.evaluate(_MEASURE)
            for line in [*heard.taken(), *_judged(found, width)]:
                yield f"{page} at {width}: {line}"
            self._picture(tab, page, f"{width}")
        context.close()

    def _modes(self, browser: Browser, address: str) -> Iterator[str]:
        """Light and dark by the system's wish and by the switch; what stands around a page."""
        for wish in get_args(Wish):
            context = _context(browser, DESKTOP, wish)
            tab = context.new_page()
            tab.goto(address + self.pages[0], wait_until="load")
            first = _brightness(tab)
            if (first < 128) is not (wish == "dark"):  # noqa: PLR2004 - half of white
                yield f"{self.pages[0]}: with the system's wish {wish} its background is {first}"
            for _ in range(2):  # from the system's mode over light to dark
                tab.locator("form[data-md-component=palette] label:visible").first.click()
            if _brightness(tab) >= 128:  # noqa: PLR2004
                yield f"{self.pages[0]}: the switch leads to no dark mode"
            context.close()
        context = _context(browser, PHONE, "dark")
        tab = context.new_page()
        for page in self.pages if self.pictures else ():
            tab.goto(address + page, wait_until="load")
            self._picture(tab, page, f"{PHONE}-dark")
        context.close()

    def _picture(self, tab: Page, page: str, kind: str) -> None:
        if self.pictures is not None:
            name = page.strip("/").replace("/", "_") or "index"
            tab.screenshot(path=self.pictures / f"{name}-{kind}.png", full_page=True)


class _Heard:
    """What a tab says in its console, and what it asks of others."""

    def __init__(self, tab: Page, address: str) -> None:
        self._lines: list[str] = []
        tab.on("console", lambda said: self._said(said.type, said.text))
        tab.on("pageerror", lambda error: self._lines.append(f"script: {error}"))
        tab.on("request", lambda asked: self._asked(asked.url, address))

    def _said(self, kind: str, text: str) -> None:
        if kind == "error":
            self._lines.append(f"console: {text}")

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self._lines.append(f"asks {url}")

    def taken(self) -> list[str]:
        """The lines since the last time."""
        lines, self._lines = list(dict.fromkeys(self._lines)), []
        return lines


def _context(browser: Browser, width: int, wish: Wish = "light") -> BrowserContext:
    return browser.new_context(viewport={"width": width, "height": _HEIGHTS[width]}, color_scheme=wish)


def _judged(found: dict[str, Any], width: int) -> Iterator[str]:
    if found["over"] > 0:
        yield f"the page is {found['over']} px wider than the window"
    if found["lost"]:
        yield "there is no link to the previous page or the next one"
    yield from (f"out of the window: {text}" for text in found["outside"])
    yield from (f"broken into lines: {text}" for text in found["broken"])
    yield from (f"a backslash too many: {text}" for text in found["slashed"])
    for source, size in found["pictures"]:
        if size < _SMALLEST:
            yield f"{source} is too small to read: letters of {size:.1f} px"
    if width == DESKTOP:
        yield from (f"code wider than its box: {line}" for line in found["wide"])


def _brightness(tab: Page) -> float:
    """Of the background, from 0 to 255."""
    return float(
        tab.evaluate(
            """() => {
                const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
                const pen = canvas.getContext("2d");
                for (const one of [document.documentElement, document.body]) {
                    pen.fillStyle = getComputedStyle(one).backgroundColor;
                    pen.fillRect(0, 0, 1, 1);
                }
                const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
                return alpha ? (red + green + blue) / 3 : 255;
            }"""
        )
    )
