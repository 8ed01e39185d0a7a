"""What the facts of tools and of earlier calls may not say together; rows of R011."""

from __future__ import annotations

from typing import Final

from smartllm.rules.contradictions.found import Contradiction

TOOL_CONTRADICTIONS: Final[list[Contradiction]] = [
    Contradiction(
        "tools.forced",
        "a tool can be forced, but function tools are never accepted",
        lambda facts: facts.tools.functions == "never" and facts.tools.forced != "never",
    ),
    Contradiction(
        "tools.forced",
        "forcing a tool depends on thinking, but the model does not think",
        lambda facts: (
            facts.tools.forced in {"unless-thinking", "skips-thinking"} and not facts.thinking.modes
        ),
    ),
    Contradiction(
        "tools.functions",
        "tools at effort none need the level 'none'",
        lambda facts: (
            "effort-none" in {facts.tools.functions, facts.tools.forced} and "none" not in facts.effort.levels
        ),
    ),
    Contradiction(
        "tools.strict",
        "tools have a strict key, but function tools are never accepted",
        lambda facts: facts.tools.functions == "never" and facts.tools.strict != "never",
    ),
    Contradiction(
        "tools.parallel",
        "parallel calls can be switched off, but function tools are never accepted",
        lambda facts: facts.tools.functions == "never" and facts.tools.parallel != "impossible",
    ),
    Contradiction(
        "tools.some",
        "a choice names some of the tools, but a choice cannot name one",
        lambda facts: facts.tools.some == "choice" and facts.tools.choice == "any",
    ),
    Contradiction(
        "tools.buffered",
        "a streamed call is held back, but no request with tools is streamed",
        lambda facts: facts.tools.buffered and not (facts.streaming and facts.tools.streaming),
    ),
    Contradiction(
        "tools.unbuffered_by",
        "there is a way to stream what is held back, but nothing is",
        lambda facts: bool(facts.tools.unbuffered_by) and not facts.tools.buffered,
    ),
    Contradiction(
        "calls.results",
        "a result must be able to hold text",
        lambda facts: "text" not in facts.calls.results,
    ),
    Contradiction(
        "carry.reasoning",
        "reasoning goes back to a model that does not reason",
        lambda facts: facts.carry.reasoning != "never" and not facts.thinking.modes,
    ),
    Contradiction(
        "carry.leads",
        "calls must follow signed reasoning, but none goes back or thinking has no budget",
        lambda facts: (
            facts.carry.leads and (facts.carry.reasoning != "signed" or "budget" not in facts.thinking.modes)
        ),
    ),
    Contradiction(
        "carry.prefix",
        "a signature is bound to what stands before it, but no signed reasoning goes back",
        lambda facts: facts.carry.prefix and facts.carry.reasoning != "signed",
    ),
    Contradiction(
        "carry.include",
        "encrypted content is asked for, but no reasoning items go back",
        lambda facts: facts.carry.include and facts.carry.reasoning != "items",
    ),
]
