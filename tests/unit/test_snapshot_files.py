"""What a failing snapshot says: which case it was, and nothing of the cases that did not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from snapshot_files import ACCEPT, UPDATE, CasesSnapshot, TextSnapshot, by_case, kept
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.session import SnapshotSession

CASES: dict[str, dict[str, Any]] = {name: {"model": "m", "n": name, "top_p": 1} for name in ("b", "a", "c")}


def said(now: dict[str, Any], kept: dict[str, Any]) -> str:
    snapshot = CasesSnapshot()
    text = str(snapshot.diff_snapshots(snapshot.serialize(now), snapshot.serialize(kept)))
    assert text.startswith(f"{ACCEPT}\n\n")
    return text.removeprefix(f"{ACCEPT}\n\n")


def test_a_file_keeps_the_order_of_cases_and_keys() -> None:
    text = CasesSnapshot().serialize(CASES)
    assert [(case, list(body)) for case, body in json.loads(text).items()] == [
        (case, ["model", "n", "top_p"]) for case in ("b", "a", "c")
    ]
    assert text == json.dumps(CASES, indent=2) + "\n"


def test_the_first_case_that_differs_is_shown() -> None:
    text = said(CASES | {"a": {"model": "m", "n": "a", "top_p": 2}, "c": {"model": "other"}}, CASES)
    assert text.startswith("2 of 3 cases differ: a, c\n\ncase a:\n")
    assert '-   "top_p": 1' in text
    assert '+   "top_p": 2' in text
    assert "other" not in text


def test_the_order_of_a_bodys_keys_counts() -> None:
    assert "case a:" in said(CASES | {"a": dict(reversed(CASES["a"].items()))}, CASES)


@pytest.mark.parametrize(("now", "kept", "word"), [({}, {"d": {}}, "stale"), ({"d": {}}, {}, "new")])
def test_a_case_on_one_side_alone(now: dict[str, Any], kept: dict[str, Any], word: str) -> None:
    assert said(CASES | now, CASES | kept).startswith(f"1 of 4 cases differ: d\n\ncase d is {word}:\n")


def test_the_order_of_the_cases_counts() -> None:
    assert "in another order" in said(dict(reversed(CASES.items())), CASES)


def test_an_update_writes_the_file_and_a_failure_reads_it(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """From no file to one with its cases; the session is the test's own, so that no report counts it."""
    location, session = PyTestLocation(request.node), SnapshotSession(request.session)
    session.start()
    path = tmp_path / "a" / "cases.json"

    def snapshot(*, update: bool) -> SnapshotAssertion:
        return kept(SnapshotAssertion(session, AmberSnapshotExtension, location, update), str(path))

    new, updated, changed = snapshot(update=False), snapshot(update=True), snapshot(update=False)
    assert new != CASES
    assert "case b is new:" in new.get_assert_diff()
    assert updated == CASES
    assert list(json.loads(path.read_text(encoding="utf-8"))) == list(CASES)
    assert changed != CASES | {"c": {}}
    assert changed.get_assert_diff()[:5] == [ACCEPT, "", "1 of 3 cases differ: c", "", "case c:"]


def test_a_text_that_differs_says_how_it_is_accepted_too() -> None:
    """Explanations are texts; the command is one that pytest takes."""
    accept, space, *changed = TextSnapshot().diff_lines("a new line\n", "an old line\n")
    assert (accept, space) == (ACCEPT, "")
    assert [click.unstyle(line) for line in changed] == ["- an old line", "+ a new line"]
    assert UPDATE.split()[-2:] == ["tests/unit", "--snapshot-update"]


def test_an_exception_names_its_case() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        by_case(["one", "none"], lambda case: 1 / (case == "one"))
    assert caught.value.__notes__ == ["case none"]
