"""The pages in a real browser: what comes is seen, what is sent stays text, and much of it stays quick."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from threading import Thread
from typing import Any, Literal

import pytest
from browsers import SIZES, Caller, Page, browser

from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.slow

RESPONSES = "/v1/responses"
INVOKE = "/model/{}/invoke"
CLAUDE, GPT = "us.anthropic.claude-opus-4-7", "gpt-5.4"
BUDGET = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 900,
    "messages": [{"role": "user", "content": "Why are there tides?"}],
    "thinking": {"type": "enabled", "budget_tokens": 2000},
}
"""What Claude Opus 4.7 refuses: it thinks without a budget."""
everywhere = pytest.mark.parametrize("size", SIZES)
either = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as found:
        yield found


def gpt(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": GPT, "input": text, **fields}


def rows(page: Page) -> list[str]:
    page.own.wait_for_timeout(50)  # a frame of the list
    found = page.own.query_selector_all(".call-row:not([hidden])")
    return [row.inner_text() for row in sorted(found, key=lambda row: row.bounding_box()["y"])]


def counted(page: Page, name: str, count: int) -> None:
    page.until(
        "([id, text]) => document.getElementById(id).textContent === text", [f"count-{name}", str(count)]
    )


# The sandbox


def test_each_call_appears_as_it_comes(chromium: Any, server: LoopbackServer, caller: Caller) -> None:
    page = Page(chromium)
    page.own.goto(server.url)
    page.until("() => document.getElementById('live').textContent === 'live'")
    assert "Waiting for a call" in page.text("#detail")
    caller.post(RESPONSES, gpt("Good morning"))
    counted(page, "all", 1)
    caller.post(INVOKE.format(CLAUDE), BUDGET)
    counted(page, "refused", 1)
    first, second = rows(page)
    assert CLAUDE in first
    assert "400" in first
    assert GPT in second
    assert "echo: Good morning" in second
    assert page.complaints == []
    assert all(address.startswith(server.url) for address in page.asked)


def test_a_refusal_is_told_with_the_fact_behind_it(
    chromium: Any, server: LoopbackServer, caller: Caller
) -> None:
    page = Page(chromium)
    caller.post(INVOKE.format(CLAUDE), BUDGET)
    page.own.goto(server.url)
    page.own.click(".call-row")
    page.own.wait_for_selector(".verdict.refused")
    said = page.text(".verdict")
    assert server.requests[0].reason in said
    assert server.requests[0].fact in said
    assert server.requests[0].fact_row.removeprefix("smartllm/rules/") in said
    page.own.click(".leaf[data-path='thinking.budget_tokens'] .why")
    assert "thinking.min_budget" in page.text(".leaf[data-path='thinking.budget_tokens'] .all-why")
    addresses = page.own.eval_on_selector_all(".verdict a", "all => all.map((one) => one.href)")
    assert addresses
    assert all(address.startswith("https://") for address in addresses)


def test_an_answer_that_is_still_being_sent_ends_before_the_eyes(
    chromium: Any, server: LoopbackServer, caller: Caller
) -> None:
    page = Page(chromium)
    page.own.goto(server.url)
    server.script(Reply(text="one two three", stall_after=2, stall_seconds=0.6))
    caller.post(RESPONSES, gpt("hi", stream=True))
    page.until("() => document.querySelector('.status.streaming, .status.answered')")
    counted(page, "answered", 1)
    page.own.click(".call-row")
    page.own.click("[data-tab=answer]")
    assert "one two three" in page.text("#panel-answer")


def test_what_a_call_holds_is_text_and_never_runs(
    chromium: Any, server: LoopbackServer, caller: Caller
) -> None:
    evil = "<img src=x onerror='window.ran = 1'><script>window.ran = 2</script>"
    page = Page(chromium)
    page.own.goto(server.url)
    caller.post(RESPONSES, {"model": evil, "input": evil, evil: evil}, **{"x-note": evil})
    caller.post(f"/{evil.replace(' ', '')}", {})
    counted(page, "all", 2)
    for row in (1, 2):
        page.own.click(f"#row-{row}")
        page.own.wait_for_selector(f".numbers dd:text-is('#{row}')")
        for tab in ("raw", "answer", "headers", "curl", "leaves"):
            page.own.click(f"[data-tab={tab}]")
    page.own.wait_for_timeout(100)
    assert page.own.evaluate("window.ran") is None
    assert page.own.query_selector("img, #call script") is None
    assert page.complaints == []


def test_keys_and_choices_lead_through_the_calls(
    chromium: Any, server: LoopbackServer, caller: Caller
) -> None:
    for text in ("alpha", "beta", "gamma"):
        caller.post(RESPONSES, gpt(text))
    caller.post(INVOKE.format(CLAUDE), BUDGET)
    server.script(Reply(status=429, error_message="Slow down."))
    caller.post(RESPONSES, gpt("delta"))
    page = Page(chromium)
    page.own.goto(server.url)
    counted(page, "all", 5)
    page.own.keyboard.press("j")
    page.own.wait_for_selector(".verdict.error")
    page.own.keyboard.press("j")
    page.own.wait_for_selector(".verdict.refused")
    page.own.keyboard.press("3")
    assert page.own.is_visible("#panel-answer")
    page.own.keyboard.press("k")
    page.own.wait_for_selector(".verdict.error")
    assert page.own.is_visible("#panel-answer"), "the same tab of the next call"

    page.own.keyboard.press("/")
    page.own.keyboard.type("beta")
    page.until("() => document.querySelectorAll('.call-row:not([hidden])').length === 1")
    assert "echo: beta" in rows(page)[0]
    page.own.keyboard.press("Escape")
    page.until("() => document.querySelectorAll('.call-row:not([hidden])').length === 5")
    page.own.click("[data-verdict=refused]")
    page.until("() => document.querySelectorAll('.call-row:not([hidden])').length === 1")
    assert CLAUDE in rows(page)[0]
    page.own.click("[data-verdict='']")
    page.own.select_option("#model", GPT)
    page.until("() => document.querySelectorAll('.call-row:not([hidden])').length === 4")
    assert page.complaints == []


@either
@everywhere
def test_the_sandbox_fits_its_window(
    chromium: Any, server: LoopbackServer, caller: Caller, size: str, scheme: Literal["light", "dark"]
) -> None:
    page = Page(chromium, size, scheme)
    page.own.goto(server.url)
    page.until("() => document.getElementById('live').textContent === 'live'")
    page.own.wait_for_selector("#empty", state="visible")
    assert page.too_wide == []
    caller.post(INVOKE.format(CLAUDE), BUDGET)
    caller.post(RESPONSES, gpt("word" * 500, metadata={"a" * 60: "b" * 200}))
    counted(page, "all", 2)
    assert page.too_wide == []
    for row in (1, 2):
        page.own.click(f"#row-{row}")
        page.own.wait_for_selector(f".numbers dd:text-is('#{row}')")
        for tab in ("leaves", "raw", "answer", "headers", "curl"):
            page.own.click(f"[data-tab={tab}]")
            assert page.too_wide == [], (row, tab)
        if size == "phone":
            assert not page.own.is_visible("#list")
            page.own.click("[data-back]")
            assert page.own.is_visible("#list")


def test_curl_repeats_a_call_as_it_is_shown(chromium: Any, server: LoopbackServer, caller: Caller) -> None:
    assert shutil.which("curl"), "curl is missing"
    caller.post(RESPONSES, gpt('it\'s "quoted"\nand broken'), authorization="Bearer sk-very-secret")
    page = Page(chromium)
    page.own.goto(f"{server.url}/#1")
    page.own.wait_for_selector(".verdict")
    page.own.click("[data-tab=curl]")
    command = page.text("#text-curl")
    assert "very-secret" not in page.own.content()
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    assert '"output"' in answer.stdout
    assert server.requests[1].body == server.requests[0].body
    assert server.requests[1].path == server.requests[0].path


def test_a_list_of_thousands_stays_quick(chromium: Any, server: LoopbackServer, caller: Caller) -> None:
    page = Page(chromium)
    page.own.goto(server.url)
    page.until("() => document.getElementById('live').textContent === 'live'")
    measured = page.own.context.new_cdp_session(page.own)
    measured.send("Performance.enable")

    def spent() -> float:
        found = measured.send("Performance.getMetrics")["metrics"]
        return float(
            sum(one["value"] for one in found if one["name"] in {"ScriptDuration", "LayoutDuration"})
        )

    def hundred(start: int) -> float:
        before = spent()
        for number in range(start, start + 100):
            caller.post(RESPONSES, gpt(f"number {number}"))
        counted(page, "all", start + 100)
        return spent() - before

    hundred(0)  # what is compiled once
    first = hundred(100)
    for start in range(200, 1900, 100):
        hundred(start)
    last = hundred(1900)
    assert last < 5 * first + 0.05, (first, last)
    assert len(page.own.query_selector_all(".call-row")) < 60
    page.own.evaluate("document.getElementById('list').scrollTop = 1e9")
    page.until("() => document.getElementById('row-1')")
    page.own.click("#row-1")
    page.own.wait_for_selector(".verdict.answered")
    assert "number 0" in page.text("#panel-leaves")


def test_a_call_that_ended_after_later_ones_stands_where_it_came(
    chromium: Any, server: LoopbackServer, caller: Caller
) -> None:
    server.script(Reply(text="one two", stall_after=2, stall_seconds=1.5), Reply(text="b"), Reply(text="c"))
    with Caller(server.url) as slow:
        sent = Thread(target=slow.post, args=(RESPONSES, gpt("slow", stream=True)))
        sent.start()
        page = Page(chromium)
        page.own.goto(server.url)
        counted(page, "all", 1)
        caller.post(RESPONSES, gpt("b"))
        caller.post(RESPONSES, gpt("c"))
        sent.join()
    later = Page(chromium)  # it gets the slow one last
    later.own.goto(server.url)
    for each in (page, later):
        counted(each, "answered", 3)
        assert [text for row in rows(each) for text in ("one two", "b", "c") if f"\n{text}\n" in row] == [
            "c",
            "b",
            "one two",
        ]
        for _ in range(3):
            each.own.keyboard.press("j")
        assert each.own.url.endswith("#1")


def test_a_server_that_forgets_or_comes_again_is_followed(chromium: Any) -> None:
    page = Page(chromium)
    with LoopbackServer() as server, Caller(server.url) as caller:
        port = int(server.url.rpartition(":")[2])
        caller.post(RESPONSES, gpt("once"))
        page.own.goto(f"{server.url}/#1")
        page.own.wait_for_selector(".verdict")
        server.reset()
        counted(page, "all", 0)
        assert page.own.is_visible("#empty")
    page.until("() => document.getElementById('live').textContent === 'no server'")
    with LoopbackServer(port=port) as server, Caller(server.url) as caller:
        caller.post(RESPONSES, gpt("again"))
        counted(page, "all", 1)
        assert "echo: again" in rows(page)[0]
