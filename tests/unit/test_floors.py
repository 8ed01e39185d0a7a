"""The oldest versions that users may have, as CI installs them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from project_scripts import script

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def oldest() -> ModuleType:
    return script("oldest")


def project(dependencies: str, extra: str = "", dev: str = "") -> str:
    return (
        f'[project]\nname = "p"\ndependencies = [{dependencies}]\n'
        f'[project.optional-dependencies]\nextra = [{extra}]\nall = ["p[extra]"]\ndev = [{dev}]\n'
    )


def test_what_users_install_has_floors(oldest: ModuleType) -> None:
    found = oldest.floors((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"aiohttp", "aiobotocore", "pydantic", "click"} <= set(found)
    assert not {"ruff", "openai", "smartllm"} & set(found)


def test_extras_count_and_tools_do_not(oldest: ModuleType) -> None:
    text = project('"a-b.c>=1.2.3"', '"d>=2", "a-b.c>=1.2.3"', '"e>=3", "openai>=2"')
    assert oldest.floors(text) == {"a-b.c": "1.2.3", "d": "2"}


@pytest.mark.parametrize(
    ("dependencies", "extra", "message"),
    [
        ('"a"', "", "no floor alone: a"),
        ('"a>=1,<2"', "", "no floor alone"),
        ('"a>=1"', '"a>=2"', "two floors of a: 1 and 2"),
    ],
)
def test_what_has_no_one_floor_is_named(
    oldest: ModuleType, dependencies: str, extra: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        oldest.floors(project(dependencies, extra))
