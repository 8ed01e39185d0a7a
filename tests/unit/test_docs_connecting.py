"""The page on connecting: its worked example prints what it shows, and its settings are there."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

from warm import Warm

from smartllm import LLMConfig

PAGE = (Path(__file__).parents[2] / "docs" / "connecting.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"<!-- example: \w+ -->\n```python\n(.*?)^```$.*?```text\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def test_the_worked_examples_print_what_the_page_shows(warm: Warm, tmp_path: Path) -> None:
    examples = [found.groups() for found in _EXAMPLE.finditer(PAGE)]
    assert len(examples) == 3
    for code, output in examples:
        assert warm.run(code, environment=os.environ, folder=tmp_path).said == (output, "")


def test_its_settings_are_there() -> None:
    fields = {field.name for field in dataclasses.fields(LLMConfig)}
    said = set(re.findall(r"\b(\w+)=", re.sub(r"[A-Z_]+=", "", PAGE)))
    said |= set(re.findall(r"`((?:aws|azure|api|ca|default|base)_\w+)`", PAGE))
    calls = {
        "version",
        "model",
        "api_type",
        "like",
        "capture_output",
        "prompt",
        "profile",
        "status",
        "error_message",
        "retryable",
        "transport",
        "use_cache",
        "text",
        "level",
        "reasoning_effort",
    }
    assert said - calls <= fields
    assert {name for name in fields if name.startswith("aws_")} - {"aws_session_token"} <= said
