"""Outputs that are closed, full, or read by nobody: told where it matters, and never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from warm import COMMAND_LINE, Warm

from smartllm.testing import LoopbackServer

FULL = Path("/dev/full")
COMPILE = ("compile", "hi", "-m", "gpt-5.4")
RUN = ("run", "hi", "-m", "gpt-5.4", "--no-cache", "--no-keep")
NO_PLACE = b"error: standard output: No space left on device\n"
CLOSE_OUTPUT = f"import os, sys; os.close(1); sys.stdout = None; {COMMAND_LINE}"
CLOSE_ERRORS = f"import os, sys; os.close(2); sys.stderr = None; {COMMAND_LINE}"

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as process:
        yield process


def ended(
    warm: Warm,
    folder: Path,
    *arguments: str,
    output: str = "",
    errors: str = "",
    stdin: str = os.devnull,
    **more: str,
) -> tuple[object, ...]:
    """Status, output and errors of a command whose files are these."""
    out, err = output or str(folder / "out"), errors or str(folder / "err")
    files = (
        os.open(stdin, os.O_RDONLY),
        os.open(out, os.O_WRONLY | os.O_CREAT),
        os.open(err, os.O_WRONLY | os.O_CREAT),
    )
    given = {"HOME": str(folder), "NO_COLOR": "1", **more}
    status = warm.status_of(COMMAND_LINE, *arguments, environment=given, folder=folder, files=files)
    printed = b"" if output else (folder / "out").read_bytes()
    return status, printed, b"" if errors else (folder / "err").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [COMPILE, ("--help",), ("explain", "gpt-5.4", "--html", "-"), ("completion", "bash")],
    ids=["compile", "help", "page", "completion"],
)
def test_a_full_disk_is_told(warm: Warm, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert ended(warm, tmp_path, *arguments, output=str(FULL)) == (1, b"", NO_PLACE)


@pytest.mark.parametrize("arguments", [RUN, (*RUN, "--stream")], ids=["whole", "stream"])
def test_an_answer_that_finds_no_place_is_told(
    warm: Warm, tmp_path: Path, server: LoopbackServer, arguments: tuple[str, ...]
) -> None:
    status, _, errors = ended(warm, tmp_path, *arguments, "-q", output=str(FULL), **server.environment())
    assert (status, errors) == (1, NO_PLACE)


def test_a_closed_output_is_told(warm: Warm, tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path)}
    result = warm.run(CLOSE_OUTPUT, *COMPILE, environment=given, folder=tmp_path)
    assert (result.returncode, result.stderr) == (1, b"error: standard output: Bad file descriptor\n")


def test_errors_that_find_no_place_change_nothing(warm: Warm, tmp_path: Path, server: LoopbackServer) -> None:
    status, output, _ = ended(warm, tmp_path, *RUN, errors=str(FULL), **server.environment())
    assert (status, output) == (0, b"echo: hi\n")
    assert ended(warm, tmp_path, "compile", "hi", "-m", "gtp", errors=str(FULL))[0] == 1
    assert ended(warm, tmp_path, "nonesuch", errors=str(FULL))[0] == 2


def test_nor_do_those_that_are_closed(warm: Warm, tmp_path: Path, server: LoopbackServer) -> None:
    given = {"HOME": str(tmp_path), **server.environment()}
    result = warm.run(CLOSE_ERRORS, *RUN, environment=given, folder=tmp_path)
    assert (result.returncode, result.stdout) == (0, b"echo: hi\n")


def test_a_reader_that_is_slow_is_waited_for(warm: Warm, tmp_path: Path) -> None:
    code = f"import os; os.set_blocking(1, False); {COMMAND_LINE}"
    result = warm.run(code, "schema", environment={"HOME": str(tmp_path)}, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.rstrip().endswith(b"}")


def test_half_a_talk_is_not_saved(warm: Warm, tmp_path: Path, server: LoopbackServer) -> None:
    typed = tmp_path / "typed"
    typed.write_text("hi\n/save talk.json\n", encoding="utf-8")
    status = warm.status_of(
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); {COMMAND_LINE}",
        *("chat", "-m", "gpt-5.4", "--no-keep"),
        environment={"HOME": str(tmp_path), **server.environment()},
        folder=tmp_path,
        files=(
            os.open(typed, os.O_RDONLY),
            os.open(os.devnull, os.O_WRONLY),
            os.open(os.devnull, os.O_WRONLY),
        ),
    )
    assert (status, (tmp_path / "talk.json").exists()) == (0, False)
