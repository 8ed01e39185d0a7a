"""The generated reference: nothing that callers use is missing from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import click
import pytest
from project_scripts import script

import smartllm
from smartllm import LLMConfig
from smartllm.cli import main
from smartllm.errors import ProviderError, SmartLLMError
from smartllm.field_docs import field_docs
from smartllm.parameters import PARAMETERS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
_SHOWN = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_VARIABLE = re.compile(r'"((?:AWS|BEDROCK|OPENAI|SMARTLLM|SSL|REQUESTS)_[A-Z_]+)"')
_NOT_READ = {
    *("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_DEFAULT_PROFILE"),
    "AWS_BEDROCK_BASE_URL",
}
"""Older names in AWS's own files and variables, which its libraries know for us; and what a sandbox sets for
another SDK."""


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def pages() -> ModuleType:
    script("generate_docs")
    import pages as found

    return found


def commands() -> dict[str, click.Command]:
    """As a shell finds them, without the generator's help."""
    found = {}
    waiting: list[tuple[str, click.Command]] = [("", main)]
    while waiting:
        name, command = waiting.pop()
        if name:
            found[name] = command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for each in command.list_commands(context):
                below = command.get_command(context, each)
                assert below is not None
                waiting.append((f"{name} {each}".strip(), below))
    return {name: one for name, one in found.items() if not one.hidden}


def section(name: str) -> str:
    """What the page says of one command."""
    found = re.search(rf"^#+ `smartllm {name}` .*?(?=^#+ `|\Z)", page("cli"), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{name} is missing; run: python scripts/generate_docs.py"
    return found[0]


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_command_is_told_with_its_options_statuses_and_an_example(name: str) -> None:
    text = section(name)
    for option in commands()[name].params:
        if isinstance(option, click.Option) and not option.hidden:
            assert all(f"`{one}`" in text for one in (*option.opts, *option.secondary_opts))
    if " " not in name:
        assert "Exit status: 0 " in text, "give it one in scripts/pages/commands.py"
    assert re.search(rf"^(\$ )?smartllm {name}\b(?! \[)", text, re.MULTILINE), "add one to EXAMPLES there"


def test_each_field_of_a_request_is_told() -> None:
    headings = re.findall(r"^### `(\w+)`$", page("requests"), re.MULTILINE)
    assert sorted(headings) == sorted(PARAMETERS)


def test_each_setting_is_told_once() -> None:
    headings = re.findall(r"^### `(\w+)`$", page("settings"), re.MULTILINE)
    assert sorted(headings) == sorted(one.name for one in fields(LLMConfig))
    assert "## More" not in page("settings"), "give the new setting a group in scripts/pages/settings.py"


def test_each_variable_that_is_read_is_told() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "smartllm").rglob("*.py")]
    read = {name for text in sources for name in _VARIABLE.findall(text)} - _NOT_READ
    told = set(re.findall(r"`([A-Z]\w+)`", page("settings").partition("## Variables")[2]))
    assert read - told == set(), "add them to _OTHERS in scripts/pages/settings.py"
    assert len(read) > 20


def test_each_public_name_is_told_and_shown_where_its_link_leads() -> None:
    rows = dict(re.findall(r"^\| \[`(\w+)`\]\(([^)]+)\) \|", page("python"), re.MULTILINE))
    assert sorted(rows) == sorted(smartllm.__all__)
    for name, target in rows.items():
        file, _, path = target.partition("#")
        shown = _SHOWN.findall(page(file.removesuffix(".md") or "python"))
        assert path in shown or path.rpartition(".")[0] in shown, name
        assert path.rpartition(".")[2] == name


def test_each_public_name_says_what_it_is() -> None:
    rows = re.findall(r"^\| \[`(\w+)`\]\([^)]+\) \| (.*) \|$", page("python"), re.MULTILINE)
    assert [name for name, text in rows if len(text) < 5] == []


def test_each_error_is_told_below_its_base() -> None:
    rows = re.findall(r"^\| ((?:&nbsp;)*)\[`(\w+)`\]", page("errors"), re.MULTILINE)
    depths = {name: len(indent) // len("&nbsp;" * 4) for indent, name in rows}
    ours = [getattr(smartllm, name) for name in smartllm.__all__]
    errors = [one for one in ours if isinstance(one, type) and issubclass(one, SmartLLMError)]
    assert {one.__name__ for one in errors} == set(depths)
    for one in errors:
        assert depths[one.__name__] == sum(issubclass(base, SmartLLMError) for base in one.__mro__) - 1


def test_what_is_tried_again_is_said_of_errors_that_there_are() -> None:
    names = pages().errors._RETRIED
    assert all(issubclass(getattr(smartllm, name), ProviderError) for name in names)


def emitted() -> Iterator[tuple[str, set[str]]]:
    """The events that the sources send, with the fields that they name."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "smartllm" / "runtime").rglob("*.py"))
    for source in (text for text in sources if ".emit(" in text):
        for call in ast.walk(ast.parse(source)):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "emit"
            ):
                names = [str(one.value) for one in call.args if isinstance(one, ast.Constant)]
                yield from ((name, {one.arg for one in call.keywords if one.arg}) for name in names)


def test_each_event_is_told_with_its_fields() -> None:
    told, sent = pages().events.events(), dict(emitted())
    assert set(sent) <= set(told)
    assert len(sent) >= 8
    for name, named in sent.items():
        assert named <= set(field_docs(told[name])), name
    assert re.findall(r"^## `(\w+)`$", page("events"), re.MULTILINE) == list(told)


def test_the_changelog_is_the_repositorys() -> None:
    kept = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    shown = (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")
    assert re.findall(r"^## .*", shown, re.MULTILINE) == re.findall(r"^## .*", kept, re.MULTILINE)
    assert not re.search(r"\]\((?!https?:)(?!\w+\.md|[a-z]+/\w+\.md)", shown)
