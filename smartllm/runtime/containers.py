"""Containers in which a provider runs the code of its model, from one round of a conversation to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from smartllm.response import TextResponse


def kept_container(answer: TextResponse[Any]) -> str:
    """The id of the container in which an answer's code ran; empty where none did, or where it has ended."""
    about = answer.metadata.get("container")
    if not isinstance(about, Mapping) or not isinstance(about.get("id"), str):
        return ""
    try:
        ends = dt.datetime.fromisoformat(str(about.get("expires_at")))
    except ValueError:  # not told
        return str(about["id"])
    # An answer may come from the cache.
    return str(about["id"]) if ends.tzinfo is None or ends > dt.datetime.now(dt.UTC) else ""


def in_container(extra: Mapping[str, Any] | None, container: str) -> dict[str, Any]:
    """A request's ``extra`` with a container, and what the caller loads there.

    Args:
        extra: As the caller gave it.
        container: The id.
    """
    asked = (extra or {}).get("container")
    named = {**asked, "id": container} if isinstance(asked, Mapping) else container
    return {**(extra or {}), "container": named}
