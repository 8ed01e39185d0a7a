"""A row that an error shows is pasted as it is: it lints clean, and the same call compiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from overlaid import findings, saved

import smartllm
from smartllm import TextRequest
from smartllm.errors import UnknownModelError
from smartllm.rules import RuleSet, load_rules, resolve
from smartllm.rules.layer import Layer
from smartllm.rules.load import merge
from smartllm.rules.toml_text import quoted

BUILTIN = load_rules()
ARN = "arn:aws:bedrock:us-east-1:123456789012"
UNKNOWN = [
    "my-model",
    "text-embedding-3-large",
    "dall-e-3",
    "mystery 7",
    'quotes " and \\ and ü',
    "clawde-opus-4-7",
    "eu.anthropic.clawde-opus-4-7-v1:0",
    "acme.rocket-1",
    "us.acme.rocket-1-v1:0",
    "acme.gtp-4o",
    "gemini-99-pro",
    "ft:mine:org",
    "x-1:0-2:0",
    "mine/",
    f"{ARN}:provisioned-model/abc",
    f"{ARN}:application-inference-profile/abc",
    "arn:aws:sagemaker:us-east-1:123456789012:endpoint/abc",
]


def hint_of(model: str) -> UnknownModelError:
    with pytest.raises(UnknownModelError) as caught:
        smartllm.compile(TextRequest(prompt="x"), model=model)
    return caught.value


def pasted(hint: str) -> str:
    """The lines of a hint that are TOML: those that are set in."""
    return "".join(f"{line[4:]}\n" for line in hint.splitlines() if line.startswith("    "))


@pytest.mark.parametrize("model", UNKNOWN)
def test_the_row_for_an_unknown_id(model: str, tmp_path: Path) -> None:
    path = saved(tmp_path, pasted(hint_of(model).hint))
    assert findings(path) == []
    plan = smartllm.compile(TextRequest(prompt="x"), model=model, rules=path)
    assert plan.resolution.how in {"exact", "alias"}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=25, deadline=None)
def test_the_row_for_any_id(model: str) -> None:
    try:
        resolve(model, BUILTIN)
    except UnknownModelError as error:
        text = pasted(error.hint)
        if not text:
            return  # one that no row helps, such as an empty one
        data = tomli.loads(text)
        layer = Layer("mine.toml", text, data, "overlay")
        rules = RuleSet((*BUILTIN.layers, layer), merge(BUILTIN.data, data))
        assert resolve(model, rules).how in {"exact", "alias"}


@pytest.mark.parametrize("model", ["my-model", "text-embedding-3-large", "dall-e-3", "acme.rocket-1"])
def test_nothing_is_near_that_is_not_alike(model: str) -> None:
    error = hint_of(model)
    assert error.nearest == ()
    assert "nearest" not in error.message
    assert "or another profile" in error.hint


@pytest.mark.parametrize("word", ["opus", "sonnet"])
def test_a_word_of_ids_finds_them_the_last_listed_first(word: str) -> None:
    listed = [key for key in BUILTIN.table("model") if word in key.split("-")]
    assert hint_of(word).nearest == (*reversed(listed[-5:]),)


def test_the_nearest_gives_its_profile_where_it_is_served() -> None:
    listed = resolve("claude-opus-4-7", BUILTIN)
    assert hint_of("clawde-opus-4-7").nearest[0] == listed.model
    assert quoted(listed.profile) in hint_of("clawde-opus-4-7").hint
    other = hint_of("acme.gtp-4o-mini-search-preview")  # on a host that does not serve what is near
    assert other.nearest
    assert "or another profile" in other.hint


class TestHost:
    """Where the id does not tell who serves it, its profile does."""

    @staticmethod
    def host_of(folder: Path, text: str, model: str = "my-model") -> Any:
        found = resolve(model, load_rules(saved(folder, text)))
        return found.vendor, found.host

    @pytest.mark.parametrize(
        ("row", "vendor", "host"),
        [
            ('"claude-4.7"', "anthropic", "bedrock"),
            ('"gpt-4o"', "openai", "openai"),
            ('"mine"\n[profile.mine]\nextends = "claude-4.7"', "anthropic", "bedrock"),
            ('"converse"', None, "bedrock"),
            ('"openai-compatible"', None, "openai"),
            ('{ profile = "base", endpoints = ["openai_chat"] }', None, "openai"),
            ('{ profile = "base", endpoints = ["openai_chat", "bedrock_converse"] }', None, None),
            ('"base"', None, None),
            ('"nowhere"', None, None),
        ],
    )
    def test_it_is_that_of_the_profile(
        self, row: str, vendor: str | None, host: str | None, tmp_path: Path
    ) -> None:
        assert self.host_of(tmp_path, f"[model]\nmy-model = {row}\n") == (vendor, host)

    def test_a_circle_of_profiles_tells_none(self, tmp_path: Path) -> None:
        text = '[model]\nmy-model = "a"\n[profile.a]\nextends = "b"\n[profile.b]\nextends = "a"\n'
        assert self.host_of(tmp_path, text) == (None, None)

    def test_a_row_of_ones_own_with_a_version_is_no_generation_of_the_vendor(self, tmp_path: Path) -> None:
        path = saved(tmp_path, '[model]\nmy-model-99 = "claude-4.7"\n')
        assert findings(path) == []
        assert (
            resolve("claude-opus-98", load_rules(path)).profile
            == BUILTIN.table("vendor")["anthropic"]["latest"]
        )
