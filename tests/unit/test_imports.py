"""What importing costs, and what the package never does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from versions import with_todays_pydantic

PACKAGE = Path(__file__).parent.parent.parent / "smartllm"
HEAVY = {
    "openai",
    "aiobotocore",
    "botocore",
    "aiohttp",
    "jsonschema",
    "httpx2",
    "stamina",
    "rich",
    "platformdirs",
}

_AUDIT = """
import os, sys
package = {package!r}
allowed = tuple(path for path in sys.path if path) + (sys.prefix, sys.base_prefix, package)
seen = []
def hook(event, args):
    if event.startswith("socket.") and event != "socket.__new__":
        seen.append((event, args))
    if event == "open" and isinstance(args[0], str) and not os.path.abspath(args[0]).startswith(allowed):
        seen.append((event, args[0]))
sys.addaudithook(hook)
from smartllm import TextRequest, compile
assert not seen, seen
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=PACKAGE.parent
    )


def loaded_by(code: str) -> set[str]:
    """The packages that some code loads."""
    result = run("-X", "importtime", "-c", code)
    assert result.returncode == 0, result.stderr
    return {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in result.stderr.splitlines()}


def test_importing_loads_next_to_nothing() -> None:
    loaded = loaded_by("import smartllm")
    assert "smartllm" in loaded
    assert not loaded & {*HEAVY, "pydantic", "tomli", "logging", "asyncio"}


def test_the_names_load_no_sdk() -> None:
    names = [
        "Diagnostic",
        "LLMConfig",
        "Message",
        "MessageRequest",
        "Plan",
        "StreamChunk",
        "TextRequest",
        "TextResponse",
        "Tool",
        "ToolCall",
        "ToolResult",
        "compile",
        "tool",
    ]
    loaded = loaded_by(f"from smartllm import {', '.join(names)}")
    assert "pydantic" in loaded
    assert not loaded & HEAVY


def test_a_tool_and_parts_by_hand_load_no_pydantic() -> None:
    made = "Tool('f', 'd', {'type': 'object'}), tool(name='g'), ToolCall('1', 'f', {}), ToolResult('1', {})"
    loaded = loaded_by(f"from smartllm import Tool, ToolCall, ToolResult, tool; {made}")
    assert "smartllm" in loaded
    assert not loaded & {*HEAVY, "pydantic", "griffe", "asyncio"}


def test_every_name_is_there() -> None:
    import smartllm

    assert set(smartllm.__all__) <= set(dir(smartllm))
    assert all(getattr(smartllm, name) is not None for name in smartllm.__all__)
    assert smartllm.compile is smartllm.compile


def test_compiling_loads_no_sdk_either() -> None:
    code = (
        "import sys, smartllm; smartllm.compile(smartllm.TextRequest(prompt='hi'), model='gpt-4.1');"
        f"print(sorted({HEAVY - {'platformdirs'}!r} & set(sys.modules)))"
    )
    result = run("-c", code)
    assert result.stdout.strip() == "[]", result.stderr


def test_importing_opens_no_connection_and_prints_nothing() -> None:
    result = run("-c", _AUDIT.format(package=str(PACKAGE)))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    result = run("-c", "import smartllm; smartllm.nothing")
    assert "module 'smartllm' has no attribute 'nothing'" in result.stderr


def test_no_python_file_names_a_model() -> None:
    names = re.compile(
        r"claude-(?:opus|sonnet|haiku|fable|mythos|3)|gpt-\d|\bo[134](?:-mini|-pro)?\b", re.ASCII
    )
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if names.search(line) and ">>>" not in line
    ]
    assert found == []


def test_no_file_is_longer_than_its_room() -> None:
    long = {
        path.name: lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


@with_todays_pydantic
def test_the_schema_for_editors_is_the_generated_one() -> None:
    from smartllm.rules.shape import json_schema_text

    kept = (PACKAGE / "rules" / "models.schema.json").read_text(encoding="utf-8")
    assert kept == json_schema_text(), "run: smartllm schema > smartllm/rules/models.schema.json"
