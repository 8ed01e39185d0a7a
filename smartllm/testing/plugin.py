"""A pytest plugin: ``pytest_plugins = ["smartllm.testing.plugin"]`` in ``conftest.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import LoopbackServer


@pytest.fixture
def smartllm_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackServer]:
    """A server that answers for OpenAI and Bedrock and checks bodies as they would; the environment names it.

    Code under test makes its clients as always; their calls arrive here. The response cache is a folder of
    the test's own.
    """
    with LoopbackServer(check=True) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "smartllm-cache"))
        yield server
