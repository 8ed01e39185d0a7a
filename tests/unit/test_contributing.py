"""The walks of CONTRIBUTING.md: a copy of the package with their edits is clean and does as it says."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smartllm.rules import load_rules
from smartllm.rules.lint import lint

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DAY = dt.datetime.now(dt.UTC).date()
TODAY, LATER = DAY.isoformat(), (DAY + dt.timedelta(days=359)).isoformat()
EDIT = re.compile(r"<!-- edit: (\S+) -->\n```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"<!-- run: (\w+) -->\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EVIDENCE = re.compile(r", verified = [\d-]+, source = \[[^]]*\]")
TALK = [{"role": ("user", "assistant")[number % 2], "content": "hi"} for number in range(41)]
RUNNER = """
import json, sys
from click.testing import CliRunner
from smartllm.cli import main
results = [CliRunner().invoke(main, line) for line in json.load(sys.stdin)]
json.dump([(found.exit_code, found.output) for found in results], sys.stdout)
"""


def edited(text: str, edit: str) -> str:
    """A file's text after an edit; lines are found whatever their spaces, new ones without any at the end."""
    lines, at = text.splitlines(), None
    spelled = [" ".join(line.split()) for line in lines]
    for line in edit.splitlines():
        sign, content = line[0], line[1:]
        if sign == "+":
            at = len(lines) if at is None else at
            lines.insert(at, content)
            spelled.insert(at, content)
            at += 1
            continue
        wanted = " ".join(content.split())
        assert wanted in spelled[at or 0 :], (
            f"the page's edit finds no line {wanted!r}: write it as the file is now"
        )
        at = spelled.index(wanted, at or 0)
        if sign == "-":
            del lines[at], spelled[at]
        else:
            at += 1
    return "\n".join(lines) + "\n"


def package(folder: Path) -> Path:
    """The package with every edit of the page, as if written today."""
    shutil.copytree(
        ROOT / "smartllm",
        folder / "smartllm",
        copy_function=lambda source, target: Path(target).symlink_to(source),
    )
    for name, edit in EDIT.findall(PAGE):
        path = folder / name
        text = path.read_text(encoding="utf-8")
        path.unlink()
        dated = re.sub(r"verified( *)= [\d-]+", rf"verified\1= {TODAY}", edit)
        dated = re.sub(r"not_before = [\d-]+", f"not_before = {LATER}", dated)
        path.write_text(edited(text, dated), encoding="utf-8")
    return folder


def outputs(folder: Path, *lines: str) -> list[tuple[int, str]]:
    """Exit status and output of command lines under the package in a folder, in one process."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps([shlex.split(line)[1:] for line in lines]),
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=folder,
    )
    return [(code, text) for code, text in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, str]]]:
    """What each walk's commands print, and lint before all of them."""
    walks = {name: text.splitlines() for name, text in RUN.findall(PAGE)}
    lines = [line for walk in walks.values() for line in walk]
    folder = package(tmp_path_factory.mktemp("walks"))
    (folder / "long.json").write_text(json.dumps({"messages": TALK}), encoding="utf-8")
    found = iter(outputs(folder, "smartllm lint", "smartllm schema", *lines))
    return {"lint": [next(found)], "schema": [next(found)]} | {
        name: [next(found) for _ in walk] for name, walk in walks.items()
    }


def test_the_table_is_clean_after_all_walks(told: dict[str, list[tuple[int, str]]]) -> None:
    [(status, text)] = told["lint"]
    assert status == 0, text
    assert not re.search("opus-5-5|opus-5-6|saga", text)


def test_a_new_model_is_called_by_its_id(told: dict[str, list[tuple[int, str]]]) -> None:
    [(_, listed), (_, plan)] = told["model"]
    assert listed.split("\t")[:2] == [
        "claude-opus-5-6",
        "us.anthropic.claude-opus-5-6, claude-opus-5-6, anthropic.claude-opus-5-6",
    ]
    assert '"effort": "high"' in plan
    assert "model-" not in plan


def test_a_corrected_fact_shows_both_sides_and_limits_the_body(
    told: dict[str, list[tuple[int, str]]],
) -> None:
    [(_, explained), (_, plan)] = told["fact"]
    line = next(line for line in explained.splitlines() if line.startswith("limits.max_output\t"))
    assert line.split("\t")[1] == "64000"
    assert "(disputed)" in line
    assert '"max_tokens": 64000' in plan


def test_a_new_family_has_its_new_value(told: dict[str, list[tuple[int, str]]]) -> None:
    [(status, plan)] = told["family"]
    assert (status, '"effort": "ultra"' in plan, '"key": "claude-saga-6"' in plan) == (0, True, True)
    assert '"ultra"' in told["schema"][0][1]


def test_a_new_axis_is_explained_and_decides(told: dict[str, list[tuple[int, str]]]) -> None:
    [(_, explained), (status, refused)] = told["axis"]
    assert "messages.max_turns\t40\t" in explained
    assert status == 1
    assert (
        "takes 40 messages, not 41 [fact messages.max_turns smartllm/rules/profiles/anthropic.toml:"
        in refused
    )
    assert '"max_turns"' in told["schema"][0][1]


def test_a_row_without_evidence_is_told_as_the_page_says(tmp_path: Path) -> None:
    shown = PAGE.partition("<!-- lint: no evidence -->\n```text\n")[2].partition("\n")[0]
    edit = next(edit for name, edit in EDIT.findall(PAGE) if name.endswith("bedrock.toml"))
    row = EVIDENCE.sub("", edit.partition("+")[2])
    assert row != edit.partition("+")[2]
    (tmp_path / "mine.toml").write_text(f"[on.bedrock.model]\n{row}", encoding="utf-8")
    found = lint(load_rules(tmp_path / "mine.toml"), today=DAY)
    said = next(item.message for item in found if item.code == "R006")
    assert shown.partition(" R006 ")[2] == said.replace(TODAY, "DAY")
