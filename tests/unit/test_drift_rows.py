"""Rows that a report prints: they can be pasted, and what was said is then what the rules say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from catalogues import TODAY, claim, table
from drift import toml
from drift.claims import Claim
from drift.compare import Table, compare
from drift.rows import Rows

from smartllm.rules import load_rules
from smartllm.rules.lint import lint

ID = "us.acme.rocket-2-v1:0"
PAGES = {"one": "https://example.com/one", "two": "https://example.com/two"}


def rows_of(tmp_path: Path, more: str = "", **said: Sequence[Claim]) -> str:
    rows = Rows(table(tmp_path, more), PAGES)
    rows.add(compare(said, rows.table))
    return rows.text()


def stated(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_a_changed_fact_is_a_row_with_its_page_and_where_it_stands(tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim(ID, page="https://example.com/card", limits__max_output=2000)])
    evidence = (
        'evidence."limits.max_output" = { verified = 2026-11-26, source = ["https://example.com/card"] }'
    )
    at = f"{tmp_path / 'acme.toml'}:12"
    assert text.splitlines() == [
        "[model]",
        f"# rocket-2 on bedrock, limits.max_output: 1000 here ({at}), 2000 by one",
        f"rocket-2 = {{ limits.max_output = 2000, {evidence} }}",
    ]


def test_what_no_page_is_cited_for_has_the_catalogue_as_evidence(tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim(ID, sampling=False)])
    assert 'sampling = "never"' in text
    assert 'source = ["https://example.com/one"]' in text


def test_what_is_so_already_is_not_written_again(tmp_path: Path) -> None:
    row = stated(rows_of(tmp_path, one=[claim(ID, structured__native=True)]))[1]
    assert 'structured = { native = true, prefer = "native" }' in row
    more = "[model]\nrocket-2 = { structured.prefer = 'native' }\n"
    row = stated(rows_of(tmp_path, more, one=[claim(ID, structured__native=True)]))[1]
    assert "structured.native = true" in row
    assert "prefer" not in row


def test_a_life_and_spellings_stand_in_the_rows_of_the_host(tmp_path: Path) -> None:
    said = [claim(ID, lifecycle__shutdown=dt.date(2026, 11, 1)), claim("eu.acme.rocket-2-v1:0")]
    head, *rows = stated(rows_of(tmp_path, one=said))
    assert head == "[on.bedrock.model]"
    assert 'lifecycle = { state = "retired", shutdown = 2026-11-01 }' in rows[0]
    assert 'ids.prefixes = ["us", "eu", "global"]' in rows[0]


def test_of_several_limits_the_lowest_is_written_and_of_other_claims_that_of_most(tmp_path: Path) -> None:
    low = rows_of(tmp_path, one=[claim(ID, limits__max_output=5000)], two=[claim(ID, limits__max_output=700)])
    assert "limits.max_output = 700" in low
    assert "5000 by one" in low
    many = {
        "one": [claim(ID, effort__default="low")],
        "two": [claim(ID, effort__default="high")],
        "three": [claim(ID, effort__default="high")],
    }
    rows = Rows(table(tmp_path), PAGES)
    rows.add(compare(many, rows.table))
    assert 'effort.default = "high"' in rows.text()


@pytest.mark.parametrize(
    ("more", "head", "path"),
    [
        ("", "[model]", "streaming"),
        ("[on.bedrock.profile.rocket]\nstreaming = true\n", "[on.bedrock.model]", "streaming"),
        (
            "[profile.rocket]\nwire.bedrock_converse.streaming = true\n",
            "[model]",
            "wire.bedrock_converse.streaming",
        ),
        (
            "[on.bedrock.profile.rocket]\nwire.bedrock_converse.streaming = true\n",
            "[on.bedrock.model]",
            "wire.bedrock_converse.streaming",
        ),
    ],
    ids=["a profile", "the host", "a wire", "a wire at the host"],
)
def test_a_row_stands_where_it_decides(more: str, head: str, path: str, tmp_path: Path) -> None:
    said = [claim(ID, streaming=False)]
    text = rows_of(tmp_path, more, one=said)
    first, row = stated(text)
    assert first == head
    assert f"{path} = false" in row
    (tmp_path / "row.toml").write_text(text, encoding="utf-8")
    files = [tmp_path / name for name in ("acme.toml", "more.toml", "row.toml")]
    rules = load_rules([file for file in files if file.exists()])
    assert not compare({"one": said}, Table(rules, TODAY))


def test_a_family_that_belongs_to_no_vendor_is_told(tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim("acme.rocket-2-mini")])
    assert "its family 'rocket-mini' belongs to no vendor yet" in text


def test_a_claim_that_leaves_the_value_open_is_a_note_alone(tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim(ID, caching=True)])
    assert stated(text) == ["[model]"]
    assert "rocket-2 on bedrock, caching: false here, true by one" in text


def test_a_new_id_is_a_row_like_its_relative_s_with_what_is_said_of_it(tmp_path: Path) -> None:
    said = claim(
        "us.acme.rocket-3-v1:0",
        page="https://example.com/3",
        limits__max_output=1000,
        limits__context=7000,
        lifecycle__shutdown=dt.date(2027, 5, 1),
    )
    text = rows_of(tmp_path, one=[said, claim("acme.rocket-3-v1:0")])
    assert "facts as of its nearest relative, profile rocket" in text
    model, row, hosted, life = stated(text)
    assert (model, hosted) == ("[model]", "[on.bedrock.model]")
    assert row == (
        'rocket-3 = { profile = "rocket", limits.context = 7000, verified = 2026-11-26, '
        'source = ["https://example.com/3"] }'
    )
    assert 'lifecycle = { state = "legacy", shutdown = 2027-05-01 }' in life
    assert 'ids = { name = "acme.rocket-3-v1:0", prefixes = ["us"] }' in life


def test_a_new_row_states_what_its_relative_s_row_has_of_its_own(tmp_path: Path) -> None:
    more = "[model]\nrocket-1 = { limits.max_output = 2000 }\n"
    said = claim("acme.rocket-1-5", limits__max_output=2000, lifecycle__shutdown=dt.date(2027, 2, 1))
    text = rows_of(tmp_path, more, one=[said])
    assert "facts as of its nearest relative, rocket-1" in text
    assert 'rocket-1-5 = { profile = "rocket", limits.max_output = 2000' in text
    assert 'lifecycle = { state = "legacy", shutdown = 2027-02-01 }' in text


def test_an_id_that_is_misspelt_is_a_row_like_what_it_is_nearest_to(tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim("acme.rockett-1")])
    assert "facts as of its nearest relative, rocket-1" in text


def test_facts_of_one_group_with_several_pages_keep_each_its_own(tmp_path: Path) -> None:
    one = claim("acme.rocket-3", page="https://example.com/1", limits__max_output=300)
    two = claim("acme.rocket-3", page="https://example.com/2", limits__context=7000)
    apart = rows_of(tmp_path, one=[one], two=[two])
    assert (
        'evidence."limits.context" = { verified = 2026-11-26, source = ["https://example.com/2"] }' in apart
    )
    assert "evidence.limits" not in apart
    three = claim("acme.rocket-3", page="https://example.com/3", sampling=False)
    both = claim("acme.rocket-3", page="https://example.com/1", limits__max_output=300, limits__context=7000)
    assert "evidence.limits = { verified" in rows_of(tmp_path, one=[three], two=[both])


def test_of_several_limits_of_a_new_id_the_lowest_is_written(tmp_path: Path) -> None:
    low, high = (claim("acme.rocket-3", limits__max_output=tokens) for tokens in (300, 400))
    for one, two in ((low, high), (high, low)):
        assert "limits.max_output = 300" in rows_of(tmp_path, one=[one], two=[two])


def test_a_new_id_that_is_over_is_listed_as_retired(tmp_path: Path) -> None:
    said = claim(
        "acme.rocket-3", lifecycle__shutdown=dt.date(2026, 2, 1), lifecycle__successor="us.acme.rocket-2"
    )
    head, row = stated(rows_of(tmp_path, one=[said]))
    assert head == "[retired]"
    assert row == (
        'rocket-3 = { vendor = "acme", shutdown = 2026-02-01, successor = "rocket-2", '
        'verified = 2026-11-26, source = ["https://example.com/one"] }'
    )


def test_what_ends_today_is_over(tmp_path: Path) -> None:
    said = [claim("acme.rocket-3", lifecycle__shutdown=TODAY), claim(ID, lifecycle__shutdown=TODAY)]
    text = rows_of(tmp_path, one=said)
    assert 'rocket-3 = { vendor = "acme", shutdown = 2026-11-26' in text
    assert 'lifecycle = { state = "retired", shutdown = 2026-11-26 }' in text


def test_a_stranger_that_is_over_is_a_note(tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim("qqq.zzzz-99", lifecycle__shutdown=dt.date(2026, 2, 1))])
    assert stated(text) == ["[retired]"]
    assert "no relative is listed: a row by hand" in text


@pytest.mark.parametrize(
    ("model", "host", "note"),
    [
        ("qqq.zzzz-99", "bedrock", "no relative is listed: a row by hand"),
        ("rocket-3", "elsewhere", "the rules serve no relative on elsewhere"),
        ("acme.kite-1", "bedrock", "the rules name no wire for it there"),
    ],
    ids=["a stranger", "another host", "no wire"],
)
def test_what_cannot_be_a_row_is_a_note(model: str, host: str, note: str, tmp_path: Path) -> None:
    text = rows_of(tmp_path, one=[claim(model, host=host)])
    assert note in text
    assert stated(text) == ["[model]"]


def test_rows_pasted_into_an_overlay_end_what_they_state_and_lint_clean(tmp_path: Path) -> None:
    said = [
        claim(ID, limits__max_output=2000, limits__input=8500, effort__levels={"max": True}, sampling=False),
        claim("eu.acme.rocket-2-v1:0", lifecycle__shutdown=dt.date(2027, 5, 1), structured__native=True),
        claim("us.acme.rocket-3-v1:0", limits__max_output=300, lifecycle__shutdown=dt.date(2027, 6, 1)),
        claim("acme.rocket-0", lifecycle__shutdown=dt.date(2026, 2, 1)),
        claim("acme.rocket-4", lifecycle__shutdown=dt.date(2026, 1, 1)),
    ]
    pasted = rows_of(tmp_path, one=said)
    after = table(tmp_path, pasted)
    assert not compare({"one": said}, after)
    assert "rocket-0 = {" in pasted
    found = [item for item in lint(after.rules, today=TODAY) if str(tmp_path / "more.toml") in str(item)]
    assert not found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b": 1}}, "{ a.b = 1 }"),
        ({"a": {"b": 1, "c": [True, "x"]}}, '{ a = { b = 1, c = [true, "x"] } }'),
        ({"a": {"b.c": {"verified": dt.date(2026, 1, 2)}}}, '{ a."b.c" = { verified = 2026-01-02 } }'),
        ({"a": [dt.date(2026, 1, 2), {"b": 1}]}, "{ a = [2026-01-02, { b = 1 }] }"),
        ({}, "{}"),
    ],
    ids=["dotted", "table", "evidence", "list", "empty"],
)
def test_values_as_toml(value: Mapping[str, Any], text: str) -> None:
    assert toml.value(value) == text
