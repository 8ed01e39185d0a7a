"""Every example in the README, run as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import shown
from media_samples import PDF, PNG
from warm import COMMAND_LINE, Warm

import smartllm
from smartllm.rules import load_rules
from smartllm.testing import LoopbackServer

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILES = {
    "window.png": PNG,
    "prices.pdf": PDF,
    ".aws/config": b"[profile research]\nregion = eu-west-1\n",
}
"""What the pages name as lying there."""
LOCAL = "http://127.0.0.1:8080/v1"
"""Where the pages have a server of one's own."""
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


def of_page(blocks: list[tuple[str, str]], *, readme: bool) -> list[tuple[str, str]]:
    """Those of the README, or those of the other pages."""
    return [(name, text) for name, text in blocks if name.startswith("README.md") is readme]


# Those whose output is compared too are run in test_docs_structured.py and test_docs_shown.py; those on
# plugins, where the packages are that these are for, in tests/guests/test_guest_pages.py.
ELSEWHERE = {
    "structured.md",
    "llm.md",
    "pydantic_ai.md",
    "many_machines.md",
    *(page for page, _ in shown.pages()),
}
PYTHON = [block for block in blocks("python") if block[0].rpartition("-")[0] not in ELSEWHERE]


@pytest.fixture
def lying_there(tmp_path: Path) -> None:
    for file, data in FILES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(data)


@pytest.mark.usefixtures("lying_there")
@pytest.mark.parametrize(("name", "code"), of_page(PYTHON, readme=True), ids=lambda value: value[:20])
def test_python_blocks_of_the_readme(name: str, code: str, server: LoopbackServer, tmp_path: Path) -> None:
    """With the imports, and what they warn of, in each."""
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


@pytest.mark.usefixtures("lying_there")
@pytest.mark.parametrize(("name", "code"), of_page(PYTHON, readme=False), ids=lambda value: value[:20])
def test_python_blocks(name: str, code: str, server: LoopbackServer, warm: Warm, tmp_path: Path) -> None:
    result = warm.run(code, environment=environment(server, tmp_path), folder=tmp_path)
    assert (result.returncode, result.said[1]) == (0, ""), result.said[1]
    assert result.stdout.strip()


# Those on the shell have pipes, those on bulk work follow each other: test_docs_shell.py, test_docs_batch.py.
CONSOLE = [block for block in blocks("console") if not block[0].startswith(("shell.md", "batch.md"))]


@pytest.mark.parametrize(("name", "text"), CONSOLE, ids=lambda value: value[:20])
def test_console_blocks(name: str, text: str, server: LoopbackServer, tmp_path: Path) -> None:
    """With the command that is installed."""
    command, _, expected = text.partition("\n")
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
    ours = [line for line in lines if line.startswith("smartllm ") and line.split()[1] != "chat"]
    return list(dict.fromkeys(ours))


@pytest.mark.parametrize("line", shell_lines())
def test_shell_lines(line: str, server: LoopbackServer, warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "my-request.json").write_text('{"prompt": "hi"}', encoding="utf-8")
    (tmp_path / "requests.jsonl").write_text('{"prompt": "hi"}\n', encoding="utf-8")
    (tmp_path / "mine.toml").write_text('[model]\nclaude-opus-9 = "claude-5.5"\n', encoding="utf-8")
    _, *arguments = shlex.split(line.replace(LOCAL, server.openai_base_url), comments=True)
    result = warm.run(COMMAND_LINE, *arguments, environment=environment(server, tmp_path), folder=tmp_path)
    assert result.returncode == 0, result.said
    assert result.stdout or result.stderr


def test_completion(warm: Warm, tmp_path: Path) -> None:
    """The line in the README."""
    line = re.search(r'`eval "\$\(smartllm (.*?)\)"`', (ROOT / "README.md").read_text(encoding="utf-8"))
    assert line is not None
    result = warm.run(COMMAND_LINE, *line[1].split(), environment={"PATH": "/usr/bin:/bin"}, folder=tmp_path)
    assert "_smartllm_completion" in result.said[0]


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
