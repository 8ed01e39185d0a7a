"""A provider's files: how they are split, balanced, and what is too few for a job."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from smartllm.rules.vocabulary.host import HostBatch
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.units import Sort, UnitWriter

SORT = Sort("/v1/responses", "one", 0)
HEAD = len(b'{"custom_id":"L0000000001","method":"POST","url":"/v1/responses","body":}\n')


def written(
    tmp_path: Path, bodies: list[bytes], sorts: list[Sort] | None = None, **limits: Any
) -> tuple[list[Unit], dict[int, int | None]]:
    """The units of lines, and in which each line is by what the writer says."""
    engine = HostBatch(**{"shape": "openai", "lines": 10, "bytes": 10_000, **limits})
    writer = UnitWriter(tmp_path, engine, name="work")
    where: dict[int, int | None] = {}
    for line, body in enumerate(bodies, 1):
        where[line] = writer.add(line, sorts[line - 1] if sorts else SORT, body)
    units: list[Unit] = []
    for _, made, moved in writer.end():
        units += made
        where |= dict(moved)
    assert sorted(p.name for p in (tmp_path / "units").iterdir()) == sorted(
        Path(unit.file).name for unit in units
    )
    for unit in units:
        data = (tmp_path / unit.file).read_bytes()
        ids = [json.loads(line)["custom_id"] for line in data.splitlines()]
        assert ids == [f"L{line:010d}" for line, number in sorted(where.items()) if number == unit.unit]
        assert (unit.lines, unit.bytes) == (len(ids), len(data))
        assert engine.minimum <= unit.lines <= engine.lines
        assert unit.bytes <= engine.bytes
    return units, where


def test_a_file_is_full_by_its_lines(tmp_path: Path) -> None:
    units, _ = written(tmp_path, [b"{}"] * 20)
    assert [unit.lines for unit in units] == [10, 10]
    assert len({unit.token for unit in units}) == 2


def test_a_file_is_full_by_its_bytes(tmp_path: Path) -> None:
    units, _ = written(tmp_path, [b"{}"] * 5, bytes=2 * (HEAD + 2))
    assert [unit.lines for unit in units] == [2, 2, 1]


def test_each_sort_has_files_of_its_own(tmp_path: Path) -> None:
    other = Sort("/v1/chat/completions", "one", 0)
    units, where = written(tmp_path, [b"{}"] * 4, [SORT, other, SORT, SORT._replace(model="two")])
    assert [(unit.endpoint, unit.model, unit.lines) for unit in units] == [
        ("/v1/responses", "one", 2),
        ("/v1/chat/completions", "one", 1),
        ("/v1/responses", "two", 1),
    ]
    assert where == {1: 1, 2: 2, 3: 1, 4: 3}


@pytest.mark.parametrize(
    ("count", "lines", "refused"),
    [
        (3, [], 3),
        (4, [4], 0),
        (10, [10], 0),
        (11, [7, 4], 0),
        (13, [9, 4], 0),
        (14, [10, 4], 0),
        (21, [10, 7, 4], 0),
    ],
)
def test_a_last_file_takes_lines_of_the_one_before(
    count: int, lines: list[int], refused: int, tmp_path: Path
) -> None:
    units, where = written(tmp_path, [b'{"n":%d}' % n for n in range(count)], minimum=4)
    assert [unit.lines for unit in units] == lines
    assert [*where.values()].count(None) == refused


def test_what_cannot_be_shared_out_is_too_few(tmp_path: Path) -> None:
    units, where = written(tmp_path, [b"{}"] * 7, minimum=4, lines=5)
    assert ([unit.lines for unit in units], [n for n in where if where[n] is None]) == ([5], [6, 7])


def test_shares_do_not_make_a_file_too_long(tmp_path: Path) -> None:
    bodies = [b"{}"] * 3 + [b'"%b"' % (b"x" * 500)] * 3 + [b'"%b"' % (b"y" * 900)]
    units, where = written(tmp_path, bodies, minimum=3, lines=6, bytes=2000)
    assert ([unit.lines for unit in units], where[7]) == ([6], None)


def test_files_that_are_full_before_they_are_enough_make_no_job(tmp_path: Path) -> None:
    long = b'"%b"' % (b"x" * 400)
    units, where = written(tmp_path, [long, long, *[b"{}"] * 4], minimum=4, bytes=2 * HEAD + 804)
    assert [unit.lines for unit in units] == [4]
    assert (where[1], where[2]) == (None, None)


def test_lines_that_no_file_takes_are_known_beforehand(tmp_path: Path) -> None:
    writer = UnitWriter(tmp_path, HostBatch(lines=9, bytes=HEAD + 9), name="work")
    assert writer.too_long(1, "/v1/responses", 9) is None
    assert writer.too_long(1, "/v1/responses", 10) == HEAD + 10


def test_bedrocks_lines(tmp_path: Path) -> None:
    writer = UnitWriter(tmp_path, HostBatch(shape="bedrock", lines=9, bytes=999), name="work", first=7)
    assert writer.add(3, SORT, b'{"a":1}') == 7
    [(_, [unit], _)] = writer.end()
    data = (tmp_path / unit.file).read_bytes()
    assert (unit.file, data) == ("units/0007.jsonl", b'{"recordId":"L0000000003","modelInput":{"a":1}}\n')


def test_a_units_token_is_the_folders_and_its_own(tmp_path: Path) -> None:
    tokens = set()
    for name in ("one", "two"):
        writer = UnitWriter(tmp_path, HostBatch(lines=1, bytes=999), name=name)
        for line in (1, 2):
            writer.add(line, SORT, b"{}")
        tokens |= {unit.token for _, units, _ in writer.end() for unit in units}
    assert len(tokens) == 4
    assert all(len(token) == 32 and token.isalnum() for token in tokens)


def test_files_are_on_the_disk_before_units_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync

    def sync(one: int) -> None:
        synced.append(one)
        real(one)

    monkeypatch.setattr(os, "fsync", sync)
    writer = UnitWriter(tmp_path, HostBatch(lines=1, bytes=999), name="work")
    for line in (1, 2, 3):
        writer.add(line, SORT, b"{}")
    for _ in writer.end():
        assert len(synced) == 3
    assert len(synced) == 4  # and their folder


def test_closing_lets_go_of_all_files(tmp_path: Path) -> None:
    writer = UnitWriter(tmp_path, HostBatch(lines=1, bytes=999), name="work")
    for line in (1, 2):
        writer.add(line, SORT, b"{}")
    files = [writer._groups[SORT].now.file, writer._groups[SORT].before.file]  # type: ignore[union-attr]
    writer.close()
    assert all(file.closed for file in files)
