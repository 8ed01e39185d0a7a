"""Rows of others' tables as requests, and what became of these as columns of text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from smartllm.errors import ConfigError, RequestTypeError
from smartllm.request import MessageRequest, TextRequest
from smartllm.request_of import any_request
from smartllm.response import TextResponse
from smartllm.runtime.batch.result_lines import answered, error_data, line_text, unanswered
from smartllm.runtime.cache.key import cache_key
from smartllm.runtime.client import LLMClient as AsyncClient
from smartllm.sync import LLMClient

Row = Mapping[str, Any]

COLUMNS: Final = ("status", "text", "error", "result")
"""What is added to each row; all are text.

``status`` is ``answered``, ``failed`` or ``refused``; ``text`` the answer's; ``error`` what is wrong, as
JSON;
``result`` all that is known, as JSON: a result line of ``smartllm batch run`` without its number.
"""
KEY: Final = "smartllm_key"
"""The column by which rows find their worker, until they are answered."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row from which no request can be made.

    Attributes:
        error: Why.
    """

    error: Exception


@dataclass(frozen=True, slots=True)
class Asked:
    """How rows become requests.

    Attributes:
        call: The function that was called, for messages.
        request: The column that holds the prompt, or a function of the row that gives a prompt, a
            conversation or a request.
        fields: Fields of a request, beside prompts and conversations.
    """

    call: str
    request: str | Callable[[Row], Any]
    fields: Mapping[str, Any] = field(default_factory=dict)

    def of(self, row: Row) -> TextRequest[Any] | MessageRequest[Any] | Refused:
        """The request of a row; what is wrong with one row costs no other.

        Raises:
            ConfigError: The rows have no such column.
        """
        if isinstance(self.request, str) and self.request not in row:
            raise ConfigError(
                f"request={self.request!r}: the rows have no such column; they have {', '.join(row)}",
                hint="name the column of the prompts, or give a function that makes a request of a row",
            )
        try:
            given = row[self.request] if isinstance(self.request, str) else self.request(row)
            if given is not None:
                return any_request(self.call, given, self.fields)
        except Exception as error:  # noqa: BLE001 - the caller's function may raise anything
            return Refused(error)
        return Refused(RequestTypeError("the row holds no prompt", hint="leave such rows out beforehand"))


def check_free(call: str, columns: Iterable[str]) -> None:
    """Check that no column stands where one is added.

    Raises:
        ConfigError: One does.
    """
    for name in columns:
        if name in {*COLUMNS, KEY}:
            raise ConfigError(
                f"the rows have a column {name!r} already, which {call} adds", hint="rename it beforehand"
            )


def keys(client: AsyncClient, rows: Iterable[Row], asked: Asked) -> Iterator[str]:
    """For each row what is the same where one answer serves two: the key under which it is cached.

    Requests whose answers are not shared, such as samples at a temperature, and those that cannot be made
    have keys that differ, so that no worker gets all of them. A table's keys are the same whenever they are
    made.
    """
    for place, row in enumerate(rows):
        request, key = asked.of(row), str(place)
        with suppress(Exception):  # what is wrong is told where the row is answered
            if not isinstance(request, Refused):
                plan = client.compile(request)
                found = cache_key(plan, client._settings.cache_scope)  # noqa: SLF001 - ours
                key = found if plan.cacheable and request.use_cache else f"{found} {place}"
        yield key


def outcomes(client: LLMClient, rows: Iterable[Row], asked: Asked) -> Iterator[dict[str, str | None]]:
    """The columns of each row, in order; so many calls at a time as the client lets through."""
    waiting: deque[Refused | None] = deque()

    def requests() -> Iterator[TextRequest[Any] | MessageRequest[Any]]:
        for row in rows:
            request = asked.of(row)
            if isinstance(request, Refused):
                waiting.append(request)
            else:
                waiting.append(None)
                yield request

    for outcome in client.map(requests(), return_errors=True):
        while (refused := waiting.popleft()) is not None:
            yield _told(refused.error, never_sent=True)
        yield _told(outcome)
    for refused in waiting:
        assert refused is not None, "whatever was asked has come to something"
        yield _told(refused.error, never_sent=True)


def _told(outcome: TextResponse[Any] | Exception, *, never_sent: bool = False) -> dict[str, str | None]:
    if isinstance(outcome, TextResponse):
        text, error, result = outcome.text, None, answered(0, outcome)
    else:
        text, error = None, line_text(error_data(outcome))
        result = unanswered(0, outcome, "refused" if never_sent else None)
    del result["line"]
    return {"status": result["status"], "text": text, "error": error, "result": line_text(result)}
