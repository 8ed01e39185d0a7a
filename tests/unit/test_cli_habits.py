"""What hands know from other tools: names nearly right, options that exclude each other."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.cli.group import MEANT, Group
from smartllm.cli.nearest import did_you_mean, nearest
from smartllm.cli.options_meant import MEANT as OPTIONS_MEANT
from smartllm.cli.options_meant import options_of
from smartllm.cli.together import Apart, Command, Needs, Rule

assert isinstance(main, Group)
NAMES = main.list_commands(click.Context(main))
found = main.get_command(click.Context(main), "batch")
assert isinstance(found, Group)
batch: Group = found
COMMANDS = {name: main.get_command(click.Context(main), name) for name in NAMES}
RULES: list[tuple[str, Rule]] = [
    (name, rule)
    for name, command in COMMANDS.items()
    if isinstance(command, Command)
    for rule in command.rules
]


def run(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, arguments, stdin=stdin)


class TestNames:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            (("complie",), "Did you mean 'compile'"),
            (("Explain",), "Did you mean 'explain'?"),
            (("mod",), "Did you mean 'models'?"),
            (("ask",), "Did you mean 'run'?"),
            (("cache", "prun"), "Did you mean 'prune'?"),
            (("cache", "list"), "Did you mean 'ls'?"),
            (("submit", "x"), "Did you mean 'batch submit'?"),
            (("batch", "statu", "x"), "Did you mean 'status'?"),
            (("batch", "download", "x"), "Did you mean 'collect'?"),
            (("help", "batch", "compil"), "Did you mean 'compile'?"),
            (("compile", "--temprature", "1"), "--temperature"),
        ],
        ids=[
            "slip",
            "capitals",
            "beginning",
            "habit",
            "below a group",
            "no habit below a group",
            "of a group below",
            "slip below a loaded group",
            "habit below a loaded group",
            "help",
            "option",
        ],
    )
    def test_the_nearest_is_named(self, typed: tuple[str, ...], meant: str) -> None:
        result = run(*typed)
        assert result.exit_code == 2
        assert meant in result.stderr

    def test_what_is_far_from_all_is_compared_with_none(self) -> None:
        result = run("zzzzz")
        assert (result.exit_code, "Did you mean" in result.stderr) == (2, False)
        assert "There is no command 'zzzzz'." in result.stderr

    def test_habits_mean_commands_that_there_are(self) -> None:
        below = {f"batch {name}" for name in batch.list_commands(click.Context(batch))}
        assert {name for name in MEANT.values() if not name.startswith("-")} <= {*NAMES, *below}
        assert not MEANT.keys() & {*NAMES}
        assert {f"batch {name}" for name in batch.meant.values()} == below
        assert not {f"batch {name}" for name in batch.meant} & below

    def test_the_likeliest_comes_first_and_only_a_few(self) -> None:
        known = ["gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "o3"]
        assert nearest("GPT-5", known)[0] == "gpt-5"
        assert len(nearest("gpt-5", known)) == 3
        assert did_you_mean("x", known) == ""
        assert did_you_mean("gpt-5-minni", known).startswith(" Did you mean 'gpt-5-mini'")


class TestOptions:
    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            (("compile", "--curl"), "Did you mean '--format curl'?"),
            (("run", "--curl"), "smartllm compile has '--format curl'."),
            (("run", "--system-prompt", "x"), "Did you mean '--system'?"),
            (("run", "--instructions=x"), "Did you mean '--system'?"),
            (("run", "--max-output-tokens", "3"), "Did you mean '--max-tokens'?"),
            (("run", "--maxTokens", "3"), "Did you mean '--max-tokens'?"),
            (("run", "--max-toknes", "3"), "Did you mean '--max-tokens'?"),
            (("run", "--extra", "x"), "Did you mean '--option extra=VALUE'?"),
            (("run", "--input", "x"), "Did you mean '--prompt' or '--file'?"),
            (("run", "-i", "x"), "Did you mean '--file'?"),
            (("run", "--think"), "Did you mean '--effort' or '--budget-tokens'?"),
            (("run", "--no-stream"), "Without '--stream' an answer is printed as a whole."),
            (("compile", "--stream"), "smartllm run has '--stream'."),
            (
                ("chat", "--tools", "x"),
                "smartllm run, smartllm tokens, smartllm compile and smartllm diff have '--tools'.",
            ),
            (
                ("--model", "x"),
                "smartllm run, smartllm chat, smartllm tokens and smartllm compile have '--model'.",
            ),
            (("cache", "ls", "--limt", "3"), "Did you mean '--limit'?"),
            (("run", "--region", "x"), "Set AWS_REGION."),
            (("run", "--timeout", "3"), "Only Python has this setting."),
            (("run", "--zzzz"), "There is no option '--zzzz'.\n"),
            (("run", "--n", "3"), "There is no option '--n'.\n"),
            (("run", "-v"), "There is no option '-v'.\n"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_what_was_meant_is_named_alone(self, typed: tuple[str, ...], said: str) -> None:
        result = run(*typed)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.endswith(f"{said.rstrip()}\n")

    @pytest.mark.parametrize(
        "typed", [("--api-key=sk-1234567890",), ("--key", "sk-1234567890"), ("-ksk-1234567890",)], ids=str
    )
    def test_a_key_is_asked_for_and_never_shown(self, typed: tuple[str, ...]) -> None:
        said = run("run", *typed).stderr
        assert said.endswith("Set OPENAI_API_KEY.\n")
        assert "sk-1" not in said

    def test_habits_mean_options_that_there_are(self) -> None:
        there = {option for command in COMMANDS.values() if command for option in options_of(command)}
        assert {option.partition(" ")[0] for meant in OPTIONS_MEANT.values() for option in meant} <= there
        assert not {f"--{word}" for word in OPTIONS_MEANT} & {*options_of(COMMANDS["run"] or main)}


class TestHelp:
    def test_commands_stand_by_what_they_are_for_and_fit_a_narrow_terminal(self) -> None:
        lines = run("--help").stdout.splitlines()
        assert all(len(line) <= 80 for line in lines)
        assert {"Ask:", "Look:", "Rules:"} <= {*lines}
        assert {line.split()[0] for line in lines if line.startswith("  ")} >= {*NAMES}

    @pytest.mark.parametrize("path", [("compile",), ("cache", "prune")], ids=" ".join)
    def test_help_of_a_command_is_its_own(self, path: tuple[str, ...]) -> None:
        assert run("help", *path).stdout == run(*path, "--help").stdout

    def test_help_alone_is_that_of_all(self) -> None:
        assert "Commands" not in run("help").stdout
        assert run("help").stdout.split("Options:")[1] == run("--help").stdout.split("Options:")[1]

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            (("explian",), "Did you mean 'explain'?"),
            (("compile", "x"), "has no commands of its own"),
        ],
        ids=["slip", "below a command"],
    )
    def test_help_of_nothing(self, path: tuple[str, ...], said: str) -> None:
        result = run("help", *path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr

    def test_version_has_a_short_form(self) -> None:
        assert run("-V").stdout == run("--version").stdout != ""

    @pytest.mark.parametrize("name", NAMES)
    def test_each_command_lives_in_the_module_of_its_name(self, name: str) -> None:
        assert importlib.import_module(f"smartllm.cli.{name}").command is COMMANDS[name]


def test_python_runs_the_package() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smartllm", "complie"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "python -m smartllm" in done.stderr
    importlib.import_module("smartllm.__main__")  # as tools do that import every module: it starts nothing
    assert "Did you mean 'compile'" in done.stderr


class TestTogether:
    @pytest.mark.parametrize(
        ("name", "rule"), RULES, ids=[f"{name} {rule.one} {rule[1]}" for name, rule in RULES]
    )
    def test_what_excludes_each_other_is_refused_by_name(self, name: str, rule: Rule, tmp_path: Path) -> None:
        command = COMMANDS[name]
        assert isinstance(command, Command)
        file = tmp_path / "file"
        file.write_text("")
        others = [rule.other] if isinstance(rule, Apart) else []
        typed = [word for what in (rule.one, *others) for word in typed_as(command, what, str(file))]
        result = run(name, *models(command), *typed)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert all(what in line for what in (rule.one, *others))
        assert "do not go together" in line or "means nothing without" in line

    def test_defaults_and_one_alone_are_fine(self) -> None:
        assert run("compile", "-m", "gpt-5.4", "-p", "hi", "--format", "body").exit_code == 0
        assert run("compile", "-m", "gpt-5.4", "-p", "hi", "--explain").exit_code == 0
        assert (
            run("compile", "-m", "gpt-5.4", "-p", "hi", "--compatible", "--provider", "openai").exit_code == 0
        )

    def test_a_table_names_options_that_there_are(self) -> None:
        command = COMMANDS["compile"]
        assert isinstance(command, Command)
        with pytest.raises(LookupError, match="compile has no --nonesuch"):
            command.is_given(click.Context(command), "--nonesuch")

    def test_some_rule_of_each_kind_is_held(self) -> None:
        assert any(isinstance(rule, Needs) for _, rule in RULES)
        assert len({name for name, _ in RULES}) > 5

    def test_two_prompts(self, tmp_path: Path) -> None:
        file = tmp_path / "r.json"
        file.write_text('{"prompt": "one"}')
        result = run("compile", "-m", "gpt-5.4", "-r", str(file), "-p", "two")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "do not go together" in result.stderr
        file.write_text('{"reasoning_effort": "low"}')
        assert run("compile", "-m", "gpt-5.4", "-r", str(file), "-p", "two").exit_code == 0


def models(command: click.Command) -> list[str]:
    """What a command's required arguments take."""
    return ["gpt-5.4" for one in command.params if isinstance(one, click.Argument) and one.required]


def typed_as(command: Command, what: str, file: str) -> list[str]:
    """An option of a table as one would type it, with some value."""
    name, _, value = what.partition(" ")
    if not name.startswith("-"):
        return [file]
    option: Any = next(one for one in command.params if name in (*one.opts, *one.secondary_opts))
    if option.is_flag:
        return [name]
    if value:
        return [name, value]
    kind = option.type
    some = (
        kind.choices[0]
        if isinstance(kind, click.Choice)
        else "1"
        if kind.name.startswith(("int", "float"))
        else file
    )
    return [name, some]


class TestModelsFound:
    def listed(self, *arguments: str) -> list[str]:
        return [line.split("\t")[0] for line in run("models", *arguments).stdout.splitlines()]

    def test_a_part_of_an_id_in_any_capitals(self) -> None:
        found = self.listed("OPUS")
        assert found == self.listed("opus") == self.listed("*opus*")
        assert len(found) > 1
        assert all("opus" in name for name in found)

    def test_an_id_that_a_host_takes(self) -> None:
        (name, called) = run("models", "opus-4-7").stdout.splitlines()[0].split("\t")[:2]
        called, other = called.split(", ")[:2]
        assert called != name == other
        assert self.listed(called) == [name]

    def test_a_vendor_in_any_capitals(self) -> None:
        assert self.listed("--vendor", "Anthropic") == self.listed("--vendor", "anthropic") != []

    @pytest.mark.parametrize(
        ("arguments", "status", "said"),
        [
            (("--vendor", "antropic"), 2, "Did you mean 'anthropic'?\n  hint: vendors: "),
            (("gpt-5.5-prp",), 1, "Did you mean 'gpt-5.5-pro'"),
            (("zzz",), 1, "no listed model is like that\n"),
            (("opus", "--vendor", "meta"), 1, "no model like 'opus' is left by the other options"),
            (("grok*z", "--vendor", "meta"), 1, "no listed model is like that"),
        ],
        ids=["vendor", "slip", "nothing", "other options", "pattern"],
    )
    def test_what_is_not_found(self, arguments: tuple[str, ...], status: int, said: str) -> None:
        result = run("models", *arguments)
        assert (result.exit_code, result.stdout) == (status, "")
        assert said in result.stderr


class TestDiffOfRequests:
    MODELS = ("us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-opus-4-7")

    def test_options_of_a_request_are_compared(self) -> None:
        result = run("diff", *self.MODELS, "-p", "hi", "--effort", "high", "--temperature", "0.2")
        assert result.exit_code == 0
        assert '+        "effort": "high"' in result.stdout
        assert "sampling-dropped" in result.stdout

    def test_without_them_facts_alone(self) -> None:
        assert "bodies" not in run("diff", *self.MODELS).stdout

    @pytest.mark.parametrize(
        "option",
        [("--effort", "high"), ("--temperature", "0"), ("--no-store",), ("--like", "o3")],
        ids=lambda option: option[0],
    )
    def test_options_without_a_prompt_say_so(self, option: tuple[str, ...]) -> None:
        result = run("diff", *self.MODELS, *option)
        assert result.exit_code == 2
        assert "prompt" in result.stderr
