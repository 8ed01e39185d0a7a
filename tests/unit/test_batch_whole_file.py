"""Files that are there whole or not at all, and the tries of calls to batch engines."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from batch_service import openai_settings

from smartllm.errors import (
    BadRequestError,
    ConfigError,
    ProviderError,
)
from smartllm.runtime.batch import whole_file
from smartllm.runtime.batch.attempts import Attempts, surely_refused
from smartllm.runtime.batch.whole_file import keep, opened


async def parts(*given: bytes | BaseException) -> AsyncIterator[bytes]:
    for one in given:
        if isinstance(one, BaseException):
            raise one
        yield one


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


async def test_a_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    (tmp_path / ".a.part").write_bytes(b"what a killed process left, which is longer")
    assert await keep(path, parts(b"12", b"", b"345")) == 5
    assert (path.read_bytes(), names(tmp_path)) == (b"12345", ["a"])
    with opened(path) as file:
        assert file.read() == b"12345"
    assert await keep(path, parts()) == 0
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "error",
    [
        ProviderError("broke off", model=""),
        ConnectionResetError("reset"),
        TimeoutError(),
        KeyboardInterrupt(),
    ],
)
async def test_what_breaks_off_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    with pytest.raises(type(error)) as caught:
        await keep(path, parts(b"12", error))
    assert caught.value is error
    assert (path.read_bytes(), names(tmp_path)) == (b"before", ["a"])


@pytest.mark.parametrize("step", ["_settle", "_move"])
async def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole_file, step, full)
    with pytest.raises(ConfigError, match="a cannot be written: No space left on device") as caught:
        await keep(tmp_path / "a", parts(b"12"))
    assert "the disk's room" in str(caught.value.hint)
    assert names(tmp_path) == []


async def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for place in ("none/a", "file/a", "folder"):
        with pytest.raises(ConfigError, match="cannot be written"):
            await keep(tmp_path / place, parts(b"12"))
    for place in ("none/a", "file/a", "folder"):
        with pytest.raises(ConfigError, match="cannot be read") as caught:
            opened(tmp_path / place)
        assert "smartllm batch compile" in str(caught.value.hint)
    assert names(tmp_path) == ["file", "folder"]


def test_which_failures_began_no_job() -> None:
    def of(status: int | None, kind: type[ProviderError] = ProviderError) -> bool:
        return surely_refused(kind("no", model="m", status=status))

    assert [of(status) for status in (400, 403, 404, 429, 499)] == [True] * 5
    assert [of(status) for status in (None, 302, 399, 408, 409, 500, 503)] == [False] * 7


async def test_tries() -> None:
    waits: list[float] = []
    calls: list[int] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def failing() -> str:
        calls.append(1)
        if len(calls) <= fails:
            raise error
        return "done"

    attempts = Attempts(openai_settings("http://x", max_retries=2), lambda: ["the-secret"], sleep)
    fails, error = 2, ProviderError("no the-secret", model="m", retryable=True)
    assert await attempts.make(failing) == "done"
    assert (len(calls), len(waits)) == (3, 2)
    fails = 99
    for once, tries in ((False, 3), (True, 1)):
        calls.clear()
        with pytest.raises(ProviderError) as caught:
            await attempts.make(failing, once=once)
        assert len(calls) == tries
        assert "the-secret" not in f"{caught.value!r}{caught.value}"
    calls.clear()
    error = BadRequestError("no", model="m", retryable=False)
    with pytest.raises(BadRequestError):
        await attempts.make(failing)
    assert len(calls) == 1
