"""The local level of the cache on a real file system: what it keeps, how, and what trouble does to it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from smartllm.runtime.cache.files import FORMAT
from smartllm.runtime.cache.local import LocalStore

CANARY = "sk-canary-Zq81"
KEYS = [f"{number:02x}" * 32 for number in range(4)]
KEY, OTHER, HOUR = KEYS[2], KEYS[3], 3600


def entry(key: str = KEY, text: Any = "4") -> dict[str, Any]:
    return {"format": FORMAT, "key": key, "metadata": {"prompt": CANARY}, "data": {"text": text}}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def temporary(folder: Path) -> list[Path]:
    return list(folder.rglob(".tmp-*"))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "cache")


class TestLayout:
    async def test_round_trip_and_delete(self, store: LocalStore) -> None:
        assert await store.get(KEY) is None
        await store.put(KEY, entry())
        assert await store.get(KEY) == store.read(KEY) == entry()
        await store.delete(KEY)
        await store.delete(KEY)
        assert await store.get(KEY) is None

    async def test_readable_by_a_person(self, store: LocalStore) -> None:
        await store.put(KEY, entry(text="Löve 愛"))
        path = store.folder / KEY[:2] / f"{KEY}.json"
        assert store.path(KEY) == path
        content = path.read_text(encoding="utf-8")
        assert '    "text": "Löve 愛"\n' in content
        assert content.endswith("}\n")

    async def test_half_a_surrogate_pair_is_kept(self, store: LocalStore) -> None:
        await store.put(KEY, entry(text="a\ud800é"))
        store.path(KEY).read_text(encoding="utf-8")
        assert await store.get(KEY) == entry(text="a\ud800é")

    @pytest.mark.parametrize("fsync", [False, True])
    async def test_private_and_unseen_by_git(self, tmp_path: Path, fsync: bool) -> None:
        store = LocalStore(tmp_path / "deep" / "cache", fsync=fsync)
        await store.put(KEY, entry())
        path = store.path(KEY)
        modes = [stat.S_IMODE(item.stat().st_mode) for item in (store.folder, path.parent, path)]
        assert modes == [0o700, 0o700, 0o600]
        assert (store.folder / ".gitignore").read_text() == "*\n"
        assert not temporary(store.folder)

    async def test_a_folder_of_the_users_keeps_its_files_visible_to_git(self, store: LocalStore) -> None:
        store.folder.mkdir()
        (store.folder / "notes.txt").write_text("mine")
        await store.put(KEY, entry())
        assert not (store.folder / ".gitignore").exists()
        assert store.clear() == 1
        assert (store.folder / "notes.txt").exists()

    @pytest.mark.parametrize(
        "key", ["", "ab", KEY.upper().replace("0", "A"), KEY + "\n", "../" * 21 + "x", "٣" * 64]
    )
    async def test_other_keys_are_never_paths(self, store: LocalStore, key: str) -> None:
        for call in (store.get(key), store.put(key, entry()), store.delete(key)):
            with pytest.raises(ValueError, match="64 lower-case hex"):
                await call
        assert not store.folder.exists()

    def test_default_folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SMARTLLM_CACHE_DIR", "elsewhere")
        assert LocalStore().folder == tmp_path / "elsewhere"
        monkeypatch.delenv("SMARTLLM_CACHE_DIR")
        assert LocalStore().folder == tmp_path / ".llm_cache"
        assert LocalStore("given").folder == tmp_path / "given"
        assert list(tmp_path.iterdir()) == []

    async def test_a_folder_removed_meanwhile_is_made_again(self, store: LocalStore) -> None:
        await store.put(KEY, entry())
        shutil.rmtree(store.folder)
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()
        assert (store.folder / ".gitignore").exists()


DAMAGE: dict[str, bytes] = {
    "empty": b"",
    "truncated": json.dumps(entry(text=CANARY)).encode()[:-9],
    "not utf-8": b'{"key": "\xff\xfe"}',
    "utf-16": json.dumps(entry()).encode("utf-16"),
    "deep": b"[" * 200_000,
    "huge number": b"9" * 10_000,
    "list": json.dumps([entry()]).encode(),
    "other key": json.dumps(entry(OTHER)).encode(),
    "key of another type": b'{"format": 2, "key": ["' + CANARY.encode() + b'"]}',
    "other version": json.dumps(entry() | {"format": FORMAT + 1}).encode(),
    "version true": json.dumps(entry() | {"format": True}).encode(),
    "version 2.0": json.dumps(entry() | {"format": 2.0}).encode(),
    "no version": json.dumps({"key": KEY}).encode(),
    "too large": json.dumps(entry(text="x" * 300_000)).encode(),
}
PLACES = ["link", "dangling link", "folder", "filled folder", "pipe", "linked two-character folder"]


class TestTrouble:
    @pytest.mark.parametrize("kind", DAMAGE)
    async def test_damage_is_a_miss_with_one_warning_and_is_replaced(
        self, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = LocalStore(tmp_path / "cache", max_entry_bytes=250_000)
        await store.put(KEY, entry())
        store.path(KEY).write_bytes(DAMAGE[kind])
        assert [await store.get(KEY) for _ in range(3)] == [None] * 3
        assert len(warnings(caplog)) == 1
        assert CANARY not in caplog.text
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()

    @pytest.mark.parametrize("kind", PLACES)
    async def test_no_plain_file_is_never_followed_and_is_replaced(
        self, store: LocalStore, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path, outside = store.path(KEY), tmp_path / "outside"
        outside.mkdir()
        target = outside / path.name
        target.write_text(json.dumps(entry(text="foreign")))
        store.folder.mkdir()
        if kind == "linked two-character folder":
            path.parent.symlink_to(outside)
        else:
            path.parent.mkdir()
        if kind.endswith("link"):
            path.symlink_to(target if kind == "link" else outside / "nothing")
        elif kind.endswith("folder") and not kind.startswith("linked"):
            path.mkdir()
            (path / "file").write_text("") if kind.startswith("filled") else None
        elif kind == "pipe":
            os.mkfifo(path)
        assert await asyncio.wait_for(store.get(KEY), 5) is None
        assert await asyncio.wait_for(store.get(KEY), 5) is None
        assert len(warnings(caplog)) == 1
        await store.put(KEY, entry())
        found = await store.get(KEY)
        assert found == (None if kind.startswith("linked") else entry())
        assert json.loads(target.read_text()) == entry(text="foreign")
        assert [item.name for item in outside.iterdir()] == [path.name]
        store.clear()
        assert target.exists()

    async def test_no_json_form_or_too_large_is_not_kept(
        self, store: LocalStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        loop: list[Any] = []
        loop.append(loop)
        store.max_entry_bytes = 10_000
        for text in (object(), float("nan"), loop, "x" * 10_000):
            await store.put(KEY, entry(text=text))
            await store.put(KEY, entry(text=text))
        assert await store.get(KEY) is None
        assert len(warnings(caplog)) == 2
        assert CANARY not in caplog.text
        assert not temporary(store.folder)

    async def test_a_file_in_the_folders_place(
        self, store: LocalStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        store.folder.write_text("a file")
        for _ in range(3):
            await store.put(KEY, entry())
            assert await store.get(KEY) is None
            await store.delete(KEY)
        assert len(warnings(caplog)) == 3
        assert store.keys() == []
        assert store.clear() == store.prune(max_bytes=0) == 0
        assert store.folder.read_text() == "a file"

    async def test_no_thread_to_be_had(
        self, store: LocalStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def refuse(*_: Any) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(asyncio, "to_thread", refuse)
        await store.put(KEY, entry())
        assert await store.get(KEY) is None
        assert len(warnings(caplog)) == 1


class TestLimits:
    def put(self, store: LocalStore, key: str, age: float = 0) -> None:
        asyncio.run(store.put(key, entry(key, "x" * 1000)))
        os.utime(store.path(key), (time.time() - age,) * 2)

    def test_too_old_is_a_quiet_miss(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        store = LocalStore(tmp_path, max_age_seconds=60)
        self.put(store, KEY, age=50)
        assert store.read(KEY)
        self.put(store, KEY, age=70)
        assert store.read(KEY) is None
        assert warnings(caplog) == []
        self.put(LocalStore(tmp_path, max_age_seconds=60), OTHER)
        assert store.keys() == [OTHER]

    def test_the_oldest_go_down_to_nine_tenths(self, tmp_path: Path) -> None:
        keys = [f"{number:064x}" for number in range(40)]
        for number, key in enumerate(keys):
            self.put(LocalStore(tmp_path), key, age=1000 - number)
        size = LocalStore(tmp_path).path(keys[0]).stat().st_size
        limited = LocalStore(tmp_path, max_bytes=20 * size)
        asyncio.run(limited.put(KEY, entry(KEY, "x" * 1000)))
        assert sorted(limited.keys()) == sorted([*keys[23:], KEY])
        assert limited.stats()["bytes"] <= 18 * size

    def test_never_far_over_the_limit(self, tmp_path: Path) -> None:
        store = LocalStore(tmp_path, max_bytes=20_000)
        for number in range(100):
            self.put(store, f"{number % 70:02x}" + "0" * 62)
            assert store.stats()["bytes"] <= 20_000
        assert store.stats()["bytes"] >= 10_000

    def test_prune(self, tmp_path: Path) -> None:
        store = LocalStore(tmp_path)
        for number, key in enumerate(KEYS):
            self.put(store, key, age=number * HOUR)
        assert store.prune() == 0
        assert store.prune(max_age_seconds=2.5 * HOUR) == 1
        assert store.prune(max_age_seconds=10 * HOUR, now=time.time() + 8.5 * HOUR) == 1
        assert store.keys() == KEYS[:2]
        assert store.prune(max_bytes=store.stats()["bytes"] - 1) == 1
        assert store.keys() == KEYS[:1]
        assert store.prune(max_bytes=0) == 1

    def test_stats(self, tmp_path: Path) -> None:
        store = LocalStore(tmp_path)
        none = {"entries": 0, "bytes": 0, "oldest": None, "newest": None, "temporary": 0}
        assert store.stats() == none
        self.put(store, KEY, age=HOUR)
        self.put(store, OTHER)
        (store.path(KEY).parent / ".tmp-1").write_text("")
        found = store.stats()
        assert (found["entries"], found["temporary"]) == (2, 1)
        assert found["newest"] - found["oldest"] == pytest.approx(HOUR, abs=5)

    def test_stale_temporary_files_go_on_first_use_and_by_prune(self, tmp_path: Path) -> None:
        store = LocalStore(tmp_path)
        self.put(store, KEY)
        stale, fresh = (store.path(KEY).with_name(f".tmp-{name}") for name in ("stale", "fresh"))
        for clean in (lambda: self.put(LocalStore(tmp_path), KEY), lambda: LocalStore(tmp_path).prune()):
            stale.write_text("half")
            fresh.write_text("half")
            os.utime(stale, (time.time() - 2 * HOUR,) * 2)
            clean()
            assert temporary(tmp_path) == [fresh]


class TestThreads:
    """Files are read on the event loop only where that is quick."""

    @pytest.fixture
    def threads(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        used: list[str] = []
        original = asyncio.to_thread

        async def counted(work: Any) -> Any:
            used.append("thread")
            return await original(work)

        monkeypatch.setattr(asyncio, "to_thread", counted)
        return used

    async def test_after_one_quick_read_the_loop_reads_for_itself(
        self, tmp_path: Path, threads: list[str]
    ) -> None:
        store = LocalStore(tmp_path)
        await store.put(KEY, entry())
        threads.clear()
        for _ in range(20):
            assert await store.get(KEY) == entry()
            assert await store.get(OTHER) is None
        assert 1 <= len(threads) < 10

    async def test_a_large_entry_is_read_in_a_thread(self, tmp_path: Path, threads: list[str]) -> None:
        store, large = LocalStore(tmp_path), entry(KEY, "x" * 70_000)
        await store.put(KEY, large)
        await store.put(OTHER, entry(OTHER))
        for _ in range(10):
            await store.get(OTHER)
        threads.clear()
        assert await store.get(KEY) == large
        assert threads == ["thread"]

    async def test_a_slow_disk_is_not_trusted_again_soon(
        self, tmp_path: Path, threads: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = LocalStore(tmp_path)
        await store.put(KEY, entry())
        while threads:  # until the loop reads
            threads.clear()
            await store.get(KEY)
        slow = os.open

        def delayed(*arguments: Any, **options: Any) -> int:
            time.sleep(0.01)
            return slow(*arguments, **options)

        with monkeypatch.context() as patched:
            patched.setattr(os, "open", delayed)
            assert await store.get(KEY) == entry()
        threads.clear()
        for _ in range(50):
            assert await store.get(KEY) == entry()
        assert threads == ["thread"] * 50


def test_the_event_loop_is_never_blocked(tmp_path: Path) -> None:
    lines = [{"number": number, "text": "é" * 40} for number in range(3200)]
    assert len(json.dumps(lines, ensure_ascii=False).encode()) > 350_000

    async def longest_gap() -> float:
        store, gaps, done = LocalStore(tmp_path, max_bytes=2_000_000), [0.0], asyncio.Event()

        async def beat() -> None:
            while not done.is_set():
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                gaps.append(time.perf_counter() - before)

        heart = asyncio.create_task(beat())
        for key in KEYS:
            await asyncio.gather(store.put(key, entry(key, lines)), store.get(KEYS[0]))
            assert await store.get(key)
        done.set()
        await heart
        return max(gaps)

    # The best of several: a busy machine delays a heart as well.
    assert min(asyncio.run(longest_gap()) for _ in range(4)) < 0.05
