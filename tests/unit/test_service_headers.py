"""Headers that a request asks for: on the wire, in the key of the cache, and nowhere in sight."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import CONVERSE, INVOKE, RESPONSES, Wire, each_wire

import smartllm
from smartllm import Guardrail, Plan, TextRequest
from smartllm.compiler.headers import merged
from smartllm.errors import ProviderError
from smartllm.rules import load_rules
from smartllm.testing import LoopbackServer, Reply

RULES = load_rules()
SECRET = "canary-0123456789"
GUARDRAIL = Guardrail("gr1", "1", trace="enabled")
SONNET = "claude-sonnet-4-6"


def plan(**fields: Any) -> Plan:
    provider = fields.pop("provider", None)
    request = TextRequest(**({"prompt": "hi", "model": SONNET} | fields))
    return smartllm.compile(request, rules=RULES, level="ignore", provider=provider)


def kept_in(folder: Path) -> list[str]:
    """What the files of a folder hold."""
    return [path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()]


class TestAPlan:
    def test_headers_of_the_route_give_way(self) -> None:
        (step,) = plan(extra_headers={"accept": "text/plain", "x-amzn-bedrock-trace": "DISABLED"}).steps
        assert step.headers == {"accept": "text/plain", "x-amzn-bedrock-trace": "DISABLED"}
        (step,) = plan(guardrail=GUARDRAIL, extra_headers={"x-amzn-bedrock-trace": "DISABLED"}).steps
        assert "X-Amzn-Bedrock-Trace" not in step.headers
        assert step.headers["X-Amzn-Bedrock-GuardrailIdentifier"] == "gr1"

    def test_betas_of_all_who_name_some_are_one_list(self) -> None:
        own = {"Anthropic-Beta": "b-2, c-3"}
        fields = {"provider": "anthropic", "extra": {"anthropic_beta": ["a-1", "b-2"]}}
        (step,) = plan(**fields, extra_headers=own).steps
        assert {name: value for name, value in step.headers.items() if name.lower() == "anthropic-beta"} == {
            "Anthropic-Beta": "a-1,b-2,c-3"
        }
        assert merged({"anthropic-beta": "d-4"}, step.headers)["Anthropic-Beta"] == "d-4,a-1,b-2,c-3"
        assert "c-3" not in str(step.shown_headers)

    def test_a_plan_without_them_has_those_of_its_route(self) -> None:
        (step,) = plan().steps
        assert step.headers is step.travel.headers
        assert (step.shown_headers, step.secrets, list(step.header_leaves())) == ({}, (), [])

    def test_are_part_of_what_identifies_a_request(self) -> None:
        plans = [
            plan(),
            plan(extra_headers={"x-a": "1"}),
            plan(extra_headers={"x-a": "2"}),
            plan(extra_headers={"x-b": "1"}),
            plan(guardrail=GUARDRAIL),
            plan(guardrail=Guardrail("gr2", "1", trace="enabled")),
            plan(metadata={"team": "blue"}),
        ]
        assert len({each.fingerprint for each in plans}) == len(plans)
        assert plan(extra_headers={"X-A": "1", "x-b": "2"}).fingerprint == (
            plan(extra_headers={"x-b": "2", "x-a": "1"}).fingerprint
        )
        assert plan(extra_headers={}).fingerprint == plan().fingerprint

    def test_values_are_shown_nowhere(self) -> None:
        made = plan(extra_headers={"X-Tenant.a": SECRET}, guardrail=GUARDRAIL)
        seen = [
            made.explain(),
            made.as_json(),
            made.as_curl(),
            repr(made),
            str(made.steps[0]),
            str(made.origins),
        ]
        assert not any(SECRET in text for text in seen)
        assert "X-Tenant.a" in made.explain()
        assert '"X-Tenant.a": "<hidden>"' in made.as_json()
        assert '-H "X-Tenant.a: $HEADER_X_TENANT_A"' in made.as_curl()
        assert "-H 'X-Amzn-Bedrock-GuardrailIdentifier: gr1'" in made.as_curl()

    def test_each_says_where_it_comes_from(self) -> None:
        made = plan(model="claude-haiku-4-5", service_tier="reserved", extra_headers={"x-a": SECRET})
        told = {name: (value, str(origin)) for name, value, origin in made.steps[0].header_leaves()}
        assert told == {
            "X-Amzn-Bedrock-Service-Tier": ("reserved", "request service_tier"),
            "x-a": ("<hidden>", "request extra_headers"),
        }

    def test_travels_with_its_headers(self) -> None:
        made = plan(guardrail=GUARDRAIL, extra_headers={"x-a": SECRET})
        for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):  # noqa: S301 - our own
            assert other == made
            assert other.fingerprint == made.fingerprint
            assert other.steps[0].headers == made.steps[0].headers
            assert list(other.steps[0].header_leaves()) == list(made.steps[0].header_leaves())
            assert other.explain() == made.explain()


class TestACall:
    @each_wire
    async def test_sends_them_signed(self, wire: Wire, server: LoopbackServer) -> None:
        async with wire.client(server.url) as client:
            await client.generate_text(wire.request(extra_headers={"X-Tenant": SECRET}))
        sent = server.requests[-1].headers
        assert sent["x-tenant"] == SECRET
        signed = "x-tenant" in sent["authorization"]
        assert signed == (wire.provider == "bedrock")

    async def test_win_over_those_of_the_environment(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Tenant: all\nX-Else: kept")
        async with RESPONSES.client(server.url) as client:
            await client.generate_text(RESPONSES.request(extra_headers={"x-tenant": "mine"}))
        sent = server.requests[-1].headers
        assert (sent["x-tenant"], sent["x-else"]) == ("mine", "kept")

    async def test_bedrock_hears_of_its_guardrail(self, server: LoopbackServer) -> None:
        fields: dict[str, Any] = {
            "guardrail": GUARDRAIL,
            "metadata": {"team": "blue"},
            "service_tier": "default",
        }
        async with INVOKE.client(server.url) as client:
            response = await client.generate_text(INVOKE.request(**fields))
            chunks = [chunk async for chunk in client.generate_text_stream(INVOKE.request(**fields))]
        headers = server.requests[0].headers
        assert json.loads(headers["x-amzn-bedrock-request-metadata"]) == {"team": "blue"}
        assert headers["x-amzn-bedrock-guardrailversion"] == "1"
        assert headers["x-amzn-bedrock-service-tier"] == "default"
        assert response.raw is not None
        assert response.raw["amazon-bedrock-guardrailAction"] == "NONE"
        assert response.raw["amazon-bedrock-trace"]["guardrail"]["inputAssessment"].keys() == {"gr1"}
        assert "".join(chunk.text for chunk in chunks) == response.text
        assert server.requests[1].headers["x-amzn-bedrock-trace"] == "ENABLED"

    async def test_two_values_are_two_answers(self, server: LoopbackServer, tmp_path: Path) -> None:
        request: dict[str, Any] = {"use_cache": True, "temperature": 0}
        async with RESPONSES.client(server.url, cache_dir=str(tmp_path)) as client:
            for value, source in ((SECRET, "miss"), ("other", "miss"), (SECRET, "l1")):
                response = await client.generate_text(
                    RESPONSES.request(**request, extra_headers={"x-tenant": value})
                )
                assert response.cache_source == source
        kept = kept_in(tmp_path)
        assert kept
        assert not any(SECRET in text for text in kept)

    async def test_an_answer_that_repeats_one_is_not_kept(
        self, server: LoopbackServer, tmp_path: Path
    ) -> None:
        server.script(Reply(text=f"you are {SECRET}"), Reply(text="you are nobody"))
        fields: dict[str, Any] = {"use_cache": True, "extra_headers": {"x-tenant": SECRET}}
        async with RESPONSES.client(server.url, cache_dir=str(tmp_path)) as client:
            answers = [await client.generate_text(RESPONSES.request(**fields)) for _ in range(3)]
        assert [answer.cache_source for answer in answers] == ["miss", "miss", "l1"]
        assert SECRET not in str(kept_in(tmp_path))

    @pytest.mark.parametrize("wire", [RESPONSES, CONVERSE], ids=lambda wire: wire.api_type)
    async def test_a_provider_that_repeats_one(
        self,
        wire: Wire,
        server: LoopbackServer,
        spans: InMemorySpanExporter,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="smartllm")
        server.script(*[Reply(status=503, error_message=f"x-tenant was {SECRET}")] * 2)
        events: list[dict[str, Any]] = []
        request = wire.request(extra_headers={"x-tenant": SECRET}, on_progress=events.append)
        async with wire.client(server.url, max_retries=1, trace_content=True) as client:
            with pytest.raises(ProviderError) as caught:
                await client.generate_text(request)
        (span,) = spans.get_finished_spans()
        shown = [str(caught.value), repr(vars(caught.value)), repr(events), caplog.text, str(span.to_json())]
        assert not any(SECRET in text for text in shown)
        assert "x-tenant was [secret]" in str(caught.value)
        assert any(event["event"] == "retry" for event in events)


async def test_a_span_tells_what_was_asked(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    async with RESPONSES.client(server.url) as client:
        asked: dict[str, Any] = {"seed": 7, "stop_sequences": ["END"], "presence_penalty": 0.5}
        for api_type in ("chat_completions", "responses"):  # which takes none of these
            await client.generate_text(RESPONSES.request(model="gpt-4o", api_type=api_type, **asked))
    sent, dropped = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert sent["gen_ai.request.seed"] == 7
    assert sent["gen_ai.request.stop_sequences"] == ("END",)
    assert sent["gen_ai.request.presence_penalty"] == 0.5
    assert not dropped.keys() & {f"gen_ai.request.{name}" for name in asked}
