"""Templates with values in them, all escaped that is put into one; no build step, and no outside address."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from smartllm.unicode import unicode_text

if TYPE_CHECKING:
    from jinja2 import Environment

SERVED: Final = {
    "style.css": "text/css",
    "pages.js": "text/javascript",
    "sandbox.js": "text/javascript",
    "list.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""The files that pages need, with their types."""


@lru_cache(maxsize=len(SERVED))
def file_text(name: str) -> str:
    """The text of a file that pages need."""
    return files(__package__).joinpath("files", name).read_text(encoding="utf-8")


def rendered(template: str, **values: Any) -> str:
    """A template with values in it; what is no Unicode is replaced."""
    return unicode_text(_environment().get_template(f"{template}.html.jinja").render(**values))


def whole_page(template: str, **values: Any) -> str:
    """A template as one file that needs no other: style and script stand in it, and no others may run."""
    style, script = file_text("style.css"), file_text("pages.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    icon = f"data:image/svg+xml;base64,{base64.b64encode(file_text('icon.svg').encode()).decode()}"
    return rendered(template, style=style, script=script, policy=policy, icon=icon, **values)


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - pages alone need it

    return Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
