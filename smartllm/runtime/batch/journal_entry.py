"""What became of a line of a run, and by what lines are known again."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final, NamedTuple

BLANK: Final = ""
"""The status of a line that holds nothing, and has no result."""
ANSWERED: Final = "answered"
SETTLED: Final = frozenset({ANSWERED, BLANK})
"""Statuses of lines that need not be asked again."""
SUMS: Final = 1 << 128
"""What sums of ``seen_sum`` are taken modulo."""


class Entry(NamedTuple):
    """What became of a line.

    Attributes:
        line: Its number, from 1.
        status: As in its result; ``BLANK`` for a line that holds nothing.
        digest: Of its bytes, by ``digest_of``.
        result: Its line of results, without the end; empty for a blank one.
        cost: What it cost in US dollars; None where that is not known.
        tokens: Tokens in and out that were paid for.
    """

    line: int
    status: str
    digest: bytes
    result: str = ""
    cost: Decimal | None = None
    tokens: tuple[int, int] = (0, 0)


def digest_of(data: bytes) -> bytes:
    """By what a line of requests is known again."""
    return hashlib.blake2b(data, digest_size=16).digest()


def seen_sum(line: int, digest: bytes) -> int:
    """A line's share in the sum by which all that was answered is known again, in whatever order."""
    whole = hashlib.blake2b(line.to_bytes(8, "big") + digest, digest_size=16).digest()
    return int.from_bytes(whole, "big")
