"""Real parts as processes of ours on the loopback address; each ends with its block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

START_SECONDS = 60


def command_of(package: str) -> str:
    """The command of a tool that lives in a virtual environment of its own, as it pins what we use too."""
    inside = str(Path(sys.prefix) / package / "bin")
    found = shutil.which(package) or shutil.which(package, path=inside)
    if found is None:
        missing(f"python -m venv .venv/{package} && .venv/{package}/bin/pip install {package}")
    return found


def missing(how: str) -> NoReturn:
    """Skip a test for want of a part; where everything must run, fail."""
    reason = f"a real part is not installed: {how}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read(url: str) -> str | None:
    """The page; None as long as nobody serves it."""
    try:
        with urllib.request.urlopen(url, timeout=5) as page:  # noqa: S310 - our own loopback server
            text: str = page.read().decode()
            return text
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


@contextmanager
def running(command: list[str], ready: str, folder: Path, **settings: str) -> Iterator[None]:
    """A process of ours, until the end of the block; its output is in ``folder``."""
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {**inherited, "HOME": str(folder), **settings}
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while read(ready) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} does not serve {ready}:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
