"""A line of results: as JSON data, and as a line that every reader takes for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapped import FRESH, client_of
from pydantic import BaseModel, ValidationError

from smartllm import TextRequest
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.errors import (
    BadRequestError,
    CompileError,
    ConfigError,
    ProviderError,
    RateLimitError,
    RefusalError,
    SmartLLMError,
    UnsupportedError,
)
from smartllm.response import TextResponse
from smartllm.response_json import as_dict
from smartllm.runtime.batch.result_lines import answered, error_data, line_text, status_of, unanswered
from smartllm.testing import FakeTransport, Reply


def response(**fields: Any) -> TextResponse[Any]:
    given: Any = {"text": "hi", "model": "m", "stop_reason": "stop"} | fields
    return TextResponse(**given)


class TestAnAnswer:
    def test_is_what_run_prints_as_json_between_the_line_and_what_it_cost(self) -> None:
        given = response(input_tokens=3, output_tokens=4)
        found = answered(7, given, custom_id="a")
        assert found == {
            "line": 7,
            "custom_id": "a",
            "status": "answered",
            **as_dict(given),
            "cost": None,
        }
        assert list(found)[:4] == ["line", "custom_id", "status", "text"]

    def test_of_the_cache_says_so_and_costs_nothing(self) -> None:
        assert answered(1, response(cache_source="l1"))["cached"] is True
        assert "cached" not in answered(1, response())

    def test_names_the_line_that_was_sent_for_it(self) -> None:
        assert answered(9, response(), same_as=2)["same_as"] == 2
        assert "same_as" not in answered(9, response())
        assert "custom_id" not in answered(9, response())

    async def test_has_a_price_where_one_is_known(self) -> None:
        client = client_of(FakeTransport(Reply(text="hi")), default_model="gpt-4o")
        found = answered(1, await client.generate_text("hello", **FRESH))
        assert found["cost"] > 0
        assert found["usage"]["input_tokens"] > 0


class TestWhatHasNoAnswer:
    def test_of_a_provider_has_all_that_the_provider_said(self) -> None:
        error = RateLimitError(
            "slow down", model="m", status=429, code="rate", request_id="r1", retryable=True, attempts=3
        )
        error.partial_text = "so far"
        assert unanswered(2, error, custom_id="b") == {
            "line": 2,
            "custom_id": "b",
            "status": "failed",
            "error": {
                "type": "RateLimitError",
                "message": "slow down",
                "code": "rate",
                "status": 429,
                "retryable": True,
                "hint": "",
                "request_id": "r1",
                "partial_text": "so far",
                "attempts": 3,
            },
            "diagnostics": [],
        }

    def test_keeps_what_was_paid_for(self) -> None:
        error = BadRequestError("no", model="m")
        error.response = response(text="paid", output_tokens=9)
        told = error_data(error)["response"]
        assert (told["text"], told["usage"]["output_tokens"], told["cost"]) == ("paid", 9, None)

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (CompileError("no such model"), "refused"),
            (UnsupportedError("not here", field="seed"), "refused"),
            (ConfigError("no key"), "refused"),
            (TypeError("odd"), "refused"),
            (ProviderError("broken", model="m"), "failed"),
            (RefusalError("no", model="m", refusal="I will not"), "failed"),
            (RuntimeError("a validator's"), "failed"),
            (SmartLLMError("ended"), "failed"),
        ],
    )
    def test_was_never_sent_or_has_failed(self, error: Exception, status: Any) -> None:
        assert status_of(error) == status
        assert unanswered(1, error)["status"] == status
        assert unanswered(1, error, "expired")["status"] == "expired"

    def test_a_field_that_cannot_be_used_is_named_without_its_value(self) -> None:
        with pytest.raises(ValidationError) as caught:
            TextRequest(prompt="x", temperature="sk-canary")  # type: ignore[arg-type]
        told = error_data(caught.value)
        assert "temperature" in told["message"]
        assert "canary" not in json.dumps(told)
        assert status_of(caught.value) == "refused"

    async def test_an_answer_that_does_not_fit_has_failed(self) -> None:
        class Shape(BaseModel):
            n: int

        client = client_of(FakeTransport(Reply(text='{"n": "many"}')))
        with pytest.raises(ValidationError) as caught:
            await client.generate_text("x", response_format=Shape, **FRESH)
        found = unanswered(1, caught.value)
        assert (found["status"], found["error"]["type"]) == ("failed", "ModelMismatchError")
        assert "many" in found["error"]["response"]["text"]

    def test_may_come_as_data_or_not_at_all(self) -> None:
        told = {"type": "Expired", "message": "late"}
        assert unanswered(1, told, "expired", same_as=4) == {
            "line": 1,
            "status": "expired",
            "same_as": 4,
            "error": told,
            "diagnostics": [],
        }
        assert unanswered(1, told)["status"] == "failed"
        assert "error" not in unanswered(1, None, "waiting")

    def test_tells_what_the_compiler_changed(self) -> None:
        item = Diagnostic(
            "parameter-dropped", "warning", "seed", "dropped", 1, None, "why", Origin("fact", "seed")
        )
        assert unanswered(1, None, diagnostics=[item])["diagnostics"] == [item.as_dict()]
        assert unanswered(1, None, diagnostics=[item.as_dict()])["diagnostics"] == [item.as_dict()]


class TestALineOfText:
    @pytest.mark.parametrize("text", ["a\u2028b", "a\u2029b", "a\u0085b", "a\nb\rc", "a\x1cb\x0bc\x7f"])
    def test_is_one_line_for_every_reader(self, text: str) -> None:
        line = line_text({"text": text})
        assert len(line.splitlines()) == 1
        assert json.loads(line) == {"text": text}

    def test_is_text_in_utf8_and_no_longer_than_need_be(self) -> None:
        assert line_text({"text": "é", "n": 1}) == '{"text":"é","n":1}'
        assert line_text({"text": "a\ud800"}).encode()
        assert json.loads(line_text({"text": "\ud83d\ude00"})) == {"text": "😀"}

    def test_has_no_number_that_json_has_not(self) -> None:
        data = {"a": [float("nan"), (float("inf"), 1.5)], "b": {"c": True, "d": None, "e": object}}
        found = json.loads(line_text(data))
        assert found["a"] == [None, [None, 1.5]]
        assert found["b"]["c"] is True
        assert found["b"]["d"] is None
        assert "object" in found["b"]["e"]
        assert "object" in json.loads(line_text({"e": object}))["e"]
