"""How ``smartllm verify`` asks about made facts: the wish, what is granted for it, and what is not asked."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
from verified import WIRES, To, made_checks

from smartllm.verify.asks.limits import numbers
from smartllm.verify.question import Seen

GPT, CHAT, CLAUDE, NOVA = WIRES
ADAPTIVE = {"thinking__modes": ["adaptive"]}
SAYS = " from the provider: "


def wished(to: To, fact: str, part: str = "", **facts: Any) -> dict[str, Any]:
    """The fields of the request that asks, without what says nothing."""
    found = {one.part: one for one in made_checks(to, **facts)[fact].questions}[part]
    return {name: value for name, value in found.wish.fields.items() if value is not None}


def granted(to: To, fact: str, part: str = "", **facts: Any) -> dict[str, Any]:
    """The facts under which it is compiled."""
    return dict({one.part: one for one in made_checks(to, **facts)[fact].questions}[part].grant)


def parts(to: To, fact: str, **facts: Any) -> list[str]:
    return [question.part for question in made_checks(to, **facts)[fact].questions]


class TestWishes:
    def test_at_the_output_limit_the_answer_is_streamed_where_it_can_be(self) -> None:
        limit = {"limits__max_output": 900}
        assert parts(NOVA, "limits.max_output", **limit) == ["at", "over", "far"]
        for part, tokens in (("at", 900), ("over", 901), ("far", 50_000_000)):
            assert wished(NOVA, "limits.max_output", part, **limit) == {"stream": True, "max_tokens": tokens}
            assert granted(NOVA, "limits.max_output", part, **limit) == {"limits.max_output": tokens}
        assert wished(NOVA, "limits.max_output", "at", **limit, streaming=False) == {"max_tokens": 900}
        assert all(one.whole for one in made_checks(NOVA, **limit)["limits.max_output"].questions)
        assert wished(GPT, "limits.min_output", limits__min_output=16) == {"max_tokens": 15}

    def test_modes_and_levels(self) -> None:
        assert wished(CLAUDE, "thinking.modes", "budget") == {"budget_tokens": 1024}
        assert wished(CLAUDE, "thinking.modes", "adaptive") == {"reasoning_effort": "low"}
        assert granted(CLAUDE, "thinking.modes", "adaptive") == {
            "thinking.modes": ["adaptive"],
            "effort.levels": ["low", "high"],
        }
        bare = granted(CLAUDE, "thinking.modes", "budget", **ADAPTIVE, effort={"levels": ["none", "max"]})
        assert bare == {
            "thinking.modes": ["budget"],
            "effort.levels": ["max"],
            "effort.budgets": {"low": 1024},
        }
        none = granted(CLAUDE, "thinking.modes", "budget", thinking={}, effort={})
        assert none["effort.levels"] == ["low"]
        assert parts(CLAUDE, "effort.levels", **ADAPTIVE) == ["low", "medium", "high", "xhigh", "max"]
        off = {**ADAPTIVE, "thinking__default": "on", "thinking__off": "disabled"}
        assert parts(CLAUDE, "thinking.off", **off) == ["disabled"]
        assert parts(GPT, "effort.levels")[:2] == ["none", "minimal"]
        assert wished(CLAUDE, "thinking.min_budget", "below") == {"budget_tokens": 1023}

    def test_a_parameter_that_the_table_takes_is_asked_for(self) -> None:
        usual = {"sampling": "always", "temperature__accepted": False}
        assert wished(NOVA, "sampling", "thinking off", **usual) == {"top_p": 0.9}
        assert wished(NOVA, "sampling", "thinking off", sampling="always") == {"temperature": 0.5}
        thinks = {"sampling": "always", "temperature__thinking": [1.0, 1.0], "top_p__thinking": [0.95, 1.0]}
        assert wished(CLAUDE, "sampling", "thinking on", **thinks) == {"budget_tokens": 1024, "top_p": 0.95}
        assert wished(CLAUDE, "sampling", "thinking off", **thinks) == {"temperature": 0.5}
        pairs = [["temperature", "top_p"], ["temperature", "top_k"]]
        both = granted(NOVA, "exclusive", "temperature+top_p", sampling="always", exclusive=pairs)
        assert both == {"exclusive": pairs[1:]}

    def test_what_goes_with_it(self) -> None:
        probe = {"metadata": {"probe": "1"}}
        assert wished(GPT, "metadata.accepted") == probe
        assert wished(GPT, "metadata.accepted", metadata__needs_store=True) == {**probe, "store": True}
        assert wished(GPT, "top_logprobs.accepted", logprobs__accepted=True) == {
            "logprobs": True,
            "top_logprobs": 2,
        }
        stops = wished(GPT, "stop_sequences.max", stop_sequences={"accepted": True, "max": 32})
        assert len(stops["stop_sequences"]) == 33
        shown = {"reasoning_summary": {"shown": True, "levels": ["auto"]}}
        assert parts(GPT, "reasoning_summary.levels", **shown) == ["auto", "concise", "detailed"]

    def test_tiers_and_which_of_them_cost_more(self) -> None:
        for to, names in ((GPT, "flex priority scale reserved"), (NOVA, "default flex priority reserved")):
            found = made_checks(to)["service_tier.values"].questions
            assert [one.part for one in found] == names.split()
            assert {one.part for one in found if not one.costly} == {*names.split()} & {"default", "flex"}

    def test_tools_are_asked_for_where_the_model_may_have_them(self) -> None:
        quiet = {"tools__functions": "effort-none"}
        assert wished(GPT, "tools.parallel", **quiet)["reasoning_effort"] == "none"
        assert "reasoning_effort" not in wished(GPT, "tools.parallel")
        assert parts(GPT, "tools.forced", **quiet) == ["thinking off"]
        assert wished(GPT, "tools.custom")["tools"][0]["name"] == "free"
        assert wished(CHAT, "tools.custom")["tools"][0]["custom"]["name"] == "free"
        assert granted(GPT, "tools.strict", tools__strict="accepted") == {}

    def test_marks_and_media_are_granted(self) -> None:
        few = {"caching": {"points": 2, "where": ["system"]}}
        assert granted(NOVA, "caching.where", "messages", **few)["caching.points"] == 2
        assert granted(NOVA, "caching.points")["caching.points"] == 4
        assert granted(GPT, "caching.breakpoints", caching__points=2)["caching.points"] == 2
        assert granted(GPT, "caching.breakpoints")["caching.points"] == 4
        assert granted(NOVA, "input.image.sources", "data")["input.image.formats"] == ["image/png"]
        known = granted(NOVA, "input.image.sources", "data", input__image__formats=["image/png"])
        assert "input.image.formats" not in known

    def test_a_name_without_a_prefix(self) -> None:
        ids = {"prefixes": ["us"], "bare": "refused"}
        for name in ("acme.rocket-1", ""):
            (one,) = made_checks(NOVA, ids={**ids, "name": name})["ids.bare"].questions
            assert one.wish.model == (name or "nova-pro")
        unknown = made_checks(NOVA, ids={"prefixes": ["us"]})["ids.bare"]
        assert unknown.settle({}) == {"ids.bare": "unknown"}


def part(kind: str) -> bytes:
    """The bytes that ask whether a kind of media is taken."""
    (one,) = made_checks(NOVA)[f"input.{kind}.sources"].questions
    data = getattr(one.wish.parts[0], "data", None)
    assert isinstance(data, bytes)
    return data


class TestMedia:
    """A refusal of what no reader could read would tell nothing."""

    def test_the_page_is_found_by_its_table_of_objects(self) -> None:
        text = part("document")
        table = text[int(text.rpartition(b"startxref\n")[2].split()[0]) :].splitlines()
        assert table[:2] == [b"xref", b"0 4"]
        assert b"/Size 4" in table[7]
        places = [int(line.split()[0]) for line in table[3:6]]
        assert [text[place:].split()[:3] for place in places] == [
            [b"%d" % number, b"0", b"obj"] for number in (1, 2, 3)
        ]

    def test_the_sound_is_a_quarter_of_a_second(self) -> None:
        with wave.open(io.BytesIO(part("audio"))) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            assert sound.getnframes() == 2000
            assert len(sound.readframes(3000)) == 4000

    def test_the_picture_is_one(self) -> None:
        assert part("image").startswith(b"\x89PNG\r\n")


class TestNumbersInRefusals:
    @pytest.mark.parametrize(
        ("seen", "found"),
        [
            ({"over": Seen(True), "far": Seen(False, f"400{SAYS}at most 1200 tokens")}, 1200),
            ({"over": Seen(True), "far": Seen(False, "at most 1200 tokens")}, 1200),
            ({"over": Seen(True), "far": Seen(False, f"400{SAYS}1200, or 2400 in batches")}, None),
            ({"over": Seen(True), "far": Seen(False, f"400{SAYS}not 800")}, None),
            ({"over": Seen(True), "far": Seen(True, f"400{SAYS}1200")}, None),
            ({"over": Seen(True), "far": Seen(None, f"400{SAYS}1200")}, None),
            ({"at": Seen(False, f"400{SAYS}at most 500"), "over": Seen(False)}, 500),
            ({"at": Seen(False, f"400{SAYS}at most 1200"), "over": Seen(False)}, None),
            ({"at": Seen(False, f"400{SAYS}not 900"), "over": Seen(False)}, None),
            ({"over": Seen(True), "far": Seen(False, f"400{SAYS}not 900")}, None),
        ],
        ids=["said", "bare", "two", "less", "taken", "untold", "lower", "more", "the same", "not it"],
    )
    def test_the_output_limit(self, seen: dict[str, Seen], found: int | None) -> None:
        check = made_checks(NOVA, limits__max_output=900)["limits.max_output"]
        assert check.settle(seen) == ({} if found is None else {"limits.max_output": found})

    @pytest.mark.parametrize(
        ("words", "found"),
        [("at least 2048", 2048), ("at least 512", None), ("1024", None), ("2048 or 4096", None)],
    )
    def test_the_smallest_budget(self, words: str, found: int | None) -> None:
        check = made_checks(CLAUDE)["thinking.min_budget"]
        seen = {"at": Seen(False, f"400{SAYS}{words}"), "below": Seen(False)}
        assert check.settle(seen) == ({} if found is None else {"thinking.min_budget": found})

    def test_which_can_be_limits(self) -> None:
        assert numbers("255 256 49999999 50000000") == [256, 49_999_999]


ABSENT: list[tuple[To, str, dict[str, Any]]] = [
    (GPT, "caching.retention", {"caching__breakpoints": True}),
    (GPT, "stop_sequences.max", {"stop_sequences__accepted": True}),
    (GPT, "tools.choice", {"tools__forced": "never"}),
    (GPT, "tools.parallel", {"tools__functions": "never"}),
    (GPT, "tools.forced", {"tools__functions": "never"}),
    (GPT, "tools.streaming", {"streaming": False}),
    (GPT, "stop_sequences.max", {"stop_sequences": {"accepted": True, "max": 33}}),
    (GPT, "thinking.modes", {"effort__levels": []}),
    (GPT, "reasoning_summary.levels", {"thinking": {}}),
    (NOVA, "reasoning_summary.levels", {"thinking": {"modes": ["effort"]}, "effort__levels": ["low"]}),
    (NOVA, "caching.ttls", {"caching": {"points": 4, "where": ["system"]}}),
    (GPT, "top_logprobs.accepted", {}),
    (CLAUDE, "temperature.thinking", {"sampling": "effort-none", "temperature__thinking": [1.0, 1.0]}),
    (CLAUDE, "temperature.thinking", {"sampling": "always", "temperature__thinking": [0.5, 1.0]}),
    (GPT, "limits.min_output", {"limits__min_output": 1}),
    (GPT, "messages.system_turns", {"system": "user"}),
    (GPT, "reasoning_summary.levels", {"reasoning_summary__shown": True}),
    (CLAUDE, "thinking.off", {}),
    (CLAUDE, "effort.levels", {}),
    (CLAUDE, "thinking.min_budget", {"thinking__min_budget": 1}),
    (CLAUDE, "reasoning_summary.levels", {}),
    (NOVA, "thinking.modes", {}),
    (NOVA, "temperature.max", {"sampling": "always"}),
    (NOVA, "temperature.accepted", {}),
    (NOVA, "ids.bare", {"ids__name": "acme.rocket-1"}),
]


@pytest.mark.parametrize(
    ("to", "fact", "facts"), ABSENT, ids=[f"{to[1]}-{fact}-{at}" for at, (to, fact, _) in enumerate(ABSENT)]
)
def test_what_is_not_asked(to: To, fact: str, facts: dict[str, Any]) -> None:
    assert fact not in made_checks(to, **facts)
