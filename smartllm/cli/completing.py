"""What a shell offers behind a Tab: ids, vendors, facts, keys of the cache, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from smartllm.errors import SmartLLMError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from smartllm.rules import RuleSet

Offer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, as the shell itself finds them."""
    return [_item(incomplete, "file")]


def folders(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders."""
    return [_item(incomplete, "dir")]


def _item(value: str, kind: str = "plain") -> CompletionItem:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - loads while somebody waits

    return CompletionItem(value, type=kind)


def _offer(find: Callable[[click.Context], Iterator[str]]) -> Offer:
    """Offer names that begin with what was typed; nothing where rules or folders cannot be read."""

    def offered(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        with suppress(SmartLLMError, OSError):
            found = dict.fromkeys(name for name in find(context) if name.startswith(incomplete))
            return [_item(name) for name in found]
        return []

    return offered


def _rules(context: click.Context) -> RuleSet:
    from smartllm.cli.requests.request_input import rules_in_force  # noqa: PLC0415 - loads while somebody waits

    return rules_in_force(context.params.get("rules") or ())


def _ids(context: click.Context) -> Iterator[str]:
    """The ids that hosts take, and the keys of the rules; what is retired comes last."""
    from smartllm.rules.hosts import all_hosts, doors_of  # noqa: PLC0415 - loads while somebody waits

    rules = _rules(context)
    asked: str | None = context.params.get("provider")
    gone: list[str] = []
    yield from _served(rules, doors_of(asked, rules) if asked else all_hosts(rules), gone)
    yield from rules.table("alias")
    yield from gone
    yield from rules.table("model")  # those that are served elsewhere alone


def _models_of_providers(context: click.Context) -> Iterator[str]:
    """Models that may take over: each behind its provider and a slash, without what is retired."""
    from smartllm.providers import PROVIDERS  # noqa: PLC0415 - loads while somebody waits
    from smartllm.rules.hosts import doors_of  # noqa: PLC0415 - same

    rules = _rules(context)
    for provider in PROVIDERS:
        yield from (f"{provider}/{name}" for name in _served(rules, doors_of(provider, rules), []))


def _ids_anywhere(context: click.Context) -> Iterator[str]:
    yield from _ids(context)
    yield from _models_of_doors(context)


def _models_of_doors(context: click.Context) -> Iterator[str]:
    """Models behind a provider or a single door of one, and a slash."""
    from smartllm.rules.hosts import doors_of  # noqa: PLC0415 - loads while somebody waits

    rules = _rules(context)
    for host in rules.table("host"):
        yield from (f"{host}/{name}" for name in _served(rules, doors_of(host, rules), []))


def _served(rules: RuleSet, hosts: Sequence[str], gone: list[str]) -> Iterator[str]:
    """The ids that hosts take, and the keys of their models; what is retired is added to ``gone``."""
    from datetime import UTC, datetime  # noqa: PLC0415 - loads while somebody waits

    from smartllm.rules import resolve, served_on, target_for  # noqa: PLC0415 - same
    from smartllm.rules.ids import usual_ids  # noqa: PLC0415 - same
    from smartllm.rules.life import state_on  # noqa: PLC0415 - same

    today = datetime.now(UTC).date()
    for key in rules.table("model"):
        resolution = resolve(key, rules)
        for host in hosts:
            wires = served_on(resolution, host, rules)
            if wires:
                facts = target_for(resolution, host, wires[0], rules).facts
                names = (*usual_ids(key, facts.ids), key)
                if state_on(facts.lifecycle, today) == "retired":
                    gone += names
                else:
                    yield from names


def _keys(context: click.Context) -> Iterator[str]:
    return iter(_rules(context).table("model"))


def _vendors(context: click.Context) -> Iterator[str]:
    return iter(_rules(context).table("vendor"))


def _servers(context: click.Context) -> Iterator[str]:
    return iter(_rules(context).table("server"))


def _facts(_: click.Context) -> Iterator[str]:
    """All facts that models may have, and the groups that they are in."""
    from smartllm.rules.vocabulary import Facts, facts_data  # noqa: PLC0415 - loads while somebody waits

    paths = list(_paths(facts_data(Facts())))
    yield from dict.fromkeys(path.partition(".")[0] for path in paths)
    yield from paths


def _paths(node: dict[str, Any], at: str = "") -> Iterator[str]:
    """The dotted paths of what is in tables of tables."""
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{at}{name}.")
        else:
            yield f"{at}{name}"


def _entries(context: click.Context) -> Iterator[str]:
    """The keys of the cache that the command is about."""
    from smartllm.runtime.cache.local import LocalStore  # noqa: PLC0415 - loads while somebody waits

    asked = context.parent.params.get("folder") if context.parent else None
    return iter(LocalStore(asked).keys())


def _talks(context: click.Context) -> Iterator[str]:
    """The names of the talks that are kept, the last one first."""
    from smartllm.cli.talk.talk_store import ENVIRONMENT, TalkStore  # noqa: PLC0415 - loads while somebody waits

    asked = context.parent.params.get("folder") if context.parent else None
    return iter(TalkStore.of_user({ENVIRONMENT: asked} if asked else None).ids())


talk_ids: Final = _offer(_talks)
"""Talks that are kept."""
model_ids: Final = _offer(_ids)
"""Ids of models."""
model_ids_anywhere: Final = _offer(_ids_anywhere)
"""Ids of models, also behind who serves them and a slash."""
models_of_providers: Final = _offer(_models_of_providers)
"""Their ids, each behind a provider and a slash."""
model_keys: Final = _offer(_keys)
"""Their keys in the rules."""
vendors: Final = _offer(_vendors)
"""Who makes them."""
servers: Final = _offer(_servers)
"""Servers that speak OpenAI's API, by name."""
facts: Final = _offer(_facts)
"""What may be said of a model."""
cache_keys: Final = _offer(_entries)
"""Entries of the local cache."""
