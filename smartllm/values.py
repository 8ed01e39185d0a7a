"""What the values of settings and variables may be, and how a message shows the ones that may not."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from smartllm.errors import ConfigError

_TABLE: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}", re.ASCII)
# As AWS's libraries check it: a label of a host name.
_REGION: Final = re.compile(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)", re.ASCII)
# White space, control characters, halves of surrogate pairs, and what no address holds unescaped.
_NOT_IN_URL: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\"<>\\]")
_HOST: Final = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII | re.IGNORECASE)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
# The connection's own; one of another value would break the framing of a request.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
# What the body is, and what of an answer can be read.
_WIRES: Final = frozenset({"accept", "accept-encoding", "content-encoding", "content-type", "expect"})
_URL: Final = "a URL that starts with http:// or https://"
_LONGEST_SHOWN: Final = 200
_LARGEST: Final = 1e9


def unusable(name: str, value: Any, allowed: str, hint: str = "") -> ConfigError:
    """Our error for a value; ``name`` is a field or a variable."""
    return ConfigError(f"{name}={shown(value)} is not usable; allowed: {allowed}", hint=hint)


def hidden(name: str, allowed: str, hint: str = "") -> ConfigError:
    """Our error for a value that is secret."""
    return ConfigError(f"{name}=(hidden) is not usable; allowed: {allowed}", hint=hint)


def shown(value: Any) -> str:
    """A value as messages show it: its repr, short, and never an exception."""
    if isinstance(value, str) and "@" in value:
        return "(hidden, it may hold a password)"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a value of the caller's may raise anything
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class Number:
    """What a number may be.

    Attributes:
        allowed: The words for it.
        least: Smallest value.
        most: Largest value; libraries below fail in their own ways over it.
        above: The smallest value itself is not allowed.
        whole: No fraction.
        optional: None is allowed.
    """

    allowed: str
    least: float
    most: float = _LARGEST
    above: bool = False
    whole: bool = False
    optional: bool = False

    def check(self, name: str, value: Any) -> None:
        """Raise ConfigError for a value that may not be used."""
        if value is None and self.optional:
            return
        number = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        if not number or (isinstance(value, float) and not isfinite(value)):
            raise unusable(name, value, self.allowed)
        if value < self.least or (self.above and value == self.least):
            raise unusable(name, value, self.allowed)
        if value > self.most:
            limit = "" if self.most < _LARGEST else f", at most {self.most:.0f}"
            raise unusable(name, value, self.allowed + limit)


SECONDS: Final = Number("seconds, a number above 0", 0, above=True)


def seconds(name: str, text: str) -> float:
    """Seconds that a variable names."""
    try:
        value = float(text)
        SECONDS.check(name, value)
    except ValueError:  # of which ConfigError is one
        raise unusable(name, text, SECONDS.allowed) from None
    return value


def text(name: str, value: Any, *, secret: bool = False) -> str | None:
    """Text without the white space around it; None for None and for nothing.

    Raises:
        ConfigError: No text, or text with control characters or lone surrogates.
    """
    if value is None:
        return None
    fault = hidden if secret else partial(unusable, value=value)
    if not isinstance(value, str):
        raise fault(name, allowed=f"text, not {type(value).__name__}")
    stripped = str.strip(value)
    if not stripped.isprintable():
        raise fault(name, allowed="text without line breaks and other characters that cannot be printed")
    return stripped or None


def header_value(name: str, value: str, what: str = "the value") -> str:
    """A value that may stand in an HTTP header; it is not shown if it may not.

    Raises:
        ConfigError: It holds a line break, or a character beyond ASCII.
    """
    if value.isascii() and value.isprintable():
        return value
    raise ConfigError(
        f"{name}: {what} holds a character that no HTTP header may hold; allowed: printable ASCII",
        hint="look for a line break in it, and for quotes that a word processor made",
    )


def header_name(name: str) -> bool:
    """Whether a text is the name of a header that may be set."""
    return bool(_TOKEN.fullmatch(name)) and name.lower() not in _FRAMING


def headers(name: str, value: Any) -> dict[str, str]:
    """A copy of headers by their names, without the white space around values; they are not shown.

    Raises:
        ConfigError: No mapping of texts, two names that are one, or what a header may not be or hold.
    """
    if value is None:
        return {}
    try:
        given = dict(value.items()) if isinstance(value, Mapping) else None
    except Exception:  # noqa: BLE001 - a mapping of the caller's may raise anything
        given = None
    texts = given is not None and all(isinstance(word, str) for pair in given.items() for word in pair)
    if given is None or not texts:
        raise hidden(name, "a dict of headers: names and values, both text")
    found: dict[str, str] = {}
    for header, text_ in given.items():
        if not header_name(header) or header.lower() in _WIRES:
            raise ConfigError(f"{name}: {shown(header)} is not the name of a header that may be set")
        if any(known.lower() == header.lower() for known in found):
            raise ConfigError(f"{name}: {shown(header)} is given twice; capitals make no difference")
        found[header] = header_value(name, str.strip(text_), f"the value of {header}")
    return found


def region(name: str, value: Any) -> None:
    """The name of an AWS region."""
    if not (isinstance(value, str) and _REGION.fullmatch(value)):
        raise unusable(name, value, "a region's name, such as us-east-1")


def table(name: str, value: Any) -> None:
    """The name of a DynamoDB table."""
    if value is not None and not (isinstance(value, str) and _TABLE.fullmatch(value)):
        raise unusable(name, value, "3 to 255 of the characters a-z, A-Z, 0-9, _, . and -")


def path(name: str, value: Any) -> str | None:
    """A path as text; None for None and for nothing.

    Raises:
        ConfigError: No path, or one that no file system takes.
    """
    if value is None:
        return None
    try:
        found = os.fspath(value)
        usable = isinstance(found, str) and "\0" not in found
        os.fsencode(found)
    except Exception:  # noqa: BLE001 - __fspath__ is the caller's
        usable = False
    if not usable:
        raise unusable(name, value, "a path: text or a pathlib.Path")
    return found or None


def url(name: str, value: Any, *, login: bool = True) -> SplitResult | None:
    """The parts of an http or https address; None for None and for nothing.

    Args:
        name: The field or variable.
        value: What it holds.
        login: It may hold a name and a password.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise unusable(name, value, _URL)
    if not (stripped := str.strip(value)):
        return None
    if (parts := _split(stripped)) is None:
        raise unusable(name, value, _URL)
    if not login and "@" in parts.netloc:
        raise unusable(name, value, "a URL without a login: calls to AWS are signed instead")
    return parts


def without_login(parts: SplitResult) -> str:
    """The address without name, password, query and a slash at its end."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _split(value: str) -> SplitResult | None:
    if _NOT_IN_URL.search(value):
        return None
    try:
        parts = urlsplit(value)
        if _holds_nothing(parts.hostname or ""):
            return None
        # Also refuses what no resolver takes: an empty label, or one that is too long.
        host = (parts.hostname or "").encode("idna").decode()
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and not parts.fragment
    except ValueError:  # of which UnicodeError is one
        return None
    return parts if usable and _HOST.fullmatch(host) else None


def _holds_nothing(host: str) -> bool:
    """Whether a host's name has characters that IDNA drops in silence, such as a soft hyphen."""
    if host.isascii():
        return False
    from stringprep import in_table_b1  # noqa: PLC0415 - hardly ever needed

    return any(map(in_table_b1, host))
