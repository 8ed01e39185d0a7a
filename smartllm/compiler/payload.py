"""A body that holds media, as the bytes that are sent: in pieces, so that none is ever held whole."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from smartllm.media import CHUNK, Encoded
from smartllm.media.pictures import picture_of

MARK: Final = '{"":NaN}'
"""Where media stands while a body is written. No JSON holds it: NaN is none, and in a text its quotes would
have backslashes before them."""

MUCH: Final = CHUNK
"""Bytes of a body with media from which on hashing it is a thread's work, not an event loop's."""

BYTES_A_TOKEN: Final = 4
"""Of text, about."""

_PIXELS_A_TOKEN: Final = 750
_MOST_OF_A_PICTURE: Final = 4784
_SOME_PICTURE: Final = 1600
"""Claude's numbers (platform.claude.com/docs, "Vision", 2026-08); the other providers' are of that order."""
_BYTES_A_TOKEN: Final = {"text": BYTES_A_TOKEN, "application": 30, "audio": 500, "video": 1000}
"""Of media that is no picture, about: a page of a PDF is some 60 KB and some 2,000 tokens."""


def media_tokens(leaf: Encoded) -> int:
    """Estimate of the tokens that media takes in a model's context; its base64 has far more bytes."""
    family = leaf.media_type.partition("/")[0]
    if family != "image":
        return len(leaf.data) // _BYTES_A_TOKEN.get(family, BYTES_A_TOKEN) + 1
    picture = picture_of(leaf.data)
    if picture is None:
        return _SOME_PICTURE
    return min(picture.width * picture.height // _PIXELS_A_TOKEN + 1, _MOST_OF_A_PICTURE)


class Payload:
    """The bytes of a body with media; each part is made when it is asked for.

    Args:
        pieces: The text around media, and the media, in order.
    """

    __slots__ = ("__dict__", "_pieces", "size")

    def __init__(self, pieces: Sequence[bytes | Encoded]) -> None:
        self._pieces = tuple(pieces)
        self.size = sum(piece.size if isinstance(piece, Encoded) else len(piece) for piece in self._pieces)

    @classmethod
    def marked(cls, text: str, media: Sequence[Encoded]) -> Payload:
        """A body's text with ``MARK`` in each place of its media."""
        first, *others = text.split(MARK)
        pieces: list[bytes | Encoded] = [first.encode()]
        for leaf, rest in zip(media, others, strict=True):
            pieces += [b'"', leaf, b'"' + rest.encode()]
        return cls(pieces)

    @property
    def media(self) -> tuple[Encoded, ...]:
        """Its media, in order."""
        return tuple(piece for piece in self._pieces if isinstance(piece, Encoded))

    @property
    def text_size(self) -> int:
        """Bytes of what is no media."""
        return self.size - sum(leaf.size for leaf in self.media)

    @property
    def identity(self) -> bytes:
        """What tells it from all others: media stands as its hash, between line ends that no text has."""
        return b"".join(
            b"\n%b%b\n" % (piece.prefix.encode(), piece.sha256.encode())
            if isinstance(piece, Encoded)
            else piece
            for piece in self._pieces
        )

    @cached_property
    def sha256(self) -> str:
        """Hash of all bytes, in hex."""
        digest = hashlib.sha256()
        for chunk in self:
            digest.update(chunk)
        return digest.hexdigest()

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in parts of at most ``CHUNK``."""
        for piece in self._pieces:
            if isinstance(piece, Encoded):
                yield from piece.chunks()
            else:
                yield from (piece[at : at + CHUNK] for at in range(0, len(piece), CHUNK))

    def __bytes__(self) -> bytes:
        whole = io.BytesIO()
        for chunk in self:
            whole.write(chunk)
        return whole.getvalue()
