"""Plugins for other tools, as far as they can be tried without these."""

from __future__ import annotations

import pytest

from smartllm import MissingExtraError
from smartllm.plugins.fields import with_defaults
from smartllm.plugins.kept import kept_turn, restored
from smartllm.plugins.listed import facts_of, listed_models, rules_in_force
from smartllm.plugins.needed import need
from smartllm.request import Message
from smartllm.response import TextResponse


def test_a_package_that_is_missing_is_named_with_the_line_that_installs_it() -> None:
    need("json", "json")
    with pytest.raises(MissingExtraError) as caught:
        need("nobodys_package", "nobodys-package")
    assert caught.value.hint == 'pip install "smartllm[nobodys-package]"'


def test_only_models_that_can_be_called_are_listed_and_each_id_once() -> None:
    listed = list(listed_models(rules_in_force()))
    assert {each.provider for each in listed} == {"openai", "bedrock", "anthropic", "azure"}
    assert len({each.id for each in listed}) == len(listed)
    assert all(facts_of(each.id, each.provider, rules_in_force()) for each in listed)


def test_what_nobody_knows_has_no_facts_but_on_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts_of("nobodys-model", "openai", rules_in_force()) is None
    assert facts_of(None, "openai", rules_in_force()) is not None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")
    assert facts_of("nobodys-model", "openai", rules_in_force()) is not None


def test_an_answer_of_text_alone_is_not_kept_twice() -> None:
    assert kept_turn(TextResponse("hi", "m", "stop"), "hi") is None
    assert kept_turn(TextResponse("", "m", "stop"), "") is None


def test_a_kept_turn_comes_back_only_as_it_was() -> None:
    kept = {"turn": Message("assistant", "hi").model_dump(mode="json"), "text": "hi", "calls": []}
    assert restored(kept, "hi", []) == Message("assistant", "hi")
    assert restored(kept, "ho", []) is None
    assert restored(kept, "hi", ["1"]) is None
    assert restored(None, "hi", []) is None


def test_answers_that_are_kept_are_those_that_would_be_the_same() -> None:
    assert with_defaults({}) == {"max_tokens": None, "use_cache": False, "temperature": None}
    assert with_defaults({"use_cache": True}) == {"max_tokens": None, "use_cache": True}
    assert with_defaults({"use_cache": True, "temperature": 1})["temperature"] == 1
