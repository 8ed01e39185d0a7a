"""How answers are printed: text and calls to standard output, what is known about them to standard error."""

from __future__ import annotations

import re
from typing import Any, Final

from smartllm.cli.terminal import complain, echo
from smartllm.content import whole_call
from smartllm.errors import ProviderError
from smartllm.response import TextResponse, Usage
from smartllm.structure_errors import StructureError

_FENCE: Final = re.compile(r"^( *)(`{3,}(?=[^`\n]*\n)|~{3,})[^\n]*\n", re.MULTILINE)


def first_block(text: str) -> str:
    """What stands in a text's first fenced block; the text itself where there is none, or it has no end.

    Fences may be indented, as in lists; then what is between them is, too.
    """
    begun = _FENCE.search(text)
    if begun is None:
        return text
    indent, fence = begun.groups()
    ends = re.compile(rf"^(?:{indent}| {{0,3}}){fence}[ \t]*$", re.MULTILINE).search(text, begun.end())
    if ends is None:
        return text
    block = text[begun.end() : ends.start()].removesuffix("\n")
    return re.sub(f"^ {{0,{len(indent)}}}", "", block, flags=re.MULTILINE)


def print_notes(response: TextResponse[Any], level: str) -> None:
    """What the answer itself has to tell; the plan's diagnostics are printed already."""
    if level != "ignore":
        for item in response.diagnostics:
            if item.path == "response":
                complain(str(item))


def print_calls(response: TextResponse[Any]) -> None:
    """One line a call, as it would be written; its id is in the JSON."""
    for index, call in enumerate(response.tool_calls):
        echo(f"{call.name}({whole_call(index, call).arguments})")


def print_refusal(response: TextResponse[Any]) -> int:
    """Say that the model refused, in its words where they are no text; gives the exit status."""
    if response.finish_reason != "refusal":
        return 0
    words = response.refusal if response.refusal and response.refusal not in response.text else ""
    complain(f"the model refused: {words}" if words else "the model refused")
    return 1


def print_usage(usage: Usage, rest: str) -> None:
    """The tokens of an answer, and why it ended."""
    written = f", {usage.cache_write_tokens} written" if usage.cache_write_tokens else ""
    counts = f"{usage.input_tokens} in ({usage.cached_tokens} cached{written}), {usage.output_tokens} out"
    complain(f"{counts} ({usage.reasoning_tokens} reasoning); {rest}")


def print_paid(error: ProviderError, *, shown: bool) -> None:
    """What came all the same.

    Args:
        error: What the call ended with.
        shown: Its text was printed as it came.
    """
    said = error.partial_text or (error.text if isinstance(error, StructureError) else "")
    if said and not shown:
        complain(f"the answer, as far as it came:\n{said}")
    if error.response is not None:
        print_usage(error.response.usage, error.response.stop_reason)
