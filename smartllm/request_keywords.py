"""The fields of a request as keywords: what editors complete and type checkers check where none is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, TypedDict

from typing_extensions import TypeVar

from smartllm.content import InputPart
from smartllm.format_types import FormatField
from smartllm.progress_events import ProgressCallback
from smartllm.request import Message
from smartllm.request_fields import ExtraHeaders, GuardrailField, Metadata, StopSequences
from smartllm.tools.fields import ToolChoice, Tools
from smartllm.words import (
    ApiType,
    Effort,
    PromptCache,
    ReasoningSummary,
    Role,
    ServiceTier,
    StructuredOutput,
    Verbosity,
)

T = TypeVar("T", default=Any)

NOT_GIVEN: Final[Any] = None
"""Stands for what is said by name instead; for type checkers it is of any type, not of None's."""

Prompt = str | Sequence[str | InputPart]
"""A user turn: a text, or texts and parts."""


class MessageDict(TypedDict):
    """A message as JSON says it."""

    role: Role
    content: Prompt


Turns = str | Sequence[Message | MessageDict | str]
"""A conversation, oldest turn first; a text is a turn of the user's."""


class FieldsOnly(TypedDict, Generic[T], total=False):
    """``RequestFields`` without ``model`` and ``tools``.

    The texts are those of ``TextRequest``, written here by ``scripts/generate_docs.py``.
    """

    temperature: float | None
    """Sampling temperature, 0 to 2 (Claude: 0 to 1); None leaves it to the model. A default that the model
    does not accept is simply not sent."""
    max_tokens: int | None
    """Maximum output tokens, at least 1; None leaves it to the model, or asks for its most where the API
    wants a number."""
    top_p: float | None
    """Nucleus sampling, 0 to 1; None leaves the model's default."""
    top_k: int | None
    """Top-k sampling, where the API has it; at least 1; None leaves the model's default."""
    system_prompt: str | None
    """System text; white space alone is none."""
    stream: bool
    """Marks the request as meant for the streaming methods."""
    response_format: FormatField[T]
    """What the answer must be: a type, or a JSON Schema. Types are Pydantic models, ``list[Model]``, unions,
    TypedDicts, dataclasses, NamedTuples, Enums, Literals, ``int`` and all else that Pydantic reads, and a
    ``TypeAdapter`` of one."""
    structured_output: StructuredOutput
    """How the answer is bound to the schema: ``auto`` (what the rules prefer), ``native`` (the provider's own
    schema mode), ``tool`` (a forced tool call) or ``two_pass`` (think and answer, then put the answer into
    the structure). ``auto`` may offer a tool, and put an answer without its call into the structure
    afterwards. An answer that calls ``tools`` is not bound yet."""
    validation_context: Any
    """What validators of response_format are given, as ``info.context``."""
    reasks: int
    """How often the model is asked again when its answer does not fit response_format, with what is wrong
    with it: 0 to 10."""
    tool_choice: ToolChoice
    """Which tools the model calls: ``auto`` (as it likes), ``none``, ``required`` (at least one), the name of
    a tool, or a list of names, of which it calls at least one."""
    parallel_tool_calls: bool | None
    """Whether one answer may call several tools at once; None leaves it to the model."""
    prompt_cache: PromptCache | None
    """How long the provider is to keep the beginning of the prompt, which later requests read at a lower
    price: 5m, 1h or 24h. The compiler places the marks where a model takes some; a ``CachePoint`` in the
    turns, or behind tools, is a mark of the caller's own."""
    prompt_cache_key: str | None
    """What requests with the same beginning have in common, 1 to 64 characters: OpenAI sends those of one key
    to the same cache."""
    use_cache: bool
    """Read and write the response cache."""
    clear_cache: bool
    """Forget the cached answer first."""
    api_type: ApiType
    """Which API of the provider: responses, chat_completions, messages, invoke or converse."""
    reasoning_effort: Effort | None
    """Reasoning effort: none, minimal, low, medium, high, xhigh or max."""
    budget_tokens: int | None
    """Thinking budget in tokens for manual-budget models, at least 1; it is raised to the model's minimum
    (1024) and mapped to the nearest effort on models that take none."""
    verbosity: Verbosity | None
    """Length of the answer: low, medium or high; dropped, with a diagnostic, by models that have no such
    parameter."""
    stop_sequences: StopSequences | None
    """Texts at which the answer ends, before they are written: a list of texts that are not empty, or one
    text. What a model does not take of them is left out, with a diagnostic."""
    seed: int | None
    """Number for repeatable sampling (OpenAI's Chat Completions), a whole number of 64 bits."""
    presence_penalty: float | None
    """Penalty for tokens that were there before, -2 to 2 (Chat Completions)."""
    frequency_penalty: float | None
    """Penalty for tokens by how often they were there, -2 to 2 (Chat Completions)."""
    logprobs: bool | None
    """Whether the answer tells how likely its tokens were (OpenAI)."""
    top_logprobs: int | None
    """How many likely tokens are told at each place, 0 to 20; it asks for ``logprobs`` too."""
    reasoning_summary: ReasoningSummary | None
    """How much of its reasoning the model shows: auto, concise or detailed; it is asked for only where it is
    given."""
    service_tier: ServiceTier | None
    """How urgently the provider works: auto, default, flex, scale, priority, fast (which is priority) or
    reserved, or standard_only (which is default); dropped, with a diagnostic, where the model is not served
    so."""
    metadata: Metadata | None
    """Names and values for the provider's records, at most 16 pairs of texts; the model does not see them."""
    user: str | None
    """Id of your end user, for the provider's abuse checks: one that tells nobody who it is."""
    store: bool | None
    """Whether the provider keeps the answer (OpenAI; Responses does unless told not to)."""
    guardrail: GuardrailField | None
    """Guardrail of Amazon Bedrock, a ``Guardrail`` or a dict of its fields; refused where it would not be
    applied."""
    extra_headers: ExtraHeaders | None
    """Headers of the request's calls, merged last. They are part of the cache's key; their values are shown
    nowhere."""
    on_progress: ProgressCallback | None
    """Callback for progress events, sync or async."""
    like: str | None
    """Listed model whose facts to use, for an id that cannot be recognised."""
    extra: dict[str, Any]
    """Merged last and verbatim into the wire body: the way out of a wrong rule."""


class WithModel(FieldsOnly[T], total=False):
    """``RequestFields`` without ``tools``."""

    model: str | None
    """Model id, inference profile id or ARN; None takes the client's default."""


class WithTools(FieldsOnly[T], total=False):
    """``RequestFields`` without ``model``."""

    tools: Tools
    """Tools that the model may call: functions, ``Tool`` values, pydantic models, and dicts in a provider's
    own words; see ``Tool.from_``. A ``CachePoint`` behind one marks all before it."""


class RequestFields(WithModel[T], WithTools[T], total=False):
    """Keywords beside a prompt, which are the fields of ``TextRequest``; that class says what each means.

    What several calls share may be kept in a dict of this type, and handed over with ``**``. Type checkers
    want no other keyword beside it, since it might stand in it too: ``**{**shared, "max_tokens": 5}``.
    """


class PromptFields(RequestFields[T], total=False):
    """``RequestFields`` of a call that may say its prompt by name."""

    prompt: Prompt
    """The user turn: a text, or a list of texts and parts; not empty, nor white space alone."""


class TurnsFields(RequestFields[T], total=False):
    """``RequestFields`` of a call that may say its messages by name."""

    messages: Turns
    """The turns, oldest first; at least one."""
