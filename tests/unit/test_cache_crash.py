"""The local level of the cache under crashes, full disks, crowds and damage: whole entries or none."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smartllm.runtime.cache.files import FORMAT
from smartllm.runtime.cache.local import LocalStore

KEYS = [f"{number:02x}" * 32 for number in range(4)]
KEY = KEYS[0]
DAMAGE = [b"", b"null", b"[]", b"{", bytes(99), b"\xff\xfe", b"[" * 99_999, b'{"format": 2}']


def entry(key: str = KEY, text: Any = "4") -> dict[str, Any]:
    return {"format": FORMAT, "key": key, "metadata": {}, "data": {"text": text}}


def temporary(folder: Path) -> list[Path]:
    return list(folder.rglob(".tmp-*"))


def started(code: str, *arguments: object, stdin: int | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# Forks a writer for each line that it reads, says which, and how it ended. Forking is quick, starting is not.
# Texts repeat one digit, so that a mixture of two writes shows; sizes take several pages.
WRITERS = """
import itertools, os, sys
from smartllm.runtime.cache.local import LocalStore
for _ in sys.stdin:
    child = os.fork()
    if child:
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    store = LocalStore(sys.argv[1])
    store._prepare()
    for turn in itertools.count():
        key = f"{turn % 3:02x}" * 32
        text = str(turn % 10) * (40_000 + turn % 7 * 9_000)
        store._write(store.path(key), {"format": 2, "key": key, "data": [text] * 3})
"""


def all_seen(folder: Path) -> bool:
    return bool(temporary(folder)) and set(LocalStore(folder).keys()) == set(KEYS[:3])


def kill_often(folder: Path, kills: int) -> None:
    """Kill so many writing processes at random moments, and look at what they leave from time to time.

    It goes on until one was killed within a write and all keys were written, with longer lives, however slow
    the machine is.
    """
    chance = random.Random(5)  # noqa: S311 - moments, not secrets
    with started(WRITERS, folder, stdin=subprocess.PIPE) as parent:
        assert parent.stdin
        assert parent.stdout
        end = time.monotonic() + 120
        for number in itertools.count():
            if number >= kills and (all_seen(folder) or time.monotonic() > end):
                break
            print(file=parent.stdin, flush=True)
            child = int(parent.stdout.readline())
            time.sleep(chance.uniform(0.002, 0.02) * (1 + number // kills))
            os.kill(child, signal.SIGKILL)
            assert parent.stdout.readline() == "-9\n"
            if number % 20 == 0:
                assert_whole(folder)
        parent.stdin.close()
        assert parent.stderr
        assert parent.stderr.read() == ""
    assert_whole(folder)


def assert_whole(folder: Path) -> None:
    paths = [path for path in folder.glob("??/*") if not path.name.startswith(".tmp-")]
    for path in paths:
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        assert LocalStore(folder).read(path.stem)
        assert len(set(data)) == len(set(data[0])) == 1


@pytest.mark.parametrize("kills", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_killed_while_writing(tmp_path: Path, kills: int) -> None:
    kill_often(tmp_path, kills)
    left = temporary(tmp_path)
    assert left, "no process was killed within a write: the test shows nothing"
    for path in left:
        os.utime(path, (time.time() - 4000,) * 2)
    asyncio.run(LocalStore(tmp_path).put(KEYS[3], entry(KEYS[3])))
    assert temporary(tmp_path) == []
    assert set(LocalStore(tmp_path).keys()) == set(KEYS)


CROWD = """
import asyncio, logging, random, sys
from smartllm.runtime.cache.local import LocalStore
logging.basicConfig(level=logging.WARNING)
store = LocalStore(sys.argv[1], max_bytes=int(sys.argv[2]) or None)
async def main():
    for turn in range(30):
        key = f"{random.randrange(5):02x}" * 32
        text = str(turn % 10) * 30_000
        await store.put(key, {"format": 2, "key": key, "data": {"text": text}})
        for number in range(5):
            key = f"{number:02x}" * 32
            entry = await store.get(key)
            assert entry is None or (entry["key"] == key and len(set(entry["data"]["text"])) == 1)
            assert entry is None or len(entry["data"]["text"]) == 30_000
asyncio.run(main())
"""


@pytest.mark.parametrize("max_bytes", [0, 100_000])
def test_eight_processes_write_and_read(tmp_path: Path, max_bytes: int) -> None:
    children = [started(CROWD, tmp_path, max_bytes) for _ in range(8)]
    assert [child.communicate() for child in children] == [("", "")] * 8
    assert [child.returncode for child in children] == [0] * 8
    assert temporary(tmp_path) == []
    if not max_bytes:
        assert len(LocalStore(tmp_path).keys()) == 5


FULL = """
import asyncio, logging, pathlib, sys
from smartllm.runtime.cache.local import LocalStore
logging.basicConfig(level=logging.WARNING, format="%(message)s")
store = LocalStore(sys.argv[1] + "/cache")
async def main():
    for turn in range(40):
        key = f"{turn:02x}" * 32
        await store.put(key, {"format": 2, "key": key, "data": "x" * 20_000})
    kept = [key for key in store.keys() if await store.get(key)]
    assert 0 < len(kept) < 40, kept
    assert len(kept) == len(store.keys())
    assert not list(pathlib.Path(sys.argv[1]).rglob(".tmp-*"))
asyncio.run(main())
"""


def run_mounted(options: str, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code with a small file system of its own on a folder; skip where that is not permitted."""
    script = f'mount -t tmpfs {options} none "$1" || exit 77; exec "$2" -W error -c "$3" "$1"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(folder), sys.executable, code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    return done


def test_a_really_full_disk(tmp_path: Path) -> None:
    done = run_mounted("-o size=256k", FULL, tmp_path)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert warning.endswith("an answer cannot be kept (No space left on device)")


READ_ONLY = """
import asyncio, logging, pathlib, subprocess, sys
from smartllm.runtime.cache.local import LocalStore
logging.basicConfig(level=logging.WARNING, format="%(message)s")
old, new = "0" * 64, "f" * 64
asyncio.run(LocalStore(sys.argv[1]).put(old, {"format": 2, "key": old}))
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
store = LocalStore(sys.argv[1], max_bytes=1, max_age_seconds=9999)
for _ in range(3):
    asyncio.run(store.put(new, {"format": 2, "key": new}))
    assert asyncio.run(store.get(old)) and asyncio.run(store.get(new)) is None
assert store.clear() == store.prune(max_bytes=0) == 0
"""


def test_a_really_read_only_file_system(tmp_path: Path) -> None:
    done = run_mounted("-o size=256k", READ_ONLY, tmp_path)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert warning.endswith("an answer cannot be kept (Read-only file system)")


@pytest.mark.parametrize("fsync", [False, True])
async def test_failing_every_nth_call_to_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: bool
) -> None:
    names = ("mkdir", "open", "write", "fsync", "replace", "listdir")
    for nth in range(1, 100):
        store = LocalStore(tmp_path / str(nth), fsync=fsync)
        if nth % 2:
            await store.put(KEY, entry(text="old"))
            store._prepared = False
        calls = 0
        with monkeypatch.context() as patched:
            for name in names:
                original = getattr(os, name)

                def failing(*args: Any, _original: Any = original, _nth: int = nth, **kwargs: Any) -> Any:
                    nonlocal calls
                    calls += 1
                    if calls == _nth:
                        raise OSError(errno.ENOSPC, "No space left on device")
                    return _original(*args, **kwargs)

                patched.setattr(os, name, failing)
            await store.put(KEY, entry(text="new"))
        found = LocalStore(store.folder).read(KEY)
        assert found in ([entry(text="old"), entry(text="new")] if nth % 2 else [None, entry(text="new")])
        assert not temporary(store.folder)
        await store.put(KEY, entry(text="again"))
        assert await store.get(KEY) == entry(text="again")
        if calls < nth:
            return
    pytest.fail("the calls never ended")


async def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    await store.put(KEY, entry())
    assert await store.get(KEY) == entry()


class AgainstADictionary(RuleBasedStateMachine):
    """A store, a dictionary that says what it must hold, and someone who damages files."""

    @initialize()
    def begin(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.store = LocalStore(self.place.name)
        self.model: dict[str, Any] = {}

    def teardown(self) -> None:
        self.place.cleanup()

    @rule(key=st.sampled_from(KEYS), text=st.text() | st.lists(st.integers()) | st.none())
    def put(self, key: str, text: Any) -> None:
        asyncio.run(self.store.put(key, entry(key, text)))
        self.model[key] = entry(key, text)

    @rule(key=st.sampled_from(KEYS))
    def put_without_json_form(self, key: str) -> None:
        asyncio.run(self.store.put(key, entry(key, object())))

    @rule(key=st.sampled_from(KEYS))
    def delete(self, key: str) -> None:
        asyncio.run(self.store.delete(key))
        self.model.pop(key, None)

    @rule(key=st.sampled_from(KEYS), data=st.binary(max_size=40) | st.sampled_from(DAMAGE))
    def damage(self, key: str, data: bytes) -> None:
        if key in self.model:
            self.store.path(key).write_bytes(data)
            del self.model[key]

    @rule(key=st.sampled_from(KEYS), part=st.floats(0, 0.99))
    def cut(self, key: str, part: float) -> None:
        if key in self.model:
            path = self.store.path(key)
            os.truncate(path, int(part * (path.stat().st_size - 2)))
            del self.model[key]

    @rule(source=st.sampled_from(KEYS), place=st.sampled_from(KEYS))
    def copy_to_another_key(self, source: str, place: str) -> None:
        if source != place and source in self.model and place in self.model:
            self.store.path(place).write_bytes(self.store.path(source).read_bytes())
            del self.model[place]

    @rule()
    def open_again(self) -> None:
        self.store = LocalStore(self.place.name)

    @rule()
    def clear(self) -> None:
        self.store.clear()
        self.model = {}

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        if hasattr(self, "store"):
            assert {key: self.store.read(key) for key in KEYS} == {key: self.model.get(key) for key in KEYS}


TestAgainstADictionary = AgainstADictionary.TestCase
TestAgainstADictionary.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
