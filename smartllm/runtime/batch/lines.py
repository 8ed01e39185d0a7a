"""Lines of requests: a JSON object with the fields of a request, a text, or a list, each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from smartllm.errors import RequestFileError, SmartLLMError
from smartllm.request_files import placed
from smartllm.request_of import is_conversation, turns
from smartllm.request_reading import build_request
from smartllm.unicode import is_unicode

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]

CUSTOM_ID: Final = "custom_id"
_BOM: Final = b"\xef\xbb\xbf"
_PROVIDERS_OWN: Final = frozenset({"method", "url", "body", "params", "modelInput", "recordId"})
_WHAT: Final = 'a line is a request: {"custom_id": "a-1", "prompt": "hi", ...}, "a prompt", or [...]'
_LONGEST_ID: Final = 512


class Read(NamedTuple):
    """What a line says.

    Attributes:
        custom_id: The caller's own id.
        request: What it asks; None where that cannot be said, and for a blank line.
        error: Why it asks nothing that can be sent, or None.
    """

    custom_id: str | None = None
    request: Request | None = None
    error: SmartLLMError | None = None

    @property
    def is_blank(self) -> bool:
        """Whether the line holds nothing."""
        return self.request is None and self.error is None


class LineReader:
    """Reads lines.

    Args:
        folder: What paths of files in requests are relative to; nothing outside of it is read.
        fields: Fields for requests that do not say them, such as ``model``.
        first: Gives the line where a caller's id came first; None lets ids come again.
    """

    def __init__(
        self,
        folder: Path,
        fields: Mapping[str, Any] | None = None,
        *,
        first: Callable[[str, int], int] | None = None,
    ) -> None:
        self._folder, self._first = folder, first
        self._fields = {name: value for name, value in (fields or {}).items() if value is not None}

    def read(self, number: int, data: bytes) -> Read:
        """What a line says.

        Args:
            number: Its number, from 1.
            data: Its bytes.
        """
        data = data.removeprefix(_BOM) if number == 1 else data
        if not data.strip():
            return Read()
        custom_id: str | None = None
        name = f"line {number}"
        try:
            fields = _fields(data, name)
            custom_id = _taken_id(fields, name)
            self._check(custom_id, number)
            fields = {**self._fields, **placed(fields, self._folder, name)}
            return Read(custom_id, build_request(fields, name))
        except SmartLLMError as error:
            return Read(custom_id, error=error)
        except RecursionError:
            return Read(custom_id, error=RequestFileError(f"{name}: nested too deeply"))

    def _check(self, custom_id: str | None, number: int) -> None:
        if custom_id is None or self._first is None:
            return
        first = self._first(custom_id, number)
        if first != number:
            raise RequestFileError(
                f"line {number}: custom_id: {custom_id!r} is that of line {first} already",
                hint="give each line an id of its own, or none",
            )


def numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file from where it stands, with their numbers from 1; one is held at a time."""
    return enumerate(file, start=1)


def _fields(data: bytes, name: str) -> dict[str, Any]:
    """The fields of a request that a line holds.

    Raises:
        RequestFileError: It holds something else.
    """
    try:
        value = json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise RequestFileError(f"{name}: not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise RequestFileError(
            f"{name}: not valid JSON: {error.msg} (column {error.colno})", hint=_WHAT
        ) from None
    except (RecursionError, ValueError) as error:
        text = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RequestFileError(f"{name}: {text}") from None
    if isinstance(value, str):
        return {"prompt": value}
    if isinstance(value, list) and value and all(map(_is_request, value)):
        raise RequestFileError(
            f"{name}: it is a list of {len(value):,} requests",
            hint="write one a line, as 'jq -c .[] FILE' does",
        )
    if isinstance(value, list):
        return {"messages": turns(value)} if is_conversation(value) else {"prompt": value}
    if not isinstance(value, dict):
        raise RequestFileError(f"{name}: {json.dumps(value)} is no request", hint=_WHAT)
    if not {"prompt", "messages"} & value.keys() and (wrong := _PROVIDERS_OWN & value.keys()):
        raise RequestFileError(
            f"{name}: it is a line of a provider's own batch file ({', '.join(sorted(wrong))})",
            hint=f"{_WHAT}; the compiler makes the provider's lines of them",
        )
    if "on_progress" in value:
        raise RequestFileError(f"{name}: on_progress: a callback cannot be given in a file")
    return value


def _is_request(value: Any) -> bool:
    return isinstance(value, dict) and bool({"prompt", "messages"} & value.keys())


def _taken_id(fields: dict[str, Any], name: str) -> str | None:
    """The caller's id, taken out of the fields.

    Raises:
        RequestFileError: It is no text, or too long.
    """
    value = fields.pop(CUSTOM_ID, None)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        shown = json.dumps(value)[:60]
        raise RequestFileError(f"{name}: custom_id: {shown} is no text of 1 to {_LONGEST_ID} characters")
    if not is_unicode(value):
        raise RequestFileError(f"{name}: custom_id: {json.dumps(value)[:60]} is no text in UTF-8")
    return value
