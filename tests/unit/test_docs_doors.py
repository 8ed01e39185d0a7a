"""The page on doors: its lines at a shell work, and it names every host with the APIs that it speaks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from commands import invoke

from smartllm.cli import main
from smartllm.compiler.target import api_word
from smartllm.providers import provider_of_host, row_of
from smartllm.rules import load_rules
from smartllm.rules.hosts import routes_of
from smartllm.rules.servers import server_names, server_row

PAGE = (Path(__file__).parents[2] / "docs" / "doors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
LINES = [line for block in BLOCKS for line in block.splitlines()]
RULES = load_rules()


@pytest.mark.parametrize("line", LINES)
def test_a_line_at_a_shell(line: str) -> None:
    program, *arguments = shlex.split(line)
    assert program == "smartllm"
    result = invoke(main, arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout


@pytest.mark.parametrize("host", RULES.table("host"))
def test_every_host_has_a_row_with_its_apis(host: str) -> None:
    (row,) = re.findall(rf"^\| `{host}` \|(.*)\|$", PAGE, re.MULTILINE)
    where, apis, _, key = row.split(" | ")
    assert where
    assert key
    assert {*re.findall(r"`(\w+)`", apis)} == {api_word(host, wire, RULES) for wire in routes_of(host, RULES)}
    if host == provider_of_host(host) and row_of(host).kind == "key":
        assert row_of(host).key in key


def test_every_server_of_the_rules_is_named() -> None:
    assert all(server_row(name, RULES).title in PAGE for name in server_names(RULES))
    assert len(LINES) > 5
