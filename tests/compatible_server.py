"""Servers that speak OpenAI's Chat Completions, and refuse what each is documented or reported to refuse.

Requests come over real sockets on 127.0.0.1. What is refused, and how answers look, is from the pages that
``smartllm/rules/profiles/servers.toml`` names.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from aiohttp import web

THOUGHT: Final = "Let me see."
TEXT: Final = "Fine."
DATA: Final = {"city": "Oslo", "age": 3}
_MISTRAL: Final = (
    "model temperature top_p max_tokens stream stop random_seed metadata messages response_format tools "
    "tool_choice presence_penalty frequency_penalty n prediction parallel_tool_calls reasoning_effort "
    "prompt_mode guardrails prompt_cache_key safe_prompt"
)
MISTRAL_KEYS: Final = frozenset(_MISTRAL.split())
OLLAMA_EFFORTS: Final = {"none", "minimal", "low", "medium", "high", "xhigh", "ultra", "max"}


@dataclass
class Heard:
    """What a server was sent, and what it refused.

    Attributes:
        url: Its address, as ``base_url`` takes it.
        bodies: The bodies in order.
        refused: Its own words, of those that it refused.
    """

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving(kind: str) -> AsyncIterator[Heard]:
    """A server until the end of the block.

    Args:
        kind: Whose habits it has: the name of a row of ``[server.*]``.
    """
    heard = Heard()

    async def answer(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        heard.bodies.append(body)
        wrong = next(_REFUSALS[kind](body), None)
        if wrong is not None:
            heard.refused.append(wrong)
            status = 422 if kind == "mistral" and "Extra inputs" in wrong else 400
            return web.json_response(_error(kind, wrong), status=status)
        message = _message(kind, body)
        if body.get("stream"):
            return await _streamed(request, kind, body, message)
        return web.json_response(_whole(body, message))

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # aiohttp tells it nowhere
    heard.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield heard
    finally:
        await runner.cleanup()


def _error(kind: str, message: str) -> dict[str, Any]:
    if kind == "lm-studio":
        return {"error": message}
    if kind == "mistral":
        return {"object": "error", "message": message, "type": "invalid_request_error", "code": None}
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _ollama(body: Mapping[str, Any]) -> Iterator[str]:
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in OLLAMA_EFFORTS:
        yield f"invalid reasoning value: {effort!r}"
    if effort not in {None, "none"} and not str(body["model"]).startswith("thinks"):
        yield f'"{body["model"]}" does not support thinking'
    for part in _content(body):
        url = str(part.get("image_url", {}).get("url", ""))
        if url.startswith("http"):
            yield "image URLs are not currently supported, please use base64 encoded data instead"
        if part["type"] not in {"text", "image_url", "input_audio"}:
            yield "invalid message format"
        if url and not url.startswith(tuple(f"data:image/{one};base64," for one in _OLLAMA_IMAGES)):
            yield "invalid image input"


_OLLAMA_IMAGES: Final = ("jpeg", "jpg", "png", "webp")


def _deepseek(body: Mapping[str, Any]) -> Iterator[str]:
    thinks = body.get("thinking", {}).get("type", "enabled") == "enabled"
    thinks = thinks and body["model"] != "deepseek-chat"
    if body.get("response_format", {}).get("type") == "json_schema":
        yield "This response_format type is unavailable now"
    if thinks and body.get("tool_choice", "auto") not in ("auto", "none"):
        yield "Thinking mode does not support this tool_choice"
    for message in body["messages"]:
        if thinks and message.get("tool_calls") and "reasoning_content" not in message:
            yield "The reasoning_content in the thinking mode must be passed back to the API."
    if len(body.get("stop", ())) > 16 or len(body.get("tools", ())) > 128:
        yield "too many"


def _mistral(body: Mapping[str, Any]) -> Iterator[str]:
    for key in body.keys() - MISTRAL_KEYS:
        yield f"extra_forbidden: body.{key}: Extra inputs are not permitted"
    if body.get("temperature") == 0 and body.get("top_p", 1) != 1:
        yield "top_p must be 1 when using greedy sampling."
    if not 0 <= body.get("temperature", 0) <= 1:
        yield "Input should be less than or equal to 1"
    if body.get("reasoning_effort", "none") not in {"none", "high"}:
        yield "reasoning_effort: one of none, high"
    yield from _mistral_turns(body["messages"])


def _mistral_turns(messages: list[dict[str, Any]]) -> Iterator[str]:
    roles = [message["role"] for message in messages]
    if ("tool", "user") in pairwise(roles):
        yield "Unexpected role 'user' after role 'tool'"
    if "system" in roles[1:]:
        yield "Unexpected role 'system' after role 'user'"
    if roles[-1] == "assistant":
        yield "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant"
    for message in messages:
        for name in message.keys() & {"reasoning", "reasoning_content"}:
            yield f"extra_forbidden: body.messages.assistant.{name}: Extra inputs are not permitted"
        for call in message.get("tool_calls", ()):
            if len(call["id"]) != 9 or not call["id"].isalnum():
                yield f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9."


def _lm_studio(body: Mapping[str, Any]) -> Iterator[str]:
    if body.get("response_format", {}).get("type", "text") not in {"text", "json_schema"}:
        yield "'response_format.type' must be 'json_schema' or 'text'"
    if isinstance(body.get("tool_choice"), dict):
        yield "Invalid tool_choice type: 'object'. Supported string values: none, auto, required"


def _groq(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"):
        if name in body:
            yield f"{name} is not yet supported"
    efforts = _GROQ_EFFORTS.get(str(body["model"]).rpartition("-")[0], set())
    if "reasoning_effort" in body and body["reasoning_effort"] not in efforts:
        yield "`reasoning_effort` is not supported with this model"
    strict = body.get("response_format", {}).get("json_schema", {}).get("strict")
    if body.get("response_format", {}).get("type") == "json_schema" and not (
        strict and "gpt-oss" in body["model"]
    ):
        yield "This model does not support response format `json_schema`"
    if "response_format" in body and "tools" in body:
        yield "json mode cannot be combined with tool/function calling"
    if body.get("service_tier", "auto") not in {"auto", "on_demand", "flex", "performance"}:
        yield "service_tier"
    if len(body.get("stop", ())) > 4:
        yield "stop: at most 4"


_GROQ_EFFORTS: Final = {"openai/gpt-oss": {"low", "medium", "high"}, "qwen/qwen3": {"none", "default"}}
_REFUSALS: Final = {
    "ollama": _ollama,
    "deepseek": _deepseek,
    "mistral": _mistral,
    "lm-studio": _lm_studio,
    "groq": _groq,
}
_THOUGHTS: Final = {"ollama": "reasoning", "groq": "reasoning", "deepseek": "reasoning_content"}


def _content(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for message in body["messages"]:
        if isinstance(message.get("content"), list):
            yield from message["content"]


def _message(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer: a call of the first tool until there is a result, data where a schema asks for them."""
    message: dict[str, Any] = {"role": "assistant", "content": TEXT}
    asks = not any(one["role"] == "tool" for one in body["messages"])
    if "response_format" in body:
        message["content"] = json.dumps(DATA)
    elif body.get("tools") and asks and body.get("tool_choice") != "none":
        function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps(DATA)}
        message |= {
            "content": "",
            "tool_calls": [{"id": "abcdef123", "type": "function", "function": function}],
        }
    effort, off = body.get("reasoning_effort"), body.get("thinking", {}).get("type") == "disabled"
    if kind == "mistral" and effort == "high":
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
        message["content"] = [thinking, {"type": "text", "text": message["content"]}]
    elif kind in _THOUGHTS and effort != "none" and not off:
        message[_THOUGHTS[kind]] = THOUGHT
    return message


def _whole(body: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    finish = "tool_calls" if "tool_calls" in message else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


async def _streamed(
    request: web.Request, kind: str, body: Mapping[str, Any], message: Mapping[str, Any]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    whole = _whole(body, message)
    head = {"id": whole["id"], "object": "chat.completion.chunk", "model": whole["model"]}
    for delta in _deltas(message):
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        await _event(response, {**head, "choices": [choice]})
    last = {"index": 0, "delta": {}, "finish_reason": whole["choices"][0]["finish_reason"]}
    unasked = {"usage": whole["usage"]} if kind == "mistral" else {}
    await _event(response, {**head, "choices": [last], **unasked})
    if body.get("stream_options", {}).get("include_usage"):
        await _event(response, {**head, "choices": [], "usage": whole["usage"]})
    await response.write(b"data: [DONE]\n\n")
    return response


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("reasoning", "reasoning_content"):
        if name in message:
            yield {"role": "assistant", name: message[name]}
    content = message["content"]
    pieces = [[part] for part in content] if isinstance(content, list) else [content[:2], content[2:]]
    yield from ({"content": piece} for piece in pieces if piece)
    for index, call in enumerate(message.get("tool_calls", ())):
        yield {"tool_calls": [{"index": index, **call}]}


async def _event(response: web.StreamResponse, data: Mapping[str, Any]) -> None:
    await response.write(f"data: {json.dumps(data)}\n\n".encode())
