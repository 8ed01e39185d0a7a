"""Texts that the compiler writes itself. Callers' texts are values in them, never templates."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

ANSWER: Final = "<<answer of step 1>>"
"""Stands in a plan for the text that step 1 will give."""


def offer_prompt(*, tool: str) -> str:
    """The sentence that asks a model for the call of a tool which it cannot be made to call.

    Args:
        tool: The tool's name.
    """
    return _template("offer").render(tool=tool)


def fields_prompt(schema: str) -> str:
    """What the first of two steps is told of the structure that its answer is put into; empty for nothing.

    Args:
        schema: The caller's JSON Schema, as JSON.
    """
    # Loaded here, as what it needs.
    from smartllm.compiler.prompts.fields import fields_in_words  # noqa: PLC0415

    lines = fields_in_words(schema)
    return _template("fields").render(lines=lines) if lines else ""


def binding_prompt(*, tool: str | None) -> str:
    """Prompt of a second step that sees the conversation: put the answer before it into the structure.

    Args:
        tool: As of ``extraction_prompt``.
    """
    return _template("bind").render(tool=tool)


def extraction_prompt(*, tool: str | None) -> str:
    """Prompt of the second step: put the first step's text into the structure.

    Args:
        tool: Tool that the model is asked to call, where it cannot be forced to.

    Returns:
        The prompt, with ``ANSWER`` where the text goes.
    """
    return _template("extract").render(answer=ANSWER, tool=tool)


def again_prompt(wrong: Sequence[str], *, tool: str | None) -> str:
    """What a model is told whose answer is not what was asked for.

    Args:
        wrong: What is wrong with it, a line each.
        tool: Tool by whose call it is to answer, or None.
    """
    return _template("again").render(wrong=wrong, tool=tool)


@lru_cache(maxsize=5)
def _template(name: str) -> Template:
    # Loaded here: only plans of two steps and answers that do not fit need a template engine and its text.
    from importlib.resources import files  # noqa: PLC0415

    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    text = files(__package__).joinpath(f"{name}.jinja").read_text(encoding="utf-8")
    # The prompt is plain text for a model, not markup for a browser.
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    return environment.from_string(text)
