"""The abstract request that a caller writes once: ``TextRequest``, ``MessageRequest`` and ``Message``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypeVar

from smartllm.content import InputPart, Reasoning
from smartllm.field_docs import documented
from smartllm.format_types import NO_FORMAT, FormatField
from smartllm.parameters import NUMBERS
from smartllm.progress_events import ProgressCallback
from smartllm.request_fields import ExtraHeaders, GuardrailField, Metadata, StopSequences, SystemText
from smartllm.request_names import ROLES, unknown_field, unknown_of_message, unknown_role
from smartllm.tools.fields import ToolChoice, Tools
from smartllm.turn_content import Content
from smartllm.unknown_fields import NamedFields
from smartllm.words import (
    EFFORTS,
    ApiType,
    Effort,
    PromptCache,
    ReasoningSummary,
    Role,
    ServiceTier,
    StructuredOutput,
    Verbosity,
)

__all__ = [
    "EFFORTS",
    "ApiType",
    "BaseRequest",
    "Effort",
    "Message",
    "MessageRequest",
    "ProgressCallback",
    "PromptCache",
    "Reasoning",
    "Request",
    "StructuredOutput",
    "SystemMessage",
    "TextRequest",
    "Verbosity",
]

T = TypeVar("T", default=Any)


@documented
class Message(NamedFields):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    says_unknown = unknown_of_message

    role: Literal["user", "assistant", "system"]
    """``user`` or ``assistant``. System text goes into ``system_prompt``, and what must be said later in a
    conversation is a ``SystemMessage``."""
    content: Content
    """The text, or a list of texts and parts; not empty, nor a text of white space alone."""
    reasoning: Reasoning | None = None
    """``TextResponse.reasoning`` of that turn. It is sent back to the model that wrote it, and dropped with a
    diagnostic for any other."""

    if TYPE_CHECKING:

        def __init__(
            self,
            role: Role,
            content: str | Sequence[str | InputPart],
            *,
            reasoning: Reasoning | None = None,
        ) -> None: ...

    else:

        def __init__(self, role: str | None = None, content: Any = None, **data: Any) -> None:
            given = {"role": role, "content": content}
            super().__init__(**{key: value for key, value in given.items() if value is not None}, **data)

    @field_validator("role", mode="before")
    @classmethod
    def _refuse_others(cls, role: Any) -> Any:
        if isinstance(role, str) and not (role in ROLES or issubclass(cls, SystemMessage)):
            says = unknown_role(role)
            raise PydanticCustomError("role", "{says}", {"says": says})
        return role


@documented
class SystemMessage(Message):
    """System text between the turns, which keeps what the provider has cached of those before it.

    It stands behind a user's turn, where the model takes it; other models refuse it by name. In JSON it is a
    message of role ``system``. The first words of a conversation belong into ``system_prompt``.
    """

    role: Literal["system"] = "system"
    """Always ``system``."""
    content: Content
    """The text, or a list of texts; not empty."""

    if TYPE_CHECKING:

        def __init__(self, content: str | Sequence[str | InputPart]) -> None: ...

    else:

        def __init__(self, content: Any = None, **data: Any) -> None:
            super().__init__(content=content, **data)


def _system_message(given: Any) -> Any:
    """The message that JSON says with its role."""
    if isinstance(given, Mapping) and given.get("role") == "system":
        return SystemMessage.model_validate(given)
    return given


@documented
class BaseRequest(NamedFields, Generic[T]):
    """What ``TextRequest`` and ``MessageRequest`` share.

    Raises:
        pydantic.ValidationError: (a ``ValueError``) for an unusable value; it names field, value and what
            is allowed.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, arbitrary_types_allowed=True)
    says_unknown = unknown_field

    model: Annotated[str, Field(min_length=1)] | None = None
    """Model id, inference profile id or ARN; None takes the client's default."""
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = 0
    """Sampling temperature, 0 to 2 (Claude: 0 to 1); None leaves it to the model. A default that the model
    does not accept is simply not sent."""
    max_tokens: Annotated[int, Field(ge=1)] | None = 2048
    """Maximum output tokens, at least 1; None leaves it to the model, or asks for its most where the API
    wants a number."""
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    """Nucleus sampling, 0 to 1; None leaves the model's default."""
    top_k: Annotated[int, Field(ge=1)] | None = None
    """Top-k sampling, where the API has it; at least 1; None leaves the model's default."""
    system_prompt: SystemText | None = None
    """System text; white space alone is none."""
    stream: bool = False
    """Marks the request as meant for the streaming methods."""
    response_format: FormatField[T] = NO_FORMAT
    """What the answer must be: a type, or a JSON Schema. Types are Pydantic models, ``list[Model]``, unions,
    TypedDicts, dataclasses, NamedTuples, Enums, Literals, ``int`` and all else that Pydantic reads, and a
    ``TypeAdapter`` of one."""
    structured_output: StructuredOutput = "auto"
    """How the answer is bound to the schema: ``auto`` (what the rules prefer), ``native`` (the provider's own
    schema mode), ``tool`` (a forced tool call) or ``two_pass`` (think and answer, then put the answer into
    the structure). ``auto`` may offer a tool, and put an answer without its call into the structure
    afterwards. An answer that calls ``tools`` is not bound yet."""
    validation_context: Any = Field(default=None, repr=False)
    """What validators of response_format are given, as ``info.context``."""
    reasks: Annotated[int, Field(ge=0, le=10)] = 0
    """How often the model is asked again when its answer does not fit response_format, with what is wrong
    with it: 0 to 10."""
    tools: Tools = None
    """Tools that the model may call: functions, ``Tool`` values, pydantic models, and dicts in a provider's
    own words; see ``Tool.from_``. A ``CachePoint`` behind one marks all before it."""
    tool_choice: ToolChoice = None
    """Which tools the model calls: ``auto`` (as it likes), ``none``, ``required`` (at least one), the name of
    a tool, or a list of names, of which it calls at least one."""
    parallel_tool_calls: bool | None = None
    """Whether one answer may call several tools at once; None leaves it to the model."""
    prompt_cache: PromptCache | None = None
    """How long the provider is to keep the beginning of the prompt, which later requests read at a lower
    price: 5m, 1h or 24h. The compiler places the marks where a model takes some; a ``CachePoint`` in the
    turns, or behind tools, is a mark of the caller's own."""
    prompt_cache_key: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """What requests with the same beginning have in common, 1 to 64 characters: OpenAI sends those of one key
    to the same cache."""
    use_cache: bool = True
    """Read and write the response cache."""
    clear_cache: bool = False
    """Forget the cached answer first."""
    api_type: ApiType = "responses"
    """Which API of the provider: responses, chat_completions, messages, invoke or converse."""
    reasoning_effort: Effort | None = None
    """Reasoning effort: none, minimal, low, medium, high, xhigh or max."""
    budget_tokens: Annotated[int, Field(ge=1)] | None = None
    """Thinking budget in tokens for manual-budget models, at least 1; it is raised to the model's minimum
    (1024) and mapped to the nearest effort on models that take none."""
    verbosity: Verbosity | None = None
    """Length of the answer: low, medium or high; dropped, with a diagnostic, by models that have no such
    parameter."""
    stop_sequences: StopSequences | None = None
    """Texts at which the answer ends, before they are written: a list of texts that are not empty, or one
    text. What a model does not take of them is left out, with a diagnostic."""
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    """Number for repeatable sampling (OpenAI's Chat Completions), a whole number of 64 bits."""
    presence_penalty: Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)] | None = None
    """Penalty for tokens that were there before, -2 to 2 (Chat Completions)."""
    frequency_penalty: Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)] | None = None
    """Penalty for tokens by how often they were there, -2 to 2 (Chat Completions)."""
    logprobs: bool | None = None
    """Whether the answer tells how likely its tokens were (OpenAI)."""
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    """How many likely tokens are told at each place, 0 to 20; it asks for ``logprobs`` too."""
    reasoning_summary: ReasoningSummary | None = None
    """How much of its reasoning the model shows: auto, concise or detailed; it is asked for only where it is
    given."""
    service_tier: ServiceTier | None = None
    """How urgently the provider works: auto, default, flex, scale, priority, fast (which is priority) or
    reserved, or standard_only (which is default); dropped, with a diagnostic, where the model is not served
    so."""
    metadata: Metadata | None = None
    """Names and values for the provider's records, at most 16 pairs of texts; the model does not see them."""
    user: Annotated[str, Field(min_length=1)] | None = None
    """Id of your end user, for the provider's abuse checks: one that tells nobody who it is."""
    store: bool | None = None
    """Whether the provider keeps the answer (OpenAI; Responses does unless told not to)."""
    guardrail: GuardrailField | None = None
    """Guardrail of Amazon Bedrock, a ``Guardrail`` or a dict of its fields; refused where it would not be
    applied."""
    extra_headers: ExtraHeaders | None = None
    """Headers of the request's calls, merged last. They are part of the cache's key; their values are shown
    nowhere."""
    on_progress: ProgressCallback | None = Field(default=None, repr=False)
    """Callback for progress events, sync or async."""
    like: Annotated[str, Field(min_length=1)] | None = None
    """Listed model whose facts to use, for an id that cannot be recognised."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Merged last and verbatim into the wire body: the way out of a wrong rule."""

    @field_validator(*NUMBERS, mode="before")
    @classmethod
    def _refuse_booleans(cls, value: Any) -> Any:
        # Pydantic reads True as 1; a request that says so holds a mistake.
        if isinstance(value, bool):
            raise ValueError("expected a number, not a boolean")  # noqa: TRY004 - pydantic reports ValueError
        return value

    @field_validator("logprobs", "top_logprobs")
    @classmethod
    def _refuse_contradiction(cls, value: Any, info: ValidationInfo) -> Any:
        both = {**info.data, str(info.field_name): value}
        if both.get("logprobs") is False and both.get("top_logprobs") is not None:
            raise ValueError("top_logprobs asks for what logprobs=False does not want; give one of them")
        return value


@documented
class TextRequest(BaseRequest[T]):
    """A single prompt.

    Examples:
        >>> TextRequest(prompt="What is 2+2?", model="gpt-5.4").max_tokens
        2048
    """

    prompt: Content
    """The user turn: a text, or a list of texts and parts; not empty, nor white space alone."""


@documented
class MessageRequest(BaseRequest[T]):
    """A multi-turn conversation."""

    messages: Annotated[list[Annotated[Message, BeforeValidator(_system_message)]], Field(min_length=1)]
    """The turns, oldest first; at least one."""


Request = TextRequest[T] | MessageRequest[T]
