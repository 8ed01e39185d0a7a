"""What ``smartllm batch run`` tells: how far it is, what people should know, and how it ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from smartllm.cli.terminal import complain, echo, visible
from smartllm.map_progress import MapProgress
from smartllm.runtime.batch.run import RunSummary
from smartllm.runtime.observe.map_bar import shown_progress

if TYPE_CHECKING:
    from smartllm.runtime.batch.run_work import Survey


class Shown:
    """Shows how far a run is: a bar on terminals, elsewhere a line now and then.

    Args:
        quiet: Show nothing but what went wrong.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._show: Callable[[MapProgress | None], None] | None = None

    def begin(self, survey: Survey) -> None:
        """A run begins."""
        if self.quiet:
            return
        if survey.left < survey.lines:
            complain(f"{survey.lines - survey.left} of {survey.lines} requests were asked before")
        with suppress(OSError, ValueError):  # standard error may be gone
            self._show = shown_progress("run")

    def tell(self, state: MapProgress) -> None:
        """A request is done."""
        if self._show is not None:
            with suppress(OSError, ValueError):
                self._show(state)

    def note(self, text: str) -> None:
        """Something that people should know now; above the bar, where there is one."""
        with suppress(OSError, ValueError):
            print(visible(text), file=sys.stderr, flush=True)  # noqa: T201 - rich looks for that

    def end(self) -> None:
        """Nothing more is shown."""
        show, self._show = self._show, None
        if show is not None:
            with suppress(OSError, ValueError):
                show(None)


def print_summary(summary: RunSummary, *, as_json: bool, quiet: bool) -> None:
    """How a file stands after a run.

    Args:
        summary: What came of it.
        as_json: As JSON, to standard output.
        quiet: Only what is missing.
    """
    if as_json:
        echo(json.dumps(as_data(summary)))
    elif not quiet:
        echo(in_words(summary))
    reason = summary.reason
    if reason is not None:
        complain(f"stopped: {reason}")
    if summary.left and not quiet:
        complain("to go on, run the same command again")
    if (summary.failed or summary.refused) and not quiet:
        complain("to ask those again that have no answer: the same command with --retry-failed")


def as_data(summary: RunSummary) -> dict[str, object]:
    """A summary as JSON data."""
    cost, reason = summary.cost, summary.reason
    return {
        **asdict(summary),
        "cost": None if cost is None else float(cost),
        "seconds": round(summary.seconds, 3),
        "reason": None if reason is None else str(reason),
    }


def in_words(summary: RunSummary) -> str:
    """A summary as a line."""
    said = [f"{summary.answered} of {summary.lines} answered"]
    if summary.cached:
        said.append(f"{summary.cached} from the cache")
    if summary.failed:
        said.append(f"{summary.failed} failed")
    if summary.refused:
        said.append(f"{summary.refused} refused")
    if summary.left:
        said.append(f"{summary.left} not asked yet")
    if summary.warned:
        said.append(f"{summary.warned} with warnings")
    said.append(f"{summary.input_tokens} tokens in, {summary.output_tokens} out")
    if summary.cost is not None:
        said.append(f"${summary.cost:.4f}")
    said.append(f"in {timedelta(seconds=round(summary.seconds))}")
    return ", ".join(said)
