"""What an agent has to know of a model, from its facts."""

from __future__ import annotations

from typing import Any, cast

from pydantic_ai.profiles import ModelProfile, ModelProfileSpec, merge_profile

from smartllm.media.types import MEDIA_TYPES
from smartllm.rules import Facts
from smartllm.rules.vocabulary.input import is_among


def profile_of(facts: Facts | None) -> ModelProfile:
    """The profile of a model; of one that nobody knows it says nothing."""
    if facts is None:
        return {}
    kinds, forced = facts.input.kinds, facts.tools.forced
    tools = facts.tools.functions != "never"
    formats = facts.input.document.formats
    profile: dict[str, Any] = {
        "supports_tools": tools,
        # Where there is no schema mode, a tool binds the answer, or a second step does.
        "supports_json_schema_output": True,
        "supports_image_input": "image" in kinds,
        "supports_document_input": "document" in kinds,
        "supported_document_media_types": frozenset(one for one in MEDIA_TYPES if is_among(one, formats)),
        "supports_audio_file_input": "audio" in kinds,
        "supports_video_input": "video" in kinds,
        "supports_thinking": bool(facts.thinking.modes),
        "thinking_always_enabled": facts.thinking.default == "always",
        "thinking_enabled_by_default": facts.thinking.default != "off",
        "supports_forced_tool_choice": forced != "never",
        "supports_forced_tool_choice_with_thinking": forced in {"always", "skips-thinking"},
        "forced_tool_choice_disables_thinking": forced == "skips-thinking",
        "default_structured_output_mode": "tool" if tools and forced != "never" else "native",
        "supports_cache": "marks" in facts.caching.ways,
        "supported_cache_retentions": ("5m", "1h"),
    }
    if facts.limits.context is not None:
        profile["context_window"] = facts.limits.context
    return cast("ModelProfile", profile)


def layered(facts: Facts | None, given: ModelProfileSpec | None) -> ModelProfileSpec:
    """The profile of a model under what its caller knows better."""

    def profile(default: ModelProfile) -> ModelProfile:
        found = merge_profile(default, profile_of(facts))
        return given(found) if callable(given) else merge_profile(found, given)

    return profile
