"""What the local cache does not serve although it is there, and what it does not write."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from smartllm.runtime.cache.files import FORMAT, FORMATS
from smartllm.runtime.cache.local import LocalStore

CANARY = "sk-canary-Zq81"
KEY, OTHER = "02" * 32, "03" * 32


def entry(key: str = KEY, text: Any = "4") -> dict[str, Any]:
    return {"format": FORMAT, "key": key, "metadata": {"prompt": CANARY}, "data": {"text": text}}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "cache")


@pytest.mark.parametrize("older", [{"format": 1}, {"format": 1, "data": {"text": "x", "model": "m"}}])
async def test_an_entry_of_the_first_format_is_a_silent_miss_and_is_replaced(
    store: LocalStore, older: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await store.put(KEY, entry())
    store.path(KEY).write_text(json.dumps(entry() | older))
    assert [await store.get(KEY) for _ in range(3)] == [None] * 3
    assert store.read(KEY, FORMATS) == entry() | older
    await store.put(KEY, entry())
    assert await store.get(KEY) == entry()
    assert warnings(caplog) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_what_is_no_json_is_damaged(
    store: LocalStore, number: str, caplog: pytest.LogCaptureFixture
) -> None:
    await store.put(KEY, entry())
    text = store.path(KEY).read_text()
    store.path(KEY).write_text(text.replace('"4"', number))
    assert await store.get(KEY) is None
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("spelling", [CANARY, f"Bearer {CANARY}", f'{{"key": "{CANARY}"}}'])
async def test_an_entry_with_a_credential_is_not_written(
    tmp_path: Path, spelling: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = LocalStore(tmp_path / "cache", secrets=(CANARY, "any", 'with "quotes"'))
    plain = {**entry(text="any thing"), "metadata": {}}
    await store.put(KEY, plain)
    assert await store.get(KEY) == plain
    for text in (spelling, 'a secret with "quotes" in it'):
        await store.put(OTHER, {**plain, "key": OTHER, "data": {"text": text}})
        assert await store.get(OTHER) is None
    assert len(warnings(caplog)) == 1
    assert CANARY not in caplog.text
    assert not list(store.folder.rglob(".tmp-*"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
class TestOwners:
    """Who may write where an entry is read decides whether it is served."""

    @pytest.fixture(autouse=True)
    def kept(self, store: LocalStore) -> None:
        asyncio.run(store.put(KEY, entry()))

    async def test_another_user_s_file(self, store: LocalStore, caplog: pytest.LogCaptureFixture) -> None:
        os.chown(store.path(KEY), 12_345, -1)
        assert [await store.get(KEY) for _ in range(3)] == [None] * 3
        assert len(warnings(caplog)) == 1
        assert "another user's file" in caplog.text
        await store.put(KEY, entry())
        assert await store.get(KEY) == entry()

    @pytest.mark.parametrize("inner", [False, True])
    @pytest.mark.parametrize(
        ("mode", "found"), [(0o777, False), (0o770, False), (0o755, True), (0o1777, False)]
    )
    async def test_another_user_s_folder(
        self, store: LocalStore, inner: bool, mode: int, found: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = store.path(KEY).parent if inner else store.folder
        os.chown(folder, 12_345, -1)
        folder.chmod(mode)
        assert await store.get(KEY) == (entry() if found else None)
        assert await store.get(KEY) == (entry() if found else None)
        assert len(warnings(caplog)) == (0 if found else 1)

    async def test_our_own_open_folder_is_ours(self, store: LocalStore) -> None:
        store.folder.chmod(0o777)
        store.path(KEY).parent.chmod(0o777)
        assert await store.get(KEY) == entry()

    def test_root_s_entries_are_read_by_others(self) -> None:
        with tempfile.TemporaryDirectory() as place:  # pytest's own folders are for root alone
            store = LocalStore(place)
            asyncio.run(store.put(KEY, entry()))
            for folder in (store.folder, store.path(KEY).parent):
                folder.chmod(0o755)
            store.path(KEY).chmod(0o644)
            child = os.fork()
            if child == 0:
                os.setuid(12_345)
                os._exit(0 if store.read(KEY) == entry() else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_while_a_thread_holds_the_lock(store: LocalStore) -> None:
    """The child writes and warns on, whatever a thread of its parent was doing."""
    store.folder.write_text("a file, which is trouble")
    with store._lock:
        child = os.fork()
        if child == 0:
            store.path(KEY).parent.parent.unlink()
            asyncio.run(store.put(KEY, entry()))
            found = store.read(KEY) == entry()
            store._trouble("a warning")
            os._exit(0 if found else 1)
        deadline = time.monotonic() + 10
        done = (0, 0)
        while done[0] == 0 and time.monotonic() < deadline:
            done = os.waitpid(child, os.WNOHANG)
            time.sleep(0.01)
        if done[0] == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert done[0] == child
    assert os.waitstatus_to_exitcode(done[1]) == 0
