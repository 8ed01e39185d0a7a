"""Errors and diagnostics keep what they name; Python reads it in its words, a shell in its own."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import invoke

from smartllm.cli import main
from smartllm.cli.wording import VARIABLES, shell_words
from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, ProviderTimeoutError, UnsupportedError
from smartllm.parameters import PARAMETERS
from smartllm.runtime.secrets import hide_secrets
from smartllm.said import Named, Said, joined, said, spoken, worded

SETTINGS = [field.name for field in dataclasses.fields(LLMConfig)]
PACKAGE = Path(__file__).parents[2] / "smartllm"
HINT = said("leave {} unset, or set {}", Named("temperature"), Named("reasoning_effort", "none"))
PYTHON = 'leave temperature unset, or set reasoning_effort="none"'
SHELL = "leave --temperature unset, or set --effort none"


def travelled(error: ConfigError) -> ConfigError:
    again: ConfigError = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    return again


class TestTexts:
    def test_a_text_is_pythons_unless_a_place_says_otherwise(self) -> None:
        assert HINT == PYTHON == str(HINT) == f"{HINT}" == spoken(HINT)
        with worded(shell_words):
            assert (spoken(HINT), f"{HINT}", spoken("plain")) == (SHELL, PYTHON, "plain")
        assert spoken(HINT) == PYTHON

    def test_texts_that_hold_names_can_be_put_together(self) -> None:
        both = joined("; ", HINT, "", said("or {}", Named("api_type", "converse")))
        with worded(shell_words):
            assert spoken(both) == f"{SHELL}; or --api-type converse"
            assert spoken(said("{}: {}", Named("max_tokens"), HINT)) == f"--max-tokens: {SHELL}"

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, travelled], ids=["copy", "deep copy", "process"]
    )
    def test_names_survive_copies_and_processes(self, copied: Callable[[ConfigError], ConfigError]) -> None:
        error = copied(ConfigError("no", hint=HINT))
        with worded(shell_words):
            assert str(error) == f"no\n  hint: {SHELL}"
        assert str(error) == f"no\n  hint: {PYTHON}"

    def test_a_number_of_names_that_is_not_asked_for(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            said("{} and {}", Named("seed"))


class TestErrors:
    def test_an_error_about_a_field_begins_with_it(self) -> None:
        error = UnsupportedError("seed: not here", field="seed")
        assert error.message == "seed: not here"
        with worded(shell_words):
            assert str(error) == "--seed: not here"

    def test_a_provider_error_keeps_names_when_secrets_are_hidden(self) -> None:
        error = ProviderTimeoutError("connect", 3, model="m", retryable=True)
        hide_secrets(error, ["a-secret-that-is-long"])
        assert isinstance(error.hint, Said)
        error.hint = said("{} and a-secret-that-is-long", Named("base_url"))
        hide_secrets(error, ["a-secret-that-is-long"])
        assert "a-secret" not in str(error)


class TestShellWords:
    @pytest.mark.parametrize(
        ("named", "typed"),
        [
            (Named("model", "a b"), "--model 'a b'"),
            (Named("like", "<listed model>"), "--like LISTED-MODEL"),
            (Named("store", "true", "store=True"), "--store"),
            (Named("store", "false", "store=False"), "--no-store"),
            (Named("compatible", python="compatible=True"), "--compatible"),
            (Named("use_cache", "false"), "--no-cache"),
            (Named("provider", "bedrock", "provider='bedrock'"), "--provider bedrock"),
            (Named("aws_region"), "AWS_REGION"),
            (Named("total_timeout"), "total_timeout (a setting that only Python has)"),
            (Named("extra"), "--option extra=VALUE"),
            (Named("extra", "a b"), "--option extra='a b'"),
        ],
        ids=lambda given: given.name if isinstance(given, Named) else given,
    )
    def test_a_name_is_said_as_one_types_it(self, named: Named, typed: str) -> None:
        assert shell_words(named) == typed

    def test_variables_are_settings(self) -> None:
        assert VARIABLES.keys() <= {*SETTINGS}

    def test_every_option_that_is_named_is_one_of_run(self) -> None:
        known = invoke(main, ["run", "--help"]).stdout
        for name in [*PARAMETERS, "base_url", "aws_profile", "ca_bundle", "level", "rules", "provider"]:
            option = shell_words(Named(name)).split()[0]
            assert option in known, name


MISTAKES = {
    "host": ("-m", "us.anthropic.claude-opus-4-7", "--provider", "openai"),
    "temperature": ("-m", "o3", "--temperature", "0.4"),
    "raised": ("-m", "o3", "--top-p", "0.4", "--level", "raise"),
    "unknown": ("-m", "nobody-knows-it"),
    "capitals": ("-m", "Claude-opus-4-7"),
    "white space": ("-m", " gpt-5.4"),
    "api": ("-m", "us.amazon.nova-pro-v1:0", "--api-type", "invoke"),
    "retired": ("-m", "claude-2.1"),
    "rules": ("-m", "gpt-5.4", "--rules", "nonesuch.toml"),
    "guardrail": ("-m", "gpt-5.4", "--guardrail", "gr:1"),
    "budget": ("-m", "gpt-5.4", "--budget-tokens", "5", "--effort", "low"),
    "metadata": ("-m", "gpt-4o", "--api-type", "chat_completions", "--metadata", "a=b"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_shell_never_reads_python(name: str) -> None:
    result = invoke(main, ["compile", "-p", "hi", *MISTAKES[name]])
    assert result.stderr
    fields = "|".join([*PARAMETERS, *SETTINGS, "level", "compatible"])
    told = re.sub(r"\[[^]]*\]", "", result.stderr)  # origins are names of facts and requests
    assert not re.search(rf"\b({fields})=", told), result.stderr
    assert "LLMConfig" not in told
    assert not re.search(r"\b(reasoning_effort|structured_output|response_format|base_url)\b", told)


def test_an_explanation_is_in_the_words_of_the_shell() -> None:
    result = invoke(main, ["compile", "-p", "hi", *MISTAKES["budget"], "--explain"])
    assert "not a budget, and --effort is given too" in result.stdout


# Texts that are about Python code: declarations of tools, settings, parts.
_ABOUT_CODE = (
    "tools/",
    "settings/",
    "setting_",
    "config",
    "testing/",
    "plugins/",
    "request",
    "cli/",
    "media/",
)


def python_words() -> Iterator[tuple[str, int, str]]:
    """Texts of the library, outside of ``said``, that name a request's field as Python gives it."""
    named = re.compile(rf"\b({'|'.join(name for name in PARAMETERS if name != 'extra')})=[\"'{{a-z<]")
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        text = path.read_text(encoding="utf-8")
        if place.startswith(_ABOUT_CODE) or not named.search(text):
            continue
        tree = ast.parse(text)
        marked = {
            id(part)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id in {"said", "Named"}
            for part in ast.walk(call)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error")):
                continue
            texts = [
                part for part in ast.walk(node) if isinstance(part, ast.Constant) and id(part) not in marked
            ]
            for part in texts:
                if isinstance(part.value, str) and named.search(part.value):
                    yield place, part.lineno, part.value


def test_errors_name_fields_where_other_places_can_say_them() -> None:
    assert list(python_words()) == [], "say the field with said(..., Named(...))"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("timeout", "it is a setting of the client: total_timeout (a setting that only Python has), or "),
        ("api_key", "it is a setting of the client: OPENAI_API_KEY"),
        ("retries", "it is a setting of the client: max_retries (a setting that only Python has)"),
    ],
)
def test_a_setting_in_a_request_file_is_said_as_a_shell_says_it(name: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(f'{{"prompt": "hi", "{name}": 3}}', encoding="utf-8")
    result = invoke(main, ["compile", "-r", str(file)])
    assert (result.exit_code, says in result.stderr, "LLMClient" in result.stderr) == (2, True, False)
