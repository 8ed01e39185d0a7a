"""Checks of what goes in beside text: a tiny picture, document and sound."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from smartllm.content import Audio, Document, Image
from smartllm.rules.vocabulary.wire import SOURCE_PLACES
from smartllm.verify.question import Check, Question, Wish
from smartllm.verify.subject import Subject

if TYPE_CHECKING:
    from smartllm.content import InputPart

PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQAAAABbAUdZAAAAD0lEQVR4nGP4DwUMg4sBAMgXf4HjFqxMAAAAAElFTkSuQmCC"
)
"""32 x 32 white pixels."""
_WORDS: Final = ("modal", "vision", "media", "content", "input", "unsupported", "support")


def _page() -> bytes:
    """A PDF of one empty page, with a table of its objects as readers want it."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >>",
    )
    text, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(text))
        text += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(text))
    return text + b"xref\n0 %d\n0000000000 65535 f \n%b%b" % (count, table, end)


def _silence() -> bytes:
    """A quarter of a second of silence, as WAV."""
    rate = 8000
    sound = bytes(2 * rate // 4)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVE" + head + b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    kinds: tuple[tuple[str, InputPart, str, tuple[str, ...]], ...] = (
        ("image", Image(data=PICTURE, media_type="image/png"), "image/png", ("image", "picture")),
        (
            "document",
            Document(data=_page(), media_type="application/pdf", name="page"),
            "application/pdf",
            ("document", "pdf", "file"),
        ),
        ("audio", Audio(data=_silence(), media_type="audio/wav"), "audio/wav", ("audio", "sound")),
    )
    for kind, part, media_type, words in kinds:
        if subject.dialect not in SOURCE_PLACES[kind].get("data", (subject.dialect,)):
            continue
        formats = list(getattr(subject.facts.input, kind).formats)
        grant: dict[str, Any] = (
            {} if media_type in formats else {f"input.{kind}.formats": [*formats, media_type]}
        )
        asked = Question(says=False, wish=Wish(parts=(part,)), grant=grant, words=(*words, *_WORDS))
        yield subject.members(f"input.{kind}.sources", {"data": asked})
