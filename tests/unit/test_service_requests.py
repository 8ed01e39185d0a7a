"""What a request may say of its answer and of how it is served; no header of it is shown."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from smartllm import Guardrail, TextRequest

SECRET = "canary-0123456789"


def refused(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        TextRequest(prompt="hi", **fields)
    return str(caught.value)


class TestStopSequences:
    def test_one_text_is_a_list_of_one(self) -> None:
        assert TextRequest(prompt="hi", stop_sequences="END").stop_sequences == ["END"]
        assert TextRequest(prompt="hi", stop_sequences=("a", "b")).stop_sequences == ["a", "b"]

    @pytest.mark.parametrize("wrong", [[], [""], "", [3], 7, ["a", None]])
    def test_what_is_none(self, wrong: Any) -> None:
        assert "stop_sequences" in refused(stop_sequences=wrong)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("seed", 2**63),
        ("seed", 1.5),
        ("seed", True),
        ("presence_penalty", 2.5),
        ("frequency_penalty", float("nan")),
        ("top_logprobs", 21),
        ("logprobs", "perhaps"),
        ("service_tier", "ultra"),
        ("reasoning_summary", "long"),
        ("user", ""),
        ("metadata", {"a": 1}),
        ("metadata", {"": "a"}),
        ("metadata", {"a": "b" * 513}),
        ("metadata", {str(number): "a" for number in range(17)}),
    ],
)
def test_values_out_of_range(field: str, wrong: Any) -> None:
    assert field in refused(**{field: wrong})


def test_top_logprobs_beside_a_no() -> None:
    assert "give one of them" in refused(logprobs=False, top_logprobs=2)
    request = TextRequest(prompt="hi", top_logprobs=2)
    with pytest.raises(ValidationError, match="give one of them"):
        request.logprobs = False
    request.logprobs = True


class TestGuardrail:
    def test_a_dict_is_one(self) -> None:
        request = TextRequest(prompt="hi", guardrail={"id": "gr1", "version": "DRAFT", "stream": "async"})
        assert request.guardrail == Guardrail("gr1", "DRAFT", stream="async")
        assert TextRequest(prompt="hi", guardrail=Guardrail("gr1", "1")).guardrail == Guardrail("gr1", "1")
        assert TextRequest.model_validate_json(request.model_dump_json()) == request

    def test_an_arn_is_an_id(self) -> None:
        Guardrail("arn:aws:bedrock:us-east-1:123456789012:guardrail/abc", "3")

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"id": "gr1"}, "version is missing"),
            ({"id": "gr1", "version": "1", "name": "x"}, "'name' is no field of it"),
            ({"id": "GR 1", "version": "1"}, "lower-case letters"),
            ({"id": "g" * 2049, "version": "1"}, "lower-case letters"),
            ({"id": "gr1", "version": 1}, 'such as "3"'),
            ({"id": "gr1", "version": "1", "trace": "on"}, "enabled, disabled, enabled_full"),
            ({"id": "gr1", "version": "1", "stream": "both"}, "sync, async"),
            ("gr1", "it is no guardrail"),
        ],
    )
    def test_what_is_none(self, wrong: Any, said: str) -> None:
        assert said in refused(guardrail=wrong)


class TestHeaders:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"x a": SECRET}, "'x a' is no name of a header"),
            ({7: SECRET}, "7 is no name of a header"),
            ({"Authorization": SECRET}, "keys are settings of the client"),
            ({"Host": SECRET}, "SmartLLM writes it itself"),
            ({"X-A": SECRET, "x-a": SECRET}, "x-a is there twice"),
            ({"x-a": f"{SECRET}\r\nx-b: 1"}, "the value of x-a is not printable"),
            ({"x-a": f" {SECRET}"}, "the value of x-a is not printable"),
            ({"x-a": SECRET.encode()}, "the value of x-a is not printable"),
            ([("x-a", SECRET)], "list is no dict"),
            (SECRET, "str is no dict"),
        ],
    )
    def test_what_is_wrong_is_said_without_its_values(self, wrong: Any, said: str) -> None:
        text = refused(extra_headers=wrong)
        assert said in text
        assert SECRET not in text

    def test_values_are_not_shown(self) -> None:
        request = TextRequest(prompt="hi", extra_headers={"x-a": SECRET, "x-empty": ""})
        assert request.extra_headers == {"x-a": SECRET, "x-empty": ""}
        assert SECRET not in repr(request)
        assert "'x-a': '<hidden>'" in repr(request)

    def test_none_are_none(self) -> None:
        request = TextRequest(prompt="hi", extra_headers=None, guardrail=None, stop_sequences=None)
        assert (request.extra_headers, request.guardrail, request.stop_sequences) == (None, None, None)
