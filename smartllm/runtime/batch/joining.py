"""From what a provider's output says of a line to the line's result; pure, but for the folder's files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic import ValidationError

from smartllm.compiler import Plan
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.errors import ConfigError, ProviderError, SmartLLMError
from smartllm.hosts.called import Called
from smartllm.hosts.readers import ERROR_READERS
from smartllm.provider_errors import provider_error
from smartllm.rules.hosts import HostRow
from smartllm.runtime.answer import Fetched, decode_answer
from smartllm.runtime.batch.manifest import Line, LineState, Unit
from smartllm.runtime.batch.result_lines import answered, error_data, line_text
from smartllm.runtime.batch.service import Outcome
from smartllm.runtime.cache.entry import entry_of, worth_keeping
from smartllm.runtime.cache.files import holds_secret
from smartllm.runtime.replies import Answer
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.structure.structured import is_last

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]

_FIRST_ERROR: Final = 400
EXPIRED: Final = "batch_expired"
MISSING: Final = "batch_line_missing"
_CHANGED: Final = Diagnostic(
    code="batch-recompiled",
    severity="warning",
    path="response",
    action="noted",
    asked=None,
    applied=None,
    reason=(
        "The rules, or this release, make another body of the line than the one that was sent; the answer is "
        "read as one to the new body, and the cache does not keep it."
    ),
    origin=Origin("derived", "response"),
)
_MENDED: Final = "smartllm batch retry sends it again"


class Planner(Protocol):
    """Makes a line's plan again, as it was compiled."""

    def plan(self, line: Line) -> tuple[Request, Plan, str]:
        """The line's request, its plan for the batch engine, and the plan's key in the cache.

        Raises:
            SmartLLMError: The line cannot be compiled any more.
        """
        ...


@dataclass(slots=True)
class Joined:
    """What became of a line.

    Attributes:
        line: Its number.
        state: Its state now.
        error: Why it has no answer.
        result: Its result as text, where it is answered.
        reply: What the model answered, where a second step or another try needs it.
        request_id: The provider's id of the call.
        entry: What the cache is to keep, behind its key.
    """

    line: int
    state: LineState
    error: dict[str, Any] | None = None
    result: str | None = None
    reply: str | None = None
    request_id: str | None = None
    entry: tuple[str, dict[str, Any]] | None = None


class Joiner:
    """Joins the outcomes of a unit with the lines of its folder.

    Args:
        unit: The unit.
        planner: Makes plans again.
        host: The provider's row, for its errors.
        region: AWS region, for errors.
        secrets: What no error may repeat.
        started: When the unit's job was begun.
        elapsed: Seconds that it took, as far as that was seen.
    """

    def __init__(
        self,
        unit: Unit,
        planner: Planner,
        host: HostRow,
        *,
        region: str = "",
        secrets: Sequence[str] = (),
        started: dt.datetime,
        elapsed: float,
    ) -> None:
        self._unit, self._planner, self._host, self._region = unit, planner, host, region
        self._secrets, self._started, self._elapsed = tuple(secrets), started, elapsed

    def joined(
        self, line: Line, outcome: Outcome, earlier: tuple[Mapping[str, Any], str | None] | None
    ) -> Joined:
        """What became of a line.

        Args:
            line: The line.
            outcome: What the provider's output says of it.
            earlier: The first step's answer with its request id, where the unit is of the second.
        """
        if outcome.expired:
            return Joined(line.line, "expired", error=self._expired(outcome))
        if outcome.body is None or (outcome.status or 0) >= _FIRST_ERROR:
            return self._failed(line, self._error(outcome))
        try:
            return self._read(line, outcome, earlier)
        except (SmartLLMError, ValidationError) as error:
            return self._failed(line, error, outcome)

    def _read(
        self, line: Line, outcome: Outcome, earlier: tuple[Mapping[str, Any], str | None] | None
    ) -> Joined:
        """What an answer comes to.

        Raises:
            SmartLLMError: It holds none, or none that fits.
            pydantic.ValidationError: It does not fit.
        """
        assert outcome.body is not None
        number, last = self._unit.step, (outcome.body, outcome.request_id)
        request, plan, key = self._planner.plan(line)
        replies = [last] if earlier is None else [earlier, last]
        if plan.steps[number : number + 1] == () or len(replies) != number + 1:
            raise ConfigError(
                "the line is compiled to other steps now than those that were sent",
                hint="collect with the release and the rules with which the folder was compiled",
            )
        answers = [
            decode_answer(step, Answer(dict(body), request_id))
            for step, (body, request_id) in zip(plan.steps, replies, strict=False)
        ]
        if number == 0 and not is_last(plan, answers[0], request.response_format, request.validation_context):
            return Joined(line.line, "next", reply=_dumped(outcome.body), request_id=outcome.request_id)
        is_same = key == line.key
        notes = () if is_same else (_CHANGED,)
        fetched = Fetched(answers, self._started, self._elapsed, notes=notes)
        response = replace(fetched.response(request, plan), cache_key=line.key)
        result = answered(line.line, response, custom_id=line.custom_id)
        made = Joined(line.line, "answered", result=line_text(result))
        if is_same and plan.cacheable and request.use_cache and worth_keeping(plan, answers):
            entry = entry_of(key, response, fetched)
            if entry is not None and not holds_secret(entry, (*self._secrets, *plan.steps[0].secrets)):
                made.entry = key, entry
        return made

    def _failed(self, line: Line, error: Exception, outcome: Outcome | None = None) -> Joined:
        if isinstance(error, SmartLLMError):
            hide_secrets(error, self._secrets)
        data = error_data(error)
        if outcome is not None and outcome.request_id is not None:
            data.setdefault("request_id", outcome.request_id)
        if outcome is not None and outcome.body is not None:
            data["outputs"] = f"outputs/{self._unit.unit:04d}"
        if outcome is not None and outcome.body is not None and not isinstance(error, ProviderError):
            data["reply"] = outcome.body  # it is paid for, whatever we could not make of it
        return Joined(line.line, "failed", error=data)

    def _error(self, outcome: Outcome) -> ProviderError:
        """The error that an outcome tells, as the same call online would raise it."""
        said, status = outcome.error or {}, outcome.status or None
        if outcome.body is not None and status is not None:
            called = Called(
                model=self._unit.model, id_header=self._host.id_header, public=True, region=self._region
            )
            read = ERROR_READERS[self._host.errors].read
            error = read(status, {}, json.dumps(outcome.body).encode(), called)
        else:
            code = str(said["code"]) if said.get("code") not in {None, ""} else None
            message = str(said.get("message") or f"the engine gives no answer (status {outcome.status})")
            nothing_said = code is None and status is None
            error = provider_error(
                message,
                status=status,
                code=code,
                model=self._unit.model,
                retryable=True if nothing_said else None,
            )
        error.request_id = error.request_id or outcome.request_id
        return error

    def _expired(self, outcome: Outcome) -> dict[str, Any]:
        said = outcome.error or {}
        message = str(said.get("message") or "the provider's job ended before this line's turn")
        return unsent(message, str(said.get("code") or EXPIRED))


def unsent(message: str, code: str | None, *, retryable: bool = True, hint: str = _MENDED) -> dict[str, Any]:
    """Why a line has no answer though its unit was sent, as ``error_data`` tells of errors."""
    error = ProviderError(message, model="", code=code, retryable=retryable, hint=hint)
    return error_data(error)


def _dumped(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
