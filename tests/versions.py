"""What the tests compare with, where that is newer than the oldest versions that the project allows."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

import pytest


def _at_least(package: str, *wanted: int) -> bool:
    return tuple(int(part) for part in version(package).split(".")[: len(wanted)]) >= wanted


with_todays_pydantic: Final = pytest.mark.skipif(
    not _at_least("pydantic", 2, 11),
    reason="older pydantic writes 0.0 for a limit of 0, and says less of a mapping",
)
with_todays_openai: Final = pytest.mark.skipif(
    not _at_least("openai", 3),
    reason="older openai SDKs know fewer settings and values, and trust other certificates",
)
with_todays_toml: Final = pytest.mark.skipif(
    not _at_least("tomli", 2, 4),
    reason="TOML 1.0 has no line breaks inside braces, which older tomli says by line",
)
