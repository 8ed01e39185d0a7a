"""Pictures, documents, sound and film for the tests, and plans of requests that hold them."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest, Tool
from smartllm.content import InputPart, ToolCall, ToolResult
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules
from smartllm.words import ApiType

RULES = load_rules()
PDF = b"%PDF-1.4\n%%EOF\n"
MD = "# Fees\n\nEntry: 5 €\n".encode()
MP3 = b"ID3\x04" + bytes(6)
WAV = b"RIFF\x24\0\0\0WAVEfmt "
MP4 = b"\0\0\0\x18ftypisom\0\0\x02\0"
GIF = b"GIF89a\x01\0\x01\0\0\0\0"
MOVING = GIF + 2 * (b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0") + b";"
WEBP = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(9)
"""One that moves."""
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LOOK = Tool("look", parameters={"type": "object", "properties": {}})

GPT, GPT_CHAT = ("gpt-5.4", "responses"), ("gpt-5.4", "chat_completions")
CLAUDE, CLAUDE_CONVERSE = ("claude-opus-4-6", "invoke"), ("claude-opus-4-6", "converse")
NOVA, LLAMA, KIMI = (
    ("nova-pro", "converse"),
    ("llama4-maverick-17b-instruct", "converse"),
    ("kimi-k2.5", "converse"),
)
VOXTRAL, DEEPSEEK = ("voxtral-small-24b-2507", "converse"), ("deepseek.v3.2", "converse")
PIXTRAL, GPT_CONVERSE = ("pixtral-large-2502", "converse"), ("us.openai.gpt-5.6-sol", "converse")


def png(width: int = 1, height: int = 1) -> bytes:
    """A picture, all of it black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = png()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def plan(to: tuple[str, str], *parts: str | InputPart, **fields: Any) -> Plan:
    """The plan of a prompt of parts."""
    api_type: ApiType = to[1]  # type: ignore[assignment]
    request = TextRequest(prompt=list(parts), api_type=api_type, **fields)
    return smartllm.compile(request, model=called(to[0]), rules=RULES, level="ignore")


def conversation(to: tuple[str, str], *turns: Message, **fields: Any) -> Plan:
    """The plan of a conversation."""
    api_type: ApiType = to[1]  # type: ignore[assignment]
    request = MessageRequest(messages=list(turns), api_type=api_type, **fields)
    return smartllm.compile(request, model=called(to[0]), rules=RULES, level="ignore")


def said(compiled: Plan) -> Any:
    """What the last message says."""
    body = compiled.body
    return (body.get("input") or body["messages"])[-1]["content"]


def told(compiled: Plan) -> list[tuple[str, str, Any, Any, str]]:
    """What was changed: code, severity, before, after, and by which fact."""
    return [
        (item.code, item.severity, item.asked, item.applied, item.origin.name)
        for item in compiled.diagnostics
        if not item.code.startswith(("lifecycle", "model-id", "api-type"))
    ]


def refused(to: tuple[str, str], *parts: str | InputPart, **fields: Any) -> tuple[str, str, str]:
    """The message, the fact and the hint of a refusal."""
    with pytest.raises(UnsupportedError) as caught:
        plan(to, *parts, **fields)
    assert caught.value.field == "prompt"
    return _plain(caught.value.message), caught.value.fact, caught.value.hint


def _plain(message: str) -> str:
    """A message without the row that states the fact."""
    return message.rpartition(" [")[0] or message


def round_of(*content: str | InputPart, after: tuple[str | InputPart, ...] = ()) -> tuple[Message, ...]:
    """A question, a call of a tool, and its result with what follows."""
    return (
        Message("user", "Look."),
        Message("assistant", [ToolCall("call_1", "look", {})]),
        Message("user", [ToolResult("call_1", list(content)), *after]),
    )
