"""Every example in the README, run as it stands."""

from __future__ import annotations

import base64
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import smartllm
from smartllm.rules import load_rules
from smartllm.testing import LoopbackServer

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        texts = [
            text for language, text in _FENCE.findall(page.read_text(encoding="utf-8")) if language == kind
        ]
        found += [(f"{page.name}-{number}", text) for number, text in enumerate(texts)]
    return found


def environment(server: LoopbackServer, home: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "OPENAI_API_KEY": "sk-loopback",
        "OPENAI_BASE_URL": server.openai_base_url,
        "AWS_ACCESS_KEY_ID": "AKIALOOPBACK",
        "AWS_SECRET_ACCESS_KEY": "a-secret-that-no-answer-holds",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url,
    }


def files(folder: Path) -> None:
    """What the examples say that there is."""
    (folder / "window.png").write_bytes(PICTURE)
    (folder / "prices.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text("[profile research]\nregion = eu-west-1\n", encoding="utf-8")


@pytest.mark.parametrize(("name", "code"), blocks("python"), ids=lambda value: value[:20])
def test_python_blocks(name: str, code: str, tmp_path: Path) -> None:
    files(tmp_path)
    with LoopbackServer() as server:
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    assert result.stdout.strip()


@pytest.mark.parametrize(("name", "text"), blocks("console"), ids=lambda value: value[:20])
def test_console_blocks(name: str, text: str, tmp_path: Path) -> None:
    command, _, expected = text.partition("\n")
    with LoopbackServer() as server:
        result = subprocess.run(
            shlex.split(command.removeprefix("$ ")),
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert not server.requests
    assert result.stdout == expected


def shell_lines() -> list[str]:
    """Our own commands among the shell lines; what sets up an environment is run by CI."""
    lines = [line for _, text in blocks("sh") for line in text.splitlines()]
    return [line for line in lines if line.startswith(("smartllm ", "python scripts/"))]


@pytest.mark.parametrize("line", shell_lines())
def test_shell_lines(line: str, tmp_path: Path) -> None:
    (tmp_path / "my-request.json").write_text('{"prompt": "hi"}', encoding="utf-8")
    (tmp_path / "mine.toml").write_text('[model]\nclaude-opus-9 = "claude-5.5"\n', encoding="utf-8")
    with LoopbackServer() as server:
        result = subprocess.run(
            shlex.split(line, comments=True),
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert result.returncode == 0, result.stderr
    assert result.stdout or result.stderr


def test_completion() -> None:
    """The line in the README."""
    result = subprocess.run(
        [str(Path(sys.executable).parent / "smartllm")],
        env={"_SMARTLLM_COMPLETE": "bash_source", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_smartllm_completion" in result.stdout


@pytest.mark.parametrize(("name", "text"), blocks("toml"), ids=lambda value: value[:20])
def test_toml_blocks_are_overlays(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "overlay.toml"
    path.write_text(text, encoding="utf-8")
    rules = load_rules(path)
    for model in [*tomllib.loads(text).get("model", {}), *tomllib.loads(text).get("alias", {})]:
        assert smartllm.compile(smartllm.TextRequest(prompt="hi"), model=model, rules=rules, level="ignore")


def test_the_readme_has_exactly_two_commands_to_set_up() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"<!-- command: (\w+) -->\n```sh\n(.*)\n```", text)
    assert [name for name, _ in commands] == ["main", "tests"]
    assert all(command.startswith("python3 -m venv .venv && ") for _, command in commands)


def test_the_main_command_prints_body_and_explanation(tmp_path: Path) -> None:
    """What the README's first command runs after its installation."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"<!-- command: main -->\n```sh\n(.*)\n```", text)
    assert command is not None
    parts = [part.strip() for part in command[1].split("&&") if "smartllm compile" in part]
    outputs = [
        subprocess.run(
            [str(Path(sys.executable).parent / "smartllm"), *shlex.split(part)[1:]],
            capture_output=True,
            encoding="utf-8",
            check=True,
            cwd=ROOT,
            env={"HOME": str(tmp_path), "PATH": "", "PYTHONUTF8": "1"},
        ).stdout
        for part in parts
    ]
    assert '"type": "adaptive"' in outputs[0]
    assert "diagnostics" in outputs[1]
    assert "smartllm/rules/profiles/anthropic.toml:" in outputs[1]
