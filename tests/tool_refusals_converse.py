"""As ``tool_refusals``, for Bedrock's Converse."""

from __future__ import annotations

from typing import Any, Final

from tool_refusals import BOUND, CLOSED, LONG, OPTIONAL, SCHEMA, UNIONS, Body, Wrong, wide

from smartllm.testing.signature import signature

SONNET, NOVA, LLAMA = "claude-sonnet-4-5", "nova-pro", "llama4-maverick-17b-instruct"


def converse(*turns: Any, tools: Any = (), **config: Any) -> Body:
    declared = {"toolConfig": {"tools": list(tools), **config}} if tools or config else {}
    return {"messages": [{"role": "user", "content": [{"text": "hi"}]}, *turns], **declared}


def spec(schema: Body = SCHEMA, **own: Any) -> Body:
    return {"toolSpec": {"name": "weather", "inputSchema": {"json": schema}, **own}}


def use(call_id: str = "tooluse_1", **own: Any) -> Body:
    return {"toolUse": {"toolUseId": call_id, "name": "weather", "input": {}, **own}}


def result(call_id: str = "tooluse_1", **own: Any) -> Body:
    return {"toolResult": {"toolUseId": call_id, "content": [{"text": "4 degrees"}], **own}}


def text(said: str = "well") -> Body:
    return {"text": said}


def assistant(*blocks: Body) -> Body:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: Body) -> Body:
    return {"role": "user", "content": list(blocks)}


def thought(**own: Any) -> Body:
    return {"reasoningContent": {"reasoningText": {"text": "hm", **own}}}


def talk(*turns: Any, model: str = SONNET, extra: Any = None) -> Wrong:
    """A conversation with a tool."""
    body = converse(*turns, tools=[spec()])
    return Wrong(model, body | {"additionalModelRequestFields": extra} if extra else body)


BUDGET: Final = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
NONE: Final = {"tool_choice": {"type": "none"}}
FORM: Final = {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}", "name": "place"}}}
CONVERSE: Final[dict[str, Wrong]] = {
    "schema": Wrong(NOVA, converse() | {"outputConfig": {"textFormat": FORM}}),
    "functions": Wrong("mixtral-8x7b-instruct", converse(tools=[spec()])),
    "streaming": Wrong(LLAMA, converse(tools=[spec()]), streamed=True),
    "empty": Wrong(SONNET, converse(toolChoice={"auto": {}})),
    "kind": Wrong(SONNET, converse(tools=[{"systemTool": {"name": "nova_grounding"}}])),
    "twice": Wrong(SONNET, converse(tools=[spec(), spec()])),
    "name": Wrong(NOVA, converse(tools=[spec(name="the-weather")])),
    "name-long": Wrong(SONNET, converse(tools=[spec(name=LONG)])),
    "description-empty": Wrong(SONNET, converse(tools=[spec(description="")])),
    "strict": Wrong(NOVA, converse(tools=[spec(strict=False)])),
    "schema-type": Wrong(SONNET, converse(tools=[spec({"properties": {}})])),
    "schema-top": Wrong(SONNET, converse(tools=[spec({**SCHEMA, "anyOf": []})])),
    "schema-bare": Wrong(NOVA, converse(tools=[spec({**SCHEMA, "$defs": {}})])),
    "schema-names": Wrong(SONNET, converse(tools=[spec(wide(**{"a b": {}}))])),
    "strict-open": Wrong(SONNET, converse(tools=[spec(strict=True)])),
    "strict-keyword": Wrong(
        SONNET, converse(tools=[spec(wide(n={"type": "number", "multipleOf": 2}), strict=True)])
    ),
    "strict-tools": Wrong(
        SONNET, converse(tools=[spec(CLOSED, name=f"t{number}", strict=True) for number in range(21)])
    ),
    "strict-optional": Wrong(SONNET, converse(tools=[spec(wide(**OPTIONAL), strict=True)])),
    "strict-unions": Wrong(
        SONNET, converse(tools=[spec({**wide(**UNIONS), "required": list(UNIONS)}, strict=True)])
    ),
    "forced": Wrong(LLAMA, converse(tools=[spec()], toolChoice={"any": {}})),
    "choice-form": Wrong(
        "mistral-large-2407", converse(tools=[spec()], toolChoice={"tool": {"name": "weather"}})
    ),
    "choice-unknown": Wrong(SONNET, converse(tools=[spec()], toolChoice={"tool": {"name": "clock"}})),
    "choice": Wrong(SONNET, converse(tools=[spec()], toolChoice={"none": {}})),
    "parallel": talk(model=NOVA, extra={"tool_choice": {"disable_parallel_tool_use": True}}),
    "undeclared": Wrong(SONNET, converse(assistant(use()), user(result()))),
    "unanswered": talk(assistant(use(), use("tooluse_2")), user(result())),
    "results-late": talk(assistant(use()), user(text(), result())),
    "surplus": talk(assistant(use()), user(result(), result("tooluse_2"))),
    "answered-twice": talk(assistant(use()), user(result(), result())),
    "same-id": talk(assistant(use()), user(result()), assistant(use()), user(result())),
    "id": talk(assistant(use("a b")), user(result("a b"))),
    "id-long": talk(assistant(use(LONG)), user(result(LONG))),
    "id-nine": talk(assistant(use()), user(result()), model="mistral-large-2407"),
    "call-name": talk(assistant(use(name="the weather")), user(result())),
    "arguments": talk(assistant(use(input="{}")), user(result())),
    "text-beside": talk(assistant(text(), use()), user(result()), model=LLAMA),
    "beside-results": talk(assistant(use()), user(result(), text()), model=LLAMA),
    "flag": talk(assistant(use()), user(result(status="error")), model=LLAMA),
    "empty-result": talk(assistant(use()), user(result(content=[])), model=NOVA),
    "result-kind": talk(assistant(use()), user(result(content=[{"image": {}}])), model="gpt-6-sol"),
    "result-time": talk(assistant(use()), user(result(content=[{"video": {}}]))),
    "blank": talk(assistant(text(""), use()), user(result())),
    "reasoning": talk(assistant(thought(), use()), user(result()), model=NOVA),
    "unsigned": talk(assistant(thought(), use()), user(result())),
    "signature": talk(assistant(thought(signature=""), use()), user(result())),
    "changed": talk(assistant(thought(signature=signature(converse(), "other")), use()), user(result())),
    "prefix": talk(
        assistant(thought(signature=signature(converse(), "hm")), use()), user(result()), model=BOUND
    ),
    "leads": talk(assistant(use()), user(result()), extra=BUDGET),
}
