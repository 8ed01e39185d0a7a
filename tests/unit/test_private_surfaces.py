"""What we use of other packages beside their documentation: where a change of it is noticed, by name.

Where the source itself matters, it is one of those that somebody has read (``READ``). Where what it does
says more, a test does it: in test_private_behaviour.py, or in the file that ``HELD`` names. What our code
uses of private names is in these tables.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from smartllm.runtime import aws_credentials
from smartllm.runtime.cache.aws_http import direct_session
from smartllm.runtime.wire import connections

TESTS: Final = Path(__file__).parent.parent
PACKAGE: Final = TESTS.parent / "smartllm"
WIRE: Final = ("aiobotocore", "aiohttp", "aiolimiter", "botocore", "openai")
FOREIGN: Final = ("aiobotocore", "aiohttp", "aiolimiter", "botocore", "openai", "pydantic", "tomli")


class Source(NamedTuple):
    """A piece of another package that somebody has read.

    Attributes:
        digests: Of its text, with the versions that have it so.
        check: What must hold in a new text before its digest is added here.
    """

    digests: dict[str, str]
    check: str


READ: Final[dict[str, Source]] = {
    "aiohttp.connector:BaseConnector._get": Source(
        {"df8cd86734525ce6": "3.14.2 to 3.14.3", "c309b6839d060d08": "3.14.4 to 3.14.5"},
        "it takes connections from the left of _conns[key], a deque of pairs that begin with the protocol; "
        "it deletes the key with the last of them; what it gives back has the protocol as .protocol",
    ),
    "aiohttp.connector:BaseConnector._release": Source(
        {"efb388c6174bdb43": "3.14.2 to 3.14.5"},
        "whatever is kept for another call comes through here, and the connection is not given out before",
    ),
    "aiohttp.connector:BaseConnector.connect": Source(
        {"752dbbbd61faf8e2": "3.14.2 to 3.14.5"},
        "_get alone gives kept connections out, at the beginning and after a wait for a place; None of it "
        "makes a new one",
    ),
    "aiohttp.connector:BaseConnector.__del__": Source(
        {"1eb62bb2eef0366c": "3.14.2 to 3.14.5"},
        "it warns and closes, and does nothing else that Owned.__del__ would have to do",
    ),
    "aiohttp.client_proto:ResponseHandler.data_received": Source(
        {"5ffa6b228a7468e3": "3.14.2 to 3.14.3", "f4892860cc4fcba6": "3.14.4 to 3.14.5"},
        "every byte comes through here; b'' is aiohttp's own call, to go on where it had paused",
    ),
    "aiohttp.client_proto:ResponseHandler.force_close": Source(
        {"a3d53bd9b809d02e": "3.14.2 to 3.14.5"},
        "after it should_close is true, and nothing else has happened",
    ),
    "aiohttp.client_proto:ResponseHandler.should_close": Source(
        {"67dfbace44c24b1a": "3.14.2 to 3.14.5"},
        "it is true for a connection whose last answer was not read to its end, or on which more has come",
    ),
    "aiohttp.client:ClientSession.detach": Source(
        {"f011794043d0ba08": "3.14.2 to 3.14.5"},
        "the session counts as closed, its connector is not closed, and nothing wants an event loop",
    ),
    "aiohttp.client:ClientSession.__del__": Source(
        {"3050debe9e9ed800": "3.14.2 to 3.14.5"},
        "it says nothing where `closed` is true, which a connector without an owner makes so",
    ),
    "aiobotocore.httpsession:AIOHTTPSession._get_session": Source(
        {"4353a3b938f88d9f": "3.7.0 to 3.9.2", "b71e40c5a3668ee0": "3.10.0"},
        "it gives out aiohttp's session itself, the same one for each call to a proxy or to none, and closes "
        "it in __aexit__; `send` calls nothing of it but `request`",
    ),
}

HELD: Final[dict[str, str]] = {
    # aiohttp
    "BaseConnector._factory, _conns, _loop": "unit/test_private_behaviour.py::test_connections_are_ours",
    "BaseConnector.closed": "unit/test_private_behaviour.py::test_a_session_asks_its_connector",
    "TCPConnector(socket_factory=)": "owners/test_connections.py::test_probes_keep_a_silent_connection",
    "ResponseHandler.transport": "owners/test_unasked_bytes.py::test_unasked_bytes_are_nobodys_answer",
    "finalizers that say nothing": "owners/test_unclosed.py::test_a_client_that_is_never_closed_is_silent",
    "order of the exceptions": "unit/test_private_behaviour.py::test_the_most_special_cause_comes_first",
    "ServerDisconnectedError.message": "unit/test_private_behaviour.py::test_what_a_broken_answer_left",
    "ClientConnectorCertificateError.certificate_error, SSLError.reason, .verify_code": (
        "unit/test_causes.py::test_a_certificate_that_is_not_accepted"
    ),
    "ClientConnectorSSLError.os_error": "unit/test_causes.py::test_plain_http_where_tls_is_expected",
    "ClientHttpProxyError.status, .message": "unit/test_causes.py::test_a_proxy_that_refuses",
    "ClientProxyConnectionError.os_error": "unit/test_causes.py::test_a_proxy_that_is_not_there",
    "ClientConnectorDNSError.os_error": "unit/test_causes.py::test_a_host_that_nobody_knows",
    "ClientConnectorError.os_error": "unit/test_causes.py::test_a_refused_connection",
    "LineTooLong, 'Too many headers', ClientPayloadError": (
        "unit/test_causes.py::test_a_server_that_answers_badly"
    ),
    "InvalidURL, NonHttpUrlClientError": "unit/test_causes.py::test_an_address_that_is_none",
    "ValueError of a header": "unit/test_causes.py::test_a_header_that_cannot_be_sent",
    "RuntimeError of a closed session": "owners/test_closing.py::test_streams_and_who_waits_behind_them_end",
    # botocore, aiobotocore
    "aiohttp's session as aiobotocore uses it": (
        "unit/test_private_behaviour.py::test_the_tables_session_follows_nobody_and_has_an_owner"
    ),
    "SigV4Auth.add_auth on an AWSRequest, with credentials of ours": (
        "unit/test_private_behaviour.py::test_a_signature_is_botocores"
    ),
    "X-Amz-Content-SHA256 in place of a body": (
        "unit/test_private_behaviour.py::test_the_signature_of_a_body_in_parts_is_that_of_its_bytes"
    ),
    "a Content-Length beside an asynchronous body": (
        "unit/test_media_sent.py::test_a_body_with_media_goes_out_in_parts_as_one"
    ),
    "paths, headers and what is signed": (
        "unit/test_runtime.py::test_what_goes_out_is_what_botocore_would_send"
    ),
    "get_credentials, get_frozen_credentials": (
        "unit/test_runtime_settings.py::test_a_shared_credentials_file"
    ),
    "endpoints of regions": "unit/test_settings_aws.py::test_every_region_has_botocores_address",
    "endpoints of settings": "unit/test_settings_aws.py::test_the_endpoint_is_botocores",
    "keys of the environment": "unit/test_settings_aws.py::test_keys_of_the_environment_are_botocores",
    "cacert.pem": "unit/test_settings_network.py::test_bedrocks_certificates_are_botocores",
    # openai
    "address": "unit/test_settings_openai.py::test_the_address_is_the_sdks",
    "headers": "unit/test_settings_openai.py::test_the_headers_are_the_sdks",
    "certificates": "unit/test_settings_network.py::test_openais_certificates_are_the_sdks",
    # pydantic
    "loc of a union's arm and of a key, type, first letter of msg": (
        "unit/test_private_behaviour.py::test_where_pydantic_finds_a_mistake"
    ),
    "vars of a model": "unit/test_private_behaviour.py::test_a_models_variables_are_its_fields",
    # the rest
    "AsyncLimiter.max_rate": "unit/test_private_behaviour.py::test_the_bucket_tells_its_size",
    "TOMLDecodeError.lineno, .msg": "unit/test_private_behaviour.py::test_where_tomli_finds_a_mistake",
    "asyncio.Timeout.reschedule, expired": (
        "unit/test_private_behaviour.py::test_a_timeout_can_be_ended_by_somebody_else"
    ),
    "loop.shutdown_asyncgens": "unit/test_private_behaviour.py::test_a_loop_finishes_its_generators",
}

DOCUMENTED: Final = {"_asdict", "_fields", "_make", "_replace"}  # of a NamedTuple
OURS: Final = {
    # Private names of classes of our own, used beside them.
    "smartllm/runtime/wire/connections.py": {"_process"},
    "smartllm/runtime/control/owner.py": {"_inherit"},
    "smartllm/sync.py": {"_many"},
    "smartllm/plugins/rows.py": {"_settings"},
    "smartllm/runtime/batch/journal.py": {"_begin"},
}

SUBCLASSES: Final[dict[str, set[str]]] = {
    # What our subclasses of others' classes replace or use of them, beside what is public.
    "Connector": {"__init__", "_conns", "_factory", "_get", "_loop", "_release"},
    "Owned": {"__del__", "_loop", "closed"},
    "_Protocol": {"data_received"},
    "DirectSession": {"_get_session"},
    "OwnCredentials": {"__init__", "get_frozen_credentials"},
}
MADE: Final[dict[str, Any]] = {"OwnCredentials": aws_credentials}
"""Where those are that do not stand beside the connections."""


def found(place: str) -> Any:
    """What a name of READ means."""
    module, _, path = place.partition(":")
    value: Any = import_module(module)
    for part in path.split("."):
        value = inspect.getattr_static(value, part)
    return value.fget if isinstance(value, property) else value


@pytest.mark.parametrize("place", READ)
def test_the_source_is_one_that_was_read(place: str) -> None:
    package = place.partition(".")[0]
    told = f"{place} of {package} {version(package)}"
    try:
        text = textwrap.dedent(inspect.getsource(inspect.unwrap(found(place))))
    except AttributeError:
        pytest.fail(f"{told} is gone; it did: {READ[place].check}")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert digest in READ[place].digests, (
        f"{told} has changed. Read it beside what uses it (grep -r {place.rpartition('.')[2]} smartllm) and "
        f"check that {READ[place].check}. Then add {digest!r} with the version to READ."
    )


@pytest.mark.parametrize("surface", HELD)
def test_what_holds_a_surface_is_there(surface: str) -> None:
    file, _, name = HELD[surface].partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert name in defined, f"{HELD[surface]} held {surface!r}; name the test that does now"


def test_no_other_private_name_is_used() -> None:
    used: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for name in private_names(ast.parse(path.read_text(encoding="utf-8"))):
            used.setdefault(path.relative_to(PACKAGE.parent).as_posix(), set()).add(name)
    assert used == OURS, "say in READ or HELD what holds it, or in OURS that it is none of others"


def private_names(tree: ast.Module) -> Iterator[str]:
    """Private attributes of whatever is neither self nor the class's parent."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            of = node.value.func if isinstance(node.value, ast.Call) else node.value
            owns = isinstance(of, ast.Name) and of.id in {"self", "cls", "super"}
            if not owns and node.attr not in DOCUMENTED:
                yield node.attr


@pytest.mark.parametrize("name", SUBCLASSES)
def test_subclasses_touch_what_is_listed(name: str) -> None:
    kind: type = direct_session() if name == "DirectSession" else getattr(MADE.get(name, connections), name)
    parents = connections.Connector.__mro__ if name == "Owned" else kind.__mro__
    theirs = {
        word
        for parent in parents
        if parent.__module__.partition(".")[0] in FOREIGN
        for word in {*vars(parent), *words_of(parent)}
    }
    replaced = {word for word, value in vars(kind).items() if callable(value) or isinstance(value, property)}
    used = {word for word in words_of(kind) if word.startswith("_") and not word.startswith("__")}
    assert (replaced | used) & theirs == SUBCLASSES[name]


def words_of(kind: type) -> set[str]:
    """The attributes that a class's methods use."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_every_subclass_is_listed() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if not any(package in text for package in WIRE):
            continue
        tree = ast.parse(text)
        known = from_the_wire(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base).partition(".")[0] in known for base in node.bases
            ):
                assert node.name in SUBCLASSES, f"{path.name}: what does {node.name} replace or use?"


def from_the_wire(tree: ast.Module) -> set[str]:
    """The names in a module that come from one of the packages that carry calls."""
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).partition(".")[0] in WIRE
    }
