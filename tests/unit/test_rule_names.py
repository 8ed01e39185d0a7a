"""Names and files that lead nowhere: told by file and line, and never waited for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from overlaid import BUILTIN, MODEL, findings, refusal, saved, with_row

import smartllm
from smartllm import TextRequest
from smartllm.cli import main
from smartllm.errors import RulesError
from smartllm.rules import layer, load_rules
from smartllm.rules.belonging import row_profile
from smartllm.rules.layer import read_layer


class TestProfiles:
    """A profile that is named and does not exist, told by the line that names it."""

    LISTED = next(iter(BUILTIN.table("model")))

    @pytest.mark.parametrize(
        ("text", "line", "model"),
        [
            (f'[model]\nclaude-opus-77 = "{LISTED}"\n', 2, MODEL),
            (f'[model]\nclaude-opus-77 = "x"\n[profile.x]\nextends = "{LISTED}"\n', 4, MODEL),
            (f'[vendor.anthropic]\nlatest = "{LISTED}"\n', 2, "claude-opus-78"),
        ],
        ids=["model", "profile", "vendor"],
    )
    def test_a_model_is_no_profile(self, text: str, line: int, model: str, tmp_path: Path) -> None:
        path = saved(tmp_path, text)
        profile = row_profile(BUILTIN.table("model")[self.LISTED])
        says = f'{self.LISTED!r} is a model, and its profile is {profile!r}: write "{profile}"'
        assert [item[0] for item in findings(path) if item[1] == "R002" and says in item[2]] == [line]
        with pytest.raises(RulesError) as caught:
            smartllm.compile(TextRequest(prompt="x"), model=model, rules=path)
        assert caught.value.message.startswith(f"{path}:{line}: ")
        assert says in caught.value.message

    def test_nothing_is_meant_that_is_not_alike(self, tmp_path: Path) -> None:
        path = saved(tmp_path, '[model]\nclaude-opus-77 = "zzz"\n')
        ((line, code, message),) = findings(path)
        assert (line, code, message) == (2, "R002", "profile 'zzz' is not defined")

    def test_a_circle_is_told_by_line(self, tmp_path: Path) -> None:
        text = '[profile.a]\nextends = "b"\n[profile.b]\nextends = "a"\n[model]\nclaude-opus-77 = "a"\n'
        path = saved(tmp_path, text)
        assert refusal(path).startswith(f"{path}:4: profiles extend each other in a circle: a -> b -> a")


class TestAliases:
    """An alias stands for a listed model."""

    @pytest.mark.parametrize(
        ("model", "meant"), [("gpt-4oo", "; did you mean 'gpt-4o'?"), ("zzz", "")], ids=["near", "far"]
    )
    def test_it_is_told_by_line(self, model: str, meant: str, tmp_path: Path) -> None:
        path = saved(tmp_path, f'[alias]\nmine = "{model}"\n')
        said = f"alias of {model!r}, which is not listed{meant}"
        assert findings(path) == [(2, "R014", said)]
        with pytest.raises(RulesError) as caught:
            smartllm.compile(TextRequest(prompt="x"), model="mine", rules=path)
        assert str(caught.value) == f"{path}:2: alias 'mine' of {model!r}, which is not listed{meant}"

    def test_one_that_hides_a_model_and_leads_nowhere(self, tmp_path: Path) -> None:
        path = saved(tmp_path, '[alias]\n"gpt-4o" = "zzz"\n')
        assert [item[:2] for item in findings(path)] == [(2, "R014"), (2, "R014")]
        with pytest.raises(RulesError, match=r"mine\.toml:2: alias 'gpt-4o' of 'zzz'"):
            smartllm.compile(TextRequest(prompt="x"), model="gpt-4o", rules=path)

    def test_so_does_a_quota(self, tmp_path: Path) -> None:
        path = saved(tmp_path, "[quota]\ngpt-4oo = { concurrency = 2 }\n")
        ((line, code, message),) = findings(path)
        assert (line, code) == (2, "R018")
        assert message.endswith("; did you mean 'gpt-4o'?")


class TestFiles:
    """Files that are no TOML of ours, and what is no file."""

    @pytest.mark.parametrize(
        ("text", "where", "says"),
        [
            ("[model]\nx = = 3", ":2: ", "not valid TOML"),
            ("[model]\nx = " + "[" * 5000 + "]" * 5000, ":2: ", "nested too deeply"),
            ("[model]\nx = " + "{ a = " * 5000 + "1" + " }" * 5000, ":2: ", "nested too deeply"),
            ("[model]\nx = " + "[" * 60 + "]" * 60, ":2: ", "nested too deeply"),
            (f"[model]\ny = 1\nx = {'9' * 5000}\n", ":3: ", "64 bits"),
            (f"[model.x]\n# {'9' * 99}\nlimits.max_output = {2**63}\n", ":3: ", "64 bits"),
        ],
        ids=["no-value", "arrays", "tables", "too-deep", "digits", "bits"],
    )
    def test_no_toml_of_ours(self, text: str, where: str, says: str, tmp_path: Path) -> None:
        path = saved(tmp_path, text)
        assert refusal(path).startswith(f"{path}{where}")
        assert says in refusal(path)
        result = invoke(main, ["lint", path])
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{path}{where}" in result.stderr

    @pytest.mark.parametrize("value", [2**63, -(2**63) - 1], ids=["large", "small"])
    def test_a_number_beyond_is_named_by_its_key(self, value: int, tmp_path: Path) -> None:
        path = saved(tmp_path, f"[on.bedrock.model.x]\nwire.openai_chat.limits.max_output = {value}\n")
        assert refusal(path).startswith(f"{path}:2: 'on.bedrock.model.x': the number is too large")

    @pytest.mark.parametrize(("depth", "refused"), [(31, False), (32, True)])
    def test_how_deep_is_too_deep(self, depth: int, refused: bool, tmp_path: Path) -> None:
        path = saved(tmp_path, "[model]\ny = 'base'\nx = " + "[" * depth + "1" + "]" * depth)
        assert refusal(path).startswith(f"{path}:3: ")
        assert ("nested too deeply" in refusal(path)) is refused

    def test_of_what_is_too_deep_to_be_read_the_innermost_is_named(self, tmp_path: Path) -> None:
        deep = "[" * 5000 + "\n" + "[" * 99 + "]" * 5099
        path = saved(tmp_path, f"[model]\ny = [[1], [2]]\nx = {deep}\nz = [[1]]\n")
        assert refusal(path).startswith(f"{path}:4: ")

    def test_letters_of_another_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_bytes("[model]\n# Größe\n".encode("latin-1"))
        assert refusal(str(path)).startswith(f"{path}:1: the rules file is not UTF-8 text (invalid ")

    def test_what_is_no_file_tells_where_its_path_is_given(self, tmp_path: Path) -> None:
        for path, why in ((tmp_path, "is a directory"), (tmp_path / "none.toml", "cannot be read (No such")):
            with pytest.raises(RulesError) as caught:
                load_rules(path)
            assert caught.value.message.startswith(f"{path}: the rules file {why}")
            assert caught.value.hint == "check the path given as rules=, --rules or SMARTLLM_RULES"

    def test_the_largest_number_is_read(self, tmp_path: Path) -> None:
        path = saved(tmp_path, with_row(f"limits.context = {2**63 - 1}"))
        assert load_rules(path)

    def test_line_ends_of_unicode_are_none(self, tmp_path: Path) -> None:
        text = "# a\u2028b\u2029c\u0085d\x0c\n[model.x]\nquirk = 'a\u2028[y]'\nstreaming = 0\n"
        path = saved(tmp_path, text.replace("\x0c", ""))
        assert [item[0] for item in findings(path)] == [4]

    def test_a_mark_of_the_byte_order_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('[model]\r\n"mine-1" = "gpt-4o"\r\n', encoding="utf-8-sig", newline="")
        assert findings(str(path)) == []
        assert smartllm.compile(TextRequest(prompt="x"), model="mine-1", rules=path).steps

    def test_only_toml_is_read_of_the_shipped_folders(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(
            Path(layer.__file__).parent, tmp_path / "rules", ignore=shutil.ignore_patterns("*.py*")
        )
        (tmp_path / "rules" / "hosts" / "openai.toml~").write_text("no toml", encoding="utf-8")
        monkeypatch.setattr(layer, "_FOLDER", tmp_path / "rules")
        found = layer.builtin_layers.__wrapped__()
        assert [one.name for one in found] == [one.name for one in layer.builtin_layers()]

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe.toml"
        os.mkfifo(path)
        assert refusal(str(path)).startswith(f"{path}: the rules file is not a regular file")
        result = invoke(main, ["lint", str(path)])
        assert (result.exit_code, "is not a regular file" in result.stderr) == (2, True)

    def test_a_path_of_none(self) -> None:
        said = refusal("a\0b")
        assert "cannot be read (" in said
        assert "embedded null" in said  # the rest is Python's, and changes

    def test_a_file_that_may_not_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = saved(tmp_path, "")

        def refuse(*_: Any, **__: Any) -> str:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_text", refuse)
        with pytest.raises(RulesError, match=r"mine\.toml: .*\(Permission denied\)"):
            read_layer(path, name=path, kind="overlay")

    @pytest.mark.parametrize(
        ("rules", "says"),
        [
            ({"model": {}}, "not a table"),
            (5, "not int"),
            ([5], "not list"),
            (b"mine.toml", "not bytes"),
        ],
        ids=["table", "number", "numbers", "bytes"],
    )
    def test_rules_are_paths(self, rules: Any, says: str) -> None:
        assert f"rules= takes paths of overlay files, {says}" in refusal(rules)
