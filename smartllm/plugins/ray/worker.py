"""What runs on Ray's workers: tables in, tables out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from smartllm.config import LLMConfig
from smartllm.plugins.rows import COLUMNS, KEY, Asked, check_free, keys, outcomes
from smartllm.runtime.client import LLMClient as AsyncClient
from smartllm.sync import LLMClient

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS: Final = 128
"""Of a table that is given on; what is answered of it is Ray's to keep."""


def with_keys(table: pa.Table, config: LLMConfig, asked: Asked) -> pa.Table:
    """A table with the column of its rows' keys.

    Raises:
        ConfigError: A column is missing, or in the way; or as ``LLMClient``.
    """
    check_free(asked.call, table.column_names)
    client = AsyncClient(replace(config, level="ignore"))  # diagnostics are told with the answers
    return _beside(table, {KEY: list(keys(client, _rows(table), asked))})


class Worker:
    """One of the machines: a client, for as long as the work takes.

    Args:
        config: Its settings, with its share of the limits.
        asked: How rows become requests.

    Raises:
        ConfigError: As ``LLMClient``.
    """

    def __init__(self, config: LLMConfig, asked: Asked) -> None:
        self._client, self._asked = LLMClient(config), asked

    def __call__(self, table: pa.Table) -> Iterator[pa.Table]:
        """The table with what became of its rows, piece by piece, in its order."""
        table = table.drop_columns([KEY])
        if not len(table):
            yield _beside(table, {name: [] for name in COLUMNS})
        told = outcomes(self._client, _rows(table), self._asked)
        place = 0
        while piece := list(islice(told, _ROWS)):
            part = table.slice(place, len(piece))
            yield _beside(part, {name: [one[name] for one in piece] for name in COLUMNS})
            place += len(piece)


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=_ROWS):
        yield from batch.to_pylist()


def _beside(table: pa.Table, columns: dict[str, Iterable[str | None]]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - Ray brings it

    for name, values in columns.items():
        # Of one type whatever is in them: tables of different workers become one dataset.
        table = table.append_column(name, pa.array(values, pa.large_string()))
    return table
