"""Which certificates are trusted: what the SDKs trust, found without loading them."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smartllm.aws_files import aws_text, profile_in_use, profiles
from smartllm.environment import Environment, Source
from smartllm.errors import ConfigError

if TYPE_CHECKING:
    import ssl

# Where Linux distributions keep them, for an OpenSSL that was built for other places (truststore 0.10.5,
# _openssl.py, 2026-11-26).
_USUAL: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)
_HASHED: Final = re.compile(r"[0-9a-fA-F]{8}\.\d", re.ASCII)
_HINT: Final = "point it at a file of certificates in PEM form"
_HINTS: Final = {"environment": f"{_HINT}, or unset it", "setting": f"{_HINT}, or leave it out"}


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates of the authorities that a connection trusts.

    Attributes:
        cafile: A file of them; None with ``capath`` None for the operating system's.
        capath: A folder of them, as OpenSSL's ``rehash`` makes it.
        source: What names them.
    """

    cafile: str | None
    capath: str | None
    source: Source

    def check(self) -> None:
        """Raise ConfigError for what is not there or has nothing in it."""
        place = self.cafile or self.capath
        if place is None or self.source.kind == "default":
            return
        try:
            if self.cafile is not None and not Path(place).stat().st_size:
                raise self._unusable("the file is empty")
            if self.capath is not None and not Path(place).is_dir():
                raise self._unusable("there is no such folder")
        except (OSError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise self._unusable(getattr(error, "strerror", None) or "no path") from None

    def context(self) -> ssl.SSLContext:
        """What TLS connections are made with; reads the certificates, which takes milliseconds.

        Raises:
            ConfigError: They cannot be read.
        """
        import ssl  # noqa: PLC0415 - slow to load, and only for https

        try:
            if self.cafile is not None or self.capath is not None:
                return ssl.create_default_context(cafile=self.cafile, capath=self.capath)
            return _system_context()
        except (OSError, ValueError) as error:  # of which ssl.SSLError is one
            raise self._unusable(getattr(error, "strerror", None) or "it holds no certificates") from None

    def _unusable(self, reason: str) -> ConfigError:
        place = self.cafile or self.capath
        hint = _HINTS.get(self.source.kind, "check the installation")
        return ConfigError(f"{self.source.name}={place!r} is not usable: {reason}", hint=hint)


def given_by(path: str) -> Certificates:
    """Those of ``ca_bundle``.

    Args:
        path: A file or a folder.
    """
    return _place(path, Source("setting", "ca_bundle"))


def for_openai(environment: Environment, profile: str | None = None) -> Certificates:  # noqa: ARG001 - as the other
    """As the openai SDK's HTTP library: SSL_CERT_FILE, else SSL_CERT_DIR, else the system's."""
    if (file := environment.first("SSL_CERT_FILE")) is not None:
        return Certificates(file.value, None, file.source)
    if (folder := environment.first("SSL_CERT_DIR")) is not None:
        return Certificates(None, folder.value, folder.source)
    return Certificates(None, None, Source("default", "the operating system's certificates"))


def for_aws(environment: Environment, profile: str | None = None) -> Certificates:
    """As botocore: AWS_CA_BUNDLE, the profile's ca_bundle, REQUESTS_CA_BUNDLE, certifi's, its own.

    Args:
        environment: The variables.
        profile: The profile in use; None takes the environment's.
    """
    found = environment.first("AWS_CA_BUNDLE")
    if found is None and (bundle := _of_profile(environment, profile)) is not None:
        return _place(bundle, Source("environment", "ca_bundle of the AWS profile"))
    found = found or environment.first("REQUESTS_CA_BUNDLE")
    if found is not None:
        return _place(found.value, found.source)
    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            file = Path(spec.origin).with_name("cacert.pem")
            return Certificates(str(file), None, Source("default", package))
    return Certificates(None, None, Source("default", "the operating system's certificates"))


def _of_profile(environment: Environment, profile: str | None) -> str | None:
    if "ca_bundle" not in aws_text(environment):
        return None
    if profile is None:
        found = profile_in_use(environment)
        profile = "default" if found is None else found.value
    bundle = (profiles(environment) or {}).get(profile, {}).get("ca_bundle")
    return os.path.expandvars(bundle) if bundle else None


def _place(path: str, source: Source) -> Certificates:
    folder = os.path.isdir(path)  # noqa: PTH112 - False for a path of any content
    return Certificates(None, path, source) if folder else Certificates(path, None, source)


def _system_context() -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - as above

    if sys.platform in {"darwin", "win32"} and find_spec("truststore") is not None:
        import truststore  # noqa: PLC0415 - comes with the openai SDK

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = (
        ssl.create_default_context() if sys.platform == "win32" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    # OpenSSL's own places, without a look at SSL_CERT_FILE and SSL_CERT_DIR, which are settled by now.
    places = ssl.get_default_verify_paths()
    cafile = places.openssl_cafile if Path(places.openssl_cafile).is_file() else None
    capath = places.openssl_capath if Path(places.openssl_capath).is_dir() else None
    if capath is not None and cafile is None and not any(map(_HASHED.fullmatch, os.listdir(capath))):  # noqa: PTH208
        capath = None
    if cafile is None and capath is None:
        cafile = next(filter(os.path.isfile, _USUAL), None)
    if cafile is not None or capath is not None:
        context.load_verify_locations(cafile, capath)
    return context
