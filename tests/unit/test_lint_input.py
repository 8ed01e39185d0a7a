"""The linter on facts of input beside text and of caching: contradictions, and what is out of place."""

from __future__ import annotations

from pathlib import Path

import pytest
from linted import EVIDENCE, TODAY, rules_of

from smartllm.rules.lint import lint

TEXTS = """\
input.document.sources = ["data"]
input.document.formats = ["text/*"]
"""

# What a row may not state, and a piece of the message; R011.
CONTRADICTIONS = [
    ("input.image.sources = ['data']", "image is taken, but in no format"),
    ("input.video.sources = ['data']", "video is taken, but in no format"),
    ("input.image.many = 20", "many and many_pixels are stated together"),
    ("input.image = { many = 9, many_pixels = 200, max_pixels = 100 }", "is above the longest of all"),
    ("input.document = { max_bytes = 9, max_total = 8 }", "smaller than one"),
    ("input.document.citations = true", "citations and what can be cited are stated together"),
    ("input.document.cited = ['text/plain']", "citations and what can be cited are stated together"),
    (
        f"{TEXTS}input.document.citations = true\ninput.document.cited = ['application/pdf']",
        "what can be cited is not taken",
    ),
    (f"{TEXTS}input.document.seen = ['application/pdf']", "pages are seen of what is not taken"),
    ("input.document.seen_if_cited = true", "none can be cited or none is seen"),
    ("calls.results = ['text', 'image']", "what no turn of the user may hold"),
    ("calls.result_documents = ['text/csv']", "what no turn of the user may hold"),
    ("caching.points = 4", "marks and their places are stated together"),
    ("caching.where = ['system']", "marks and their places are stated together"),
    (
        "tools = { functions = 'never', forced = 'never' }\ncaching = { points = 4, where = ['tools'] }",
        "a mark stands among tools",
    ),
    ("caching = { points = 4, where = ['messages'], after = [] }", "but behind nothing"),
    ("caching.ttls = ['5m']", "asks for a time, but no mark is taken"),
    ("caching.breakpoints = true", "breakpoints are taken, but no mark is"),
    ("caching.options_ttls = ['30m']", "but no options are taken"),
    ("caching.retention = ['24h']", "but none is kept"),
]

# What has no place on Chat, and the words of it; R021.
OUT_OF_PLACE = [
    ("caching.where = ['system', 'tools']", "caching.where = 'tools'"),
    ("caching.ttls = ['1h']", "caching.ttls = '1h'"),
    ("calls.results = ['text', 'json']", "calls.results = 'json'"),
    ("calls.results = ['text', 'image']", "calls.results = 'image'"),
    ("input.image.sources = ['data', 's3']", "input.image.sources = 's3'"),
    ("input.image.sources = ['file_id']", "input.image.sources = 'file_id'"),
    ("input.document.sources = ['url']", "input.document.sources = 'url'"),
    ("input.document.details = ['low']", "input.document.details = 'low'"),
    ("input.document.citations = true", "input.document.citations = True"),
]

RIGHT = f"""\
{TEXTS}
input.document.seen = ["text/html"]
input.image.sources = ["data", "url"]
input.image.formats = ["image/png"]
input.image.details = ["low"]
input.image.many = 9
input.image.many_pixels = 9
caching = {{ implicit = true, points = 4, where = ["system"], retention = ["24h"], breakpoints = true }}
"""


def messages(tmp_path: Path, text: str, code: str) -> list[str]:
    found = lint(rules_of(tmp_path, f"[profile.two]\n{text}\n"), today=TODAY)
    return [item.message for item in found if item.code == code]


@pytest.mark.parametrize(("text", "said"), CONTRADICTIONS)
def test_contradictions(text: str, said: str, tmp_path: Path) -> None:
    assert any(said in message for message in messages(tmp_path, text, "R011"))


@pytest.mark.parametrize(("text", "said"), OUT_OF_PLACE)
def test_out_of_place(text: str, said: str, tmp_path: Path) -> None:
    expected = f"rocket-2 on openai_chat: {said} has no place on this wire"
    assert expected in messages(tmp_path, text, "R021")


def test_what_agrees(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, f"[profile.two]\n{EVIDENCE}{RIGHT}")
    assert lint(rules, today=TODAY) == []
