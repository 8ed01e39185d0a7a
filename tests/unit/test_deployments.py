"""Deployments: names of a customer's own that go on the wire, each with the facts of its model."""

from __future__ import annotations

from typing import Any

import pytest

import smartllm
from smartllm import LLMClient, LLMConfig, TextRequest
from smartllm.errors import ConfigError, RulesError, UnknownModelError
from smartllm.rules import load_rules, resolve
from smartllm.rules.deployments import deployment_unknown, with_deployments
from smartllm.testing import FakeTransport

HOST = "https://my-resource.openai.azure.com"


@pytest.mark.parametrize(
    ("deployments", "message"),
    [
        ("gpt-5.4", r"deployments='gpt-5.4' is not usable; allowed: a dict: names of deployments"),
        ({"a": 5}, r"deployments\['a'\]=5 is not usable"),
        ({"a": " "}, r"deployments\['a'\]=' ' is not usable"),
        ({"": "gpt-5.4"}, r"deployments\[''\]='gpt-5.4' is not usable"),
        ({"a\nb": "gpt-5.4"}, "deployments='a.*nb' is not usable"),
    ],
)
def test_what_are_no_deployments(deployments: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LLMConfig(deployments=deployments)


async def test_a_deployment_has_the_facts_of_its_model() -> None:
    deployments = {"front": "gpt-5.4", "old-one": "gpt-4o"}
    fake = FakeTransport()
    client = LLMClient(transport=fake, azure_endpoint=HOST, deployments=deployments, level="raise")
    async with client:
        deployments["front"] = "gpt-4o"  # the settings have a copy
        for model in ("front", "old-one", "gpt-5.4"):
            request = TextRequest(prompt="hi", model=model, reasoning_effort=None, use_cache=False)
            await client.generate_text(request)
        plans = [client._compiled(TextRequest(prompt="hi", model=model)) for model in ("front", "old-one")]
    assert [sent.body["model"] for sent in fake.sent] == ["front", "old-one", "gpt-5.4"]
    assert [plan.resolution.model for plan in plans] == ["gpt-5.4", "gpt-4o"]


async def test_a_default_model_may_be_a_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "front")
    fake = FakeTransport()
    async with LLMClient(transport=fake, azure_endpoint=HOST, deployments={"front": "gpt-5.4"}) as client:
        await client.generate_text(TextRequest(prompt="hi", use_cache=False))
    assert fake.sent[0].body["model"] == "front"


def test_a_deployment_of_no_model() -> None:
    with pytest.raises(
        ConfigError, match=r"deployments\['front'\]: it is of 'gpt-5.44', which is not listed"
    ) as wrong:
        LLMClient(azure_endpoint=HOST, api_key="a-key", deployments={"front": "gpt-5.44"})
    assert "did you mean 'gpt-5.4'?" in wrong.value.message


async def test_a_deployment_that_nobody_named() -> None:
    async with LLMClient(transport=FakeTransport(), azure_endpoint=HOST) as client:
        with pytest.raises(UnknownModelError) as unknown:
            await client.generate_text(TextRequest(prompt="hi", model="front"))
    assert "LLMClient(deployments={'front': <listed model>})" in unknown.value.hint
    assert "like=<listed model>" in unknown.value.hint


def test_a_shell_says_the_version_too() -> None:
    plan = smartllm.compile("hi", provider="azure-deployments", model="gpt-4o")
    [line] = [line for line in plan.as_curl().splitlines() if "AZURE_OPENAI_ENDPOINT" in line]
    address = "${AZURE_OPENAI_ENDPOINT}/openai/deployments/gpt-4o/chat/completions"
    assert line.endswith(f'"{address}?api-version=${{OPENAI_API_VERSION:-2024-10-21}}" \\')


def test_equal_deployments_give_the_same_rules() -> None:
    rules = load_rules()
    assert with_deployments(rules, {}) is rules
    one = with_deployments(rules, {"a": "gpt-5.4", "b": "gpt-4o"})
    assert one is with_deployments(rules, {"b": "gpt-4o", "a": "gpt-5.4"})
    assert one is not with_deployments(rules, {"a": "gpt-5.4"})
    found = resolve("b", one)
    assert (found.how, found.model, found.asked) == ("alias", "gpt-4o", "b")
    with pytest.raises(UnknownModelError):
        resolve("b", rules)  # the others' rules are as they were


def test_a_deployment_outranks_a_model_of_its_name() -> None:
    rules = with_deployments(load_rules(), {"gpt-4o": "gpt-5.4", 'quo"te': "gpt-5.4"})
    assert resolve("gpt-4o", rules).model == "gpt-5.4"
    assert rules.place(("alias", "gpt-4o")) == ("deployments", 2)
    assert isinstance(rules.error(("alias", 'quo"te'), "wrong"), RulesError)


def test_a_retired_model_is_told_by_the_call() -> None:
    retired = next(iter(load_rules().table("retired")))
    rules = with_deployments(load_rules(), {"old": retired})
    with pytest.raises(UnknownModelError) as gone:
        resolve("old", rules)
    assert gone.value.retired
    assert deployment_unknown(gone.value) is gone.value
