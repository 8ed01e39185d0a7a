"""The progress of ``client.map`` on standard error: a bar on terminals, elsewhere a line now and then.

Loads rich; for those who ask for it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartllm.map_progress import MapProgress

_EVERY: Final = 10.0
_SHOWN: Final = threading.Lock()
"""Held by the bar on the terminal: two would write over each other."""
_CENTS: Final = 2


def shown_progress(what: str = "map") -> Callable[[MapProgress | None], None]:
    """What shows each state; None ends it.

    Args:
        what: What is done, for lines.
    """
    from rich.console import Console  # noqa: PLC0415 - see above

    console = Console(stderr=True)
    if (console.is_terminal or console.is_jupyter) and _SHOWN.acquire(blocking=False):
        return _bar(console)
    return _lines(what)


def in_words(state: MapProgress) -> str:
    """A state as one line."""
    total = "" if state.total is None else f"/{state.total}"
    said = [f"{state.done}{total} done", f"{state.rate:.{_digits(state.rate)}f}/s"]
    if state.failed:
        said.append(f"{state.failed} failed")
    if state.cached:
        said.append(f"{state.cached} from the cache")
    if state.cost is not None:
        said.append(f"${state.cost:.{_CENTS}f}")
    if state.seconds_left:
        said.append(f"{_time(state.seconds_left)} left")
    else:
        said.append(f"in {_time(state.seconds)}")
    return ", ".join(said)


def _lines(what: str) -> Callable[[MapProgress | None], None]:
    told = time.monotonic()
    last = ""

    def show(state: MapProgress | None) -> None:
        nonlocal told, last
        if sys.stderr is None:
            return  # print would take standard output
        if state is None:
            print(last, file=sys.stderr, flush=True)  # noqa: T201 - that is what it is for
            return
        last = f"{what}: {in_words(state)}"
        if time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            print(last, file=sys.stderr, flush=True)  # noqa: T201 - same

    return show


def _bar(console: Any) -> Callable[[MapProgress | None], None]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - see above

    bar = Progress(
        SpinnerColumn(), BarColumn(bar_width=30), TextColumn("{task.description}"), console=console
    )
    task = bar.add_task("", total=None)

    def show(state: MapProgress | None) -> None:
        if state is None:
            try:
                bar.stop()
            finally:
                _SHOWN.release()
            return
        bar.update(task, total=state.total, completed=state.done, description=in_words(state))

    try:
        bar.start()
    except BaseException:
        _SHOWN.release()
        raise
    return show


def _digits(rate: float) -> int:
    return 0 if rate >= 10 else 1 if rate >= 1 else 2  # noqa: PLR2004 - three digits that matter


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
