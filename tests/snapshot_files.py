"""A syrupy extension that keeps one JSON file a snapshot, at a path that the test names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from syrupy.data import SnapshotCollections
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SerializableData, SerializedData, SnapshotIndex

ROOT = Path(__file__).parent / "snapshots"


class FileSnapshot(SingleFileSnapshotExtension):
    """``snapshot(name="a/b/c.json")`` is kept at tests/snapshots/a/b/c.json."""

    _write_mode = WriteMode.TEXT
    file_extension = ""

    def serialize(self, data: SerializableData, **_: Any) -> SerializedData:
        return data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        return True  # files are named by what they hold, not by the test

    def discover_snapshots(self, **_: Any) -> SnapshotCollections:
        return SnapshotCollections()  # stale files are found by test_no_stale_files

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(ROOT)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        return str(ROOT / str(index))
