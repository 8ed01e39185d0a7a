"""Pictures, documents, sound and films in the words of Bedrock's Converse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.compiler.dialects.formats import suffix_of
from smartllm.compiler.media_parts import documents_in, text_in
from smartllm.compiler.trace import Change, Trace, fact
from smartllm.media import Encoded

if TYPE_CHECKING:
    from smartllm.compiler.intent import Intent
    from smartllm.content import Media
    from smartllm.rules.vocabulary import Facts


def spelled(part: Media) -> dict[str, Any]:
    """The block of a turn, or of a result."""
    block: dict[str, Any] = {}
    if part.media_type is not None:
        block["format"] = suffix_of(part.media_type)
    if part.type == "document":
        block["name"] = part.name
    block["source"] = _source(part)
    if part.type == "document" and part.citations:
        block["citations"] = {"enabled": True}
    return {part.type: block}


def _source(part: Media) -> dict[str, Any]:
    if part.s3 is not None:
        return {"s3Location": {"uri": part.s3}}
    assert part.data is not None
    assert part.media_type is not None
    # With citations the bytes of a text are taken for a PDF's (boto3#4726, open since 2026-02).
    if part.type == "document" and part.citations and part.media_type == "text/plain":
        return {"text": text_in(part)}
    return {"bytes": Encoded(part.data, part.media_type)}


def note_unseen_pages(intent: Intent, facts: Facts, trace: Trace) -> None:
    """Tell where a PDF is read as text alone: where documents can be cited, and are not to be."""
    takes = facts.input.document
    if intent.texts_alone or not takes.seen_if_cited:
        return
    unseen = (part.media_type for part in documents_in(intent.turns) if not part.citations)
    if any(media_type in takes.seen for media_type in unseen):
        reason = (
            "a PDF is read here as text alone, without its pictures; with citations=True its pages are seen"
        )
        trace.changes.append(
            Change(
                "document-pages-unseen",
                "info",
                "messages",
                "noted",
                None,
                None,
                reason,
                fact("input.document.seen_if_cited"),
            )
        )
