"""The examples of the page on answers print what the page shows."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from warm import Warm

from smartllm.compiler.dialects import FIELDS
from smartllm.testing import LoopbackServer, Reply

PAGE = (Path(__file__).parents[2] / "docs" / "answers.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"```python\n((?:(?!```).)*?)^```$\s*<!-- output: (\w+) -->\n```text\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
EXAMPLES = {name: (code, output) for code, name, output in _EXAMPLE.findall(PAGE)}
EMPTY = {
    "status": "incomplete",
    "incomplete_details": {"reason": "max_output_tokens"},
    "output": [{"type": "reasoning", "id": "rs_1", "summary": []}],
    "usage": {"input_tokens": 12, "output_tokens": 50, "output_tokens_details": {"reasoning_tokens": 50}},
}
MISMATCH = {
    "id": "resp_1",
    "status": "completed",
    "output": [
        {
            "type": "message",
            "content": [{"type": "output_text", "text": '{"name": "Ada", "age": "unknown"}'}],
        }
    ],
    "usage": {"input_tokens": 40, "output_tokens": 11},
}
COUNT = {"object": "response.input_tokens", "input_tokens": 13}
ANSWERS = {"empty": EMPTY, "system": EMPTY, "mismatch": MISMATCH, "count": COUNT}


def test_all_examples_are_here() -> None:
    assert set(EXAMPLES) == set(ANSWERS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_the_page_shows(name: str, warm: Warm, tmp_path: Path) -> None:
    code, output = EXAMPLES[name]
    with LoopbackServer() as server:
        server.script(Reply(raw=json.dumps(ANSWERS[name]).encode(), headers={"x-request-id": "resp_1"}))
        settings = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": server.openai_base_url}
        result = warm.run(code, environment=os.environ | settings, folder=tmp_path)
    assert result.stdout.decode() == output, result.said


def test_the_table_has_every_word_of_every_wire() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE))
    words = {word for fields in FIELDS.values() for word in fields.finish}
    assert words - told == {"incomplete", "complete"}
