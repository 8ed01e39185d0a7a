"""``smartllm batch run`` at the shell: files, exit statuses, what is told, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from commands import invoke
from typist import CTRL_C, Typist
from warm import COMMAND_LINE, Warm

from smartllm.cli import main
from smartllm.cli.bulk.run_online import _opened
from smartllm.cli.bulk.run_told import Shown, in_words
from smartllm.errors import RequestFileError
from smartllm.map_progress import MapProgress
from smartllm.runtime.batch.run import RunSummary
from smartllm.runtime.batch.run_work import Survey
from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.usefixtures("reachable")

GPT, CLAUDE = "gpt-5.4", "us.anthropic.claude-opus-4-7"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*lines: Any) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    Path("requests.jsonl").write_text("".join(f"{text}\n" for text in texts))


def run(*arguments: str, source: str = "requests.jsonl", stdin: str | None = None) -> Result:
    command = ["batch", "run", source, "-o", "results.jsonl", *arguments]
    return invoke(main, command, stdin=stdin)


def found() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("results.jsonl").read_text().splitlines()]


def asked(server: LoopbackServer) -> list[str]:
    return [request.path for request in server.requests]


def slow(prompt: str, seconds: float) -> dict[str, Any]:
    reply = json.dumps({"delay": seconds})
    return {"prompt": prompt, "model": GPT, "extra_headers": {"x-smartllm-reply": reply}}


class TestWhatIsAsked:
    def test_lines_of_all_kinds_in_their_order(self, server: LoopbackServer) -> None:
        write(
            {"prompt": "one", "custom_id": "a", "model": CLAUDE},
            '"two"',
            "",
            [{"role": "user", "content": "three"}],
            ["four", "five"],
        )
        result = run("-m", GPT)
        assert result.exit_code == 0
        assert [(one["line"], one.get("custom_id"), one["text"]) for one in found()] == [
            (1, "a", "echo: one"),
            (2, None, "echo: two"),
            (4, None, "echo: three"),
            (5, None, "echo: five"),
        ]
        assert [one["model"] for one in found()] == [CLAUDE, GPT, GPT, GPT]
        assert result.stdout.startswith("4 of 4 answered, ")

    def test_an_option_is_for_lines_that_do_not_say_it(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "api_type": "responses"}, {"prompt": "two", "model": "gpt-4.1"})
        assert run("-m", GPT, "--api-type", "chat_completions").exit_code == 0
        assert sorted(asked(server)) == ["/v1/chat/completions", "/v1/responses"]
        assert [one["model"] for one in found()] == [GPT, "gpt-4.1"]

    def test_on_another_server_whatever_the_model(self, server: LoopbackServer, monkeypatch: Any) -> None:
        monkeypatch.delenv("OPENAI_BASE_URL")
        write({"prompt": "one", "model": CLAUDE}, {"prompt": "two", "model": "my-own"})
        assert run("--base-url", server.openai_base_url).exit_code == 0
        assert {path.partition("?")[0] for path in asked(server)} <= {
            "/v1/chat/completions",
            "/v1/responses",
        }
        text = Path("results.jsonl.journal").read_bytes()
        assert server.url.encode() in text

    def test_a_login_in_an_address_is_kept_nowhere(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": "m"})
        address = server.openai_base_url.replace("http://", "http://me:sk-canary@")
        assert run("--base-url", address).exit_code == 0
        for path in Path().iterdir():
            assert b"sk-canary" not in path.read_bytes()

    def test_a_model_that_nobody_knows_is_its_line_s_fault(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": "no-such-model"}, {"prompt": "two", "model": CLAUDE})
        result = run("--provider", "bedrock")
        assert result.exit_code == 1
        assert [one["status"] for one in found()] == ["refused", "answered"]
        assert found()[0]["error"]["type"] == "UnknownModelError"

    def test_a_model_of_another_server_by_the_environment(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": "my-own"}, {"prompt": "two", "model": CLAUDE})
        assert run().exit_code == 0
        assert [one["model"] for one in found()] == ["my-own", CLAUDE]

    def test_standard_input(self, server: LoopbackServer) -> None:
        text = '"one"\n"two"\n'
        assert run("-m", GPT, "--limit", "1", source="-", stdin=text).exit_code == 0
        assert run("-m", GPT, source="-", stdin=text).exit_code == 0
        assert len(found()) == len(server.requests) == 2

    def test_the_cache_may_be_left_out(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": GPT}, {"prompt": "one", "model": GPT, "use_cache": True})
        assert run("--no-cache", "--max-concurrent", "1").exit_code == 0
        assert len(server.requests) == 2
        result = run("--overwrite", "--max-concurrent", "1")
        assert (len(server.requests), "1 from the cache" in result.stdout) == (3, True)

    def test_an_id_may_be_had_once(self, server: LoopbackServer) -> None:
        write(*({"prompt": text, "custom_id": "a", "model": GPT} for text in ("one", "two", "three")))
        assert run("--limit", "1").exit_code == 0
        result = run()
        assert (result.exit_code, [one["status"] for one in found()]) == (1, ["answered", *["refused"] * 2])
        assert "'a' is that of line 1 already" in found()[2]["error"]["message"]


class TestWhatIsTold:
    def test_a_summary_and_how_to_go_on(self, server: LoopbackServer) -> None:
        server.script(Reply(), Reply(status=400), Reply())
        write(*({"prompt": text, "model": GPT} for text in "abcd"), "{}")
        result = run("--max-concurrent", "1", "--limit", "3")
        assert result.exit_code == 1
        assert result.stdout.startswith("2 of 5 answered, 1 failed, 2 not asked yet, ")
        assert "to go on, run the same command again\n" in result.stderr
        assert "the same command with --retry-failed\n" in result.stderr
        assert "run: 3/3 done" in result.stderr
        result = run("--retry-failed")
        assert result.stderr.startswith("3 of 5 requests were asked before\n") or "2 of 5" in result.stderr
        assert result.stdout.startswith("4 of 5 answered, 1 refused, ")
        assert [one["status"] for one in found()] == [*["answered"] * 4, "refused"]

    def test_as_json(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": GPT}, "{")
        result = run("--json")
        data = json.loads(result.stdout)
        assert (data["lines"], data["answered"], data["refused"], data["reason"]) == (2, 1, 1, None)
        assert data["cost"] > 0

    def test_nothing_where_all_is_well_and_nobody_asks(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": GPT})
        result = run("-q")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
        result = run()
        assert (result.exit_code, result.stderr) == (0, "1 of 1 requests were asked before\n")

    def test_why_it_stopped(self, server: LoopbackServer) -> None:
        server.script(*[Reply(status=401)] * 2)
        write(*({"prompt": text, "model": GPT} for text in "abcd"))
        result = run("-q", "--max-concurrent", "1")
        assert (result.exit_code, result.stdout, found()) == (1, "", [])
        assert result.stderr.startswith("stopped: ")
        server.reset()
        server.script(*[Reply(status=400)] * 4)
        result = run("--max-concurrent", "1", "--max-failures", "2")
        assert "stopped: the last 2 requests all failed\n" in result.stderr
        assert (len(server.requests), result.exit_code) == (2, 1)

    def test_in_words(self) -> None:
        said = in_words(
            RunSummary(
                lines=9,
                answered=3,
                failed=1,
                refused=2,
                left=3,
                asked=6,
                cached=1,
                warned=2,
                cost=None,
                input_tokens=10,
                output_tokens=20,
                seconds=61.2,
                reason=None,
            )
        )
        assert said == (
            "3 of 9 answered, 1 from the cache, 1 failed, 2 refused, 3 not asked yet, 2 with warnings, "
            "10 tokens in, 20 out, in 0:01:01"
        )


class TestBadInput:
    def test_files_that_cannot_be_used(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": GPT})
        result = run(source="nowhere.jsonl")
        assert (result.exit_code, "nowhere.jsonl: cannot be read" in result.stderr) == (2, True)
        Path("results.jsonl").write_text("mine\n")
        result = run()
        assert (result.exit_code, "no journal of a run stands beside it" in result.stderr) == (2, True)
        assert Path("results.jsonl").read_text() == "mine\n"

    def test_another_file_or_other_options(self, server: LoopbackServer, monkeypatch: Any) -> None:
        write('"one"')
        assert run().exit_code == 0
        write('"two"')
        result = run()
        assert (result.exit_code, "was changed since the run began" in result.stderr) == (2, True)
        write('"one"')
        result = run("-m", GPT)
        assert (result.exit_code, f'model="{GPT}"' in result.stderr) == (2, True)
        monkeypatch.setenv("OPENAI_MODEL", "gpt-4.1")
        result = run()
        assert (result.exit_code, 'OPENAI_MODEL="gpt-4.1"' in result.stderr) == (2, True)
        Path("more.toml").write_text('[model."gpt-9x"]\nuse = "openai/gpt"\n')
        monkeypatch.delenv("OPENAI_MODEL")
        result = run("--rules", "more.toml")
        assert result.exit_code == 2
        assert len(server.requests) == 1

    def test_options_that_do_not_go_together(self, server: LoopbackServer) -> None:
        write('"one"')
        assert "do not go together" in run("--overwrite", "--retry-failed").stderr
        assert run("--base-url", "http://x", "--aws-profile", "p").exit_code == 2
        assert run("--max-concurrent", "0").exit_code == 2

    def test_no_key(self, server: LoopbackServer, monkeypatch: Any) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        monkeypatch.delenv("OPENAI_BASE_URL")
        write({"prompt": "one", "model": GPT})
        result = run()
        assert (result.exit_code, "OPENAI_API_KEY" in result.stderr) == (2, True)

    def test_two_runs_at_once(self, server: LoopbackServer) -> None:
        write({"prompt": "one", "model": GPT})
        assert run().exit_code == 0
        other = sqlite3.connect("results.jsonl.journal")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        result = run()
        other.close()
        assert (result.exit_code, "another run writes it" in result.stderr) == (2, True)


class TestCtrlC:
    def test_once_waits_for_what_is_under_way(self, server: LoopbackServer, warm: Warm, folder: Path) -> None:
        write(*(slow(f"p{number}", 0.25) for number in range(9)))
        command = ("batch", "run", "requests.jsonl", "-o", "results.jsonl", "--max-concurrent", "3")
        with Typist(warm, *command, environment=os.environ, folder=folder) as typist:
            while len(server.requests) < 3:
                pass
            typist.types(CTRL_C)
            typist.sees("stopping: 3 requests are under way, and are waited for; once more drops them")
            typist.sees("3 of 9 answered")
            typist.sees("stopped: SIGINT")
            assert typist.ended() == 130
        assert [one["text"] for one in found()] == ["echo: p0", "echo: p1", "echo: p2"]
        assert run().exit_code == 0
        assert len(server.requests) == 9

    def test_twice_does_not(self, server: LoopbackServer, warm: Warm, folder: Path) -> None:
        write(slow("p0", 0.0), *(slow(f"p{number}", 20) for number in range(1, 9)))
        command = ("batch", "run", "requests.jsonl", "-o", "results.jsonl", "--max-concurrent", "2")
        with Typist(warm, *command, environment=os.environ, folder=folder) as typist:
            while len(server.requests) < 3:
                pass
            typist.types(CTRL_C)
            typist.sees("stopping")
            typist.types(CTRL_C)
            typist.sees("stopped, without waiting for what was under way")
            assert typist.ended() == 130
        assert [one["text"] for one in found()] == ["echo: p0"]


class TestCtrlCHere:
    """The same in this process."""

    @pytest.mark.parametrize("times", [1, 2])
    def test_ends_the_run(self, server: LoopbackServer, times: int) -> None:
        write(*(slow(f"p{number}", 0.2 if times == 1 else 20) for number in range(9)))

        def press() -> None:
            while len(server.requests) < 3:
                time.sleep(0.001)
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.05)

        thread = Thread(target=press)
        thread.start()
        result = run("--max-concurrent", "3")
        thread.join()
        assert result.exit_code == 128 + signal.SIGTERM
        assert "stopping: 3 requests are under way" in result.stderr
        if times == 1:
            assert result.stderr.count("stopped: SIGTERM\n") == 1
            assert len(found()) == 3
        else:
            assert "stopped, without waiting for what was under way; to go on" in result.stderr
            assert found() == []

    def test_is_heard_where_signals_can_be(self, server: LoopbackServer, monkeypatch: Any) -> None:
        def windows(*_: object) -> None:
            raise NotImplementedError

        monkeypatch.setattr("asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler", windows)
        write({"prompt": "one", "model": GPT})
        assert run().exit_code == 0


def test_nothing_comes_in(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with _opened("-") as file:
        assert file.read() == b""

    class Broken:
        buffer = property(lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))

    monkeypatch.setattr("sys.stdin", Broken())
    with (
        pytest.raises(RequestFileError, match="standard input: cannot be read \\(Input/output error\\)"),
        _opened("-"),
    ):
        pass


def test_standard_error_may_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: str) -> None:
        raise OSError

    monkeypatch.setattr("smartllm.cli.bulk.run_told.shown_progress", gone)
    shown = Shown(quiet=False)
    shown.begin(Survey(2, 2))
    shown.tell(MapProgress(1, 0, 0, 2, 0, 1.0))
    shown.end()


_LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
_AT_ONCE = """
import functools, smartllm.runtime.batch.run as runs
runs.Keeper = functools.partial(runs.Keeper, room_seconds=0.1)
"""


def test_a_disk_that_takes_no_more(server: LoopbackServer, warm: Warm, folder: Path) -> None:
    write(*({"prompt": f"p{number} " + "x" * 300, "model": GPT} for number in range(60)))
    arguments = ("batch", "run", "requests.jsonl", "-o", "results.jsonl", "--max-concurrent", "4")
    ended = warm.run(_LIMIT + _AT_ONCE + COMMAND_LINE, *arguments, environment=os.environ, folder=folder)
    assert ended.returncode == 1, ended.said
    assert "cannot write: " in ended.said[1]
    assert "stopped: " in ended.said[1]
    before = len(server.requests)
    ended = warm.run(COMMAND_LINE, *arguments, "--no-cache", environment=os.environ, folder=folder)
    assert ended.returncode == 0, ended.said
    assert [one["line"] for one in found()] == list(range(1, 61))
    assert len(server.requests) <= 60 + 8
    assert before < 60
