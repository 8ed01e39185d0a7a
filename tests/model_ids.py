"""Ids to call listed models by, and made ones: tests name models by their keys, hosts take what is sent."""

from __future__ import annotations

import tomli

import smartllm
from smartllm import Diagnostic, TextRequest
from smartllm.rules import RuleSet, load_rules, resolve, served_on, target_for
from smartllm.rules.ids import usual_id
from smartllm.rules.layer import Layer
from smartllm.rules.load import merge

RULES = load_rules()
OPUS, HAIKU = "claude-opus-4-7", "claude-haiku-4-5"
ARN = "arn:aws:bedrock:us-east-1:123456789012"
OVERLAY = """\
[on.bedrock.model.claude-opus-4-7.ids]
name = "anthropic.claude-opus-4-7"
bare = "refused"
prefixes = ["us", "eu", "global"]
[on.bedrock.model]
claude-haiku-4-5.ids = { name = "anthropic.claude-haiku-4-5-v1:0", bare = "unknown", prefixes = ["us"] }
nova-pro.ids = { name = "amazon.nova-pro-v1:0", bare = "accepted", prefixes = ["us"] }
gpt-oss-20b.ids = { name = "openai.gpt-oss-20b-1:0", bare = "accepted", prefixes = [] }
"gpt-5.4" = { endpoints = [], elsewhere = "its Responses API stands at another endpoint" }
[on.bedrock-mantle.model]
"gpt-5.4".endpoints = []
[model]
nobody = { profile = "base", endpoints = [], elsewhere = "its Chat API stands at another endpoint" }
[retired]
"anthropic.claude-old" = { vendor = "anthropic" }
"""
"""Made facts about ids."""


def called(model: str, host: str | None = None) -> str:
    """The usual id of a listed model on a host, its usual one if none is named; other ids as they are."""
    if model not in RULES.table("model"):
        return model
    found = resolve(model, RULES)
    where = host or found.host
    assert where is not None
    wires = served_on(found, where, RULES)
    return usual_id(model, target_for(found, where, wires[0], RULES).facts.ids) if wires else model


def over(text: str) -> RuleSet:
    """The shipped rules under an overlay that stands in no file."""
    layer = Layer("overlay.toml", text, tomli.loads(text), "overlay")
    return RuleSet((*RULES.layers, layer), merge(RULES.data, layer.data))


MADE = over(OVERLAY)
ON_BEDROCK = [model for model in RULES.table("model") if served_on(resolve(model, RULES), "bedrock", RULES)]


def spelled(prefixes: str = '"us", "eu", "global"', bare: str = "refused") -> RuleSet:
    """The shipped rules, with made ids for every model that Bedrock serves."""
    rows = (
        f'"{model}".ids = {{ name = "maker.{model}-v1:0", bare = "{bare}", prefixes = [{prefixes}] }}'
        for model in ON_BEDROCK
    )
    return over("[on.bedrock.model]\n" + "\n".join(rows))


def told(model: str, provider: str | None = None, rules: RuleSet = MADE) -> list[Diagnostic]:
    """What is said of an id."""
    request = TextRequest(prompt="hi", model=model)
    plan = smartllm.compile(request, provider=provider, rules=rules, level="ignore")
    assert plan.model == plan.steps[0].model == model, "never another id than the one that was given"
    return [item for item in plan.diagnostics if item.code.startswith("model-id")]
