"""A pytest plugin: ``pytest_plugins = ["smartllm.testing.plugin"]`` in ``conftest.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from smartllm.errors import MissingExtraError

from . import LoopbackServer
from .variables import environment_of

try:
    import pytest
except ImportError:
    raise MissingExtraError(
        "smartllm.testing.plugin needs pytest, which is not installed", hint='pip install "smartllm[testing]"'
    ) from None


@pytest.fixture
def smartllm_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackServer]:
    """A server that answers for all providers and checks bodies as they would; the environment names it.

    Code under test makes its clients as always; their calls arrive here. Accounts of the user's own are not
    named; the response cache and the shell's talks are in a folder of the test's own.
    """
    with LoopbackServer(check=True) as server:
        given = environment_of(os.environ, server, tmp_path / "smartllm")
        for name in os.environ.keys() - given.keys():
            monkeypatch.delenv(name)
        for name in given:
            if os.environ.get(name) != given[name]:
                monkeypatch.setenv(name, given[name])
        yield server
