"""What is no id, would be sent in another spelling than was judged, or is served elsewhere."""

from __future__ import annotations

import pytest
from commands import invoke
from hypothesis import given
from hypothesis import strategies as st
from model_ids import ARN, MADE, OPUS, RULES, over, told

import smartllm
from smartllm import TextRequest
from smartllm.cli import main
from smartllm.errors import UnknownModelError, UnsupportedError
from smartllm.rules import RuleSet, resolve
from smartllm.rules.id_text import LONGEST_ID, check_id


def refused(model: str, rules: RuleSet = MADE) -> UnknownModelError:
    with pytest.raises(UnknownModelError) as caught:
        told(model, rules=rules)
    return caught.value


class TestWhatIsNoId:
    @pytest.mark.parametrize(
        ("model", "says", "use"),
        [
            (" gpt-4o ", "has white space around it", "gpt-4o"),
            ("gpt-4o\n", "has white space around it", "gpt-4o"),
            ("\u00a0gpt-4o", "has white space around it", "gpt-4o"),
            ("gpt\u200b-4o", "holds the character U+200B", "gpt-4o"),
            ("gpt-4o\x00", "holds the character U+0000", "gpt-4o"),
            ("gpt\t-4o", "holds the character U+0009", "gpt-4o"),
            (f"{'a' * 99} ", "has white space around it", "a" * 99),
        ],
        ids=["blanks", "line", "no-break", "zero-width", "null", "tab", "long"],
    )
    @pytest.mark.parametrize("compatible", [False, True], ids=["host", "server"])
    def test_what_nobody_sees(self, model: str, says: str, use: str, *, compatible: bool) -> None:
        with pytest.raises(UnknownModelError) as caught:
            smartllm.compile(TextRequest(prompt="hi", model=model), provider="openai", compatible=compatible)
        assert says in caught.value.message
        assert caught.value.hint == f"pass model={use!r}"

    @pytest.mark.parametrize("model", ["", " ", "\n", "\u3000"], ids=["none", "blank", "line", "wide"])
    def test_nothing(self, model: str) -> None:
        with pytest.raises(UnknownModelError, match="is empty"):
            smartllm.compile(TextRequest(prompt="hi"), model=model)
        with pytest.raises(UnknownModelError, match="is empty"):
            resolve("gpt-4o", RULES, like=model)

    def test_nothing_but_what_nobody_sees(self) -> None:
        assert refused("\u200b").hint == "pass the model's id"

    @pytest.mark.parametrize("command", ["compile", "run"])
    def test_nothing_at_the_shell(self, command: str) -> None:
        result = invoke(main, [command, "-m", "", "-p", "hi"])
        assert (result.exit_code, result.stdout) == (1, "")
        assert "refused: model '' is empty" in result.stderr

    @pytest.mark.parametrize(
        ("model", "says", "use"),
        [
            ("gpt\u20114o", "U+2011 (NON-BREAKING HYPHEN)", "gpt-4o"),
            ("gpt\u22124o", "U+2212 (MINUS SIGN)", "gpt-4o"),
            ("us.anthropic.claude-opus\u20134-7", "U+2013 (EN DASH)", "us.anthropic.claude-opus-4-7"),
            ("\uff47pt-4o", "U+FF47 (FULLWIDTH LATIN SMALL LETTER G)", "gpt-4o"),
        ],
        ids=["hyphen", "minus", "dash", "wide"],
    )
    def test_what_looks_like_another_letter(self, model: str, says: str, use: str) -> None:
        error = refused(model)
        assert error.message == f"model {model!r} is not listed; it holds {says}"
        assert (error.hint, [*error.nearest]) == (f"pass model={use!r}", [use])

    def test_a_letter_of_another_alphabet_is_named(self) -> None:
        error = refused("g\u0440t-4o")
        assert "it holds U+0440 (CYRILLIC SMALL LETTER ER); nearest listed: gpt-4o" in error.message
        assert "it holds" not in refused("gqt-4o").message

    def test_a_blank_inside(self) -> None:
        assert "is not listed" in refused(f"{OPUS} x").message

    def test_an_overlay_may_list_any(self) -> None:
        rules = over('[model]\n"My Model" = "gpt-4o"\n"Qwen/Qwen3-32B" = "gpt-4o"\n')
        assert resolve("My Model", rules).how == resolve("Qwen/Qwen3-32B", rules).how == "exact"

    @pytest.mark.parametrize(
        ("model", "use"),
        [
            ("GPT-4o", "gpt-4o"),
            ("US.Anthropic.Claude-Opus-4-7", "us.anthropic.claude-opus-4-7"),
            (f"{ARN}:inference-profile/US.anthropic.{OPUS}", f"{ARN}:inference-profile/us.anthropic.{OPUS}"),
            ("\u212aimi-k3", "kimi-k3"),
            ("ft:GPT-4o:Acme::aBc", "ft:gpt-4o:Acme::aBc"),
        ],
        ids=["capitals", "host", "arn", "kelvin", "tuned"],
    )
    def test_another_spelling_than_the_one_that_is_judged(self, model: str, use: str) -> None:
        error = refused(model)
        assert (error.hint, [*error.nearest]) == (f"pass model={use!r}", [use])
        assert resolve(use, RULES).how == "exact"

    def test_capitals_of_what_nobody_lists(self) -> None:
        assert refused("Acme-1").hint == "pass the provider's spelling, or like=<listed model>"
        assert not refused("Acme-1").nearest
        assert resolve("ft:gpt-4o:Acme::aBc", RULES).how == "exact", "a customer's own words"

    @pytest.mark.parametrize("model", [".", "..", "a/../b", "./a"])
    def test_a_step_of_a_path(self, model: str) -> None:
        with pytest.raises(UnknownModelError, match="would lead the path of the call elsewhere"):
            smartllm.compile(TextRequest(prompt="hi", model=model, like=OPUS))
        request = TextRequest(prompt="hi", model=model, like="gpt-4o")
        assert smartllm.compile(request).body["model"] == model, "here it stands in the body"

    @given(st.text(min_size=1, max_size=30))
    def test_what_is_sent_is_what_was_judged(self, model: str) -> None:
        try:
            item = resolve(model, RULES)
        except UnknownModelError:
            return
        assert model == item.asked == model.strip()
        assert model.isprintable()
        assert len(model) <= LONGEST_ID


class TestWhereItIsServed:
    def test_another_endpoint_of_the_host_and_another_host(self) -> None:
        with pytest.raises(UnsupportedError) as caught:
            told("openai.gpt-5.4")
        assert caught.value.message.startswith(
            "provider: openai.gpt-5.4 is not served on bedrock: its Responses API stands at another "
            "endpoint; it is served on openai, azure [overlay elsewhere overlay.toml:9"
        )
        assert caught.value.hint == "pass provider='openai' and model='gpt-5.4'"

    def test_an_api_that_is_not_spoken_there(self) -> None:
        row = '[on.bedrock.model."gpt-5.5"]\nendpoints = ["openai_responses"]\n'
        row += '[on.bedrock-mantle.model."gpt-5.5"]\nendpoints = []\n'
        with pytest.raises(UnsupportedError) as caught:
            told("openai.gpt-5.5", rules=over(row))
        assert "bedrock: there it is on openai_responses alone, which SmartLLM" in caught.value.message
        assert "overlay endpoints overlay.toml:2" in caught.value.message
        assert caught.value.hint == "pass provider='openai' and model='gpt-5.5'"

    def test_no_host(self) -> None:
        with pytest.raises(UnsupportedError, match="not served on openai: its Chat API stands") as caught:
            told("nobody", "openai")
        assert caught.value.hint == (
            "if that one speaks OpenAI's API, pass provider='openai' and its address as base_url="
        )

    def test_the_same_id_on_another_host(self) -> None:
        with pytest.raises(UnsupportedError) as caught:
            told("gpt-4o", "bedrock")
        assert caught.value.hint == "pass provider='openai'"
        with pytest.raises(UnsupportedError) as caught:
            told("claude-opus-77", "openai")
        assert caught.value.hint == "pass provider='bedrock'"


def test_an_id_has_an_end_and_an_error_shows_no_more_of_it_than_can_be_read() -> None:
    check_id("a" * LONGEST_ID)
    for model, says in (
        ("a" * (LONGEST_ID + 1), f"has {LONGEST_ID + 1} characters"),
        ("a" * 500 + "\ud800", "surrogate"),
    ):
        with pytest.raises(UnknownModelError, match=says) as caught:
            check_id(model)
        assert len(str(caught.value)) < 400
    with pytest.raises(UnknownModelError) as caught:
        check_id("a" * 500 + "\t")
    assert list(caught.value.nearest) == ["a" * 500]
    assert caught.value.hint == f"pass model={'a' * 500!r}"
    with pytest.raises(UnknownModelError) as caught:
        check_id("\u200b")
    assert (list(caught.value.nearest), caught.value.hint) == ([], "pass the model's id")
