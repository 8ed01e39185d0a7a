"""Which host a request is for, where its path belongs to several.

What tells it, in this order: the address; of a listing the headers that one host alone wants; the service
that a signature is for; the header that holds the key; the query; how a token begins; the model's id, as the
rules know its spellings, then by its form; last the order of the providers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from smartllm.errors import ConfigError, SmartLLMError
from smartllm.providers import PROVIDERS, provider_of_host, row_of
from smartllm.rules import resolve, served_on
from smartllm.rules.hosts import host_row, routes_of
from smartllm.rules.ids import id_problem
from smartllm.rules.names import parse
from smartllm.rules.target import stated_target

from .heard import dict_of, json_of

if TYPE_CHECKING:
    from smartllm.rules import RuleSet

HEADER: Final = "x-smartllm-provider"
"""A request that carries this header is for the provider that it names, or for that host of one."""

_AUTHORIZATION: Final = "authorization"
_SCOPE: Final = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/([^/,\s]+)/aws4_request")
_USUAL: Final = frozenset({"accept"})
_TAKEN: Final = 2
# platform.openai.com/docs/api-reference/authentication, platform.claude.com/docs/en/api/overview,
# docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html (long-term, short-term), a JSON web token of
# Microsoft Entra; 2026-11-27.
_TOKENS: Final = (
    ("sk-ant-", "anthropic"),
    ("sk-", "openai"),
    ("ABSK", "bedrock"),
    ("bedrock-api-key-", "bedrock"),
    ("eyJ", "azure"),
)
"""How tokens begin, by the provider that gives them."""


@dataclass(frozen=True)
class Said:
    """What a request says beside its path.

    Attributes:
        headers: Its headers, with names in lower case.
        query: Its query.
        body: Its body.
        address: The host and port that it was sent to, where that is not the server's own.
        listing: It asks for a listing.
    """

    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""
    address: str = ""
    listing: bool = False

    @cached_property
    def model(self) -> str:
        """The model that the body names; empty where it names none."""
        try:
            found = dict_of(json_of(self.body)).get("model")
        except ValueError:
            return ""
        return found if isinstance(found, str) else ""

    @property
    def service(self) -> str:
        """The service that the request is signed for; empty without a signature."""
        return service_in(self.headers)


def service_in(headers: Mapping[str, str]) -> str:
    """The service that a request is signed for; empty without a signature.

    Args:
        headers: Its headers, with names in lower case.
    """
    found = _SCOPE.search(headers.get(_AUTHORIZATION, ""))
    return found[1] if found else ""


def hosts_named(name: str, rules: RuleSet) -> tuple[str, ...]:
    """The host of a name, or all hosts of the provider of that name.

    Raises:
        ConfigError: There is no such host.
    """
    hosts = tuple(rules.table("host"))
    if name not in hosts:
        raise ConfigError(f"provider={name!r} is not known; allowed: {', '.join(hosts)}")
    return tuple(host for host in hosts if provider_of_host(host) == name) or (name,)


def told_among(hosts: Collection[str], said: Said, rules: RuleSet) -> tuple[str, str]:
    """The host among several that a request is for, and what told it; "" where its path alone does.

    Args:
        hosts: Those whose path it is.
        said: What it says beside.
        rules: The rules in force.
    """
    left, told = narrowed(hosts, said, rules)
    if len(left) > 1:
        told.append(f"the first of {', '.join(left)}, which nothing tells apart")
    return left[0], ", ".join(told)


def narrowed(hosts: Collection[str], said: Said, rules: RuleSet) -> tuple[Sequence[str], list[str]]:
    """As ``told_among``: the hosts that are left, the first one most, and what told them from others."""
    left: Sequence[str] = sorted(
        dict.fromkeys(hosts), key=lambda host: PROVIDERS.index(provider_of_host(host))
    )
    told: list[str] = []
    for clue in _CLUES:
        if len(left) == 1:
            break
        found, words = clue(left, said, rules)
        if found and len(found) < len(left):
            left = found
            told.append(words)
    return left, told


_Clue = Callable[[Sequence[str], Said, "RuleSet"], tuple[list[str], str]]


def _address(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:
    name = urlsplit(f"//{said.address}").hostname or ""
    found = [host for host in hosts if name and _is_at(name, host, rules)]
    return found, f"the address {name}"


def _is_at(name: str, host: str, rules: RuleSet) -> bool:
    """Whether a name on the network is a host's own."""
    row, own = row_of(host), host_row(host, rules).address
    if own:
        before, _, after = (urlsplit(own).hostname or "").partition("{region}")
        return name.startswith(before) and name.endswith(after)
    if row.resource is not None:
        return name.endswith(row.resource.domains)
    public = urlsplit(row.public_address).hostname
    return name == public if public else name.startswith(row.service)


def _wanted(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:
    """Headers that each route of a host wants; its bodies go to paths that tell as much."""
    for name in said.headers if said.listing else ():
        found = [host for host in hosts if _always_wants(host, name, rules)]
        if found:
            return found, f"the header {name}"
    return [], ""


def _always_wants(host: str, name: str, rules: RuleSet) -> bool:
    wants = [{one.lower() for one in route.headers} - _USUAL for route in routes_of(host, rules).values()]
    return bool(wants) and all(name in one for one in wants)


def _signed(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:
    """A signature for one service alone; the other name of Amazon's is taken at all its doors."""
    service = said.service
    signing = {host: signing_name(host, rules) for host in hosts if host_row(host, rules).auth == "sigv4"}
    shared = [host for host in signing if service and service == row_of(host).signs_as]
    own = [host for host, name in signing.items() if service and service == name]
    return ([*signing] if shared or not own else own) if service else [], f"signed for {service}"


def _signed_so(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:
    found = [host for host in hosts if said.service and said.service == signing_name(host, rules)]
    return found, f"signed for {said.service}"


def signing_name(host: str, rules: RuleSet) -> str:
    """The service's name in signatures for a host; empty where nothing is signed."""
    return host_row(host, rules).signs_as or row_of(host).signs_as


def _key(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:  # noqa: ARG001 - a clue
    """A header for keys that one provider alone has."""
    for host in hosts:
        name = row_of(host).key_header.lower()
        if name != _AUTHORIZATION and name in said.headers:
            return [one for one in hosts if row_of(one).key_header.lower() == name], f"the header {name}"
    return [], ""


def _query(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:  # noqa: ARG001 - a clue
    given = parse_qs(said.query, keep_blank_values=True)
    for host in hosts:
        resource = row_of(host).resource
        if resource is not None and resource.query in given:
            return [one for one in hosts if row_of(one).resource == resource], f"the query {resource.query}"
    return [], ""


def _token(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:  # noqa: ARG001 - a clue
    scheme, _, token = said.headers.get(_AUTHORIZATION, "").partition(" ")
    for begins, provider in _TOKENS if scheme.lower() == "bearer" else ():
        if token.startswith(begins):
            return [host for host in hosts if provider_of_host(host) == provider], f"a token {begins}…"
    return [], ""


def _spelled(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:
    """An id that is spelled so at some of them."""
    found = [host for host in hosts if _spelling(said.model, host, rules) == _TAKEN]
    return found, f"the id {said.model}"


def _served(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:
    """A model that some of them serve, under whatever name."""
    return [host for host in hosts if _spelling(said.model, host, rules)], f"the model {said.model}"


def _spelling(model: str, host: str, rules: RuleSet) -> int:
    """2 for an id that a host takes, 1 for another of a model that it serves, 0 for what it does not."""
    try:
        found = resolve(model, rules) if model else None
        wires = served_on(found, host, rules) if found else ()
        if found is None or not wires:
            return 0
        if found.how != "exact" or found.model is None:
            return 1
        ids = stated_target(found, host, wires[0], rules).facts.ids
        return 1 if id_problem(model, found.model, ids, host) else _TAKEN
    except SmartLLMError:
        return 0


def _formed(hosts: Sequence[str], said: Said, rules: RuleSet) -> tuple[list[str], str]:  # noqa: ARG001 - a clue
    """An id with a vendor before it, or an ARN, or neither."""
    if not said.model:
        return [], ""
    theirs = parse(said.model).host
    amazons = [host for host in hosts if row_of(host).kind == "aws"]
    found = [host for host in hosts if provider_of_host(host) == theirs] if theirs else []
    return found or [host for host in hosts if host not in amazons], f"the form of the id {said.model}"


_CLUES: Final[tuple[_Clue, ...]] = (
    _address,
    _wanted,
    _signed,
    _key,
    _query,
    _token,
    _spelled,
    _formed,
    _served,
    _signed_so,
)
