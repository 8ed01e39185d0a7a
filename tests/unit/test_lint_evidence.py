"""Lint of evidence beyond the examples of test_lint: what is none, days, and names of pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from linted import TODAY, rules_of

from smartllm.rules import RuleSet, load_rules
from smartllm.rules.layer import Layer
from smartllm.rules.lint import Finding, lint
from smartllm.rules.load import merge

BUILTIN = load_rules()


def found(code: str, text: str, tmp_path: Path, *, notes: bool = False) -> list[Finding]:
    rules = rules_of(tmp_path, text)
    return [item for item in lint(rules, today=TODAY, notes=notes) if item.code == code]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "[model]\nrocket-2 = { profile = 'two', limits.max_output = 9000 }\n",
            "'rocket-2' has no source and no verified for limits.max_output; "
            'write verified = 2026-11-23 and source = ["measured"] or its pages',
            id="the-profile-has-some",
        ),
        pytest.param(
            "[profile.two]\nlimits.max_output = 9000\n",
            "'two' has no source and no verified for limits.max_output; "
            'write verified = 2026-11-23 and source = ["measured"] or its pages',
            id="another-file-has-some",
        ),
        pytest.param(
            "[on.openai.model.rocket-1]\nlimits.max_output = 9000\nverified = 2026-11-01\n",
            "'rocket-1' has no source for limits.max_output; write source = [\"measured\"] or its pages",
            id="on-a-host",
        ),
        pytest.param(
            "[profile.two]\nlimits = { max_output = 9, context = 99 }\nstreaming = false\n"
            "system = 'blocks'\n"
            "evidence.'limits.context' = { source = ['https://example.com'], verified = 2026-11-01 }\n",
            "'two' has no source and no verified for limits.max_output, streaming, system; "
            'write verified = 2026-11-23 and source = ["measured"] or its pages',
            id="some-facts",
        ),
        pytest.param(
            "[profile.two.effort]\nlevels = ['low']\ndefault = 'low'\nbudgets = { low = 1, high = 2 }\n",
            "'two' has no source and no verified for effort.levels, effort.default, effort.budgets.low "
            'and 1 more; write verified = 2026-11-23 and source = ["measured"] or its pages',
            id="many-facts",
        ),
        pytest.param(
            "[retired]\nrocket-0 = { vendor = 'acme', verified = 2026-11-01 }\n"
            "rocket-00 = { vendor = 'acme', verified = 2026-11-01, source = ['https://example.com'] }\n",
            "retired 'rocket-0' has no source; write source = [\"measured\"] or its pages",
            id="retired",
        ),
    ],
)
def test_no_evidence(text: str, says: str, tmp_path: Path) -> None:
    assert [item.message for item in found("R006", text, tmp_path)] == [says]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[page]\ncard = 'https://example.com/c'\n", "page 'card' is named by no row"),
        ("[page]\nmeasured = 'https://example.com/c'\n", "'measured' stands for calls to a live account"),
        (
            "[page]\ncard = 'https://example.com/c'\n[profile.two]\nsource = ['crad', 'card']\n",
            "page 'crad' is not defined; did you mean 'card'?",
        ),
        (
            (
                "[page]\na = 'https://example.com/c'\nb = 'https://example.com/c'\n"
                "c = 'https://example.com/d'\n[profile.two]\nsource = ['a', 'b', 'c']\n"
            ),
            "https://example.com/c is called 'a' at extra.toml:2",
        ),
        (
            "[profile.two]\nevidence.streaming.source = ['card']\nstreaming = false\n",
            "page 'card' is not defined; write its address, or define it under [page]",
        ),
        (
            "[retired]\nrocket-0 = { vendor = 'acme', source = ['card'] }\n",
            "page 'card' is not defined; write its address, or define it under [page]",
        ),
    ],
    ids=["unused", "reserved", "misspelt", "twice", "in-evidence", "retired"],
)
def test_names_of_pages(text: str, says: str, tmp_path: Path) -> None:
    assert [item.message.partition("; take")[0] for item in found("R024", text, tmp_path)] == [says]


def test_a_user_may_not_call_another_page_by_a_shipped_name() -> None:
    ours = Layer("ours.toml", "", {"page": {"card": "https://ours.example"}}, "models")
    mine = Layer("mine.toml", "", {"page": {"card": "https://mine.example"}}, "overlay")
    rules = RuleSet((ours, mine), merge(BUILTIN.data, mine.data))
    told = [
        str(item) for item in lint(rules, today=TODAY) if item.code == "R024" and item.file == "mine.toml"
    ]
    assert told == [
        "mine.toml:1: R024 page 'card' is defined at ours.toml:1 too",
        "mine.toml:1: R024 page 'card' is named by no row",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[profile.two]\nstreaming = false\nevidence.'limits.max_output'.disputed = 'no'\n",
            "evidence for 'limits.max_output', which this row does not state; the row that does gives it",
        ),
        (
            "[profile.two]\nstreaming = false\nevidence.streaming = {}\n",
            "evidence for 'streaming' says nothing",
        ),
        (
            (
                "[profile.two]\nlimits.context = 9\nevidence.limits.disputed = 'no'\n"
                "evidence.'limits.context'.disputed = 'yes'\n"
            ),
            "evidence for 'limits': each of its facts has evidence of its own",
        ),
        (
            "[profile.two]\nwire.openai_chat.streaming = false\nevidence.streaming.disputed = 'no'\n",
            (
                "evidence for 'streaming', which this row does not state; did you mean "
                "'wire.openai_chat.streaming'?"
            ),
        ),
    ],
    ids=["of-another-row", "empty", "in-vain", "of-a-wire"],
)
def test_evidence_of_no_fact(text: str, says: str, tmp_path: Path) -> None:
    assert [item.message for item in found("R025", text, tmp_path)] == [says]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[profile.two]\nverified = 2026-02-21\n", []),
        (
            (
                "[profile.two]\nverified = 2026-02-20\n"
                "streaming = false\nevidence.streaming.verified = 2026-02-19\n"
            ),
            ["extra.toml:4: R007 note: verified 2026-02-19; check the sources again before 2027-02-19"],
        ),
        (
            "[profile.two]\nstreaming = false\nevidence.streaming.verified = 2025-11-22\n",
            ["extra.toml:3: R007 verified 2025-11-22 is over a year old; check the sources"],
        ),
        (
            "[retired]\nrocket-0 = { vendor = 'acme', verified = 2026-11-24 }\n",
            ["extra.toml:2: R007 verified 2026-11-24 is in the future"],
        ),
    ],
    ids=["young", "aging", "stale", "early"],
)
def test_days(text: str, says: list[str], tmp_path: Path) -> None:
    """A note comes in good time, once a file, and is no finding."""
    assert [str(item) for item in found("R007", text, tmp_path, notes=True)] == says
    wrong = [item for item in says if "note: " not in item]
    assert [str(item) for item in found("R007", text, tmp_path)] == wrong


@pytest.mark.parametrize(
    "text",
    [
        "limits.context = 9\nlimits.max_output = 8\n",
        "streaming = false\nevidence.streaming.disputed = 'no'\n",
    ],
    ids=["one-group", "split"],
)
def test_many_pages_may_speak_of_one_thing(text: str, tmp_path: Path) -> None:
    pages = [f"https://example.com/{number}" for number in range(9)]
    assert found("R022", f"[profile.two]\nsource = {pages}\n{text}", tmp_path) == []


def test_what_it_says_to_write_is_evidence(tmp_path: Path) -> None:
    text = "[profile.two]\nlimits.max_output = 9000\n"
    (lacking,) = found("R006", text, tmp_path)
    written = lacking.message.partition("write ")[2].removesuffix(" or its pages").split(" and ")
    assert lint(rules_of(tmp_path, "\n".join((text, *written))), today=TODAY) == []


@pytest.mark.parametrize(
    "line",
    ["page.card = '{}'", "profile.two.source = ['{}']", "retired.old = {{ vendor = 'a', source = ['{}'] }}"],
)
def test_an_address_with_a_password_is_refused_and_not_shown(line: str, tmp_path: Path) -> None:
    clean = "https://example.com/@people?mail=a@b"
    (one,) = found("R001", line.format(clean.replace("//", "//me:hidden@")), tmp_path)
    assert one.message.endswith(f'the address of a page has a user or a password in it; write "{clean}"')
    assert "hidden" not in one.message
    assert found("R001", line.format(clean), tmp_path) == []
