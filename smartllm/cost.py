"""What a call cost, by the price tables of genai-prices, which is optional."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

from smartllm.usage import Usage

_PROVIDERS: Final = {"openai": "openai", "bedrock": "aws"}


def cost_of(usage: Usage, *, provider: str, model: str, when: str | None = None) -> Decimal | None:
    """The price of a call in US dollars.

    Args:
        usage: Its token counts.
        provider: ``openai`` or ``bedrock``.
        model: Model id that was called.
        when: ISO 8601 time of the call; prices change.

    Returns:
        The price; None when genai-prices is not installed or knows no price. Discounts, batches and cache
        writes are not in it.
    """
    try:
        import genai_prices  # noqa: PLC0415 - optional
    except ImportError:
        return None
    # Claude's input count leaves the cached tokens out, OpenAI's holds them (claude_bedrock facts §9).
    beside = usage.cached_tokens if provider == "bedrock" else 0
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens + beside,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
    )
    try:
        price = genai_prices.calc_price(
            counted,
            model_ref=model,
            provider_id=_PROVIDERS[provider],
            genai_request_timestamp=None if when is None else dt.datetime.fromisoformat(when),
        )
    except (LookupError, ValueError):
        return None
    return price.total_price
