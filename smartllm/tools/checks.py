"""What the fields of a tool may hold, and what a message says of the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from smartllm.content import copied
from smartllm.errors import UnsupportedError
from smartllm.json_values import check_json
from smartllm.tools.errors import ToolArgumentsError, ToolError
from smartllm.unicode import is_unicode

if TYPE_CHECKING:
    from pydantic import BaseModel

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_NOT_IN_NAME: Final = re.compile(r"[^a-zA-Z0-9_-]+", re.ASCII)
_ALLOWED: Final = "1 to 64 of the characters a-z, A-Z, 0-9, _ and -"
_LONGEST: Final = 64
_SHOWN: Final = 80


def unusable(field: str, value: Any, allowed: str, hint: str = "") -> ToolError:
    """Our error for the value of a field."""
    return ToolError(f"Tool.{field}={shown(value)} is not usable; allowed: {allowed}", hint=hint)


def shown(value: Any) -> str:
    """A value in few characters; ``repr`` is the caller's code and may fail."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - see above
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def text_of_error(error: BaseException) -> str:
    """What an exception says; saying it is the caller's code and may fail."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - see above
        return ""


def check_name(name: Any) -> None:
    """The name of a tool, as every provider takes it."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return
    likely = _NOT_IN_NAME.sub("_", name).strip("_")[:_LONGEST] if isinstance(name, str) else ""
    raise unusable("name", name, _ALLOWED, f'say name="{likely or "a_name"}"')


def check_text(field: str, text: Any) -> None:
    """Unicode text."""
    if not isinstance(text, str) or not is_unicode(text):
        raise unusable(field, text, "Unicode text", "leave it out to say nothing" if text is None else "")


def check_strict(strict: Any) -> None:
    """True, False or None."""
    if strict is not None and not isinstance(strict, bool):
        raise unusable("strict", strict, "True, False, or None, which leaves it to the rules of the model")


def is_model(given: Any) -> TypeGuard[type[BaseModel]]:
    """Whether something is a pydantic model class."""
    if not isinstance(given, type):
        return False
    from pydantic import BaseModel  # noqa: PLC0415 - loads slowly, and hand-written tools need none of it

    return issubclass(given, BaseModel)


def checked_schema(schema: Mapping[str, Any], tool: str) -> dict[str, Any]:
    """A copy of a JSON Schema of type object."""
    kind = schema.get("type", "object")
    if kind != "object":
        raise ToolError(
            f"tool {tool}: the type of its parameters is {shown(kind)}; allowed: object",
            hint='arguments have names: say {"type": "object", "properties": {"a_name": {...}}}',
        )
    own: dict[str, Any] = checked_json(schema, f"tool {tool}: parameters")
    return own


def checked_json(given: Any, place: str) -> Any:
    """A copy of JSON data."""
    own = copied(given)
    try:
        check_json(own, place)
    except UnsupportedError as error:
        raise ToolError(error.message, hint=error.hint) from None
    return own


def object_of(tool: str, arguments: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """The arguments of a call, which some models leave empty and some write as text.

    Raises:
        ToolArgumentsError: They are no JSON object.
    """
    found: Any = arguments
    if isinstance(arguments, str):
        try:
            found = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError) as error:
            problem = f"the arguments are no JSON: {error}"
            raise ToolArgumentsError(f"{tool}: {problem}", tool=tool, problems=[problem]) from None
    if not isinstance(found, Mapping):
        problem = f"the arguments are {shown(found)}, not an object"
        raise ToolArgumentsError(f"{tool}: {problem}", tool=tool, problems=[problem])
    return found
