"""Under which key an answer is kept."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from smartllm.compiler import Plan

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))


def cache_key(plan: Plan, scope: str | None) -> str:
    """SHA-256, in hex, over the plan's fingerprint, its host, and where the client asks that host.

    Two schemas of one class name differ; a rule change that leaves the body alone keeps the key; a local test
    server never answers for the real one, nor one region for another.

    Args:
        plan: What will be sent.
        scope: The client's own endpoint, else its region where the host has regions, as they were when the
            client was made; None for a public endpoint of the whole world.
    """
    content = _COMPACT.encode([plan.fingerprint, plan.host, scope])
    return hashlib.sha256(content.encode()).hexdigest()
