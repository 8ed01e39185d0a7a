"""What ``smartllm verify`` says: what it will cost, what became of each fact, and of each call."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from verified import AWS, TODAY, WIRES, To, asked, failing, planned

from smartllm.compiler.plan import Step
from smartllm.errors import ProviderTimeoutError
from smartllm.runtime.transport import Transport
from smartllm.testing import FakeTransport, Reply
from smartllm.usage import Usage
from smartllm.verify import Choice, Estimate, Sender, config_of, estimate_of, estimate_text, report_data, told
from smartllm.verify.bodies import Call
from smartllm.verify.judge import Outcome

GPT, CHAT, CLAUDE, NOVA = WIRES


def estimate(cost: str | None = None, most: str | None = None, *, longest: int = 32) -> Estimate:
    return Estimate(
        calls=2,
        input_tokens=1234,
        output_tokens=32,
        most_output_tokens=longest,
        cost=None if cost is None else Decimal(cost),
        most_cost=None if most is None else Decimal(most),
    )


class TestEstimate:
    @pytest.mark.parametrize(
        ("cost", "most", "longest", "says"),
        [
            (None, None, 32, "2 calls, about 1,234 tokens in and 32 out"),
            ("0.5", "0.5", 32, "2 calls, about 1,234 tokens in and 32 out, about $0.5000"),
            ("1", "1", 32, "2 calls, about 1,234 tokens in and 32 out, about $1.00"),
            (
                "0.00012",
                "12.346",
                9000,
                (
                    "2 calls, about 1,234 tokens in and 32 out, about $0.0001; "
                    "at most 9,000 out, $12.35, if no answer were brief"
                ),
            ),
            (
                None,
                None,
                9000,
                "2 calls, about 1,234 tokens in and 32 out; at most 9,000 out, if no answer were brief",
            ),
        ],
        ids=["no price", "cents", "a dollar", "dollars at most", "long and no price"],
    )
    def test_in_words(self, cost: str | None, most: str | None, longest: int, says: str) -> None:
        assert estimate_text(estimate(cost, most, longest=longest)) == says

    def test_as_data(self) -> None:
        found = estimate("0.25", "1.5", longest=64).as_dict()
        assert json.loads(json.dumps(found)) == {
            "calls": 2,
            "input_tokens": 1234,
            "output_tokens": 32,
            "most_output_tokens": 64,
            "cost": 0.25,
            "most_cost": 1.5,
        }
        assert (estimate().as_dict()["cost"], estimate().as_dict()["most_cost"]) == (None, None)

    def test_a_call_without_a_limit_is_thought_to_be_brief(self) -> None:
        plan = planned(GPT)
        body = {key: value for key, value in plan.baseline.step.body.items() if key != "max_output_tokens"}
        free = replace(plan, baseline=Call(replace(plan.baseline.step, sealed=body)))
        assert free.baseline.step.max_output == 0
        assert estimate_of(plan, 1).output_tokens == plan.baseline.step.max_output
        assert estimate_of(free, 1).output_tokens == estimate_of(free, 1).most_output_tokens == 32


class TestReport:
    CHOICE = Choice(today=TODAY, facts=("metadata.accepted", "service_tier.values"))

    def data(self, *replies: Reply) -> dict[str, Any]:
        """The report of two facts as data."""
        report = asked(planned(GPT, self.CHOICE), failing(*replies))
        return report_data(report, estimate_of(report.plan, 9))

    def test_what_was_seen(self) -> None:
        found = self.data()
        assert "failed" not in found
        assert {one["verdict"] for one in found["facts"]} == {"agrees"}
        assert {one["why"] for one in found["facts"]} == {*found["asked"].values()}
        for one in found["facts"]:
            assert one["seen"] == one["table"]
            assert {part["accepted"] for part in one["parts"]} == {True}
        tiers = next(one for one in found["facts"] if one["fact"] == "service_tier.values")
        assert {*tiers["unasked"], "flex"} == {*tiers["table"]}

    def test_what_cannot_be_told_was_not_seen(self) -> None:
        found = self.data(Reply(), *[Reply(status=500)] * 9)
        assert {(one["verdict"], one["seen"]) for one in found["facts"]} == {("can't tell", None)}

    def test_why_nothing_was_asked(self) -> None:
        found = self.data(Reply(status=400, error_message="No such model."))
        assert "No such model." in found["failed"]
        assert found["facts"] == []

    def test_only_parts_that_were_asked_are_told_of(self) -> None:
        plan = planned(GPT, Choice(today=TODAY, facts=("limits.max_output",)))
        (later,) = plan.later
        report = asked(plan, FakeTransport(check=True))
        (result,) = report.results
        (one,) = report_data(report, estimate_of(plan, 9))["facts"]
        assert later.question.part not in {part["part"] for part in one["parts"]}
        assert [*told(result)] == []
        # What waits for an answer against the table is not asked where there is none.
        assert report.calls == 1 + len(plan.groups) + 1  # with the control of what is refused


def sent(step: Step, transport: Transport, *, whole: bool = False, to: To = GPT, **settings: Any) -> Outcome:
    """What comes of one call."""

    async def send() -> Outcome:
        keys = {"api_key": "sk-of-nobody"} if to == GPT else AWS
        host = "openai" if to == GPT else "bedrock"
        async with Sender(config_of(host, **{"max_retries": 0, **keys, **settings}), transport) as sender:
            return await sender.send(step, whole=whole)

    return asyncio.run(send())


def streamed(to: To = GPT) -> Step:
    """A streamed call."""
    plan = planned(to, Choice(today=TODAY, facts=("streaming",)))
    return next(one.step for group in plan.groups for one in [group.call] if one.step.streamed)


class Never(FakeTransport):
    """A transport that gives no answer."""

    async def send(self, *_: Any, **__: Any) -> Any:
        await asyncio.sleep(60)


class TestSending:
    def test_of_a_streamed_answer_all_is_read_unless_it_may_be_long(self) -> None:
        assert sent(streamed(), FakeTransport(Reply(text="ok"))).usage.output_tokens > 0
        assert sent(streamed(), FakeTransport(Reply(text="ok")), whole=True) == Outcome("accepted")

    def test_a_long_one_has_to_begin(self) -> None:
        assert sent(streamed(), FakeTransport(Reply(cut_after=0)), whole=True).kind == "none"

    @pytest.mark.parametrize("more", [-1, 0, 1], ids=["shorter", "as long", "longer"])
    def test_of_long_words_the_beginning_is_told(self, more: int) -> None:
        def words(message: str) -> str:
            found = sent(planned(GPT).baseline.step, failing(Reply(status=400, error_message=message)))
            assert found.kind == "refused"
            return found.words

        longest = 300 - (len(words("x" * 9)) - 9) + more
        found = words("x" * longest)
        assert len(found) == 300 + min(more, 0)
        assert found.endswith("…") == (more > 0)

    def test_a_provider_that_says_nothing_is_waited_for_once(self) -> None:
        found = sent(planned(GPT).baseline.step, Never(), total_timeout=0.01)
        assert found == Outcome("none", "no answer within total_timeout=0.01 s")

    def test_a_timeout_of_the_connection_is_told_as_one(self) -> None:
        error = ProviderTimeoutError("read", 5, model="m", retryable=False)
        found = sent(planned(GPT).baseline.step, failing(error))
        assert found.kind == "none"
        assert "read_timeout=5 s" in found.words

    def test_settings_that_are_not_given_are_those_of_verification(self) -> None:
        config = config_of("openai", max_retries=None, total_timeout=None, api_key="k")
        assert (config.max_retries, config.total_timeout, config.api_key) == (2, 120, "k")
        assert config_of("openai", total_timeout=7).total_timeout == 7

    def test_nothing_is_used_by_what_is_refused(self) -> None:
        assert sent(planned(GPT).baseline.step, failing(Reply(status=400))).usage == Usage()
