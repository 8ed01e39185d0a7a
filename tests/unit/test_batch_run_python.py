"""``run_batch``: a file answered online from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartllm.errors import ConfigError, RequestFileError
from smartllm.map_progress import MapProgress
from smartllm.runtime.batch.run_batch import run_batch
from smartllm.testing import LoopbackServer

pytestmark = pytest.mark.usefixtures("reachable")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "requests.jsonl"
    path.write_text('"one"\n{"prompt": "two", "model": "us.anthropic.claude-opus-4-7"}\n')
    return path


def texts(results: Path) -> list[str]:
    return [json.loads(line)["text"] for line in results.read_text().splitlines()]


def kept(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_answers_a_file(server: LoopbackServer, source: Path, tmp_path: Path) -> None:
    told: list[MapProgress] = []
    results = str(tmp_path / "results.jsonl")
    summary = await run_batch(source, results, default_model="gpt-5.4", progress=told.append)
    assert (summary.lines, summary.answered, summary.reason) == (2, 2, None)
    assert texts(Path(results)) == ["echo: one", "echo: two"]
    assert [one.done for one in told] == [1, 2]
    assert (await run_batch(source, results, default_model="gpt-5.4")).asked == 0


async def test_other_settings_are_another_run(server: LoopbackServer, source: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    await run_batch(source, results, max_concurrent=1, use_cache=False)
    await run_batch(source, results, max_concurrent=2)
    with pytest.raises(ConfigError, match=r"temperature=0.5: the run .* with temperature=null"):
        await run_batch(source, results, temperature=0.5)
    with pytest.raises(ConfigError, match="api_type="):
        await run_batch(source, results, api_type="chat_completions")
    assert (await run_batch(source, results, temperature=0.5, overwrite=True, limit=1)).left == 1


@pytest.fixture
def with_notes(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "notes.txt").write_text("of notes")
    part = {"type": "document", "path": "notes.txt"}
    source.write_text(json.dumps({"prompt": ["what", part], "model": "us.anthropic.claude-opus-4-7"}))
    return source


async def test_files_of_requests_are_beside_it_or_where_one_says(
    server: LoopbackServer, with_notes: Path, tmp_path: Path
) -> None:
    source = with_notes
    results = tmp_path / "results.jsonl"
    assert (await run_batch(source, results)).refused == 1
    assert (await run_batch(source, results, files=tmp_path / "more", retry_failed=True)).answered == 1


async def test_progress_is_shown(server: LoopbackServer, source: Path, tmp_path: Path, capsys: Any) -> None:
    await run_batch(source, tmp_path / "results.jsonl", progress=True)
    assert "run: 2/2 done" in capsys.readouterr().err


async def test_settings_of_one_provider_do_not_trouble_another(
    server: LoopbackServer, source: Path, tmp_path: Path
) -> None:
    summary = await run_batch(source, tmp_path / "results.jsonl", aws_region="eu-west-1", api_key="sk-own")
    assert summary.answered == 2
    keys = [request.headers.get("authorization", "") for request in server.requests]
    assert any("sk-own" in key for key in keys)
    assert any("eu-west-1" in key for key in keys)
    assert b"sk-own" not in kept(tmp_path)


async def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(RequestFileError, match="cannot be read"):
        await run_batch(tmp_path / "none.jsonl", tmp_path / "results.jsonl")
    assert kept(tmp_path) == b""
