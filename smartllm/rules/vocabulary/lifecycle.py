"""A model's life."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact

State = Literal["active", "legacy", "retired", "preview"]


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """Where the model stands in its life on one host."""

    state: State = "active"
    legacy: dt.date | None = fact(None, "Day on which the end was announced, or on which legacy began.")
    shutdown: dt.date | None = fact(None, "Announced day of shutdown.")
    not_before: dt.date | None = fact(None, "Day until which service is promised: no shutdown sooner.")
    successor: str | None = fact(None, "Listed model to move to.")
