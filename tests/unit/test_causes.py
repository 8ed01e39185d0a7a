"""Why there is no answer, told from real connections: certificates, proxies, hosts, servers that break."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import trustme

from smartllm.errors import ConnectionFailedError
from smartllm.runtime.wire.causes import Cause, cause_of, connection_error

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()
OLD = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@asynccontextmanager
async def server(said: bytes = b"", *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port where each connection is answered with some bytes, once something was asked, and closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1)
            writer.write(said)
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


async def caught(url: str, *, proxy: str | None = None, source: str = "certifi", **fields: Any) -> Cause:
    """What is said of the failure of one call."""
    ssl_context = trusting() if url.startswith("https") else True
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssl_context)) as session:
        try:
            async with session.post(url, data=b"{}", proxy=proxy, **fields) as response:
                await response.read()
        except Exception as error:  # noqa: BLE001 - which, is the point
            return cause_of(error, url, proxy, source)
    raise AssertionError("it worked")


# Certificates: never retried


@pytest.mark.parametrize(
    ("certificate", "reason", "hint"),
    [
        (lambda: STRANGER.issue_cert("localhost"), "unable to get local issuer", "SSL_CERT_FILE"),
        (lambda: AUTHORITY.issue_cert("localhost", not_after=OLD), "expired", "check this machine's clock"),
        (lambda: AUTHORITY.issue_cert("other.example"), "Hostname mismatch", "check the host in the address"),
    ],
    ids=["unknown-authority", "expired", "another-host"],
)
async def test_a_certificate_that_is_not_accepted(
    certificate: Callable[[], trustme.LeafCert], reason: str, hint: str
) -> None:
    async with server(tls=serving(certificate())) as port:
        found = await caught(f"https://localhost:{port}/v1", source="SSL_CERT_FILE=/my/ca.pem")
    assert f"the certificate of localhost:{port} is not accepted" in found.message
    assert reason in found.message
    assert hint in found.hint
    assert ("/my/ca.pem" in found.hint) == (hint == "SSL_CERT_FILE")
    assert not found.retryable


async def test_plain_http_where_tls_is_expected() -> None:
    async with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        found = await caught(f"https://localhost:{port}/v1")
    assert f"no TLS connection to localhost:{port}" in found.message
    assert "http://" in found.hint
    assert not found.retryable


async def test_a_tls_connection_that_ends_may_pass() -> None:
    found = cause_of(ssl.SSLEOFError(8, "EOF occurred"), "https://h/v1", None, "")
    assert found == Cause("h:443 ended the TLS connection", True, "check the network and the address")


def test_errors_of_the_socket_itself_are_known_too() -> None:
    error = ssl.SSLCertVerificationError("no")
    error.verify_code, error.verify_message = 18, "self-signed certificate"
    found = cause_of(error, "https://h/v1", None, "certifi")
    assert "self-signed" in found.message
    assert "a company's proxy" in found.hint
    assert not found.retryable
    assert not cause_of(ssl.SSLError(1, "[SSL] wrong version"), "https://h/v1", None, "").retryable


# Proxies


@pytest.mark.parametrize(
    ("status", "retryable"), [("407 Who", False), ("403 Forbidden", False), ("502 Bad", True)]
)
async def test_a_proxy_that_refuses(status: str, retryable: bool) -> None:
    async with server(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        proxy = f"http://user:canary@127.0.0.1:{port}"
        found = await caught("https://api.example/v1", proxy=proxy)
    assert found.message == f"the proxy answered {status} instead of a connection to api.example:443"
    assert f"http://127.0.0.1:{port} comes from HTTPS_PROXY or ALL_PROXY" in found.hint
    assert "canary" not in str(found)
    assert found.retryable == retryable


async def test_a_proxy_that_is_not_there() -> None:
    proxy = f"http://user:canary@127.0.0.1:{closed_port()}"
    found = await caught("http://api.example/v1", proxy=proxy)
    assert "no connection to the proxy http://127.0.0.1:" in found.message
    assert "HTTP_PROXY" in found.hint
    assert "canary" not in str(found)
    assert found.retryable


# Hosts and ports


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_refused_connection() -> None:
    port = closed_port()
    found = await caught(f"http://127.0.0.1:{port}/v1")
    assert found.message == f"connection failed to 127.0.0.1:{port} ({os.strerror(errno.ECONNREFUSED)})"
    assert f"the server runs at 127.0.0.1:{port}" in found.hint
    assert found.retryable


async def test_a_host_that_nobody_knows() -> None:
    found = await caught("http://user:canary@nowhere.invalid/v1")
    assert "the host nowhere.invalid is not known here" in found.message
    assert "canary" not in str(found)
    assert found.retryable


# Servers


@pytest.mark.parametrize(
    ("said", "message", "retryable"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000 + b"\r\n\r\n", "sent headers that are too large", False),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000 + b"\r\n", "sent headers that are too large", False),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "sent what is no HTTP", True),
        (b"", "closed it", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", "broke off the answer", True),
    ],
    ids=["long-header", "many-headers", "no-http", "hung-up", "cut-off"],
)
async def test_a_server_that_answers_badly(said: bytes, message: str, retryable: bool) -> None:
    async with server(said) as port:
        found = await caught(f"http://127.0.0.1:{port}/v1")
    assert message in found.message
    assert f"127.0.0.1:{port}" in found.message
    assert found.retryable == retryable
    assert len(found.message) < 400
    assert found.hint


# Settings


@pytest.mark.parametrize("url", ["http://", "ftp://host/x"])
async def test_an_address_that_is_none(url: str) -> None:
    found = await caught(url)
    assert "is not usable" in found.message
    assert "base_url" in found.hint
    assert not found.retryable


async def test_a_header_that_cannot_be_sent() -> None:
    async with server() as port:
        found = await caught(f"http://127.0.0.1:{port}/v1", headers={"X": "canary\r\nY: z"})
    assert "a header cannot be sent" in found.message
    assert "canary" not in str(found)
    assert not found.retryable


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "check the network"),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), "check the network"),
        (aiohttp.ClientConnectionError("Connector is closed"), "check the network"),
        (RuntimeError("Session is closed"), "check the network"),
    ],
)
def test_what_may_pass(error: Exception, said: str) -> None:
    found = cause_of(error, "http://host/v1", None, "")
    assert "connection failed" in found.message
    assert "host:80" in found.message
    assert said in found.hint
    assert found.retryable


def test_out_of_files_is_told_of_a_connection_too() -> None:
    key: Any = None
    error = aiohttp.ClientConnectorError(key, OSError(errno.EMFILE, "Too many open files"))
    assert "ulimit" in cause_of(error, "http://h/v1", None, "").hint


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://h/v1", "h:443"),
        ("http://h/v1", "h:80"),
        ("http://h:8000/v1", "h:8000"),
        ("https://[::1]/v1", "[::1]:443"),
        ("https://[::1]:8443/v1", "[::1]:8443"),
        ("https://user:pass@h/v1", "h:443"),
    ],
)
def test_host_and_port_are_named(address: str, host: str) -> None:
    assert f" {host} " in cause_of(OSError(errno.EPIPE, "Broken pipe"), address, None, "").message


# The error


def test_the_error_of_a_cause() -> None:
    error = connection_error(
        OSError(errno.ECONNRESET, "reset"),
        model="a-model",
        address="http://user:pass@h:8000/v1/responses?key=x",
        proxy=None,
        certificates_source="certifi",
    )
    assert type(error) is ConnectionFailedError
    assert str(error) == (
        "no answer from the provider: connection failed: h:8000 (reset)\n"
        "  model a-model, http://h:8000/v1/responses\n"
        "  hint: check the network and the address"
    )
    assert error.retryable
