"""pi's catalogue and that of its fork oh-my-pi, which start from models.dev."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from drift.archives import Archive
from drift.claims import Claim

HOSTS: Final = {
    "openai": "openai",
    "amazon-bedrock": "bedrock",
    "bedrock-mantle": "bedrock-mantle",
    "anthropic": "anthropic",
}
_STATED: Final = ("minimal", "xhigh", "max")
"""The levels that pi names where a model differs from the others; the rest it takes for granted."""


def pi_ai(archive: Archive) -> Iterator[Claim]:
    """Claims of pi: a file a provider, a table a wire."""
    for provider, host in HOSTS.items():
        if host == "bedrock-mantle":  # pi has no such provider
            continue
        for rows in json.loads(archive.text(f"providers/data/{provider}.json")).values():
            for row in rows.values():
                if row.get("type") == "chat":
                    yield Claim(host, row["id"], _facts(row) | {"effort.levels": _efforts(row)})


def oh_my_pi(archive: Archive) -> Iterator[Claim]:
    """Claims of oh-my-pi: one file; its efforts are names of its own."""
    providers = json.loads(archive.text("src/models.json"))
    for provider, host in HOSTS.items():
        for row in providers[provider].values():
            if row.get("kind") is None:
                yield Claim(host, row["id"], _facts(row))


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "limits.max_output": row.get("maxTokens"),
        "limits.input": row.get("contextWindow"),
        "thinking": row.get("reasoning"),
        "input.image": "image" in row["input"],
        "sampling": False if row.get("compat", {}).get("supportsTemperature") is False else None,
    }


def _efforts(row: Mapping[str, Any]) -> dict[str, bool] | None:
    sent = row.get("thinkingLevelMap") or {}
    return {level: sent[level] == level for level in _STATED if level in sent} or None
