"""What `get_model_capabilities` tells beside the four words of the first SmartLLM, which tests/seed holds."""

from __future__ import annotations

import dataclasses

import pytest

from smartllm.bedrock.capabilities import ModelCapabilities, get_model_capabilities


@pytest.mark.parametrize(
    ("model", "takes", "caching"),
    [
        ("eu.anthropic.claude-opus-4-7", ("image", "document"), ("marks",)),
        ("anthropic.claude-3-haiku-20240307-v1:0", ("image", "document"), ()),
        ("us.amazon.nova-pro-v1:0", ("image", "document", "video"), ("implicit", "marks")),
        ("mistral.voxtral-small-24b-2507", ("audio",), ()),
        ("us.openai.gpt-5.6-sol", ("image",), ("implicit",)),
        ("what.ever-1", (), ()),
        ("openai.gpt-5.5", (), ()),
    ],
)
def test_what_goes_in_and_how_prompts_are_kept(
    model: str, takes: tuple[str, ...], caching: tuple[str, ...]
) -> None:
    found = get_model_capabilities(model)
    assert (found.takes, found.caching) == (takes, caching)


def test_the_four_words_stay_the_whole_of_repr_and_equality() -> None:
    found = get_model_capabilities("us.amazon.nova-pro-v1:0")
    assert found == ModelCapabilities(found.family, True, True, "none")
    assert "takes" not in repr(found)
    assert "caching" not in repr(found)
    assert [field.name for field in dataclasses.fields(found) if field.repr] == [
        *("family", "accepts_temperature", "accepts_top_p_top_k", "thinking_mode"),
    ]
