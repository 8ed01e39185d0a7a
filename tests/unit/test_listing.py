"""Listings of models, in the shapes in which servers give them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm.errors import ResponseError
from smartllm.hosts.listing import bedrock_models, openai_models

ONE = {"id": "a", "object": "model", "owned_by": "x"}
FOUNDATION = {"modelSummaries": [{"modelId": "m.a", "modelName": "A"}]}
PROFILE = {"inferenceProfileSummaries": [{"inferenceProfileId": "us.m.a", "status": "ACTIVE"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "models", "id", "name", "modelSummaries", "inferenceProfileSummaries"])
            | st.sampled_from(["modelId", "inferenceProfileId"]),
            inner,
            max_size=3,
        )
    ),
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"object": "list", "data": [ONE]}, [ONE]),
        ([ONE], [ONE]),
        ({"data": []}, []),
        ({"data": None}, []),
        ({"models": [{"name": "qwen"}], "data": [ONE]}, [ONE]),
        ({"models": [{"name": "qwen", "size": 5}]}, [{"name": "qwen", "size": 5, "id": "qwen"}]),
        ({"models": [{"model": "qwen"}]}, [{"model": "qwen", "id": "qwen"}]),
    ],
)
def test_shapes_of_openai_like_servers(body: Any, found: list[dict[str, Any]]) -> None:
    assert openai_models(body) == found
    assert openai_models(json.dumps(body).encode()) == found


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b"5",
        b'"data"',
        b"{}",
        {"data": {}},
        {"data": "a"},
        {"data": [5]},
        {"data": ["a"]},
        {"data": [{"id": 5}]},
        {"data": [ONE, {}]},
        {"error": {"message": "no"}},
    ],
)
def test_what_is_no_listing(body: Any) -> None:
    with pytest.raises(ResponseError, match="not a listing of models") as caught:
        openai_models(body, request_id="r", address="http://h/v1/models")
    error = caught.value
    assert (error.status, error.request_id, error.address) == (200, "r", "http://h/v1/models")
    assert (error.retryable, error.__cause__) == (False, None)
    assert "points at the API itself" in error.hint
    assert len(error.message) < 1000


def test_both_listings_of_bedrock() -> None:
    found = bedrock_models(FOUNDATION, PROFILE)
    assert [item["id"] for item in found] == ["m.a", "us.m.a"]
    assert found[0]["modelName"] == "A"
    pages = [json.dumps(PROFILE).encode(), PROFILE, {"inferenceProfileSummaries": None}]
    assert [item["id"] for item in bedrock_models(json.dumps(FOUNDATION), pages)] == [
        "m.a",
        "us.m.a",
        "us.m.a",
    ]
    assert bedrock_models(FOUNDATION, []) == found[:1]


@pytest.mark.parametrize(
    ("foundation", "profiles"),
    [
        (b"<html>", PROFILE),
        ({}, PROFILE),
        ([], PROFILE),
        ({"modelSummaries": [{}]}, PROFILE),
        ({"modelSummaries": {}}, PROFILE),
        (FOUNDATION, {}),
        (FOUNDATION, None),
        (FOUNDATION, [b"\xff"]),
        (FOUNDATION, {"inferenceProfileSummaries": [{"inferenceProfileId": None}]}),
    ],
)
def test_what_is_no_listing_of_bedrock(foundation: Any, profiles: Any) -> None:
    with pytest.raises(ResponseError, match="not a listing of models"):
        bedrock_models(foundation, profiles)


@given(JSON | st.binary(), JSON)
def test_nothing_ends_in_a_bare_error(one: Any, two: Any) -> None:
    found = list[dict[str, Any]]()
    with contextlib.suppress(ResponseError):
        found += openai_models(one)
    with contextlib.suppress(ResponseError):
        found += bedrock_models(one, two)
    assert all(isinstance(item["id"], str) for item in found)
