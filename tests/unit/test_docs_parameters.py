"""The examples of the page on parameters print what the page shows, and its commands compile."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from warm import Warm

from smartllm.cli import main
from smartllm.parameters import PARAMETERS

PAGE = (Path(__file__).parents[2] / "docs" / "parameters.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"<!-- example: (\w+) -->\n```python\n(.*?)^```$.*?```text\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
EXAMPLES = _EXAMPLE.findall(PAGE)
(COMMANDS,) = re.findall(r"```bash\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("name", "code", "output"), EXAMPLES, ids=[name for name, _, _ in EXAMPLES])
def test_an_example_prints_what_the_page_shows(
    name: str, code: str, output: str, warm: Warm, tmp_path: Path
) -> None:
    assert warm.run(code, environment=os.environ, folder=tmp_path).said == (output, ""), name


@pytest.mark.parametrize("command", COMMANDS.replace("\\\n", "").strip().splitlines())
def test_a_command_compiles(command: str) -> None:
    _, *arguments = shlex.split(command)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output


def test_each_field_of_its_kind_is_told() -> None:
    groups = {"sampling", "generation", "service"}
    told = {name for name, row in PARAMETERS.items() if row.group in groups} | {"reasoning_summary"}
    assert told == {name for name in told if f"`{name}`" in PAGE}
