"""A model's life by host: its state on a day, in the list of models and in what a plan tells."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from commands import invoke

import smartllm
from smartllm import TextRequest
from smartllm.cli import main
from smartllm.cli.lives import life_text
from smartllm.diagnostics import Diagnostic
from smartllm.rules import load_rules, resolve
from smartllm.rules.belonging import row_profile
from smartllm.rules.life import hosts_of, state_on
from smartllm.rules.vocabulary.lifecycle import Lifecycle, State

TODAY = dt.date(2026, 11, 23)
PAST, LATE = dt.date(2026, 10, 1), dt.date(2027, 12, 1)


@pytest.mark.parametrize(
    ("life", "state"),
    [
        (Lifecycle(), "active"),
        (Lifecycle("preview"), "preview"),
        (Lifecycle(shutdown=LATE), "legacy"),
        (Lifecycle(legacy=LATE, shutdown=LATE), "active"),
        (Lifecycle(legacy=PAST), "legacy"),
        (Lifecycle(legacy=TODAY), "legacy"),
        (Lifecycle("legacy", shutdown=PAST), "retired"),
        (Lifecycle(shutdown=TODAY), "retired"),
        (Lifecycle("retired", shutdown=LATE), "retired"),
        (Lifecycle(not_before=PAST), "active"),
    ],
    ids=[
        "none",
        "preview",
        "end",
        "later",
        "begun",
        "begins-today",
        "ended",
        "ends-today",
        "as-it-says",
        "promise-over",
    ],
)
def test_the_state_on_a_day(life: Lifecycle, state: State) -> None:
    assert state_on(life, TODAY) == state
    assert state_on(life, None) == life.state


RULES = load_rules()
ENDS = f"OpenAI calls the model legacy since {PAST} and shuts it down on 2099-01-01; move to gpt-91"
BOTH = next(
    row_profile(row)
    for model, row in RULES.table("model").items()
    if {"openai", "bedrock"} <= {*hosts_of(resolve(model, RULES), RULES)}
)


def told(rules: str, **where: Any) -> list[Diagnostic]:
    """What a plan for the model tells of its life."""
    request = TextRequest(prompt="hi", model="gpt-90")
    plan = smartllm.compile(request, rules=rules, level="ignore", today=TODAY, **where)
    return [item for item in plan.diagnostics if item.code.startswith("lifecycle")]


TWO = f"""\
[model]
gpt-90 = "{BOTH}"
gpt-91 = "{BOTH}"
[on.openai.model.gpt-90]
lifecycle = {{ state = "legacy", legacy = 2026-10-01, shutdown = 2099-01-01, successor = "gpt-91" }}
[on.bedrock.model.gpt-90]
lifecycle = {{ not_before = 2098-01-01 }}
[on.openai.model.gpt-91]
lifecycle = {{ legacy = 2026-10-01 }}
"""


class TestTwoHosts:
    """A model that ends on one host lives on another."""

    @pytest.fixture
    def mine(self, tmp_path: Path) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(TWO, encoding="utf-8")
        return str(path)

    @staticmethod
    def listed(mine: str, *flags: str) -> dict[str, Any]:
        result = invoke(main, ["models", "gpt-*", "--rules", mine, "--json", *flags])
        return {item["model"]: item for item in json.loads(result.stdout)["models"]} if result.stdout else {}

    def test_the_list_by_host(self, mine: str) -> None:
        states = {
            host: "gpt-90" in self.listed(mine, "--state", "legacy", "--host", host)
            for host in ("openai", "bedrock")
        }
        assert states == {"openai": True, "bedrock": False}
        both = self.listed(mine)["gpt-90"]
        assert (both["state"], both["shutdown"]) == ("legacy", "2099-01-01")
        assert both["lives"]["bedrock"] == {
            "state": "active",
            "legacy": None,
            "shutdown": None,
            "not_before": "2098-01-01",
            "successor": None,
        }
        there = self.listed(mine, "--host", "bedrock")["gpt-90"]
        assert (there["host"], there["state"], [*there["lives"]]) == (
            *("bedrock", "active"),
            ["bedrock", "bedrock-openai", "bedrock-mantle"],
        )

    def test_a_state_on_any_host_counts(self, mine: str) -> None:
        elsewhere = Path(mine).with_name("elsewhere.toml")
        elsewhere.write_text(
            f"[model]\ngpt-92 = '{BOTH}'\n[on.bedrock.model.gpt-92]\nlifecycle = {{ state = 'legacy' }}\n"
        )
        assert "gpt-92" in self.listed(str(elsewhere), "--state", "legacy")

    def test_the_state_is_that_of_today(self, mine: str) -> None:
        """Not what was written down when it was active."""
        assert self.listed(mine, "--state", "legacy")["gpt-91"]["state"] == "legacy"

    @pytest.mark.parametrize(
        ("flags", "life"),
        [
            (
                (),
                (
                    "openai: legacy until 2099-01-01, bedrock, bedrock-openai, bedrock-mantle: active, "
                    "no end before 2098-01-01, azure: active"
                ),
            ),
            (("--host", "openai"), "legacy until 2099-01-01"),
        ],
        ids=["all", "one"],
    )
    def test_a_line_of_the_table(self, flags: tuple[str, ...], life: str, mine: str) -> None:
        result = invoke(main, ["models", "gpt-90", "--rules", mine, *flags])
        assert result.stdout.rstrip("\n").split("\t")[-1] == life

    @pytest.mark.parametrize(("provider", "reasons"), [("openai", [ENDS]), ("bedrock", [])])
    def test_a_plan_tells_its_hosts(self, provider: str, reasons: list[str], mine: str) -> None:
        plan = smartllm.compile(
            TextRequest(prompt="hi"),
            provider=provider,
            model="gpt-90",
            rules=mine,
            level="ignore",
            today=TODAY,
        )
        assert [item.reason for item in plan.diagnostics if item.code.startswith("lifecycle")] == reasons

    def test_another_server_has_days_of_its_own(self, mine: str) -> None:
        request = TextRequest(prompt="hi")
        plan = smartllm.compile(
            request,
            provider="openai",
            model="gpt-90",
            rules=mine,
            level="ignore",
            today=TODAY,
            compatible=True,
        )
        assert not [item for item in plan.diagnostics if item.code.startswith("lifecycle")]


@pytest.mark.parametrize(
    ("life", "code", "reason"),
    [
        (
            "state = 'legacy', legacy = 2026-10-01, not_before = 2027-12-01",
            "lifecycle-legacy",
            "OpenAI calls the model legacy since 2026-10-01 and promises it until 2027-12-01",
        ),
        ("legacy = 2026-10-01", "lifecycle-legacy", "OpenAI calls the model legacy since 2026-10-01"),
        (
            "shutdown = 2026-12-23, successor = 'gpt-91'",
            "lifecycle-ending",
            "OpenAI shuts the model down on 2026-12-23, in 30 days; move to gpt-91",
        ),
        ("shutdown = 2026-11-23", "lifecycle-ended", "OpenAI shut the model down on 2026-11-23"),
        ("state = 'retired'", "lifecycle-ended", "OpenAI has shut the model down"),
    ],
)
def test_what_a_plan_says(life: str, code: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[model]\ngpt-90 = '{BOTH}'\n[on.openai.model.gpt-90]\nlifecycle = {{ {life} }}\n")
    (note,) = told(str(path), provider="openai")
    assert (note.code, note.reason) == (code, reason)
    assert note.severity == ("info" if code == "lifecycle-legacy" else "warning")
    assert (note.origin.kind, note.origin.file) == ("overlay", str(path))


def test_a_model_that_no_host_serves_has_a_life_on_its_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[profile.none]\nendpoints = []\n[model]\ngpt-9 = 'none'\n")
    rules = load_rules(path)
    assert hosts_of(resolve("gpt-9", rules), rules) == ("openai",)


@pytest.mark.parametrize(
    ("life", "text"),
    [
        ({"state": "legacy", "legacy": "2026-10-01"}, "legacy since 2026-10-01"),
        ({"state": "legacy"}, "legacy"),
        ({"state": "active", "legacy": "2027-10-01"}, "active"),
        ({"state": "retired", "shutdown": "2026-10-01", "legacy": "2026-01-01"}, "retired since 2026-10-01"),
        ({"state": "active", "not_before": "2027-10-01"}, "active, no end before 2027-10-01"),
    ],
)
def test_a_life_in_words(life: dict[str, str], text: str) -> None:
    blank = {"legacy": None, "shutdown": None, "not_before": None}
    assert life_text({"a": blank | life, "b": blank | life}) == text
