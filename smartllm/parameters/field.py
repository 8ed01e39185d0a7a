"""What a row of the table of request fields says."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

SamplingField = Literal["temperature", "top_p", "top_k"]
"""The parameters that models refuse together; the rules may say that some exclude each other."""

HIDDEN: Final = "<hidden>"
"""What is shown in place of a value that may be secret."""

Kind = Literal[
    "text",
    "number",
    "whole",
    "truth",
    "choice",
    "schema",
    "object",
    "callback",
    "value",
    "turns",
    "tools",
    "tool_choice",
    "texts",
    "pairs",
    "guardrail",
    "headers",
]
"""What a value is; ``whole`` is a number without a fraction."""

Group = Literal[
    "turns",
    "target",
    "text",
    "sampling",
    "limit",
    "reasoning",
    "output",
    "tools",
    "caching",
    "generation",
    "service",
    "control",
]
"""What a field is about; the rules accept or refuse the group ``sampling`` as one, and ``service`` holds for
all calls of a plan."""


class RequestField(NamedTuple):
    """One field of a request.

    Attributes:
        name: Its name in Python and in request files.
        kind: What its value is.
        group: What it is about.
        help: What it means, in one sentence without its limits.
        default: Its value where nobody gives one; None leaves it to the model.
        least: Smallest number; of a text, its shortest length.
        most: Largest number; of a text, its longest length.
        choices: Accepted words, in the order in which people read them.
        options: Its options at the shell, the long one first; empty where there is none.
        wire: It may stand in a body.
        carried: It stands in a body as it is where the fact of its name accepts it; passes and dialects need
            not know it.
        neutral: The value that means the same as saying nothing, where the model does not take the field.
        setting: A client's configuration may give it for all requests.
        telemetry: Its attribute in OpenTelemetry's conventions.
    """

    name: str
    kind: Kind
    group: Group
    help: str
    default: Any = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    wire: bool = False
    carried: bool = False
    neutral: Any = None
    setting: bool = False
    telemetry: str = ""

    @property
    def flag(self) -> str:
        """The name under which the shell hands its value over."""
        return self.options[0].lstrip("-").replace("-", "_") if self.options else self.name
