"""What ``smartllm explain`` shows of evidence: all pages, that there is none, and both sides of a dispute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import invoke

from smartllm.cli import main
from smartllm.rules import load_rules, resolve
from smartllm.rules.life import target_on

DISPUTED = """\
[model.claude-opus-9]
profile = "claude-5.5"
limits.max_output = 256000
streaming = true
evidence."limits.max_output" = { verified = 2026-11-20, source = [
  "https://one.example", "https://two.example",
], disputed = "One says 256K, two 128K: mine stands." }
"""


class TestExplain:
    @pytest.fixture
    def mine(self, tmp_path: Path) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(DISPUTED, encoding="utf-8")
        return str(path)

    @staticmethod
    def run(mine: str, *flags: str) -> str:
        result = invoke(main, ["explain", "claude-opus-9", "--rules", mine, *flags])
        assert result.exit_code == 0
        return str(result.stdout)

    def test_all_pages_of_a_fact_and_both_sides(self, mine: str) -> None:
        lines = self.run(mine).splitlines()
        pages = "https://one.example https://two.example (disputed)"
        assert f"limits.max_output\t256000\t{mine}:3\t2026-11-20\t{pages}" in lines
        assert "disputed limits.max_output: One says 256K, two 128K: mine stands." in lines

    def test_a_row_does_not_borrow_the_evidence_of_its_profile(self, mine: str) -> None:
        assert f"streaming\tyes\t{mine}:4\t-\tno evidence" in self.run(mine).splitlines()

    def test_a_dispute_is_told_once(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(
            "[model.claude-opus-9]\nprofile = 'claude-5.5'\nlimits = { max_output = 9000, context = 90000 }\n"
            "evidence.limits.disputed = 'One says more.'\n"
        )
        assert (
            "disputed limits.max_output, limits.context: One says more." in self.run(str(path)).splitlines()
        )

    def test_json(self, mine: str) -> None:
        facts = {fact["fact"]: fact for fact in json.loads(self.run(mine, "--json", "--all"))["facts"]}
        disputed, bare, default = (
            facts[name] for name in ("limits.max_output", "streaming", "seed.accepted")
        )
        assert disputed["evidence"] == "disputed"
        assert disputed["origin"]["source"] == ["https://one.example", "https://two.example"]
        assert disputed["origin"]["disputed"] == "One says 256K, two 128K: mine stands."
        assert (bare["evidence"], bare["origin"].keys() & {"source", "verified"}) == ("none", set())
        assert (default["evidence"], default["origin"]["kind"]) == ("none", "default")
        assert facts["endpoints"]["evidence"] == "pages"

    def test_notes_of_rows_for_those_who_ask(self, mine: str) -> None:
        assert "\nnote " not in self.run(mine)
        told = json.loads(self.run(mine, "--json"))["notes"]
        rules = load_rules(mine)
        chain = target_on(resolve("claude-opus-9", rules), "bedrock", rules).chain
        assert {note["row"] for note in told} <= {".".join(row) for row in chain}
        lines = [f"note {note['file']}:{note['line']} {note['row']}: {note['note']}" for note in told]
        assert told
        assert self.run(mine, "--notes").splitlines()[-len(lines) :] == lines

    def test_what_was_measured(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(
            "[model.claude-sonnet-4-6]\nlimits.max_output = 9\nsource = ['measured']\nverified = 2026-11-20\n"
        )
        result = invoke(main, ["explain", "claude-sonnet-4-6", "--rules", str(path), "--json"])
        facts = {fact["fact"]: fact for fact in json.loads(result.stdout)["facts"]}
        assert facts["limits.max_output"]["evidence"] == "measured"
        assert facts["limits.max_output"]["origin"]["source"] == ["measured"]

    def test_a_plan_tells_a_dispute_too(self, mine: str) -> None:
        flags = ["-m", "claude-opus-9", "--rules", mine, "-p", "hi", "--max-tokens", "300000", "--explain"]
        told = invoke(main, ["compile", *flags]).stdout
        assert f"overlay limits.max_output {mine}:3 (verified 2026-11-20, disputed)" in told
