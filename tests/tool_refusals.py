"""Bodies that the sandbox refuses: one for each problem with tools that a wire has words for."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from smartllm.testing.signature import signature

Body = dict[str, Any]

SCHEMA: Final[Body] = {"type": "object", "properties": {"city": {"type": "string"}}}
CLOSED: Final[Body] = {**SCHEMA, "required": ["city"], "additionalProperties": False}
LONG: Final = "x" * 65
PAIR: Final = [{"type": "string"}, {"type": "null"}]


class Wrong(NamedTuple):
    """A body, and the model that refuses it."""

    model: str
    body: Body
    streamed: bool = False


# OpenAI's Responses


def function(**own: Any) -> Body:
    return {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False, **own}


def responses(*items: Any, tools: Any = (), **fields: Any) -> Body:
    declared = {"tools": list(tools)} if tools else {}
    return {"input": [{"role": "user", "content": "hi"}, *items], **declared, **fields}


def item(call_id: str = "call_1", arguments: Any = "{}", **own: Any) -> Body:
    return {"type": "function_call", "call_id": call_id, "name": "weather", "arguments": arguments, **own}


def output(call_id: str = "call_1", said: Any = "4 degrees") -> Body:
    return {"type": "function_call_output", "call_id": call_id, "output": said}


def thought(**own: Any) -> Body:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e", **own}


ONE: Final = [function()]
PICTURE: Final = [{"type": "input_image", "image_url": "data:,"}]
FORM: Final = {"type": "json_schema", "name": "place", "schema": CLOSED}
RESPONSES: Final[dict[str, Wrong]] = {
    "schema": Wrong("gpt-4", responses(text={"format": FORM})),
    "functions": Wrong("chatgpt-4o-latest", responses(tools=ONE)),
    "twice": Wrong("gpt-5.4", responses(tools=ONE * 2)),
    "name": Wrong("gpt-5.4", responses(tools=[function(name="the weather")])),
    "name-long": Wrong("gpt-5.4", responses(tools=[function(name=LONG)])),
    "strict-true": Wrong("gpt-4", responses(tools=[function(strict=True, parameters=CLOSED)])),
    "schema-type": Wrong("gpt-5.4", responses(tools=[function(parameters={"type": "array"})])),
    "schema-top": Wrong("gpt-5.4", responses(tools=[function(parameters={**SCHEMA, "anyOf": []})])),
    "strict-open": Wrong("gpt-5.4", responses(tools=[function(strict=True)])),
    "strict-required": Wrong(
        "gpt-5.4", responses(tools=[function(strict=True, parameters={**CLOSED, "required": []})])
    ),
    "strict-keyword": Wrong(
        "gpt-5.4",
        responses(
            tools=[function(strict=True, parameters={**CLOSED, "properties": {"city": {"oneOf": []}}})]
        ),
    ),
    "kind": Wrong("gpt-4", responses(tools=[{"type": "teleport"}])),
    "hosted-choice": Wrong("gpt-5.4", responses(tools=[{"type": "web_search"}], tool_choice="required")),
    "choice-alone": Wrong("gpt-5.4", responses(tool_choice="auto")),
    "parallel-alone": Wrong("gpt-5.4", responses(parallel_tool_calls=True)),
    "forced": Wrong("gpt-oss-20b", responses(tools=ONE, tool_choice="required")),
    "choice-unknown": Wrong(
        "gpt-5.4", responses(tools=ONE, tool_choice={"type": "function", "name": "clock"})
    ),
    "some": Wrong(
        "gpt-oss-20b",
        responses(
            tools=ONE,
            tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"name": "weather"}]},
        ),
    ),
    "parallel": Wrong("o3", responses(tools=ONE, parallel_tool_calls=True)),
    "unanswered": Wrong("gpt-5.4", responses(item())),
    "surplus": Wrong("gpt-5.4", responses(output())),
    "answered-twice": Wrong("gpt-5.4", responses(item(), output(), output())),
    "id-long": Wrong("gpt-5.4", responses(item(LONG), output(LONG))),
    "arguments": Wrong("gpt-5.4", responses(item(arguments=""), output())),
    "result-kind": Wrong("gpt-oss-20b", responses(item(), output(said=PICTURE))),
    "reasoning": Wrong("gpt-4.1", responses(thought(), item(id="fc_1"), output())),
    "summary": Wrong("gpt-5.4", responses({"type": "reasoning", "id": "rs_1"}, item(id="fc_1"), output())),
    "not-followed": Wrong("gpt-5.4", responses(thought(), item(), output())),
    "not-stored": Wrong(
        "gpt-5.4", responses(thought(encrypted_content=None), item(id="fc_1"), output(), store=False)
    ),
}

# OpenAI's Chat Completions


def nested(**own: Any) -> Body:
    return {"type": "function", "function": {"name": "weather", "parameters": SCHEMA, **own}}


def chat(*turns: Any, tools: Any = (), **fields: Any) -> Body:
    declared = {"tools": list(tools)} if tools else {}
    return {"messages": [{"role": "user", "content": "hi"}, *turns], **declared, **fields}


def calling(*ids: str, arguments: Any = "{}") -> Body:
    own = {"name": "weather", "arguments": arguments}
    calls = [{"id": one, "type": "function", "function": own} for one in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def told(call_id: str = "call_1", content: Any = "4 degrees") -> Body:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


SAME: Final = [nested()]
ALLOWED: Final = {"mode": "auto", "tools": [nested()]}
CHAT: Final[dict[str, Wrong]] = {
    "schema": Wrong("gpt-4", chat(response_format={"type": "json_schema", "json_schema": FORM})),
    "functions": Wrong("gpt-4o-search-preview", chat(tools=SAME)),
    "thinks": Wrong("gpt-5.4", chat(tools=SAME, reasoning_effort="low")),
    "too-many": Wrong("gpt-4.1", chat(tools=[nested(name=f"t{number}") for number in range(129)])),
    "twice": Wrong("gpt-4.1", chat(tools=SAME * 2)),
    "name": Wrong("gpt-4.1", chat(tools=[nested(name="the weather")])),
    "name-long": Wrong("gpt-4.1", chat(tools=[nested(name=LONG)])),
    "description-long": Wrong("gpt-4.1", chat(tools=[nested(description="x" * 1025)])),
    "strict-true": Wrong("gpt-4", chat(tools=[nested(strict=True, parameters=CLOSED)])),
    "schema-type": Wrong("gpt-4.1", chat(tools=[nested(parameters={})])),
    "schema-top": Wrong("gpt-4.1", chat(tools=[nested(parameters={**SCHEMA, "oneOf": []})])),
    "strict-open": Wrong("gpt-4.1", chat(tools=[nested(strict=True)])),
    "strict-required": Wrong(
        "gpt-4.1", chat(tools=[nested(strict=True, parameters={**CLOSED, "required": []})])
    ),
    "strict-keyword": Wrong(
        "gpt-4.1", chat(tools=[nested(strict=True, parameters={**CLOSED, "minProperties": 1})])
    ),
    "kind": Wrong("gpt-4.1", chat(tools=[{"type": "web_search"}])),
    "choice-alone": Wrong("gpt-4.1", chat(tool_choice="none")),
    "parallel-alone": Wrong("gpt-4.1", chat(parallel_tool_calls=False)),
    "forced": Wrong("gpt-oss-20b", chat(tools=SAME, tool_choice="required")),
    "choice-unknown": Wrong(
        "gpt-4.1", chat(tools=SAME, tool_choice={"type": "function", "function": {"name": "clock"}})
    ),
    "some": Wrong(
        "gpt-oss-20b", chat(tools=SAME, tool_choice={"type": "allowed_tools", "allowed_tools": ALLOWED})
    ),
    "parallel": Wrong("o3", chat(tools=SAME, parallel_tool_calls=False)),
    "empty": Wrong("gpt-4.1", chat() | {"tools": []}),
    "unanswered": Wrong("gpt-4.1", chat(calling("call_1", "call_2"), told())),
    "results-late": Wrong("gpt-4.1", chat(calling("call_1"), {"role": "user", "content": "x"}, told())),
    "surplus": Wrong("gpt-4.1", chat(told())),
    "answered-twice": Wrong("gpt-4.1", chat(calling("call_1"), told(), told())),
    "id-long": Wrong("gpt-4.1", chat(calling(LONG), told(LONG))),
    "arguments": Wrong("gpt-4.1", chat(calling("call_1", arguments="[]"), told())),
    "result-kind": Wrong("gpt-4.1", chat(calling("call_1"), told(content=[{"type": "image_url"}]))),
}

# Claude's Messages

SONNET: Final = "claude-sonnet-4-5"


def claude(*turns: Any, tools: Any = (), **fields: Any) -> Body:
    declared = {"tools": list(tools)} if tools else {}
    messages = [{"role": "user", "content": "hi"}, *turns]
    return {"max_tokens": 9000, "messages": messages, **declared, **fields}


def spec(**own: Any) -> Body:
    return {"name": "weather", "input_schema": SCHEMA, **own}


def use(call_id: str = "toolu_1", **own: Any) -> Body:
    return {"type": "tool_use", "id": call_id, "name": "weather", "input": {}, **own}


def result(call_id: str = "toolu_1", **own: Any) -> Body:
    return {"type": "tool_result", "tool_use_id": call_id, "content": "4 degrees", **own}


def text(said: str = "well") -> Body:
    return {"type": "text", "text": said}


def assistant(*blocks: Body) -> Body:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: Body) -> Body:
    return {"role": "user", "content": list(blocks)}


def wide(**properties: Any) -> Body:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def messages(*turns: Any, **fields: Any) -> Wrong:
    """A conversation with a tool."""
    return Wrong(SONNET, claude(*turns, tools=[spec()], **fields))


BOUND: Final = "claude-opus-5-5"
UNSIGNED: Final = {"type": "thinking", "thinking": "hm"}
THINKS: Final = {"type": "enabled", "budget_tokens": 2000}
OPTIONAL: Final = {f"p{number}": {"type": "string"} for number in range(25)}
UNIONS: Final = {f"p{number}": {"anyOf": PAIR} for number in range(17)}
STRICT_SPECS: Final = [spec(name=f"t{number}", input_schema=CLOSED, strict=True) for number in range(21)]
CLAUDE: Final[dict[str, Wrong]] = {
    "schema": Wrong("claude-opus-4-7", claude(output_config={"format": FORM})),
    "kind": Wrong(SONNET, claude(tools=[{"type": "web_search_20250305", "name": "web_search"}])),
    "twice": Wrong(SONNET, claude(tools=[spec(), spec()])),
    "name": Wrong(SONNET, claude(tools=[spec(name="the weather")])),
    "name-long": Wrong(SONNET, claude(tools=[spec(name=LONG)])),
    "description-null": Wrong(SONNET, claude(tools=[spec(description=None)])),
    "key": Wrong(SONNET, claude(tools=[spec(eager_input_streaming=True)])),
    "strict": Wrong("claude-opus-4-7", claude(tools=[spec(strict=False)])),
    "schema-type": Wrong(SONNET, claude(tools=[spec(input_schema={})])),
    "schema-top": Wrong(SONNET, claude(tools=[spec(input_schema={**SCHEMA, "allOf": []})])),
    "schema-names": Wrong(SONNET, claude(tools=[spec(input_schema=wide(größe={}))])),
    "strict-open": Wrong(SONNET, claude(tools=[spec(strict=True)])),
    "strict-keyword": Wrong(
        SONNET, claude(tools=[spec(strict=True, input_schema=wide(n={"type": "integer", "minimum": 0}))])
    ),
    "strict-tools": Wrong(SONNET, claude(tools=STRICT_SPECS)),
    "strict-optional": Wrong(SONNET, claude(tools=[spec(strict=True, input_schema=wide(**OPTIONAL))])),
    "strict-unions": Wrong(
        SONNET, claude(tools=[spec(strict=True, input_schema={**wide(**UNIONS), "required": list(UNIONS)})])
    ),
    "choice-alone": Wrong(SONNET, claude(tool_choice={"type": "auto"})),
    "forced": Wrong("claude-opus-5-5", claude(tools=[spec()], tool_choice={"type": "any"})),
    "choice-unknown": messages(tool_choice={"type": "tool", "name": "clock"}),
    "choice": messages(tool_choice={"type": "none", "disable_parallel_tool_use": True}),
    "undeclared": Wrong(SONNET, claude(assistant(use()), user(result()))),
    "unanswered": messages(assistant(use(), use("toolu_2")), user(result())),
    "results-late": messages(assistant(use()), user(text(), result())),
    "surplus": messages(assistant(use()), user(result(), result("toolu_2"))),
    "answered-twice": messages(assistant(use()), user(result(), result())),
    "same-id": messages(assistant(use()), user(result()), assistant(use()), user(result())),
    "id": messages(assistant(use("toolu:1")), user(result("toolu:1"))),
    "call-name": messages(assistant(use(name="the weather")), user(result())),
    "arguments": messages(assistant(use(input="{}")), user(result())),
    "blank": messages(assistant(text(" "), use()), user(result())),
    "reasoning": Wrong(
        "claude-3-haiku",
        claude(assistant(UNSIGNED, use()), user(result()), tools=[spec()]) | {"max_tokens": 9},
    ),
    "unsigned": messages(assistant(UNSIGNED, use()), user(result())),
    "signature": messages(assistant({**UNSIGNED, "signature": ""}, use()), user(result())),
    "changed": messages(
        assistant({**UNSIGNED, "signature": signature(claude(), "other")}, use()), user(result())
    ),
    "prefix": Wrong(
        BOUND,
        claude(
            assistant({**UNSIGNED, "signature": signature(claude(), "hm")}, use()),
            user(result()),
            tools=[spec()],
        ),
    ),
    "leads": messages(assistant(text(), use()), user(result()), thinking=THINKS),
}
