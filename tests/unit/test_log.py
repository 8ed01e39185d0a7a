"""What the library says by logging: each thing once, and never nothing."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from warm import Warm

from smartllm import TextRequest, compile  # noqa: A004 - the documented public name
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.log import Announcer, announce
from smartllm.runtime.observe.progress import Progress

ROOT = Path(__file__).parents[2]
CALLS = """
import logging, sys
from smartllm import TextRequest, compile
{setup}
for _ in range(10):
    for model in ("gpt-5.4", "gpt-5.5"):
        compile(TextRequest(prompt="hi", top_k=5, budget_tokens=3000), model=model{more})
"""


@pytest.fixture
def script(warm: Warm) -> Callable[..., list[str]]:
    """Lines on standard error of a process with twenty compilations in which something is dropped."""

    def told(setup: str = "", more: str = "") -> list[str]:
        code = CALLS.format(setup=setup, more=more)
        result = warm.run(code, environment=os.environ, folder=ROOT)
        assert (result.returncode, result.stdout) == (0, b""), result.stderr
        return result.said[1].splitlines()

    return told


def note(code: str, severity: Literal["info", "warning"] = "warning", path: str = "top_k") -> Diagnostic:
    return Diagnostic(code, severity, path, "dropped", 5, None, "not here", Origin("fact", "sampling"))


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "smartllm"]


# Scripts


def test_a_script_without_logging_sees_each_change_once(script: Callable[..., list[str]]) -> None:
    lines = script()
    assert [line.partition(":")[0] for line in lines] == ["gpt-5.4", "gpt-5.4", "gpt-5.5", "gpt-5.5"]
    assert sum("top_k" in line for line in lines) == 2
    assert sum("budget_tokens" in line for line in lines) == 2


def test_a_script_with_logging_sees_each_change_once_with_its_origin(
    script: Callable[..., list[str]],
) -> None:
    lines = script('logging.basicConfig(format="%(levelname)s:%(name)s:%(message)s")')
    assert len(lines) == 4
    assert all(line.startswith("WARNING:smartllm:gpt-5.") for line in lines)


@pytest.mark.parametrize(
    ("setup", "more"),
    [
        ("", ', level="ignore"'),
        ('logging.getLogger("smartllm").addHandler(logging.NullHandler())', ""),
        ('logging.getLogger("smartllm").setLevel(logging.ERROR)', ""),
        ("logging.disable()", ""),
    ],
)
def test_a_script_can_have_it_silent(setup: str, more: str, script: Callable[..., list[str]]) -> None:
    assert script(setup, more) == []


# Compiling without a client


def test_compiling_announces_once_a_model_and_code(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(1000):
        compile(TextRequest(prompt="hi", top_k=5), model="gpt-5.4")
    compile(TextRequest(prompt="hi", top_k=5), model="gpt-5.5")
    assert [text.partition(":")[0] for text in said(caplog)] == ["gpt-5.4", "gpt-5.5"]


def test_every_plan_holds_its_diagnostics_all_the_same() -> None:
    plans = [compile(TextRequest(prompt="hi", top_k=5), model="gpt-5.4") for _ in range(2)]
    assert plans[0].diagnostics == plans[1].diagnostics != ()


def test_a_level_that_is_silent_leaves_the_announcement_to_others(caplog: pytest.LogCaptureFixture) -> None:
    compile(TextRequest(prompt="hi", top_k=5), model="gpt-5.4", level="ignore")
    assert said(caplog) == []
    compile(TextRequest(prompt="hi", top_k=5), model="gpt-5.4")
    assert len(said(caplog)) == 1


# The announcer


def test_changes_of_one_request_are_all_told(caplog: pytest.LogCaptureFixture) -> None:
    own = Announcer()
    for _ in range(3):
        own("m", [note("a", path="top_k"), note("a", path="top_p"), note("b")])
    assert len(said(caplog)) == 3
    own("m", [note("a", path="temperature")])
    assert len(said(caplog)) == 3
    own("n", [note("a")])
    own("m", [note("c")])
    assert len(said(caplog)) == 5


def test_what_is_only_worth_knowing_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    own = Announcer()
    own("m", [note("a", "info")])
    assert said(caplog) == []
    own("m", [note("a")])
    assert len(said(caplog)) == 1


def test_announcers_know_nothing_of_each_other(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        Announcer()("m", [note("a")])
    announce("m", [note("a")])
    assert len(said(caplog)) == 3


def test_the_memory_is_bounded() -> None:
    own = Announcer(limit=100)
    for number in range(10_000):
        assert own.first("x" * 1000 + str(number), "a")
    assert len(own._said) <= 100
    assert all(isinstance(key, int) for key in own._said)


def test_forgetting_starts_anew() -> None:
    own = Announcer()
    assert [own.first("m", "a"), own.first("m", "a")] == [True, False]
    own.forget()
    assert own.first("m", "a")


def test_threads_that_say_the_same_say_it_once(request: pytest.FixtureRequest) -> None:
    own, told = Announcer(), list[bool]()
    start = threading.Barrier(8)
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)

    def work() -> None:
        for number in range(1000):
            start.wait()
            told.append(own.first("m", str(number)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(told), len(told)) == (1000, 8000)


# Callbacks


def failing(_: dict[str, Any]) -> None:
    raise RuntimeError("canary-0007")


def failing_otherwise(_: dict[str, Any]) -> None:
    raise KeyError("canary-0007")


async def events(callback: Callable[..., Any]) -> None:
    request = TextRequest[Any](prompt="hi", on_progress=callback)
    progress = Progress(request, model="m", provider="openai", max_retries=0, max_tokens=9)
    await progress.started()
    await progress.failed(ValueError("no"))


async def test_a_callback_that_fails_is_told_of_once_an_event(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(10):
        await events(failing)
    assert said(caplog) == [
        "on_progress raised RuntimeError on 'llm_started'; calls go on",
        "on_progress raised RuntimeError on 'error'; calls go on",
    ]
    await events(failing_otherwise)
    assert len(said(caplog)) == 4


def test_the_library_has_one_logger_without_handlers() -> None:
    assert logging.getLogger("smartllm").handlers == []
    assert logging.getLogger("smartllm").propagate
