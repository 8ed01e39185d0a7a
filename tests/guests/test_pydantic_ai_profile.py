"""What agents of pydantic-ai are told of a model: each word by the fact that it comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.profiles import ModelProfile

from smartllm import LLMClient
from smartllm.plugins.pydantic_ai import SmartLLMModel
from smartllm.plugins.pydantic_ai.profile import layered, profile_of
from smartllm.rules import Facts
from smartllm.testing import LoopbackServer

KNOWN = Facts()


def told(group: str, **facts: Any) -> dict[str, Any]:
    """The profile of a model of which some facts of a group are known, and of the others nothing."""
    return dict(profile_of(replace(KNOWN, **{group: replace(getattr(KNOWN, group), **facts)})))


@pytest.mark.parametrize(
    ("functions", "forced", "tools", "force", "thinking", "skips", "mode"),
    [
        ("always", "always", True, True, True, False, "tool"),
        ("always", "skips-thinking", True, True, True, True, "tool"),
        ("always", "unless-thinking", True, True, False, False, "tool"),
        ("effort-none", "effort-none", True, True, False, False, "tool"),
        ("always", "never", True, False, False, False, "native"),
        ("never", "always", False, True, True, False, "native"),
    ],
)
def test_tools(
    functions: str, forced: str, tools: bool, force: bool, thinking: bool, skips: bool, mode: str
) -> None:
    profile = told("tools", functions=functions, forced=forced)
    assert profile["supports_tools"] is tools
    assert profile["supports_forced_tool_choice"] is force
    assert profile["supports_forced_tool_choice_with_thinking"] is thinking
    assert profile["forced_tool_choice_disables_thinking"] is skips
    assert profile["default_structured_output_mode"] == mode
    assert profile["supports_json_schema_output"] is True


@pytest.mark.parametrize(
    ("default", "always", "by_itself"),
    [("off", False, False), ("on", False, True), ("always", True, True)],
)
def test_thinking(default: str, always: bool, by_itself: bool) -> None:
    profile = told("thinking", default=default)
    assert (profile["thinking_always_enabled"], profile["thinking_enabled_by_default"]) == (always, by_itself)


@pytest.mark.parametrize(("modes", "can"), [((), False), (("budget",), True)], ids=["none", "one"])
def test_a_model_that_thinks_in_some_way_supports_it(modes: tuple[str, ...], can: bool) -> None:
    assert told("thinking", modes=modes)["supports_thinking"] is can


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("image", "supports_image_input"),
        ("document", "supports_document_input"),
        ("audio", "supports_audio_file_input"),
        ("video", "supports_video_input"),
    ],
)
def test_a_kind_of_file_is_taken_alone(kind: str, word: str) -> None:
    taken = replace(getattr(KNOWN.input, kind), sources=("data",))
    profile = told("input", **{kind: taken})
    assert {name for name, value in profile.items() if name.endswith("_input") and value is True} == {word}


def test_documents_are_taken_by_their_types() -> None:
    document = replace(KNOWN.input.document, formats=("application/pdf", "text/*"))
    types = told("input", document=document)["supported_document_media_types"]
    assert {"application/pdf", "text/plain"} <= types
    assert not {"image/png", "audio/wav"} & types
    assert profile_of(KNOWN)["supported_document_media_types"] == frozenset()


@pytest.mark.parametrize(("points", "marks"), [(0, False), (4, True)], ids=["none", "some"])
def test_prompts_are_marked_where_marks_are_taken(points: int, marks: bool) -> None:
    profile = told("caching", points=points, where=("messages",) if points else ())
    assert profile["supports_cache"] is marks
    assert profile["supported_cache_retentions"] == ("5m", "1h")


def test_a_context_is_told_where_it_is_known() -> None:
    assert told("limits", context=1000)["context_window"] == 1000
    assert "context_window" not in told("limits", context=None)


def test_of_a_model_that_nobody_knows_nothing_is_said() -> None:
    assert profile_of(None) == {}


def test_what_the_caller_knows_wins_and_a_function_of_theirs_sees_all_that_is_known() -> None:
    default = ModelProfile(supports_json_object_output=True, supports_tools=False)
    over: Any = layered(KNOWN, ModelProfile(supports_image_input=True))
    assert callable(over)
    found = over(default)
    assert (found["supports_image_input"], found["supports_tools"]) == (True, True)
    assert found["supports_json_object_output"] is True

    def theirs(known: ModelProfile) -> ModelProfile:
        return ModelProfile(supports_tools=not known["supports_tools"])

    made: Any = layered(KNOWN, theirs)
    assert made(default) == {"supports_tools": False}
    plain: Any = layered(None, None)
    assert plain(default) == default


async def test_a_clients_own_server_and_rules_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guest_server: LoopbackServer
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    overlay = tmp_path / "mine.toml"
    overlay.write_text('[model]\nunheard-of-9 = "claude-5.5"\n', encoding="utf-8")
    assert SmartLLMModel("nobodys-model", provider="openai").profile["supports_json_schema_output"] is False
    async with LLMClient(provider="openai", base_url=guest_server.openai_base_url) as client:
        assert SmartLLMModel("nobodys-model", client=client).profile["supports_json_schema_output"] is True
    async with LLMClient(provider="bedrock", rules=overlay) as client:
        assert SmartLLMModel("unheard-of-9", client=client).profile["supports_json_schema_output"] is True
