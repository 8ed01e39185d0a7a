"""``smartllm verify``: a table that lies is told of, a true one is not; no failure is taken for an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from doors import USUAL
from verified import (
    SHIPPED,
    TODAY,
    WIRES,
    Provider,
    To,
    asked,
    by_fact,
    fact_of,
    failing,
    flips,
    planned,
    row,
    seen,
    target_of,
)

import smartllm
from smartllm import TextRequest
from smartllm.compiler.target import api_word, choose_target
from smartllm.rules import resolve, served_on
from smartllm.rules.layer import read_layer
from smartllm.rules.lint import lint
from smartllm.rules.load import RuleSet, merge
from smartllm.testing import FakeTransport, Reply
from smartllm.verify import Bodies, Choice, overlay_of, probe_plan, told
from smartllm.verify.asks.limits import numbers
from smartllm.words import ApiType

GPT, CHAT, CLAUDE, NOVA = WIRES
EACH = pytest.mark.parametrize("to", WIRES, ids=[api for _, api in WIRES])
APART = frozenset(
    {
        "caching.key",
        "effort.levels",
        "exclusive",
        "input.audio.sources",
        "input.image.sources",
        "messages.leading_assistant",
        "messages.prefill",
        "metadata.accepted",
        "presence_penalty.accepted",
        "seed.accepted",
        "service_tier.values",
        "stop_sequences.accepted",
        "structured.native",
        "tools.custom",
        "tools.none",
        "tools.strict",
        "user.accepted",
        "verbosity.levels",
    }
)
"""Facts of which a table may say the opposite all at once."""
SILENT = frozenset(
    {
        "caching.retention",
        "input.document.sources",
        "input.image.sources",
        "tools.choice",
        "tools.functions",
        "tools.parallel",
        "tools.streaming",
    }
)
"""Facts of which some wire of the sandbox makes no error: what a provider would say there is not known."""


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    return Provider(tmp_path, monkeypatch)


def lies_of(to: To) -> dict[str, Any]:
    """The opposite of what the shipped rules say of a model."""
    most = target_of(to).facts.limits.max_output
    assert most is not None
    lies: dict[str, Any] = {"limits.max_output": most // 2}
    for check, question, facts in flips(to):
        if check.fact in APART and not question.costly:
            lies |= facts
    return lies


def findings(text: str, folder: Path, rules: RuleSet) -> list[str]:
    """What lint says of an overlay."""
    path = folder / "seen.toml"
    path.write_text(text, encoding="utf-8")
    layer = read_layer(path, name="seen", kind="overlay")
    found = lint(RuleSet((*rules.layers, layer), merge(rules.data, layer.data)), today=TODAY)
    return [str(one) for one in found if one.file == "seen"]


class TestATrueTable:
    @EACH
    def test_agrees(self, to: To) -> None:
        report = seen(to)
        assert {one.verdict for one in report.results} == {"agrees"}
        assert report.calls < 1.5 * len(report.plan.groups)
        assert not report.differs
        assert all(one.value == one.check.value for one in report.results)

    @pytest.mark.slow
    @pytest.mark.parametrize("model", SHIPPED.table("model"))
    def test_of_every_model(self, model: str) -> None:
        found = resolve(model, SHIPPED)
        for host in filter(USUAL.__contains__, SHIPPED.table("host")):
            for dialect in served_on(found, host, SHIPPED):
                report = seen((model, cast("ApiType", api_word(host, dialect, SHIPPED))))
                retired = report.plan.bodies.target.facts.lifecycle.state == "retired"
                assert report.results or retired, report.failed
                assert not report.differs, [line for one in report.results for line in told(one)]


class TestATableThatLies:
    @EACH
    def test_each_lie_is_told_with_what_is_so(self, to: To, provider: Provider) -> None:
        lies = lies_of(to)
        facts = {path: fact_of(target_of(to), path) for path in lies}
        assert len(lies) > 8
        report = seen(to, Choice(today=TODAY, facts=tuple(lies)), provider.table(row(to, lies)))
        assert by_fact(report, "differs") == facts
        assert report.differs

    @EACH
    def test_the_overlay_ends_them(self, to: To, provider: Provider) -> None:
        lies = lies_of(to)
        lie = row(to, lies, 'verified = 2025-01-01\nsource = ["https://example.com/page"]')
        rules, stale = provider.table(lie), Choice(today=TODAY)
        report = seen(to, stale, rules)
        assert set(lies) <= {one.check.fact for one in report.results}
        overlay = overlay_of(report, TODAY)
        assert not overlay.left_out
        mended = provider.table(lie, overlay.text)
        for path in lies:
            origin = target_of(to, mended).origin(path)
            assert (origin.verified, origin.source, origin.disputed) == (TODAY, ("measured",), None)
            assert fact_of(target_of(to, mended), path) == fact_of(target_of(to), path)
        again = seen(to, stale, mended)
        assert not again.differs
        assert not {one.check.fact for one in again.results} & set(lies)
        request = TextRequest(prompt="hi", api_type=to[1])
        assert smartllm.compile(request, model=to[0], rules=mended, level="ignore").body

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "to",
        [
            *WIRES,
            ("us.anthropic.claude-opus-5-5", "converse"),
            ("us.anthropic.claude-sonnet-5", "invoke"),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "converse"),
            ("gpt-4o", "chat_completions"),
            ("o3", "responses"),
            ("gpt-6.1-sol", "responses"),
            ("us.amazon.nova-2-lite-v1:0", "converse"),
            ("us.deepseek.v3-v1:0", "converse"),
        ],
        ids="-".join,
    )
    def test_whatever_the_provider_takes_otherwise(self, to: To, provider: Provider) -> None:
        missed = []
        for check, question, facts in flips(to):
            if check.fact in {"limits.max_output", "ids.bare"} or check.fact in SILENT:
                continue
            provider.takes(row(to, facts))
            report = seen(to, Choice(today=TODAY, everything=True, facts=(check.fact,)))
            found = [one.facts for one in report.results if one.verdict == "differs"]
            if report.results and found != [facts]:
                missed.append((check.fact, question.part, facts, [*map(str, report.results)]))
            text = overlay_of(report, TODAY).text if found else ""
            if text and (wrong := findings(text, provider.folder, SHIPPED)):
                missed.append((check.fact, question.part, facts, wrong))
        assert missed == []

    @pytest.mark.parametrize("further", [72_000, 1, -1, -50_000], ids=str)
    def test_a_limit_is_read_from_the_refusal(self, further: int, provider: Provider) -> None:
        limit = fact_of(target_of(GPT), "limits.max_output") + further
        provider.takes(row(GPT, {"limits.max_output": limit}))
        report = seen(GPT, Choice(today=TODAY, facts=("limits.max_output",)))
        assert by_fact(report, "differs") == {"limits.max_output": limit}

    def test_a_limit_that_no_refusal_tells_is_not_written(self, provider: Provider) -> None:
        plan = planned(GPT, Choice(today=TODAY, facts=("limits.max_output",)))
        silent = Reply(status=400, error_message="max_output_tokens is too large.")
        report = asked(plan, failing(Reply(), silent, Reply(), silent))
        (result,) = report.results
        assert (result.verdict, result.value, result.facts) == ("differs", "unknown", {})
        assert overlay_of(report, TODAY).text == ""

    def test_what_was_asked_in_part_is_measured_in_part(self, provider: Provider) -> None:
        choice = Choice(today=TODAY, facts=("service_tier.values",))
        report = seen(GPT, choice)
        assert [one.verdict for one in report.results] == ["agrees"]
        rest = [tier for tier in target_of(GPT).facts.service_tier.values if tier != "flex"]
        assert rest
        assert [*told(report.results[0])] == [f"service_tier.values: not asked: {', '.join(rest)}"]
        assert overlay_of(report, TODAY).text == ""
        provider.takes(row(GPT, {"service_tier.values": rest}))
        text = overlay_of(seen(GPT, choice), TODAY).text
        assert text.endswith(f"; not asked: {', '.join(rest)}\n")

    def test_numbers_in_words(self) -> None:
        words = "max_tokens: 50000000 > 64,000, the maximum for claude-4-6 (req_8192x, 0.5 of 2026)"
        assert numbers(words) == [64000, 2026]
        assert numbers("400 from the provider: at most 4096 tokens") == [4096]

    def test_of_a_disputed_fact_the_dispute_ends(self, provider: Provider) -> None:
        say = f'verified = {TODAY}\nsource = ["https://example.com/page"]\n'
        disputed = say + 'evidence."wire" = { disputed = "One page says so, another does not." }'
        levels = fact_of(target_of(GPT), "verbosity.levels")
        rules = provider.table(row(GPT, {"verbosity.levels": levels}, disputed))
        report = seen(GPT, Choice(today=TODAY), rules)
        assert by_fact(report, "agrees")["verbosity.levels"] == levels
        mended = provider.table(overlay_of(report, TODAY).text)
        assert target_of(GPT, mended).origin("verbosity.levels").disputed is None


class TestHowItIsCalled:
    BARE = Choice(today=TODAY, facts=("ids.bare",))
    NAME = 'name = "anthropic.claude-sonnet-4-6", prefixes = ["us"]'

    def truth(self, bare: str, provider: Provider) -> None:
        key = target_of(CLAUDE).resolution.model
        provider.takes(f'[on.bedrock.model."{key}"]\nids = {{ {self.NAME}, bare = "{bare}" }}\n')

    @pytest.mark.parametrize("truth", ["accepted", "refused"])
    @pytest.mark.parametrize("table", ["accepted", "refused", "unknown"])
    def test_the_name_without_a_prefix(self, table: str, truth: str, provider: Provider) -> None:
        key = target_of(CLAUDE).resolution.model
        rules = provider.table(f'[on.bedrock.model."{key}"]\nids = {{ {self.NAME}, bare = "{table}" }}\n')
        self.truth(truth, provider)
        report = seen(CLAUDE, self.BARE, rules)
        (result,) = report.results
        expected = "found" if table == "unknown" else "agrees" if table == truth else "differs"
        assert (result.verdict, result.value) == (expected, truth)
        assert report.differs == (expected == "differs")
        assert result.facts == {"ids.bare": truth}


def test_a_model_that_no_row_lists_gets_one(provider: Provider) -> None:
    name = "my-own-model"

    def body(rules: RuleSet) -> dict[str, Any]:
        asks = request.model_copy(update={"top_k": 5})
        plan = smartllm.compile(
            asks, provider="openai", model=name, rules=rules, level="ignore", compatible=True
        )
        return plan.body

    request = TextRequest(prompt="-", seed=1, api_type="chat_completions", parallel_tool_calls=False)
    target = choose_target(request, "openai", name, SHIPPED, compatible=True)[0]
    plan = probe_plan(Bodies(target, name, compatible=True), Choice(today=TODAY, facts=("top_k", "seed")))
    report = asked(plan, FakeTransport())  # which takes whatever comes
    assert by_fact(report, "differs") == {"top_k.accepted": True}
    text = overlay_of(report, TODAY).text
    assert f'[model]\n"{name}" = "openai-compatible"' in text
    assert findings(text, provider.folder, SHIPPED) == []
    assert body(provider.table(text))["top_k"] == 5
    assert "top_k" not in body(SHIPPED)
