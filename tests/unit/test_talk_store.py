"""Files of talks: private, bounded, whole, whoever writes at the same time."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from commands import invoke
from talked import HELLO, run, talks

from smartllm.cli import main
from smartllm.cli.talk.talk_store import ENVIRONMENT, NotKeptError, Talk, TalkStore
from smartllm.errors import ConfigError

pytestmark = pytest.mark.usefixtures("reachable")

GPT = "gpt-5.4"


@pytest.fixture
def store(tmp_path: Path) -> TalkStore:
    return TalkStore(tmp_path / "state" / "talks")


def test_files_are_private_and_whole(store: TalkStore) -> None:
    kept = store.keep(Talk(HELLO, "Be brief.", {"model": GPT}))
    assert store.folder is not None
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in store.folder.iterdir()} == {0o600}
    assert store.read(kept.id) == kept
    again = store.keep(replace(kept, messages=[*HELLO, *HELLO]))
    assert (again.id, again.revision, store.ids()) == (kept.id, 2, [kept.id])


def test_a_talk_that_another_shell_went_on_with_is_not_overwritten(store: TalkStore) -> None:
    kept = store.keep(Talk(HELLO))
    theirs = store.keep(replace(kept, messages=[*HELLO, {"role": "user", "content": "theirs"}]))
    ours = store.keep(replace(kept, messages=[*HELLO, {"role": "user", "content": "ours"}]))
    assert theirs.id != ours.id
    assert [store.find(one.id).messages[-1]["content"] for one in (theirs, ours)] == ["theirs", "ours"]


def test_shells_at_the_same_time_lose_nothing(store: TalkStore) -> None:
    kept = store.keep(Talk(HELLO))
    found: list[Talk] = []
    threads = [Thread(target=lambda: found.append(store.keep(replace(kept)))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(talk.id, talk.revision) for talk in found}) == 12
    assert sum(talk.id == kept.id for talk in found) == 1
    assert len(store.ids()) == 12


def test_the_oldest_go(tmp_path: Path) -> None:
    store = TalkStore(tmp_path, most=3, most_bytes=10_000, largest=5_000)
    names = []
    for number in range(5):
        names.append(store.keep(Talk(HELLO)).id)
        os.utime(tmp_path / f"{names[-1]}.json", (number, number))
    store.keep(Talk(HELLO))
    assert set(store.ids()[1:]) == set(names[-2:])
    store.keep(Talk([{"role": "user", "content": "x" * 4_800}]))
    store.keep(Talk([{"role": "user", "content": "x" * 4_800}]))
    assert len(store.ids()) == 2
    with pytest.raises(NotKeptError, match="at most 5,000 are kept"):
        store.keep(Talk([{"role": "user", "content": "x" * 5_000}]))
    assert len(store.ids()) == 2


def test_what_killed_processes_left_goes(tmp_path: Path) -> None:
    store = TalkStore(tmp_path)
    for name, age in ((".tmp-old", 7200), (".tmp-new", 0)):
        (tmp_path / name).write_text("")
        at = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (at, at))
    store.keep(Talk(HELLO))
    assert {file.name for file in tmp_path.glob(".tmp-*")} == {".tmp-new"}


DAMAGED: Sequence[tuple[str, str]] = (
    ("no JSON", "{"),
    ("a list", "[]"),
    ("another format", json.dumps({"format": 9, "messages": HELLO})),
    ("no turns", json.dumps({"format": 1, "messages": [], "target": {}, "revision": 1, "updated": ""})),
    ("no target", json.dumps({"format": 1, "messages": HELLO, "target": 1, "revision": 1, "updated": ""})),
    ("no text", json.dumps({"format": 1, "messages": [1], "target": {}, "revision": 1, "updated": ""})),
)


@pytest.mark.parametrize("text", [text for _, text in DAMAGED], ids=[name for name, _ in DAMAGED])
def test_damaged_files_are_passed_over_and_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "talks")
    store = TalkStore.of_user()
    good = store.keep(Talk(HELLO))
    Path("talks/20990101-000000-abcd.json").write_text(text)
    assert store.ids()[0] == "20990101-000000-abcd"
    assert store.find().id == good.id
    with pytest.raises(ConfigError, match="no talk begins with '2099'"):
        store.find("2099")
    assert "(not readable)" in talks("ls").stdout


def test_turns_that_are_none_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "talks")
    store = TalkStore.of_user()
    store.keep(Talk([{"role": "nobody", "content": [{"type": "text", "text": 5}, 7]}], target={"model": GPT}))
    assert talks("ls").stdout.endswith("\t\n")
    assert talks("show").exit_code == 0
    wrong = invoke(main, ["run", "-c", "hi"])
    assert (wrong.exit_code, "holds turns that cannot be read" in wrong.stderr) == (2, True)


def test_names_that_are_none(store: TalkStore) -> None:
    kept = store.keep(Talk(HELLO)).id
    assert store.folder is not None
    whole = (store.folder / f"{kept}.json").read_text()
    for other in (store.folder / "secret.json", store.folder.parent / "talks.json"):
        other.write_text(whole)
    assert store.read("secret") is None
    assert store.read("../talks") is None
    assert len(store.ids()) == 1
    several = [store.keep(Talk(HELLO)).id for _ in range(2)]
    with pytest.raises(ConfigError, match="3 talks begin with 20"):
        store.find(several[0][:2])


def test_links_are_not_followed(store: TalkStore, tmp_path: Path) -> None:
    kept = store.keep(Talk(HELLO))
    assert store.folder is not None
    (tmp_path / "elsewhere.json").write_bytes((store.folder / f"{kept.id}.json").read_bytes())
    (store.folder / "20990101-000000-abcd.json").symlink_to(tmp_path / "elsewhere.json")
    assert store.read("20990101-000000-abcd") is None


def test_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(_: str) -> Path:
        raise RuntimeError

    monkeypatch.setattr("platformdirs.user_state_path", no_home)
    store = TalkStore.of_user()
    assert (store.folder, store.ids(), store.lines(), store.remove("x")) == (None, [], None, False)
    assert store.keep(Talk(HELLO)).id == ""
    assert run("hello", "-m", GPT).stdout == "echo: hello\n"
    store.forget_lines()
