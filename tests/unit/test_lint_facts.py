"""Lint of facts that do not go together, beyond the examples of test_lint."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from linted import THINKS, TODAY, rules_of

from smartllm.rules.lint import lint

# Code, text, piece of the message.
BAD = [
    ("R009", f"[profile.two]\n{THINKS}effort.default = 'max'\n", "default 'max' is not among"),
    (
        "R010",
        f"[profile.two]\n{THINKS}effort.budgets = {{ low = 5, high = 2000 }}\n",
        "below the minimum 1024",
    ),
    ("R010", f"[profile.two]\n{THINKS}effort.budgets = {{ low = 2000, high = 20000 }}\n", "leaves nothing"),
    (
        "R011",
        "[profile.two]\nthinking = { modes = ['effort'], default = 'always' }\n",
        "must be 'impossible'",
    ),
    ("R011", "[profile.two]\nthinking = { modes = ['effort'], off = 'impossible' }\n", "must be 'always'"),
    ("R011", "[profile.two]\neffort.levels = ['low']\n", "without thinking modes"),
    ("R011", "[profile.two]\nthinking = { modes = ['effort'], default = 'on' }\n", "a way to say off"),
    ("R011", "[profile.two]\nlimits = { min_output = 9, max_output = 8 }\n", "below min_output"),
    ("R011", "[profile.two]\nlimits.max_output = 40000\n", "above the context window"),
    ("R011", "[profile.two]\nexclusive = [['temperature', 'top_k']]\n", "exclusive pair"),
    ("R011", "[profile.two]\nstructured.prefer = 'native'\n", "no native structured output"),
    ("R011", "[profile.two]\nmetadata.needs_store = true\n", "store is not accepted"),
    ("R011", "[profile.two]\ntop_logprobs.accepted = true\n", "but not logprobs"),
    ("R011", "[profile.two]\nservice_tier.values = ['fast']\n", "another word for priority"),
    ("R011", "[profile.two]\nreasoning_summary.needs_thinking = true\n", "has no word for one"),
    ("R011", "[profile.two]\ntools.functions = 'never'\n", "a tool can be forced, but"),
    (
        "R011",
        "[profile.two]\ntools = { functions = 'never', strict = 'accepted' }\n",
        "have a strict key, but",
    ),
    (
        "R011",
        "[profile.two]\ntools = { functions = 'never', parallel = 'field' }\n",
        "can be switched off, but",
    ),
    ("R011", "[profile.two]\ntools.forced = 'skips-thinking'\n", "the model does not think"),
    ("R011", "[profile.two]\ntools.forced = 'unless-thinking'\n", "the model does not think"),
    ("R011", "[profile.two]\ntools.functions = 'effort-none'\n", "tools at effort none"),
    ("R011", "[profile.two]\ntools.forced = 'effort-none'\n", "tools at effort none"),
    ("R011", "[profile.two]\ntools = { some = 'choice', choice = 'any' }\n", "cannot name one"),
    ("R011", "[profile.two]\ntools.buffered = true\n", "no request with tools is streamed"),
    (
        "R011",
        "[profile.two]\nstreaming = true\ntools = { buffered = true, streaming = false }\n",
        "is streamed",
    ),
    ("R011", "[profile.two]\ntools.unbuffered_by = 'a-beta'\n", "but nothing is"),
    ("R011", "[profile.two]\ncalls.results = ['image']\n", "must be able to hold text"),
    ("R011", "[profile.two]\ncarry.reasoning = 'items'\n", "does not reason"),
    ("R011", "[profile.two]\nids.prefixes = ['us', 'eu', 'us']\n", "a prefix is stated twice"),
    ("R011", "[profile.two]\nids.regions = ['us-east-1', 'us-east-1']\n", "a region is stated twice"),
    ("R011", f"[profile.two]\n{THINKS}carry.leads = true\n", "none goes back or"),
    (
        "R011",
        "[profile.two]\nthinking.modes = ['adaptive']\ncarry = { reasoning = 'signed', leads = true }\n",
        "thinking has no budget",
    ),
    ("R011", f"[profile.two]\n{THINKS}carry.prefix = true\n", "no signed reasoning goes back"),
    ("R011", f"[profile.two]\n{THINKS}carry.include = true\n", "no reasoning items go back"),
    ("R021", "[profile.two]\ntools.none = 'additional'\n", "no place on this wire"),
    ("R021", f"[profile.two]\n{THINKS}carry.reasoning = 'items'\n", "'items' has no place on this wire"),
    ("R021", f"[profile.two]\n{THINKS}carry.reasoning = 'signed'\n", "'signed' has no place on this wire"),
    ("R021", f"[profile.two]\n{THINKS}carry.reasoning = 'sealed'\n", "'sealed' has no place on this wire"),
    (
        "R021",
        (
            "[profile.two]\nendpoints = ['bedrock_converse']\n"
            "tools = { none = 'choice', some = 'choice', parallel = 'choice' }\n"
        ),
        "rocket-2 on bedrock_converse: tools.some = 'choice' has no place on this wire",
    ),
]


@pytest.mark.parametrize(("code", "text", "message"), BAD)
def test_contradictions(code: str, text: str, message: str, tmp_path: Path) -> None:
    found = [item for item in lint(rules_of(tmp_path, text), today=TODAY) if item.code == code]
    assert any(message in item.message for item in found), found


def test_a_long_chain_of_profiles_is_no_long_wait(tmp_path: Path) -> None:
    chain = "".join(f"[profile.p{i}]\nextends = 'p{i - 1}'\nlimits.context = {i}\n" for i in range(1, 700))
    text = f"[profile.p0]\nextends = 'base'\n{chain}[model]\nrocket-3 = 'p699'\n"
    begun = time.process_time()
    found = [item.code for item in lint(rules_of(tmp_path, text), today=TODAY)]
    assert time.process_time() - begun < 3, "it takes a tenth of that"
    assert found.count("R006") == 699
    assert "R003" not in found
