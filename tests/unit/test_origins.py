"""Origins tell the truth: what stands in a body because of a field says so, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from doors import api_on

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest, Tool
from smartllm.guardrail import Guardrail
from smartllm.json_values import path_text
from smartllm.parameters import WIRE
from smartllm.rules import Dialect, load_rules
from smartllm.rules.vocabulary import DIALECTS

RULES = load_rules()
SCHEMA = {
    "title": "Count",
    "type": "object",
    "properties": {"number": {"type": "integer"}},
    "required": ["number"],
    "additionalProperties": False,
}
PLAIN, REASONS = "gpt-4.1", "gpt-5.4"
BUDGET, ADAPTIVE = "claude-sonnet-4-6", "claude-opus-4-7"
EXTRA = "additionalModelRequestFields"
# Values that nothing else in a body has, and where they stand in the dialects, in order: None where a wire
# has no such thing, an empty text where the path of the call says it.
ASKED: dict[str, tuple[Any, tuple[str | tuple[str, ...] | None, ...]]] = {
    "temperature": (0.125, ("temperature", "temperature", "temperature", "inferenceConfig.temperature")),
    "top_p": (0.875, ("top_p", "top_p", "top_p", "inferenceConfig.topP")),
    "top_k": (37, (None, None, "top_k", f"{EXTRA}.top_k")),
    "max_tokens": (
        4321,
        ("max_output_tokens", "max_completion_tokens", "max_tokens", "inferenceConfig.maxTokens"),
    ),
    "system_prompt": ("Be brief.", ("instructions", "messages[0].content", "system", "system[0].text")),
    "stream": (True, ("stream", "stream", "", "")),
    "reasoning_effort": (
        "low",
        ("reasoning.effort", "reasoning_effort", "output_config.effort", f"{EXTRA}.output_config.effort"),
    ),
    "budget_tokens": (1500, (None, None, "thinking.budget_tokens", f"{EXTRA}.thinking.budget_tokens")),
    "verbosity": ("low", ("text.verbosity", "verbosity", None, None)),
    "stop_sequences": (
        ["END"],
        (None, "stop[0]", "stop_sequences[0]", "inferenceConfig.stopSequences[0]"),
    ),
    "seed": (77, (None, "seed", None, None)),
    "presence_penalty": (0.375, (None, "presence_penalty", None, None)),
    "frequency_penalty": (-0.375, (None, "frequency_penalty", None, None)),
    "logprobs": (True, ("include[0]", "logprobs", None, None)),
    "top_logprobs": (3, (("include[0]", "top_logprobs"), ("logprobs", "top_logprobs"), None, None)),
    "reasoning_summary": ("auto", ("reasoning.summary", None, None, None)),
    "service_tier": ("default", ("service_tier", "service_tier", "", "serviceTier.type")),
    "metadata": ({"team": "blue"}, ("metadata.team", None, "", "requestMetadata.team")),
    "user": ("u-1", ("user", "user", "metadata.user_id", None)),
    "store": (True, ("store", "store", None, None)),
    "guardrail": (
        Guardrail("gr1", "1"),
        (None, None, "", ("guardrailConfig.guardrailIdentifier", "guardrailConfig.guardrailVersion")),
    ),
}
SPELLED = {"stop_sequences", "logprobs", "top_logprobs", "metadata", "guardrail"}
"""Those whose leaves are not the value itself."""
HEADERS = {
    "service_tier": {"X-Amzn-Bedrock-Service-Tier": "default"},
    "metadata": {"X-Amzn-Bedrock-Request-Metadata": '{"team":"blue"}'},
    "guardrail": {
        "X-Amzn-Bedrock-GuardrailIdentifier": "gr1",
        "X-Amzn-Bedrock-GuardrailVersion": "1",
    },
}
"""What InvokeModel takes in headers."""

NAMED = {"type": "object", "properties": {"zone": {"type": "string"}}}
# What tools say, and below what it stands; what the rules add to it is not the caller's.
OF_TOOLS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "tools": (
        [Tool("clock", "The time.", NAMED)],
        ("tools[0]", "tools[0]", "tools[0]", "toolConfig.tools[0]"),
    ),
    "tool_choice": ("clock", ("tool_choice", "tool_choice", "tool_choice", "toolConfig.toolChoice")),
    "parallel_tool_calls": (
        False,
        (
            "parallel_tool_calls",
            "parallel_tool_calls",
            "tool_choice.disable_parallel_tool_use",
            f"{EXTRA}.tool_choice.disable_parallel_tool_use",
        ),
    ),
}

# Marks that the compiler places, and what OpenAI takes for the whole request.
OF_CACHING: dict[str, tuple[Any, tuple[str, ...]]] = {
    "prompt_cache": (
        "24h",
        (
            "prompt_cache_retention",
            "prompt_cache_retention",
            "messages[0].content[0].cache_control",
            "messages[0].content[1].cachePoint",
        ),
    ),
    "prompt_cache_key": ("k", ("prompt_cache_key", "prompt_cache_key")),
}


def place_of(name: str, dialect: Dialect) -> set[str]:
    place = ASKED[name][1][DIALECTS.index(dialect)] or ""
    return set(place if isinstance(place, tuple) else (place,)) - {""}


def model_for(name: str, dialect: Dialect) -> str:
    """One that takes the value as it is."""
    if dialect.startswith("openai"):
        return REASONS if name in {"reasoning_effort", "verbosity", "reasoning_summary"} else PLAIN
    return ADAPTIVE if name == "reasoning_effort" else BUDGET


def compiled(model: str, dialect: Dialect, **fields: Any) -> Plan:
    request = TextRequest(**({"prompt": "hi", "api_type": api_on(dialect)} | fields))
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def because_of(plan: Plan, kind: str, name: str) -> set[str]:
    """The leaves that are there for a reason."""
    return {
        path for path, origin in plan.steps[0].origins.items() if (origin.kind, origin.name) == (kind, name)
    }


def values_of(plan: Plan) -> dict[str, Any]:
    return {path_text(path): value for path, value, _ in plan.steps[0].leaves()}


CASES = [
    (name, dialect)
    for name, (_, places) in ASKED.items()
    for dialect, place in zip(DIALECTS, places, strict=True)
    if place is not None
]


def test_every_field_that_may_stand_in_a_body_is_tried() -> None:
    assert set(ASKED) | set(OF_TOOLS) | set(OF_CACHING) == set(WIRE)


@pytest.mark.parametrize(("name", "dialect"), CASES)
class TestALeafThatARequestAskedFor:
    def test_says_so_and_no_other_does(self, name: str, dialect: Dialect) -> None:
        value, model, where = ASKED[name][0], model_for(name, dialect), place_of(name, dialect)
        plan = compiled(model, dialect, **{name: value})
        values = values_of(plan)
        assert because_of(plan, "request", name) == where
        assert name in SPELLED or all(values[path] == value for path in where)
        headers = HEADERS.get(name, {}) if dialect == "anthropic_messages" else {}
        told = {
            header: value for header, value, origin in plan.steps[0].header_leaves() if origin.name == name
        }
        assert told == plan.steps[0].shown_headers == headers
        others = {found.name for found in plan.steps[0].origins.values() if found.kind == "request"} - {name}
        assert others <= {"prompt", "model"}

    def test_is_the_defaults_where_it_did_not_ask(self, name: str, dialect: Dialect) -> None:
        model, where = model_for(name, dialect), place_of(name, dialect)
        plan = compiled(model, dialect)
        assert because_of(plan, "request", name) == set()
        assert because_of(plan, "default", name) == (
            where if name in {"temperature", "max_tokens"} else set()
        )

    def test_is_the_settings_where_a_client_gives_it(self, name: str, dialect: Dialect) -> None:
        value, model, where = ASKED[name][0], model_for(name, dialect), place_of(name, dialect)
        request = TextRequest(prompt="hi", api_type=api_on(dialect))
        plan = smartllm.compile(request, model=model, rules=RULES, level="ignore", defaults={name: value})
        assert because_of(plan, "setting", name) == where
        assert because_of(plan, "request", name) == set()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_fields_at_once_keep_their_own_origins(dialect: Dialect) -> None:
    names = {"max_tokens", "system_prompt", "stream", "reasoning_effort"}
    model = REASONS if dialect.startswith("openai") else ADAPTIVE
    plan = compiled(model, dialect, **{name: ASKED[name][0] for name in names})
    for name in names:
        assert because_of(plan, "request", name) == place_of(name, dialect), name


class TestTools:
    @pytest.mark.parametrize("dialect", DIALECTS)
    @pytest.mark.parametrize("name", OF_TOOLS)
    def test_say_so_and_no_other_does(self, name: str, dialect: Dialect) -> None:
        plan = self.plan(dialect, {"tools", name})
        below = OF_TOOLS[name][1][DIALECTS.index(dialect)]
        there = {path for path in values_of(plan) if path.startswith(below)}
        ours = because_of(plan, "default", "tools.parallel") | because_of(plan, "fact", "tools.strict")
        others = set().union(*(because_of(plan, "request", other) for other in OF_TOOLS if other != name))
        assert because_of(plan, "request", name) == there - ours - others
        assert there - ours - others

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_all_at_once_keep_their_own_origins(self, dialect: Dialect) -> None:
        plan = self.plan(dialect, set(OF_TOOLS))
        apart = [because_of(plan, "request", name) for name in OF_TOOLS]
        assert all(apart)
        assert sum(map(len, apart)) == len(set().union(*apart))

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_none_stands_there_where_nobody_asked(self, dialect: Dialect) -> None:
        model = PLAIN if dialect.startswith("openai") else BUDGET
        origins = compiled(model, dialect).steps[0].origins.values()
        assert {origin.name for origin in origins}.isdisjoint(OF_TOOLS)

    @staticmethod
    def plan(dialect: Dialect, names: set[str]) -> Plan:
        model = PLAIN if dialect.startswith("openai") else BUDGET
        return compiled(model, dialect, **{name: OF_TOOLS[name][0] for name in names})

    @pytest.mark.parametrize(
        ("dialect", "path", "fact"),
        [
            ("openai_responses", "tools[0].strict", "tools.strict"),
            ("openai_chat", "tools[0].function.strict", "tools.strict"),
        ],
    )
    def test_what_the_rules_add_is_theirs(self, dialect: Dialect, path: str, fact: str) -> None:
        origin = self.plan(dialect, {"tools"}).steps[0].origins[path]
        assert (origin.kind, origin.name) == ("fact", fact)

    def test_a_name_that_was_changed_is_the_rules(self) -> None:
        request = TextRequest(prompt="hi", tools=[Tool("time-of-day")])
        step = smartllm.compile(request, model="qwen3-32b", rules=RULES, level="ignore").steps[0]
        origin = step.origins["toolConfig.tools[0].toolSpec.name"]
        assert (origin.kind, origin.name) == ("default", "tools.name")


class TestPromptCaching:
    @pytest.mark.parametrize("dialect", DIALECTS)
    @pytest.mark.parametrize("name", OF_CACHING)
    def test_says_so_and_no_other_does(self, name: str, dialect: Dialect) -> None:
        value, places = OF_CACHING[name]
        openai = dialect.startswith("openai")
        # Claude keeps for an hour at most: the fact is then why a mark says so.
        given = value if openai or name != "prompt_cache" else "1h"
        plan = compiled(REASONS if openai else BUDGET, dialect, **{name: given})
        below = dict(zip(DIALECTS, places, strict=False)).get(dialect, "nowhere")
        there = {path for path in values_of(plan) if path.startswith(below)}
        assert because_of(plan, "request", name) == there
        assert bool(there) == (below != "nowhere")


class TestTurns:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_the_prompt_and_the_messages(self, dialect: Dialect) -> None:
        model = PLAIN if dialect.startswith("openai") else BUDGET
        said = values_of(compiled(model, dialect, prompt="Why?"))
        turns = {path for path in said if path.startswith(("input", "messages"))}
        assert because_of(compiled(model, dialect, prompt="Why?"), "request", "prompt") == turns
        request = MessageRequest(messages=[Message("user", "Why?")], api_type=api_on(dialect))
        plan = smartllm.compile(request, model=model, rules=RULES, level="ignore")
        assert because_of(plan, "request", "messages") == turns

    @pytest.mark.parametrize("dialect", ["openai_responses", "openai_chat"])
    def test_the_role_of_system_text_is_the_rules(self, dialect: Dialect) -> None:
        plan = compiled("gpt-6.2-sol", dialect, system_prompt="Be brief.")
        turns = "input" if dialect == "openai_responses" else "messages"
        assert because_of(plan, "request", "system_prompt") == {f"{turns}[0].content"}
        assert because_of(plan, "fact", "system") == {f"{turns}[0].role"}

    def test_system_text_inside_the_users_turn_is_still_the_callers(self) -> None:
        model = next(name for name in RULES.table("model") if "mistral" in name and "7b" in name)
        plan = compiled(model, "bedrock_converse", system_prompt="Be brief.")
        assert because_of(plan, "request", "system_prompt") == {"messages[0].content[0].text"}
        assert values_of(plan)["messages[0].content[0].text"] == "Be brief."


class TestSchemas:
    @pytest.mark.parametrize(
        ("model", "dialect", "kind", "fact"),
        [
            (PLAIN, "openai_responses", "default", "tools.forced"),
            (PLAIN, "openai_chat", "default", "tools.forced"),
            (BUDGET, "anthropic_messages", "fact", "tools.forced"),
            (BUDGET, "bedrock_converse", "fact", "tools.forced"),
            ("mistral-large-2407", "bedrock_converse", "fact", "tools.choice"),
        ],
    )
    def test_the_tool_choice_is_the_rules_and_the_tool_is_the_callers(
        self, model: str, dialect: Dialect, kind: str, fact: str
    ) -> None:
        plan = compiled(model, dialect, response_format=SCHEMA, structured_output="tool")
        values = values_of(plan)
        choice = {path for path in values if path.startswith(("tool_choice", "toolConfig.toolChoice"))}
        tool = {path for path in values if path.startswith(("tools", "toolConfig.tools"))}
        assert choice
        once = {path for path in choice if path.endswith("disable_parallel_tool_use")}
        assert because_of(plan, kind, fact) == choice - once
        assert because_of(plan, "derived", "response_format") >= once
        assert because_of(plan, "request", "response_format") == tool

    @pytest.mark.parametrize(
        ("dialect", "place"),
        [
            ("openai_responses", "text.format"),
            ("openai_chat", "response_format"),
            ("anthropic_messages", "output_config.format"),
            ("bedrock_converse", "outputConfig.textFormat"),
        ],
    )
    def test_a_native_schema_is_the_callers(self, dialect: Dialect, place: str) -> None:
        model = PLAIN if dialect.startswith("openai") else "claude-opus-4-5"
        plan = compiled(model, dialect, response_format=SCHEMA, structured_output="native")
        there = {path for path in values_of(plan) if path.startswith(place)}
        assert there
        assert because_of(plan, "request", "response_format") == there


class TestTheSecondStep:
    def test_asks_for_nothing_that_the_caller_asked_for(self) -> None:
        asked: dict[str, Any] = {
            "temperature": 0.5,
            "top_p": 0.5,
            "system_prompt": "Be brief.",
            "verbosity": "low",
        }
        plan = smartllm.compile(
            TextRequest(prompt="hi", response_format=SCHEMA, structured_output="two_pass", **asked),
            model=REASONS,
            rules=RULES,
            level="ignore",
        )
        first, second = plan.steps
        assert {"temperature", "top_p", "instructions"} <= set(first.body)
        assert second.body.keys() & {"temperature", "top_p", "instructions"} == {"temperature"}
        assert second.body["temperature"] == 0
        assert {second.origins[path].name for path in ("temperature", "reasoning.effort")} == {"second step"}
        callers = {origin.name for origin in second.origins.values() if origin.kind == "request"}
        assert callers == {"response_format", "model"}


class TestAChangedValueNamesItsFact:
    @pytest.mark.parametrize(
        ("model", "fields", "path", "fact"),
        [
            (BUDGET, {"temperature": 1.5}, "temperature", "temperature.max"),
            (ADAPTIVE, {"max_tokens": 10**6}, "max_tokens", "limits.max_output"),
            (PLAIN, {"max_tokens": 1}, "max_output_tokens", "limits.min_output"),
            ("gpt-5.1", {"reasoning_effort": "minimal"}, "reasoning.effort", "effort.levels"),
            ("gpt-4o", {"verbosity": "low"}, "text.verbosity", "verbosity.levels"),
            (ADAPTIVE, {"budget_tokens": 4096}, "output_config.effort", "effort.budgets"),
            (BUDGET, {"reasoning_effort": "low"}, "thinking.budget_tokens", "effort.budgets.low"),
            (BUDGET, {"budget_tokens": 10}, "thinking.budget_tokens", "thinking.min_budget"),
            (BUDGET, {"budget_tokens": 4096}, "max_tokens", "thinking.modes"),
            ("claude-sonnet-5", {"reasoning_effort": "none"}, "thinking.type", "thinking.off"),
        ],
    )
    def test_each(self, model: str, fields: dict[str, Any], path: str, fact: str) -> None:
        plan = smartllm.compile(TextRequest(prompt="hi", **fields), model=model, rules=RULES, level="ignore")
        origin = plan.steps[0].origins[path]
        assert (origin.kind, origin.name) == ("fact", fact)
        assert origin.file, "and where it is stated"
