"""The generated pages of the documentation, by the file that each is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pages import changelog, codes, commands, errors, events, models, names, pictures, requests, settings

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "changelog.md": changelog.page,
    "reference/cli.md": commands.page,
    "reference/codes.md": codes.page,
    "reference/disputed.md": codes.disputes,
    "reference/errors.md": errors.page,
    "reference/events.md": events.page,
    "reference/models.md": models.page,
    "reference/requests.md": requests.page,
    "reference/settings.md": settings.page,
    "pictures/models.svg": pictures.models,
    "pictures/explain.svg": pictures.explained,
    "pictures/diff.svg": pictures.diff,
    "reference/python.md": names.page,  # the last one: it tells what the others show
}
