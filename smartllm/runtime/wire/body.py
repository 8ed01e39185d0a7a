"""Bodies of responses, as far as the limit; and which statuses are none of an answer."""

from __future__ import annotations

from typing import Final

from smartllm.errors import ProviderError, ResponseError
from smartllm.runtime.transport import WireResponse
from smartllm.said import ADDRESS, said

# Unpacked: a small compressed answer may stand for gigabytes. The longest real ones take a few megabytes.
LARGEST_ANSWER: Final = 64 * 1024 * 1024
FIRST_REDIRECT: Final = 300


async def whole_body(response: WireResponse, model: str, request_id: str | None) -> bytes:
    """The bytes of a response, unpacked as far as the limit.

    Raises:
        ResponseError: It is longer.
        ProviderError: The connection broke.
    """
    parts, size = list[bytes](), 0
    async for part in response:
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise too_large(model, response.status, request_id)
    return b"".join(parts)


def too_large(model: str, status: int, request_id: str | None) -> ProviderError:
    """Our error for an answer, or an event of one, that passes the limit."""
    return ResponseError(
        f"the provider's answer is larger than {LARGEST_ANSWER >> 20} MB",
        model=model,
        status=status,
        request_id=request_id,
        hint=said("check that {} points at the API itself", ADDRESS),
    )
