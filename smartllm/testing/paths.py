"""The paths of the hosts' rows, each with its host; one path may be that of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from smartllm.hosts.listing import FOUNDATION_MODELS, INFERENCE_PROFILES, MODELS, VERSIONED_MODELS
from smartllm.providers import provider_of_host, row_of
from smartllm.rules.hosts import HostRow, Route, host_row, routes_of

if TYPE_CHECKING:
    from smartllm.rules import Dialect, RuleSet
    from smartllm.rules.vocabulary.counting import CountRoute
    from smartllm.rules.vocabulary.host import Listing

_BASE = "{base}"
_LISTED: dict[Listing, tuple[str, ...]] = {
    "openai": (MODELS,),
    "bedrock": (FOUNDATION_MODELS, INFERENCE_PROFILES),
    "anthropic": (VERSIONED_MODELS,),
    "mantle": (VERSIONED_MODELS,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One path of a host.

    Attributes:
        host: The host.
        row: Its row.
        path: The path below its address; ``{model}`` stands for the id.
        root: The path of its address.
        dialect: The format of bodies; None of a listing.
        its: The route.
        base: Where the model's API lies, as far as the path tells it.
        streamed: It is for streamed answers alone.
        count: How tokens are counted there, where that is what it is for.
    """

    host: str
    row: HostRow
    path: str
    root: str = ""
    dialect: Dialect | None = None
    its: Route = field(default_factory=Route)
    base: str = ""
    streamed: bool = False
    count: CountRoute | None = None

    def model_in(self, path: str, *, rooted: bool) -> str | None:
        """The model that a request target names, "" where such paths name none; None for another path.

        Args:
            path: The target, without its query, as it was sent: an id in it may hold a slash.
            rooted: The host's address has its usual path; otherwise any may stand there.
        """
        wanted = (self.root if rooted else "") + self.path
        before, named, after = wanted.partition("{model}")
        if not named:
            return "" if path.endswith(wanted) else None
        start = path.find(before)
        fits = start >= 0 and path.endswith(after) and len(path) > start + len(before) + len(after)
        return unquote(path[start + len(before) : len(path) - len(after)]) if fits else None


def places(rules: RuleSet) -> tuple[Place, ...]:
    """All paths at which bodies are answered, or counted."""
    return rules.remembered(_places)


def listings(rules: RuleSet) -> tuple[Place, ...]:
    """All paths that list models."""
    return rules.remembered(_listings)


def root_of(host: str) -> str:
    """The path of a host's own address."""
    row = row_of(host)
    if row.resource is None:
        return urlsplit(row.public_address).path
    return row.resource.older_path if host == row.resource.older else row.resource.path


def _places(rules: RuleSet) -> tuple[Place, ...]:
    return tuple(_found(rules))


def _found(rules: RuleSet) -> Iterator[Place]:
    bases = tuple(dict.fromkeys(_bases({name: rules.table(name) for name in ("profile", "model", "on")})))
    for host in rules.table("host"):
        row, root = host_row(host, rules), root_of(host)
        for dialect, its in routes_of(host, rules).items():
            ways: list[tuple[str, bool, CountRoute | None]] = [(its.path, False, None)]
            if its.stream_path:
                ways.append((its.stream_path, True, None))
            if its.count is not None:
                ways.append((its.count.path, False, its.count))
            for path, streamed, count in ways:
                for base in bases if _BASE in path else ("",):
                    yield Place(
                        host=host,
                        row=row,
                        path=path.replace(_BASE, base),
                        root=root,
                        dialect=dialect,
                        its=its,
                        base=base,
                        streamed=streamed,
                        count=count,
                    )


def _bases(node: Any) -> Iterator[str]:
    """Where the APIs of models lie, as any row states it."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "ids" and isinstance(value, dict) and value.get("base"):
            yield value["base"]
        yield from _bases(value)


def _listings(rules: RuleSet) -> tuple[Place, ...]:
    found: dict[tuple[str, str, str], Place] = {}
    for host in rules.table("host"):
        row, root = host_row(host, rules), root_of(host)
        for path in _LISTED[row.listing]:
            # What several doors of a provider list alike is its first one's.
            found.setdefault(
                (provider_of_host(host), root, path), Place(host=host, row=row, path=path, root=root)
            )
    return tuple(found.values())
