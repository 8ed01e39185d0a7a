"""What would be asked: which facts, in which bodies, in how few calls, at which price."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from pathlib import Path

import pytest
from verified import ALL, SHIPPED, TODAY, WIRES, Provider, To, planned, row, target_of

from smartllm.rules import load_rules, resolve, served_on
from smartllm.rules.vocabulary import facts_data
from smartllm.verify import Bodies, Choice, Unsayable, estimate_of, estimate_text, probe_plan
from smartllm.verify.asks import checks_of
from smartllm.verify.bodies import differing
from smartllm.verify.plan import Group
from smartllm.verify.subject import Subject

GPT, CHAT, CLAUDE, NOVA = WIRES
OLD = 'verified = 2026-01-01\nsource = ["https://example.com/page"]'
NARROWED = {"thinking.modes", "caching.where"}
"""Of what these list the compiler takes the first, so each is asked as if it were alone."""
EACH = pytest.mark.parametrize("to", WIRES, ids=[api for _, api in WIRES])


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    return Provider(tmp_path, monkeypatch)


def paths(to: To, choice: Choice, *rows: str, provider: Provider) -> set[str]:
    return {check.fact for check in planned(to, choice, provider.table(*rows)).checks}


class TestWhichFacts:
    def test_what_is_disputed(self, provider: Provider) -> None:
        say = f'verified = {TODAY}\nsource = ["measured"]\n'
        text = row(GPT, {"seed.accepted": False}, say + 'evidence."wire" = { disputed = "One says so." }')
        found = planned(GPT, Choice(today=TODAY), provider.table(text))
        assert "seed.accepted" in found.why
        assert found.why["seed.accepted"] == "disputed"
        assert found.checks[0].origin.disputed

    def test_what_is_old_or_has_no_evidence(self, provider: Provider) -> None:
        old = row(GPT, {"seed.accepted": False}, OLD)
        today = dt.date(2026, 4, 1)
        assert "seed.accepted" not in paths(GPT, Choice(today=today), old, provider=provider)
        assert "seed.accepted" in paths(GPT, Choice(today=today, older_than=89), old, provider=provider)
        assert "seed.accepted" in paths(
            GPT, Choice(today=today), row(GPT, {"seed.accepted": False}), provider=provider
        )

    def test_what_no_row_states_only_where_it_is_asked_for(self) -> None:
        target = target_of(GPT)
        assert target.origin("seed.accepted").kind == "default"
        named = planned(GPT, Choice(today=TODAY, facts=("seed",)))
        assert [check.fact for check in named.checks] == ["seed.accepted"]
        assert "seed.accepted" in {check.fact for check in planned(GPT).checks}
        late = Choice(today=TODAY + dt.timedelta(days=4000))
        assert "seed.accepted" not in {check.fact for check in planned(GPT, late).checks}

    def test_a_fact_that_no_call_shows_is_named(self) -> None:
        found = planned(GPT, Choice(today=TODAY, facts=("limits.context",)))
        assert not found.checks
        assert [(fact.path, why) for fact, why in found.unasked] == [("limits.context", "no call shows it")]

    def test_tiers_that_cost_more_are_for_those_who_ask_for_all(self) -> None:
        def tiers(choice: Choice) -> set[str]:
            (check,) = (one for one in planned(GPT, choice).checks if one.fact == "service_tier.values")
            return {question.part for question in check.questions}

        assert tiers(Choice(today=TODAY, facts=("service_tier",))) == {"flex"}
        assert {"priority", "scale", "reserved"} <= tiers(ALL)


class TestBodies:
    @EACH
    def test_a_question_says_what_its_control_does_not(self, to: To) -> None:
        plan = planned(to)
        for group in (*plan.legal, *plan.illegal):
            for one in group.asked:
                assert differing(one.call, one.control) <= group.call.leaves, one.check.fact
                assert one.call.identity != one.control.identity

    @EACH
    def test_what_is_taken_is_what_the_table_compiles_and_what_is_refused_is_not(self, to: To) -> None:
        plan = planned(to)
        bodies = Bodies(target_of(to), to[0])
        legal = [one for group in plan.legal for one in group.asked]
        assert legal
        for one in legal:
            found = bodies.call(one.question.wish, {}).identity == one.call.identity
            assert found or one.check.fact in NARROWED, one.check.fact
        for group in plan.illegal:
            (one,) = group.asked
            if one.question.wish.model:  # the compiler sends an id as it is given
                continue
            with contextlib.suppress(Unsayable):
                assert bodies.call(one.question.wish, {}).identity != one.call.identity, one.check.fact

    @EACH
    def test_the_table_is_as_it_was(self, to: To) -> None:
        before = facts_data(target_of(to, load_rules()).facts)
        planned(to)
        assert facts_data(target_of(to, load_rules()).facts) == before

    @EACH
    def test_all_that_is_taken_goes_in_few_calls(self, to: To) -> None:
        plan = planned(to)
        questions = sum(len(group.asked) for group in plan.legal)
        assert questions > 2 * len(plan.legal)
        assert all(len(group.asked) == 1 for group in plan.illegal)

    @EACH
    def test_they_are_short(self, to: To) -> None:
        plan = planned(to)
        for group in plan.groups:
            parts = {one.question.part for one in group.asked}
            thinks = "budget_tokens" in repr(group.call.step.body)
            free = group.call.step.max_output == 0
            assert group.whole or thinks or free or group.call.step.max_output <= 16, parts

    def test_the_same_each_time(self) -> None:
        def calls(groups: tuple[Group, ...]) -> list[object]:
            return [group.call.identity for group in groups]

        again = probe_plan(Bodies(target_of(CLAUDE), CLAUDE[0]), ALL)
        assert calls(planned(CLAUDE).groups) == calls(again.groups)


class TestEstimate:
    def test_calls_and_tokens(self) -> None:
        plan = planned(GPT)
        found = estimate_of(plan, 1000)
        assert found.calls == 1 + len(plan.groups)
        assert 0 < found.output_tokens < 1000 < found.most_output_tokens
        assert found.input_tokens < 20_000
        assert "if no answer were brief" in estimate_text(found)

    def test_fewer_calls_cost_less(self) -> None:
        plan = planned(GPT)
        few = estimate_of(plan, 3)
        assert few.calls == 3
        assert few.input_tokens < estimate_of(plan, 1000).input_tokens

    def test_the_price_where_one_is_known(self) -> None:
        pytest.importorskip("genai_prices")
        found = estimate_of(planned(GPT), 1000)
        assert found.cost is not None
        assert found.most_cost is not None
        assert found.cost < found.most_cost
        assert "$" in estimate_text(found)


def test_the_page_names_every_fact_that_is_asked_about() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    table = page.partition("<!-- facts: begin -->")[2].partition("<!-- facts: end -->")[0]
    facts = [line.split("|")[1] for line in table.splitlines() if line]
    named = set(re.findall(r"`([a-z_]+)`", " ".join(facts)))
    asked = {check.fact.partition(".")[0] for to in WIRES for check in checks_of(Subject(target_of(to)))}
    assert named == {*asked, "ids"}


def test_what_is_asked_while_the_model_thinks_is_not_asked_while_it_does_not() -> None:
    def rests(model: str) -> bool:
        thinking = target_of((model, "invoke")).facts.thinking
        return thinking.default == "on" and thinking.off == "disabled"

    def on_invoke(model: str) -> bool:
        return "anthropic_messages" in served_on(resolve(model, SHIPPED), "bedrock", SHIPPED)

    model = next(one for one in SHIPPED.table("model") if on_invoke(one) and rests(one))
    plan = planned((model, "invoke"), Choice(today=TODAY, facts=("tools.functions",)))
    assert [[one.question.part for one in group.asked] for group in plan.legal] == [
        ["thinking on"],
        ["thinking off"],
    ]
