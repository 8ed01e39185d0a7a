"""Texts below keys: those of the fields of the same names, which editors show where a keyword is typed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from smartllm import LLMConfig
from smartllm.field_docs import below_fields
from smartllm.request import MessageRequest, TextRequest

ROOT: Final = Path(__file__).parents[2]


def requests() -> str:
    """``smartllm/request_keywords.py``."""
    return _told(
        "smartllm/request_keywords.py", {**below_fields(MessageRequest), **below_fields(TextRequest)}
    )


def settings() -> str:
    """``smartllm/setting_keywords.py``."""
    return _told("smartllm/setting_keywords.py", below_fields(LLMConfig))


SOURCES: Final[Mapping[str, Callable[[], str]]] = {
    "smartllm/request_keywords.py": requests,
    "smartllm/setting_keywords.py": settings,
}
"""Modules, from the repository's root on, and what they are to hold."""


def _told(name: str, texts: Mapping[str, str]) -> str:
    """A module's source in which each key that is a field has the field's docstring."""
    source = (ROOT / name).read_text(encoding="utf-8")
    lines = source.splitlines()
    for kind in reversed(ast.parse(source).body):
        if not isinstance(kind, ast.ClassDef):
            continue
        for at in reversed(range(len(kind.body))):
            key: Any = kind.body[at]
            if isinstance(key, ast.AnnAssign) and isinstance(key.target, ast.Name) and key.target.id in texts:
                below = kind.body[at + 1] if at + 1 < len(kind.body) else key
                end = below.end_lineno if isinstance(below, ast.Expr) else key.end_lineno
                lines[key.end_lineno : end] = f'    """{texts[key.target.id]}"""'.splitlines()
    return "\n".join(lines) + "\n"
