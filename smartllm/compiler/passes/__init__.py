"""The passes: each takes the intent one step nearer to what the target accepts.

A pass is a function ``(Intent, Facts, Trace) -> Intent``. It is idempotent, and it changes nothing that the
caller asked for without a diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from smartllm.compiler.intent import Intent
from smartllm.compiler.passes.batch import batch
from smartllm.compiler.passes.caching import caching
from smartllm.compiler.passes.calls import calls
from smartllm.compiler.passes.carry import carry, signatures
from smartllm.compiler.passes.citations import citations
from smartllm.compiler.passes.documents import documents
from smartllm.compiler.passes.limits import limits
from smartllm.compiler.passes.media import media
from smartllm.compiler.passes.messages import messages
from smartllm.compiler.passes.output import output
from smartllm.compiler.passes.own import own
from smartllm.compiler.passes.reasoning import reasoning
from smartllm.compiler.passes.sampling import sampling
from smartllm.compiler.passes.service import service
from smartllm.compiler.passes.system_turns import system_turns
from smartllm.compiler.passes.thoughts import thoughts
from smartllm.compiler.passes.tools import tools
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts

Pass = Callable[[Intent, Facts, Trace], Intent]

PASSES: Final[tuple[Pass, ...]] = (
    media,
    own,
    system_turns,
    citations,
    carry,
    calls,
    messages,
    reasoning,
    thoughts,
    sampling,
    service,
    limits,
    tools,
    output,
    documents,
    signatures,
    caching,
    batch,
)
_OF_PARTS: Final = {media, own, system_turns, citations, carry, calls, thoughts, documents}
OF_TEXTS: Final = tuple(one for one in PASSES if one not in _OF_PARTS)
"""Those that may change an intent whose turns are ``texts_alone``, which most are."""

__all__ = [
    "OF_TEXTS",
    "PASSES",
    "Pass",
    "batch",
    "caching",
    "calls",
    "carry",
    "citations",
    "documents",
    "limits",
    "media",
    "messages",
    "output",
    "own",
    "reasoning",
    "sampling",
    "service",
    "signatures",
    "system_turns",
    "thoughts",
    "tools",
]
