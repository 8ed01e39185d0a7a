"""Texts that the compiler writes itself. Callers' texts are values in them, never templates."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jinja2 import Template

ANSWER: Final = "<<answer of step 1>>"
"""Stands in a plan for the text that step 1 will give."""


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


@lru_cache(maxsize=2)
def _template(name: str) -> Template:
    # Loaded here: only two-step plans need a template engine and its text.
    from importlib.resources import files  # noqa: PLC0415

    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    text = files(__package__).joinpath(f"{name}.jinja").read_text(encoding="utf-8")
    # The prompt is plain text for a model, not markup for a browser.
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    return environment.from_string(text)
