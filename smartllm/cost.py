"""What a call cost, by the price tables of genai-prices, which is optional."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from smartllm.usage import Usage


class Billing(NamedTuple):
    """How a host's token counts are priced.

    Attributes:
        prices: The provider's id in genai-prices.
        factor: What its calls cost, as a part of those prices; 0.5 in batch engines.
    """

    prices: str
    factor: float = 1.0


def price_of(
    usages: Sequence[Usage], billing: Billing | None, *, model: str | None, when: str | None = None
) -> Decimal | None:
    """The price of calls in US dollars, each by itself: long prompts have prices of their own.

    Args:
        usages: Token counts, one a call.
        billing: How their host's counts are priced; None where that is not known.
        model: Model id that was called, if known.
        when: ISO 8601 time of the calls.

    Returns:
        The sum, which is 0 for no calls; None where one has no price.
    """
    total = Decimal(0)
    for usage in usages:
        price = None if billing is None or model is None else cost_of(usage, billing, model=model, when=when)
        if price is None:
            return None
        total += price
    return total


def sum_of(prices: Sequence[Decimal | None]) -> Decimal | None:
    """The sum of prices; None where one is not known."""
    known = [price for price in prices if price is not None]
    return sum(known, Decimal(0)) if len(known) == len(prices) else None


def cost_of(usage: Usage, billing: Billing, *, model: str, when: str | None = None) -> Decimal | None:
    """The price of a call in US dollars.

    Args:
        usage: Its token counts.
        billing: How its host's counts are priced.
        model: Model id that was called.
        when: ISO 8601 time of the call; prices change.

    Returns:
        The price, with reads and writes of the prompt cache; None when genai-prices is not installed or knows
        no price. Discounts of an account and the higher price of prompts kept for 12 hours are not in it.
    """
    try:
        import genai_prices  # noqa: PLC0415 - optional
    except ImportError:
        return None
    try:
        counted = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
        )
        price = genai_prices.calc_price(
            counted,
            model_ref=model,
            provider_id=billing.prices,
            genai_request_timestamp=None if when is None else dt.datetime.fromisoformat(when),
        )
    except (LookupError, ValueError):  # also of counts that no provider can mean, such as negative ones
        return None
    return price.total_price * Decimal(str(billing.factor)) if billing.factor != 1 else price.total_price
