"""A real browser, headless: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from processes import missing
from site_checks.chromium import QUIET

SIZES: Final = {"desktop": (1440, 900), "phone": (390, 844)}


@contextmanager
def browser() -> Iterator[Any]:
    """A browser, until the end of the block."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None or importlib.util.find_spec("playwright") is None:
        missing("apt-get install chromium && pip install playwright")
    with importlib.import_module("playwright.sync_api").sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--headless", *QUIET])
        try:
            yield found
        finally:
            found.close()


class Page:
    """A page with all that it complained of.

    Attributes:
        own: Playwright's page.
        complaints: What stood on its console, and its errors.
        asked: The addresses that it asked for.
    """

    def __init__(self, found: Any, size: str = "desktop", scheme: Literal["light", "dark"] = "light") -> None:
        width, height = SIZES[size]
        self.own = found.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.own.on("console", lambda message: self.complaints.append(message.text))
        self.own.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.own.on("request", lambda request: self.asked.append(request.url))

    def text(self, selector: str) -> str:
        """What a person reads there."""
        return str(self.own.inner_text(selector))

    def until(self, expression: str, value: object = None) -> None:
        """Wait until something is true in the page."""
        self.own.wait_for_function(expression, arg=value, timeout=15_000)

    @property
    def too_wide(self) -> list[str]:
        """The elements that reach out of the page to the right, those that scroll by themselves left out."""
        return list(self.own.evaluate(_TOO_WIDE))


_TOO_WIDE: Final = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (node) => node && node !== document.body &&
    (getComputedStyle(node).overflowX !== "visible" || scrolls(node.parentElement));
  const out = [...document.querySelectorAll("body *")].filter((node) =>
    node.checkVisibility() && node.getBoundingClientRect().right > width + 1 && !scrolls(node.parentElement));
  if (document.documentElement.scrollWidth > width) out.push(document.documentElement);
  return out.map((node) => `${node.tagName}.${node.className}`);
}"""


class Caller:
    """Posts JSON to a server over one connection."""

    def __init__(self, address: str) -> None:
        self._open = HTTPConnection(urlsplit(address).netloc, timeout=30)

    def post(self, path: str, body: Any, **headers: str) -> int:
        """The status of the answer, which is read to its end."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._open.request("POST", path, data, {"content-type": "application/json", **headers})
        answer = self._open.getresponse()
        answer.read()
        return answer.status

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers with names in lower case, and text."""
        self._open.request("GET", path, headers=headers)
        answer = self._open.getresponse()
        return (
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read().decode(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
