"""What goes in beside text: pictures, documents, sound and film."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from smartllm.rules.vocabulary.fact import fact

KINDS: Final = ("image", "document", "audio", "video")
"""What may go in beside text: the tables of ``input``."""
MEDIA: Final[frozenset[str]] = frozenset(KINDS)
"""Types of the parts that are no text."""

Source = Literal["data", "url", "file_id", "s3"]
Detail = Literal["low", "high", "original", "auto"]
DETAILS: Final[tuple[str, ...]] = get_args(Detail)


def is_among(media_type: str, formats: tuple[str, ...]) -> bool:
    """Whether a media type is one of those that a fact names."""
    return any(fnmatchcase(media_type, one) for one in formats)


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures."""

    sources: tuple[Source, ...] = fact((), "How a picture may be given; [] where the model takes none.")
    formats: tuple[str, ...] = fact((), "Media types that are taken.")
    max_bytes: int | None = fact(None, ge=1, description="Most bytes of one, before they become base64.")
    max_pixels: int | None = fact(None, ge=1, description="Longest side in pixels.")
    max_count: int | None = fact(None, ge=1, description="Most in a request, earlier turns included.")
    many: int | None = fact(
        None, ge=1, description="Pictures and documents in a request above which many_pixels holds."
    )
    many_pixels: int | None = fact(None, ge=1, description="Longest side in a request of many.")
    animated: bool = fact(True, "A GIF may hold more than one picture.")
    details: tuple[Detail, ...] = fact((), "How closely the model can be told to look.")


@dataclass(frozen=True, eq=False)
class Documents:
    """Documents."""

    sources: tuple[Source, ...] = fact((), "How a document may be given; [] where the model takes none.")
    formats: tuple[str, ...] = fact(
        (), "Media types that are taken; text/* stands for all text, * for all; see ``is_among``."
    )
    max_bytes: int | None = fact(None, ge=1, description="Most bytes of one, before they become base64.")
    max_total: int | None = fact(None, ge=1, description="Most bytes of all together.")
    max_count: int | None = fact(None, ge=1, description="Most in a request, earlier turns included.")
    needs_text: bool = fact(False, "A text must stand in the same turn.")
    citations: bool = fact(False, "Answers can cite documents: those of a request all, or none.")
    cited: tuple[str, ...] = fact((), "Media types that answers can cite, of those that are taken.")
    seen: tuple[str, ...] = fact(
        (), "Media types whose pages the model looks at; of all others it reads the text."
    )
    seen_if_cited: bool = fact(False, "The model looks at pages only where answers may cite the document.")
    details: tuple[Detail, ...] = fact((), "How closely the model can be told to look at its pages.")


@dataclass(frozen=True, eq=False)
class Sounds:
    """Sound."""

    sources: tuple[Source, ...] = fact((), "How sound may be given; [] where the model takes none.")
    formats: tuple[str, ...] = fact((), "Media types that are taken.")
    max_bytes: int | None = fact(None, ge=1, description="Most bytes of one, before they become base64.")


@dataclass(frozen=True, eq=False)
class Films:
    """Video."""

    sources: tuple[Source, ...] = fact((), "How video may be given; [] where the model takes none.")
    formats: tuple[str, ...] = fact((), "Media types that are taken.")
    max_bytes: int | None = fact(None, ge=1, description="Most bytes of one, before they become base64.")
    max_count: int | None = fact(None, ge=1, description="Most in a request, earlier turns included.")


@dataclass(frozen=True, eq=False)
class Input:
    """What a user's turn may hold beside text; ``calls.results`` says what the result of a tool may."""

    image: Images = fact(Images())
    document: Documents = fact(Documents())
    audio: Sounds = fact(Sounds())
    video: Films = fact(Films())

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is taken beside text."""
        return tuple(kind for kind in KINDS if getattr(self, kind).sources)
