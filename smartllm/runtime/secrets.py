"""Secrets taken out of what is shown: as they are, escaped, in base64, and cut off at the end of a text."""

from __future__ import annotations

import copy
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from string import ascii_letters, digits
from typing import Any, Final, get_args
from urllib.parse import quote, quote_plus

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Part
from smartllm.errors import SmartLLMError
from smartllm.response import TextResponse

SHORTEST: Final = 8
"""Shorter ones are left alone: they would match anywhere, and protect nothing."""

_SHOWN: Final = "[secret]"
_REMEMBERED: Final = 64
_HOLDERS: Final[tuple[type[Any], ...]] = (TextResponse, Decoded, *get_args(Part))
# What stands behind a text that was cut off: closing marks, then the end of the text or of a line, an
# ellipsis, or what our errors add to the provider's words.
_CUT: Final = re.compile(
    r"""['"`)\]}>.,;:\s]{0,16}(?:\Z|…|\.\.\.|\n|"""
    r"\((?:param|failed_generation|metadata|innererror|details): )"
)
_BASE64: Final = frozenset(ascii_letters + digits + "+/_=-")


def hidden(text: str, secrets: Iterable[str]) -> str:
    """A text without the secrets.

    Args:
        text: What will be shown.
        secrets: What must not be; those shorter than 8 characters are left.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < SHORTEST:
            continue
        spelled, inner = _forms(secret)
        for form in inner:
            text = _without_token(text, form)
        for form in spelled:
            text = text.replace(form, _SHOWN)
        for form in spelled:
            text = _without_cut(text, form)
    return text


def hide_secrets(error: SmartLLMError, secrets: Iterable[str]) -> None:
    """Take secrets out of everything that an error holds or that hangs on it.

    A provider may repeat what it was sent, in any field and in its answer; an HTTP library's error holds the
    request with its headers, so it is taken off.

    Args:
        error: The error; changed in place.
        secrets: What it may not show.
    """
    wanted = tuple(secrets)
    for name, value in vars(error).items():
        setattr(
            error, name, told(value, wanted) if isinstance(value, TextResponse) else _hidden_in(value, wanted)
        )
    error.args = _hidden_in(error.args, wanted)
    for link in ("__cause__", "__context__"):
        found = getattr(error, link)
        if isinstance(found, SmartLLMError):
            hide_secrets(found, wanted)
        elif found is not None:
            setattr(error, link, None)


def told(response: TextResponse[Any], secrets: tuple[str, ...]) -> TextResponse[Any]:
    """A response as an error may hold it: the same one, where it repeats no secret."""
    found: TextResponse[Any] = _hidden_in(response, secrets) if _tells(response, secrets) else response
    return found


def _hidden_in(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        found = hidden(value, secrets)
        return value if found == value else found  # which may be a text that knows more than its letters
    if type(value) in {list, tuple}:
        return type(value)(_hidden_in(item, secrets) for item in value)
    if type(value) is dict:
        return {_hidden_in(key, secrets): _hidden_in(item, secrets) for key, item in value.items()}
    if isinstance(value, _HOLDERS):
        other = copy.copy(value)  # callers that wait for one answer share its parts
        for one in fields(value):
            object.__setattr__(other, one.name, _hidden_in(getattr(value, one.name), secrets))
        return other
    return value


def _tells(response: TextResponse[Any], secrets: tuple[str, ...]) -> bool:
    """Whether a provider's answer repeats a secret; looked for once, since an answer may be long."""
    told = json.dumps([response.text, *response.raws], ensure_ascii=False, default=repr)
    return hidden(told, secrets) != told


def _without_cut(text: str, form: str) -> str:
    """A text without the beginnings of a secret at places where something was cut off."""
    start, at = form[:SHORTEST], 0
    while (at := text.find(start, at)) >= 0:
        length = SHORTEST
        while text[at + length : at + length + 1] == form[length : length + 1] != "":
            length += 1
        end = at + length
        if _CUT.match(text, end):
            text = text[:at] + _SHOWN + text[end:]
        at += 1
    return text


def _without_token(text: str, inner: str) -> str:
    """A text without the base64 around what a secret looks like there: it also holds a user's name."""
    at = 0
    while (at := text.find(inner, at)) >= 0:
        start, end = at, at + len(inner)
        while start and text[start - 1] in _BASE64:
            start -= 1
        while end < len(text) and text[end] in _BASE64:
            end += 1
        text, at = text[:start] + _SHOWN + text[end:], start + len(_SHOWN)
    return text


@lru_cache(maxsize=_REMEMBERED)
def _forms(secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How a secret may be spelled, and what base64 makes of it; the longest first."""
    spelled, inner = _spellings(secret), _in_base64(secret)
    return tuple(sorted(spelled, key=len, reverse=True)), tuple(sorted(inner, key=len, reverse=True))


def _spellings(secret: str) -> set[str]:
    """How a secret may be repeated: in a URL, in JSON, in Python's spelling, in HTML."""
    data = secret.encode(errors="replace")
    escaped = {quote(data, safe=""), quote(data), quote_plus(data)}
    lower = {re.sub("%..", lambda found: found[0].lower(), form) for form in escaped}
    html = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    told = {json.dumps(secret)[1:-1], repr(secret)[1:-1], html, html.replace('"', "&quot;")}
    return {secret, *escaped, *lower, *told}


def _in_base64(secret: str) -> set[str]:
    """What any base64 that holds the secret holds, whatever stands before and behind it."""
    data = secret.encode(errors="replace")
    found = set()
    for before in range(3):
        whole = b64encode(bytes(before) + data).decode().rstrip("=")
        sure = whole[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        found |= {sure, sure.replace("+", "-").replace("/", "_")}
    return {form for form in found if len(form) >= SHORTEST}
