"""The passes: each takes the intent one step nearer to what the target accepts.

A pass is a function ``(Intent, Facts, Trace) -> Intent``. It is idempotent, and it changes nothing that the
caller asked for without a diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from smartllm.compiler.intent import Intent
from smartllm.compiler.passes.calls import calls
from smartllm.compiler.passes.carry import carry, signatures
from smartllm.compiler.passes.documents import documents
from smartllm.compiler.passes.limits import limits
from smartllm.compiler.passes.media import media
from smartllm.compiler.passes.messages import messages
from smartllm.compiler.passes.output import output
from smartllm.compiler.passes.own import own
from smartllm.compiler.passes.reasoning import reasoning
from smartllm.compiler.passes.sampling import sampling
from smartllm.compiler.passes.tools import tools
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts

Pass = Callable[[Intent, Facts, Trace], Intent]

PASSES: Final[tuple[Pass, ...]] = (
    media,
    own,
    carry,
    calls,
    messages,
    reasoning,
    sampling,
    limits,
    tools,
    output,
    documents,
    signatures,
)

__all__ = [
    "PASSES",
    "Pass",
    "calls",
    "carry",
    "documents",
    "limits",
    "media",
    "messages",
    "output",
    "own",
    "reasoning",
    "sampling",
    "signatures",
    "tools",
]
