"""Rules files: layers, merge, positions, and how an id finds its facts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import smartllm
from smartllm.environment import ambient_rules
from smartllm.errors import ConfigError, RulesError, UnknownModelError
from smartllm.rules import RuleSet, load_rules, resolve, target_for
from smartllm.rules.hosts import host_row
from smartllm.rules.load import merge
from smartllm.rules.positions import key_lines, line_of
from smartllm.rules.vocabulary import Dialect

BUILTIN = load_rules()
PACKAGE = Path(smartllm.__file__).parent


def overlay(tmp_path: Path, text: str, name: str = "rules.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def facts_of(model: str, dialect: Dialect, rules: RuleSet = BUILTIN) -> Any:
    resolution = resolve(model, rules)
    assert resolution.host is not None
    return target_for(resolution, resolution.host, dialect, rules).facts


class TestPositions:
    TEXT = """\
# a comment with [brackets] and a key = 1
[model]
"gpt-9.9" = { profile = "x", limits = { max_output = 1 } }
plain = "y"  # trailing

[profile."a.b"]
source = [
  "https://one",   # not a [table]
  "key = 2",
]
effort.levels = ["low"]
quirk = \"\"\"
fake = 1
[fake]
\"\"\"
after = 'x'
"""

    def test_lines_of_keys(self) -> None:
        lines = key_lines(self.TEXT)
        assert lines["model",] == 2
        assert lines["model", "gpt-9.9"] == 3
        assert lines["model", "plain"] == 4
        assert lines["profile", "a.b", "effort", "levels"] == 11
        assert lines["profile", "a.b", "after"] == 16
        assert not any("fake" in path or "key" in path for path in lines)

    def test_a_key_inside_a_row_stands_on_the_rows_line(self) -> None:
        lines = key_lines(self.TEXT)
        assert line_of(lines, ("model", "gpt-9.9", "limits", "max_output")) == 3
        assert line_of(lines, ("nowhere",)) == 1

    def test_every_shipped_fact_has_its_own_line(self) -> None:
        for path in [("model", key) for key in BUILTIN.table("model")] + [
            ("profile", key) for key in BUILTIN.table("profile")
        ]:
            layer = BUILTIN.layer_of(path)
            assert layer is not None
            assert path[-1] in layer.text.splitlines()[layer.line(path) - 1]

    def test_a_place_is_that_of_the_nearest_key_above(self, tmp_path: Path) -> None:
        path = overlay(tmp_path, "[host.openai]\nconcurrency = 3\n")
        rules = load_rules(path)
        (row,) = [layer for layer in BUILTIN.layers if layer.name.endswith("/hosts/bedrock.toml")]
        assert rules.place(("host", "openai", "concurrency")) == (str(path), 2)
        assert rules.place(("host", "bedrock", "nothing")) == (row.name, row.line(("host", "bedrock")))
        assert rules.place(("nothing", "at", "all")) == (str(path), 1)


class TestMerge:
    def test_tables_merge_and_the_rest_replaces(self) -> None:
        base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
        assert merge(base, {"a": {"c": [3]}, "d": 2}) == {"a": {"b": 1, "c": [3]}, "d": 2}
        assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 1}

    def test_a_row_may_be_a_name_or_a_table(self) -> None:
        assert merge({"m": "p"}, {"m": {"x": 1}}) == {"m": {"profile": "p", "x": 1}}
        assert merge({"m": {"profile": "p", "x": 1}}, {"m": "q"}) == {"m": {"profile": "q"}}

    json_tables = st.recursive(
        st.dictionaries(st.sampled_from("abc"), st.integers()),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers()),
        max_leaves=8,
    )

    @given(json_tables)
    def test_merging_nothing_or_itself_changes_nothing(self, table: dict[str, Any]) -> None:
        assert merge(table, {}) == table
        assert merge(table, table) == table


class TestOverlays:
    ROW = '[model]\nclaude-opus-9 = "claude-4.7"\n'

    def test_one_row_adds_a_model(self, tmp_path: Path) -> None:
        rules = load_rules(overlay(tmp_path, self.ROW))
        assert resolve("eu.anthropic.claude-opus-9", rules).how == "exact"

    def test_the_environment_and_the_user_folder_count(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: Path
    ) -> None:
        folder = clean_environment / "config" / "smartllm"
        folder.mkdir(parents=True)
        overlay(folder, self.ROW + "claude-opus-8 = 'claude-4.7'\n")
        monkeypatch.setenv(
            "SMARTLLM_RULES", str(overlay(tmp_path, '[model]\nclaude-opus-9 = "claude-4.6"\n'))
        )
        ambient = ambient_rules(os.environ)
        rules = load_rules(ambient=ambient)
        assert resolve("claude-opus-8", rules).profile == "claude-4.7"
        assert resolve("claude-opus-9", rules).profile == "claude-4.6"
        last = overlay(tmp_path, '[model]\nclaude-opus-9 = "claude-4.5"\n', "last.toml")
        assert resolve("claude-opus-9", load_rules(last, ambient=ambient)).profile == "claude-4.5"
        assert resolve("claude-opus-9", load_rules([], ambient=ambient)).profile == "claude-4.6"
        assert load_rules().layers == BUILTIN.layers

    def test_an_overlay_fact_says_so(self, tmp_path: Path) -> None:
        path = overlay(tmp_path, "[profile.gpt-4o]\nlimits.max_output = 99\n")
        rules = load_rules(path)
        target = target_for(resolve("gpt-4o", rules), "openai", "openai_chat", rules)
        origin = target.origin("limits.max_output")
        assert target.facts.limits.max_output == 99
        assert (origin.kind, origin.file, origin.line) == ("overlay", str(path), 2)

    def test_an_edited_file_is_read_again(self, tmp_path: Path) -> None:
        path = overlay(tmp_path, self.ROW)
        assert load_rules(path) is load_rules(path)
        overlay(tmp_path, self.ROW.replace("4.7", "4.6 ").replace(" ", ""))
        assert resolve("claude-opus-9", load_rules(path)).profile == "claude-4.6"

    @pytest.mark.parametrize(
        ("text", "line", "says"),
        [
            (
                '[model]\n\nx = { profile = "claude-4.7", limit = { max_output = 1 } }',
                3,
                "did you mean 'limits'",
            ),
            ("[profile.x]\nsampling = 'sometimes'", 2, "'always', 'effort-none' or 'never'"),
            ("[profile.x]\nwire.openai_chat.wire = {}", 2, "unknown key 'profile.x.wire.openai_chat.wire'"),
            ("[profile.x]\nbase_url = 'https://evil'", 2, "unknown key 'profile.x.base_url'"),
            ("[headers]\na = 1", 1, "unknown key 'headers'"),
            ("[on.bedrock.model.x]\nlimit.a = 1", 2, "did you mean 'limits'"),
            ("[profile.x]\nwire.openai_chat.limits.feld = 1", 2, "did you mean 'field'"),
            ("[profile.x]\nwire.soap.limits.field = 1", 2, "openai_chat"),
            ("[model]\nx = {}", 2, "'model.x.profile' is missing"),
            ("[model]\nx = 3", 2, "model.x"),
            ("[model]\nx = = 3", 2, "not valid TOML"),
            ("[profile.x]\nverified = 'soon'", 2, "verified"),
        ],
    )
    def test_a_wrong_overlay_names_file_and_line(
        self, tmp_path: Path, text: str, line: int, says: str
    ) -> None:
        path = overlay(tmp_path, text)
        with pytest.raises(RulesError) as caught:
            load_rules(path)
        assert str(caught.value).startswith(f"{path}:{line}: ")
        assert says in str(caught.value)

    def test_an_overlay_may_state_only_what_differs(self, tmp_path: Path) -> None:
        text = '[model]\ngpt-4o = { limits.max_output = 7 }\n[vendor.anthropic]\nlatest = "claude-4.7"\n'
        rules = load_rules(overlay(tmp_path, text))
        assert facts_of("gpt-4o", "openai_chat", rules).limits.max_output == 7
        assert resolve("claude-opus-77", rules).profile == "claude-4.7"

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(RulesError, match=r"nowhere\.toml: .*No such file"):
            load_rules(tmp_path / "nowhere.toml")
        with pytest.raises(RulesError, match=r": the rules file is a directory"):
            load_rules([tmp_path])

    def test_a_binary_file_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "rules.toml"
        path.write_bytes(b"\xff\xfe[model]")
        with pytest.raises(RulesError, match=r"rules\.toml:1: .*UTF-8"):
            load_rules(path)

    def test_an_unknown_or_circular_profile_is_named(self, tmp_path: Path) -> None:
        rules = load_rules(overlay(tmp_path, '[model]\nclaude-opus-9 = "claude-4.77"\n'))
        with pytest.raises(RulesError, match=r"'claude-4\.77' is not defined; did you mean 'claude-4\.7'"):
            target_for(resolve("claude-opus-9", rules), "bedrock", "anthropic_messages", rules)
        text = '[profile.a]\nextends = "b"\n[profile.b]\nextends = "a"\n[model]\nclaude-opus-9 = "a"\n'
        rules = load_rules(overlay(tmp_path, text))
        with pytest.raises(RulesError, match="a -> b -> a"):
            target_for(resolve("claude-opus-9", rules), "bedrock", "anthropic_messages", rules)


class TestResolve:
    def test_exact(self) -> None:
        found = resolve("us.anthropic.claude-sonnet-4-6", BUILTIN)
        assert (found.how, found.model, found.profile) == ("exact", "claude-sonnet-4-6", "claude-4.6")
        assert (found.vendor, found.host) == ("anthropic", "bedrock")

    def test_alias_and_like(self, tmp_path: Path) -> None:
        arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
        rules = load_rules(overlay(tmp_path, f'[alias]\n"{arn}" = "claude-opus-4-7"\nmine = "gpt-4o"\n'))
        assert resolve(arn, rules).how == "alias"
        assert resolve(arn, rules).host == "bedrock"
        assert resolve("mine", rules).model == "gpt-4o"
        assert resolve("whatever", BUILTIN, like="gpt-4o").how == "like"
        assert resolve("whatever", BUILTIN, like="gpt-77").host == "openai"  # which is not listed either

    def test_like_comes_first(self) -> None:
        assert resolve("gpt-4o", BUILTIN, like="o3").model == "o3"

    def test_nearest_lower_version_inside_the_known_range(self) -> None:
        found = resolve("claude-opus-4-3", BUILTIN)
        assert (found.how, found.model) == ("inferred", "claude-opus-4-1")

    def test_newest_generation_above_it(self) -> None:
        latest = BUILTIN.table("vendor")["anthropic"]["latest"]
        for model in ("claude-opus-77", "claude-77-sonnet", "us.anthropic.claude-haiku-7-7-v1:0"):
            found = resolve(model, BUILTIN)
            assert (found.how, found.model, found.profile) == ("inferred", None, latest)

    @pytest.mark.parametrize(
        "model", ["claude-2", "claude-instant-1", "mystery", "o0-mini", "claude-epic-77", "claude-opus"]
    )
    def test_nothing_below_it(self, model: str) -> None:
        with pytest.raises(UnknownModelError) as caught:
            resolve(model, BUILTIN)
        assert f'"{model}" = ' in caught.value.hint

    def test_the_error_shows_near_names_and_a_row_that_works(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownModelError, match=r"nearest listed: .*claude-opus") as caught:
            resolve("clawde-opus-4-7", BUILTIN)
        assert "claude-opus-4-7" in caught.value.nearest
        row = caught.value.hint.split("\n\n")[1].replace("    ", "")
        assert resolve("clawde-opus-4-7", load_rules(overlay(tmp_path, row))).how == "exact"

    def test_an_opaque_arn_asks_for_an_alias(self) -> None:
        with pytest.raises(UnknownModelError, match=r"\[alias\]"):
            resolve("arn:aws:bedrock:us-east-1:1:provisioned-model/abc", BUILTIN)

    def test_longer_ids_are_not_caught_by_shorter_ones(self, tmp_path: Path) -> None:
        rules = load_rules(
            overlay(tmp_path, '[model]\nclaude-opus-9 = "claude-4.6"\nclaude-opus-9-5 = "claude-4.7"\n')
        )
        assert resolve("anthropic.claude-opus-9-5", rules).model == "claude-opus-9-5"
        assert resolve("anthropic.claude-opus-9", rules).model == "claude-opus-9"


class TestFacts:
    def test_facts_come_from_profile_row_and_wire(self) -> None:
        assert facts_of("claude-sonnet-4-6", "anthropic_messages").thinking.modes[0] == "budget"
        assert facts_of("claude-opus-4-6", "anthropic_messages").thinking.modes[0] == "adaptive"
        assert facts_of("gpt-5.4", "openai_responses").limits.min_output == 16
        assert facts_of("gpt-5.4", "openai_chat").limits.field == "max_completion_tokens"

    def test_host_rows_count_last(self, tmp_path: Path) -> None:
        text = "[on.bedrock.model.claude-opus-4-1]\nlimits.max_output = 7\n"
        text += '[on.bedrock.profile."claude-4"]\nlimits.context = 9\n'
        rules = load_rules(overlay(tmp_path, text))
        facts = facts_of("claude-opus-4-1", "anthropic_messages", rules)
        assert (facts.limits.max_output, facts.limits.context) == (7, 9)

    def test_an_origin_names_row_evidence_and_default(self) -> None:
        target = target_for(resolve("claude-opus-4-7", BUILTIN), "bedrock", "anthropic_messages", BUILTIN)
        origin = target.origin("sampling")
        line = (PACKAGE.parent / str(origin.file)).read_text().splitlines()[(origin.line or 0) - 1]
        assert line.startswith("sampling")
        assert origin.verified is not None
        assert origin.source
        assert target.origin("streaming").kind == "default"

    def test_an_origin_without_evidence_says_so_by_leaving_it_out(self, tmp_path: Path) -> None:
        text = '[profile.bare]\nendpoints = ["openai_chat"]\n[model]\ngpt-9 = "bare"\n'
        rules = load_rules(overlay(tmp_path, text))
        origin = target_for(resolve("gpt-9", rules), "openai", "openai_chat", rules).origin("endpoints")
        assert (origin.kind, origin.verified, origin.source) == ("overlay", None, ())


def test_a_host_without_a_row_is_named() -> None:
    with pytest.raises(ConfigError, match="provider='mars' is not known; allowed: openai, bedrock"):
        host_row("mars", load_rules())
