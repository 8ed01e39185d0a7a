"""The examples of the page on prompt caching, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from smartllm.testing import LoopbackServer, Reply

PAGE = Path(__file__).parents[2] / "docs" / "prompt_caching.md"


def example(name: str) -> tuple[str, str]:
    """The code of an example, and what it prints."""
    pattern = rf"<!-- example: {name} -->\n```python\n(.*?)^```$.*?```text\n(.*?)^```$"
    found = re.search(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1], found[2]


def printed(code: str, folder: Path, **variables: str) -> tuple[str, str]:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONUTF8": "1", **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
    )
    return result.stdout, result.stderr


def test_the_worked_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    code, output = example("prompt_caching")
    with LoopbackServer(check=True) as server:
        server.script(Reply(text="All may."), Reply(text="Six weeks."))
        assert printed(code, tmp_path, **server.environment()) == (output, "")


def test_cache_points_are_spelled_as_the_page_shows(tmp_path: Path) -> None:
    code, output = example("cache_points")
    assert printed(code, tmp_path) == (output, "")
