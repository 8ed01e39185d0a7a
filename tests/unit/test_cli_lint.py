"""``smartllm lint``: findings, notes, exit codes."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

from commands import invoke

from smartllm.cli import main
from smartllm.rules import load_rules
from smartllm.rules.lint import CHECKS


def test_the_shipped_rules() -> None:
    """Clean; notes tell what a day will make wrong."""
    result, files = invoke(main, ["lint"]), len(load_rules().layers)
    notes = result.stdout.splitlines()
    told = f", {len(notes)} note{'' if len(notes) == 1 else 's'}" if notes else ""
    assert (result.exit_code, result.stderr) == (0, f"no findings{told} in {files} file(s)\n")
    assert all(re.search(r": R\d{3} note: ", note) for note in notes)


def test_an_overlay_with_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[model]\nclaude-opus-9 = "claude-9"\n')
    result = invoke(main, ["lint", str(path)])
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:2: R002 profile 'claude-9' is not defined; did you mean")
    assert result.stderr == "1 finding in 1 file(s)\n"
    as_json = json.loads(invoke(main, ["lint", "--json", str(path)]).stdout)
    assert as_json[0]["line"] == 2


def test_a_note_is_no_finding(tmp_path: Path) -> None:
    """It comes in good time, so no day breaks what ran the day before."""
    begun = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=3)
    path = tmp_path / "mine.toml"
    path.write_text(
        f"[on.bedrock.model.claude-opus-4-7]\nlifecycle = {{ legacy = {begun} }}\n"
        f"verified = {begun}\nsource = ['measured']\n"
    )
    result = invoke(main, ["lint", str(path)])
    assert (result.exit_code, result.stderr) == (0, "no findings, 1 note in 1 file(s)\n")
    assert result.stdout.startswith(f"{path}:2: R015 note: claude-opus-4-7 on bedrock: legacy since {begun}")
    (as_json,) = json.loads(invoke(main, ["lint", "--json", str(path)]).stdout)
    assert as_json["note"] is True


def test_facts_on_a_host_that_is_not_the_models_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[on.bedrock.profile."gpt-5.6".wire.bedrock_converse]\ntools.parallel = "field"\n')
    found = invoke(main, ["lint", str(path)]).stdout.splitlines()
    assert (
        f"{path}:2: R021 gpt-5.6 on bedrock_converse: tools.parallel = 'field' has no place on this wire"
        in found
    )
    assert not [line for line in found if "openai_" in line]


def test_a_wrong_shape_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[modle]\nx = 1\n")
    result = invoke(main, ["lint", str(path)])
    assert (result.exit_code, result.stdout) == (
        1,
        f"{path}:1: R001 unknown key 'modle'; did you mean 'model'?\n",
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[[")
    for name in ("mine.toml", "nowhere.toml"):
        result = invoke(main, ["lint", str(tmp_path / name)])
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{name}:" in result.stderr


def test_the_catalogue() -> None:
    result = invoke(main, ["lint", "--list"])
    assert len(result.stdout.splitlines()) == len(CHECKS)
    assert result.stdout.startswith("R001  ")


def test_a_profile_that_only_a_host_speaks_of_is_used_by_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[profile.lonely]\nextends = "converse"\n[on.bedrock.profile.lonely]\nstreaming = false\n'
    )
    found = invoke(main, ["lint", str(path)]).stdout.splitlines()
    assert f"{path}:1: R008 profile 'lonely' is used by nothing" in found


def test_a_vendor_without_listed_models_has_no_newest_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[vendor.acme]\nhost = "bedrock"\nfamilies = ["rocket"]\nlatest = "converse"\n')
    assert invoke(main, ["lint", str(path)]).stdout.splitlines() == [
        f"{path}:3: R016 family 'rocket' has no listed model"
    ]
