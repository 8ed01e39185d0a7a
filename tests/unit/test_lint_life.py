"""Lint of models' lives: what dates and states say against each other, and what is told in good time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from linted import TODAY, rules_of

from smartllm.rules import load_rules, resolve
from smartllm.rules.life import state_on, target_on
from smartllm.rules.lint import lint

PROMISED = "openai promises service until 2027-02-21 only, and no end is announced"


def told(tmp_path: Path, code: str, lives: dict[str, str], *more: str) -> list[str]:
    """What lint says of lives of rocket-1 and rocket-2, the default model, on their host."""
    shown = 'verified = 2026-11-01, source = ["https://example.com"]'
    rows = [f"rocket-{number} = {{ {shown}, lifecycle = {{ {life} }} }}" for number, life in lives.items()]
    text = "\n".join((*more, "[on.openai.model]", *rows))
    found = lint(rules_of(tmp_path, text), today=TODAY, notes=True)
    assert {item.code for item in found} <= {code}
    return [f"{'note: ' if item.note else ''}{item.message}" for item in found]


@pytest.mark.parametrize(
    ("life", "says"),
    [
        ("", []),
        ("state = 'legacy', shutdown = 2027-12-01", []),
        ("state = 'legacy', legacy = 2026-10-01, not_before = 2027-12-01", []),
        ("legacy = 2027-03-01, shutdown = 2027-12-01", []),
        ("state = 'retired'", []),
        ("state = 'retired', legacy = 2026-01-01, shutdown = 2026-10-01, not_before = 2026-09-01", []),
        (
            "shutdown = 2027-12-01",
            ['announced to shut down on 2027-12-01, but active; write state = "legacy"'],
        ),
        (
            "state = 'preview', legacy = 2026-10-01, shutdown = 2027-12-01",
            ['announced to shut down on 2027-12-01, but preview; write state = "legacy"'],
        ),
        (
            "state = 'retired', shutdown = 2027-12-01",
            ['retired, but shuts down only on 2027-12-01; write state = "legacy"'],
        ),
        ("state = 'retired', not_before = 2027-12-01", ["retired, but service is promised until 2027-12-01"]),
        (
            "state = 'legacy', legacy = 2027-03-01",
            ['legacy only from 2027-03-01 on; write state = "active"'],
        ),
        (
            "state = 'legacy', shutdown = 2027-12-01, not_before = 2027-12-02",
            ["promised until 2027-12-02, but shuts down on 2027-12-01"],
        ),
        (
            "legacy = 2027-12-02, shutdown = 2027-12-01",
            ["legacy from 2027-12-02 on, but shuts down on 2027-12-01"],
        ),
        (
            "state = 'legacy', shutdown = 2026-08-25",
            ['note: shut down on 2026-08-25, but legacy; write state = "retired" before 2026-11-23'],
        ),
        (
            "state = 'legacy', shutdown = 2026-08-24",
            ['shut down on 2026-08-24, but legacy; write state = "retired"'],
        ),
        (
            "legacy = 2026-11-23",
            ['note: legacy since 2026-11-23, but active; write state = "legacy" before 2027-02-21'],
        ),
        ("legacy = 2026-08-24", ['legacy since 2026-08-24, but active; write state = "legacy"']),
        ("successor = 'rocket-9'", ["successor 'rocket-9' is not listed"]),
        ("successor = 'rocket-1'", ["its own successor"]),
    ],
)
def test_dates_and_states_agree(life: str, says: list[str], tmp_path: Path) -> None:
    found = told(tmp_path, "R015", {"1": life})
    assert [item.replace("rocket-1 on openai: ", "") for item in found] == says


@pytest.mark.parametrize(
    ("life", "theirs", "says"),
    [
        ("state = 'legacy', shutdown = 2027-06-01", "state = 'legacy', shutdown = 2027-06-02", ""),
        (
            "state = 'legacy', shutdown = 2027-06-01",
            "state = 'legacy', shutdown = 2027-06-01",
            "successor 'rocket-2' shuts down on 2027-06-01, no later than it",
        ),
        (
            "state = 'legacy'",
            "state = 'legacy', shutdown = 2027-06-01",
            "successor 'rocket-2' shuts down on 2027-06-01, no later than it",
        ),
        ("state = 'retired'", "state = 'legacy', shutdown = 2027-12-01", ""),
        ("state = 'legacy'", "state = 'retired'", "successor 'rocket-2' is retired"),
    ],
    ids=["later", "no-later", "none-known", "already-gone", "retired"],
)
def test_a_successor_outlives_its_predecessor(life: str, theirs: str, says: str, tmp_path: Path) -> None:
    another = "[host.openai]\ndefault_model = 'rocket-3'\n[model]\nrocket-3 = 'two'\n"
    found = told(tmp_path, "R015", {"1": f"{life}, successor = 'rocket-2'", "2": theirs}, another)
    assert found == ([f"rocket-1 on openai: {says}"] if says else [])


@pytest.mark.parametrize("host", ["bedrock", "bedrock-mantle"])
def test_a_successor_is_served_on_the_same_host(tmp_path: Path, host: str) -> None:
    """What other doors have from a host is told of that host alone."""
    path = tmp_path / "mine.toml"
    path.write_text(
        f"[on.{host}.model.claude-opus-4-7]\nlifecycle.successor = 'o3'\n"
        "verified = 2026-11-01\nsource = ['https://example.com']\n"
    )
    found = [item for item in lint(load_rules(path), today=TODAY) if item.file == str(path)]
    assert [str(item) for item in found] == [
        f"{path}:2: R015 claude-opus-4-7 on {host}: successor 'o3' is not served on {host}"
    ]


@pytest.mark.parametrize(
    ("life", "says"),
    [
        ("", []),
        ("state = 'legacy', shutdown = 2027-12-01", []),
        ("not_before = 2027-02-22", []),
        (
            "not_before = 2027-02-21",
            [f"note: default model 'rocket-2': {PROMISED}; look for one, or name another"],
        ),
        ("state = 'legacy', shutdown = 2027-12-01, not_before = 2026-12-01", []),
        ("state = 'legacy', shutdown = 2027-05-23", []),
        (
            "state = 'legacy', shutdown = 2027-05-22",
            ["note: default model 'rocket-2' shuts down on 2027-05-22: name another before 2027-02-21"],
        ),
        (
            "state = 'legacy', shutdown = 2027-02-21",
            ["default model 'rocket-2' shuts down on 2027-02-21; name another"],
        ),
        ("state = 'retired'", ["default model 'rocket-2' is retired; name another"]),
        (
            "state = 'legacy', shutdown = 2027-01-01, successor = 'rocket-3'",
            ["default model 'rocket-2' shuts down on 2027-01-01; 'rocket-3' is its successor"],
        ),
    ],
)
def test_a_default_model_has_time_to_live(life: str, says: list[str], tmp_path: Path) -> None:
    """A finding that depends on the day has been a note for three months."""
    another = "[model]\nrocket-3 = 'two'\n"
    assert told(tmp_path, "R013", {"2": life}, another) == says


def test_each_default_model_has_time_to_live_where_it_is_called() -> None:
    """By the days of its own host, whatever ends elsewhere."""
    rules = load_rules()
    for host, row in rules.table("host").items():
        target = target_on(resolve(row["default_model"], rules), host, rules)
        assert state_on(target.facts.lifecycle, dt.datetime.now(dt.UTC).date()) != "retired"


def test_a_row_of_a_host_is_that_of_a_listed_model(tmp_path: Path) -> None:
    assert told(tmp_path, "R005", {"7": "successor = 'rocket-2'"}) == [
        "'rocket-7' is no key of a listed model"
    ]
