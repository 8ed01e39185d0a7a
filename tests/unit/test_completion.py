"""Completion: what shells are offered, in real shells too, and that little is loaded for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
import pytest
from click.shell_completion import CompletionItem
from commands import invoke
from warm import COMMAND_LINE

from smartllm.cli import main
from smartllm.cli.bash import Bash
from smartllm.cli.completing import files, folders
from smartllm.rules import load_rules
from smartllm.runtime.cache.local import LocalStore

BREAKS: Final = " \t\n\"'><=;|&(:"
"""Bash's COMP_WORDBREAKS."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A cache with one entry, by its key."""
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path))
    key = "ab12" * 16
    file = LocalStore(tmp_path).path(key)
    file.parent.mkdir()
    file.write_text("{}")
    return key


def offered(line: str, monkeypatch: pytest.MonkeyPatch, breaks: str = BREAKS) -> list[str]:
    """The lines that the command line prints for bash with the cursor at the end of a line."""
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_WORDBREAKS", breaks)
    return Bash(main, {}, "smartllm", "_SMARTLLM_COMPLETE").complete().splitlines()


class TestOffered:
    @pytest.mark.parametrize(
        ("line", "some"),
        [
            ("smartllm comp", "plain,compile"),
            ("smartllm compile --form", "plain,--format"),
            ("smartllm compile -m us.anthropic.claude-opus-4-7", "plain,us.anthropic.claude-opus-4-7"),
            ("smartllm compile --model=gpt-5.", "plain,gpt-5.4"),
            ("smartllm explain claude-opus-4-7", "plain,claude-opus-4-7"),
            ("smartllm explain 'us.anthropic.claude-opus-4-7", "plain,us.anthropic.claude-opus-4-7"),
            ("smartllm diff o3 gpt-5.", "plain,gpt-5.4"),
            ("smartllm models --vendor anth", "plain,anthropic"),
            ("smartllm models gpt-5.", "plain,gpt-5.4"),
            ("smartllm verify o3 --fact think", "plain,thinking.modes"),
            ("smartllm compile --provider b", "plain,bedrock"),
            ("smartllm compile --effort x", "plain,xhigh"),
            ("smartllm completion z", "plain,zsh"),
            ("smartllm compile -r ", "file,"),
            ("smartllm lint ", "file,"),
        ],
        ids=lambda given: given.replace(" ", "_"),
    )
    def test_what_may_follow(self, line: str, some: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert some in offered(line, monkeypatch)

    def test_keys_of_the_cache(self, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert offered("smartllm cache show ab", monkeypatch) == [f"plain,{cache}"]
        assert offered("smartllm cache show ff", monkeypatch) == []

    def test_every_listed_model_is_offered_and_the_retired_last(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = [line.partition(",")[2] for line in offered("smartllm explain ", monkeypatch)]
        assert {*load_rules().table("model")} <= {*names}
        assert len(names) == len({*names})

    def test_a_provider_that_is_given_narrows_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert offered("smartllm compile --provider openai -m us.", monkeypatch) == []

    def test_overlays_are_read_and_wrong_ones_offer_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "r.toml"
        file.write_text('[model]\nzz-mine = { profile = "gpt-5.4" }\n')
        line = f"smartllm compile --rules {file} -m zz"
        assert offered(line, monkeypatch) == ["plain,zz-mine"]
        file.write_text("[[")
        assert offered(line, monkeypatch) == []

    @pytest.mark.parametrize(
        ("breaks", "rest"),
        [(BREAKS, "0"), (BREAKS.replace(":", ""), "amazon.nova-pro-v1:0")],
        ids=["cut", "whole"],
    )
    def test_bash_gets_what_stands_behind_its_cut(
        self, breaks: str, rest: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert offered("smartllm explain amazon.nova-pro-v1:", monkeypatch, breaks) == [f"plain,{rest}"]

    def test_files_and_folders_are_the_shells(self) -> None:
        context = click.Context(main)
        parameter = main.params[0]
        kinds = [offer(context, parameter, "x")[0] for offer in (files, folders)]
        assert all(isinstance(item, CompletionItem) for item in kinds)
        assert [(item.value, item.type) for item in kinds] == [("x", "file"), ("x", "dir")]


class TestScripts:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_each_shell_has_one(self, shell: str) -> None:
        result = invoke(main, ["completion", shell])
        assert result.exit_code == 0
        assert f"_SMARTLLM_COMPLETE={shell}_complete" in result.stdout

    def test_another_shell(self) -> None:
        assert invoke(main, ["completion", "tcsh"]).exit_code == 2


LIGHT = (
    "run -m gp",
    "chat -m gp",
    "talks show x",
    "compile -m gp",
    "explain gp",
    "diff gp",
    "models gp",
    "verify gp",
    "cache show a",
    "sandbox --p",
    "",
)
HEAVY = ("pydantic", "aiohttp", "rich", "smartllm.compiler", "openai", "botocore")


WATCHED: Final = (
    "import atexit, sys; "
    f"heavy = lambda: ' '.join(name for name in {HEAVY} if name in sys.modules); "
    "atexit.register(lambda: sys.stderr.write(heavy())); "
)


@pytest.mark.parametrize("line", LIGHT, ids=lambda line: line.split()[0] if line else "commands")
@pytest.mark.slow
def test_little_is_loaded_while_somebody_waits(line: str) -> None:
    environment = {**os.environ, "_SMARTLLM_COMPLETE": "bash_complete", "COMP_LINE": f"smartllm {line}"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED + COMMAND_LINE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_no_command_loads_much_before_it_is_run() -> None:
    code = (
        "import click; from smartllm.cli import main; context = click.Context(main); "
        "print(*(main.get_command(context, name).name for name in main.list_commands(context)))"
    )
    done = subprocess.run([sys.executable, "-c", WATCHED + code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == main.list_commands(click.Context(main))
    assert done.stderr == ""


@pytest.fixture
def typed(tmp_path: Path) -> dict[str, str]:
    """An environment with our command on the path."""
    command = tmp_path / "bin" / "smartllm"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{COMMAND_LINE}" "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path)}


def shell_said(shell: str, script: str, environment: dict[str, str]) -> str:
    """What a real shell prints."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    done = subprocess.run(
        [shell, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.slow
class TestRealShells:
    def test_bash(self, typed: dict[str, str]) -> None:
        script = """
            eval "$(smartllm completion bash)"
            complete -p smartllm
            COMP_LINE="smartllm explain amazon.nova-pro-v1:0"; COMP_POINT=$((${#COMP_LINE} - 1))
            _smartllm_completion smartllm
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        told, *rest = shell_said("bash", script, typed).splitlines()
        assert "_smartllm_completion smartllm" in told
        assert rest == ["0"]

    def test_zsh(self, typed: dict[str, str]) -> None:
        script = """
            autoload -U compinit; compinit -D
            eval "$(smartllm completion zsh)"
            print -r -- $_comps[smartllm]
        """
        assert shell_said("zsh", script, typed).strip() == "_smartllm_completion"

    def test_fish(self, typed: dict[str, str]) -> None:
        script = 'smartllm completion fish | source; complete -C "smartllm explain amazon.nova-pro-v1:"'
        assert shell_said("fish", script, typed).split() == ["amazon.nova-pro-v1:0"]
