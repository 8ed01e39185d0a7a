"""What is read of each catalogue, from small archives in its form."""

from __future__ import annotations

import ast
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from catalogues import prices, read, said
from drift.archives import DriftError
from drift.readers import CATALOGUES
from drift.readers.literals import argument, assigned, bound, calls, literal_types, object_keys

from smartllm.words import EFFORTS


def test_litellm_says_what_its_price_map_says_of_models_that_answer_with_text(tmp_path: Path) -> None:
    rows: dict[str, dict[str, Any]] = {
        "us.acme.rocket-2": {
            "max_output_tokens": 10,
            "max_input_tokens": 20,
            "supports_vision": True,
            "supports_max_reasoning_effort": True,
            "supports_none_reasoning_effort": False,
            "deprecation_date": "2027-01-02",
            "deprecation_source": "https://example.com/ends",
            "source": "https://example.com/card",
        },
        "rocket-3": {
            "litellm_provider": "openai",
            "supported_endpoints": ["/v1/responses", "/v1/batch"],
            "supports_response_schema": False,
            "reasoning_effort_levels": ["low"],
            "source": "https://example.com/pricing",
        },
        "bedrock_mantle/acme.rocket-4": {"litellm_provider": "bedrock_mantle", "mode": "responses"},
        "bedrock_mantle/eu-west-1/acme.rocket-6": {
            "litellm_provider": "bedrock_mantle",
            "supported_endpoints": ["/v1/chat/completions"],
        },
        "azure/us/rocket-7": {
            "litellm_provider": "azure",
            "supported_endpoints": ["/v1/responses"],
            "deprecation_date": "2027-01-02",
            "successor_model": "rocket-8",
        },
        "bedrock/eu-west-1/acme.rocket-2": {},
        "ft:rocket-3": {"litellm_provider": "openai"},
        "acme.painter": {"mode": "image_generation"},
        "acme.speaker": {"supports_audio_output": True},
        "acme.drawer": {"supported_output_modalities": ["text", "image"]},
        "other/rocket": {"litellm_provider": "elsewhere"},
        "rocket-9": {"litellm_provider": "elsewhere"},
        "acme.rocket-5": {"supports_native_structured_output": False},
    }
    claims = read("litellm", tmp_path, prices(rows))
    levels = {level: level == "low" for level in EFFORTS}
    assert said(claims) == {
        ("bedrock", "us.acme.rocket-2"): {
            "limits.max_output": 10,
            "limits.input": 20,
            "effort.levels": {"none": False, "max": True},
            "lifecycle.shutdown": dt.date(2027, 1, 2),
            "input.image": True,
        },
        ("openai", "rocket-3"): {
            "endpoints": ["openai_responses"],
            "structured.native": False,
            "effort.levels": levels,
        },
        ("bedrock-mantle", "acme.rocket-4"): {},
        ("bedrock-mantle", "acme.rocket-6"): {"endpoints": ["openai_chat"]},
        # Of a model that has no end yet, Azure says both.
        ("azure", "rocket-7"): {"lifecycle.end": dt.date(2027, 1, 2)},
        ("bedrock", "acme.rocket-5"): {},  # what its own map denies may be had by the provider's own field
    }
    first, second, *_ = claims
    assert first.cited("lifecycle.shutdown") == "https://example.com/ends"
    assert first.cited("input.image") == "https://example.com/card"
    assert second.cited("effort.levels") is None  # a page of prices speaks of no effort


def roster(**row: Any) -> dict[str, Any]:
    text = {"input": True, "output": True}
    nothing = {"input": None, "output": None}
    says = dict.fromkeys(
        ("default_effort", "streaming", "structured_outputs", "tool_calling", "pdf_input", "prompt_caching")
    )
    return {
        "model_id": "rocket-3",
        "endpoints": {"responses": True},
        "modalities": {"text": text, "image": nothing},
        "capabilities": {"reasoning_efforts": None, **says},
        "max_output_tokens": 10,
        "context_window": 20,
        "shutdown_date": None,
        "sources": {"documentation": "https://example.com/rocket-3"},
    } | row


def test_modelroster_says_what_pages_say_and_of_bare_listings_the_date_alone(tmp_path: Path) -> None:
    nothing = {"input": None, "output": None}
    rows = [
        roster(),
        roster(
            model_id="rocket-2",
            endpoints={},
            modalities={"text": nothing, "image": nothing},
            shutdown_date="2026-10-23",
        ),
        roster(
            model_id="rocket-5",
            endpoints={},
            capabilities=roster()["capabilities"] | {"reasoning_efforts": ["low"]},
        ),
        roster(model_id="painter", modalities={"image": {"input": True, "output": True}}),
        roster(model_id="embedder", endpoints={"embeddings": True}),
    ]
    files = {
        "modelroster/data/openai.json": json.dumps({"models": {row["model_id"]: row for row in rows}}),
        "modelroster/data/anthropic.json": json.dumps({"models": {}}),
    }
    claims = read("modelroster", tmp_path, files)
    assert said(claims) == {
        ("openai", "rocket-3"): {
            "limits.max_output": 10,
            "limits.context": 20,
            "endpoints": ["openai_responses"],
        },
        ("openai", "rocket-2"): {"lifecycle.shutdown": dt.date(2026, 10, 23)},
        ("openai", "rocket-5"): {
            "limits.max_output": 10,
            "limits.context": 20,
            "effort.levels": {level: level == "low" for level in EFFORTS},
        },
    }
    assert [item.callable for item in claims] == [True, False, True]
    assert claims[0].page == "https://example.com/rocket-3"


def test_genai_prices_is_read_from_its_source_and_lists_nothing(tmp_path: Path) -> None:
    text = """
providers = [
    Provider(id='aws', models=[
        ModelInfo(id='us.acme.rocket-2', context_window=20, deprecated=True,
                  price_comments='Checked. Refs: https://example.com/card, https://example.com/other.'),
        ModelInfo(id='acme.rocket-3'),
    ]),
    Provider(id='elsewhere', models=[ModelInfo(id='rocket-9', context_window=1)]),
]
"""
    claims = read("genai-prices", tmp_path, {"genai_prices/data.py": text})
    assert said(claims) == {
        ("bedrock", "us.acme.rocket-2"): {"limits.input": 20, "lifecycle.ended": True},
        ("bedrock", "acme.rocket-3"): {},
    }
    assert [item.callable for item in claims] == [False, False]
    assert claims[0].page == "https://example.com/card"


def test_the_sdk_of_openai_tells_ids_and_the_days_in_its_docstrings(tmp_path: Path) -> None:
    chat = '''
ChatModel: TypeAlias = Literal["rocket-3", "rocket-2", "rocket-2-mini", "rocket-none"]
"""Deprecated values:

- "rocket-2", "rocket-2-mini": Announced shutdown
  date: 2027-04-01. See https://example.com/ends for details.
- "rocket-none": Not a supported model ID.
"""
'''
    files = {
        "openai/types/shared/chat_model.py": chat,
        "openai/types/shared/responses_model.py": 'M = Union[str, ChatModel, Literal["rocket-pro"]]\n',
    }
    claims = read("openai-sdk", tmp_path, files)
    end = {"lifecycle.shutdown": dt.date(2027, 4, 1)}
    assert said(claims) == {
        ("openai", "rocket-3"): {},
        ("openai", "rocket-2"): end,
        ("openai", "rocket-2-mini"): end,
        ("openai", "rocket-pro"): {},
    }
    assert [item.page for item in claims] == [
        None,
        "https://example.com/ends",
        "https://example.com/ends",
        None,
    ]


def test_the_sdk_of_anthropic_tells_ids_and_its_list_of_ends(tmp_path: Path) -> None:
    files = {
        "anthropic/types/model.py": 'Model = Union[Literal["rocket-3", "rocket-2"], str]\n',
        "anthropic/_data/deprecated_models.py": (
            'DEPRECATED_MODELS: Dict[str, str] = {"rocket-2": "June 1st, 2026", "rocket-1": "soon"}\n'
        ),
    }
    assert said(read("anthropic-sdk", tmp_path, files)) == {
        ("anthropic", "rocket-3"): {},
        ("anthropic", "rocket-2"): {"lifecycle.shutdown": dt.date(2026, 6, 1)},
        ("anthropic", "rocket-1"): {},
    }


def test_the_sdk_of_anthropic_may_have_no_ends(tmp_path: Path) -> None:
    files = {
        "anthropic/types/model.py": 'Model = Union[Literal["rocket-3"], str]\n',
        "anthropic/_data/deprecated_models.py": "OTHER = {}\n",
    }
    assert said(read("anthropic-sdk", tmp_path, files)) == {("anthropic", "rocket-3"): {}}


def test_pydantic_ai_tells_ids_with_their_hosts_and_efforts(tmp_path: Path) -> None:
    profiles = """
_HIGH: frozenset[str] = frozenset(('high', 'max'))
_PLAIN = _ReasoningSupport(enabled_by_default=False, can_be_disabled=True)

_REASONING_SUPPORT_BY_PREFIX: dict[str, _ReasoningSupport] = {
    'rocket-3': _ReasoningSupport(enabled_by_default=True, can_be_disabled=False, efforts=_HIGH),
    'rocket-2': _PLAIN,
    'rocket-1': _ReasoningSupport(enabled_by_default=True, can_be_disabled=True),
    'rocket-0': _ReasoningSupport(enabled_by_default=False, can_be_disabled=False),
}
"""
    files = {
        "pydantic_ai/profiles/openai.py": profiles,
        "pydantic_ai/models/_known_model_names.py": (
            "K = Literal['openai:rocket-3', 'bedrock:us.acme.rocket-2', 'elsewhere:rocket-9']\n"
        ),
        "pydantic_ai/models/bedrock.py": "N = Literal['eu.acme.rocket-2', 'tool_use', 'tool-use', 'v1.0']\n",
    }
    claims = read("pydantic-ai", tmp_path, files)
    assert [(item.host, item.model) for item in claims if item.callable] == [
        ("openai", "rocket-3"),
        ("bedrock", "us.acme.rocket-2"),
        ("bedrock", "eu.acme.rocket-2"),
    ]
    levels = {level: level in {"high", "max"} for level in EFFORTS}
    assert said([item for item in claims if not item.callable]) == {
        ("openai", "rocket-3"): {"effort.levels": levels, "thinking.always": True},
        ("openai", "rocket-2"): {"effort.levels": {"none": True}, "thinking.always": False},
        ("openai", "rocket-1"): {"effort.levels": {"none": True}, "thinking.always": False},
        ("openai", "rocket-0"): {"effort.levels": {"none": False}, "thinking.always": False},
    }


@pytest.mark.parametrize(("name", "host"), [("langchain-aws", "bedrock"), ("langchain-openai", "openai")])
def test_langchain_tells_limits_and_what_is_taken(name: str, host: str, tmp_path: Path) -> None:
    text = """
_PROFILES: dict[str, dict[str, Any]] = {
    "rocket-2": {"text_outputs": True, "max_input_tokens": 20, "max_output_tokens": 0, "temperature": False,
                 "status": "deprecated", "reasoning_effort_levels": ["low", "max"]},
    "rocket-3": {"text_outputs": True, "max_input_tokens": 0, "max_output_tokens": 10, "status": "beta"},
    "painter": {"text_outputs": True, "image_outputs": True},
    "speaker": {"text_outputs": True, "audio_outputs": True},
    "embedder": {"text_outputs": False},
}
"""
    found = said(read(name, tmp_path, {f"{name.replace('-', '_')}/data/_profiles.py": text}))
    levels = {level: level in {"low", "max"} for level in EFFORTS}
    assert found == {
        (host, "rocket-2"): {
            "limits.input": 20,
            "effort.levels": levels,
            "lifecycle.ended": True,
            "sampling": False,
        },
        (host, "rocket-3"): {"limits.max_output": 10},
    }


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_package_without_its_catalogue_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(DriftError, match="its reader needs a look"):
        read(name, tmp_path, {"other/readme.txt": "moved"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "holds no claim"),
        ("[1]", r"AttributeError"),
        ('{"a": 1}', r"AttributeError"),
        ("nonsense", "JSONDecodeError"),
    ],
)
def test_a_catalogue_in_another_form_is_told(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(DriftError, match=f"{why}.*"):
        read("litellm", tmp_path, {"litellm/model_prices_and_context_window_backup.json": text})


def test_of_a_module_of_python_only_what_is_written_out_is_read() -> None:
    text = """
from typing import Literal
import typing
later: int
table.field = {"no": 1}
rows = more = {"a": 1}
Known = Literal["rocket-2", 3, None]
Other = typing.Other["rocket-9"]
typing.Model(id="rocket-9")
Model(id="rocket-2")(id="rocket-9")
"""
    assert set(bound(text)) == {"rows", "more", "Known", "Other"}
    assert (assigned(text, "more"), assigned(text, "later")) == ({"a": 1}, None)
    assert [*literal_types(text)] == ["rocket-2"]
    (call,) = calls(ast.parse(text), "Model")
    assert (argument(call, "id"), argument(call, "name")) == ("rocket-2", None)


def test_of_a_module_of_typescript_without_the_object_nothing_is_read() -> None:
    text = "const rows: Rows = {\n  'rocket-2': {\n  },\n};\n"
    assert [*object_keys(text, "rows")] == ["rocket-2"]
    assert [*object_keys(text, "other")] == []


def test_catalogues_cite_pages_and_name_packages_once() -> None:
    assert all(row.page.startswith("https://") for row in CATALOGUES.values())
    assert len({row.package for row in CATALOGUES.values()}) == len(CATALOGUES)
