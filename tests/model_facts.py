"""The facts of models by dialect, and the groups of models that tests of facts name.

They are the models whose pages were read for these tests; a new row of the table is none of them.
"""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

from doors import USUAL

from smartllm.rules import Dialect, Facts, load_rules, resolve, served_on, target_for

RULES = load_rules()
READ = {
    line
    for line in Path(__file__).with_name("models_read.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
}
CHAT: Dialect = "openai_chat"
RESPONSES: Dialect = "openai_responses"
MESSAGES: Dialect = "anthropic_messages"
CONVERSE: Dialect = "bedrock_converse"


def facts_on(dialect: Dialect) -> dict[str, Facts]:
    """The facts of each model that was read and is served on a dialect."""
    found: dict[str, Facts] = {}
    for model in RULES.table("model"):
        if model not in READ:
            continue
        resolution = resolve(model, RULES)
        for host in filter(USUAL.__contains__, RULES.table("host")):
            if dialect in served_on(resolution, host, RULES):
                found.setdefault(model, target_for(resolution, host, dialect, RULES).facts)
    return found


FACTS: dict[Dialect, dict[str, Facts]] = {
    dialect: facts_on(dialect) for dialect in (RESPONSES, CHAT, MESSAGES, CONVERSE)
}


def those(dialect: Dialect, path: str, *values: Any) -> set[str]:
    """The models whose fact has one of some values."""
    return {model for model, facts in FACTS[dialect].items() if attrgetter(path)(facts) in values}


def on_bedrock(model: str, dialect: Dialect) -> Facts:
    """The facts of a model there; FACTS has those of the first host that serves it."""
    return target_for(resolve(model, RULES), "bedrock", dialect, RULES).facts


def takes_tools(dialect: Dialect) -> set[str]:
    return set(FACTS[dialect]) - those(dialect, "tools.functions", "never")


CLAUDE = set(FACTS[MESSAGES])
CLAUDE_3 = {"claude-3-haiku", "claude-3-sonnet", "claude-3-opus"}
NOVA = {"nova-micro", "nova-lite", "nova-pro", "nova-premier", "nova-2-lite", "nova-2-pro-preview"}
GROK = {"grok-4.6", "grok-4.7"}
OSS = {"gpt-oss-120b", "gpt-oss-20b", "gpt-oss-safeguard-20b", "gpt-oss-safeguard-120b"}
RESTRICTED = {
    *("gpt-daybreak-blue-latest", "gpt-daybreak-red-latest", "daybreak-blue-latest", "daybreak-red-latest"),
    *("gpt-5.5-cyber", "gpt-5.5-cyber-preview", "gpt-5.6-cyber", "gpt-6-cyber"),
    *("gpt-rosalind-research", "gpt-rosalind-discovery", "gpt-6-rosalind"),
    *("gpt-6-astra-law", "gpt-6.2-astra-law"),
}
# langchain-aws#1268, M 2026-09-10, on 5.6-sol and 6-astra
GPT_ON_CONVERSE = {
    *("gpt-5.6", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna"),
    *("gpt-6.1-sol", "gpt-6.1-terra", "gpt-6.2-astra", "gpt-6.2-sol"),
}
# mistral.ai's own form of ids; vercel/ai rewrites on Bedrock, L. All of Mistral's that take tools.
MISTRAL = {
    *("mistral-small-2402", "mistral-large-2402", "mistral-large-2407", "pixtral-large-2502"),
    *("mistral-large-3-675b-instruct", "ministral-3-3b-instruct", "ministral-3-8b-instruct"),
    *("ministral-3-14b-instruct", "devstral-2-123b", "voxtral-small-24b-2507", "voxtral-mini-3b-2507"),
    "magistral-small-2509",
}
