"""The dialects: thin folders that know how one wire spells an intent, and how to read its answers.

What reads answers is in ``readers``; compiling needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.anthropic_messages import encode as claude
from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS as CLAUDE_FIELDS
from smartllm.compiler.dialects.bedrock_converse import encode as converse
from smartllm.compiler.dialects.bedrock_converse.fields import FIELDS as CONVERSE_FIELDS
from smartllm.compiler.dialects.fields import Fields
from smartllm.compiler.dialects.openai_chat import encode as chat
from smartllm.compiler.dialects.openai_chat.fields import FIELDS as CHAT_FIELDS
from smartllm.compiler.dialects.openai_responses import encode as responses
from smartllm.compiler.dialects.openai_responses.fields import FIELDS as RESPONSES_FIELDS
from smartllm.compiler.intent import Intent
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Dialect, Facts

Encode = Callable[[Body, Intent, Facts, Trace], None]
"""Spells a legal intent in a body."""

ENCODERS: Final[dict[Dialect, Encode]] = {
    "openai_responses": responses.encode,
    "openai_chat": chat.encode,
    "anthropic_messages": claude.encode,
    "bedrock_converse": converse.encode,
}
FIELDS: Final[dict[Dialect, Fields]] = {
    "openai_responses": RESPONSES_FIELDS,
    "openai_chat": CHAT_FIELDS,
    "anthropic_messages": CLAUDE_FIELDS,
    "bedrock_converse": CONVERSE_FIELDS,
}

__all__ = ["ENCODERS", "FIELDS", "Encode", "Fields"]
