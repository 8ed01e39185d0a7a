"""The examples of the page on prompt caching, run as they stand."""

from __future__ import annotations

import os
import re
from pathlib import Path

from warm import Warm

from smartllm.testing import LoopbackServer, Reply

PAGE = Path(__file__).parents[2] / "docs" / "prompt_caching.md"


def example(name: str) -> tuple[str, str]:
    """The code of an example, and what it prints."""
    pattern = rf"<!-- example: {name} -->\n```python\n(.*?)^```$.*?```text\n(.*?)^```$"
    found = re.search(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1], found[2]


def test_the_worked_example_prints_what_the_page_shows(warm: Warm, tmp_path: Path) -> None:
    code, output = example("prompt_caching")
    with LoopbackServer(check=True) as server:
        server.script(Reply(text="All may."), Reply(text="Six weeks."))
        result = warm.run(code, environment=os.environ | server.environment(), folder=tmp_path)
    assert result.said == (output, "")


def test_cache_points_are_spelled_as_the_page_shows(warm: Warm, tmp_path: Path) -> None:
    code, output = example("cache_points")
    assert warm.run(code, environment=os.environ, folder=tmp_path).said == (output, "")
