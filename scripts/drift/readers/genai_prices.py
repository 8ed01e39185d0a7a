"""genai-prices: ids, context windows, and what it calls deprecated; read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from drift.archives import Archive
from drift.claims import Claim
from drift.readers.literals import argument, calls

FILE: Final = "genai_prices/data.py"
HOSTS: Final = {"openai": "openai", "aws": "bedrock", "anthropic": "anthropic", "azure": "azure"}
_PAGE: Final = re.compile(r"https?://[^\s,;)]+")


def genai_prices(archive: Archive) -> Iterator[Claim]:
    """Claims on models that are charged by the token; its ids are what prices are matched by."""
    for provider in calls(ast.parse(archive.text(FILE)), "Provider"):
        host = HOSTS.get(str(argument(provider, "id")))
        for model in calls(provider, "ModelInfo") if host else ():
            pages = _PAGE.findall(str(argument(model, "price_comments") or ""))
            yield Claim(
                host or "",
                str(argument(model, "id")),
                {
                    "limits.input": argument(model, "context_window"),
                    "lifecycle.ended": argument(model, "deprecated"),
                },
                page=pages[0].rstrip(".") if pages else None,
                callable=False,
            )
