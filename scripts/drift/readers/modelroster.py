"""modelroster: OpenAI's model pages and Anthropic's model list, as they were when it was built."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from drift.archives import Archive
from drift.claims import Claim, day, offered

WIRES: Final = {"chat_completions": "openai_chat", "responses": "openai_responses"}
HOSTS: Final = ("openai", "anthropic")
GROUP: Final = "modelroster/data"


def modelroster(archive: Archive) -> Iterator[Claim]:
    """Claims on models that answer with text."""
    for host in HOSTS:
        for row in json.loads(archive.text(f"{GROUP}/{host}.json"))["models"].values():
            if _answers_with_text(row):
                yield _claim(host, row)


def _answers_with_text(row: Mapping[str, Any]) -> bool:
    wires = row["endpoints"]
    served = any(wires.get(name) for name in (*WIRES, "messages"))
    output = {kind for kind, way in row["modalities"].items() if way["output"]}
    return (served or not wires) and output <= {"text"}


def _claim(host: str, row: Mapping[str, Any]) -> Claim:
    says, takes = row["capabilities"], row["modalities"]
    # A bare listing has a shutdown date and nothing else.
    documented = any(way["output"] for way in takes.values())
    facts: dict[str, Any] = {"lifecycle.shutdown": day(row["shutdown_date"])}
    if documented:
        efforts = says["reasoning_efforts"]
        facts |= {
            "limits.max_output": row["max_output_tokens"],
            "limits.context": row["context_window"],
            "effort.levels": offered(efforts) if efforts else None,
            "effort.default": says["default_effort"],
            "endpoints": sorted(wire for name, wire in WIRES.items() if row["endpoints"].get(name)) or None,
            "streaming": says["streaming"],
            "structured.native": says["structured_outputs"],
            "tools.functions": says["tool_calling"],
            "input.image": takes["image"]["input"],
            "input.document": says["pdf_input"],
            "caching": says["prompt_caching"],
        }
    page = row["sources"].get("documentation")
    return Claim(host, row["model_id"], facts, page=page, callable=documented)
