"""The fields of a request, one row each: what other modules need to know of a parameter, they read here.

``smartllm.request`` declares the same fields with their types, for editors and mypy; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, get_args

from smartllm.words import EFFORTS, ApiType, StructuredOutput, Verbosity

SamplingField = Literal["temperature", "top_p", "top_k"]
"""The parameters that models refuse together; the rules may say that some exclude each other."""

Kind = Literal[
    "text",
    "number",
    "whole",
    "truth",
    "choice",
    "schema",
    "object",
    "callback",
    "turns",
    "tools",
    "tool_choice",
]
"""What a value is; ``whole`` is a number without a fraction."""

Group = Literal["turns", "target", "text", "sampling", "limit", "reasoning", "output", "tools", "control"]
"""What a field is about; the rules accept or refuse the group ``sampling`` as one."""


class RequestField(NamedTuple):
    """One field of a request.

    Attributes:
        name: Its name in Python and in request files.
        kind: What its value is.
        group: What it is about.
        help: What it means, in one sentence without its limits.
        default: Its value where nobody gives one; None leaves it to the model.
        least: Smallest number; of a text, its shortest length.
        most: Largest number.
        choices: Accepted words, in the order in which people read them.
        options: Its options at the shell, the long one first; empty where there is none.
        wire: It may stand in a body.
        carried: It stands in a body as it is where the fact of its name accepts it; passes and dialects need
            not know it.
        neutral: The number that means the same as saying nothing.
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
    neutral: float | None = None
    setting: bool = False
    telemetry: str = ""

    @property
    def flag(self) -> str:
        """The name under which the shell hands its value over."""
        return self.options[0].lstrip("-").replace("-", "_") if self.options else self.name


_ROWS: Final = (
    RequestField(
        "model",
        "text",
        "target",
        "Model id, inference profile id or ARN.",
        least=1,
        options=("--model", "-m"),
    ),
    RequestField(
        "api_type",
        "choice",
        "target",
        "Which API of the host.",
        default="responses",
        choices=get_args(ApiType),
        options=("--api-type",),
    ),
    RequestField("prompt", "text", "turns", "Text of the user turn.", options=("--prompt", "-p")),
    RequestField("messages", "turns", "turns", "The turns, oldest first."),
    RequestField("system_prompt", "text", "text", "System text.", options=("--system",), wire=True),
    RequestField(
        "temperature",
        "number",
        "sampling",
        "Sampling temperature.",
        default=0,
        least=0,
        most=2,
        options=("--temperature",),
        carried=True,
        neutral=1,
        setting=True,
        telemetry="gen_ai.request.temperature",
    ),
    RequestField(
        "top_p",
        "number",
        "sampling",
        "Nucleus sampling.",
        least=0,
        most=1,
        options=("--top-p",),
        carried=True,
        neutral=1,
        telemetry="gen_ai.request.top_p",
    ),
    RequestField(
        "top_k",
        "whole",
        "sampling",
        "Top-k sampling (Bedrock).",
        least=1,
        options=("--top-k",),
        carried=True,
        telemetry="gen_ai.request.top_k",
    ),
    RequestField(
        "max_tokens",
        "whole",
        "limit",
        "Maximum output tokens.",
        default=2048,
        least=1,
        options=("--max-tokens",),
        wire=True,
        setting=True,
        telemetry="gen_ai.request.max_tokens",
    ),
    RequestField(
        "reasoning_effort",
        "choice",
        "reasoning",
        "Reasoning effort.",
        choices=EFFORTS,
        options=("--effort",),
        wire=True,
    ),
    RequestField(
        "budget_tokens",
        "whole",
        "reasoning",
        "Thinking budget in tokens.",
        least=1,
        options=("--budget-tokens",),
        wire=True,
    ),
    RequestField(
        "response_format",
        "schema",
        "output",
        "Pydantic model, or a JSON Schema, for the answer.",
        options=("--schema",),
    ),
    RequestField(
        "verbosity",
        "choice",
        "output",
        "Length of the answer.",
        choices=get_args(Verbosity),
        options=("--verbosity",),
        wire=True,
    ),
    RequestField(
        "structured_output",
        "choice",
        "output",
        "How the answer is bound to the schema.",
        default="auto",
        choices=get_args(StructuredOutput),
        options=("--structured-output",),
    ),
    RequestField(
        "tools", "tools", "tools", "Tools that the model may call.", options=("--tools",), wire=True
    ),
    RequestField(
        "tool_choice",
        "tool_choice",
        "tools",
        "Which tools the model calls.",
        options=("--tool-choice",),
        wire=True,
    ),
    RequestField(
        "parallel_tool_calls",
        "truth",
        "tools",
        "Whether one answer may call several tools at once.",
        options=("--parallel-tool-calls",),
        wire=True,
    ),
    RequestField("like", "text", "target", "Listed model whose facts to use.", least=1, options=("--like",)),
    RequestField(
        "stream",
        "truth",
        "control",
        "Marks the request as meant for the streaming methods.",
        default=False,
        wire=True,
    ),
    RequestField("use_cache", "truth", "control", "Read and write the response cache.", default=True),
    RequestField("clear_cache", "truth", "control", "Forget the cached answer first.", default=False),
    RequestField("on_progress", "callback", "control", "Callback for progress events."),
    RequestField(
        "extra",
        "object",
        "control",
        "Merged last and verbatim into the wire body.",
        default=MappingProxyType({}),
    ),
)

PARAMETERS: Final[Mapping[str, RequestField]] = {row.name: row for row in _ROWS}
"""Every field of a request, in the order in which the shell shows its options."""

WIRE: Final = tuple(row.name for row in _ROWS if row.wire or row.carried)
"""Fields that may stand in a body, beside the texts of the turns."""

CARRIED: Final[Mapping[str, RequestField]] = {row.name: row for row in _ROWS if row.carried}
"""Fields that go into a body by their facts alone, in the order in which they stand there."""

SAMPLING: Final = frozenset(row.name for row in _ROWS if row.group == "sampling")

NUMBERS: Final = tuple(row.name for row in _ROWS if row.kind in {"number", "whole"})
"""Fields whose values are numbers."""

DEFAULTS: Final[Mapping[str, Any]] = {row.name: row.default for row in _ROWS if row.group != "turns"}
"""What a request holds that says nothing but its turns."""
