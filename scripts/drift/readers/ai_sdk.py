"""Vercel's AI SDK: the ids that its providers type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from drift.archives import Archive
from drift.claims import Claim
from drift.readers.literals import object_keys, union_members

_BEDROCK: Final = "src/amazon-bedrock-chat-language-model-options.ts"
_OPENAI: Final = "src/openai-model-catalog.ts"
_ANTHROPIC: Final = "src/anthropic-model-catalog.ts"
_ROW: Final = re.compile(r"(?:'([^']+)'|([\w-]+)): \{\s*endpoints: \[([^\]]*)\]")
_WIRES: Final = {"chat": "openai_chat", "responses": "openai_responses"}


def ai_sdk_bedrock(archive: Archive) -> Iterator[Claim]:
    """Ids of Bedrock."""
    for model in union_members(archive.text(_BEDROCK)):
        yield Claim("bedrock", model)


def ai_sdk_openai(archive: Archive) -> Iterator[Claim]:
    """Ids of OpenAI; the wires beside them are suggestions, so that only one of them says something."""
    for quoted, plain, wires in _ROW.findall(archive.text(_OPENAI)):
        named = sorted(_WIRES[word] for word in re.findall(r"\w+", wires) if word in _WIRES)
        if named:
            yield Claim("openai", quoted or plain)


def ai_sdk_anthropic(archive: Archive) -> Iterator[Claim]:
    """Ids of Anthropic."""
    for model in object_keys(archive.text(_ANTHROPIC), "languageModelDefinitions"):
        yield Claim("anthropic", model)
