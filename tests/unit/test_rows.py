"""Rows of others' tables: requests, the keys by which equal ones meet, and columns of what became of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartllm import ConfigError, LLMConfig, TextRequest
from smartllm import LLMClient as AsyncClient
from smartllm.plugins.rows import COLUMNS, Asked, Refused, check_free, keys, outcomes
from smartllm.sync import LLMClient
from smartllm.testing import LoopbackServer, Reply


def asked(request: Any = "prompt", **fields: Any) -> Asked:
    return Asked("ask", request, {"model": "gpt-5.4", **fields})


def client_of(kind: Any, server: LoopbackServer, **more: Any) -> Any:
    return kind(LLMConfig(provider="openai", api_key="k", base_url=server.openai_base_url, **more))


def test_a_row_is_a_request() -> None:
    found = asked(max_tokens=7).of({"prompt": "hi"})
    assert isinstance(found, TextRequest)
    assert (found.prompt, found.max_tokens) == ("hi", 7)
    own = Asked("ask", lambda row: TextRequest(prompt=row["q"].upper())).of({"q": "hi"})
    assert isinstance(own, TextRequest)
    assert own.prompt == "HI"


@pytest.mark.parametrize("row", [{"prompt": None}, {"prompt": 3}])
def test_a_row_without_a_prompt_is_refused_alone(row: dict[str, Any]) -> None:
    assert isinstance(asked().of(row), Refused)


def test_a_function_that_fails_refuses_its_row_alone() -> None:
    found = asked(lambda row: row["missing"]).of({"prompt": "hi"})
    assert isinstance(found, Refused)
    assert isinstance(found.error, KeyError)


def test_rows_without_the_column_end_it() -> None:
    with pytest.raises(ConfigError, match="request='q': the rows have no such column; they have prompt, n"):
        asked("q").of({"prompt": "hi", "n": 1})


@pytest.mark.parametrize("name", [*COLUMNS, "smartllm_key"])
def test_columns_in_the_way_are_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"a column '{name}' already"):
        check_free("ask", ["prompt", name])
    check_free("ask", ["prompt"])


def test_equal_requests_have_one_key_where_an_answer_serves_both(server: LoopbackServer) -> None:
    client = client_of(AsyncClient, server)
    rows = [{"prompt": prompt} for prompt in ("a", "b", "a", None, None)]
    found = list(keys(client, rows, asked()))
    assert found[0] == found[2] != found[1]
    assert len(set(found)) == 4  # refused ones are spread
    assert list(keys(client, rows, asked())) == found
    assert len(set(keys(client, rows[:1] * 3, asked(use_cache=False)))) == 3
    sampled = asked(temperature=1, model="gpt-4.1")
    assert len(set(keys(client, rows[:1] * 3, sampled))) == 3
    assert found[0] == LLMClient.generate_text(client_of(LLMClient, server), "a", model="gpt-5.4").cache_key
    unknown = asked(model="no-such-model", reasoning_effort="high")
    assert len(list(keys(client, rows, unknown))) == 5


def test_outcomes_stand_beside_their_rows(server: LoopbackServer) -> None:
    server.script(Reply(text="one"), Reply(status=400, error_message="no"))
    rows = [{"prompt": prompt} for prompt in (None, "a", None, None, "b", "c", None)]
    found = list(outcomes(client_of(LLMClient, server, max_concurrent=1), rows, asked()))
    assert [one["status"] for one in found] == [
        "refused", "answered", "refused", "refused", "failed", "answered", "refused",
    ]  # fmt: skip
    assert [one["text"] for one in found] == [None, "one", None, None, None, "echo: c", None]
    assert all(set(one) == set(COLUMNS) for one in found)
    assert json.loads(found[4]["error"] or "")["status"] == 400
    assert json.loads(found[0]["error"] or "")["type"] == "RequestTypeError"
    result = json.loads(found[1]["result"] or "")
    assert (result["text"], result["cache_source"], "line" in result) == ("one", "miss", False)
    assert len(server.requests) == 3
