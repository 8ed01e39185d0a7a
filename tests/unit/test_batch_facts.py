"""Compiling for a provider's batch engine: what it takes is a fact, and the body is that of a call online."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from commands import invoke

import smartllm
from smartllm import Plan
from smartllm.cli import main
from smartllm.content import CachePoint
from smartllm.cost import Billing, cost_of
from smartllm.errors import DiagnosticError, RulesError, UnsupportedError
from smartllm.rules import load_rules
from smartllm.rules.evidence import fact_rows
from smartllm.rules.hosts import host_row
from smartllm.rules.lint import lint
from smartllm.usage import Usage

SONNET, NOVA = "us.anthropic.claude-sonnet-4-6", "us.amazon.nova-pro-v1:0"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def look(word: str) -> str:
    """Look a word up."""
    return word


def plan(model: str, *, prompt: Any = "hi", batch: bool = True, **about: Any) -> Plan:
    return smartllm.compile(prompt, model=model, batch=batch, **{"level": "ignore", **about})


def refused(model: str, **about: Any) -> UnsupportedError:
    with pytest.raises(UnsupportedError) as caught:
        plan(model, **about)
    return caught.value


def overlay(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def codes(compiled: Plan) -> list[str]:
    return [item.code for item in compiled.diagnostics if item.code.startswith(("batch", "parameter"))]


class TestRoutes:
    @pytest.mark.parametrize(
        ("model", "api", "endpoint"),
        [
            ("gpt-5.4", "responses", "/v1/responses"),
            ("gpt-5.4", "chat_completions", "/v1/chat/completions"),
            (SONNET, "invoke", "InvokeModel"),
            (SONNET, "converse", "Converse"),
            (NOVA, "converse", "Converse"),
        ],
    )
    def test_the_endpoint_is_the_engines_word(self, model: str, api: str, endpoint: str) -> None:
        compiled = plan(model, api_type=api)
        assert compiled.batch == (endpoint, compiled.steps[0].dialect)
        assert codes(compiled) == []
        assert pickle.loads(pickle.dumps(compiled)).batch == compiled.batch  # noqa: S301 - our own

    @pytest.mark.parametrize("model", ["gpt-5.4", SONNET, NOVA])
    def test_the_body_and_its_key_are_those_of_a_call_online(self, model: str) -> None:
        online, batched = plan(model, batch=False), plan(model)
        assert online.batch is None
        assert (batched.body, batched.fingerprint) == (online.body, online.fingerprint)
        assert "batch" not in online.as_dict()
        assert batched.as_dict()["batch"] == batched.batch._asdict()  # type: ignore[union-attr]

    def test_each_step_of_two_goes_there(self) -> None:
        compiled = plan("gpt-5.4", structured_output="two_pass", response_format=SCHEMA)
        assert [step.dialect for step in compiled.steps] == ["openai_responses"] * 2
        assert compiled.batch is not None

    def test_the_second_step_is_refused_as_the_first_would_be(self) -> None:
        error = refused(SONNET, structured_output="two_pass", response_format=SCHEMA)
        assert error.fact == "batch.tools"

    def test_a_host_without_an_engine(self) -> None:
        rules = load_rules()
        bare = {**rules.data["host"]["openai"]}
        del bare["batch"]
        data = {**rules.data, "host": {**rules.data["host"], "openai": bare}}
        error = refused("gpt-5.4", rules=type(rules)(rules.layers, data))
        assert "OpenAI has no batch engine" in error.message
        assert error.field == "provider"

    def test_a_dialect_that_the_engine_does_not_take(self) -> None:
        rules = load_rules()
        host = rules.data["host"]["openai"]
        bare = {**host, "batch": {**host["batch"], "endpoints": {"openai_responses": "/v1/responses"}}}
        data = {**rules.data, "host": {**rules.data["host"], "openai": bare}}
        changed = type(rules)(rules.layers, data)
        error = refused("gpt-5.4", rules=changed, api_type="chat_completions")
        assert error.field == "api_type"
        assert 'api_type="responses"' in error.hint


class TestRefusals:
    @pytest.mark.parametrize("model", ["gpt-5.4-pro", "gpt-5.2-pro", "chat-latest", "gpt-5.3-codex"])
    def test_a_model_that_the_engine_does_not_run(self, model: str) -> None:
        error = refused(model)
        assert (error.field, error.fact) == ("model", "batch.available")
        assert "smartllm/rules/hosts/openai.toml:" in error.message
        assert "smartllm batch run" in error.hint

    def test_both_sides_of_a_dispute_are_told(self) -> None:
        hint = refused(SONNET, tools=[look]).hint
        assert "The newest copy of AWS's page has tools in InvokeModel's records" in hint
        assert "have none in any" in hint

    def test_the_line_that_allows_it_does(self, tmp_path: Path) -> None:
        for about in (
            {"tools": [look]},
            {"tools": [look], "api_type": "converse"},
            {"response_format": SCHEMA},
            {"response_format": SCHEMA, "structured_output": "native"},
        ):
            hint = refused(SONNET, **about).hint
            line = hint.partition("if you know better, say ")[2].partition(" in a rules overlay")[0]
            compiled = plan(SONNET, rules=overlay(tmp_path, line), **about)
            assert compiled.fingerprint == plan(SONNET, batch=False, **about).fingerprint

    def test_allowing_tools_for_a_model_does_not_allow_them_on_converse(self, tmp_path: Path) -> None:
        rules = overlay(tmp_path, "on.bedrock.model.claude-sonnet-4-6.batch.tools = true")
        assert plan(SONNET, tools=[look], rules=rules).body["tools"]
        assert refused(SONNET, tools=[look], rules=rules, api_type="converse").fact == "batch.tools"

    def test_the_other_way_to_bind_an_answer_is_named(self, tmp_path: Path) -> None:
        rules = overlay(tmp_path, "on.bedrock.model.claude-sonnet-4-6.batch.schemas = true")
        error = refused(SONNET, response_format=SCHEMA, rules=rules)
        assert (error.field, error.fact) == ("response_format", "batch.tools")
        assert 'structured_output="native"' in error.hint
        assert plan(SONNET, response_format=SCHEMA, structured_output="native", rules=rules).batch
        rules = overlay(tmp_path, "on.bedrock.model.claude-sonnet-4-6.batch.tools = true\n# other\n")
        error = refused(SONNET, response_format=SCHEMA, structured_output="native", rules=rules)
        assert error.fact == "batch.schemas"
        assert 'structured_output="tool"' in error.hint

    def test_openai_takes_tools_and_schemas(self) -> None:
        compiled = plan("gpt-5.4", tools=[look], response_format=SCHEMA)
        assert {"tools", "text"} <= {*compiled.body}

    @pytest.mark.parametrize(
        ("model", "about"),
        [("gpt-5.4", {"stream": True}), (SONNET, {"stream": True}), ("gpt-5.4", {"extra": {"stream": True}})],
    )
    def test_a_stream(self, model: str, about: dict[str, Any]) -> None:
        error = refused(model, **about)
        assert (error.field, error.fact) == ("stream", "batch.streaming")
        assert ".toml:" in error.message

    def test_headers_are_never_lost_in_silence(self) -> None:
        assert refused(SONNET, extra_headers={"X-Secret": "s3cret"}).field == "extra_headers"
        assert "s3cret" not in str(refused(SONNET, extra_headers={"X-Secret": "s3cret"}))
        guard = {"id": "abcdefgh", "version": "1"}
        assert refused(SONNET, guardrail=guard).field == "guardrail"
        assert "guardrailConfig" in plan(SONNET, guardrail=guard, api_type="converse").body

    def test_a_parameter_that_stands_in_a_header_is_dropped_and_told(self) -> None:
        compiled = plan(SONNET, service_tier="reserved", metadata={"a": "b"})
        assert codes(compiled) == ["parameter-dropped", "parameter-dropped"]
        assert compiled.steps[0].asked is None
        assert {item.origin.name for item in compiled.diagnostics} >= {"batch.headers"}
        with pytest.raises(DiagnosticError):
            plan(SONNET, service_tier="reserved", level="raise")
        assert plan(SONNET, service_tier="default", level="raise").steps[0].asked is None
        assert plan("gpt-5.4", metadata={"a": "b"}).body["metadata"] == {"a": "b"}


class TestNotes:
    @pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-5", "gpt-6.2-sol", "gpt-9"])
    def test_what_is_not_known_is_compiled_with_a_warning(self, model: str) -> None:
        (note,) = (item for item in plan(model).diagnostics if item.code == "batch-unlisted")
        assert (note.severity, note.action) == ("warning", "noted")
        with nullcontext() if model != "gpt-9" else pytest.raises(DiagnosticError, match="model-inferred"):
            assert plan(model, level="raise").batch

    @pytest.mark.parametrize(("model", "server"), [("gpt-5.4", "groq"), ("x", "groq"), ("x", True)])
    def test_of_another_servers_engine_nothing_is_known(self, model: str, server: bool | str) -> None:
        found = plan(model, compatible=server).diagnostics
        (note,) = (item for item in found if item.code == "batch-unlisted")
        assert f"whether a batch engine of this server runs {model}" in note.reason

    def test_a_server_without_a_name_may_pass_lines_on(self) -> None:
        assert plan("gpt-5.4", compatible=True).diagnostics == ()

    def test_a_relatives_availability_is_no_evidence(self) -> None:
        assert "batch-unlisted" in codes(plan("gpt-5.4-mini-2030"))
        assert codes(plan("mine", like="gpt-5.4", provider="openai")) == []

    def test_what_is_asked_of_the_cache_may_do_nothing(self) -> None:
        assert codes(plan(SONNET, prompt_cache="1h")) == ["batch-uncached"]
        assert codes(plan(SONNET, prompt=["long", CachePoint(), "short"])) == ["batch-uncached"]
        assert codes(plan(SONNET)) == []
        marked = plan(SONNET, prompt_cache="1h")
        assert codes(plan(NOVA.replace("pro", "2-lite"), prompt_cache="5m")) == []  # nothing is sent
        assert marked.fingerprint == plan(SONNET, prompt_cache="1h", batch=False).fingerprint


class TestHosts:
    def test_limits(self) -> None:
        rows = {name: host_row(name, load_rules()).batch for name in ("openai", "bedrock")}
        openai, bedrock = rows["openai"], rows["bedrock"]
        assert openai is not None
        assert bedrock is not None
        assert (openai.shape, openai.lines, openai.bytes, openai.minimum) == ("openai", 50000, 200000000, 1)
        assert (bedrock.shape, bedrock.lines, bedrock.minimum) == ("bedrock", 50000, 100)
        assert (bedrock.bytes, bedrock.job_bytes) == (10**9, 5 * 10**9)
        assert {row.price for row in (openai, bedrock)} == {0.5}
        assert {row.window_hours for row in (openai, bedrock)} == {24}

    def test_an_overlay_says_the_accounts_quotas(self, tmp_path: Path) -> None:
        rules = overlay(tmp_path, "[host.bedrock.batch]\nlines = 100000\nminimum = 1000\nwindow_hours = 72\n")
        found = plan(NOVA, rules=rules).host_row.batch
        assert found is not None
        assert (found.lines, found.minimum, found.window_hours, found.bytes) == (100000, 1000, 72, 10**9)
        assert [
            one for one in lint(load_rules(rules), today=dt.datetime.now(dt.UTC).date()) if not one.note
        ] == []

    def test_an_engine_that_keeps_prompts_is_told_of_as_no_news(self, tmp_path: Path) -> None:
        rules = overlay(tmp_path, "on.bedrock.model.claude-sonnet-4-6.batch.caching = true")
        assert codes(plan(SONNET, prompt_cache="1h", rules=rules)) == []

    def test_shipped_limits_are_rows_of_evidence(self) -> None:
        paths = {path for layer in load_rules().layers for path, _ in fact_rows(layer)}
        assert {("host", "openai", "batch"), ("host", "bedrock", "batch")} <= paths

    @pytest.mark.parametrize("line", ["lines = 0", "price = 0.1", 'lines = "9"', "window_hours = 200"])
    def test_what_it_may_not_say(self, tmp_path: Path, line: str) -> None:
        with pytest.raises(RulesError, match=r"mine\.toml:2: "):
            plan(NOVA, rules=overlay(tmp_path, f"[host.bedrock.batch]\n{line}\n"))

    def test_the_limits_have_evidence_of_their_own(self) -> None:
        told = invoke(main, ["explain", NOVA, "--json"]).stdout
        facts = {fact["fact"]: fact for fact in json.loads(told)["facts"]}
        assert facts["host.batch.minimum"]["evidence"] == "disputed"
        assert facts["host.batch.endpoints.bedrock_converse"]["value"] == "Converse"
        assert facts["batch.available"]["origin"]["source"]


class TestMoney:
    def test_half_price(self) -> None:
        usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
        online, batched = (
            cost_of(usage, plan("gpt-5.4", batch=batch).billing, model="gpt-5.4") for batch in (False, True)
        )
        assert online
        assert batched == online * Decimal("0.5")
        assert Billing("openai").factor == 1


class TestShell:
    def test_compile(self) -> None:
        found = invoke(main, ["compile", "--batch", "-m", "gpt-5.4", "hi"])
        assert json.loads(found.stdout)["batch"] == {
            "endpoint": "/v1/responses",
            "dialect": "openai_responses",
        }
        told = invoke(main, ["compile", "--batch", "-m", NOVA, "hi", "--explain"]).stdout
        assert "batch        Converse, at 0.5 x the price online" in told
        gone = invoke(main, ["compile", "--batch", "-m", "gpt-5.4-pro", "hi"])
        assert gone.exit_code == 1
        assert "--model" in gone.stderr

    def test_models(self) -> None:
        told = invoke(main, ["models", "gpt-5.*", "--batch", "no", "--json"]).stdout
        found = {item["model"]: item["batch"] for item in json.loads(told)["models"]}
        assert {"gpt-5.4-pro", "gpt-5.2-pro"} <= {*found}
        assert {*found.values()} == {"no"}
