"""To whom ids belong, and where they are served, that only an overlay knows."""

from __future__ import annotations

from pathlib import Path

from smartllm.rules import load_rules, resolve

BUILTIN = load_rules()


def test_an_alias_belongs_where_its_model_does(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[alias]\nclaude-mine = "gpt-4o"\n', encoding="utf-8")
    found = resolve("claude-mine", load_rules(path))
    assert (found.vendor, found.host) == ("openai", "openai")


def test_a_model_of_nobody_is_served_where_its_profile_is(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        '[profile.own]\nendpoints = ["bedrock_converse"]\n[model]\nmine-1 = "own"\n', encoding="utf-8"
    )
    found = resolve("mine-1", load_rules(path))
    assert (found.vendor, found.host) == (None, "bedrock")


def test_as_data_what_is_empty_is_left_out() -> None:
    assert resolve("gpt-4o", BUILTIN).as_dict() == {
        "asked": "gpt-4o",
        "key": "gpt-4o",
        "how": "exact",
        "model": "gpt-4o",
        "profile": "gpt-4o",
        "vendor": "openai",
    }
