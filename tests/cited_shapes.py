"""The shape of what a text of Claude's cites, as anthropic's SDK publishes it."""

from __future__ import annotations

from typing import Literal, Required, TypedDict


class Citation(TypedDict, total=False):
    """The five kinds of TextCitationParam as one; those of answers have a file_id besides, if only null."""

    type: Required[
        Literal[
            "char_location",
            "page_location",
            "content_block_location",
            "search_result_location",
            "web_search_result_location",
        ]
    ]
    cited_text: Required[str]
    document_index: int
    document_title: str | None
    start_char_index: int
    end_char_index: int
    start_page_number: int
    end_page_number: int
    start_block_index: int
    end_block_index: int
    search_result_index: int
    source: str
    title: str | None
    url: str
    encrypted_index: str
