"""The line of every key, however TOML spells it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import tomli
from mutated_rules import document, small_table
from versions import with_todays_toml

from smartllm.rules import load_rules
from smartllm.rules.positions import KeyPath, key_lines, line_of
from smartllm.rules.toml_text import key_spelled, path_spelled, shown, spelled

TEXT = '''\
top = 1 # a comment with [brackets] and "quotes" = 2
a."b c".'d.e' = """x
"q" \\""" y = 1"""""

[table] # another
inline = { one = 1, two.three = "}", list = [1, [2, { four = 4, five = [
  { six = \'\'\'
]}\'\'\'\'\' }, # seven = 7
  ],
}]], last = 1979-05-27 07:32:00 }

[[rows]]
x = 3
[[ rows ]]
"t\\u0061b" . u = [
  # nothing = 1
  "a", 'b = c',

  true
]
[ other . "x.y" ]
z = ""
'''
LINES = {
    "top": 1,
    "a": 2,
    "a.b c": 2,
    "a.b c.d.e": 2,
    "table": 5,
    "table.inline": 6,
    "table.inline.one": 6,
    "table.inline.two": 6,
    "table.inline.two.three": 6,
    "table.inline.list.1.1.four": 6,
    "table.inline.list.1.1.five": 6,
    "table.inline.list.1.1.five.0": 7,
    "table.inline.list.1.1.five.0.six": 7,
    "table.inline.last": 10,
    "rows": 12,
    "rows.0.x": 13,
    "rows.1": 14,
    "rows.1.tab.u": 15,
    "rows.1.tab.u.0": 17,
    "rows.1.tab.u.1": 17,
    "rows.1.tab.u.2": 19,
    "other": 21,
    "other.x.y": 21,
    "other.x.y.z": 22,
}


def below(node: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    items: Any = node.items() if isinstance(node, dict) else ()
    if isinstance(node, list):
        items = ((str(index), value) for index, value in enumerate(node))
    for key, value in items:
        yield (*at, key)
        yield from below(value, (*at, key))


@with_todays_toml
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_every_spelling(end: str) -> None:
    lines = key_lines(TEXT.replace("\n", end))
    assert {".".join(path): line for path, line in lines.items()}.items() >= LINES.items()
    assert lines.keys() == {*below(tomli.loads(TEXT))}


def test_no_line_ends_but_tomls() -> None:
    assert key_lines("# a\u2028b\u0085\nx = 'c\u2029d'\ny = 1\n") == {("x",): 2, ("y",): 3}


def test_nothing_has_no_lines() -> None:
    assert key_lines("") == key_lines(" # nothing\n\n") == {}


def test_values_as_deep_as_tomli_reads() -> None:
    assert max(map(len, key_lines("x = " + "[" * 390 + "]" * 390))) == 390


def test_a_path_that_is_not_there_stands_at_what_is_above() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("table", "inline", "list", "9", "x")) == 6
    assert line_of(lines, ("nowhere",)) == 1


@pytest.mark.parametrize("seed", range(10))
def test_the_keys_of_any_table(seed: int) -> None:
    """Written by ``document``, which has a line a key; tomli reads it as it was."""
    table = small_table(random.Random(seed))  # noqa: S311 - the same for the same seed
    text = document(table)
    lines, rows = key_lines(text), text.splitlines()
    assert tomli.loads(text) == table
    assert lines.keys() == {*below(table)}
    for path, line in lines.items():
        assert path[-1].isdigit() or key_spelled(path[-1]) in rows[line - 1]


def test_the_shipped_files_have_a_line_for_every_key() -> None:
    for layer in load_rules().layers:
        assert layer.lines.keys() == {*below(layer.data)}


@pytest.mark.parametrize(
    ("key", "text"),
    [("a-b_1", "a-b_1"), ("a.b", '"a.b"'), ("", '""'), ('"\\\n\x7f', '"\\"\\\\\\n\\u007f"')],
    ids=["bare", "dotted", "empty", "odd"],
)
def test_a_key_that_is_pasted(key: str, text: str) -> None:
    assert key_spelled(key) == text
    assert tomli.loads(f"{path_spelled((key, key))} = {spelled(key)}") == {key: {key: key}}


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 99) == f'"{"x" * 58}…'
