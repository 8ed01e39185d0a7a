"""How much a sandbox keeps of its calls for its page, and by which facts it tells the leaves of a body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browsers import Caller
from sandbox_page import CALLS, CLAUDE, RESPONSES, gpt, listed, told
from snapshot_files import ROOT, kept_bodies

from smartllm.compiler.dialects import FIELDS
from smartllm.parameters import CARRIED
from smartllm.rules import DIALECTS, Dialect
from smartllm.rules.facts import stated_facts
from smartllm.testing import LoopbackServer, Recorded, Reply
from smartllm.testing.check import target_of
from smartllm.testing.page import log as kept
from smartllm.testing.page.leaves import leaves_of
from smartllm.testing.speaking import Spoken
from smartllm.testing.texts import words


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as found:
        yield found


def test_the_oldest_calls_are_forgotten(
    server: LoopbackServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_CALLS", 3)
    for number in range(5):
        caller.post(RESPONSES, gpt(str(number)))
    assert [call["n"] for call in listed(caller)["calls"]] == [3, 4, 5]
    assert caller.get(f"{CALLS}/2")[0] == 404
    assert len(server.requests) == 5, "the record stays whole"


def test_bodies_and_answers_are_kept_within_a_bound_of_bytes(
    server: LoopbackServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 5_000)
    for number in range(4):
        caller.post(RESPONSES, gpt(f"{number}" * 1_000))
    assert "no longer kept" in told(caller, 1)
    assert "0000" not in told(caller, 1).split('<div class="tabs"')[1]
    assert "3333" in told(caller, 4)
    assert len(listed(caller)["calls"]) == 4
    assert len(server.requests[0].body) > 1_000


def test_of_a_long_body_the_beginning_is_kept_and_the_fact_is_told_all_the_same(
    server: LoopbackServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LONGEST", 500)
    caller.post(RESPONSES, gpt("long " * 500, max_output_tokens=10**9))
    text = told(caller)
    assert "limits.max_output" in text
    assert "Only its beginning is kept" in text
    assert "The body is no longer kept whole" in text
    assert len(server.requests[0].body) > 2_000


def came(body: bytes) -> Recorded:
    return Recorded(method="POST", path="/", raw_path="/", headers={}, body=body)


async def test_a_call_that_is_answered_after_all_was_forgotten_takes_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 900)
    log = kept.CallLog()
    slow = log.begin(came(b"x" * 800))
    log.clear()
    log.answer(slow, Spoken(Reply(), {}, [b"y" * 500]))
    log.end(slow)
    assert (slow.kept, slow.told) == (0, None)
    first, second = log.begin(came(b"z" * 500)), log.begin(came(b"z" * 500))
    assert (first.forgotten, second.forgotten) == (True, False)


def test_all_that_an_answer_says_counts(monkeypatch: pytest.MonkeyPatch, server: LoopbackServer) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 40_000)
    server.script(Reply(text="x", thinking="hm " * 5_000))
    with Caller(server.url) as caller:
        body = {"model": "gpt-5.4", "input": "hi", "reasoning": {"effort": "low", "summary": "auto"}}
        caller.post(RESPONSES, body)
        assert "hm hm" in told(caller, 1)
        caller.post(RESPONSES, gpt("y" * 6_000))
        assert "no longer kept" in told(caller, 1)


@pytest.mark.parametrize("text", ["", " ", "a", " a", "a ", "a b", "\x1ca\x1f\vb\f", "one\ntwo\r\n three\t"])
@pytest.mark.parametrize("times", [1, 5_000])
@pytest.mark.parametrize("end", ["", "\u00a0é"], ids=["ascii", "other"])
def test_words_are_counted_as_a_person_splits_them(text: str, times: int, end: str) -> None:
    whole = text * times + end
    assert words(whole) == len(whole.split())


# The facts of each leaf


@pytest.mark.parametrize("dialect", DIALECTS)
def test_leaves_name_facts_that_there_are(dialect: Dialect) -> None:
    named = set()
    for path in sorted(ROOT.glob(f"{dialect}/*.json"))[::6]:
        target = target_of(path.stem, dialect)
        if target is None:
            continue
        known = {fact.path for fact in stated_facts(target)}
        for _, body in kept_bodies(path):
            for leaf in leaves_of(body, target, dialect):
                strange = {fact for fact in leaf.facts if fact not in known and not fact.startswith("host.")}
                assert not strange, (path.stem, leaf)
                named |= set(leaf.facts)
    assert {"limits.max_output", "effort.levels", "tools.functions", "structured.native"} & named
    assert len(named) > 20


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_parameter_that_stands_in_a_body_is_told_by_its_own_fact(dialect: Dialect) -> None:
    fields, target = FIELDS[dialect], target_of(CLAUDE, dialect)
    target = target or target_of("gpt-5.4", dialect)
    assert target is not None
    for name in CARRIED:
        place = fields.places.get(name, name).format(place="user" if name == "user" else "top_k")
        if place.startswith("header "):
            continue
        body: Any = 1
        for key in reversed(place.split(".")):
            body = {key: body}
        (leaf,) = leaves_of(body, target, dialect)
        assert any(fact.startswith((name, "sampling")) for fact in leaf.facts) or place == "include", leaf


def test_a_body_of_an_unknown_model_has_leaves_without_facts() -> None:
    (leaf,) = leaves_of({"a": {"b": []}}, None, "openai_chat")
    assert (leaf.path, leaf.value, leaf.facts) == ("a.b", "[]", ())
