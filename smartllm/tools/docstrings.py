"""What a function's docstring says of it and of its parameters, in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from griffe import DocstringSection

_STYLES: Final[tuple[Literal["google", "numpy", "sphinx"], ...]] = ("google", "numpy", "sphinx")
_PARAMETERS: Final = frozenset({"parameters", "other parameters"})
_FOR_PEOPLE: Final = frozenset({"example", "examples"})


class Told(NamedTuple):
    """What a docstring says.

    Attributes:
        description: Its free text, with its notes and warnings.
        parameters: The description of each parameter that it describes, by name, without stars.
    """

    description: str
    parameters: Mapping[str, str]


def told(function: object) -> Told:
    """What the docstring of a function says; nothing where it has none."""
    text = inspect.cleandoc(getattr(function, "__doc__", None) or "")
    if "\n" not in text:  # no sections, and nothing to load a parser for
        return Told(text, {})
    sections = _sections(text)
    if not sections:
        return Told(text, {})
    parameters = {
        one.name.lstrip("*"): one.description.strip()
        for section in sections
        if section.kind.value in _PARAMETERS
        for one in section.value
    }
    return Told("\n\n".join(filter(None, map(_free_text, sections))), parameters)


def _sections(text: str) -> list[DocstringSection]:
    """The sections in the style that knows the parameters, else in the first that knows any; else nothing."""
    from griffe import Docstring  # noqa: PLC0415 - loads slowly, and only functions need it

    found: list[DocstringSection] = []
    for style in _STYLES:
        options: dict[str, Any] = {"warnings": False}
        sections = Docstring(text).parse(style, **options)
        kinds = {section.kind.value for section in sections}
        if "parameters" in kinds:
            return sections
        if not found and kinds - {"text"}:
            found = sections
    return found


def _free_text(section: DocstringSection) -> str:
    if section.kind.value == "text":
        return str(section.value).strip()
    if section.kind.value == "admonition" and section.value.kind not in _FOR_PEOPLE:
        title = section.title or section.value.kind.capitalize()
        return f"{title}:\n{textwrap.indent(section.value.contents.strip(), '    ')}"
    return ""
