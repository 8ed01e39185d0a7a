"""Bodies that the sandbox refuses for what is no text: one for each problem that a wire has words for."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from pictures import MP4, gif, pdf, png
from tool_refusals import CLOSED, SONNET, Body, Wrong

from smartllm.rules import Dialect

SAID: Final = {"type": "text", "text": "What is it?"}
BIG: Final = 51 * 1024 * 1024
Bodies = Mapping[str, Wrong | Callable[[], Wrong]]
"""By problem; those of many megabytes are made when they are asked for."""


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def address(data: bytes, label: str) -> str:
    return f"data:{label};base64,{coded(data)}"


PNG_URL: Final = address(png(), "image/png")
PDF_URL: Final = address(pdf(), "application/pdf")

# OpenAI's Responses


def item(*parts: Body, role: str = "user") -> Body:
    return {"role": role, "content": [{"type": "input_text", "text": "What is it?"}, *parts]}


def responses(*parts: Body, role: str = "user", model: str = "gpt-5.4", **more: Any) -> Wrong:
    return Wrong(model, {"input": [item(*parts, role=role)], **more})


def image(url: str = PNG_URL, **own: Any) -> Body:
    return {"type": "input_image", "image_url": url, **own}


def file(data: str = PDF_URL, **own: Any) -> Body:
    return {"type": "input_file", "filename": "a.pdf", "file_data": data, **own}


RESPONSES: Final[Bodies] = {
    "kind": responses(image(), model="gpt-4"),
    "in-system": responses(image(), role="developer"),
    "in-assistant": responses(image(), role="assistant"),
    "sourceless": responses({"type": "input_image"}),
    "base64": responses(image("data:image/png;base64,%%")),
    "untaken": responses(image(address(png(), "image/tiff"))),
    "mislabelled": responses(image(address(gif(), "image/png"))),
    "unreadable": responses(image(address(b"what is it", "image/png"))),
    "moving": responses(image(address(gif(2), "image/gif"))),
    "large": lambda: responses(file(address(b"%PDF-" + bytes(BIG), "application/pdf"))),
    "large-together": lambda: responses(*[file(address(b"%PDF-" + bytes(BIG // 2), "application/pdf"))] * 3),
    "many": responses(*[image()] * 1501),
    "detail": responses(image(detail="original"), model="gpt-4.1"),
    "from-s3": responses(image("s3://bucket/a.png")),
}

# OpenAI's Chat Completions


def chat(*parts: Body, role: str = "user", model: str = "gpt-5.4") -> Wrong:
    return Wrong(model, {"messages": [{"role": role, "content": [SAID, *parts]}]})


def shown(url: str = PNG_URL, **own: Any) -> Body:
    return {"type": "image_url", "image_url": {"url": url, **own}}


def filed(data: str = PDF_URL, **own: Any) -> Body:
    return {"type": "file", "file": {"filename": "a.pdf", "file_data": data, **own}}


CHAT: Final[Bodies] = {
    "kind": chat(shown(), model="gpt-4"),
    "in-system": chat(shown(), role="system"),
    "in-assistant": chat(shown(), role="assistant"),
    "sourceless": chat({"type": "image_url", "image_url": {}}),
    "base64": chat(filed("JVBERi0=")),
    "untaken": chat(filed(address(b"some words", "text/plain"))),
    "mislabelled": chat(shown(address(gif(), "image/png"))),
    "unreadable": chat(shown(address(b"what is it", "image/png"))),
    "moving": chat(shown(address(gif(2), "image/gif"))),
    "large": lambda: chat(filed(address(b"%PDF-" + bytes(BIG), "application/pdf"))),
    "large-together": lambda: chat(*[filed(address(b"%PDF-" + bytes(BIG // 2), "application/pdf"))] * 3),
    "many": chat(*[shown()] * 1501),
    "detail": chat(shown(detail="HIGH")),
    "from-url": chat({"type": "file", "file": {"file_url": "https://example.com/a.pdf"}}),
    "from-s3": chat(shown("s3://bucket/a.png")),
}

# Claude's Messages


def claude(*blocks: Body, role: str = "user", model: str = SONNET, **more: Any) -> Wrong:
    return Wrong(model, {"max_tokens": 9, "messages": [{"role": role, "content": [SAID, *blocks]}], **more})


def block(data: bytes | None = None, label: str = "image/png", kind: str = "image", **own: Any) -> Body:
    source = {"type": "base64", "media_type": label, "data": coded(png() if data is None else data)}
    return {"type": kind, "source": source, **own}


def paper(data: bytes | None = None, **own: Any) -> Body:
    return block(pdf() if data is None else data, "application/pdf", "document", **own)


CITED: Final[Any] = {"citations": {"enabled": True}}
CLAUDE: Final[Bodies] = {
    "kind": claude(block(), model="claude-3-5-haiku"),
    "in-system": claude(system=[block()]),
    "in-assistant": Wrong(
        SONNET,
        {"messages": [{"role": "assistant", "content": [block()]}, {"role": "user", "content": "And?"}]},
    ),
    "sourceless": claude({"type": "image", "source": {}}),
    "from-url": claude({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
    "from-file_id": claude({"type": "document", "source": {"type": "file", "file_id": "file_1"}}),
    "base64": claude({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "%"}}),
    "untaken": claude(block(b"II*\0", "image/tiff")),
    "mislabelled": claude(block(gif())),
    "unreadable": claude(paper(b"some words")),
    "large": lambda: claude(block(png() + bytes(3_750_001))),
    "wide": claude(block(png(8001, 1))),
    "wide-of-many": claude(*[block(png(2001, 1))] * 21),
    "many": claude(*[block()] * 101),
    "whole": lambda: claude(*[block(png() + bytes(3_700_000))] * 5),
    "citations-some": claude(paper(**CITED), paper()),
    "citations-bound": claude(
        paper(**CITED), output_config={"format": {"type": "json_schema", "schema": CLOSED}}
    ),
}

# Converse

WORDS: Final = {"text": "What is it?"}


def converse(*blocks: Body, model: str = SONNET, role: str = "user", **more: Any) -> Wrong:
    return Wrong(model, {"messages": [{"role": role, "content": [WORDS, *blocks]}], **more})


def given(kind: str, form: str, data: bytes, **own: Any) -> Body:
    return {kind: {"format": form, "source": {"bytes": coded(data)}, **own}}


def picture(data: bytes | None = None, form: str = "png") -> Body:
    return given("image", form, png() if data is None else data)


def document(name: str = "Document 1", data: bytes | None = None, form: str = "pdf", **own: Any) -> Body:
    return given("document", form, pdf() if data is None else data, name=name, **own)


USED: Final = {"toolUse": {"toolUseId": "t1", "name": "look", "input": {}}}
RESULT: Final = {"toolResult": {"toolUseId": "t1", "content": [{"text": "seen"}]}}
LOOK: Final = {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]}
NATIVE: Final = {
    "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type": "object"}'}}}
}
CONVERSE: Final[Bodies] = {
    "keys": converse({**WORDS, **picture()}),
    "kind": converse(picture(), model="nova-micro"),
    "kind-time": converse(given("video", "mp4", MP4)),
    "in-system": converse(system=[picture()]),
    "in-assistant": Wrong(
        SONNET,
        {
            "messages": [
                {"role": "user", "content": [WORDS]},
                {"role": "assistant", "content": [picture()]},
                {"role": "user", "content": [WORDS]},
            ]
        },
    ),
    "sourceless": converse({"image": {"format": "png", "source": {}}}),
    "from-s3": converse({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b.png"}}}}),
    "format": converse(picture(form="jpg")),
    "untaken": converse(given("audio", "pcm", b"\0\0"), model="voxtral-small-24b-2507"),
    "base64": converse({"image": {"format": "png", "source": {"bytes": ""}}}),
    "mislabelled": converse(picture(gif())),
    "unreadable": converse(picture(b"what is it")),
    "large": lambda: converse(picture(png() + bytes(3_750_001))),
    "whole": lambda: converse(*[picture(png() + bytes(3_700_000))] * 5),
    "wide": converse(picture(png(8001, 1))),
    "wide-of-many": converse(*[picture(png(2001, 1))] * 21),
    "many": converse(*[document(f"Document {number}") for number in range(6)]),
    "nameless": converse(given("document", "pdf", pdf())),
    "name-long": converse(document("a" * 201)),
    "name": converse(document("report.pdf")),
    "same-name": converse(document("report"), document("report")),
    "textless": Wrong(SONNET, {"messages": [{"role": "user", "content": [document()]}]}),
    "citations": converse(document(**CITED), model="nova-lite"),
    "citations-some": converse(document("A", **CITED), document("B")),
    "citations-bound": converse(document(**CITED), outputConfig=NATIVE),
    "citations-format": converse(document(data=b"a,b", form="csv", **CITED)),
    "citations-bytes": converse(document(data=b"some words", form="txt", **CITED)),
    "beside-results": Wrong(
        SONNET,
        {
            "messages": [
                {"role": "user", "content": [WORDS]},
                {"role": "assistant", "content": [USED]},
                {"role": "user", "content": [RESULT, WORDS, document(data=b"a,b", form="csv")]},
            ],
            "toolConfig": LOOK,
        },
    ),
}

BODIES: Final[Mapping[Dialect, Bodies]] = {
    "openai_responses": RESPONSES,
    "openai_chat": CHAT,
    "anthropic_messages": CLAUDE,
    "bedrock_converse": CONVERSE,
}
"""By wire."""

FILM: Final = given("video", "mp4", MP4)
"""What only some models of Amazon's take."""
