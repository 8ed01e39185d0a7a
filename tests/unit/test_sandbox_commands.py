"""``smartllm sandbox -- COMMAND``, and its log: a command finds the sandbox where it looks for providers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from click.testing import Result
from commands import invoke
from warm import COMMAND_LINE

from smartllm import TextRequest
from smartllm.cli import main
from smartllm.cli.sandbox_log import Log, lines_of, model_of
from smartllm.cli.sandboxed import status_of
from smartllm.sync import LLMClient
from smartllm.testing import LoopbackServer
from smartllm.testing.reply import Recorded
from smartllm.testing.routes import find_route
from smartllm.testing.variables import OTHERS, environment_of, no_proxy

POSTING: Final = (
    "import json, os, sys, urllib.request as u; "
    "b = os.environ['OPENAI_BASE_URL'] + '/responses'; "
    "r = u.Request(b, json.dumps({'model': 'o3', 'input': 'hi', **json.loads(sys.argv[1])}).encode()); "
    "u.urlopen(r).read()"
)


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as running:
        yield running


@pytest.fixture
def kept_signals() -> Iterator[None]:
    """Handlers as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def run(*arguments: str) -> Result:
    return invoke(main, ["sandbox", *arguments])


class TestEnvironment:
    def test_it_leads_to_the_sandbox_and_not_to_the_users_accounts(
        self, server: LoopbackServer, tmp_path: Path
    ) -> None:
        own = dict.fromkeys(OTHERS, "mine") | {"HOME": "/home", "OPENAI_API_KEY": "sk-mine"}
        made = environment_of(own, server, tmp_path)
        assert made.keys().isdisjoint(OTHERS)
        assert made["HOME"] == "/home"
        assert server.environment().items() <= made.items()
        assert "mine" not in " ".join(made.values())
        assert Path(made["SMARTLLM_CACHE_DIR"]).is_relative_to(tmp_path)
        assert Path(made["SMARTLLM_TALKS_DIR"]).is_relative_to(tmp_path)

    @pytest.mark.parametrize(
        ("own", "region"),
        [
            ({}, "us-east-1"),
            ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
            ({"AWS_REGION": "eu-west-1"}, None),
        ],
        ids=["none", "default", "own"],
    )
    def test_other_sdks_find_a_region(
        self, server: LoopbackServer, tmp_path: Path, own: dict[str, str], region: str | None
    ) -> None:
        assert environment_of(own, server, tmp_path).get("AWS_DEFAULT_REGION") == region

    @pytest.mark.parametrize(
        ("own", "direct"),
        [
            ({}, "127.0.0.1,localhost"),
            ({"NO_PROXY": "a.example, b.example"}, "a.example,b.example,127.0.0.1,localhost"),
            ({"NO_PROXY": "a", "no_proxy": "localhost"}, "localhost,127.0.0.1"),
            ({"no_proxy": "*"}, "*"),
        ],
        ids=["none", "some", "small letters count", "all"],
    )
    def test_no_proxy_stands_before_it(self, own: dict[str, str], direct: str) -> None:
        assert no_proxy(own) == direct

    def test_a_client_behind_a_proxy_reaches_it(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        with LLMClient(provider="openai", max_retries=0) as client:
            assert client.generate_text(_request()).text == "echo: hi"


def _request(model: str = "gpt-4.1") -> TextRequest[Any]:
    return TextRequest(prompt="hi", model=model, use_cache=False)


class TestCommands:
    def test_it_calls_the_sandbox_and_its_status_is_passed_on(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        code = f"{POSTING}; sys.exit(7)"
        result = run("--log", str(log), "--", *python(code, "{}"))
        assert result.exit_code == 7
        assert result.stdout == ""
        (line,) = log.read_text().splitlines()
        assert line.startswith("POST /v1/responses 200 (o3, ")

    def test_options_behind_it_are_its_own(self, server: LoopbackServer) -> None:
        assert run(*python("import sys; sys.exit(len(sys.argv))", "--seconds", "-x")).exit_code == 3
        assert status_of(python("import sys; sys.exit(sys.argv[1] != '--')", "--"), server) == 0

    def test_its_caches_are_gone_afterwards(self, server: LoopbackServer, tmp_path: Path) -> None:
        told = tmp_path / "told"
        code = (
            "import os, pathlib, sys; folder = os.environ['SMARTLLM_CACHE_DIR']; os.makedirs(folder); "
            "pathlib.Path(sys.argv[1]).write_text(folder)"
        )
        assert status_of(python(code, str(told)), server) == 0
        assert not Path(told.read_text()).exists()

    @pytest.mark.parametrize(
        ("name", "mode", "status"),
        [("nonesuch", None, 127), ("plain", 0o600, 126), ("a\0b", None, 126)],
        ids=["no such program", "not executable", "no name"],
    )
    def test_what_cannot_run(
        self, server: LoopbackServer, tmp_path: Path, name: str, mode: int | None, status: int
    ) -> None:
        file = tmp_path / name
        if mode is not None:
            file.write_text("x")
            file.chmod(mode)
        assert status_of([str(file)], server) == status

    def test_a_signal_that_ends_it_is_told_as_shells_do(self, server: LoopbackServer) -> None:
        code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
        assert status_of(python(code), server) == 128 + signal.SIGTERM

    @pytest.mark.usefixtures("kept_signals")
    @pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
    def test_signals_are_passed_on(self, server: LoopbackServer, tmp_path: Path, name: str) -> None:
        ready = tmp_path / "ready"
        code = (
            "import pathlib, signal, sys, time; "
            "signal.signal(getattr(signal, sys.argv[1]), lambda *_: sys.exit(5)); "
            "pathlib.Path(sys.argv[2]).touch(); time.sleep(60)"
        )

        def send() -> None:
            until(ready.exists)
            os.kill(os.getpid(), getattr(signal, name))

        sender = Thread(target=send)
        sender.start()
        assert status_of(python(code, name, str(ready)), server) == 5
        sender.join()

    def test_a_log_that_cannot_be_written(self, tmp_path: Path) -> None:
        result = run("--log", str(tmp_path / "none" / "log"), "--", "true")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--log" in result.stderr

    def test_without_a_command_variables_are_printed_for_a_shell(self) -> None:
        lines = run("--seconds", "0").stdout.splitlines()
        assert all(line.startswith("export ") for line in lines)
        assert any(line.startswith("export NO_PROXY=") for line in lines)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true() and time.monotonic() < end:
        time.sleep(0.01)


def recorded(body: Any = None, **given: Any) -> Recorded:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Recorded(method="POST", path="/v1/x", raw_path="/v1/x", headers={}, body=raw, **given)


class TestLog:
    def test_a_refusal_says_why_and_which_fact(self, server: LoopbackServer) -> None:
        file = StringIO()
        file.close = lambda: None  # type: ignore[method-assign]
        with Log(server, file):
            status = status_of(python(POSTING, '{"temperature": 0.2}'), server)
        assert status == 1  # urllib raises
        line = file.getvalue().splitlines()[-1]
        assert line.startswith("POST /v1/responses 400 (o3, ")
        assert ": Unsupported parameter: 'temperature' is not supported with this model. [sampling" in line
        assert server.requests == [], "they would pile up"

    @pytest.mark.parametrize(
        ("request_", "line"),
        [
            (recorded({"model": "m"}, status=200, seconds=0.0123), "POST /v1/x 200 (m, 12 ms, 14 bytes)"),
            (recorded([], status=404, seconds=0.0, reason="no"), "POST /v1/x 404 (0 ms, 2 bytes): no"),
            (
                recorded(b"{", status=200, seconds=1.0, disconnected=True),
                "POST /v1/x broken off (1000 ms, 1 bytes)",
            ),
            (recorded({"model": 5}), "POST /v1/x no answer (12 bytes)"),
            (recorded(b"[" * 100_000, status=400), "POST /v1/x 400 (100000 bytes)"),
        ],
        ids=["answered", "refused", "broken off", "open", "deep"],
    )
    def test_a_line_tells_status_model_and_time(self, request_: Recorded, line: str) -> None:
        assert list(lines_of(request_)) == [line]

    def test_a_model_may_stand_in_the_path(self) -> None:
        route = find_route("POST", "/model/us.amazon.nova-pro-v1%3A0/converse")
        assert model_of(recorded({}, route=route)) == "us.amazon.nova-pro-v1:0"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_log_that_finds_no_place_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    with LoopbackServer() as own, Path("/dev/full").open("w", encoding="utf-8", buffering=1) as file:
        log = Log(own, file)
        own.requests += [Recorded(method="GET", path="/", raw_path="/", headers={}, body=b"")] * 2
        with log:
            pass
    assert capfd.readouterr().err == "--log /dev/full: No space left on device; no more is written to it\n"


def test_a_port_that_is_taken_is_named(server: LoopbackServer) -> None:
    port = server.url.rpartition(":")[2]
    assert run("--port", port, "--seconds", "0").stderr == f"error: --port {port}: address already in use\n"


@pytest.mark.slow
def test_a_terminals_interrupt_reaches_the_command_once() -> None:
    """The terminal sends it to all in its foreground; it is not passed on a second time."""
    code = (
        "import signal, sys, time; came = []; signal.signal(signal.SIGINT, lambda *_: came.append(1)); "
        "print('ready', flush=True); time.sleep(1); sys.exit(len(came))"
    )
    spawning = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    command = python(COMMAND_LINE, "sandbox", "--", *python(code))
    terminal = subprocess.Popen(python(spawning, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert terminal.stdin is not None
    assert terminal.stdout is not None
    assert b"ready" in terminal.stdout.readline()
    terminal.stdin.write(b"\x03")
    terminal.stdin.flush()
    assert terminal.wait(60) == 1
    terminal.stdin.close()
    terminal.stdout.close()
