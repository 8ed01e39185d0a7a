"""Bytes of pictures, documents, sound and film: what they are, and how they stand in a body."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


def media_type_of(data: bytes) -> str | None:
    """What bytes are, by their first ones; None where that is not known."""
    for magic, found in _MAGIC:
        if data.startswith(magic):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


@dataclass(frozen=True)
class Encoded:
    """Bytes as they stand in a body: base64, behind a prefix. A leaf of a body that JSON does not know.

    Attributes:
        data: The bytes.
        media_type: What they are.
        prefix: What stands before them, such as ``data:image/png;base64,``.
    """

    data: bytes = field(repr=False)
    media_type: str
    prefix: str = ""

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def text(self) -> str:
        """What is sent; needs no escape in JSON."""
        return self.prefix + base64.b64encode(self.data).decode()

    def __str__(self) -> str:
        return f"<{self.prefix}{len(self.data)} bytes, sha256 {self.sha256}>"
