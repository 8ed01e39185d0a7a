"""What a docstring says of a tool and its parameters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import Field
from tool_samples import (
    INTEGER,
    STRING,
)

from smartllm import Tool


def google(city: str, unit: str = "C", *days: int, **more: int) -> None:
    """Weather of a city.

    Looks it up:

        as it is now

    Args:
        city: The city,
            in English.
        unit (str): C or F.
        days: Which days.
        more: What else.
        gone: No longer there.

    Returns:
        A text.

    Warning:
        Never twice a day.

    Example:
        >>> google("Paris")
    """


def numpy(city: str, unit: str = "C", *days: int, **more: int) -> None:
    """
    Weather of a city.

    Parameters
    ----------
    city : str
        The city,
        in English.
    unit : str, optional
        C or F.

    Other Parameters
    ----------------
    *days : int
        Which days.
    **more : int
        What else.

    Returns
    -------
    str
        A text.
    """


def sphinx(city: str, unit: str = "C", *days: int, **more: int) -> None:
    """Weather of a city.

    :param city: The city,
        in English.
    :param str unit: C or F.
    :param days: Which days.
    :param more: What else.
    :returns: A text.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_docstrings_of_three_styles_say_the_same(function: Callable[..., Any]) -> None:
    made = Tool.from_(function)
    assert made.description.startswith("Weather of a city.")
    assert made.schema["properties"] == {
        "city": {"description": "The city,\nin English.", **STRING},
        "unit": {"description": "C or F.", **STRING, "default": "C"},
        "days": {"description": "Which days.", "items": INTEGER, "type": "array"},
    }
    assert made.schema["additionalProperties"] == {"description": "What else.", **INTEGER}


def test_the_description_is_the_free_text_with_its_notes_and_without_what_is_for_people() -> None:
    assert Tool.from_(google).description == (
        "Weather of a city.\n\nLooks it up:\n\n    as it is now\n\nWarning:\n    Never twice a day."
    )
    assert (Tool.from_(numpy).description, Tool.from_(sphinx).description) == ("Weather of a city.",) * 2


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (None, ""),
        ("", ""),
        ("One line: with a colon.", "One line: with a colon."),
        ("First.\n\n    Second\n        deeper.", "First.\n\nSecond\n    deeper."),
        ("First.\n\n    Second:\n        deeper\n    ", "First.\n\nSecond:\n    deeper"),
        ("First.\n\nArgs:\n    x\n    y: why\n", "First."),
        ("First.\n\nReturns:\n    A text.\n", "First."),
        ("First.\n\nReturns\n-------\nstr\n    A text.\n", "First."),
        ("First.\n\n:returns: A text.\n", "First."),
    ],
)
def test_a_docstring_without_known_parameters(text: str | None, description: str) -> None:
    def function() -> None: ...

    function.__doc__ = text
    assert Tool.from_(function).description == description


def test_what_an_annotation_says_goes_before_the_docstring() -> None:
    def function(
        a: Annotated[int, "ignored", Field(description="from Field")],
        b: Annotated[int, "from a text"],
        c: int,
    ) -> None:
        """Do it.

        Args:
            a: from the docstring
            b: from the docstring
            c: from the docstring
        """

    said = {name: one["description"] for name, one in Tool.from_(function).schema["properties"].items()}
    assert said == {"a": "from Field", "b": "from a text", "c": "from the docstring"}


def test_any_more_is_described_too() -> None:
    def function(**more: Any) -> None:
        """Do it.

        Args:
            more: What else.
        """

    assert Tool.from_(function).schema["additionalProperties"] == {"description": "What else."}


def test_a_docstring_of_one_line_loads_no_parser() -> None:
    code = (
        "import sys; from smartllm import Tool\n"
        "def f(a: int): 'One line.'\n"
        "Tool.from_(f); Tool('x', 'd', {'type': 'object'}); print('griffe' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
