"""Links and anchors inside the site, which the builder's strict mode does not all see."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

_PLACES: Final = ("href", "src")


class _Page(HTMLParser):
    """What a page has to link to, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take ids and addresses."""
        found = dict(attrs)
        if tag == "a" and found.get("name"):
            self.ids.add(str(found["name"]))
        if found.get("id"):
            self.ids.add(str(found["id"]))
        self.links += [str(found[place]) for place in _PLACES if found.get(place)]


def pages_of(site: Path) -> list[str]:
    """The pages' addresses, from the root on: ``/`` and such as ``/tools/``."""
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(f"/{name.removesuffix('index.html')}" for name in found if name != "404.html")


def broken_links(site: Path) -> Iterator[str]:
    """One line a link that leads nowhere."""
    parsed = {page: _Page(_file(site, page).read_text(encoding="utf-8")) for page in pages_of(site)}
    for page, found in parsed.items():
        for link in dict.fromkeys(found.links):
            target = urlsplit(urljoin(page, link))
            if target.scheme or target.netloc:
                continue
            path = unquote(target.path)
            if path in parsed:
                anchor = unquote(target.fragment)
                if anchor and anchor not in parsed[path].ids:
                    yield f"{page}: {link}: there is no such anchor"
            elif not (site / path.lstrip("/")).is_file():
                yield f"{page}: {link}: there is no such page"


def _file(site: Path, page: str) -> Path:
    path = site / page.lstrip("/")
    return path / "index.html" if page.endswith("/") else path
