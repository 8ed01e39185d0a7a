"""What users download: metadata, weight, extras, and the parts of CI that the workflow runs."""

from __future__ import annotations

import os
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from project_scripts import script
from warm import Warm

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
_VERSION = re.compile(r"\b3\.\d\d\b")


def test_what_a_plain_installation_brings() -> None:
    # With the project itself there may be 23 distributions.
    brought: set[str] = set()
    left = list(PROJECT["dependencies"])
    while left:
        requirement = Requirement(left.pop())
        name = canonicalize_name(requirement.name)
        if name in brought or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        brought.add(name)
        try:
            left += requires(name) or ()
        except PackageNotFoundError:  # pragma: no cover - of another Python
            pytest.skip(f"{name} is not installed")
    assert len(brought) <= 22, sorted(brought)


def test_each_python_that_is_tried_is_named() -> None:
    named = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if _VERSION.search(line)}
    (loop,) = re.findall(r"^for version in (.*); do$", CI, re.MULTILINE)
    assert named == set(loop.split()) == set(_VERSION.findall(WORKFLOW))
    assert PROJECT["requires-python"] == f">={min(named)}"


def test_the_workflow_runs_parts_that_there_are() -> None:
    parts = re.search(r"^parts=\((.*)\)$", CI, re.MULTILINE)
    assert parts is not None
    known = parts[1].split()
    assert all(f"\n{part}() {{\n" in CI for part in known)
    asked = [part for line in re.findall(r"bash \.ci/run *(.*)", WORKFLOW) for part in line.split()]
    assert asked
    assert set(asked) <= set(known)


def on_an_index_page(text: str) -> str:
    for rule in PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    return text


def test_links_of_the_index_page_lead_to_the_repository() -> None:
    links = re.findall(r"\]\(([^)]+)\)", on_an_index_page(README))
    base = f"{PROJECT['urls']['Source']}/blob/main/"
    ours = [link.removeprefix(base).partition("#")[0] for link in links if link.startswith(base)]
    assert len(ours) > 5
    assert [path for path in ours if not (ROOT / path).exists()] == []
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](docs/a.md#b)", f"[a]({PROJECT['urls']['Source']}/blob/main/docs/a.md#b)"),
        ("![a](docs/a.svg)", "![a](https://raw.githubusercontent.com/Redundando/smartllm/main/docs/a.svg)"),
        ("[a](#b) [c](https://d.org)", "[a](#b) [c](https://d.org)"),
        ("![a](https://d.org/a.svg)", "![a](https://d.org/a.svg)"),
    ],
    ids=["link", "picture", "elsewhere", "picture elsewhere"],
)
def test_what_an_index_page_shows(text: str, shown: str) -> None:
    assert on_an_index_page(text) == shown


def test_files_that_the_addresses_name_are_there() -> None:
    base = PROJECT["urls"]["Source"]
    for address in PROJECT["urls"].values():
        path = re.sub(rf"^{base}/(?:blob|tree)/main/", "", address)
        assert address in {base, f"{base}/issues"} or (ROOT / path).exists()


@pytest.mark.parametrize("missing", ["pytest", "aiohttp"])
@pytest.mark.parametrize("name", ["plugin.smartllm_sandbox", "LoopbackServer"])
def test_what_is_missing_names_its_extra(missing: str, name: str, warm: Warm, tmp_path: Path) -> None:
    module, _, name = f"smartllm.testing.{name}".rpartition(".")
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"try: from {module} import {name}\n"
        "except ImportError as error: print(type(error).__name__, error)\n"
    )
    said, complained = warm.run(code, environment=os.environ, folder=tmp_path).said
    assert complained == ""
    if (missing, name) == ("pytest", "LoopbackServer"):
        assert said == ""  # which needs none
        return
    assert said.startswith("MissingExtraError smartllm.testing.")
    assert f"needs {missing}" in said
    assert 'pip install "smartllm[testing]"' in said


def test_an_installation_that_is_too_heavy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weigh: Any = script("weigh")
    found = [distribution(name) for name in ("click", "pip", "rich")]
    monkeypatch.setattr(weigh, "distributions", lambda: found)
    assert [weigh.main(most, size) for most, size in ((2, 10), (1, 10), (2, 0.1))] == [0, 1, 1]
    assert "in 2 distributions; 1 and 10 MB are the most" in capsys.readouterr().out
