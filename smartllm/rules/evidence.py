"""Evidence of facts: the pages that a row of a file gives for what it states itself, and for nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from smartllm.rules.layer import Layer
from smartllm.rules.load import RuleSet
from smartllm.rules.positions import KeyPath
from smartllm.rules.vocabulary import META

MEASURED: Final = "measured"
"""What stands as a page where calls to a live account are the evidence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a row has to show for one of its facts.

    Attributes:
        verified: Day on which it was last checked.
        source: Pages, as the row spells them: addresses and names of pages.
        disputed: Where pages disagree: what each says, and what was chosen.
    """

    verified: dt.date | None = None
    source: tuple[str, ...] = ()
    disputed: str | None = None


def evidence_of(row: Mapping[str, Any], keys: KeyPath) -> Evidence:
    """The evidence of a fact that a row states.

    Args:
        row: The row as one file has it: what another file says of the same row is no evidence for it.
        keys: Path of the fact in the row; on one wire with ``wire`` and its name before it.

    Returns:
        That of the longest part of the path which the row's ``evidence`` names; what it leaves out, and what
        nothing is named for, is the row's own.
    """
    named = named_evidence(row, keys)
    entry = row.get("evidence", {}).get(named, {})
    return Evidence(
        entry.get("verified", row.get("verified")),
        tuple(entry.get("source") or row.get("source", ())),
        entry.get("disputed"),
    )


def named_evidence(row: Mapping[str, Any], keys: KeyPath) -> str | None:
    """The entry of a row's ``evidence`` that speaks of a fact; None where the row itself does."""
    table = row.get("evidence", {})
    for length in range(len(keys) if table else 0, 0, -1):
        name = ".".join(keys[:length])
        if name in table:
            return name
    return None


def fact_rows(layer: Layer) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The rows of a file that may state facts, with their paths: profiles, models, and both on a host.

    Those of batch engines and of servers are among them, but for a user's: what an account may use, and where
    somebody's own server is, is on no page.
    """
    tables: list[tuple[KeyPath, Any]] = [((kind,), layer.data.get(kind, {})) for kind in ("profile", "model")]
    for host, found in layer.data.get("on", {}).items():
        tables += [(("on", host, kind), found.get(kind, {})) for kind in ("profile", "model")]
    for host, found in () if layer.overlay else layer.data.get("host", {}).items():
        tables.append((("host", host), {"batch": found.get("batch")}))
    if not layer.overlay:
        tables.append((("server",), layer.data.get("server", {})))
    for at, rows in tables:
        yield from (((*at, name), row) for name, row in rows.items() if isinstance(row, dict))


def retired_rows(layer: Layer) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The retired ids of a file, with their paths."""
    return ((("retired", name), row) for name, row in layer.data.get("retired", {}).items())


def stated_keys(row: Mapping[str, Any]) -> Iterator[KeyPath]:
    """The paths of the facts that a row states itself."""
    yield from _leaves({key: value for key, value in row.items() if key not in META}, ())


def evidence_pages(rules: RuleSet) -> set[str]:
    """The addresses of all pages that stand as evidence for a fact, or for a retired id."""
    found = set()
    for layer in rules.layers:
        for _, row in (*fact_rows(layer), *retired_rows(layer)):
            entries = (row, *row.get("evidence", {}).values())
            found |= {rules.address(page, layer) for entry in entries for page in entry.get("source", ())}
    return found - {MEASURED}


def row_in(layer: Layer, path: KeyPath) -> dict[str, Any]:
    """A row as one file has it; a model's row that is but a profile's name states nothing."""
    node: Any = layer.data
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _leaves(node: Any, at: KeyPath) -> Iterator[KeyPath]:
    if not isinstance(node, dict):
        yield at
        return
    for key, value in node.items():
        yield from _leaves(value, (*at, key))
