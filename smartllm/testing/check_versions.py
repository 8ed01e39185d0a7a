"""What a version of Anthropic's API refuses that the one before it took.

platform.claude.com/docs/en/api/versioning and .../api/migration-2026-10-21, 2026-11-27.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .heard import JSON, Refused, dict_of, listed

HEADER: Final = "anthropic-version"
_LAST: Final = "2026-10-21"
_VERSIONS: Final = ("2023-01-01", "2023-06-01", _LAST)
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_EXTRA: Final = "{place}: Extra inputs are not permitted"


def version_refusal(headers: Mapping[str, str]) -> Refused | None:
    """What is wrong with the version that a call asks for.

    Args:
        headers: Its headers, with names in lower case.
    """
    given = headers.get(HEADER)
    if given is None:
        return Refused(f"{HEADER}: header is required")
    return None if given in _VERSIONS else Refused(f'{HEADER}: "{given}" is not a valid version')


def changes(body: Any, headers: Mapping[str, str]) -> Iterator[Refused]:
    """What stands in a body that its version no longer takes.

    Args:
        body: The body.
        headers: Its call's headers, with names in lower case.
    """
    if headers.get(HEADER) != _LAST:
        return
    said = dict_of(body)
    for name in _SAMPLING:
        if name in said:
            yield Refused(_EXTRA.format(place=name))
    for number, turn in listed(said.get("messages")):
        for index, block in listed(dict_of(turn).get("content")):
            place = f"messages.{number}.content.{index}"
            yield from _block(dict_of(block), place, str(dict_of(turn).get("role")))


def _block(block: JSON, place: str, role: str) -> Iterator[Refused]:
    kind = block.get("type")
    if role == "assistant" and kind == "document":
        yield Refused(f"{place}: `document` blocks are not permitted in assistant messages")
    if role == "user" and kind == "text" and block.get("citations"):
        yield Refused(_EXTRA.format(place=f"{place}.citations"))
    for index, inner in listed(block.get("content")) if kind == "search_result" else ():
        yield from _block(dict_of(inner), f"{place}.content.{index}", role)
