"""``batch run`` under ``kill -9``: each line is answered once, and no answered line is asked again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from warm import COMMAND_LINE, Ended, Warm

from smartllm.testing import LoopbackServer

pytestmark = pytest.mark.usefixtures("reachable")

LINES, KILLS, MOST = 3000, 50, 8
_CODE = f"import os, pathlib; pathlib.Path('pid').write_text(str(os.getpid()))\n{COMMAND_LINE}"
_NUMBER = re.compile(rb"prompt (\d+)\.")


def write(folder: Path, lines: int, chance: random.Random) -> list[int]:
    """Lines whose answers overtake each other; some fail, some are blank. The numbers of the others."""
    texts = []
    for number in range(1, lines + 1):
        delay = 0.3 if number % 40 == 0 else round(chance.uniform(0, 0.05), 3)
        reply = {"delay": delay, **({"status": 400} if number % 50 == 0 else {})}
        request = {
            "prompt": f"prompt {number}.",
            "custom_id": f"c{number}",
            "model": "gpt-5.4",
            "extra_headers": {"x-smartllm-reply": json.dumps(reply)},
        }
        texts.append("" if number % 97 == 0 else json.dumps(request))
    (folder / "requests.jsonl").write_text("\n".join(texts))
    return [number for number, text in enumerate(texts, start=1) if text]


def run(warm: Warm, folder: Path, after: float | None) -> Ended:
    """A run, which is killed so long after it began."""
    (folder / "pid").unlink(missing_ok=True)
    ended: list[Ended] = []
    command = ("batch", "run", "requests.jsonl", "-o", "results.jsonl", "--no-cache", "-q")
    options = ("--max-concurrent", str(MOST), "--max-failures", "0")

    def waits() -> None:
        ended.append(warm.run(_CODE, *command, *options, environment=os.environ, folder=folder))

    thread = Thread(target=waits)
    thread.start()
    if after is not None:
        while not ((folder / "pid").exists() and (folder / "pid").read_text()):
            time.sleep(0.001)
        thread.join(after)
        if thread.is_alive():
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    thread.join()
    return ended[0]


def settled(folder: Path) -> Iterator[int]:
    """The lines that are answered, or have failed, for certain."""
    results, journal = folder / "results.jsonl", folder / "results.jsonl.journal"
    if results.exists():
        for line in results.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # the last one may be torn
                yield json.loads(line)["line"]
    if journal.exists():
        with closing(sqlite3.connect(journal)) as db:
            known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'").fetchone()
            yield from (line for (line,) in db.execute("SELECT line FROM kept")) if known else ()


def asked(server: LoopbackServer) -> Counter[int]:
    return Counter(int(_NUMBER.findall(request.body)[0]) for request in server.requests)


def check(warm: Warm, folder: Path, server: LoopbackServer, lines: int, kills: int) -> None:
    """Kill runs at random moments, end one, and look at all that came of it."""
    wanted = write(folder, lines, chance := random.Random(22))  # noqa: S311 - moments, no secrets
    for done in range(kills):
        known, before = set(settled(folder)), asked(server)
        ended = run(warm, folder, chance.uniform(0.02, 0.6))
        assert ended.returncode == -signal.SIGKILL, f"it ended after {done} kills: {ended.said}"
        again = {line for line, count in asked(server).items() if count > before[line]}
        assert not known & again
    last = run(warm, folder, None)
    assert (last.returncode, last.said) == (1, ("", ""))  # some have failed
    results = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert [result["line"] for result in results] == wanted
    for result in results:
        line = result["line"]
        assert result["custom_id"] == f"c{line}"
        assert result["status"] == ("failed" if line % 50 == 0 else "answered")
        assert line % 50 == 0 or result["text"] == f"echo: prompt {line}."
    counts = asked(server)
    assert sorted(counts) == wanted
    assert counts.total() <= len(wanted) + kills * MOST
    print(f"{len(wanted)} lines, {kills} kills: {counts.total()} calls")  # noqa: T201 - the figure


def test_killed_a_few_times(warm: Warm, server: LoopbackServer, tmp_path: Path) -> None:
    check(warm, tmp_path, server, 150, 2)


@pytest.mark.slow
def test_killed_fifty_times(warm: Warm, server: LoopbackServer, tmp_path: Path) -> None:
    check(warm, tmp_path, server, LINES, KILLS)
