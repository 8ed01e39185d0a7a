"""Tools that a model may call: how they are declared, and how a choice among them is said."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact
from smartllm.rules.vocabulary.output import Patterns


@dataclass(frozen=True, eq=False)
class InputSchema:
    """What the JSON Schema of a tool's input may hold, beside the subset that a strict one takes."""

    top: Literal["plain", "bare"] = fact(
        "plain",
        "Keywords at its top level; plain: all but oneOf, anyOf and allOf; bare: type, properties, required "
        "and additionalProperties = false alone.",
    )
    definitions: Literal["kept", "inlined"] = fact(
        "inlined", "What becomes of $defs; inlined: the model does not follow a $ref."
    )
    property_names: Literal["any", "ascii"] = fact(
        "any", "Names of the properties at its top level; ascii: 1 to 64 letters, digits, '_', '.' and '-'."
    )
    patterns: Patterns = fact(
        "any", "Regular expressions that it may hold where it is not strict; as structured.patterns."
    )


@dataclass(frozen=True, eq=False)
class StrictLimits:
    """How much may be strict in one request, the schema of the answer included; null is no known limit."""

    tools: int | None = fact(None, ge=1, description="Tools with the strict key.")
    optional: int | None = fact(None, ge=0, description="Optional properties in all strict schemas.")
    unions: int | None = fact(None, ge=0, description="Properties of a union type in all strict schemas.")


@dataclass(frozen=True, eq=False)
class Tools:
    """Function tools, and those of the provider."""

    functions: Literal["always", "effort-none", "never"] = fact("always", "When function tools are accepted.")
    forced: Literal["always", "skips-thinking", "unless-thinking", "effort-none", "never"] = fact(
        "always",
        "When a tool choice that forces a tool is accepted; skips-thinking: always, but the "
        "model then calls the tool without thinking.",
    )
    choice: Literal["named", "any"] = fact(
        "named", "How a tool choice forces: by the tool's name, or any of the tools."
    )
    none: Literal["choice", "additional", "omit"] = fact(
        "omit",
        "How calls are kept off; choice: the tool choice says so; additional: tool_choice under "
        "additionalModelRequestFields, with the tools and without a toolChoice; omit: only by declaring no "
        "tools, so that where calls.declared asks for them the model may still call.",
    )
    some: Literal["choice", "omit"] = fact(
        "omit",
        "How a choice among some of the tools is said; choice: allowed_tools; omit: only these are declared.",
    )
    parallel: Literal["field", "choice", "additional", "impossible"] = fact(
        "impossible",
        "Where 'at most one call' is said; field: parallel_tool_calls, beside tools alone; choice: "
        "disable_parallel_tool_use in the tool choice; additional: the same in tool_choice under "
        "additionalModelRequestFields; impossible: there is no place, or any value is refused.",
    )
    strict: Literal["spelled", "accepted", "never"] = fact(
        "never",
        "The strict key of a tool; spelled: always sent, false too, as leaving it out means something else; "
        "accepted: true may be sent, else it is left out; never: refused by its presence, false included.",
    )
    strict_limits: StrictLimits = fact(StrictLimits())
    streaming: bool = fact(True, "A request with tools can be streamed.")
    buffered: bool = fact(
        False,
        "The input of a streamed call is held back until it is complete: minutes without an event are no "
        "stall (368 s were measured).",
    )
    unbuffered_by: str = fact(
        "",
        "Value of anthropic_beta that streams a call's input as it is written, perhaps as broken JSON; "
        "empty: none.",
    )
    name: Literal["dashed", "word"] = fact(
        "word",
        "Characters of a name; word: letters, digits and '_', a letter first; dashed: letters, digits, '_' "
        "and '-', any of them first.",
    )
    name_max: int = fact(64, ge=1, description="Longest name.")
    description_max: int | None = fact(
        None, ge=1, description="Longest description; an empty one is left out everywhere."
    )
    max: int | None = fact(None, ge=1, description="How many tools a request may declare.")
    input: InputSchema = fact(InputSchema())
    custom: bool = fact(False, "Tools that take free text (type custom) are accepted.")
    hosted: tuple[str, ...] = fact(
        (),
        "Kinds of the provider's own tools, which go through as the caller wrote them; without the date that "
        "the name of some ends with.",
    )
    beside_hosted: Literal["auto", "all"] = fact(
        "auto",
        "What may be said of the choice beside the provider's own tools; auto: none at most, and no parallel "
        "switch; all: whatever may be said without them.",
    )
