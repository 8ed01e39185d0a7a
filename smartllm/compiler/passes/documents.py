"""Documents: as text where that is what they are, cited all or not at all, with names, and beside a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.media_parts import documents_in, hold_media, is_text, put, text_in
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.errors import UnsupportedError
from smartllm.media.types import media_type_by_name
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.input import Documents, is_among
from smartllm.text_parts import Text

if TYPE_CHECKING:
    from smartllm.content import Document, InputPart, Media

_PLAIN: Final = "text/plain"
_NAME_LENGTH: Final = 200
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9()\[\]-]+")


def documents(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """What depends on the rest of the request: no citations in an answer with a schema, and a text beside."""
    if intent.texts_alone or not hold_media(intent.turns):
        return intent
    turns = intent.turns
    if intent.bound is not None and are_cited(turns):
        reason = "an answer that is bound to a schema cannot cite"
        trace.changes.append(
            Change(
                "document-citations-dropped", "warning", "messages", "dropped", True, None, reason, _BY_SCHEMA
            )
        )
        turns = _citing(turns, yes=False)
    if facts.input.document.needs_text:
        turns = tuple(_beside_text(turn, trace) for turn in turns)
    return intent if turns == intent.turns else intent._replace(turns=turns)


_BY_SCHEMA: Final = Reason("derived", "response_format")
_BY_WIRE: Final = Reason("derived", "messages")


def as_texts(turns: tuple[Turn, ...], facts: Facts, trace: Trace, root: str) -> tuple[Turn, ...]:
    """The turns with texts in place of documents that are texts, or as plain ones where only these are taken.

    Raises:
        UnsupportedError: Such a document is no UTF-8; names its place.
    """
    told: list[str] = []
    turned = partial(_as_text, facts=facts, told=told)
    found = put(turns, turned, root, inside=partial(turned, held=facts.calls.inside))
    _tell_texts(trace, told)
    if are_cited(turns) and not are_cited(found):
        _drop_citations(trace, "the documents go as texts, which cannot be cited")
    return found


def _tell_texts(trace: Trace, told: Iterable[str]) -> None:
    for applied in dict.fromkeys(told):
        trace.changed(
            "document-as-text",
            "messages",
            asked="document",
            applied=applied,
            reason="it is a text, and the model takes it as one",
            fact="input.document.formats",
            severity="info",
            whole=False,
        )


def _anywhere(_kind: str, _media_type: str) -> bool:
    return True


def _as_text(
    part: Media, place: str, *, facts: Facts, told: list[str], held: Callable[[str, str], bool] = _anywhere
) -> InputPart:
    """What stands for a document; one that the result of a tool would not hold stays there as a text."""
    if part.type != "document" or part.data is None or part.media_type is None:
        return part
    if not is_text(part.media_type):
        return part
    takes = facts.input.document
    stays = part.citations and takes.citations  # a text cannot be cited, a document behind the result can

    def goes(media_type: str) -> bool:
        taken = "data" in takes.sources and is_among(media_type, takes.formats)
        return taken and (stays or held(part.type, media_type))

    if goes(part.media_type):
        if part.media_type in takes.cited:  # it goes as a text, if not always
            _text(part, place)
        return part
    text = _text(part, place)
    if goes(_PLAIN):
        told.append(_PLAIN)
        return replace(part, media_type=_PLAIN)
    told.append("text")
    return Text(f'Document "{part.name}":\n\n{text}' if part.name else f"Document:\n\n{text}")


def _text(part: Document, place: str) -> str:
    try:
        return text_in(part)
    except UnicodeDecodeError as error:
        raise UnsupportedError(
            f"{place}: the document is {part.media_type}, but its byte {error.start} is no UTF-8",
            field=place.partition("[")[0],
            hint="save it as UTF-8",
        ) from None


def cited(turns: tuple[Turn, ...], facts: Facts, trace: Trace, root: str) -> tuple[Turn, ...]:
    """The turns with citations of all documents or of none, as the model takes them.

    Raises:
        UnsupportedError: A text to be cited is no UTF-8; names its place.
    """
    if not are_cited(turns):
        return turns
    found = list(documents_in(turns))
    takes = facts.input.document
    against = None if takes.citations else "the model cannot cite documents here"
    if against is None and not all(_can_be_cited(part, takes) for part in found):
        against = "all documents of a request are cited or none, and one of these cannot be"
    if against is not None:
        _drop_citations(trace, against)
        return _citing(turns, yes=False)
    if not all(part.citations for part in found):
        trace.changed(
            "document-citations-widened",
            "messages",
            asked=sum(part.citations for part in found),
            applied=len(found),
            reason="all documents of a request are cited or none",
            fact="input.document.citations",
            whole=False,
        )
    return _plain(_citing(turns, yes=True), trace, root)


def are_cited(turns: tuple[Turn, ...]) -> bool:
    """Whether answers are to cite a document of the turns."""
    return any(part.citations for part in documents_in(turns))


def _drop_citations(trace: Trace, reason: str) -> None:
    trace.changed(
        "document-citations-dropped",
        "messages",
        asked=True,
        applied=None,
        reason=reason,
        fact="input.document.citations",
        action="dropped",
        whole=False,
    )


def _can_be_cited(part: Document, takes: Documents) -> bool:
    plain = _PLAIN if is_text(part.media_type) else part.media_type
    # Live: none that stands in S3 is (pydantic-ai's profile of Converse, 2026-10).
    return part.s3 is None and (plain is None or is_among(plain, takes.cited))


def _citing(turns: tuple[Turn, ...], *, yes: bool) -> tuple[Turn, ...]:
    """The turns with citations on or off."""

    def changed(part: Media, _place: str) -> InputPart:
        return replace(part, citations=yes) if part.type == "document" else part

    return put(turns, changed)


def _plain(turns: tuple[Turn, ...], trace: Trace, root: str) -> tuple[Turn, ...]:
    """The turns with plain texts for documents that are texts of another kind: only these can be cited."""
    told: list[str] = []

    def changed(part: Media, place: str) -> InputPart:
        if part.type != "document" or part.data is None:
            return part
        if part.media_type == _PLAIN or not is_text(part.media_type):
            return part
        _text(part, place)
        told.append(_PLAIN)
        return replace(part, media_type=_PLAIN)

    found = put(turns, changed, root)
    _tell_texts(trace, told)
    return found


def named(turns: tuple[Turn, ...], trace: Trace) -> tuple[Turn, ...]:
    """The turns with a name for each document, which no other has: the same ones as long as turns are added.

    The name reaches the model, and a wire that asks for one takes few characters.
    """
    names: dict[str, str | None] = {}

    def changed(part: Media, _place: str) -> InputPart:
        if part.type != "document":
            return part
        name = _free(_neutral(part.name) or f"Document {len(names) + 1}", names)
        names[name] = part.name
        return part if name == part.name else replace(part, name=name)

    found = put(turns, changed)
    differing = {name: asked for name, asked in names.items() if name != asked}
    if differing:
        reason = "each document has a name on this wire, of letters and digits, which no other has"
        asked, applied = list(differing.values()), list(differing)
        trace.changes.append(
            Change("documents-named", "info", "messages", "changed", asked, applied, reason, _BY_WIRE)
        )
    return found


def _neutral(name: str | None) -> str:
    """A name of the characters that are taken, without the end that tells a file's type."""
    plain = name or ""
    plain = plain.rpartition(".")[0] if media_type_by_name(plain) else plain
    return _NO_NAME.sub(" ", plain).strip()[:_NAME_LENGTH].rstrip()


def _free(name: str, taken: dict[str, str | None]) -> str:
    count, found = 1, name
    while found in taken:
        count += 1
        end = f" ({count})"
        found = name[: _NAME_LENGTH - len(end)].rstrip() + end
    return found


def _beside_text(turn: Turn, trace: Trace) -> Turn:
    """The turn with a text where it has a document and none."""
    places = [place for place, part in enumerate(turn.parts) if part.type == "document"]
    if not places or any(text.strip() for text in turn.texts):
        return turn
    names = ", ".join(part.name or part.type for part in turn.media if part.type == "document")
    text = f"Attached: {names}"
    trace.changed(
        "document-text-added",
        "messages",
        asked=None,
        applied=text,
        reason="a text must stand in the turn of a document",
        fact="input.document.needs_text",
        action="added",
        severity="info",
        whole=False,
    )
    behind = places[-1] + 1
    return turn._replace(parts=(*turn.parts[:behind], Text(text), *turn.parts[behind:]))
