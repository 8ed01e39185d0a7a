"""The shapes of pictures and documents where no vendor's package has them, and Converse's rule of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NotRequired, TypedDict

# The rule stands in the words of the service model alone (DocumentBlock); each name once in a request.
DOCUMENT_NAME = re.compile(r"[A-Za-z0-9()\[\]-]+( [A-Za-z0-9()\[\]-]+)*")


class ImageSource(TypedDict):
    """The only one on Bedrock: addresses and files of Anthropic's own API are refused there."""

    type: Literal["base64"]
    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    data: str


class ImageBlock(TypedDict):
    type: Literal["image"]
    source: ImageSource


class PdfSource(TypedDict):
    type: Literal["base64"]
    media_type: Literal["application/pdf"]
    data: str


class TextSource(TypedDict):
    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class Citations(TypedDict):
    enabled: bool


class DocumentBlock(TypedDict):
    type: Literal["document"]
    source: PdfSource | TextSource
    title: NotRequired[str]
    context: NotRequired[str]
    citations: NotRequired[Citations]


MediaBlock = ImageBlock | DocumentBlock


class AddressSource(TypedDict):
    """At Anthropic's own API alone."""

    type: Literal["url"]
    url: str


class FileSource(TypedDict):
    """At Anthropic's own API alone."""

    type: Literal["file"]
    file_id: str


class OwnImageBlock(TypedDict):
    type: Literal["image"]
    source: AddressSource | FileSource


class OwnDocumentBlock(TypedDict):
    type: Literal["document"]
    source: AddressSource | FileSource
    title: NotRequired[str]
    context: NotRequired[str]
    citations: NotRequired[Citations]


OwnMediaBlock = MediaBlock | OwnImageBlock | OwnDocumentBlock


def name_problems(body: Any) -> list[str]:
    """What is wrong with the names of documents in a body of Converse."""
    names = list(_document_names(body.get("messages")))
    wrong = [f"{name!r} is no name of a document" for name in names if not DOCUMENT_NAME.fullmatch(name)]
    return wrong + [f"{name!r} names several documents" for name in set(names) if names.count(name) > 1]


def _document_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("document"), dict):
            yield node["document"].get("name", "")
        yield from (name for value in node.values() for name in _document_names(value))
    elif isinstance(node, list):
        yield from (name for value in node for name in _document_names(value))
