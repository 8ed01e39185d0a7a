"""Progress events: when each comes, and what it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args, get_type_hints

from pages.text import code, head, prose, table, written
from smartllm.field_docs import field_docs
from smartllm.progress_events import ProgressEvent

_COMMON: Final = ("ts", "prompt", "model", "provider")
_ORDER: Final = (
    "llm_started",
    "cache_hit",
    "retry",
    "fallback",
    "structured_fallback",
    "structured_reask",
    "stream_progress",
    "stream_thinking",
    "llm_done",
    "tools_started",
    "tools_done",
    "error",
)
"""The events of a call in their order; others come last."""


def events() -> dict[str, type[Any]]:
    """The types of all events by their names."""
    found = {name_of(kind): kind for kind in get_args(ProgressEvent)}
    return {name: found[name] for name in (*(one for one in _ORDER if one in found), *found)}


def name_of(kind: type[Any]) -> str:
    """The word that the type has for its key ``event``."""
    (name,) = get_args(get_type_hints(kind)["event"])
    return str(name)


def page() -> str:
    """Each event with its fields."""
    told = field_docs(next(iter(events().values())))
    lines = [
        *head("Progress events"),
        "`on_progress=` of a request is a function, sync or async, that is called with a dict at each step",
        'of its call. What it raises is logged and ends nothing. `event["event"]` is its name. All tell:',
        "",
        *_fields(told, _COMMON),
        "",
        "```python",
        "import asyncio",
        "from smartllm import LLMClient, TextRequest",
        "",
        "",
        "def told(event):",
        '    print(event["event"], event.get("output_tokens", ""))',
        "",
        "",
        "async def main():",
        '    async with LLMClient(provider="openai") as client:',
        '        await client.generate_text(TextRequest(prompt="hi", on_progress=told))',
        "",
        "",
        "asyncio.run(main())  # llm_started, then llm_done with the tokens",
        "```",
        "",
    ]
    for name, kind in events().items():
        told = field_docs(kind)
        own = [one for one in told if one not in _COMMON]
        lines += [f"## `{name}`", "", prose(kind.__doc__ or ""), ""]
        lines += [*_fields(told, own), ""] if own else []
    return written([*lines, "## Type", "", "::: smartllm.ProgressEvent"])


def _fields(told: Mapping[str, str], names: Iterable[str]) -> list[str]:
    return table(("Field", "Meaning"), ((code(one), prose(told[one])) for one in names))
