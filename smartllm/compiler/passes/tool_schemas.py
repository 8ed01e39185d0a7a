"""The schemas of tools: strict where asked for and taken, and in the subset that the model reads."""

from __future__ import annotations

from smartllm.compiler.intent import AnyTool, Intent, OutputPlan, ToolPlan
from smartllm.compiler.schema.keywords import subschemas
from smartllm.compiler.schema.takes import Form, form_of, native_schema
from smartllm.compiler.schema.tool_input import tool_input
from smartllm.compiler.schema.types import Lowered
from smartllm.compiler.strategy import choose_strategy
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts


def schemas(tools: tuple[AnyTool, ...], intent: Intent, facts: Facts, trace: Trace) -> tuple[AnyTool, ...]:
    """The tools with their schemas as sent and their strict keys settled.

    Raises:
        UnsupportedError: A schema cannot be said; names the tool and the place.
    """
    lowering = _Lowering(intent, facts, trace)
    return tuple(lowering.tool(tool) if isinstance(tool, ToolPlan) else tool for tool in tools)


class _Lowering:
    """Lowers one request's tools, and counts what of them is strict."""

    def __init__(self, intent: Intent, facts: Facts, trace: Trace) -> None:
        self.facts, self.trace = facts, trace
        self.forms: dict[bool, Form] = {}
        self.strict = self.optional = self.unions = 0
        if intent.output is not None and any(
            isinstance(tool, ToolPlan) and tool.strict for tool in intent.tools
        ):
            self._count_answer(intent, intent.output)

    def _count_answer(self, intent: Intent, output: OutputPlan) -> None:
        """Count the schema of the answer, which is as strict as those of tools."""
        if choose_strategy(intent, self.facts) == "native":
            self.optional, self.unions = _size(native_schema(output.text, self.facts))

    def tool(self, tool: ToolPlan) -> ToolPlan:
        if tool.strict and self.facts.tools.strict == "never":
            self._dropped(tool, "the model takes no strict key", "tools.strict")
        elif tool.strict:
            bound = self._lowered(tool, key=True)
            if self._fits(bound):
                return self._told(bound, "tools.strict")
            self._dropped(tool, "no more may be strict in one request", "tools.strict_limits")
        key = False if self.facts.tools.strict == "spelled" else None
        return self._told(self._lowered(tool, key=key), "tools.input")

    def _lowered(self, tool: ToolPlan, *, key: bool | None) -> ToolPlan:
        strict = key is True
        form = self.forms.get(strict)
        if form is None:
            form = self.forms[strict] = form_of(self.facts, strict=strict)
        try:
            lowered, properties = tool_input(tool.text, form)
        except UnsupportedError as error:
            raise UnsupportedError(
                f"tools: {tool.name}: {error.message.removeprefix('response_format: ')}",
                field="tools",
                hint="declare it without strict=True, or close its schema" if strict else error.hint,
                fact="tools.strict" if strict else "tools.input.definitions",
            ) from None
        return ToolPlan(tool.name, tool.description, tool.text, key, lowered, properties)

    def _fits(self, tool: ToolPlan) -> bool:
        """Whether one more strict tool is within the limits; if so it counts."""
        assert tool.lowered is not None
        most = self.facts.tools.strict_limits
        optional, unions = _size(tool.lowered)
        sums = (self.strict + 1, self.optional + optional, self.unions + unions)
        if any(
            limit is not None and found > limit
            for found, limit in zip(sums, (most.tools, most.optional, most.unions), strict=True)
        ):
            return False
        self.strict, self.optional, self.unions = sums
        return True

    def _told(self, tool: ToolPlan, path: str) -> ToolPlan:
        assert tool.lowered is not None
        for change in tool.lowered.changes:
            self.trace.changed(
                "tool-schema-changed",
                "tools",
                asked=f"{tool.name} {change.path} {change.keyword}",
                applied=change.action,
                reason=change.reason,
                fact=path,
                severity="warning" if change.lost else "info",
                whole=False,
            )
        return tool

    def _dropped(self, tool: ToolPlan, reason: str, path: str) -> None:
        self.trace.changed(
            "tool-strict-dropped",
            "tools",
            asked=f"{tool.name}: strict",
            applied=None,
            reason=f"{reason}; calls of {tool.name} may not match its schema",
            fact=path,
            action="dropped",
            whole=False,
        )


def _size(lowered: Lowered) -> tuple[int, int]:
    """How many optional properties and how many unions a strict schema has."""
    nodes = [node for _, node in subschemas(lowered.schema)]
    optional = sum(len(node.get("properties", {})) - len(node.get("required", [])) for node in nodes)
    return optional, sum("anyOf" in node for node in nodes)
