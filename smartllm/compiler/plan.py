"""The result of a compilation: exact wire bodies, what was changed, and why each value is there."""

from __future__ import annotations

import copy
import hashlib
import json
import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from smartllm.compiler.body import Body, Path, path_text
from smartllm.compiler.dialects import DIALECT_CODE
from smartllm.compiler.intent import OutputPlan
from smartllm.compiler.prompts import ANSWER
from smartllm.compiler.report import Report
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.rules.resolve import Resolution
from smartllm.rules.schema import Dialect, Host

_WIRE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_STREAM_OPERATIONS: Final = {code.stream_operation for code in DIALECT_CODE.values()} - {
    code.operation for code in DIALECT_CODE.values()
}


@dataclass(frozen=True)
class Quota:
    """How many calls of a model may be made.

    Attributes:
        concurrency: Calls in flight.
        requests_per_minute: None is no limit.
        tokens_per_minute: Input tokens and the output limit together; None is no limit.
    """

    concurrency: int
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Step:
    """One call to the provider.

    Attributes:
        dialect: Wire format.
        operation: Operation of that wire.
        model: Model id as it goes on the wire.
        body: Wire body, as JSON data. In the second step of a two-pass plan, ``prompts.ANSWER`` stands for
            the first step's text.
        output: The schema that this step's answer is bound to, or None.
        holes: Paths of the texts in the body that wait for the first step's text.
    """

    dialect: Dialect
    operation: str
    model: str
    body: dict[str, Any]
    built: Body = field(repr=False, compare=False)
    report: Report = field(repr=False, compare=False)
    output: OutputPlan | None = None
    holes: tuple[Path, ...] = ()

    @property
    def streamed(self) -> bool:
        """Whether the answer comes as a stream."""
        return self.body.get("stream") is True or self.operation in _STREAM_OPERATIONS

    @cached_property
    def payload(self) -> bytes:
        """The body as the bytes that are sent."""
        return _WIRE.encode(self.body).encode()

    @cached_property
    def origins(self) -> dict[str, Origin]:
        """Origin of each leaf of the body, by path."""
        return {path_text(path): self.report.origin(why) for path, _, why in self.built.reasons()}

    def fill(self, answer: str) -> Step:
        """This step with the first step's text in its holes.

        Args:
            answer: Text of step 1; taken as it is, but for halves of surrogate pairs, which become U+FFFD.

        Returns:
            A step that can be sent.
        """
        body = self.body
        text = answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for path in self.holes:
            body = _filled(body, path, text)
        return replace(self, body=body, holes=())

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "dialect": self.dialect,
            "operation": self.operation,
            "model": self.model,
            "body": self.body,
        }


@dataclass(frozen=True)
class Plan:
    """What will be sent, and the record of how it came to be.

    Attributes:
        model: Model id as asked.
        host: Host that serves it.
        resolution: How the id found its facts.
        steps: The calls, in order.
        diagnostics: What the compiler changed, in order.
        quota: How many calls of this model a client makes at once and per minute.
        cacheable: The same request may be answered from a cache: temperature 0, or a model that thinks.
    """

    model: str
    host: Host
    resolution: Resolution
    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    quota: Quota
    cacheable: bool = False

    @property
    def output(self) -> OutputPlan | None:
        """The caller's schema and how it was lowered for the last step, or None."""
        return self.steps[-1].output

    @property
    def body(self) -> dict[str, Any]:
        """Body of the first step."""
        return self.steps[0].body

    @property
    def origins(self) -> dict[str, Origin]:
        """Origin of each leaf of every body; paths start with ``steps[i].``."""
        return {
            f"steps[{index}].{path}": origin
            for index, step in enumerate(self.steps)
            for path, origin in step.origins.items()
        }

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, over what identifies this request; the same for streamed and plain calls.

        That is the dialect, the model, the bytes of each step in their order, and the caller's whole schema:
        two schemas that are sent as one are answered by two answers.
        """
        first = self.steps[0]
        schema = self.output.text if self.output else ""
        parts = [first.dialect.encode(), first.model.encode(), schema.encode(), *map(_identity, self.steps)]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(b"%d:" % len(part))  # where one part ends cannot be moved
            digest.update(part)
        return digest.hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data: model, resolution, fingerprint, steps, diagnostics."""
        return {
            "model": self.model,
            "resolution": self.resolution.as_dict(),
            "fingerprint": self.fingerprint,
            "steps": [step.as_dict() for step in self.steps],
            "diagnostics": [item.as_dict() for item in self.diagnostics],
        }

    def as_json(self, *, indent: int | None = 2) -> str:
        """``as_dict`` as text."""
        return json.dumps(self.as_dict(), indent=indent, ensure_ascii=False)

    def as_curl(self) -> str:
        """One curl command a step; keys and credentials stay shell variables."""
        return "\n\n".join(_curl(step) for step in self.steps)

    def explain(self) -> str:
        """Each body leaf with its value, its origin and the fact's file:line, then each diagnostic."""
        from smartllm.compiler.explain import explain  # noqa: PLC0415 - explain reads plans

        return explain(self)


def _filled(node: Any, path: Path, answer: str) -> Any:
    """The node with the answer at a path below it; what is not on the path is shared."""
    if not path:
        return node.replace(ANSWER, answer)
    changed = copy.copy(node)
    changed[path[0]] = _filled(node[path[0]], path[1:], answer)
    return changed


def _identity(step: Step) -> bytes:
    """The bytes that are sent, without what says only how the answer travels."""
    transport = DIALECT_CODE[step.dialect].transport_keys
    if transport.isdisjoint(step.body):
        return step.payload
    return _WIRE.encode({key: value for key, value in step.body.items() if key not in transport}).encode()


def _curl(step: Step) -> str:
    url, arguments = DIALECT_CODE[step.dialect].curl(step.model, streamed=step.streamed)
    body = json.dumps(step.body, ensure_ascii=False, indent=2)
    parts = [f"curl -sS -X POST {url}", *arguments, '-H "Content-Type: application/json"']
    return " \\\n  ".join([*parts, f"--data-binary {shlex.quote(body)}"])
