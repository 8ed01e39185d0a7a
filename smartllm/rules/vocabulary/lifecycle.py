"""A model's life."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """Where the model stands in its life."""

    state: Literal["active", "legacy", "retired", "preview"] = "active"
    shutdown: dt.date | None = fact(None, "Announced day of shutdown.")
    successor: str | None = fact(None, "Listed model to move to.")
