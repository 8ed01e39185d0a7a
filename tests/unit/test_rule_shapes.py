"""A file with a wrong shape: the line, what was meant, and the line to write, which makes it right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import invoke
from overlaid import ABOUT, MODEL, ROW, findings, refusal, saved, with_row
from versions import with_todays_toml

import smartllm
from smartllm import TextRequest
from smartllm.cli import main
from smartllm.rules import load_rules
from smartllm.rules.layer import read_layer
from smartllm.rules.shape import shape_errors

EVIDENCE = 'evidence."limits.max_output"'

# A fact of a model's row as people write it, a piece of the message, and the fact as it is meant.
VALUES = [
    ('structured.native = "false"', "true or false is meant, without quotes", "native = false"),
    ('top_k.accepted = "no"', "true or false", "accepted = false"),
    ("streaming = 0", "is a whole number, but true or false is meant", "streaming = false"),
    ('streaming = "True"', "is a text", "streaming = true"),
    ('limits.max_output = "256000"', "a whole number is meant, without quotes", "max_output = 256000"),
    ('limits.max_output = "256_000"', "a whole number", "max_output = 256000"),
    ("limits.max_output = 250000.0", "a number with a fraction", "max_output = 250000"),
    ('temperature.max = "1.5"', "a number is meant, without quotes", "max = 1.5"),
    ('temperature.max = "1"', "a number is meant", "max = 1"),
    ('lifecycle.shutdown = "2099-01-01"', "a day is meant, without quotes", "shutdown = 2099-01-01"),
    ("lifecycle.shutdown = 2099-01-01T00:00:00Z", "a day with a time", "shutdown = 2099-01-01"),
    ("lifecycle.shutdown = 2099-01-01 07:30:00", "a day with a time", "shutdown = 2099-01-01"),
    ('verified = "2026-11-25"', "a day is meant", "verified = 2026-11-25"),
    ('concurrency = "8"', "a whole number is meant", "concurrency = 8"),
    ('effort.budgets = { low = "1025" }', "a whole number is meant", "low = 1025"),
    ("quirk = 5", "a text is meant", 'quirk = "5"'),
    ("quirk = 2026-11-25", "is a day, but a text is meant", 'quirk = "2026-11-25"'),
    ('input.image.formats = "image/png"', "a list is meant", 'formats = ["image/png"]'),
    ('tools.forced = "Never"', "'unless-thinking'", 'forced = "never"'),
]
# What cannot be told from the value: a fact, and a piece of the message.
UNTOLD = [
    ('streaming = "maybe"', "true or false is meant"),
    ('limits.max_output = "many"', "a whole number is meant"),
    ("limits.max_output = 1.5", "a whole number is meant"),
    ("limits.max_output = 0", "greater than or equal to 1"),
    ("temperature.max = true", "is a boolean, but a number is meant"),
    ('temperature.max = "inf"', "a number is meant"),
    ('temperature.max = "warm"', "a number is meant"),
    ("temperature.max = nan", "a finite number is meant"),
    ("temperature.max = inf", "a finite number is meant"),
    ("temperature.max = 2026-11-25", "is a day, but a number is meant"),
    ('lifecycle.shutdown = "2026-13-45"', "a day is meant"),
    ('lifecycle.shutdown = "soon"', "a day is meant"),
    ("lifecycle.shutdown = 07:30:00", "is a time, but a day is meant"),
    ("quirk = ['a']", "is a list, but a text is meant"),
    ("quirk = { a = 1 }", "is a table, but a text is meant"),
    ("effort.levels = { low = 1 }", "is a table, but a list is meant"),
    ("tools = 5", "is a whole number, but a table is meant; write [model.claude-opus-77.tools]"),
    ("temperature.thinking = [1.0]", "a range is [lowest, highest], or []"),
    ("temperature.thinking = [1.0, 0.5]", "a range is [lowest, highest], or []"),
    ("effort.levels = ['often']", "'minimal'"),
    ("exclusive = [['temperature', 5]]", "'model.claude-opus-77.exclusive.0.1' = 5"),
    ('ids.prefixes = ["us."]', "pattern"),
    (f"streaming = '{'x' * 80}'", f"{'x' * 58}… is a text"),
]
# A whole overlay, the number of the line, a piece of the message, and the overlay as it is meant.
FILES = [
    (
        '[model]\ngpt-6.77 = "gpt-6.2"\n',
        2,
        "a dot outside of quotes begins another table",
        '[model]\n"gpt-6.77" = "gpt-6.2"\n',
    ),
    ('[alias]\nmy.own = "gpt-4o"\n', 2, "a dot outside of quotes", '[alias]\n"my.own" = "gpt-4o"\n'),
    ('[alias]\na.b.c = "gpt-4o"\n', 2, "a dot outside of quotes", '[alias]\n"a.b.c" = "gpt-4o"\n'),
    (
        '[model]\nacme.gpt-x = "gpt-4o"\n',
        2,
        "a dot outside of quotes",
        '[model]\n"acme.gpt-x" = "gpt-4o"\n',
    ),
    (
        f'[model]\nmine-1 = "gpt-6.77"\n[profile.gpt-6.77]\nextends = "gpt-6.2"\n{ABOUT}',
        3,
        'write [profile."gpt-6.77"]',
        f'[model]\nmine-1 = "gpt-6.77"\n[profile."gpt-6.77"]\nextends = "gpt-6.2"\n{ABOUT}',
    ),
    (
        "[quota]\ngpt-4.1.requests_per_minute = 5\n",
        2,
        'write [quota."gpt-4.1"]',
        '[quota."gpt-4.1"]\nrequests_per_minute = 5\n',
    ),
    (
        "[retired]\ngone-1.5 = { vendor = 'openai' }\n",
        2,
        'write [retired."gone-1.5"]',
        "[retired.\"gone-1.5\"]\nvendor = 'openai'\n",
    ),
    (
        f"[model.mine-1]\n{ROW}\nlimits.max_output = 7\n{ABOUT}evidence.limits.max_output.disputed = 'x'\n",
        6,
        f"write {EVIDENCE}",
        f"[model.mine-1]\n{ROW}\nlimits.max_output = 7\n{ABOUT}{EVIDENCE}.disputed = 'x'\n",
    ),
    (
        '[model]\nclaude-opus-77 = { extends = "claude-4.7" }\n',
        2,
        'a model names its profile; write profile = "claude-4.7"',
        '[model]\nclaude-opus-77 = { profile = "claude-4.7" }\n',
    ),
    (
        f'[model]\nmine-1 = "x"\n[profile.x]\nprofile = "claude-4.7"\n{ABOUT}',
        4,
        'a profile extends another; write extends = "claude-4.7"',
        f'[model]\nmine-1 = "x"\n[profile.x]\nextends = "claude-4.7"\n{ABOUT}',
    ),
    (
        "[quota]\ngpt-4o = { rpm = 5 }\n",
        2,
        "write requests_per_minute = 5",
        "[quota]\ngpt-4o = { requests_per_minute = 5 }\n",
    ),
]
# A whole overlay that has no one right form: the number of the line, and a piece of the message.
OTHER_FILES = [
    ("model = 5\n", 1, "is a whole number, but a table is meant; write [model]"),
    ("vendor = 1\n", 1, "write [vendor]"),
    ("on.bedrock = 1\n", 1, "write [on.bedrock]"),
    ("[[model]]\nx = 'gpt-4o'\n", 1, "is a list, but a table is meant; write [model]"),
    ("[model]\nx = 5\n", 2, "a table is meant, or a profile's name"),
    ("[models]\nx = 'gpt-4o'\n", 1, "did you mean 'model'?"),
    ("[model]\nx = { profile = 'gpt-4o', max_output = 5 }\n", 2, "did you mean 'limits.max_output'?"),
    ("[model]\nx = { profile = 'gpt-4o', max_tokens = 5 }\n", 2, "write limits.max_output = 5"),
    ("[model]\nx = { profile = 'gpt-4o', max_count = 5 }\n", 2, "'input.image.max_count' or"),
    ("[model]\nx = { profile = 'gpt-4o', zzz = 5 }\n", 2, "unknown key 'model.x.zzz'"),
    ("[on.bedrock.model.x]\nprofile = 'gpt-4o'\n", 2, "facts alone; leave it out"),
    ("[on.bedrock.profile.x]\nextends = 'gpt-4o'\n", 2, "facts alone; leave it out"),
    ("[on.mars.model.x]\nstreaming = true\n", 1, "'openai', 'bedrock', 'anthropic'"),
    ("[retired]\nx = { shutdown = 2026-01-01 }\n", 2, "'retired.x.vendor' is missing"),
    ("[model]\nx = { streaming = true }\n", 2, "'model.x.profile' is missing"),
    ("[model]\n'' = 'gpt-4o'\n", 2, "is no id: model '' is empty"),
    ("[alias]\n' x' = 'gpt-4o'\n", 2, "'alias. x' is no id: model ' x' has white space around it"),
    ("[quota]\ngpt-4o = { requests_per_minute = 0.5 }\n", 2, "greater than or equal to 1"),
    ("[quota]\ngpt-4o = { tokens_per_minute = 0.5 }\n", 2, "greater than or equal to 1"),
    pytest.param(
        "[model]\nx = { profile = 'gpt-4o',\n  limits = { min_output = 3,\n    context = '1' },\n}\n",
        4,
        "'model.x.limits.context'",
        marks=with_todays_toml,
    ),
    ("[profile.x]\nsource = [\n  'https://a.example',\n  5,\n]\n", 4, "'profile.x.source.1' = 5"),
]


@pytest.mark.parametrize(("fact", "says", "write"), VALUES)
def test_a_wrong_type_is_told_with_the_line_to_write(
    fact: str, says: str, write: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, with_row(fact))
    ((line, code, message),) = findings(path)
    assert (line, code) == (4, "R001")
    assert says in message
    assert message.endswith(f"; write {write}")
    assert refusal(path) == f"{path}:4: {message}"
    key = write.partition(" =")[0]
    right = re.sub(rf"\b{key} = [^}}\n]+?(?= }}|$)", write.replace("\\", r"\\"), fact)
    assert right != fact
    about = "" if fact.startswith("verified") else ABOUT
    path = saved(tmp_path, with_row(f"{right}\n{about}"))
    assert [*shape_errors(read_layer(path, name=path, kind="overlay").data)] == []
    assert smartllm.compile(TextRequest(prompt="x"), model=MODEL, rules=path).steps


@pytest.mark.parametrize(("fact", "says"), UNTOLD)
def test_a_wrong_value_without_a_right_one(fact: str, says: str, tmp_path: Path) -> None:
    path = saved(tmp_path, with_row(fact))
    ((line, code, message),) = findings(path)
    assert (line, code) == (4, "R001")
    assert says in message
    assert refusal(path) == f"{path}:4: {message}"


@pytest.mark.parametrize(("text", "line", "says", "right"), FILES)
def test_a_wrong_key_is_told_with_the_line_to_write(
    text: str, line: int, says: str, right: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, text)
    ((found, code, message),) = findings(path)
    assert (found, code) == (line, "R001")
    assert says in message
    write = message.partition("write ")[2]
    assert write
    assert write in right
    assert refusal(path) == f"{path}:{line}: {message}"
    path = saved(tmp_path, right)
    assert [*shape_errors(read_layer(path, name=path, kind="overlay").data)] == []
    assert load_rules(path)


@pytest.mark.parametrize(("text", "line", "says"), OTHER_FILES)
def test_a_file_of_a_wrong_shape(text: str, line: int, says: str, tmp_path: Path) -> None:
    path = saved(tmp_path, text)
    found = [item for item in findings(path) if says in item[2]]
    assert [(item[0], item[1]) for item in found] == [(line, "R001")]
    assert refusal(path).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("command", ["lint", "compile", "explain", "models"])
def test_every_command_says_so(command: str, tmp_path: Path) -> None:
    path = saved(tmp_path, with_row('streaming = "false"'))
    arguments = {
        "lint": ["lint", path],
        "compile": ["compile", "-m", MODEL, "-p", "x", "--rules", path],
        "explain": ["explain", MODEL, "--rules", path],
        "models": ["models", "--rules", path],
    }[command]
    result = invoke(main, arguments)
    assert result.exit_code == (1 if command == "lint" else 2)
    assert f"{path}:4: " in result.stdout + result.stderr
    assert "write streaming = false" in result.stdout + result.stderr
