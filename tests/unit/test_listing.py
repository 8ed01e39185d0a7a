"""Listings of models, in the shapes in which servers give them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm.errors import ResponseError
from smartllm.hosts.listing import bedrock_models, list_anthropic, list_mantle, openai_models

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


# Pages of Anthropic's


class Pages:
    """A provider's side: gives the pages in order, and keeps what was asked."""

    def __init__(self, *pages: Any) -> None:
        self.pages = [*pages]
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    async def get(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None, /
    ) -> Any:
        """The next page; the last one again and again."""
        self.asked.append((path, dict(query), dict(headers or {})))
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def claude(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "lifecycle": "active"}


async def test_every_page_is_read() -> None:
    pages = Pages(
        {"data": [claude("a"), claude("b")], "has_more": True, "first_id": "a", "last_id": "b"},
        {"data": [claude("c")], "has_more": False, "first_id": "c", "last_id": "c"},
    )
    found = await list_anthropic(pages.get)
    assert [row["id"] for row in found] == ["a", "b", "c"]
    assert found[0]["lifecycle"] == "active"
    version = {"anthropic-version": "2023-06-01"}
    assert pages.asked == [
        ("/v1/models", {"limit": "1000"}, version),
        ("/v1/models", {"limit": "1000", "after_id": "b"}, version),
    ]


@pytest.mark.parametrize(
    "page",
    [
        {"data": [claude("a")]},
        {"data": [claude("a")], "has_more": True},
        {"data": [claude("a")], "has_more": True, "last_id": None},
        {"data": [claude("a")], "has_more": True, "last_id": ""},
        {"data": [claude("a")], "has_more": "yes", "last_id": "a"},
        [claude("a")],
    ],
)
async def test_the_last_page(page: Any) -> None:
    pages = Pages(page)
    assert await list_anthropic(pages.get) == [claude("a")]
    assert len(pages.asked) == 1


async def test_a_server_that_gives_one_page_for_ever() -> None:
    pages = Pages({"data": [claude("a")], "has_more": True, "last_id": "a"})
    assert len(await list_anthropic(pages.get)) == 2
    assert len(pages.asked) == 2


async def test_a_server_that_never_ends() -> None:
    pages = Pages(*({"data": [claude("a")], "has_more": True, "last_id": str(n)} for n in range(500)))
    assert len(await list_anthropic(pages.get)) == 100


async def test_a_page_that_is_none() -> None:
    pages = Pages({"data": [claude("a")], "has_more": True, "last_id": "a"}, b"<html>")
    with pytest.raises(ResponseError, match="not a listing of models"):
        await list_anthropic(pages.get)


async def test_the_second_endpoint_of_bedrock() -> None:
    row = {"id": "openai.gpt-oss-120b", "object": "model", "data_retention": {"mode": "none"}}
    pages = Pages({"object": "list", "data": [row]})
    assert await list_mantle(pages.get) == [row]
    assert pages.asked == [("/v1/models", {}, {})]


@given(JSON | st.binary(), JSON)
def test_nothing_ends_in_a_bare_error(one: Any, two: Any) -> None:
    found = list[dict[str, Any]]()
    with contextlib.suppress(ResponseError):
        found += openai_models(one)
    with contextlib.suppress(ResponseError):
        found += bedrock_models(one, two)
    assert all(isinstance(item["id"], str) for item in found)
