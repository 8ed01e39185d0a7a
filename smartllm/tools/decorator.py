"""``@tool``: what a function says of itself as a tool."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar, overload

from smartllm.tools.checks import check_name, check_strict, check_text, shown
from smartllm.tools.errors import ToolError

_Function = TypeVar("_Function", bound=Callable[..., Any])

_WORD: Final = re.compile(r"\w+")
_MARK: Final = "__smartllm_tool__"


class Said(NamedTuple):
    """What ``@tool`` says of a function.

    Attributes:
        name: Instead of its name.
        description: Instead of its docstring's.
        strict: Of the tool.
        names: What its annotations may name, beside the names of its module.
    """

    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    names: Mapping[str, Any] | None = None


def said_of(function: Any) -> Said:
    """What ``@tool`` said of a function; nothing where it does not stand above it."""
    said: Said = getattr(function, _MARK, Said())
    return said


@overload
def tool(function: _Function, /) -> _Function: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None, strict: bool | None = None
) -> Callable[[_Function], _Function]: ...
def tool(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
) -> Any:
    """Say how a function is declared as a tool; the function stays as it is.

    A function may stand in ``tools`` without it: then its name is the tool's, its docstring the description.

    Args:
        function: A sync or async function, or a method.
        name: Instead of the function's name.
        description: Instead of the docstring's free text.
        strict: The provider binds calls to the schema; None leaves that to the rules of the model.

    Raises:
        ToolError: Names the field, its value, and what is allowed.

    Examples:
        >>> @tool(name="weather")
        ... def get_weather(city: str) -> str:
        ...     "Weather of a city."
        ...     return f"sunny in {city}"
        >>> Tool.from_(get_weather).call({"city": "Paris"})
        'sunny in Paris'
    """
    if name is not None:
        check_name(name)
    if description is not None:
        check_text("description", description)
    check_strict(strict)
    frame = inspect.currentframe()
    around = dict(frame.f_back.f_locals) if frame and frame.f_back else {}

    def mark(function: Any) -> Any:
        inner = getattr(function, "__func__", function)  # of a static or class method
        if isinstance(inner, type) or not callable(inner):
            raise ToolError(
                f"@tool stands above {shown(function)}; allowed: a function or a method",
                hint="a pydantic model stands in tools=[...] as it is, or in Tool(name, parameters=Model)",
            )
        setattr(inner, _MARK, Said(name, description, strict, _named(inner, around)))
        return function

    return mark if function is None else mark(function)


def _named(function: Any, around: Mapping[str, Any]) -> dict[str, Any] | None:
    """What annotations that are texts name of the function around; at the top of a module all is there."""
    if "<locals>" not in getattr(function, "__qualname__", ""):
        return None
    try:
        texts = [text for text in function.__annotations__.values() if isinstance(text, str)]
    except NameError:  # Python 3.14 reads annotations late, where they stand
        return None
    return {name: around[name] for text in texts for name in _WORD.findall(text) if name in around}
