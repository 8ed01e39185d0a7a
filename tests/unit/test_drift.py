"""Claims of catalogues beside the rules: what is new, what differs, and what is left out of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from catalogues import claim, table
from drift.claims import Claim
from drift.compare import NEW, SERVED, Difference, compare


def differences(tmp_path: Path, *claims: Claim) -> list[Difference]:
    return compare({"one": claims}, table(tmp_path))


def shown(rows: list[Difference]) -> list[tuple[str, str, Any, Any]]:
    return [(row.key, row.fact, row.ours, row.theirs) for row in rows]


def test_what_agrees_is_no_difference(tmp_path: Path) -> None:
    said = claim(
        "us.acme.rocket-2-v1:0",
        limits__max_output=1000,
        limits__context=9000,
        sampling=True,
        streaming=True,
        lifecycle__shutdown=dt.date(2027, 2, 1),
        lifecycle__successor="us.acme.kite-2",
        lifecycle__ended=True,
        effort__levels={"low": True, "max": False},
    )
    assert not differences(tmp_path, said)


@pytest.mark.parametrize(
    ("fact", "theirs", "ours", "reported"),
    [
        ("limits.max_output", 2000, 1000, 2000),
        ("limits.context", 8000, 9000, 8000),
        ("limits.input", 8001, 9000, 8001),
        ("effort.levels", {"low": False, "high": True, "max": True}, ["low", "high"], ["-low", "+max"]),
        ("effort.default", "low", None, "low"),
        ("endpoints", ["openai_chat"], ["bedrock_converse"], ["openai_chat"]),
        ("lifecycle.shutdown", dt.date(2027, 3, 1), dt.date(2027, 2, 1), dt.date(2027, 3, 1)),
        ("lifecycle.ended", False, True, False),
        ("lifecycle.successor", "rocket-3", "kite-2", "rocket-3"),
        ("streaming", False, True, False),
        ("structured.native", True, False, True),
        ("tools.functions", False, True, False),
        ("tools.forced", True, False, True),
        ("messages.prefill", True, False, True),
        ("sampling", False, "always", False),
        ("input.image", True, False, True),
        ("input.document", True, False, True),
        ("caching", True, False, True),
        ("caching.min_tokens", 512, None, 512),
        ("thinking", False, True, False),
        ("thinking.always", True, False, True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fact_that_differs_is_told(
    fact: str, theirs: Any, ours: Any, reported: Any, tmp_path: Path
) -> None:
    rows = differences(tmp_path, claim("us.acme.rocket-2-v1:0", **{fact: theirs}))
    assert shown(rows) == [("rocket-2", fact, ours, reported)]


@pytest.mark.parametrize("window", [9000, 8000], ids=["the window", "the window less the output"])
def test_a_window_may_be_counted_with_the_output_or_without(window: int, tmp_path: Path) -> None:
    assert not differences(tmp_path, claim("us.acme.rocket-2-v1:0", limits__input=window))


def test_an_id_without_a_row_is_new_though_the_resolver_would_guess(tmp_path: Path) -> None:
    rows = differences(tmp_path, claim("us.acme.rocket-3", page="https://example.com/3"))
    (row,) = rows
    assert (row.key, row.fact) == ("rocket-3", NEW)
    assert row.ours
    assert row.pages == {"one": "https://example.com/3"}


def test_an_id_that_would_take_a_relative_s_row_is_new(tmp_path: Path) -> None:
    (row,) = differences(tmp_path, claim("acme.rocket-1-5", limits__max_output=5))
    assert (row.key, row.fact) == ("rocket-1-5", NEW)


def test_an_id_that_nothing_is_like_is_new(tmp_path: Path) -> None:
    (row,) = differences(tmp_path, claim("qqq.zzzz-99"))
    assert (row.key, row.fact) == ("zzzz-99", NEW)


@pytest.mark.parametrize(
    "item",
    [claim("acme.rocket-0"), Claim("bedrock", "acme.rocket-3", callable=False)],
    ids=["listed as retired", "a price, no id"],
)
def test_what_is_gone_or_only_a_price_is_not_new(item: Claim, tmp_path: Path) -> None:
    assert not differences(tmp_path, item)


def test_a_host_that_the_rules_do_not_know_counts_for_its_ids(tmp_path: Path) -> None:
    known = claim("rocket-2", host="elsewhere", limits__max_output=1)
    rows = differences(tmp_path, known, claim("rocket-3", host="elsewhere", limits__max_output=1))
    assert [(row.host, row.key, row.fact) for row in rows] == [("elsewhere", "rocket-3", NEW)]


def test_a_listed_model_that_the_rules_serve_nowhere_there_is_told(tmp_path: Path) -> None:
    assert shown(differences(tmp_path, claim("acme.kite-1"))) == [("kite-1", SERVED, False, True)]


def test_a_model_that_is_gone_is_asked_for_its_life_alone(tmp_path: Path) -> None:
    said = claim("acme.rocket-1", limits__max_output=5, lifecycle__shutdown=dt.date(2026, 11, 1))
    successor = claim("eu.acme.rocket-1", lifecycle__successor="rocket-2")
    rows = differences(tmp_path, said, successor)
    assert [row.fact for row in rows] == ["lifecycle.shutdown"]


def test_spellings_and_prefixes_are_counted_over_all_ids_of_a_catalogue(tmp_path: Path) -> None:
    fine = [claim("acme.rocket-2-v1:0"), claim("us.acme.rocket-2-v1:0"), claim("acme.rocket-2")]
    assert not differences(tmp_path, *fine)
    rows = differences(tmp_path, claim("eu.acme.rocket-2"), claim("us.acme.rocket-2"))
    assert shown(rows) == [
        ("rocket-2", "ids.name", "acme.rocket-2-v1:0", ["acme.rocket-2"]),
        ("rocket-2", "ids.prefixes", ["us", "global"], ["eu"]),
    ]


def test_a_price_says_nothing_of_spellings(tmp_path: Path) -> None:
    assert not differences(tmp_path, Claim("bedrock", "eu.acme.rocket-2", callable=False))


def test_a_price_says_not_where_a_model_is_served(tmp_path: Path) -> None:
    priced = Claim("bedrock", "acme.kite-1", callable=False)
    assert not differences(tmp_path, priced)
    (row,) = differences(tmp_path, priced, claim("acme.kite-1"))
    assert (row.fact, row.ids) == (SERVED, {"one": ("acme.kite-1",)})


def test_catalogues_that_say_the_same_are_told_together_and_others_apart(tmp_path: Path) -> None:
    read = {
        "one": [claim("us.acme.rocket-2-v1:0", page="https://example.com/1", limits__max_output=2000)],
        "two": [claim("global.acme.rocket-2-v1:0", limits__max_output=2000)],
        "three": [claim("acme.rocket-2-v1:0", limits__max_output=500)],
    }
    rows = compare(read, table(tmp_path))
    assert [(row.theirs, row.ids) for row in rows] == [
        (2000, {"one": ("us.acme.rocket-2-v1:0",), "two": ("global.acme.rocket-2-v1:0",)}),
        (500, {"three": ("acme.rocket-2-v1:0",)}),
    ]
    assert rows[0].pages == {"one": "https://example.com/1"}


def test_an_overlay_that_takes_a_claim_over_ends_the_difference(tmp_path: Path) -> None:
    said = claim("us.acme.rocket-2-v1:0", limits__max_output=2000)
    assert len(compare({"one": [said]}, table(tmp_path))) == 1
    assert not compare({"one": [said]}, table(tmp_path, "[model]\nrocket-2 = { limits.max_output = 2000 }\n"))


def test_the_day_of_a_retired_id_is_compared_where_its_vendor_serves(tmp_path: Path) -> None:
    end = dt.date(2026, 3, 1)
    (row,) = differences(tmp_path, claim("acme.rocket-0", lifecycle__shutdown=end))
    assert shown([row]) == [("rocket-0", "lifecycle.shutdown", dt.date(2026, 1, 31), end)]
    fine = claim("acme.rocket-0", lifecycle__shutdown=dt.date(2026, 1, 31))
    elsewhere = claim("rocket-0", host="openai", lifecycle__shutdown=end)
    assert not differences(tmp_path, fine, elsewhere)


def test_a_retired_spelling_of_a_listed_model_stands_for_itself(tmp_path: Path) -> None:
    old = '[retired]\nrocket-2-0131 = { vendor = "acme", shutdown = 2026-01-31 }\n'
    said = claim("rocket-2-0131", limits__max_output=1, lifecycle__shutdown=dt.date(2026, 1, 31))
    assert not compare({"one": [said]}, table(tmp_path, old))
    assert compare({"one": [said]}, table(tmp_path))


def test_a_successor_is_asked_of_what_lives_and_of_what_has_one(tmp_path: Path) -> None:
    said = [
        claim("acme.rocket-1", lifecycle__successor="rocket-2"),
        claim("kite-2", lifecycle__successor="rocket-2"),
    ]
    assert shown(compare({"one": said}, table(tmp_path))) == [
        ("kite-2", "lifecycle.successor", None, "rocket-2")
    ]
    more = '[on.bedrock.model]\nrocket-1 = { lifecycle.successor = "kite-2" }\n'
    rows = compare({"one": said[:1]}, table(tmp_path, more))
    assert shown(rows) == [("rocket-1", "lifecycle.successor", "kite-2", "rocket-2")]
