"""Which proxy the environment asks for, as Python's ``urllib`` reads it; a test compares."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from smartllm import values
from smartllm.environment import Environment, Source
from smartllm.errors import ConfigError

_ENDING: Final = "_proxy"


class Proxy(NamedTuple):
    """A proxy's address, and the variable that names it."""

    url: str
    source: Source

    def __repr__(self) -> str:
        return f"Proxy({self.source.name})"


class Proxies:
    """The proxies of an environment.

    Args:
        environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in capitals or not.
    """

    __slots__ = ("_found", "_system")

    def __init__(self, environment: Environment) -> None:
        self._found = _proxies(environment)
        self._system = environment.own and not self._found and sys.platform in {"darwin", "win32"}

    @property
    def secrets(self) -> list[str]:
        """Passwords in the proxies' addresses, as they are written and as they are sent."""
        found = []
        for _, value in self._found.values():
            login = value.rpartition("@")[0]
            if password := login.rpartition("//")[2].partition(":")[2]:
                found += [password, unquote(password)]
        return found

    def proxy_for(self, address: str) -> Proxy | None:
        """The proxy for an address.

        Raises:
            ConfigError: The one that would be used is not an HTTP proxy; names the variable.
        """
        parts = urlsplit(address)
        netloc = parts.netloc.rpartition("@")[2]
        if self._system:
            from urllib import request  # noqa: PLC0415 - slow to load, and only there

            name, proxy = "the system's proxy", request.getproxies().get(parts.scheme, "")
            bypassed = bool(proxy) and bool(request.proxy_bypass(netloc))
        else:
            name, proxy = self._found.get(parts.scheme) or self._found.get("all") or ("", "")
            bypassed = _bypass(netloc, self._found.get("no", ("", ""))[1])
        if not proxy or bypassed:
            return None
        return Proxy(_usable(name, proxy), Source("environment", name))


def _proxies(environment: Environment) -> dict[str, tuple[str, str]]:
    """Variable and value by scheme; names in small letters win, and an empty one takes the other away."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in environment.items():
        scheme = name.lower().removesuffix(_ENDING)
        if scheme != name.lower() and value:
            found[scheme] = (name, value)
    if "REQUEST_METHOD" in environment:
        # A CGI script gets a request's header "Proxy:" as HTTP_PROXY (CVE-2016-1000110).
        found.pop("http", None)
    for name, value in environment.items():
        if not name.endswith(_ENDING):
            continue
        scheme = name.lower().removesuffix(_ENDING)
        if value:
            found[scheme] = (name, value)
        else:
            found.pop(scheme, None)
    return {
        scheme: (name, stripped) for scheme, (name, value) in found.items() if (stripped := value.strip())
    }


def _bypass(netloc: str, excluded: str) -> bool:
    """Whether NO_PROXY names a host, or an ending of its name."""
    if excluded == "*":
        return True
    full = netloc.lower()
    bare, colon, port = full.rpartition(":")
    hosts = {full, bare} if colon and port.isdecimal() else {full}
    hosts |= {host.strip("[]") for host in hosts}
    for entry in excluded.lower().split(","):
        name = entry.strip().lstrip(".")
        if name and any(host == name or host.endswith(f".{name}") for host in hosts):
            return True
    return False


def _usable(name: str, proxy: str) -> str:
    """The proxy's address; without a scheme it is http, as curl reads it."""
    url = proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"
    allowed = "the URL of an HTTP proxy: http://host:port"
    try:
        values.url(name, url)
    except ConfigError:
        socks = url.lower().startswith("socks")
        hint = "SOCKS is not spoken; set HTTPS_PROXY, or name the host in NO_PROXY" if socks else ""
        raise values.unusable(
            name, proxy, allowed, hint or "name the host in NO_PROXY to go without"
        ) from None
    return url
