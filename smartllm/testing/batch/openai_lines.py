"""What OpenAI's engine finds wrong with the lines of a file before it runs any of them.

Codes as users met them: stdapi.ai#240, openai-python#1643, #2084; texts are ours where none was seen.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, BinaryIO, Final

from .engine import Turns

_MOST: Final = 100
"""Problems that are told of one file."""
_BYTES_A_TOKEN: Final = 4
_SHORTEST, _LONGEST = 3600, 2_592_000
"""Seconds for which a file may be kept."""


@dataclass(slots=True)
class Lines:
    """The lines of a file.

    Attributes:
        places: Where each begins.
        model: The model that all of them name.
        tokens: Estimate of the tokens of their prompts.
        errors: What is wrong with them; what is wrong with the whole file stands alone.
        digest: Of all of them.
    """

    places: array[int] = field(default_factory=lambda: array("q"))
    model: str = ""
    tokens: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    digest: str = ""

    def wrong(self, code: str, message: str, line: int | None = None, param: str | None = None) -> None:
        """Something is wrong."""
        if line is None:
            self.errors.clear()
        if len(self.errors) < _MOST:
            self.errors.append({"code": code, "message": message, "line": line, "param": param})

    def missing(self, param: str, line: int) -> None:
        """A line has not what it needs."""
        self.wrong("missing_required_parameter", f"Missing required parameter: '{param}'.", line, param)


async def looked_through(file: BinaryIO, endpoint: str, most: int) -> Lines:
    """The lines of a file, with what is wrong with them.

    Args:
        file: The file.
        endpoint: Where the batch's lines go.
        most: How many it may have.
    """
    found, names, place = Lines(), set[str](), 0
    turns, digest = Turns(), blake2b(digest_size=16)
    for number, data in enumerate(file, start=1):
        if data.strip():
            found.places.append(place)
            _check(found, number, data, endpoint, names)
        place += len(data)
        digest.update(data)
        await turns.give()
    found.digest = digest.hexdigest()
    if not found.places:
        found.wrong("empty_file", "The input file is empty: a batch has one request at least.")
    elif len(found.places) > most:
        found.wrong(
            "too_many_tasks", f"The batch input file contains too many requests. The maximum is {most}."
        )
    return found


def row_of(data: bytes) -> Any:
    """A line as JSON, as RFC 8259 has it.

    Raises:
        ValueError: It is none.
    """
    try:
        return json.loads(data.decode(), parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _check(found: Lines, number: int, data: bytes, endpoint: str, names: set[str]) -> None:
    try:
        row = row_of(data)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        found.wrong("invalid_json_line", "This line is not parseable as valid JSON.", number)
        return
    name = row.get("custom_id")
    if not isinstance(name, str) or not name:
        found.missing("custom_id", number)
    elif name in names:
        text = f"The custom_id {name!r} is used by another request."
        found.wrong("duplicate_custom_id", text, number, "custom_id")
    else:
        names.add(name)
    if "method" not in row:
        found.missing("method", number)
    elif row["method"] != "POST":
        text = f"Invalid method {row['method']!r:.60}: only 'POST' is supported."
        found.wrong("invalid_method", text, number, "method")
    if "url" not in row:
        found.missing("url", number)
    elif row["url"] != endpoint:
        text = f"The URL provided for this request does not match the batch endpoint {endpoint}."
        found.wrong("url_mismatch", text, number, "url")
    _check_body(found, number, row.get("body"))
    found.tokens += len(data) // _BYTES_A_TOKEN


def _check_body(found: Lines, number: int, body: Any) -> None:
    if not isinstance(body, dict):
        found.missing("body", number)
        return
    model = body.get("model")
    if not isinstance(model, str) or not model:
        found.missing("body.model", number)
    elif not found.model:
        found.model = model
    elif model != found.model:
        text = f"The model {model!r} does not match {found.model!r}: all requests of a batch name one model."
        found.wrong("model_mismatch", text, number, "body.model")


def metadata_problem(given: Any) -> str | None:
    """What is wrong with the metadata of a batch; None where nothing is."""
    if given is None:
        return None
    if not isinstance(given, dict) or not all(isinstance(one, str) for pair in given.items() for one in pair):
        return "Invalid type for 'metadata': expected an object of strings."
    for limit, what, sizes in (
        (16, "pairs", [len(given)]),
        (64, "characters in a key", _sizes(given.keys())),
        (512, "characters in a value", _sizes(given.values())),
    ):
        if max(sizes, default=0) > limit:
            return f"Invalid 'metadata': at most {limit} {what} are taken."
    return None


def lasting_problem(name: str, given: Any) -> str | None:
    """What is wrong with what says how long a file is kept; None where nothing is.

    Args:
        name: Of the parameter.
        given: Its value.
    """
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("anchor") != "created_at":
        return f"Invalid '{name}': expected an object whose 'anchor' is 'created_at'."
    seconds = given.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not _SHORTEST <= seconds <= _LONGEST:
        return f"Invalid '{name}': 'seconds' is a whole number from {_SHORTEST:,} to {_LONGEST:,}."
    return None


def _sizes(texts: Collection[str]) -> list[int]:
    return [len(text) for text in texts]
