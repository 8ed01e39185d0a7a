"""Every code block of the seed, run as it stands against the loopback server."""

from __future__ import annotations

import ast
import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest
from blocks import BLOCKS, Block
from wires import share_service_models

import smartllm
from smartllm.testing import LoopbackServer

SEED = Path(__file__).parents[3] / "shared" / "seed.txt"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    share_service_models(monkeypatch)
    monkeypatch.chdir(tmp_path)
    with LoopbackServer() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_base_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOOPBACK")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "loopback")
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
        yield server


@pytest.mark.parametrize("name", BLOCKS)
def test_block(name: str, server: LoopbackServer, capsys: pytest.CaptureFixture[str]) -> None:
    block = BLOCKS[name]
    server.script(*block.replies)
    run(block)
    printed = capsys.readouterr().out
    at = 0
    for text in block.prints:
        assert text in printed[at:], printed
        at = printed.index(text, at) + len(text)
    assert len(server.requests) == block.requests


def run(block: Block) -> None:
    """Blocks that await do so at their top level, as in a notebook."""
    # Without this file's own __future__ imports.
    code = compile(block.code, "seed", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    names: dict[str, Any] = {**vars(smartllm), "LLMClient": smartllm.LLMClient, "__name__": "seed"}
    exec(compile(block.given, "seed", "exec", dont_inherit=True), names)  # noqa: S102 - our own text
    if not code.co_flags & inspect.CO_COROUTINE:
        eval(code, names)  # noqa: S307 - same
        return

    async def awaited() -> None:
        async with smartllm.LLMClient(provider=block.provider) as names["client"]:
            await eval(code, names)  # noqa: S307 - same

    asyncio.run(awaited())


@pytest.mark.skipif(not SEED.exists(), reason="the seed lies beside the repository, not in it")
def test_the_blocks_are_the_seeds() -> None:
    """Line by line, as the page has lost its indentation and its empty lines."""
    lines = [line.strip() for line in SEED.read_text(encoding="utf-8").splitlines()]
    text = "\n".join(line.replace("#     ", "# ") for line in lines if line)
    for name, block in BLOCKS.items():
        flat = "\n".join(line.strip() for line in block.code.splitlines() if line.strip())
        assert flat.replace("#     ", "# ") in text, name
    starts = (
        "import ",
        "from ",
        "async with ",
        "response = ",
        "async for ",
        "tasks = ",
        "TextRequest(prompt",
    )
    code = [line for line in lines if line.startswith(starts)]
    known = "\n".join(block.code for block in BLOCKS.values())
    assert [line for line in code if line not in known] == []
