"""Snapshots in files whose paths the tests name: one file a dialect and model, its cases inside in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from syrupy.assertion import SnapshotAssertion
from syrupy.data import SnapshotCollections
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SerializableData, SerializedData, SnapshotIndex

ROOT = Path(__file__).parent / "snapshots"
UPDATE: Final = "python -m pytest -q tests/unit --snapshot-update"
ACCEPT: Final = f"If the change is meant: {UPDATE}; then read it with git diff tests/snapshots."


def by_case(cases: Iterable[str], made: Callable[[str], Any]) -> dict[str, Any]:
    """What each case makes, in the order of the cases; an exception says at which one it was raised."""
    return {case: _made(case, made) for case in cases}


def _made(case: str, made: Callable[[str], Any]) -> Any:
    try:
        return made(case)
    except Exception as error:
        error.add_note(f"case {case}")
        raise


def kept(snapshot: SnapshotAssertion, path: str) -> SnapshotAssertion:
    """The snapshot in the file tests/snapshots/``path``: a JSON file has cases, any other is text."""
    kind = CasesSnapshot if path.endswith(".json") else TextSnapshot
    # An extension_class= that is given with the name would be forgotten before the failure is reported.
    return snapshot.use_extension(kind)(name=path)


def kept_bodies(file: Path) -> Iterator[tuple[str, Any]]:
    """Every body of a file with the name of its case, without headers; those that were refused have none."""
    for case, data in json.loads(file.read_text(encoding="utf-8")).items():
        yield from ((case, body) for body in bodies_in(data))


def bodies_in(data: Any) -> Iterator[Any]:
    """The bodies of one case, without headers; of one that was refused none."""
    for body in data.get("steps", [data]):
        if "refused" not in body:
            yield {key: value for key, value in body.items() if key != "headers"}


def kept_files(folder: str = "") -> set[str]:
    """The paths of all files below a folder of snapshots, relative to it."""
    root = ROOT / folder
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


class TextSnapshot(SingleFileSnapshotExtension):
    """Text in a file whose path is the snapshot's name."""

    _write_mode = WriteMode.TEXT
    file_extension = ""

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        return True  # files are named by what they hold, not by the test

    def discover_snapshots(self, **_: Any) -> SnapshotCollections:
        return SnapshotCollections()  # the tests find stale files: each knows what its folder holds

    def diff_lines(self, serialized_data: SerializedData, snapshot_data: SerializedData) -> Iterator[str]:
        """What to do where the change is meant, then what changed."""
        yield from (ACCEPT, "")
        yield from self.changed_lines(serialized_data, snapshot_data)

    def changed_lines(self, now: SerializedData, before: SerializedData) -> Iterator[str]:
        """The lines that changed."""
        return super().diff_lines(now, before)

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(ROOT)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        return str(ROOT / str(index))


class CasesSnapshot(TextSnapshot):
    """JSON data by case in one file, compared as text: the order of the cases and of their keys counts."""

    def serialize(self, data: SerializableData, **_: Any) -> SerializedData:
        return _json(data) + "\n"

    def changed_lines(self, now: SerializedData, before: SerializedData) -> Iterator[str]:
        """The names of the cases that differ, and the lines of the first one; a file is too long to read."""
        mine, kept = _texts(str(now)), _texts(str(before))
        names = [*mine, *(case for case in kept if case not in mine)]
        differing = [case for case in names if mine.get(case) != kept.get(case)]
        if not differing:
            yield "the cases are the same in another order or layout"
            yield from super().changed_lines(now, before)
            return
        yield from (f"{len(differing)} of {len(names)} cases differ: {', '.join(differing)}", "")
        first = differing[0]
        note = "" if first in mine and first in kept else " is new" if first in mine else " is stale"
        yield f"case {first}{note}:"
        yield from super().changed_lines(mine.get(first, ""), kept.get(first, ""))


def _texts(file: str) -> dict[str, str]:
    """The text of each case; none of a file that is not there yet."""
    return {case: _json(data) for case, data in json.loads(file or "{}").items()}


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
