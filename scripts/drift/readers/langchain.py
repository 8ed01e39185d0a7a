"""LangChain's model profiles, which come from models.dev."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drift.archives import Archive
from drift.claims import Claim, offered
from drift.readers.literals import assigned


def langchain_aws(archive: Archive) -> Iterator[Claim]:
    """Claims on models of Bedrock."""
    yield from _claims(archive.text("langchain_aws/data/_profiles.py"), "bedrock")


def langchain_openai(archive: Archive) -> Iterator[Claim]:
    """Claims on models of OpenAI."""
    yield from _claims(archive.text("langchain_openai/data/_profiles.py"), "openai")


def _claims(text: str, host: str) -> Iterator[Claim]:
    rows: dict[str, dict[str, Any]] = assigned(text, "_PROFILES") or {}
    for model, row in rows.items():
        if row.get("text_outputs") and not (row.get("image_outputs") or row.get("audio_outputs")):
            yield Claim(host, model, _facts(row))


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    efforts = row.get("reasoning_effort_levels")
    return {
        "limits.max_output": row.get("max_output_tokens") or None,
        "limits.input": row.get("max_input_tokens") or None,
        "effort.levels": offered(efforts) if efforts else None,
        "lifecycle.ended": True if row.get("status") == "deprecated" else None,
        "structured.native": row.get("structured_output"),
        "tools.functions": row.get("tool_calling"),
        "sampling": row.get("temperature"),
        "thinking": row.get("reasoning_output"),
        "input.image": row.get("image_inputs"),
        "input.document": row.get("pdf_inputs"),
    }
