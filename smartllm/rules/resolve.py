"""From a model id to its facts: alias, exact, inferred, or an error that shows the row to paste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from smartllm.errors import UnknownModelError
from smartllm.rules.belonging import only_host, row_profile, unlisted, vendor_of_profile
from smartllm.rules.id_text import check_id
from smartllm.rules.inference import inferred, vendor_of
from smartllm.rules.load import RuleSet
from smartllm.rules.names import ModelName, parse
from smartllm.rules.positions import KeyPath
from smartllm.rules.vocabulary import Host
from smartllm.said import LIKE, id_named, said

How = Literal["alias", "exact", "like", "inferred", "server"]


@dataclass(frozen=True)
class Resolution:
    """How an id found its facts.

    Attributes:
        asked: The id as given.
        key: Canonical key of the asked id.
        how: ``alias``, ``exact``, ``like`` or ``inferred``; ``server``: a server says it of all models.
        model: Listed model whose row applies, or None when a whole generation was inherited.
        profile: Profile that holds the facts.
        vendor: Vendor's name in the rules, or None.
        host: Host that the id reveals, or the vendor's usual one.
        note: For people: what was inferred from what.
        place: Row of a server that names the profile; empty elsewhere.
    """

    asked: str
    key: str
    how: How
    model: str | None
    profile: str
    vendor: str | None
    host: Host | None
    note: str = ""
    place: KeyPath = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data, without empty fields."""
        data = {
            "asked": self.asked,
            "key": self.key,
            "how": self.how,
            "model": self.model,
            "profile": self.profile,
            "vendor": self.vendor,
            "note": self.note,
        }
        return {key: value for key, value in data.items() if value}


def resolve(model: str, rules: RuleSet, *, like: str | None = None) -> Resolution:
    """Find the row that holds a model's facts.

    The order is: ``like``, alias, listed id, retired id (which is refused), and what ``inference`` finds.

    Args:
        model: Any spelling of an id.
        rules: The rules in force.
        like: Listed id whose facts to use instead.

    Raises:
        UnknownModelError: Nothing matches; names the nearest ids and the overlay row to paste. Or the id is
            retired, or would be sent in another spelling than the one that is known.
    """
    return rules.remembered(_resolve, model, like)


def _resolve(model: str, like: str | None, rules: RuleSet) -> Resolution:
    check_id(model)
    if like is not None:
        base = resolve(like, rules)
        return _from_row(model, parse(model), base.model, base.profile, rules, "like", f"facts of {like}")
    alias = rules.table("alias").get(model)
    if alias is not None:
        if (wrong := unlisted(alias, rules)) and alias not in rules.table("retired"):
            raise rules.error(("alias", model), f"alias {model!r} of {wrong}")
        base = _listed(alias, rules)  # not an alias again: aliases do not chain
        return _from_row(model, parse(model), base.model, base.profile, rules, "alias", f"alias of {alias}")
    return _listed(model, rules)


def _listed(model: str, rules: RuleSet) -> Resolution:
    name = parse(model)
    models = rules.table("model")
    if model in models and model != name.key:  # an overlay's own spelling
        return _from_row(model, name, model, row_profile(models[model]), rules, "exact")
    _check_spelling(name, rules)
    for key in (name.dated, name.key):
        if key in models:
            return _from_row(model, name, key, row_profile(models[key]), rules, "exact")
        if (gone := _retired(name, key, rules)) is not None:
            raise gone
    called = rules.remembered(_called).get(name.name, "")
    if called in models:
        return _from_row(model, name, called, row_profile(models[called]), rules, "exact")
    found = inferred(name, rules)
    if found is None:
        raise _prefixed(name, rules) or _unknown(name, rules)
    profile = row_profile(models[found.model]) if found.model else found.profile
    return _from_row(model, name, found.model, profile, rules, "inferred", found.note)


def _called(rules: RuleSet) -> Mapping[str, str]:
    """Keys of models by the names that hosts have for them: some hold other words, or another version."""
    rows = (row for tables in rules.table("on").values() for row in tables.get("model", {}).items())
    return {name: key for key, row in rows if (name := row.get("ids", {}).get("name"))}


def _from_row(
    asked: str, name: ModelName, row: str | None, profile: str, rules: RuleSet, how: How, note: str = ""
) -> Resolution:
    vendor = vendor_of(parse(row) if row else name, rules)
    if vendor is None:
        vendor = vendor_of_profile(profile, rules)
    usual: Host | None = rules.table("vendor")[vendor]["host"] if vendor else None
    revealed = name.host if name.host in rules.table("host") else None
    host = revealed or usual or only_host(row or "", profile, rules)
    return Resolution(asked, name.key, how, row, profile, vendor, host, note)


def _check_spelling(name: ModelName, rules: RuleSet) -> None:
    """Refuse an id that is known in another spelling than the one that would be sent.

    Raises:
        UnknownModelError: It has capital letters, or letters that look like others; what is gone is refused
            as that, and not for its spelling.
    """
    small = name.text.lower()
    if name.opaque or name.text == small:
        return
    meant = name.raw.replace(name.text, small)
    known = rules.table("model").keys() & {name.dated, name.key}
    gone = _retired(parse(meant), name.key if not known else name.dated, rules)
    if gone is not None:
        raise gone
    raise UnknownModelError(
        f"model {name.raw!r} is not listed in this spelling, and would be sent so",
        hint=said("pass {}", id_named(meant)) if known else said("pass the provider's spelling, or {}", LIKE),
        model=name.raw,
        nearest=[meant] if known else (),
    )


def _prefixed(name: ModelName, rules: RuleSet) -> UnknownModelError | None:
    """The error for an id that would be known without the prefix of another server, if it would be."""
    if not name.route:
        return None
    try:
        _listed(name.text, rules)
    except UnknownModelError:
        return None
    return UnknownModelError(
        f"model {name.raw!r} is not listed; {name.route}/ is a prefix of other servers",
        hint=said("pass {}, or the address of the server that calls it so", id_named(name.text)),
        model=name.raw,
        nearest=[name.text],
    )


def _retired(name: ModelName, key: str, rules: RuleSet) -> UnknownModelError | None:
    """The error for an id that is gone, if it is."""
    rows = rules.table("retired")
    rest = name.name.removeprefix(f"{name.vendor}.")
    spellings = (name.raw, name.name, rest, rest.partition(":")[0], key)
    id_ = next((one for one in spellings if one in rows), None)
    if id_ is None:
        return None
    row = rows[id_]
    end, successor = row.get("shutdown"), row.get("successor")
    return UnknownModelError(
        f"model {name.raw!r} " + (f"was shut down on {end.isoformat()}" if end else "is retired"),
        hint=said(
            "{}if it is served to you all the same, pass {}",
            f"move to {successor}; " if successor else "",
            LIKE,
        ),
        model=name.raw,
        nearest=[successor] if successor else (),
        retired=True,
    )


def _unknown(name: ModelName, rules: RuleSet) -> UnknownModelError:
    from smartllm.rules.unknown import unknown_model  # noqa: PLC0415 - for this error alone

    return unknown_model(name, rules)
