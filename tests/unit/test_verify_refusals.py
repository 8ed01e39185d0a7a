"""What a refusal tells ``smartllm verify``, and what it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from verified import TODAY, WIRES, Provider, asked, by_fact, failing, planned, row, seen

from smartllm.errors import ConnectionFailedError
from smartllm.testing import FakeTransport, Reply
from smartllm.verify import Choice, estimate_of, overlay_of, report_data, told

GPT = WIRES[0]


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    return Provider(tmp_path, monkeypatch)


class TestRefusals:
    """What a refusal tells, and what it does not."""

    ONE = Choice(today=TODAY, facts=("metadata.accepted",))

    def verdict(self, *replies: Reply | ConnectionFailedError) -> tuple[str, str]:
        """Of one fact that the table says is taken, with the words for people."""
        (result,) = asked(planned(GPT, self.ONE), failing(*replies)).results
        return result.verdict, "\n".join(told(result))

    def test_one_that_names_the_field(self) -> None:
        no = Reply(status=400, error_message="Unknown parameter.", error_param="metadata")
        assert self.verdict(Reply(), no) == (
            "differs",
            (
                "metadata.accepted: taken by the table, refused, by name: 400 from the provider: Unknown "
                "parameter. (param: metadata)"
            ),
        )

    def test_one_that_names_nothing_counts_beside_its_control(self) -> None:
        no = Reply(status=400, error_message="Bad request.")
        verdict, words = self.verdict(Reply(), no)
        assert verdict == "differs"
        assert "refused, by comparison" in words

    def test_one_whose_control_is_refused_too_tells_nothing(self) -> None:
        choice = Choice(today=TODAY, facts=("tools.parallel",))
        no = Reply(status=400, error_message="tools: no.")
        report = asked(planned(GPT, choice), failing(Reply(), no, no))
        (result,) = report.results
        assert result.verdict == "can't tell"
        assert "the same without it was not taken either" in "\n".join(told(result))

    @pytest.mark.parametrize("status", [403, 404], ids=str)
    def test_one_that_may_mean_the_account_must_name_the_field(self, status: int) -> None:
        no = Reply(status=status, error_message="No.", error_code="some_code")
        assert self.verdict(Reply(), no)[0] == "can't tell"
        named = Reply(status=status, error_message="No metadata for you.", error_code="some_code")
        assert self.verdict(Reply(), named)[0] == "differs"

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(status=429),
            Reply(status=500),
            Reply(status=503),
            Reply(status=401),
            Reply(cut_after=0),
            ConnectionFailedError("metadata", model="m", retryable=True),
            Reply(status=400, error_message="metadata", error_code="context_length_exceeded"),
            Reply(status=200, raw=b"metadata"),
        ],
        ids=["429", "500", "503", "401", "cut", "broken", "long", "no answer"],
    )
    def test_a_failure_is_no_answer(self, reply: Reply | ConnectionFailedError) -> None:
        verdict, words = self.verdict(Reply(), *[reply] * 4)
        assert verdict == "can't tell"
        assert words.startswith("metadata.accepted: can't tell: ")

    def test_a_failure_of_a_call_for_several_facts_is_told_of_each(self) -> None:
        plan = planned(GPT, Choice(today=TODAY, facts=("metadata.accepted", "user.accepted")))
        assert [len(group.asked) for group in plan.groups] == [2]
        report = asked(plan, failing(Reply(), *[Reply(status=500, error_message="Overloaded.")] * 4))
        assert {one.verdict for one in report.results} == {"can't tell"}
        assert ["Overloaded." in "".join(told(one)) for one in report.results] == [True, True]

    def test_the_one_that_a_refusal_names_is_asked_apart_from_the_rest(self) -> None:
        facts = ("metadata.accepted", "user.accepted", "store.accepted", "verbosity.levels")
        plan = planned(GPT, Choice(today=TODAY, facts=facts))
        first = plan.legal[0]
        assert len(first.asked) > 3
        no = Reply(status=400, error_message="Unknown parameter.", error_param="user")
        fake = failing(Reply(), no, no, *[Reply()] * 20)
        assert by_fact(asked(plan, fake), "differs") == {"user.accepted": False}
        assert len(fake.sent) == 1 + 2 + 1 + len(plan.groups) - 1  # the group, that one, the rest; the others

    def test_a_failure_that_passes_is_forgotten(self) -> None:
        assert self.verdict(Reply(), Reply(status=429), Reply(status=500), Reply()) == ("agrees", "")

    def test_an_answer_that_is_cut_short_is_one(self) -> None:
        choice = Choice(today=TODAY, facts=("structured.native",))
        short = Reply(text='{"o', stop_reason="max_output_tokens")
        (result,) = asked(planned(GPT, choice), failing(Reply(), short)).results
        assert result.verdict == "agrees"

    def test_nothing_is_asked_where_the_plainest_call_fails(self) -> None:
        fake = failing(Reply(status=400, error_message="No such model."))
        report = asked(planned(GPT), fake)
        assert (report.calls, report.results) == (1, ())
        assert "No such model." in report.failed

    def test_a_key_that_is_refused_on_the_way_ends_it(self) -> None:
        fake = failing(Reply(), Reply(status=401, error_message="Gone."))
        report = asked(planned(GPT), fake)
        assert report.calls == len(fake.sent) == 2
        assert {one.verdict for one in report.results} == {"can't tell"}

    def test_no_more_calls_than_allowed(self) -> None:
        fake = FakeTransport(check=True)
        report = asked(planned(GPT), fake, most=5)
        assert report.calls == len(fake.sent) == 5
        left = [one for one in report.results if one.verdict == "can't tell"]
        assert left
        assert any("--max-calls" in line for one in left for line in told(one))
        assert overlay_of(report, TODAY).text

    def test_a_group_that_is_refused_is_asked_apart(self, provider: Provider) -> None:
        provider.takes(row(GPT, {"metadata.accepted": False, "verbosity.levels": []}))
        report = seen(GPT)
        assert by_fact(report, "differs") == {"metadata.accepted": False, "verbosity.levels": []}
        assert by_fact(report, "can't tell") == {}

    def test_a_long_answer_is_broken_off(self) -> None:
        choice = Choice(today=TODAY, facts=("limits.max_output", "streaming"))
        fake = FakeTransport(Reply(), Reply(text="word " * 50), check=True)
        report = asked(planned(GPT, choice), fake)
        assert not report.differs
        assert report.usage.output_tokens < 50

    @pytest.mark.parametrize("more", [0, 5000], ids=["short", "long"])
    def test_no_more_of_its_words_than_can_be_read(self, more: int) -> None:
        no = Reply(status=400, error_message="metadata: no." + "x" * more)
        (result,) = asked(planned(GPT, self.ONE), failing(Reply(), no)).results
        words = result.seen[""].words
        assert len(words) <= 300
        assert words.endswith("x…" if more else "no.")

    def test_secrets_are_not_told(self) -> None:
        key = "sk-of-nobody"
        no = Reply(status=400, error_message=f"metadata: not for Bearer {key}")
        report = asked(planned(GPT, self.ONE), failing(Reply(), no))
        text = json.dumps(report_data(report, estimate_of(report.plan, 10)))
        assert "not for Bearer" in text
        assert key not in text + "\n".join(line for one in report.results for line in told(one))
