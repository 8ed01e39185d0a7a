"""The public entry: targets, plans, levels, origins and fingerprints."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import Message, MessageRequest, TextRequest
from smartllm.environment import Source
from smartllm.errors import (
    ConfigError,
    DiagnosticError,
    RulesError,
    SmartLLMError,
    UnknownModelError,
    UnsupportedError,
)
from smartllm.rules import load_rules

RULES = load_rules()
HI = TextRequest(prompt="hi")


def compiled(model: str | None = None, *, provider: str | None = None, **fields: Any) -> smartllm.Plan:
    request = TextRequest(**({"prompt": "hi"} | fields))
    return smartllm.compile(request, model=model, provider=provider, rules=RULES, level="ignore")


def test_a_text_and_fields_are_a_request() -> None:
    plan = smartllm.compile("hi", model="gpt-4.1", max_tokens=70, rules=RULES, level="ignore")
    assert plan == compiled("gpt-4.1", max_tokens=70)
    talk = MessageRequest(messages=[Message("user", "hi")])
    assert smartllm.compile([Message("user", "hi")], model="gpt-4.1", rules=RULES).steps == (
        smartllm.compile(talk, model="gpt-4.1", rules=RULES).steps
    )


class TestTarget:
    @pytest.mark.parametrize(
        ("model", "api_type", "dialect"),
        [
            ("gpt-4.1", "responses", "openai_responses"),
            ("gpt-4.1", "chat_completions", "openai_chat"),
            ("claude-opus-4-7", "invoke", "anthropic_messages"),
            ("claude-opus-4-7", "converse", "bedrock_converse"),
        ],
    )
    def test_one_request_four_wires(self, model: str, api_type: str, dialect: str) -> None:
        assert compiled(model, api_type=api_type).steps[0].dialect == dialect

    def test_the_model_goes_out_as_given(self) -> None:
        plan = compiled("eu.anthropic.claude-opus-4-7")
        assert plan.model == plan.steps[0].model == "eu.anthropic.claude-opus-4-7"
        assert "model" not in plan.body
        assert compiled("ft:gpt-4.1-2025-04-14:acme::x").body["model"] == "ft:gpt-4.1-2025-04-14:acme::x"

    def test_the_argument_outranks_the_request(self) -> None:
        request = TextRequest(prompt="hi", model="gpt-4o")
        assert smartllm.compile(request, model="gpt-4.1", rules=RULES).model == "gpt-4.1"
        assert smartllm.compile(request, rules=RULES, level="ignore").model == "gpt-4o"

    def test_the_default_model_is_the_rules(self) -> None:
        hosts = RULES.table("host")
        assert compiled().model == hosts["openai"]["default_model"]
        assert compiled(provider="bedrock").model == hosts["bedrock"]["default_model"]
        assert compiled().origins["steps[0].model"].name == "host.openai.default_model"

    def test_compiling_reads_no_environment_home_or_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        request = TextRequest(prompt="hi")
        known = smartllm.compile(request, level="ignore").as_json()

        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                raise AssertionError("the clock was read")

        class Variables(dict[str, str]):
            def __getitem__(self, name: str) -> str:
                raise AssertionError(f"{name} was read")

            get = __contains__ = __getitem__  # type: ignore[assignment]

        monkeypatch.setattr(os, "environ", Variables())
        monkeypatch.setattr(dt, "datetime", Clock)
        assert smartllm.compile(request, level="ignore").as_json() == known

    def test_the_caller_hands_in_what_surrounds_it(self) -> None:
        source = Source("environment", "OPENAI_MODEL")
        plan = smartllm.compile(
            TextRequest(prompt="hi", top_p=0.5),
            model="gpt-4.1",
            rules=RULES,
            sources={"model": source, "temperature": Source("setting", "temperature")},
            defaults={"temperature": 0.5, "max_tokens": 99, "top_p": 0.1},
        )
        told = {
            path.removeprefix("steps[0]."): (origin.kind, origin.name)
            for path, origin in plan.origins.items()
        }
        assert told["model"] == ("environment", "OPENAI_MODEL")
        assert told["temperature"] == ("setting", "temperature")
        assert told["max_output_tokens"] == ("setting", "max_tokens")
        assert (plan.body["top_p"], told["top_p"]) == (0.5, ("request", "top_p"))
        assert (
            smartllm.compile(TextRequest(prompt="hi"), model="gpt-4.1").origins["steps[0].model"].kind
            == "request"
        )

    def test_a_model_on_the_wrong_host(self) -> None:
        with pytest.raises(UnsupportedError, match="gpt-4o is not served on bedrock; it is served on openai"):
            compiled("gpt-4o", provider="bedrock")

    def test_a_model_on_the_wrong_api_names_the_other_one(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text('[model]\ngpt-9-pro = { profile = "gpt-6.1", endpoints = ["openai_responses"] }\n')
        request = TextRequest(prompt="hi", api_type="chat_completions")
        with pytest.raises(UnsupportedError, match='use api_type="responses"'):
            smartllm.compile(request, model="gpt-9-pro", rules=overlay)
        overlay.write_text('[model]\ngpt-9-chat = { profile = "gpt-4o", endpoints = ["openai_chat"] }\n')
        plan = smartllm.compile(HI, model="gpt-9-chat", rules=overlay, level="ignore")
        assert plan.steps[0].dialect == "openai_chat"

    def test_a_row_without_endpoints(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text('[profile.bare]\n[profile.lone]\n[model]\ngpt-9 = "bare"\nnobody = "lone"\n')
        with pytest.raises(UnsupportedError, match="add endpoints"):
            smartllm.compile(HI, model="gpt-9", rules=overlay)
        with pytest.raises(ConfigError, match="does not tell which provider"):
            smartllm.compile(HI, model="nobody", rules=overlay)

    def test_an_openai_api_type_means_nothing_on_bedrock(self) -> None:
        plan = compiled(called("claude-opus-4-7"), api_type="chat_completions")
        assert plan.steps[0].dialect == "anthropic_messages"
        assert [item.code for item in plan.diagnostics] == ["api-type-ignored"]

    def test_like(self) -> None:
        plan = compiled("my-deployment", like="gpt-4o")
        assert plan.body["model"] == "my-deployment"
        assert plan.resolution.how == "like"

    def test_unknown_values(self) -> None:
        with pytest.raises(ConfigError, match=r"provider='mars'.*openai, bedrock"):
            compiled(provider="mars")
        with pytest.raises(ConfigError, match=r"level='loud'.*ignore, warn, raise"):
            smartllm.compile(HI, level="loud")  # type: ignore[arg-type]
        with pytest.raises(UnknownModelError):
            compiled("mystery")

    def test_inference_is_visible(self) -> None:
        plan = compiled("claude-opus-77")
        assert plan.as_dict()["resolution"]["how"] == "inferred"
        found = plan.diagnostics[0]
        assert (found.code, found.origin.name) == ("model-inferred", "vendor.anthropic.latest")
        nearest = compiled("claude-opus-4-3").diagnostics[0]
        assert nearest.origin.name == "model.claude-opus-4-1"


class TestBodies:
    def test_system_text_goes_where_the_wire_takes_it(self) -> None:
        system = {"system_prompt": "Be brief."}
        assert compiled("gpt-4.1", **system).body["instructions"] == "Be brief."
        chat = compiled("gpt-4.1", **system, api_type="chat_completions").body
        assert chat["messages"][0] == {"role": "system", "content": "Be brief."}
        reasoning = compiled("o3", **system, api_type="chat_completions").body
        assert reasoning["messages"][0]["role"] == "developer"
        assert compiled("claude-opus-4-7", **system).body["system"] == "Be brief."
        converse = compiled("claude-opus-4-7", **system, api_type="converse").body
        assert converse["system"] == [{"text": "Be brief."}]

    def test_converse_keeps_what_it_has_no_field_for_in_the_additional_fields(self) -> None:
        body = compiled("claude-sonnet-4-6", api_type="converse", top_k=5).body
        assert body["additionalModelRequestFields"] == {"top_k": 5}
        body = compiled("claude-opus-4-7", api_type="converse", reasoning_effort="low").body
        assert body["additionalModelRequestFields"] == {
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "low"},
        }

    def test_stream_is_spelled_where_the_body_carries_it(self) -> None:
        assert compiled("gpt-4.1", stream=True).body["stream"] is True
        chat = compiled("gpt-4.1", stream=True, api_type="chat_completions").body
        assert chat["stream_options"] == {"include_usage": True}
        assert "stream" not in compiled("claude-opus-4-7", stream=True).body

    def test_whether_it_streams_is_what_the_body_says_at_last(self) -> None:
        assert compiled("gpt-4.1", stream=True).steps[0].streamed
        assert not compiled("gpt-4.1", stream=True, extra={"stream": False}).steps[0].streamed
        assert compiled("gpt-4.1", extra={"stream": True}).steps[0].streamed
        assert not compiled("claude-opus-4-7", extra={"stream": True}).steps[0].streamed

    def test_extra_is_merged_last_and_marked(self) -> None:
        plan = compiled(
            "gpt-5.4", reasoning_effort="low", extra={"reasoning": {"summary": "auto"}, "temperature": 5}
        )
        assert plan.body["reasoning"] == {"effort": "low", "summary": "auto"}
        assert plan.body["temperature"] == 5
        kinds = {path: origin.kind for path, origin in plan.origins.items()}
        assert kinds["steps[0].reasoning.summary"] == kinds["steps[0].temperature"] == "extra"
        assert kinds["steps[0].reasoning.effort"] == "request"
        replaced = compiled("gpt-5.4", reasoning_effort="low", extra={"reasoning": None, "input": []})
        assert (replaced.body["reasoning"], replaced.body["input"]) == (None, [])
        assert replaced.origins["steps[0].input"].kind == "extra"

    def test_defaults_of_a_client_are_not_explicit_wishes(self) -> None:
        plan = smartllm.compile(HI, model="o3", rules=RULES, defaults={"temperature": 0.7, "max_tokens": 99})
        assert plan.body["max_output_tokens"] == 99
        assert "temperature" not in plan.body
        sent = smartllm.compile(
            HI, model="gpt-4.1", rules=RULES, level="ignore", defaults={"temperature": 0.7}
        )
        assert sent.body["temperature"] == 0.7
        own = TextRequest(prompt="hi", temperature=0.5)
        kept = smartllm.compile(
            own, model="gpt-4.1", rules=RULES, level="ignore", defaults={"temperature": 0.7}
        )
        assert kept.body["temperature"] == 0.5

    def test_equal_numbers_are_equal_bytes(self) -> None:
        default = compiled("gpt-4.1").steps[0].payload
        assert {compiled("gpt-4.1", temperature=zero).steps[0].payload for zero in (0, 0.0, -0.0)} == {
            default
        }

    @pytest.mark.parametrize("limit", [50, None, True, "many"])
    def test_a_step_knows_the_limit_that_its_body_states(self, limit: Any) -> None:
        assert compiled("gpt-4.1", max_tokens=99).steps[0].max_output == 99
        overridden = compiled("gpt-4.1", max_tokens=99, extra={"max_output_tokens": limit})
        assert overridden.steps[0].max_output == (50 if limit == 50 else 0)
        assert compiled("gpt-4.1", max_tokens=99, extra={"seed": 7}).steps[0].max_output == 99


class TestPlan:
    def test_levels(self, caplog: pytest.LogCaptureFixture) -> None:
        request = TextRequest(prompt="secret words", temperature=0.2)
        with caplog.at_level(logging.DEBUG, logger="smartllm"):
            smartllm.compile(request, model=called("claude-opus-4-7"), rules=RULES, level="ignore")
            assert not caplog.records
            smartllm.compile(request, model=called("claude-opus-4-7"), rules=RULES)
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert "sampling-dropped temperature" in record.getMessage()
        assert "secret words" not in caplog.text
        with pytest.raises(DiagnosticError, match="sampling-dropped") as caught:
            smartllm.compile(request, model=called("claude-opus-4-7"), rules=RULES, level="raise")
        assert isinstance(caught.value, ValueError)
        assert len(caught.value.diagnostics) == 1
        grown = TextRequest(prompt="hi", budget_tokens=4096)
        assert smartllm.compile(grown, model="claude-sonnet-4-6", rules=RULES, level="raise")

    def test_fingerprint(self) -> None:
        base = compiled("gpt-4.1")
        assert re.fullmatch("[0-9a-f]{64}", base.fingerprint)
        assert compiled("gpt-4.1", stream=True).fingerprint == base.fingerprint
        assert compiled("gpt-4.1", stream=True, api_type="chat_completions").fingerprint == (
            compiled("gpt-4.1", api_type="chat_completions").fingerprint
        )
        others = [
            compiled("gpt-4.1", prompt="hello"),
            compiled("gpt-4.1-2025-04-14"),
            compiled("gpt-4.1", api_type="chat_completions"),
            compiled("gpt-4.1", max_tokens=5),
        ]
        assert len({plan.fingerprint for plan in [base, *others]}) == 5

    def test_a_rule_change_that_leaves_the_body_alone_keeps_the_fingerprint(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text("[model]\no3 = { profile = 'o3', concurrency = 3 }\n")
        changed = smartllm.compile(HI, model="o3", rules=overlay, level="ignore")
        assert changed.fingerprint == compiled("o3").fingerprint

    def test_json(self) -> None:
        plan = compiled(called("claude-opus-4-7"), temperature=0.2)
        data = json.loads(plan.as_json())
        assert list(data) == ["model", "resolution", "fingerprint", "steps", "diagnostics"]
        assert list(data["steps"][0]) == ["dialect", "operation", "model", "body"]
        assert data["diagnostics"][0]["origin"]["file"] == "smartllm/rules/profiles/anthropic.toml"
        assert data["diagnostics"][0]["origin"]["source"]

    @pytest.mark.parametrize("model", ["gpt-4.1", "us.anthropic.claude-3-5-sonnet-20241022-v2:0"])
    @pytest.mark.parametrize("second", [False, True])
    def test_curl_is_a_shell_command_with_the_body_and_no_secret(self, model: str, *, second: bool) -> None:
        api_type = ("converse" if "claude" in model else "chat_completions") if second else "responses"
        plan = compiled(model, prompt='it\'s $HOME `x` "y"', api_type=api_type)
        words = shlex.split(plan.as_curl().replace("\\\n", ""), comments=True)
        assert words[0] == "curl"
        assert json.loads(words[words.index("--data-binary") + 1]) == plan.body
        if "claude" in model:
            assert "us.anthropic.claude-3-5-sonnet-20241022-v2%3A0" in words[4]

    def test_payload_is_the_body_without_escapes(self) -> None:
        step = compiled("gpt-4.1", prompt="Grüße 🌍").steps[0]
        assert "Grüße 🌍".encode() in step.payload
        assert json.loads(step.payload) == step.body


def test_errors_carry_their_hint() -> None:
    assert str(SmartLLMError("broken", hint="mend it")) == "broken\n  hint: mend it"
    assert str(RulesError("broken")) == "broken"


def test_messages_compile_everywhere() -> None:
    request = MessageRequest(
        messages=[Message("user", "a"), Message("assistant", "b"), Message("user", "c")], api_type="converse"
    )
    body = smartllm.compile(request, model=called("claude-opus-4-7"), rules=RULES).body
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "a"}]},
        {"role": "assistant", "content": [{"text": "b"}]},
        {"role": "user", "content": [{"text": "c"}]},
    ]
