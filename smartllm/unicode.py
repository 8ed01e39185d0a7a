"""Text that is Unicode: halves of surrogate pairs, which have no bytes in UTF-8, are joined or replaced."""

from __future__ import annotations


def is_unicode(text: str) -> bool:
    """Whether a text holds no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unicode_text(text: str) -> str:
    """A text whose halves of surrogate pairs are joined, or replaced by U+FFFD where they stand alone."""
    if is_unicode(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
