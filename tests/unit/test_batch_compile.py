"""Compiling a file of requests into a folder: what is sent, what is not, and what a killed attempt leaves."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from smartllm import LLMClient, LLMConfig
from smartllm.errors import ConfigError, RequestFileError
from smartllm.runtime.batch import compiling
from smartllm.runtime.batch.compiled import Compiled
from smartllm.runtime.batch.folder import compile_folder, made_whole
from smartllm.runtime.batch.locking import locked
from smartllm.runtime.batch.manifest import Line, Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.testing import LoopbackServer

GPT, CLAUDE = "gpt-5.4", "us.anthropic.claude-opus-4-7"
SECRET = "x-secret-7f3a"


def data(*lines: Any) -> bytes:
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


async def made(
    tmp_path: Path,
    source: Any,
    provider: str = "openai",
    *,
    planner: dict[str, Any] | None = None,
    **more: Any,
) -> Compiled:
    plans = Planner.new(provider, **{"model": GPT, "files": tmp_path, **(planner or {})})
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    return await compile_folder(file, tmp_path / "work", plans, name="it", **more)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def rows(tmp_path: Path) -> list[Line]:
    with Manifest.open(tmp_path / "work") as manifest:
        return [*manifest.lines()]


def unit(tmp_path: Path, number: int = 1) -> list[dict[str, Any]]:
    text = (tmp_path / "work" / "units" / f"{number:04d}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def test_a_folder_holds_all_of_it(tmp_path: Path) -> None:
    source = data({"custom_id": "a", "prompt": "hi"}, b"\n", "ho", {"prompt": "hi"}, b"no\n", b'"last"')
    done = await made(tmp_path, source)
    assert (done.lines, done.sent, done.same, done.refused, done.units) == (5, 3, 1, 1, 1)
    assert (tmp_path / "work" / "requests.jsonl").read_bytes() == source
    found = rows(tmp_path)
    assert [(one.line, one.state, one.same_as, one.unit) for one in found] == [
        (1, "ready", None, 1),
        (3, "ready", None, 1),
        (4, "same", 1, None),
        (5, "refused", None, None),
        (6, "ready", None, 1),
    ]
    assert (found[0].custom_id, found[3].error and found[3].error["type"]) == ("a", "RequestFileError")
    assert [source[one.place : one.place + one.length] for one in found] == [
        line for line in source.splitlines(keepends=True) if line.strip()
    ]
    assert [(one["custom_id"], one["url"]) for one in unit(tmp_path)] == [
        (f"L{line:010d}", "/v1/responses") for line in (1, 3, 6)
    ]
    assert unit(tmp_path)[0]["body"]["model"] == GPT
    modes = [
        (tmp_path / "work" / name).stat().st_mode & 0o777
        for name in (".", "manifest.sqlite", "requests.jsonl")
    ]
    assert modes == [0o700, 0o600, 0o600]
    assert done.bytes == (tmp_path / "work" / "units" / "0001.jsonl").stat().st_size


async def test_models_and_endpoints_have_files_of_their_own(tmp_path: Path) -> None:
    await made(
        tmp_path,
        data(
            "a",
            {"prompt": "a", "model": "gpt-5.4-mini"},
            {"prompt": "a", "api_type": "chat_completions"},
            "b",
        ),
    )
    with Manifest.open(tmp_path / "work") as manifest:
        units = [(one.model, one.endpoint, one.lines, one.step) for one in manifest.units()]
    assert units == [
        (GPT, "/v1/responses", 2, 0),
        ("gpt-5.4-mini", "/v1/responses", 1, 0),
        (GPT, "/v1/chat/completions", 1, 0),
    ]


async def test_equal_lines_are_sent_once_unless_each_is_wanted(tmp_path: Path) -> None:
    line = {"prompt": "hi", "model": "gpt-4.1", "temperature": 1}
    done = await made(tmp_path, data(line, line, {**line, "use_cache": False}, {**line, "use_cache": False}))
    assert (done.sent, done.same, done.sampled) == (3, 1, 1)
    done = await made(tmp_path / "2", data(line, line), duplicates=True)
    assert (done.sent, done.same) == (2, 0)


async def test_equal_lines_of_other_windows_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_WINDOW", 2)
    done = await made(tmp_path, data("a", "b", "c", "a", b"\n", "d", "c"))
    assert [one.same_as for one in rows(tmp_path)] == [None, None, None, 1, None, 3]
    assert (done.lines, done.sent) == (6, 4)


async def test_few_bytes_are_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_MOST", 3000)
    held: list[int] = []
    real = Manifest.add_lines

    def add(self: Manifest, some: list[Line]) -> None:
        held.append(len(some))
        real(self, some)

    monkeypatch.setattr(Manifest, "add_lines", add)
    await made(tmp_path, data(*(f"{number}{'x' * 2000}" for number in range(4)), "a", "b"))
    assert held == [1, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"prompt": "hi", "custom_id": "\ud800"}, "is no text in UTF-8"),
        ({"prompt": "hi", "\ud800": 1}, "no text in UTF-8"),
        ([{"prompt": "a"}, {"prompt": "b"}], "it is a list of 2 requests"),
        (b'{"prompt":"hi","extra":' + b'{"a":' * 900 + b"1" + b"}" * 901 + b"\n", "200 levels deep"),
        ({"prompt": "hi", "extra_headers": {"x-key": SECRET}}, "no place for headers"),
        ({"prompt": "hi", "extra_headers": {"Authorization": SECRET}}, "Authorization"),
        ({"prompt": "hi", "extra_headers": SECRET}, "extra_headers"),
        ({"prompt": "hi", "model": "no-such-model"}, "no-such-model"),
    ],
)
async def test_odd_lines_stop_no_others(line: Any, says: str, tmp_path: Path) -> None:
    done = await made(tmp_path, data(line, "hi"))
    assert (done.refused, done.sent) == (1, 1)
    error = rows(tmp_path)[0].error
    assert error is not None
    assert says in error["message"]
    for name in ("manifest.sqlite", "units/0001.jsonl"):
        assert SECRET.encode() not in (tmp_path / "work" / name).read_bytes()
    assert SECRET not in done.wrong[0][1]


async def test_wishes_that_are_not_met_are_told_or_refused(tmp_path: Path) -> None:
    line = {"prompt": "hi", "model": "gpt-5.4", "reasoning_effort": "minimal"}
    done = await made(tmp_path, data(line))
    told = rows(tmp_path)[0].diagnostics
    assert told
    assert sum(done.codes.values()) == len(told)
    strict = await made(tmp_path / "2", data(line, "hi"), planner={"strict": True})
    assert (strict.refused, strict.sent) == (1, 1)


async def test_bedrocks_jobs_need_a_hundred(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text("[host.bedrock.batch]\nlines = 150\n")
    for count, lines in ((99, []), (100, [100]), (220, [120, 100]), (160, [])):
        rules = (str(overlay),)
        folder = tmp_path / str(count)
        done = await made(
            folder,
            data(*(f"n{n}" for n in range(count))),
            "bedrock",
            planner={"model": CLAUDE, "rules": rules if count > 100 else ()},
        )
        with Manifest.open(folder / "work") as manifest:
            assert [one.lines for one in manifest.units()] == (lines or ([150] if count == 160 else []))
        assert done.sent + done.refused == count
    refused = [one for one in rows(tmp_path / "99") if one.state == "refused"]
    assert len(refused) == 99
    assert refused[0].unit is None
    assert "99 requests" in str(refused[0].error)
    assert "smartllm batch run" in str(refused[0].error)
    moved = {one.unit for one in rows(tmp_path / "220")[120:]}
    assert moved == {2}


async def test_lines_that_no_file_takes_are_refused(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text("[host.openai.batch]\nbytes = 400\n")
    done = await made(tmp_path, data("x" * 900, "hi"), planner={"rules": (str(overlay),)})
    assert (done.refused, done.sent) == (1, 1)
    assert "400" in done.wrong[0][1]


async def test_what_the_cache_has_is_not_sent(
    server: LoopbackServer, tmp_path: Path, monkeypatch: Any
) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    async with LLMClient(LLMConfig(provider="openai")) as client:
        await client.generate_text("hi", model=GPT)
    lines = data({"prompt": "hi", "custom_id": "a"}, "ho", "hi", {"prompt": "hi", "use_cache": False})
    done = await made(tmp_path, lines)
    assert (done.cached, done.same, done.sent) == (1, 1, 2)
    with Manifest.open(tmp_path / "work") as manifest, manifest.reading() as db:
        [(line, text)] = db.execute("SELECT line, result FROM results").fetchall()
    result = json.loads(text)
    assert (line, result["custom_id"], result["cached"], result["status"]) == (1, "a", True, "answered")
    done = await made(tmp_path / "2", lines, use_cache=False)
    assert done.cached == 0


async def test_rules_of_the_environment_stay_those_of_the_folder(tmp_path: Path, monkeypatch: Any) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text("[host.openai.batch]\nlines = 2\n")
    monkeypatch.setenv("SMARTLLM_RULES", str(overlay))
    assert (await made(tmp_path, data("a", "b", "c"))).units == 2
    monkeypatch.delenv("SMARTLLM_RULES")
    with Manifest.open(tmp_path / "work") as manifest:
        about = manifest.about
    assert about["rules"] == [str(overlay)]
    assert Planner(about).engine.lines == 2
    monkeypatch.setenv("SMARTLLM_RULES", str(tmp_path / "other.toml"))
    assert Planner(about).engine.lines == 2


async def test_about_what_it_costs(tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    line = {"prompt": "x" * 4000, "max_tokens": 1000}
    done = await made(tmp_path, data(line, {**line, "prompt": "y" * 4000}))
    assert done.input_cost is not None
    assert done.output_cost is not None
    assert 0 < done.input_cost < done.output_cost
    one = await made(tmp_path / "2", data(line))
    assert one.input_cost == pytest.approx(done.input_cost / 2)
    assert one.output_cost == pytest.approx(done.output_cost / 2)


async def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    await made(tmp_path, data("a"))  # an empty one is taken
    before = (tmp_path / "work" / "manifest.sqlite").read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        await made(tmp_path, data("b"))
    assert (tmp_path / "work" / "manifest.sqlite").read_bytes() == before


async def test_no_folder_is_made_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(ConfigError, match="is where you are"):
        await made(tmp_path, data("b"))


class _Broken(io.BytesIO):
    """Requests whose disk fails after two lines."""

    def __next__(self) -> bytes:
        if self.tell() > 5:
            raise OSError(errno.EIO, "Input/output error")
        return super().__next__()


async def test_requests_that_end_in_an_error_make_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RequestFileError, match="cannot be read to their end"):
        await made(tmp_path, _Broken(data("a", "b", "c")))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), sqlite3.OperationalError("disk is full")]
)
async def test_a_full_disk_is_told_and_leaves_nothing(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(Manifest, "add_lines", full)
    with pytest.raises(ConfigError, match=r"work cannot be made: .*(No space|full)"):
        await made(tmp_path, data("a"))
    assert names(tmp_path) == []


def test_one_command_makes_a_folder(tmp_path: Path) -> None:
    (tmp_path / ".work.compiling").mkdir()
    with (
        locked(tmp_path / ".work.compiling"),
        pytest.raises(ConfigError, match="held by another command"),
        made_whole(tmp_path / "work"),
    ):
        pass
    assert (tmp_path / ".work.compiling").exists()


async def test_ctrl_c_is_heard_between_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_WINDOW", 1)
    task = asyncio.ensure_future(made(tmp_path, data(*map(str, range(50))), use_cache=False))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="kills")
def test_a_killed_attempt_leaves_no_folder_and_the_next_makes_it(tmp_path: Path) -> None:
    code = "from smartllm.cli import main; main(prog_name='smartllm')"
    command = [sys.executable, "-c", code, "batch", "compile", "-", "--to", "openai", "-o", "work"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(data(*(f"n{n}" for n in range(600))))
    process.stdin.flush()
    place = tmp_path / ".work.compiling"
    ends = time.monotonic() + 20
    while not (place / "units" / "0001.jsonl").exists() and time.monotonic() < ends:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    assert (place / "units" / "0001.jsonl").exists()
    assert not (tmp_path / "work").exists()
    done = asyncio.run(made(tmp_path, data("a")))
    assert (done.sent, place.exists()) == (1, False)
    assert len(unit(tmp_path)) == 1
