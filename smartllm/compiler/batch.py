"""A plan for the host's batch engine: where its lines go, and what is not known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from smartllm.compiler.passes.batch import ONLINE
from smartllm.compiler.plan import BatchRoute, Step
from smartllm.compiler.takers import told
from smartllm.compiler.target import api_word
from smartllm.diagnostics import Diagnostic
from smartllm.errors import UnsupportedError
from smartllm.rules.target import Target
from smartllm.said import Named, joined, said

_FACT: Final = "batch.available"


def batch_route(steps: Sequence[Step], target: Target) -> BatchRoute:
    """Where the lines of a plan go.

    Args:
        steps: Its calls.
        target: The compilation's target.

    Raises:
        UnsupportedError: The host has no batch engine, or it takes no bodies of this dialect, or none that
            ask for a stream.
    """
    engine, title = target.host_row.batch, target.host_row.title or target.host
    if engine is None:
        raise UnsupportedError(f"provider: {title} has no batch engine", field="provider", hint=ONLINE)
    endpoint = engine.endpoints.get(target.dialect)
    if endpoint is None:
        others = joined(
            " or ",
            *(
                said("{}", Named("api_type", api_word(target.host, one, target.rules)))
                for one in engine.endpoints
            ),
        )
        raise UnsupportedError(
            f"api_type: the batch engine of {title} takes no bodies of {target.dialect}",
            field="api_type",
            hint=said("pass {}, or {}", others, ONLINE),
        )
    if not target.facts.batch.streaming and any(step.streamed for step in steps):
        error = UnsupportedError(
            f"stream: a batch engine gives whole answers, and {title}'s refuses lines that ask for a stream",
            field="stream",
            hint=said("leave {} out; the answer is the same", Named("stream")),
            fact="batch.streaming",
        )
        raise told(error, target)
    return BatchRoute(endpoint, target.dialect)


def batch_notes(target: Target, compatible: bool | str) -> Iterator[Diagnostic]:
    """A warning where no page says whether the engine runs the model; one that is inferred has no page.

    Args:
        target: The compilation's target.
        compatible: Another server is called: one that has a name has an engine of its own, or none.
    """
    if target.listed and target.facts.batch.available == "yes" and not isinstance(compatible, str):
        return
    model, title = target.resolution.asked, target.host_row.title or target.host
    engine = "a batch engine of this server" if compatible else f"the batch engine of {title}"
    reason = f"no page that is known says whether {engine} runs {model}; try a small file first"
    yield Diagnostic(
        "batch-unlisted", "warning", "model", "noted", model, model, reason, target.origin(_FACT)
    )
