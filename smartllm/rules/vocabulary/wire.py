"""The wires, and who speaks them."""

from typing import Any, Final, Literal, get_args

Dialect = Literal["openai_responses", "openai_chat", "anthropic_messages", "bedrock_converse"]
"""A wire format."""

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

RENAMED: Final[dict[str, Dialect]] = {"bedrock_invoke": "anthropic_messages"}
"""What dialects were called: in overlays, and in reasoning that a caller has kept."""

_OPENAI: Final[tuple[Dialect, ...]] = ("openai_responses", "openai_chat")
_CLAUDE: Final[tuple[Dialect, ...]] = ("anthropic_messages", "bedrock_converse")

_ALL_BUT_CHAT: Final[tuple[Dialect, ...]] = ("openai_responses", *_CLAUDE)

PLACES: Final[dict[str, dict[Any, tuple[Dialect, ...]]]] = {
    "tools.none": {"choice": (*_OPENAI, "anthropic_messages"), "additional": ("bedrock_converse",)},
    "tools.some": {"choice": _OPENAI},
    "tools.parallel": {
        "field": _OPENAI,
        "choice": ("anthropic_messages",),
        "additional": ("bedrock_converse",),
    },
    "messages.system_turns": {"after-user": ("anthropic_messages",), "anywhere": _OPENAI},
    "carry.reasoning": {
        "items": ("openai_responses",),
        "signed": _CLAUDE,
        "sealed": ("bedrock_converse",),
    },
    "calls.results": {
        "json": ("bedrock_converse",),
        "image": _ALL_BUT_CHAT,
        "document": _ALL_BUT_CHAT,
        "audio": (),
        "video": ("bedrock_converse",),
    },
    "input.image.details": dict.fromkeys(("low", "high", "original", "auto"), _OPENAI),
    "input.document.details": {
        **dict.fromkeys(("low", "high", "auto"), ("openai_responses",)),
        "original": (),
    },
    "input.document.citations": {True: _CLAUDE},
    "caching.where": {"tools": _CLAUDE},
    "caching.ttls": dict.fromkeys(("5m", "1h"), _CLAUDE),
    "caching.key": {True: _OPENAI},
    "caching.retention": dict.fromkeys(("in_memory", "24h"), _OPENAI),
    "caching.breakpoints": {True: _OPENAI},
    "caching.options_ttls": dict.fromkeys(("30m", "12h"), _OPENAI),
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

NAMES_DOCUMENTS: Final[frozenset[Dialect]] = frozenset({"bedrock_converse"})
"""Dialects on which each document needs a name, another one than all others of the request have."""

NAMES_FORMATS: Final[frozenset[Dialect]] = frozenset({"bedrock_converse"})
"""Dialects on which a picture, sound or film goes with the name of its format."""

SOURCE_PLACES: Final[dict[str, dict[str, tuple[Dialect, ...]]]] = {
    "image": {
        "url": (*_OPENAI, "anthropic_messages"),
        "file_id": ("openai_responses", "anthropic_messages"),
        "s3": ("openai_responses", "bedrock_converse"),
    },
    "document": {
        "url": ("openai_responses", "anthropic_messages"),
        "file_id": (*_OPENAI, "anthropic_messages"),
        "s3": ("bedrock_converse",),
    },
    "audio": {
        "data": (*_OPENAI, "bedrock_converse"),
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
