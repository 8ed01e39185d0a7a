"""litellm's price map: ids, limits, behaviour and dated ends, with the page of each date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from drift.archives import Archive
from drift.claims import Claim, day, offered
from smartllm.words import EFFORTS

FILE: Final = "litellm/model_prices_and_context_window_backup.json"
HOSTS: Final = {
    "openai": "openai",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock-mantle",
    "anthropic": "anthropic",
    "azure": "azure",
}
PREFIXED: Final = frozenset({"bedrock-mantle", "azure"})
"""Hosts whose ids stand behind a prefix of the price map's, and a region."""
PLANNED: Final = frozenset({"azure"})
"""Hosts that name the end of a model, and the next one, when it begins: no announcement."""
URLS: Final = {"/v1/chat/completions": "openai_chat", "/v1/responses": "openai_responses"}
MODES: Final = frozenset({"chat", "responses"})


def litellm(archive: Archive) -> Iterator[Claim]:
    """Claims of the price map on models that answer with text."""
    for key, row in json.loads(archive.text(FILE)).items():
        host = HOSTS.get(str(row.get("litellm_provider")))
        model = key.rpartition("/")[2] if host in PREFIXED else key
        if host is None or "/" in model or key.startswith("ft:") or not _answers_with_text(row):
            continue
        dated = dict.fromkeys(("lifecycle.shutdown", "lifecycle.successor"), row.get("deprecation_source"))
        yield Claim(host, model, _facts(row, host), page=_page(row), pages=dated)


def _page(row: Mapping[str, Any]) -> str | None:
    """The page that it cites, if that is of the model rather than of prices."""
    page = row.get("source")
    return page if page and "pric" not in page else None


def _answers_with_text(row: Mapping[str, Any]) -> bool:
    says = set(row.get("supported_output_modalities") or ["text"])
    return row.get("mode") in MODES and says <= {"text"} and not row.get("supports_audio_output")


def _facts(row: Mapping[str, Any], host: str) -> dict[str, Any]:
    wires = sorted({URLS[url] for url in row.get("supported_endpoints") or () if url in URLS})
    aws, planned = host == "bedrock", host in PLANNED
    native = row.get("supports_native_structured_output" if aws else "supports_response_schema")
    return {
        "limits.max_output": row.get("max_output_tokens"),
        "limits.input": row.get("max_input_tokens"),
        "effort.levels": _efforts(row),
        "effort.default": row.get("default_reasoning_effort"),
        "endpoints": (wires or None) if host in {"openai", "bedrock-mantle"} else None,
        "lifecycle.end" if planned else "lifecycle.shutdown": day(row.get("deprecation_date")),
        "lifecycle.successor": None if planned else row.get("successor_model"),
        "streaming": row.get("supports_native_streaming"),
        "structured.native": native if host == "openai" or native else None,
        "tools.functions": row.get("supports_function_calling"),
        "tools.forced": row.get("supports_forced_tool_use"),
        "messages.prefill": row.get("supports_assistant_prefill") if aws else None,
        "sampling": row.get("supports_sampling_params"),
        "thinking.always": row.get("thinking_always_on"),
        "input.image": row.get("supports_vision"),
        "input.document": row.get("supports_pdf_input"),
        "caching": row.get("supports_prompt_caching"),
        "caching.min_tokens": row.get("prompt_cache_min_tokens"),
    }


def _efforts(row: Mapping[str, Any]) -> dict[str, bool] | None:
    """The levels of which the price map says something."""
    if stated := row.get("reasoning_effort_levels"):
        return offered(stated)
    flags = {level: row.get(f"supports_{level}_reasoning_effort") for level in EFFORTS}
    return {level: flag for level, flag in flags.items() if flag is not None} or None
