"""The result of a compilation: exact wire bodies, what was changed, and why each value is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from smartllm.compiler.body import Path, reasons_in, shown, written
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.headers import AskedHeaders
from smartllm.compiler.intent import OutputPlan, ToolPlan
from smartllm.compiler.payload import BYTES_A_TOKEN, Payload, media_tokens
from smartllm.compiler.provenance import Provenance
from smartllm.compiler.sealed import filled, identity
from smartllm.compiler.trace import Reason
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.json_values import path_text
from smartllm.rules.hosts import HostRow
from smartllm.rules.resolve import Resolution
from smartllm.rules.target import Quota
from smartllm.rules.vocabulary import Dialect, Host
from smartllm.rules.vocabulary.host import Travel

if TYPE_CHECKING:
    from smartllm.cost import Billing


@dataclass(frozen=True)
class Step:
    """One call to the provider.

    Attributes:
        dialect: Wire format.
        model: Model id as it goes on the wire.
        sealed: Wire body, as JSON data that nobody changes: it shares schemas with other plans; ``body`` is a
            copy. In the second step of a two-pass plan, ``prompts.ANSWER`` stands for the first step's text.
        reasons: Why each part of the body is there, by path; see ``origins``.
        provenance: Where the reasons' full origins are found.
        travel: How it goes to the host: operation, path, headers.
        host: The host that it goes to.
        output: The schema that this step's answer is bound to, or None.
        holes: Paths of the texts in the body that wait for the first step's text.
        tools: The tools as declared, with what became of their schemas.
        names: The caller's names of tools by the wire's, of those that differ.
        buffered: The answer is a stream in which a call comes after minutes without a word.
        repeats_ids: The model gives its calls the same ids again in later turns.
        texts: What of the body is known as text, by path; see ``Body``.
        asked: Headers that the request asks for, or None.
        is_apart: Reasoning of its answer does not go back: its signature holds only behind what the compiler
            added to the prompt.
        carries_text: Reasoning of its answer goes back as the text that was shown.
    """

    dialect: Dialect
    model: str
    sealed: dict[str, Any]
    reasons: Mapping[Path, Reason] = field(repr=False, compare=False)
    provenance: Provenance = field(repr=False, compare=False)
    travel: Travel
    host: Host
    output: OutputPlan | None = None
    holes: tuple[Path, ...] = ()
    tools: tuple[ToolPlan | Mapping[str, Any], ...] = field(default=(), repr=False)
    names: Mapping[str, str] = field(default_factory=dict)
    buffered: bool = False
    repeats_ids: bool = False
    texts: Mapping[Path, str] = field(default_factory=dict, repr=False, compare=False)
    asked: AskedHeaders | None = None
    is_apart: bool = False
    carries_text: bool = False

    @cached_property
    def body(self) -> dict[str, Any]:
        """The wire body, as JSON data of the caller's own; what is sent does not change with it."""
        body: dict[str, Any] = json.loads(self.payload)
        return body

    @property
    def shown(self) -> dict[str, Any]:
        """The wire body as people see it: of media, its size and hash."""
        return self.body if isinstance(self.content, bytes) else shown(self.sealed)

    @property
    def operation(self) -> str:
        """The host's name of the operation."""
        return self.travel.operation

    @property
    def streamed(self) -> bool:
        """Whether the answer comes as a stream."""
        return self.travel.streamed

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that the route and the request ask for, beside the content type."""
        return self.travel.headers if self.asked is None else self.asked.over(self.travel.headers)

    @property
    def shown_headers(self) -> dict[str, str]:
        """The headers that the request asks for, as people may see them: none of the caller's own values."""
        return {} if self.asked is None else self.asked.shown

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat."""
        return () if self.asked is None else tuple(self.asked.extra.values())

    @property
    def path(self) -> str:
        """Path below the host's address, percent-encoded."""
        return self.travel.path(self.model)

    @property
    def max_output(self) -> int:
        """The output limit that the body states, in tokens; 0 where it states none."""
        return FIELDS[self.dialect].limit(self.sealed)

    @cached_property
    def content(self) -> bytes | Payload:
        """The body as it is sent: bytes, or with media the parts of them."""
        return written(self.sealed, self.texts)

    @property
    def payload(self) -> bytes:
        """The body as the bytes that are sent; with media they are made anew each time."""
        return bytes(self.content)

    @property
    def tokens(self) -> int:
        """Estimate of the tokens that a provider reserves for the call: its input, and the output limit."""
        content = self.content
        if isinstance(content, bytes):
            return len(content) // BYTES_A_TOKEN + self.max_output
        media = sum(map(media_tokens, content.media))
        return content.text_size // BYTES_A_TOKEN + media + self.max_output

    def leaves(self) -> Iterator[tuple[Path, Any, Origin]]:
        """Each leaf of the body with its value and origin, in body order."""
        for path, value, reason in reasons_in(self.sealed, self.reasons):
            yield path, value, self.provenance.origin(reason)

    def header_leaves(self) -> Iterator[tuple[str, str, Origin]]:
        """Each header that the request asks for, with what may be seen of its value and its origin."""
        for name, value, reason in () if self.asked is None else self.asked.leaves():
            yield name, value, self.provenance.origin(reason)

    @cached_property
    def origins(self) -> dict[str, Origin]:
        """Origin of each leaf of the body, by path."""
        return {path_text(path): origin for path, _, origin in self.leaves()}

    def fill(self, answer: str) -> Step:
        """This step with the first step's text in its holes.

        Args:
            answer: Text of step 1; taken as it is, but for halves of surrogate pairs, which become U+FFFD.

        Returns:
            A step that can be sent.
        """
        body = self.sealed
        text = answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for path in self.holes:
            body = filled(body, path, text)
        return replace(self, sealed=body, holes=())

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        headers = {} if self.asked is None else {"headers": self.shown_headers}
        return {
            "dialect": self.dialect,
            "operation": self.operation,
            "model": self.model,
            **headers,
            "body": self.body,
        }

    def __getstate__(self) -> dict[str, Any]:
        # Without what can be worked out again, and without the rules behind the reasons.
        names = self.__dataclass_fields__
        state = {name: value for name, value in vars(self).items() if name in names}
        reasons = {*self.reasons.values(), *(() if self.asked is None else self.asked.reasons)}
        return state | {"texts": {}, "provenance": self.provenance.only(reasons)}


class BatchRoute(NamedTuple):
    """Where a plan's lines go in the host's batch engine.

    Attributes:
        endpoint: The engine's name of the endpoint, the same for each step: a path of OpenAI's API, or the
            invocation type of a job on Bedrock.
        dialect: Wire format of the lines' bodies.
    """

    endpoint: str
    dialect: Dialect


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
        host_row: What the rules say of the host.
        cacheable: The same request may be answered from a cache: temperature 0, or a model that thinks.
        batch: Where it goes in the host's batch engine; None for a call online.
    """

    model: str
    host: Host
    resolution: Resolution
    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    quota: Quota
    host_row: HostRow = field(repr=False, compare=False)
    cacheable: bool = False
    batch: BatchRoute | None = None

    @property
    def billing(self) -> Billing:
        """How the host prices its calls: those of its batch engine cost a part of what they do online."""
        from smartllm.cost import Billing  # noqa: PLC0415 - loads decimal, for those who ask

        engine = self.host_row.batch if self.batch else None
        return Billing(self.host_row.prices, engine.price if engine else 1.0)

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

        That is the dialect, the model, the bytes of each step in their order (media by its hash), and the
        caller's whole schema: two schemas that are sent as one are answered by two answers.
        """
        first = self.steps[0]
        schema = self.output.text if self.output else ""
        parts = [first.dialect.encode(), first.model.encode(), schema.encode(), *map(identity, self.steps)]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(b"%d:" % len(part))  # where one part ends cannot be moved
            digest.update(part)
        return digest.hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data: model, resolution, fingerprint, ``batch`` if it goes there, steps, diagnostics."""
        return {
            "model": self.model,
            "resolution": self.resolution.as_dict(),
            "fingerprint": self.fingerprint,
            **({"batch": self.batch._asdict()} if self.batch else {}),
            "steps": [step.as_dict() for step in self.steps],
            "diagnostics": [item.as_dict() for item in self.diagnostics],
        }

    def as_json(self, *, indent: int | None = 2) -> str:
        """``as_dict`` as text."""
        return json.dumps(self.as_dict(), indent=indent, ensure_ascii=False)

    def as_curl(self) -> str:
        """One curl command a step, which runs as it is; keys and credentials stay shell variables."""
        from smartllm.compiler.render.curl import script  # noqa: PLC0415 - for those who look

        return script(self.steps, self.host_row.shell)

    def explain(self) -> str:
        """Each body leaf with its value, its origin and the fact's file:line, then each diagnostic."""
        from smartllm.compiler.render.explain import explain  # noqa: PLC0415 - for those who look

        return explain(self)
