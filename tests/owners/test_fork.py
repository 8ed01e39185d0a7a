"""O2: a fork with a live client: the parent goes on whatever its child does, the child has its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from raw_server import RawServer

ACTS = {
    "alone": (
        *("child_asks", "child_closes", "child_drops", "child_drops_and_asks", "child_exits"),
        *("child_asks_and_exits", "child_is_killed", "child_ends_at_once"),
    ),
    "together": ("child_has_a_child", "meanwhile", "pool", "writing"),
}
FEW, ALL = 8, 200
SCRIPT = Path(__file__).with_name("fork_rounds.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")


@pytest.mark.parametrize("acts", ACTS)
@pytest.mark.parametrize(
    ("kind", "provider", "rounds"),
    [
        ("sync", "openai", FEW),
        ("async", "bedrock", FEW),
        *(
            pytest.param(kind, provider, ALL, marks=pytest.mark.slow)
            for kind in ("sync", "async")
            for provider in ("openai", "bedrock")
        ),
    ],
)
def test_parent_and_child_get_their_own_answers(
    kind: str, provider: str, acts: str, rounds: int, tmp_path: Path
) -> None:
    names = ACTS[acts]
    rounds = min(rounds, len(names)) if rounds < ALL else rounds
    limit = 30 + 5 * rounds
    with RawServer() as server:
        command = [
            sys.executable,
            str(SCRIPT),
            kind,
            provider,
            server.url,
            str(tmp_path),
            str(rounds),
            *names,
        ]
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
            told, end = result.stdout.splitlines(), (result.returncode, result.stderr)
        except subprocess.TimeoutExpired as error:
            told, end = (error.stdout or b"").decode().splitlines(), (-1, f"no end within {limit} s")
    assert [json.loads(line) for line in told if line.startswith("[")] == []
    assert told[-1:] == ["done"], end
