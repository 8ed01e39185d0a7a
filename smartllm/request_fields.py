"""Lists, pairs, headers and guardrails of requests, checked in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError, PydanticKnownError

from smartllm.guardrail import Guardrail
from smartllm.parameters.field import HIDDEN
from smartllm.unicode import is_unicode

_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_VALUE: Final = re.compile(r"(?:[!-~](?:[ -~\t]*[!-~])?)?")
_OURS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
    }
)
"""What HTTP, the signature or the body needs as it is."""
_KEYS: Final = tuple(one.name for one in fields(Guardrail))


def _unicode(text: str) -> str:
    """Refuse halves of surrogate pairs, which pydantic lets through where a text has no limits."""
    if not is_unicode(text):
        raise PydanticKnownError("string_unicode")
    return text


SystemText = Annotated[str, AfterValidator(_unicode)]
"""Text that has bytes in UTF-8."""


class HiddenHeaders(dict[str, str]):
    """Headers whose values are not shown, since they may be secret."""

    def __repr__(self) -> str:
        """Their names."""
        return repr(dict.fromkeys(self, HIDDEN))


class _Hidden:
    """What was given for headers and is none."""

    def __init__(self, value: Any) -> None:
        self.kind = type(value).__name__

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def _unseen(value: Any) -> Any:
    """Headers that no message of pydantic's quotes."""
    if value is None:
        return None
    return HiddenHeaders(value) if isinstance(value, Mapping) else _Hidden(value)


def _headers(value: Any) -> HiddenHeaders | None:
    if value is None:
        return None
    if isinstance(value, _Hidden):
        raise _error(
            "headers", f"{value.kind} is no dict of names and values; allowed: {{'x-name': 'value'}}"
        )
    seen: set[str] = set()
    for name, text in value.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _error("headers", f"{name!r} is no name of a header; allowed: letters, digits and hyphens")
        if name.lower() in _OURS:
            hint = (
                "keys are settings of the client" if "auth" in name.lower() else "SmartLLM writes it itself"
            )
            raise _error("headers", f"{name} cannot be given here; {hint}")
        if name.lower() in seen:
            raise _error("headers", f"{name} is there twice; allowed: each name once, whatever its capitals")
        if not isinstance(text, str) or not _VALUE.fullmatch(text):
            raise _error(
                "headers", f"the value of {name} is not printable ASCII text without spaces around it"
            )
        seen.add(name.lower())
    return value  # type: ignore[no-any-return]


def _guardrail(value: Any) -> Guardrail | None:
    if value is None or isinstance(value, Guardrail):
        return value
    if not isinstance(value, Mapping):
        raise _error(
            "guardrail", 'it is no guardrail; allowed: Guardrail(id, version), {"id": …, "version": …}'
        )
    wrong = [key for key in value if key not in _KEYS]
    missing = [key for key in _KEYS[:2] if key not in value]
    if wrong or missing:
        says = f"{wrong[0]!r} is no field of it" if wrong else f"{missing[0]} is missing"
        raise _error("guardrail", f"{says}; its fields are {', '.join(_KEYS)}")
    try:
        return Guardrail(**value)
    except ValueError as error:
        raise _error("guardrail", str(error)) from None


def _listed(value: Any) -> Any:
    """One sequence is a list of one."""
    return [value] if isinstance(value, str) else value


def _error(kind: str, says: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{says}", {"says": says})


if TYPE_CHECKING:
    StopSequences = Iterable[str]
    ExtraHeaders = Mapping[str, str]
    GuardrailField = Guardrail | Mapping[str, Any]
else:
    StopSequences = Annotated[
        list[Annotated[str, Field(min_length=1)]], Field(min_length=1), BeforeValidator(_listed)
    ]
    ExtraHeaders = Annotated[Any, PlainValidator(_headers), BeforeValidator(_unseen)]
    GuardrailField = Annotated[Any, PlainValidator(_guardrail)]

Metadata = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=256)], Annotated[str, Field(max_length=512)]],
    Field(max_length=16),
]
"""Names and values for the provider's records; what each provider takes of them is less."""
