"""Why a connection failed, and what to do: aiohttp's errors in words, with the setting to change."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from smartllm.errors import ConnectionFailedError
from smartllm.hosts.called import shown_address
from smartllm.said import ADDRESS, Named, said

NO_ANSWER: Final = "no answer from the provider: "
"""How the messages of broken connections begin."""

_FIRST_SERVER_ERROR: Final = 500
_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_WRONG_HOST: Final = frozenset({62, 64})
_SELF_SIGNED: Final = frozenset({18, 19, 20, 21})
_LONGEST: Final = 200
_OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})


class Cause(NamedTuple):
    """Why there is no answer.

    Attributes:
        message: What happened, with host and port.
        retryable: Whether it may pass.
        hint: The next step.
    """

    message: str
    retryable: bool
    hint: str


class _Place(NamedTuple):
    address: str
    proxy: str | None
    certificates_source: str

    @property
    def host(self) -> str:
        """Host and port as a person knows them."""
        parts = urlsplit(self.address)
        standard = {"http": 80, "https": 443}.get(parts.scheme)
        return (
            parts.netloc
            if ":" in parts.netloc.rpartition("]")[2] or not standard
            else f"{parts.netloc}:{standard}"
        )

    @property
    def proxy_hint(self) -> str:
        """Which proxy, where it comes from, and how to leave it out."""
        scheme = urlsplit(self.address).scheme.upper()
        shown = shown_address(self.proxy or "")
        return (
            f"the proxy {shown} comes from {scheme}_PROXY or ALL_PROXY (or their spelling in small letters); "
            "its login, if it needs one, goes into that address; NO_PROXY names hosts that need no proxy"
        )


def cause_of(error: BaseException, address: str, proxy: str | None, certificates_source: str) -> Cause:
    """Why a call failed below HTTP.

    Args:
        error: What aiohttp, or a socket, raised.
        address: The URL that was called.
        proxy: The proxy that was used, or None.
        certificates_source: Where the trusted certificates come from, such as ``SSL_CERT_FILE``.
    """
    place = _Place(shown_address(address), proxy, certificates_source)
    for kind, explain in _explained():
        if isinstance(error, kind):
            found = explain(error, place)
            if found is not None:
                return found
    return _other(error, place)


def connection_error(
    error: BaseException, *, model: str, address: str, proxy: str | None, certificates_source: str
) -> ConnectionFailedError:
    """Our error for what ``cause_of`` explains."""
    cause = cause_of(error, address, proxy, certificates_source)
    return ConnectionFailedError(
        f"{NO_ANSWER}{cause.message}",
        model=model,
        retryable=cause.retryable,
        hint=cause.hint,
        address=shown_address(address),
    )


def _explained() -> tuple[tuple[type[BaseException], Callable[[Any, _Place], Cause | None]], ...]:
    """Who explains which error; of an error's classes the most special comes first."""
    import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

    return (
        (aiohttp.ClientConnectorCertificateError, _certificate),
        (aiohttp.ClientConnectorSSLError, _tls),
        (ssl.SSLCertVerificationError, _bare_certificate),
        (ssl.SSLError, _bare_tls),
        (aiohttp.ClientHttpProxyError, _refused_by_proxy),
        (aiohttp.ClientProxyConnectionError, _no_proxy),
        (aiohttp.ClientConnectorDNSError, _unknown_host),
        (aiohttp.ClientConnectorError, _refused),
        (aiohttp.ClientResponseError, _not_http),
        (aiohttp.ServerDisconnectedError, _hung_up),
        (aiohttp.ClientPayloadError, _cut_off),
        (aiohttp.InvalidURL, _bad_address),
        (aiohttp.NonHttpUrlClientError, _bad_address),
        (ValueError, _bad_headers),
        (OSError, _system),
    )


def _certificate(error: Any, place: _Place) -> Cause:
    return _bare_certificate(error.certificate_error, place)


def _bare_certificate(error: BaseException, place: _Place) -> Cause:
    number = getattr(error, "verify_code", None)
    reason = getattr(error, "verify_message", None) or str(error)
    if number in {_EXPIRED, _NOT_YET_VALID}:
        hint = (
            "check this machine's clock; else whoever runs the server (or a proxy on the way) has to renew it"
        )
    elif number in _WRONG_HOST:
        hint = "check the host in the address: the certificate was made for another name"
    else:
        made = " that a company's proxy or firewall may have made" if number in _SELF_SIGNED else ""
        hint = said(
            "if this is a certificate{} and you trust it, add its authority to a file of certificates "
            "and name it in {} (or SSL_CERT_FILE); those in use come from {}",
            made,
            Named("ca_bundle"),
            place.certificates_source,
        )
    return Cause(f"the certificate of {place.host} is not accepted: {_short(reason)}", False, hint)


def _tls(error: Any, place: _Place) -> Cause:
    return _bare_tls(error.os_error, place)


def _bare_tls(error: BaseException, place: _Place) -> Cause:
    reason = str(getattr(error, "reason", None) or type(error).__name__)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Cause(f"{place.host} ended the TLS connection", True, "check the network and the address")
    hint = f"check that {place.host} speaks TLS; where it speaks plain HTTP the address begins with http://"
    return Cause(f"no TLS connection to {place.host}: {_short(reason)}", False, hint)


def _refused_by_proxy(error: Any, place: _Place) -> Cause:
    told = f"the proxy answered {error.status} {_short(error.message or '')}".rstrip()
    passing = error.status >= _FIRST_SERVER_ERROR or error.status == 0
    return Cause(f"{told} instead of a connection to {place.host}", passing, place.proxy_hint)


def _no_proxy(error: Any, place: _Place) -> Cause:
    reason = _short(error.os_error.strerror or str(error.os_error))
    told = f"no connection to the proxy {shown_address(place.proxy or '')} ({reason})"
    return Cause(told, True, place.proxy_hint)


def _unknown_host(error: Any, place: _Place) -> Cause:
    name = urlsplit(place.address).hostname
    reason = _short(error.os_error.strerror or str(error.os_error))
    hint = "check the spelling of the host, the network and its name server"
    return Cause(f"connection failed: the host {name} is not known here ({reason})", True, hint)


def _refused(error: Any, place: _Place) -> Cause:
    number = error.os_error.errno
    told = os.strerror(number) if isinstance(number, int) and number > 0 else error.os_error.strerror
    reason = _short(
        told or str(error.os_error)
    )  # asyncio's own text names the address once more, and no reason
    if number in _OUT_OF_FILES:
        return _system(error.os_error, place)
    hint = f"check that the server runs at {place.host}, the network and the address"
    return Cause(f"connection failed to {place.host} ({reason})", True, hint)


def _not_http(error: Any, place: _Place) -> Cause:
    from aiohttp.http_exceptions import LineTooLong  # noqa: PLC0415 - an extra, loaded on first use

    reason = _short(" ".join(str(error.message or type(error).__name__).split()))
    large = isinstance(_root(error), LineTooLong) or "Too many headers" in reason
    if large:
        hint = "whoever runs the server (or a proxy on the way) has to send fewer or shorter headers"
        return Cause(f"{place.host} sent headers that are too large: {reason}", False, hint)
    hint = f"check that {place.host} speaks HTTP"
    return Cause(f"connection failed: {place.host} sent what is no HTTP ({reason})", True, hint)


def _root(error: BaseException) -> BaseException:
    """The first of the errors that led to this one; aiohttp wraps its parser's once or twice, by version."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _hung_up(error: Any, place: _Place) -> Cause:
    reason = error.message if isinstance(error.message, str) else "an answer that is not whole"
    told = f"connection failed: {place.host} closed it ({_short(reason)})"
    return Cause(told, True, "check the server's log; a proxy on the way may have a shorter time limit")


def _cut_off(error: Any, place: _Place) -> Cause:
    told = (
        f"connection failed: {place.host} broke off the answer ({_short(str(error) or type(error).__name__)})"
    )
    return Cause(told, True, "check the server's log; a proxy on the way may have a shorter time limit")


def _bad_address(_: BaseException, place: _Place) -> Cause:
    also = "the proxy's address or " if place.proxy else ""
    hint = said("check {}{}", also, ADDRESS)
    return Cause(f"the address {place.address} is not usable", False, hint)


def _bad_headers(error: BaseException, _: _Place) -> Cause | None:
    if isinstance(error, OSError):  # certificate errors are both
        return None
    hint = said(
        "check the key, the organization, {} and variables of custom headers for line breaks",
        Named("default_headers"),
    )
    return Cause("a header cannot be sent: it holds characters that HTTP does not allow", False, hint)


def _system(error: Any, place: _Place) -> Cause:
    reason = _short(error.strerror or str(error) or type(error).__name__)
    if error.errno in _OUT_OF_FILES:
        hint = said("raise the limit of open files (ulimit -n), or lower {}", Named("max_concurrent"))
        return Cause(f"connection failed to {place.host} ({reason})", True, hint)
    return Cause(f"connection failed: {place.host} ({reason})", True, "check the network and the address")


def _other(error: BaseException, place: _Place) -> Cause:
    told = f"connection failed: {place.host} ({type(error).__name__})"
    return Cause(told, True, "check the network and the address")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
