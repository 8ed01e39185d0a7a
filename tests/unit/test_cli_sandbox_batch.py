"""The options of ``smartllm sandbox`` for batch engines."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine


def run(*arguments: str) -> Result:
    return invoke(main, ["sandbox", "--seconds", "0", *arguments])


@pytest.mark.parametrize(
    ("arguments", "engine"),
    [
        ([], Engine()),
        (["--batch-seconds", "0"], Engine(seconds=0)),
        (["--batch-failures", "0.25"], Engine(failures=0.25)),
        (["--batch-failures", "1"], Engine(failures=1)),
        (["--batch-expire-after", "0"], Engine(expire_after=0)),
        (
            ["--batch-seconds", "9.5", "--batch-failures", "0", "--batch-expire-after", "4"],
            Engine(seconds=9.5, expire_after=4),
        ),
    ],
)
def test_an_engine_of_options(monkeypatch: pytest.MonkeyPatch, arguments: list[str], engine: Engine) -> None:
    made: list[Any] = []

    class Server(LoopbackServer):
        def __init__(self, **given: Any) -> None:
            made.append(given["batch"])
            super().__init__(**given)

    monkeypatch.setattr("smartllm.testing.LoopbackServer", Server)
    done = run(*arguments)
    assert (done.exit_code, made) == (0, [engine])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--batch-seconds", "nan"], "--batch-seconds is a number from 0 up, not nan"),
        (["--batch-seconds", "inf"], "--batch-seconds is a number from 0 up, not inf"),
        (["--batch-failures", "nan"], "--batch-failures is a number from 0 up, not nan"),
        (["--batch-expire-after", "inf"], "--batch-expire-after is a number from 0 up, not inf"),
        (["--batch-seconds", "-1"], "-1"),
        (["--batch-failures", "1.5"], "1.5"),
        (["--batch-expire-after", "x"], "'x'"),
    ],
)
def test_numbers_that_are_none(arguments: list[str], why: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
