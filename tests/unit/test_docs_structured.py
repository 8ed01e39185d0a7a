"""The examples of the page on structured output print what the page shows."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "structured.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"```python\n((?:(?!```).)*?)^```$\s*<!-- output: (\w+) -->\n```text\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
EXAMPLES = {name: (code, output) for code, name, output in _EXAMPLE.findall(PAGE)}


def test_every_example_shows_what_it_prints() -> None:
    assert len(EXAMPLES) == PAGE.count("```python\n") == PAGE.count("<!-- output: ")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_the_page_shows(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path))
    code, output = EXAMPLES[name]
    module = ModuleType(f"example_{name}")  # where Pydantic looks for the names of types
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, f"structured.md: {name}", "exec"), vars(module))  # noqa: S102 - the page's own
    assert capsys.readouterr().out == output
