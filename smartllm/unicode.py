"""Text that can be encoded."""

from __future__ import annotations


def sound(text: str) -> str:
    """A text whose halves of surrogate pairs are joined, or replaced by U+FFFD where they stand alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
