"""Whether an error says that the provider's own schema mode does not exist for a model here.

A schema that the mode cannot say is another matter, and so is not meant. Codes and fields decide where they
are told; most providers tell it in words alone.
"""

from __future__ import annotations

import re
from typing import Final

from smartllm.error_object import ErrorObject
from smartllm.errors import ProviderError
from smartllm.said import Named, said
from smartllm.structure_errors import FormatUnsupportedError

FORMAT_HINT: Final = said("use {}", Named("structured_output", "tool"))
"""The next step of whoever cannot have the mode."""

_BAD: Final = 400
_STATUSES: Final = frozenset({_BAD, 422, 500})
"""llama-cpp-python tells of what is wrong with a request as of a failure of its own
(ggml-org/llama.cpp#23463 2026-05-21), and ik_llama.cpp does (ikawrakow/ik_llama.cpp#778 2025-09-13)."""
_CODES: Final = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
"""OpenAI's words for a field, or a value of it, that a model does not take (openai facts §12)."""
_FIELDS: Final = frozenset(
    {"response_format", "response_format.type", "text.format", "text.format.type", "output_config.format"}
)
"""Where the mode is asked for. What is wrong with a schema is told of a place further down."""
_PARAM: Final = "param: "

_WORDS: Final = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        # Claude on Bedrock, Invoke and Converse (vercel/ai#19988 2026-08-29, presenton#939 2026-09-18).
        r"output_config(\.format)?: Extra inputs are not permitted",
        # Claude on Invoke (BerriAI/litellm#22802 2026-03-04).
        r"extraneous key \[output_?config\] is not permitted",
        # Converse: Nova, Llama, Pixtral (measured by several clients, 2026).
        r"doesn't support the outputConfig(\.textFormat)? field",
        # OpenAI and Azure (langchain-ai/langchain#31490 2025-06-04), with neither param nor code.
        r"'response_format' of type 'json_(schema|object)' is not supported",
        # Groq (measured by several clients, 2026).
        r"does not support response format [`'\"]?json_schema",
        # DeepSeek (llm-exe/llm-exe#662 2026-07-11, BerriAI/litellm#31466 2026-06-26).
        r"response_format(\.type)?[`'\"]?( [`'\"]?json_schema[`'\"]?| type)? is unavailable",
        # Groq (dzhng/deep-research#127 2025-03-30).
        r"response_format\.type[`'\"]? ?: value is not one of the allowed values",
        # Volcengine (agno-agi/agno#2553 2025-03-26).
        r"invalid value: [`'\"]?json_schema[`'\"]?, supported values are",
        # llama.cpp before 2024-09, and ik_llama.cpp (ikawrakow/ik_llama.cpp#778 2025-09-13).
        r"response_format type must be one of .{1,80} but got: json_schema",
        # xAI (BerriAI/litellm#6610 2024-11-06).
        r"response_format parameter is unsupported",
        # Servers on FastAPI: the place of what is wrong, as Python's tuple or JSON's list (llama-cpp-python).
        r"loc['\"]: ?[\[(]['\"]body['\"], ['\"]response_format['\"](, ['\"]type['\"])?,?[\])]",
    )
)


def refuses_format(said: ErrorObject, status: int) -> bool:
    """Whether an error says that a JSON Schema cannot bind answers of this model here.

    Args:
        said: The provider's error object.
        status: The HTTP status beside it.
    """
    if status not in _STATUSES:
        return False
    fields = {detail.removeprefix(_PARAM) for detail in said.details if detail.startswith(_PARAM)}
    if not _CODES.isdisjoint(said.codes) and not _FIELDS.isdisjoint(fields):
        return True
    return any(words.search(said.message) for words in _WORDS)


def read_again(error: ProviderError, said: ErrorObject | None = None) -> ProviderError:
    """An error that came inside a success, as the refusal of the mode if it is one; else as it is.

    Args:
        error: The error.
        said: The provider's error object, where it is at hand.
    """
    codes = () if error.code is None else (error.code,)
    told = [ErrorObject(error.message, codes), *([] if said is None else [said])]
    if not any(refuses_format(one, error.status or _BAD) for one in told):
        return error
    return FormatUnsupportedError(
        error.message,
        model=error.model,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        address=error.address,
        hint=FORMAT_HINT,
    )
