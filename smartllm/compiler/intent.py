"""The intermediate form between the abstract request and the wire body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from smartllm.rules.vocabulary.input import MEDIA
from smartllm.text_parts import Reasoning, Text
from smartllm.words import Effort, Verbosity

if TYPE_CHECKING:
    from smartllm.compiler.marks import Caching
    from smartllm.compiler.schema.types import Lowered
    from smartllm.content import CachePoint, InputPart, Media, Other, ToolCall, ToolResult
    from smartllm.rules.vocabulary import Dialect

OutputStrategy = Literal["native", "tool", "offer", "two_pass"]
"""``offer``: the tool is there but cannot be forced; in a first step, a second one stands behind it for
answers that do not give the structure. ``two_pass``: a second step does the binding."""

OutputWish = Literal["auto", "native", "tool", "two_pass", "extract"]
"""What the caller asks for; ``extract`` is the second step of a two-pass plan."""


class Turn(NamedTuple):
    """One turn: a role and the parts that make it up; OpenAI's word for system is the dialect's.

    Attributes:
        phases: The provider's words for what its texts are, by text, where it wants them back.
    """

    role: Literal["user", "assistant", "system"]
    parts: tuple[InputPart, ...]
    phases: Mapping[str, str] = MappingProxyType({})

    @property
    def texts(self) -> tuple[str, ...]:
        """Its texts, in order."""
        return tuple([part.text for part in self.parts if isinstance(part, Text)])

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The blocks of its reasoning, as the provider wants them back."""
        return [block for part in self.parts if isinstance(part, Reasoning) for block in part.blocks]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Its calls of tools, in order."""
        return tuple([part for part in self.parts if part.type == "tool_call"])

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """The results of calls in it, in order."""
        return tuple([part for part in self.parts if part.type == "tool_result"])

    @property
    def media(self) -> tuple[Media, ...]:
        """Its pictures, documents, sound and films, in order; those of results are theirs."""
        return tuple([part for part in self.parts if part.type in MEDIA])  # type: ignore[misc]

    @property
    def own(self) -> tuple[Other, ...]:
        """Its parts in the words of the wire."""
        return tuple([part for part in self.parts if part.type == "other"])

    @property
    def points(self) -> tuple[CachePoint, ...]:
        """Its cache points, in order."""
        return tuple([part for part in self.parts if part.type == "cache_point"])

    @property
    def said(self) -> tuple[InputPart, ...]:
        """What it holds beside cache points."""
        return tuple([part for part in self.parts if part.type != "cache_point"])

    @property
    def reasoning(self) -> tuple[Reasoning, ...]:
        """Its reasoning parts."""
        return tuple([part for part in self.parts if isinstance(part, Reasoning)])


class ThinkingPlan(NamedTuple):
    """What will be said about thinking on the wire.

    Attributes:
        mode: ``budget``, ``adaptive`` or ``effort``, or ``off`` for an explicit off.
        budget: Budget in tokens, in ``budget`` mode.
        effort: Level, in ``adaptive`` and ``effort`` mode; None in ``adaptive`` mode leaves it to the model.
        asked: The caller wants thinking; False where it only cannot be off.
    """

    mode: Literal["budget", "adaptive", "effort", "off"]
    budget: int | None = None
    effort: Effort | None = None
    asked: bool = True


@dataclass(frozen=True)
class OutputPlan:
    """A schema that the answer must match.

    Attributes:
        name: Name of the schema on the wire.
        text: The caller's full JSON Schema, as JSON.
        wish: How the caller wants it enforced.
        strategy: How it is enforced; None until the output pass has chosen.
        lowered: The schema as sent, with its changes; None until the output pass has run.
        properties: As ``ToolPlan.properties``, of the tool whose input the answer is.
        json_object: Any JSON object is asked for; bound, that the wire's own word for it is sent.
        prompt: What the system text ends with: how the answer is to be given, or what it is to tell.
    """

    name: str
    text: str
    description: str = ""
    wish: OutputWish = "auto"
    strategy: OutputStrategy | None = None
    lowered: Lowered | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    json_object: bool = False
    prompt: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        """The caller's full JSON Schema."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def wire_schema(self) -> dict[str, Any]:
        """The schema as sent."""
        assert self.lowered is not None
        return self.lowered.schema


class ToolPlan(NamedTuple):
    """A function tool that the model may call.

    Attributes:
        name: The caller's name of it; ``Intent.names`` has the one on the wire.
        description: What it does; an empty one is left out.
        text: The caller's JSON Schema of its arguments, as JSON.
        strict: The caller's wish until the tools pass has run; then the key as sent, None to leave it out.
        lowered: The schema as sent; None until the tools pass has run.
        properties: Names of properties that were renamed at its top level: the caller's by the wire's.
    """

    name: str
    description: str
    text: str
    strict: bool | None = None
    lowered: Lowered | None = None
    properties: Mapping[str, str] = MappingProxyType({})


AnyTool = ToolPlan | Mapping[str, Any]
"""A function tool, or one of the provider's own as the caller wrote it."""


class Choice(NamedTuple):
    """Which tools the model calls.

    Attributes:
        mode: ``auto`` (as it likes), ``none`` or ``required`` (at least one).
        names: The caller's names of those among which it chooses; empty for all.
    """

    mode: Literal["auto", "none", "required"]
    names: tuple[str, ...] = ()


class Intent(NamedTuple):
    """What the caller wants, refined by each pass until every value is legal for the target.

    ``effort`` and ``budget_tokens`` are wishes: the thinking pass consumes them into ``thinking``.

    Attributes:
        model: The id that is sent.
        dialect: The wire on which it will be said.
        max_tokens: None once the target takes no limit here.
        parameters: Values of the request's ``CARRIED`` fields by name, in the order of the body; those that
            are not sent are not there.
        tools: Declared tools: functions, and the provider's own as the caller wrote them.
        tool_choice: None leaves it to the model.
        parallel: Whether one answer may call several tools at once; None leaves it to the model.
        names: Names on the wire by the caller's, of the tools that go by another one; None until the tools
            pass has run.
        custom: Ids on the wire of the calls that go back as those of tools that take free text.
        headers: The caller's headers for the calls.
        caching: None where nothing is asked of the prompt cache.
        texts_alone: The turns, of user and assistant alone, hold nothing but texts that cite nothing, so that
            nobody need look for more; no pass adds any.
        batch: It goes to the host's batch engine.
        asked: The caller's id of the model, where another one is sent; answers tell it by this one.
        explicit: Names of the fields that the request itself sets; a client's configuration only gives
            defaults.
    """

    model: str
    dialect: Dialect
    turns: tuple[Turn, ...]
    max_tokens: int | None
    system: str | None = None
    parameters: Mapping[str, Any] = MappingProxyType({})
    effort: Effort | None = None
    budget_tokens: int | None = None
    thinking: ThinkingPlan | None = None
    output: OutputPlan | None = None
    verbosity: Verbosity | None = None
    stream: bool = False
    tools: tuple[AnyTool, ...] = ()
    tool_choice: Choice | None = None
    parallel: bool | None = None
    names: Mapping[str, str] | None = None
    custom: frozenset[str] = frozenset()
    caching: Caching | None = None
    explicit: frozenset[str] = frozenset()
    extra: Mapping[str, Any] = MappingProxyType({})
    headers: Mapping[str, str] = MappingProxyType({})
    texts_alone: bool = False
    batch: bool = False
    asked: str = ""

    @property
    def bound(self) -> OutputPlan | None:
        """The schema that this very answer is bound to; a first step of two leaves it to the second."""
        return None if self.output is None or self.output.strategy == "two_pass" else self.output
