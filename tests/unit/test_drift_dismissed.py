"""What was looked at is left out while the catalogue says the same, and comes back when it says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogues import claim, table
from drift.archives import DriftError
from drift.claims import Claim
from drift.compare import compare
from drift.dismissed import FILE, Sorted, read, sort
from drift.readers import CATALOGUES

NAMES = {"one", "two"}
ID = "us.acme.rocket-2-v1:0"
ENTRY = """\
[[dismissed]]
catalogues = ["one"]
models = ["rocket-2"]
facts = ["limits.max_output"]
values = [2000]
day = 2026-11-20
reason = "The card says 1000."
"""


def sorted_by(tmp_path: Path, text: str, **said: list[Claim]) -> Sorted:
    path = tmp_path / "dismissed.toml"
    path.write_text(text, encoding="utf-8")
    return sort(compare(said, table(tmp_path)), read(path, NAMES), said, NAMES)


def output(tokens: int) -> list[Claim]:
    return [claim(ID, limits__max_output=tokens)]


def test_what_was_looked_at_is_left_out(tmp_path: Path) -> None:
    found = sorted_by(tmp_path, ENTRY, one=output(2000))
    assert (len(found.open), len(found.dismissed), found.stale) == (0, 1, [])


def test_it_comes_back_with_its_reason_when_the_value_changes(tmp_path: Path) -> None:
    found = sorted_by(tmp_path, ENTRY, one=output(3000))
    assert [row.theirs for row in found.open] == [3000]
    assert [entry.reason for _, entry in found.changed] == ["The card says 1000."]
    assert found.stale == [
        "rocket-2, limits.max_output, 2000 in rocket-2: limits.max_output (The card says 1000.)"
    ]


def test_another_catalogue_that_says_the_same_is_open(tmp_path: Path) -> None:
    one, two = ([claim(ID, page=f"https://example.com/{at}", limits__max_output=2000)] for at in (1, 2))
    found = sorted_by(tmp_path, ENTRY, one=one, two=two)
    (row,) = found.open
    assert list(row.ids) == ["two"]
    assert row.pages == {"two": "https://example.com/2"}
    assert list(row.claims) == ["two"]
    assert not found.stale


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["one"]', '["*"]'),
        ('["one"]', '["two", "one"]'),
        ('["rocket-2"]', '["rocket-*"]'),
        ('["rocket-2"]', f'["{ID}"]'),
        ("[2000]", "[1, 2000]"),
        ("facts =", 'host = "bedrock"\nfacts ='),
    ],
    ids=["any catalogue", "two catalogues", "a pattern", "an id", "two values", "its host"],
)
def test_an_entry_may_be_wide(old: str, new: str, tmp_path: Path) -> None:
    found = sorted_by(tmp_path, ENTRY.replace(old, new), one=output(2000))
    assert not found.open


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["one"]', '["two"]'),
        ("rocket-2", "rocket-1"),
        ("limits.max_output", "limits.context"),
        ("[2000]", '["2000"]'),
        ("[2000]", "[2000.0]"),
        ("facts =", 'host = "openai"\nfacts ='),
    ],
    ids=["other catalogue", "other model", "other fact", "text", "float", "other host"],
)
def test_an_entry_about_something_else_dismisses_nothing(old: str, new: str, tmp_path: Path) -> None:
    found = sorted_by(tmp_path, ENTRY.replace(old, new), one=output(2000), two=[claim(ID)])
    assert len(found.open) == 1
    assert len(found.stale) == 1


def test_what_nobody_says_any_more_is_stale_where_it_was_asked(tmp_path: Path) -> None:
    wide = ENTRY.replace('"rocket-2"', '"rocket-2", "rocket-9"').replace("2000", "2000, 1")
    assert sorted_by(tmp_path, wide, one=output(2000)).stale == [
        "rocket-9, 1 in rocket-2 rocket-9: limits.max_output (The card says 1000.)"
    ]
    assert not sorted_by(tmp_path, wide, two=output(1000)).stale  # the other catalogue was not read
    every = wide.replace('"one"', '"*"')
    assert not sorted_by(tmp_path, every, one=output(2000)).stale
    assert sorted_by(tmp_path, every, one=output(2000), two=[claim(ID)]).stale


def test_yes_is_not_one(tmp_path: Path) -> None:
    text = ENTRY.replace("limits.max_output", "streaming")
    for values, left in (("[false]", 0), ("[0]", 1)):
        found = sorted_by(tmp_path, text.replace("[2000]", values), one=[claim(ID, streaming=False)])
        assert len(found.open) == left


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[dismissed]]\n", "entry 1: 'catalogues' is missing"),
        (ENTRY + "note = 1\n", "entry 1: unknown key 'note'"),
        (ENTRY + ENTRY.replace('reason = "The card says 1000."', 'reason = ""'), "entry 2: reason = ''"),
        (ENTRY.replace("2026-11-20", '"2026-11-20"'), "day = '2026-11-20' is no date"),
        (ENTRY.replace("2026-11-20", "2026-11-20T10:00:00"), "is no date"),
        (ENTRY.replace("[2000]", "2000"), "values = 2000 is no list"),
        (ENTRY.replace('["rocket-2"]', "[]"), "models = .. is no list with something in it"),
        (ENTRY.replace('["one"]', '["oen"]'), "entry 1: there is no catalogue 'oen'"),
        ("[dismiss]\n", "unknown table 'dismiss'"),
        ("nonsense", "Expected '='"),
    ],
    ids=range(10),
)
def test_a_file_that_is_wrong_says_where(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "dismissed.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DriftError, match=why):
        read(path, NAMES)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DriftError, match="No such file"):
        read(tmp_path / "none.toml", NAMES)


def test_the_dismissals_of_this_project_are_read() -> None:
    assert all(len(entry.reason) > 10 for entry in read(FILE, CATALOGUES))
