"""The wires, and who speaks them."""

from typing import Any, Final, Literal, get_args

Dialect = Literal["openai_responses", "openai_chat", "anthropic_messages", "bedrock_converse"]
"""A wire format."""

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

RENAMED: Final[dict[str, Dialect]] = {"bedrock_invoke": "anthropic_messages"}
"""What dialects were called: in overlays, and in reasoning that a caller has kept."""

OPENAI_WIRES: Final[tuple[Dialect, ...]] = ("openai_responses", "openai_chat")
"""The formats of OpenAI's own API."""
CHAT_WIRE: Final[Dialect] = "openai_chat"
"""The older of them: a free tool is nested there, and reasoning has no summary."""
CLAUDE_WIRE: Final[Dialect] = "anthropic_messages"
"""Claude's own format."""
_CLAUDE: Final[tuple[Dialect, ...]] = ("anthropic_messages", "bedrock_converse")

_ALL_BUT_CHAT: Final[tuple[Dialect, ...]] = ("openai_responses", *_CLAUDE)

_SUMMED_UP: Final[tuple[Dialect, ...]] = ("openai_responses",)

PLACES: Final[dict[str, dict[Any, tuple[Dialect, ...]]]] = {
    "system": {"instructions": ("openai_responses",), "blocks": _CLAUDE},
    "limits.field": {
        "max_output_tokens": ("openai_responses",),
        "max_completion_tokens": ("openai_chat",),
        "max_tokens": ("openai_chat", "anthropic_messages"),
        "inferenceConfig.maxTokens": ("bedrock_converse",),
    },
    "thinking.modes": {
        "budget": _CLAUDE,
        "adaptive": _CLAUDE,
        "effort": (*OPENAI_WIRES, "bedrock_converse"),
    },
    "thinking.off": {"disabled": ("openai_chat", *_CLAUDE), "between_tools": _CLAUDE},
    "reasoning_summary.levels": {
        **dict.fromkeys(("auto", "concise", "detailed"), _SUMMED_UP),
        "summarized": _CLAUDE,
    },
    "effort.place": {"reasoning": ("openai_chat",)},
    "verbosity.levels": dict.fromkeys(("low", "medium", "high"), OPENAI_WIRES),
    "guardrail.accepted": {True: _CLAUDE},
    "structured.json_object": {True: OPENAI_WIRES},
    "tools.none": {"choice": (*OPENAI_WIRES, "anthropic_messages"), "additional": ("bedrock_converse",)},
    "tools.some": {"choice": OPENAI_WIRES},
    "tools.parallel": {
        "field": OPENAI_WIRES,
        "choice": ("anthropic_messages",),
        "additional": ("bedrock_converse",),
    },
    "messages.system_turns": {"after-user": ("anthropic_messages",), "anywhere": OPENAI_WIRES},
    "calls.ids": {"any": OPENAI_WIRES, "counted": (*OPENAI_WIRES, "bedrock_converse")},
    "carry.reasoning": {
        "items": ("openai_responses",),
        "signed": _CLAUDE,
        "sealed": ("bedrock_converse",),
        "text": ("openai_chat",),
    },
    "calls.results": {
        "json": ("bedrock_converse",),
        "image": _ALL_BUT_CHAT,
        "document": _ALL_BUT_CHAT,
        "audio": (),
        "video": ("bedrock_converse",),
    },
    "input.image.details": dict.fromkeys(("low", "high", "original", "auto"), OPENAI_WIRES),
    "input.document.details": {
        **dict.fromkeys(("low", "high", "auto"), ("openai_responses",)),
        "original": (),
    },
    "input.document.citations": {True: _CLAUDE},
    "caching.where": {"tools": _CLAUDE},
    "caching.ttls": dict.fromkeys(("5m", "1h"), _CLAUDE),
    "caching.key": {True: OPENAI_WIRES},
    "caching.retention": dict.fromkeys(("in_memory", "24h"), OPENAI_WIRES),
    "caching.breakpoints": {True: OPENAI_WIRES},
    "caching.options_ttls": dict.fromkeys(("30m", "12h"), OPENAI_WIRES),
}
"""Values of facts, or items of them, that only some dialects have a place for."""

OWN_FUNCTION: Final[dict[Dialect, str]] = {
    "openai_responses": "parameters",
    "openai_chat": "function",
    "anthropic_messages": "input_schema",
    "bedrock_converse": "toolSpec",
}
"""The key by which a dialect's own declaration of a function tool is known."""

KEPT_TURNS: Final[dict[Dialect, tuple[str, ...]]] = {
    "openai_responses": ("previous_response_id", "conversation"),
}
"""Keys of a body that stand for earlier turns which the provider keeps."""

RESUMES: Final[frozenset[Dialect]] = frozenset({"anthropic_messages"})
"""Dialects on which an answer that was paused in the provider's own tools goes on where it stands last,
without prefill too (platform.claude.com/docs/en/build-with-claude/handling-stop-reasons, 2026-11-27)."""

NAMES_DOCUMENTS: Final[frozenset[Dialect]] = frozenset({"bedrock_converse"})
"""Dialects on which each document needs a name, another one than all others of the request have."""

NAMES_FORMATS: Final[frozenset[Dialect]] = frozenset({"bedrock_converse"})
"""Dialects on which a picture, sound or film goes with the name of its format."""

SOURCE_PLACES: Final[dict[str, dict[str, tuple[Dialect, ...]]]] = {
    "image": {
        "url": (*OPENAI_WIRES, "anthropic_messages"),
        "file_id": ("openai_responses", "anthropic_messages"),
        "s3": ("openai_responses", "bedrock_converse"),
    },
    "document": {
        "url": ("openai_responses", "anthropic_messages"),
        "file_id": (*OPENAI_WIRES, "anthropic_messages"),
        "s3": ("bedrock_converse",),
    },
    "audio": {
        "data": (*OPENAI_WIRES, "bedrock_converse"),
        "url": (),
        "file_id": (),
        "s3": ("bedrock_converse",),
    },
    "video": {
        "data": ("openai_chat", "bedrock_converse"),
        "url": ("openai_chat",),
        "file_id": (),
        "s3": ("bedrock_converse",),
    },
}
"""Dialects that have words for a part of some source; all have for what is not here."""

Host = str
"""Who serves the model: a row of ``[host.*]``."""
