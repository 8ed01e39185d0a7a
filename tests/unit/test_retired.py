"""Ids that are gone are refused by name; on other servers nothing is refused, and nothing guessed."""

from __future__ import annotations

import pytest
from model_ids import RULES, over

import smartllm
from smartllm import TextRequest
from smartllm.errors import RulesError, UnknownModelError
from smartllm.rules import Resolution, RuleSet, resolve

GONE = over(
    """\
[retired]
"gpt-4-0125-preview" = { vendor = "openai", shutdown = 2026-03-26, successor = "gpt-6.1-sol" }
"gpt-4-0314" = { vendor = "openai", shutdown = 2026-03-26 }
"gpt-4-32k" = { vendor = "openai" }
"claude-v2" = { vendor = "anthropic", shutdown = 2025-07-21, successor = "claude-sonnet-5-5" }
"anthropic.claude-instant-v1" = { vendor = "anthropic" }
"gpt-98-gone" = { vendor = "openai" }
"gpt-99-gone" = { vendor = "openai", shutdown = 2026-01-01 }
"gpt-5.4" = { vendor = "openai", shutdown = 2026-01-01 }
"""
)


def found(model: str, rules: RuleSet = RULES) -> Resolution | None:
    try:
        return resolve(model, rules)
    except UnknownModelError:
        return None


class TestRetired:
    @pytest.mark.parametrize(
        "model",
        [
            "gpt-4-0125-preview",
            "openai/gpt-4-0125-preview",
            "openai.gpt-4-0125-preview",
            "ft:gpt-4-0125-preview:acme::x",
        ],
    )
    def test_is_refused_with_date_and_successor(self, model: str) -> None:
        with pytest.raises(UnknownModelError) as caught:
            resolve(model, GONE)
        assert caught.value.message == f"model {model!r} was shut down on 2026-03-26"
        assert caught.value.hint.startswith("move to gpt-6.1-sol; ")
        assert caught.value.nearest == ("gpt-6.1-sol",)
        assert caught.value.retired

    @pytest.mark.parametrize(
        "model",
        [
            "anthropic.claude-v2:1",
            "us.anthropic.claude-v2",
            "claude-v2:1",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1:18k",
            "anthropic.claude-instant-v1",
            "gpt-4-32k-0613",
            "gpt-99-gone",
            "GPT-99-GONE",
        ],
    )
    def test_in_every_spelling(self, model: str) -> None:
        with pytest.raises(UnknownModelError) as caught:
            resolve(model, GONE)
        assert caught.value.retired

    def test_with_a_date_and_in_capitals(self) -> None:
        with pytest.raises(UnknownModelError) as caught:
            resolve("GPT-98-GONE-2024-01-01", GONE)
        assert caught.value.retired

    def test_without_a_day_and_a_successor(self) -> None:
        with pytest.raises(UnknownModelError, match=r"is retired\n  hint: if it is served") as caught:
            resolve("gpt-98-gone", GONE)
        assert not caught.value.nearest

    def test_a_date_that_is_gone_beside_a_row_that_is_not(self) -> None:
        assert found("gpt-4-0314", GONE) is None
        assert resolve("gpt-4-0613", GONE).model == "gpt-4"

    def test_a_row_of_facts_is_stronger(self) -> None:
        assert resolve("gpt-5.4", GONE).how == "exact"
        mine = over('[retired]\nx-1 = { vendor = "openai" }\n[model]\nx-1 = "gpt-4o"\n')
        assert resolve("x-1", mine).how == "exact"

    def test_whoever_says_what_it_is_goes_on(self) -> None:
        assert resolve("gpt-4-0125-preview", GONE, like="gpt-4-turbo").model == "gpt-4-turbo"
        alias = over('[retired]\nx-1 = { vendor = "openai" }\n[alias]\nx-1 = "gpt-4o"\n')
        assert resolve("x-1", alias).how == "alias"

    def test_an_alias_of_what_is_gone_is_gone(self) -> None:
        rules = over('[retired]\nx-1 = { vendor = "openai" }\n[alias]\nmine = "x-1"\nyours = "x-2"\n')
        with pytest.raises(UnknownModelError, match="'x-1' is retired"):
            resolve("mine", rules)
        with pytest.raises(RulesError, match="alias 'yours' of 'x-2', which is not listed"):
            resolve("yours", rules)

    def test_of_the_shipped_table_is_refused_by_name(self) -> None:
        for model, row in RULES.table("retired").items():
            with pytest.raises(UnknownModelError) as caught:
                resolve(model, RULES)
            assert caught.value.retired
            end = row.get("shutdown")
            assert (end.isoformat() if end else "retired") in caught.value.message
            assert row.get("successor", "") in caught.value.hint


class TestOnAnotherServer:
    @pytest.mark.parametrize(
        "model",
        [
            "gpt-77",
            "gpt-5.4-other",
            "gpt-4-32k",
            "gpt-4-0125-preview",
            "GPT-4o",
            "my model",
            "Qwen/Qwen3-32B",
            "claude-opus-4-7",
            "../models/x.gguf",
            "llama3.1:8b",
        ],
    )
    def test_what_is_not_listed_takes_what_all_such_servers_take(self, model: str) -> None:
        request = TextRequest(prompt="hi", model=model)
        plan = smartllm.compile(request, provider="openai", rules=GONE, compatible=True, level="ignore")
        assert plan.resolution.profile == RULES.table("host")["openai"]["compatible"]
        assert [item.code for item in plan.diagnostics] == ["model-inferred"]
        assert plan.body["model"] == model

    @pytest.mark.parametrize("model", ["openai/gpt-5.4", "gpt-5.4", "gpt-4o-2024-08-06", "azure/gpt-4.1"])
    def test_what_is_listed_is_what_it_is(self, model: str) -> None:
        request = TextRequest(prompt="hi", model=model)
        plan = smartllm.compile(request, provider="openai", rules=GONE, compatible=True, level="ignore")
        assert plan.resolution.how == "exact"
        assert not any(item.code.startswith("model-") for item in plan.diagnostics)

    def test_like_counts_there_too(self) -> None:
        request = TextRequest(prompt="hi", model="mine", like="gpt-4o")
        plan = smartllm.compile(request, provider="openai", compatible=True, level="ignore")
        assert (plan.resolution.how, plan.resolution.model) == ("like", "gpt-4o")
        with pytest.raises(UnknownModelError, match="'nobody'"):
            smartllm.compile(
                request.model_copy(update={"like": "nobody"}), provider="openai", compatible=True
            )
