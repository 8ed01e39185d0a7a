"""A run over a file of requests: what is asked, what is left, and what becomes of it when it ends early."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from mapped import Slow, client_of, settled

from smartllm import AuthenticationError, ConfigError, TextRequest
from smartllm.errors import QuotaError, RequestFileError
from smartllm.map_progress import MapProgress
from smartllm.runtime.batch import online as onlines
from smartllm.runtime.batch.journal import Journal
from smartllm.runtime.batch.journal_entry import Entry, digest_of
from smartllm.runtime.batch.keeping import Keeper
from smartllm.runtime.batch.online import Online, Work
from smartllm.runtime.batch.run import RunSummary, RunWish, answer_file
from smartllm.testing import FakeTransport, Reply

ABOUT = {"model": "m"}


class Prompts:
    """Lines that are prompts; one that begins with a question mark cannot be asked."""

    def __init__(self) -> None:
        self.passed: list[int] = []

    def lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        file.seek(0)
        return enumerate(file, start=1)

    def work(self, line: int, data: bytes) -> Work:
        text = data.decode().strip()
        if not text:
            return Work(line, digest_of(data))
        if text.startswith("?"):
            return Work(line, digest_of(data), "odd", error=RequestFileError(f"line {line}: odd"))
        return Work(line, digest_of(data), f"id {text}", TextRequest(prompt=text, use_cache=False))

    def pass_over(self, line: int, data: bytes) -> None:
        self.passed.append(line)


class Runs:
    """Runs over one file of results."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "results.jsonl"
        self.fake: Slow = Slow()
        self.reading = Prompts()
        self.online: Online | None = None
        self.told: list[MapProgress] = []
        self.notes: list[str] = []

    async def __call__(self, text: str | list[str], fake: Any = None, **wish: Any) -> RunSummary:
        self.fake = fake or Slow()
        self.reading = Prompts()
        client = client_of(self.fake)
        text = text if isinstance(text, str) else "\n".join(text)
        return await answer_file(
            io.BytesIO(text.encode()),
            self.results,
            self.reading,
            lambda _: client,
            RunWish(**{"about": ABOUT, "max_concurrent": 3, **wish}),
            tell=self.told.append,
            note=self.notes.append,
            begun=self.begun,
        )

    def begun(self, online: Online, _: object) -> None:
        self.online = online

    @property
    def found(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.results.read_text().splitlines()]

    @property
    def said(self) -> list[tuple[int, Any]]:
        return [(one["line"], one.get("text") or one["status"]) for one in self.found]


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


async def answered(run: Runs, text: str, reading: Prompts, transport: Any, **wish: Any) -> RunSummary:
    """A run with lines that are read otherwise."""
    client = client_of(transport)
    given = RunWish(**{"about": ABOUT, **wish})
    return await answer_file(io.BytesIO(text.encode()), run.results, reading, lambda _: client, given)


def letters(count: int) -> list[str]:
    return [f"p{number}" for number in range(1, count + 1)]


def echoed(count: int) -> list[tuple[int, str]]:
    return [(number, f"echo: p{number}") for number in range(1, count + 1)]


class TestAWholeRun:
    async def test_has_a_result_a_line_in_their_order(self, run: Runs) -> None:
        summary = await run(["p1", "", "?", "p4"])
        assert run.said == [(1, "echo: p1"), (3, "refused"), (4, "echo: p4")]
        assert [one["custom_id"] for one in run.found] == ["id p1", "odd", "id p4"]
        assert run.found[1]["error"]["message"] == "line 3: odd"
        assert (summary.lines, summary.answered, summary.refused, summary.left) == (3, 2, 1, 0)
        assert (summary.asked, summary.reason, summary.output_tokens > 0) == (3, None, True)
        assert run.told[-1].done == run.told[-1].total == 3
        assert run.told[-1].failed == 1
        assert run.online is not None
        assert run.online.in_flight == 0

    async def test_may_begin_with_a_mark_of_byte_order(self, run: Runs) -> None:
        class Marked(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                return super().work(line, data.removeprefix(b"\xef\xbb\xbf"))

        summary = await answered(run, "\ufeff\np2", Marked(), Slow())
        assert (summary.lines, summary.answered, summary.left) == (1, 1, 0)

    async def test_of_nothing_is_one(self, run: Runs) -> None:
        summary = await run("")
        assert (summary.lines, summary.answered, run.found) == (0, 0, [])

    async def test_keeps_to_its_room(self, run: Runs) -> None:
        await run(letters(20), max_concurrent=4)
        assert run.fake.most == 4
        assert run.said == echoed(20)

    async def test_takes_the_room_of_the_first_model_or_of_its_client(self, run: Runs) -> None:
        plan = client_of().compile(TextRequest(prompt="p1"))
        await run(["", "?", *letters(300)], max_concurrent=None, overwrite=True)
        assert plan.quota.concurrency - 2 <= run.fake.most <= plan.quota.concurrency  # two lines ask nothing

        class Narrow(Slow):
            pass

        client = client_of(fake := Narrow(), max_concurrent=2)
        await answer_file(
            io.BytesIO("\n".join(letters(9)).encode()),
            run.results,
            Prompts(),
            lambda _: client,
            RunWish(about=ABOUT, overwrite=True),
            tell=(told := list[MapProgress]()).append,
        )
        assert (fake.most, max(one.in_flight for one in told)) == (2, 1)

    async def test_is_told_apart_by_what_the_lines_cost_and_warn_of(self, run: Runs) -> None:
        class Old(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                return Work(line, b"", None, TextRequest(prompt=f"x{line}", seed=1, use_cache=False))

        summary = await answered(run, "a\nb\n", Old(), FakeTransport())
        assert summary.warned == 2
        assert summary.cost
        assert float(summary.cost) == pytest.approx(sum(one["cost"] for one in run.found))

    async def test_one_call_for_equal_lines_is_paid_for_once(self, run: Runs) -> None:
        class Equal(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                return Work(line, b"", None, TextRequest(prompt="same"))

        fake = Slow()
        summary = await answered(run, "a\nb\nc\n", Equal(), fake, max_concurrent=3)
        assert (fake.begun, summary.cached) == (1, 0)
        assert summary.input_tokens == run.found[0]["usage"]["input_tokens"]

    async def test_answers_of_the_cache_cost_nothing(self, run: Runs) -> None:
        class Cached(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                return Work(line, b"", None, TextRequest(prompt="same"))

        summary = await answered(run, "a\nb\nc\n", Cached(), FakeTransport(), max_concurrent=1)
        assert (summary.cached, [one.get("cached") for one in run.found]) == (2, [None, True, True])
        assert summary.input_tokens == run.found[0]["usage"]["input_tokens"]
        assert float(summary.cost or 0) == pytest.approx(run.found[0]["cost"])

    async def test_goes_on_behind_a_line_that_settings_forbid(self, run: Runs) -> None:
        class Odd(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                found = super().work(line, data)
                return found if line != 1 else found._replace(request=None, error=ConfigError("not here"))

        summary = await answered(run, "p1\np2", Odd(), Slow(), max_concurrent=1)
        assert (summary.refused, summary.answered, summary.reason) == (1, 1, None)


class TestOrder:
    async def test_answers_that_overtake_wait_in_the_journal_alone(self, run: Runs) -> None:
        fake = Slow()

        class First(Slow):
            async def send(self, request: Any) -> Any:
                if b'"p1"' in request.body:
                    await fake.gate.wait()
                return await super().send(request)

        fake.gate.clear()
        task = asyncio.create_task(run(letters(40), First()))
        await settled(lambda: run.online is not None and run.online.progress().done == 39)
        assert run.found == []
        fake.gate.set()
        await task
        assert run.said == echoed(40)

    async def test_no_line_is_asked_too_far_ahead(self, run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(onlines, "AHEAD", 5)
        gate = asyncio.Event()

        class First(Slow):
            async def send(self, request: Any) -> Any:
                if b'"p1"' in request.body:
                    await gate.wait()
                return await super().send(request)

        task = asyncio.create_task(run(letters(40), First()))
        await settled(lambda: run.online is not None and run.online.progress().done == 5)
        await asyncio.sleep(0.05)
        assert run.online is not None
        assert run.online.progress().done == 5
        gate.set()
        await task
        assert run.said == echoed(40)


class TestGoingOn:
    async def test_asks_only_what_has_no_answer(self, run: Runs) -> None:
        await run(letters(10), limit=4)
        summary = await run(letters(10))
        assert (summary.answered, summary.asked, summary.left, run.fake.begun) == (10, 6, 0, 6)
        assert run.said == echoed(10)
        assert run.reading.passed == [1, 2, 3, 4]
        assert (await run(letters(10))).asked == 0

    async def test_after_it_was_cancelled_loses_nothing_that_was_answered(self, run: Runs) -> None:
        fake = Slow()

        class Some(Slow):
            async def send(self, request: Any) -> Any:
                if any(f'"p{number}"'.encode() in request.body for number in (2, 7)):
                    await fake.gate.wait()
                return await super().send(request)

        fake.gate.clear()
        task = asyncio.create_task(run(letters(12), Some()))
        await settled(lambda: run.online is not None and run.online.progress().done == 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert run.said == echoed(1)
        summary = await run(letters(12))
        assert (run.fake.begun, summary.asked) == (2, 2)
        assert run.said == echoed(12)

    async def test_what_was_being_kept_when_it_was_cancelled_is_kept(
        self, run: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, begun = Journal.add, list[int]()

        def add(self: Journal, entries: Any) -> None:
            begun.append(len(entries))
            time.sleep(0.05)
            real(self, entries)

        class Late(Slow):
            async def send(self, request: Any) -> Any:
                if b'"p1"' not in request.body:
                    await settled(lambda: begun)
                return await super().send(request)

        monkeypatch.setattr(Journal, "add", add)
        task = asyncio.create_task(run(letters(3), Late()))
        await settled(lambda: run.fake.begun == 3 and not run.fake.under_way)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert begun == [1, 2]
        assert run.said == echoed(3)

    async def test_a_limit_counts_what_is_asked_and_no_blank_line(self, run: Runs) -> None:
        summary = await run(["p1", "", "", "?", "p5", "p6"], limit=3)
        assert (summary.asked, summary.left, summary.reason) == (3, 1, None)
        assert run.told[-1].total == 3
        assert (await run(["p1", "", "", "?", "p5", "p6"], limit=3)).left == 0

    async def test_takes_lines_that_were_added(self, run: Runs) -> None:
        await run([*letters(3), ""])
        await run(letters(5))
        assert run.fake.begun == 2
        assert run.said == echoed(5)

    @pytest.mark.parametrize(
        "lines", [["p1", "px", "p3"], ["p1", "p2"], ["p1", "p2", "", "p3"], ["p3", "p2", "p1"], []]
    )
    async def test_refuses_another_file(self, run: Runs, lines: list[str]) -> None:
        await run(["p1", "p2", "p3", ""])
        before = run.results.read_bytes()
        with pytest.raises(ConfigError, match="was changed since the run began: its first 3 lines") as caught:
            await run(lines)
        assert "--overwrite" in caught.value.hint
        assert (run.fake.begun, run.results.read_bytes()) == (0, before)
        await run(lines, overwrite=True)
        assert len(run.found) == len([line for line in lines if line])

    async def test_refuses_a_file_that_lost_its_end(self, run: Runs) -> None:
        await run(["p1", "?"])
        with pytest.raises(ConfigError, match="its first 2 lines"):
            await run(["p1"])

    async def test_refuses_a_line_that_was_answered_ahead_and_changed(self, run: Runs) -> None:
        with Journal.open(run.results, ABOUT) as journal:
            journal.add([Entry(3, "answered", digest_of(b"p3\n"), '{"line":3,"text":"kept"}')])
        with pytest.raises(ConfigError, match="line 3 is not the one that was answered"):
            await run(["p1", "p2", "other", "p4"])
        await run(["p1", "p2", "p3", "p4"])
        assert run.fake.begun == 3
        assert run.said == [(1, "echo: p1"), (2, "echo: p2"), (3, "kept"), (4, "echo: p4")]

    @pytest.mark.parametrize("times", [0, 1])
    async def test_a_file_that_cannot_be_read_is_told(self, run: Runs, times: int) -> None:
        class Broken(Prompts):
            read = 0

            def lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
                self.read += 1
                if self.read > times:
                    raise OSError("the disk is gone")
                return super().lines(file)

        with pytest.raises(RequestFileError, match=r"cannot be read \(the disk is gone\)"):
            await answered(run, "a", Broken(), FakeTransport())

    async def test_a_file_that_changes_under_the_run_ends_it(self, run: Runs) -> None:
        class Changing(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                if line == 3:
                    raise ConfigError("the file was changed")
                return super().work(line, data)

        summary = await answered(run, "p1\np2\np3\np4", Changing(), Slow())
        assert (str(summary.reason), summary.answered) == ("the file was changed", 2)


class TestAskingAgain:
    async def test_what_has_no_answer_is_asked_on_wish_alone(self, run: Runs) -> None:
        lines = ["p1", "p2", "?", "p4"]
        summary = await run(lines, Slow("p2"))
        assert (summary.failed, summary.refused, summary.answered) == (1, 1, 2)
        assert (await run(lines)).asked == 0
        summary = await run(lines, retry_failed=True)
        assert (summary.asked, summary.failed, summary.refused, summary.answered) == (2, 0, 1, 3)
        assert run.said == [(1, "echo: p1"), (2, "echo: p2"), (3, "refused"), (4, "echo: p4")]

    async def test_a_line_that_has_no_answer_may_be_mended(self, run: Runs) -> None:
        await run(["p1", "?", "p3"])
        summary = await run(["p1", "p2", "p3"], retry_failed=True)
        assert (summary.answered, run.said) == (3, echoed(3))
        with pytest.raises(ConfigError, match="its first 3 lines"):
            await run(["p1", "?", "p3"])

    async def test_what_was_kept_ahead_is_asked_again_too(self, run: Runs) -> None:
        with Journal.open(run.results, ABOUT) as journal:
            journal.add([Entry(2, "failed", digest_of(b"p2\n"), '{"line":2,"status":"failed"}')])
        await run(letters(3), retry_failed=True)
        assert (run.fake.begun, run.said) == (3, echoed(3))

    async def test_what_was_kept_ahead_is_left_alone_without_the_wish(self, run: Runs) -> None:
        with Journal.open(run.results, ABOUT) as journal:
            journal.add([Entry(2, "failed", digest_of(b"p2\n"), '{"line":2,"status":"failed"}')])
        await run(letters(3))
        assert (run.fake.begun, run.reading.passed) == (2, [2])
        assert run.said == [(1, "echo: p1"), (2, "failed"), (3, "echo: p3")]

    async def test_fails_again_and_says_so(self, run: Runs) -> None:
        await run(letters(3), Slow("p2"))
        await run(letters(3), Slow("p2"), retry_failed=True)
        assert run.said == [(1, "echo: p1"), (2, "failed"), (3, "echo: p3")]


class TestAnEarlyEnd:
    @pytest.mark.parametrize(
        "error",
        [
            AuthenticationError("bad key", model="m", status=401),
            QuotaError("no money", model="m", status=429),
            ConfigError("closed"),
        ],
    )
    async def test_what_all_lines_would_fail_with_is_no_result(self, run: Runs, error: Exception) -> None:
        class Refusing(Slow):
            async def send(self, request: Any) -> Any:
                if self.begun >= 2:
                    raise error
                return await super().send(request)

        summary = await run(letters(9), Refusing(), max_concurrent=1)
        assert summary.reason is error
        assert (summary.answered, summary.failed, summary.left) == (2, 0, 7)
        assert (await run(letters(9))).asked == 7
        assert run.said == echoed(9)

    async def test_after_many_failures_in_a_row(self, run: Runs) -> None:
        wrong = [f"p{number}" for number in (2, 3, 5, 6, 7, 8)]
        summary = await run(letters(9), Slow(*wrong), max_failures=3, max_concurrent=1)
        assert summary.reason == "the last 3 requests all failed"
        assert (summary.answered, summary.failed, summary.left) == (2, 5, 2)
        summary = await run(letters(9), max_failures=3)
        assert (summary.asked, summary.failed) == (2, 5)

    async def test_refused_lines_are_no_failures_in_a_row(self, run: Runs) -> None:
        summary = await run(["?"] * 9, max_failures=3)
        assert (summary.reason, summary.refused) == (None, 9)
        summary = await run(letters(9), Slow(*letters(9)), max_failures=0, overwrite=True)
        assert (summary.reason, summary.failed) == (None, 9)

    async def test_on_wish_waits_for_what_is_under_way(self, run: Runs) -> None:
        fake = Slow()
        fake.gate.clear()
        task = asyncio.create_task(run(letters(9), fake))
        await settled(lambda: fake.begun == 3)
        assert run.online is not None
        assert run.online.in_flight == 3
        run.online.end("enough")
        run.online.end("later")
        fake.gate.set()
        summary = await task
        assert (summary.reason, summary.answered, summary.left) == ("enough", 3, 6)
        assert run.said == echoed(3)

    async def test_a_failure_tells_what_the_compiler_changed(self, run: Runs) -> None:
        class Seeded(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                return Work(line, b"", None, TextRequest(prompt="p1", seed=1, use_cache=False))

        await answered(run, "a", Seeded(), Slow("p1"))
        assert [item["path"] for item in run.found[0]["diagnostics"]] == ["seed"]
        client = client_of(level="raise")
        await answer_file(
            io.BytesIO(b"a"),
            run.results,
            Seeded(),
            lambda _: client,
            RunWish(about=ABOUT, retry_failed=True),
        )
        assert run.found[0]["status"] == "refused"
        assert [item["path"] for item in run.found[0]["diagnostics"]] == ["seed"]

    async def test_an_answer_that_failed_is_paid_for(self, run: Runs) -> None:
        class Shaped(Prompts):
            def work(self, line: int, data: bytes) -> Work:
                schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
                request = TextRequest(prompt="p1", response_format=schema, use_cache=False)
                return Work(line, b"", None, request)

        summary = await answered(run, "a", Shaped(), FakeTransport(Reply(text='{"n": "many"}')))
        assert summary.failed == 1
        assert summary.input_tokens > 0
        assert summary.cost


class TestADiskThatIsFull:
    def failing(self, monkeypatch: pytest.MonkeyPatch, times: float) -> list[int]:
        real, tried = Journal.add, list[int]()

        def add(self: Journal, entries: Any) -> None:
            tried.append(len(entries))
            if len(tried) <= times:
                raise OSError("no space left")
            real(self, entries)

        monkeypatch.setattr(Journal, "add", add)
        return tried

    def patient(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        from smartllm.runtime.batch import keeping, run

        monkeypatch.setattr(keeping, "_AGAIN", 0.01)
        monkeypatch.setattr(run, "Keeper", lambda *given: Keeper(*given, room_seconds=seconds))

    async def test_is_waited_for(self, run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patient(monkeypatch, 60)
        self.failing(monkeypatch, 3)
        summary = await run(letters(9))
        assert (summary.answered, summary.reason) == (9, None)
        assert run.notes == ["cannot write: no space left; trying for 60 s"]

    async def test_that_stays_so_ends_the_run(self, run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patient(monkeypatch, 0.03)
        self.failing(monkeypatch, float("inf"))
        summary = await run(letters(9))
        assert str(summary.reason) == "no space left"
        assert (summary.answered, summary.left, run.fake.begun) == (0, 9, 3)
        assert run.notes[1:] == ["3 answers could not be kept; the next run asks for them again"]
        monkeypatch.undo()
        assert (await run(letters(9))).answered == 9

    async def test_of_the_results_leaves_them_to_the_next_run(
        self, run: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await run(letters(2))
        monkeypatch.setattr(Keeper, "_flush", lambda self: asyncio.sleep(0))
        real = Journal.flush
        calls: list[int] = []

        def flush(self: Journal) -> None:
            calls.append(1)
            if len(calls) > 1:
                raise OSError("no space left")
            real(self)

        monkeypatch.setattr(Journal, "flush", flush)
        summary = await run(letters(5))
        assert str(summary.reason) == "no space left"
        assert run.said == echoed(2)
        monkeypatch.undo()
        assert (await run(letters(5))).asked == 0
        assert run.said == echoed(5)

    async def test_of_the_results_alone_is_told_while_it_lasts(
        self, run: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from smartllm.runtime.batch import keeping

        monkeypatch.setattr(keeping, "_BETWEEN", 0)
        real, calls = Journal.flush, list[int]()

        def flush(self: Journal) -> None:
            calls.append(1)
            if len(calls) == 2:
                raise OSError("no space left")
            real(self)

        monkeypatch.setattr(Journal, "flush", flush)
        assert (await run(letters(9))).reason is None
        assert run.notes == ["cannot write the results yet: no space left"]
        assert run.said == echoed(9)

    async def test_that_is_full_already_is_told_at_once(
        self, run: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def flush(self: Journal) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(Journal, "flush", flush)
        with pytest.raises(ConfigError, match="cannot be written: no space left"):
            await run(letters(2))

    async def test_a_fault_of_ours_is_no_full_disk(self, run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
        def add(self: Journal, entries: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Journal, "add", add)
        with pytest.raises(ExceptionGroup) as caught:
            await run(letters(2))
        assert isinstance(caught.value.exceptions[0], ZeroDivisionError)
