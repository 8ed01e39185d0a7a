"""What is remembered between compilations is bounded, and decided by everything that decides."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from memory import tells_its_memory
from pydantic import create_model

import smartllm
from smartllm import TextRequest
from smartllm.errors import UnknownModelError
from smartllm.rules import RuleSet, load_rules, resolve
from smartllm.rules.id_text import LONGEST_ID
from smartllm.rules.memo import Memo

MB = 1024 * 1024
ARN = "arn:aws:bedrock:us-east-1:1:application-inference-profile/"


def doubled(calls: list[Any]) -> Callable[[str], str]:
    def double(text: str) -> str:
        calls.append(text)
        return text * 2

    return double


class TestMemo:
    def test_equal_arguments_are_worked_out_once(self) -> None:
        calls: list[str] = []
        memo, double = Memo(results=10, characters=100), doubled(calls)
        assert [memo.of(double, "a"), memo.of(double, "a"), memo.of(double, "b")] == ["aa", "aa", "bb"]
        assert calls == ["a", "b"]
        other = doubled(calls)
        assert memo.of(other, "a") == "aa"
        assert calls == ["a", "b", "a"]

    def test_what_is_asked_for_stays_and_the_rest_goes(self) -> None:
        calls: list[str] = []
        memo, double = Memo(results=10, characters=10_000), doubled(calls)
        for number in range(1000):
            memo.of(double, "hot")
            memo.of(double, str(number))
            assert len(memo) <= 20
        assert calls.count("hot") == 1
        assert len(calls) == 1001
        memo.of(double, "1")
        assert calls.count("1") == 2

    def test_long_texts_take_more_room(self) -> None:
        memo = Memo(results=1000, characters=1000)
        for number in range(100):
            memo.of(doubled([]), f"{number:0100}")
            assert len(memo) <= 20
        calls: list[str] = []
        double = doubled(calls)
        for _ in range(3):  # one that is larger than all the room is remembered too
            memo.of(double, "x" * 5000)
        assert len(calls) == 1

    def test_an_error_is_not_remembered(self) -> None:
        memo, calls = Memo(results=10, characters=100), list[int]()

        def fails(number: int) -> None:
            calls.append(number)
            raise ValueError("no")

        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                memo.of(fails, 1)
        assert calls == [1, 1]
        assert len(memo) == 0

    def test_none_is_a_result(self) -> None:
        memo, calls = Memo(results=10, characters=100), list[int]()
        for _ in range(2):
            assert memo.of(calls.append, 1) is None
        assert calls == [1]


class TestQuota:
    """Whatever decides about the number of calls is asked each time."""

    @pytest.fixture
    def rules(self, tmp_path: Path) -> RuleSet:
        overlay = tmp_path / "rules.toml"
        overlay.write_text(
            "[model]\n"
            'slow = { profile = "claude-4.6", concurrency = 2 }\n'
            'fast = { profile = "claude-4.6", concurrency = 50 }\n'
            "[model.two]\n"
            'profile = "claude-4.6"\nconcurrency = 40\n'
            "wire.bedrock_converse.concurrency = 3\n"
            "[quota]\n"
            f'"{ARN}mine" = {{ requests_per_minute = 7 }}\n'
            "slow = { requests_per_minute = 5 }\n"
        )
        return load_rules(overlay)

    def test_like_decides(self, rules: RuleSet) -> None:
        quotas = [
            smartllm.compile(
                TextRequest(prompt="hi", model=f"{ARN}x", like=like), rules=rules, level="ignore"
            ).quota
            for like in ("slow", "fast", "slow")
        ]
        assert [quota.concurrency for quota in quotas] == [2, 50, 2]

    def test_the_wire_decides(self, rules: RuleSet) -> None:
        found = {}
        for api_type in ("invoke", "converse", "invoke"):
            request: TextRequest[Any] = TextRequest.model_validate(
                {"prompt": "hi", "model": "two", "api_type": api_type}
            )
            plan = smartllm.compile(request, provider="bedrock", rules=rules, level="ignore")
            found[plan.steps[0].dialect] = plan.quota.concurrency
        assert found == {"anthropic_messages": 40, "bedrock_converse": 3}

    def test_the_host_decides(self, tmp_path: Path) -> None:
        overlay = tmp_path / "rules.toml"
        overlay.write_text("[host.openai]\nconcurrency = 11\n[host.bedrock]\nconcurrency = 12\n")
        rules = load_rules(overlay)
        found = [
            smartllm.compile(
                TextRequest(prompt="hi"), model="gpt-oss-120b", provider=host, rules=rules, level="ignore"
            ).quota.concurrency
            for host in ("bedrock", "openai")
        ]
        assert found == [12, 11]

    def test_the_account_s_own_quota(self, rules: RuleSet) -> None:
        request: TextRequest[Any] = TextRequest(prompt="hi", like="fast")
        for model, minutes in ((f"{ARN}mine", 7), (f"{ARN}other", None), (f"{ARN}mine", 7)):
            quota = smartllm.compile(request, model=model, rules=rules, level="ignore").quota
            assert (quota.concurrency, quota.requests_per_minute) == (50, minutes)
        listed = smartllm.compile(request.model_copy(update={"like": "slow"}), model=f"{ARN}x", rules=rules)
        assert listed.quota.requests_per_minute == 5


class TestIds:
    @pytest.mark.parametrize(
        ("model", "words"),
        [
            ("gpt-5." + "4" * LONGEST_ID, f"2054 characters; an id has at most {LONGEST_ID}"),
            ("gpt-5.4\ud800", "half of a surrogate pair"),
        ],
        ids=["long", "no text"],
    )
    def test_what_is_no_id_anywhere_is_refused(self, model: str, words: str) -> None:
        rules = load_rules()
        request: TextRequest[Any] = TextRequest(prompt="hi")
        for call in (
            lambda: smartllm.compile(request, model=model, rules=rules),
            lambda: smartllm.compile(request, model=model, rules=rules, provider="openai", compatible=True),
            lambda: smartllm.compile(
                request.model_copy(update={"like": model}), model="x", provider="openai", rules=rules
            ),
            lambda: resolve(model, rules),
            lambda: resolve("x", rules, like=model),
        ):
            with pytest.raises(UnknownModelError) as caught:
                call()
            assert words in caught.value.message
            assert len(caught.value.message) < 200

    def test_a_long_arn_and_other_alphabets_are_ids(self) -> None:
        rules = load_rules()
        assert resolve(ARN + "a" * (LONGEST_ID - len(ARN)), rules, like="claude-opus-4-7").how == "like"
        assert resolve("größe-1", rules, like="gpt-5.4").how == "like"


def names(rules: RuleSet, number: int) -> None:
    request: TextRequest[Any] = TextRequest(prompt="hi")
    smartllm.compile(request, model=f"gpt-5.4-x{number}", rules=rules, level="ignore")
    long = f"{ARN}{number:0500}"
    smartllm.compile(
        request.model_copy(update={"like": "claude-opus-4-7"}), model=long, rules=rules, level="ignore"
    )


def schemas(rules: RuleSet, number: int) -> None:
    schema = {"type": "object", "properties": {f"p{number}": {"type": "string", "description": "x" * 200}}}
    request: TextRequest[Any] = TextRequest(prompt="hi", model="gpt-5.4", response_format=schema)
    smartllm.compile(request, rules=rules, level="ignore")


def classes(rules: RuleSet, number: int) -> None:
    model = create_model(f"M{number}", name=(str, ...), age=(int, 3))
    request: TextRequest[Any] = TextRequest(prompt="hi", model="gpt-5.4", response_format=model)
    smartllm.compile(request, rules=rules, level="ignore")


# By pieces of memory: tracing how large each is takes three times as long, and tells growth less clearly.
# Without a bound they are 336,000, 29,000 and 56,000. Types hold much of Pydantic's, which is freed late.
@pytest.mark.parametrize(
    ("kind", "count", "most"),
    [
        pytest.param(names, 1500, 130_000, id="names"),
        pytest.param(schemas, 1000, 12_000, id="schemas"),
        pytest.param(classes, 450, 20_000, id="classes"),
    ],
)
def test_memory_does_not_grow_with_what_comes_from_outside(
    kind: Callable[[RuleSet, int], None], count: int, most: int
) -> None:
    loaded = load_rules()
    rules = RuleSet(loaded.layers, loaded.data)
    kind(rules, -1)
    gc.collect()
    before = sys.getallocatedblocks()
    for number in range(count):
        kind(rules, number)
    gc.collect()
    assert sys.getallocatedblocks() - before <= most


LONG = """
import sys
import test_memo
from memory import resident
from smartllm.rules import load_rules

rules, kind, count = load_rules(), getattr(test_memo, sys.argv[1]), int(sys.argv[2])
kind(rules, -1)
before = resident()
for number in range(count):
    kind(rules, number)
print(resident() - before)
"""


@pytest.mark.slow
@tells_its_memory
@pytest.mark.parametrize("kind", ["names", "schemas", "classes"])
def test_a_hundred_thousand_of_them(kind: str) -> None:
    """By the process's own size: counting each object takes ten times as long."""
    command = [sys.executable, "-c", LONG, kind, "100000"]
    here = Path(__file__).parent
    paths = os.pathsep.join(filter(None, (str(here), str(here.parent), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=True
    )
    grown = int(done.stdout)
    print(f"{kind}: {grown / MB:.1f} MB")  # noqa: T201 - for pytest -rP
    assert grown <= 20 * MB
