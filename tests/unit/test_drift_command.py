"""The command that compares the rules with catalogues: what it reads, prints and returns."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from catalogues import OVERLAY, packed, prices, wheel
from click.testing import Result
from commands import invoke
from drift.archives import Archive, DriftError, download, stored
from drift.command import main
from drift.readers import CATALOGUES

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str, dismissed: str = "") -> Result:
    rules, file = folder / "acme.toml", folder / "dismissed.toml"
    rules.write_text(OVERLAY, encoding="utf-8")
    file.write_text(dismissed, encoding="utf-8")
    common = ["--offline", "--folder", str(folder), "--rules", str(rules), "--dismissed", str(file)]
    return invoke(main, [*common, *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one catalogue that says two things otherwise."""
    rows = {"us.acme.rocket-2-v1:0": {"max_output_tokens": 2000}, "acme.rocket-3": {}}
    wheel(tmp_path, "litellm", prices(rows), version="9.1")
    return tmp_path


DISMISSED = """\
[[dismissed]]
catalogues = ["litellm"]
models = ["rocket-2"]
facts = ["limits.max_output"]
values = [2000]
day = 2026-11-26
reason = "The card says 1000."

[[dismissed]]
catalogues = ["*"]
models = ["rocket-3"]
facts = ["listed"]
values = [true]
day = 2026-11-26
reason = "No such model is to be had."
"""


def test_what_is_open_is_printed_with_rows_and_dismissals_to_paste(folder: Path) -> None:
    done = run(folder, "--catalogue", "litellm")
    assert done.exit_code == 1
    assert "read litellm 9.1: 2 claims" in done.stdout
    assert "Ids that the rules lack: 1, 0 of them in two catalogues or more" in done.stdout
    assert "rocket-2 on bedrock, limits.max_output: 1000 here, 2000 by litellm" in done.stdout
    assert "\n  rocket-3 on bedrock: litellm (acme.rocket-3); the resolver: " in done.stdout
    assert done.stdout.count("in two catalogues or more") == 1
    assert 'rocket-3 = { profile = "rocket"' in done.stdout
    assert "values = [2000], day = " in done.stdout


def test_the_dismissals_that_it_prints_dismiss_once_they_have_a_reason(folder: Path) -> None:
    text = run(folder, "--catalogue", "litellm").stdout.partition("in dismissed.toml:")[2]
    entries = text.replace('""', '"Looked at."')
    again = run(folder, "--catalogue", "litellm", dismissed=f"dismissed = [{entries}]")
    assert again.exit_code == 0


def test_nothing_open_is_success(folder: Path) -> None:
    done = run(folder, "--catalogue", "litellm", dismissed=DISMISSED)
    assert done.exit_code == 0
    assert "Dismissed: 2" in done.stdout
    assert "paste" not in done.stdout


def test_a_stale_dismissal_and_one_of_another_value_are_told(folder: Path) -> None:
    done = run(folder, "--catalogue", "litellm", dismissed=DISMISSED.replace("2000", "4000"))
    assert done.exit_code == 1
    assert "no more since rocket-2 limits.max_output is 2000 there now: The card says 1000." in done.stdout
    assert "stale: rocket-2, limits.max_output, 4000 in rocket-2" in done.stdout


def test_as_json_it_holds_all(folder: Path) -> None:
    done = run(folder, "--catalogue", "litellm", "--json", dismissed=DISMISSED.replace("2000", "4000"))
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["read"] == {"litellm": {"version": "9.1", "claims": 2}}
    assert data["counts"] == {
        "new": 0,
        "dates": 0,
        "facts": 1,
        "dismissed": 1,
        "lacking_in_two_catalogues": 0,
    }
    assert data["facts"][0]["theirs"] == 2000
    assert data["changed"][0]["reason"] == "The card says 1000."
    assert "[model]" in data["rows"]


def test_days_are_told_as_such_in_json(folder: Path) -> None:
    rows = {"us.acme.rocket-2-v1:0": {"deprecation_date": "2027-03-01"}}
    wheel(folder, "litellm", prices(rows), version="9.2")
    data = json.loads(run(folder, "--catalogue", "litellm", "--json").stdout)
    assert data["counts"]["dates"] == 1
    assert (data["dates"][0]["ours"], data["dates"][0]["theirs"]) == ("2027-02-01", "2027-03-01")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"default_reasoning_effort": "low"}, "effort.default: nothing here, low by litellm ("),
        ({"supports_vision": True}, "input.image: no here, yes by litellm ("),
        ({"supports_minimal_reasoning_effort": True}, "effort.levels: low high here, +minimal by litellm"),
    ],
    ids=["nothing", "no", "levels"],
)
def test_values_are_told_in_words(row: dict[str, Any], said: str, folder: Path) -> None:
    wheel(folder, "litellm", prices({"us.acme.rocket-2-v1:0": row}), version="9.2")
    assert said in run(folder, "--catalogue", "litellm").stdout


def test_ids_that_two_catalogues_list_are_counted_over_hosts(folder: Path) -> None:
    name = "src/amazon-bedrock-chat-language-model-options.ts"
    packed(folder, "@ai-sdk/amazon-bedrock", {name: "type Id =\n  | 'acme.rocket-3'\n"})
    done = run(folder, "--catalogue", "litellm", "--catalogue", "ai-sdk-bedrock")
    assert "Ids that the rules lack: 1, 1 of them in two catalogues or more" in done.stdout


def test_a_catalogue_that_cannot_be_read_fails_though_nothing_is_open(folder: Path) -> None:
    done = run(folder, "--catalogue", "litellm", "--catalogue", "pi-ai", dismissed=DISMISSED)
    assert done.exit_code == 1
    assert "NOT READ pi-ai: " in done.stdout
    assert "has no archive of @earendil-works/pi-ai" in done.stdout


def test_no_catalogue_at_all_is_no_comparison(tmp_path: Path) -> None:
    assert run(tmp_path, "--catalogue", "litellm").exit_code == 2


def test_left_to_itself_it_asks_all_catalogues(folder: Path) -> None:
    done = run(folder)
    assert "read litellm 9.1: 2 claims" in done.stdout
    unread = re.findall(r"^NOT READ ([^:]+):", done.stdout, re.MULTILINE)
    assert {*unread, "litellm"} == set(CATALOGUES)


def test_the_folder_for_archives_is_made(tmp_path: Path) -> None:
    done = run(tmp_path, "--catalogue", "litellm", "--folder", str(tmp_path / "new" / "one"))
    assert (done.exit_code, (tmp_path / "new" / "one").is_dir()) == (2, True)
    assert "has no archive of litellm" in done.stdout


def test_a_wrong_file_and_wrong_use_are_told(folder: Path) -> None:
    wrong = run(folder, dismissed="[[dismissed]]\n")
    assert (wrong.exit_code, "entry 1: 'catalogues' is missing" in wrong.stderr) == (2, True)
    offline = invoke(main, ["--offline"])
    assert (offline.exit_code, "--folder" in offline.stderr) == (2, True)


def test_archives_are_found_by_their_package_and_the_last_one_counts(tmp_path: Path) -> None:
    import os

    for at, name in enumerate(("@ai-sdk/openai-compatible", "@ai-sdk/openai", "@ai-sdk/openai")):
        path = packed(tmp_path, name, {"a": "b"}, version=f"{at + 8}.0").path
        os.utime(path, (at, at))
    found = stored("@ai-sdk/openai", tmp_path)
    assert (found.path.name, found.version) == ("ai-sdk-openai-10.0.tgz", "10.0")
    wheel(tmp_path, "openai-agents", {"a": "b"})
    with pytest.raises(DriftError, match="no archive of openai"):
        stored("openai", tmp_path)
    assert wheel(tmp_path, "openai", {"a": "b"}, version="2.3").version == stored("openai", tmp_path).version


def test_a_broken_archive_and_a_file_that_is_there_twice_are_told(tmp_path: Path) -> None:
    for name in ("a-1.0.tgz", "a-1.0-py3-none-any.whl"):
        (tmp_path / name).write_bytes(b"no archive")
        with pytest.raises(DriftError, match=f"{name} is no archive"):
            Archive(tmp_path / name).text("x")
    twice = wheel(tmp_path, "b", {"x/data.py": "", "y/data.py": ""})
    with pytest.raises(DriftError, match=r"2 files data\.py"):
        twice.text("data.py")


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a-1.0.tgz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("package/models.json")
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    with pytest.raises(DriftError, match=r"a-1\.0\.tgz: package/models\.json is no file"):
        Archive(path).text("models.json")


def test_a_name_without_a_version_has_none() -> None:
    names = ("acme.whl", "acme-1.whl", "acme-1.0-py3.whl")
    assert [Archive(Path(name)).version for name in names] == ["", "", "1.0"]


def test_a_registry_s_client_that_fails_or_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DriftError, match="acme: npm did not run"):
        download("acme", "npm", tmp_path)
    client = tmp_path / "npm"
    client.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n", encoding="utf-8")
    client.chmod(0o755)
    with pytest.raises(DriftError, match="acme was not downloaded: no such package"):
        download("acme", "npm", tmp_path)


def test_what_a_registry_s_client_brings_is_read_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "src/amazon-bedrock-chat-language-model-options.ts"
    brought = packed(tmp_path, "@ai-sdk/amazon-bedrock", {name: "type Id =\n  | 'acme.rocket-3'\n"}).path
    client = tmp_path / "npm"
    client.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncp {brought} .\n', encoding="utf-8")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    rules = tmp_path / "acme.toml"
    rules.write_text(OVERLAY, encoding="utf-8")
    done = invoke(main, ["--catalogue", "ai-sdk-bedrock", "--rules", str(rules)])
    assert done.exit_code == 1
    assert "read ai-sdk-bedrock 1.0: 1 claims" in done.stdout
    asked = (tmp_path / "asked").read_text(encoding="utf-8").split()
    assert asked == ["pack", "--silent", "--ignore-scripts", "@ai-sdk/amazon-bedrock@latest"]


def test_a_broken_package_fails_though_the_rest_agrees(folder: Path) -> None:
    packed(folder, "@earendil-works/pi-ai", {"readme.txt": "moved"})
    done = run(folder, "--catalogue", "litellm", "--catalogue", "pi-ai", dismissed=DISMISSED)
    assert done.exit_code == 1
    assert "NOT READ pi-ai: earendil-works-pi-ai-1.0.tgz has no files" in done.stdout


def test_it_runs_as_a_script_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts/drift"), "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "python scripts/drift [OPTIONS]" in done.stdout


def test_the_workflow_calls_the_command_as_it_is() -> None:
    text = (ROOT / ".github/workflows/drift.yml").read_text(encoding="utf-8")
    calls = re.findall(r"python scripts/drift ([^|>&\n]*)", text)
    assert calls
    for call in calls:
        arguments = [word for word in shlex.split(call) if "$" not in word]
        with main.make_context("drift", arguments, resilient_parsing=False):
            pass


def test_an_archive_that_is_broken_inside_is_told_of_and_nothing_else(tmp_path: Path) -> None:
    whole = wheel(tmp_path, "litellm", prices({"acme.rocket-3": {}}), version="9.1").path
    content = bytearray(whole.read_bytes())
    content[90:100] = bytes(10)
    whole.write_bytes(content)
    done = run(tmp_path, "--catalogue", "litellm")
    assert done.exit_code == 2
    assert "litellm-9.1" in done.output
    assert "cannot be read" in done.output


def test_json_that_is_nested_without_end_is_another_form(tmp_path: Path) -> None:
    (name,) = prices({})
    wheel(tmp_path, "litellm", {name: "[" * 100_000}, version="9.1")
    done = run(tmp_path, "--catalogue", "litellm")
    assert done.exit_code == 2
    assert "has another form" in done.output


def test_a_file_that_unpacks_to_more_than_there_is_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drift.archives._LARGEST", 10)
    wheel(tmp_path, "litellm", prices({"acme.rocket-3": {}}), version="9.1")
    done = run(tmp_path, "--catalogue", "litellm")
    assert done.exit_code == 2
    assert "more than 10 bytes" in done.output
