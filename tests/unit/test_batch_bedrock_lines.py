"""Lines of the files that Bedrock's engine gives back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartllm.runtime.batch.bedrock_lines import read_outcomes
from smartllm.runtime.batch.output_lines import UNREADABLE


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"recordId": "a", "modelOutput": {"x": 1}}, ("a", None, {"x": 1}, None)),
        ({"recordId": "a", "modelOutput": {"x": 1}, "error": None}, ("a", None, {"x": 1}, None)),
        (
            {"recordId": "a", "error": {"errorCode": 429, "errorMessage": "m"}},
            ("a", 429, None, {"code": None, "message": "m"}),
        ),
        (
            {"recordId": "a", "modelOutput": {}, "error": {"errorCode": "500", "errorMessage": "m"}},
            ("a", 500, None, {"code": None, "message": "m"}),
        ),
        (
            {"recordId": "a", "error": {"errorCode": "Odd", "errorMessage": "m"}},
            ("a", None, None, {"code": "Odd", "message": "m"}),
        ),
        ({"recordId": "a", "error": "text"}, ("a", None, None, {"code": None, "message": "text"})),
    ],
)
def test_lines_of_outputs(line: dict[str, Any], told: Any) -> None:
    [found] = read_outcomes([b"\n", json.dumps(line).encode()])
    assert (found.name, found.status, found.body, found.error) == told


def test_lines_that_are_none() -> None:
    lines = [b"{", b"[]", b'{"recordId": 7}', b"[" * 100_000, b'{"recordId": "a", "modelOutput": "x"}']
    *odd, empty = read_outcomes(lines)
    assert [(one.name, one.error and one.error["code"]) for one in odd] == [("", UNREADABLE)] * 4
    assert empty.name == "a"
    assert empty.error is not None
    assert "neither an answer nor an error: x" in empty.error["message"]
