"""Whom a refusal names: who takes what the target does not."""

from __future__ import annotations

import pytest
from media_samples import MP3
from model_ids import over

import smartllm
from smartllm import MessageRequest, UnsupportedError
from smartllm.content import Audio, Image
from smartllm.request import Message
from smartllm.words import ApiType

HEARS = (
    '[profile.hears]\nextends = "gpt-4o"\ninput.audio = { sources = ["data"], formats = ["audio/mpeg"] }\n'
)
READS = HEARS.replace("input.audio", "wire.openai_responses.input.audio")
ENDING = 'lifecycle = { state = "legacy", shutdown = 2099-01-01 }'
GONE = 'lifecycle = { state = "retired", shutdown = 2020-01-01 }'


def others(text: str, model: str = "gpt-4o", api_type: ApiType = "chat_completions") -> str:
    """Whom the refusal of a sound names."""
    turn = Message("user", [Audio(data=MP3), "?"])
    request = MessageRequest(messages=[turn], api_type=api_type)
    with pytest.raises(UnsupportedError) as caught:
        smartllm.compile(request, provider="openai", model=model, rules=over(text))
    return caught.value.hint.partition("others take it: ")[2]


def rows(**models: str) -> str:
    return "[model]\n" + "".join(
        f'{name} = {{ profile = "hears", {about} }}\n' for name, about in models.items()
    )


def test_three_the_newest_first() -> None:
    named = "[model]\n" + "".join(f'gpt-a{number} = "hears"\n' for number in range(1, 6))
    assert others(HEARS + named) == "gpt-a5, gpt-a4, gpt-a3"


def test_those_of_the_vendor_before_newer_ones() -> None:
    named = '[model]\ngpt-a1 = "hears"\nmine-9 = "hears"\n'
    vendor = '[vendor.acme]\nhost = "openai"\nfamilies = ["mine"]\nlatest = "hears"\n'
    assert others(HEARS + vendor + named) == "gpt-a1, mine-9"
    assert others(HEARS + vendor + named, model="gpt-77") == "gpt-a1, mine-9"  # no row lists this one


def test_those_whose_end_is_announced_only_where_no_others_are() -> None:
    ending = rows(**{f"gpt-a{number}": ENDING for number in range(1, 6)})
    assert others(HEARS + ending) == "gpt-a5, gpt-a4, gpt-a3"
    assert others(f'{HEARS}{ending}gpt-a0 = "hears"\n') == "gpt-a0"
    assert others(f'{HEARS}[model]\ngpt-b0 = "hears"\n{ending.partition(chr(10))[2]}') == "gpt-b0"


def test_none_that_is_gone_or_cannot_be_read() -> None:
    assert others(HEARS + rows(**{"gpt-a1": GONE})) == ""
    assert others(f'{HEARS}[model]\ngpt-a1 = "nowhere"\ngpt-a2 = "hears"\n') == "gpt-a2"


def test_the_api_by_which_they_take_it() -> None:
    assert others(f'{READS}[model]\ngpt-a1 = "hears"\n') == 'gpt-a1 with api_type="responses"'
    assert others(f'{READS}[model]\ngpt-a1 = "hears"\n', api_type="responses") == "gpt-a1"
    both = f'{HEARS}[model]\ngpt-a1 = "hears"\n'
    assert others(both) == others(both, api_type="responses") == "gpt-a1"


def test_the_model_itself_before_all_others() -> None:
    named = '[model]\ngpt-a1 = "hears"\ngpt-a2 = "hears"\n'
    assert others(READS + named, model="gpt-a1") == 'gpt-a1 with api_type="responses"'


def test_none_that_knows_the_format_and_takes_none_of_the_kind() -> None:
    deaf = '[profile.deaf]\nextends = "gpt-4o"\ninput.audio = { sources = [], formats = ["audio/mpeg"] }\n'
    asking = HEARS.replace("hears", "asking").replace("mpeg", "wav")
    named = '[model]\ngpt-a0 = "asking"\ngpt-a1 = "deaf"\n'
    assert others(deaf + asking + named, model="gpt-a0") == ""
    assert others(f'{HEARS}{deaf}{asking}{named}gpt-a2 = "hears"\n', model="gpt-a0") == "gpt-a2"


def test_what_no_fact_refuses_is_told_without_a_row() -> None:
    request = MessageRequest(messages=[Message("user", [Image(s3="s3://bucket/cat"), "?"])])
    with pytest.raises(UnsupportedError) as caught:
        smartllm.compile(request, model="amazon.nova-pro-v1:0")
    assert caught.value.message.endswith("its address does not tell it")
