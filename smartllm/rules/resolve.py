"""From a model id to its facts: alias, exact, inferred, or an error that shows the row to paste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from smartllm.errors import UnknownModelError
from smartllm.rules.load import RuleSet
from smartllm.rules.names import ModelName, parse
from smartllm.rules.vocabulary import Host

How = Literal["alias", "exact", "like", "inferred"]

_NEAREST: Final = 5
_SHOWN: Final = 60
LONGEST_ID: Final = 2048
"""Characters of the longest id: Bedrock's limit for an ARN (its API reference, modelId)."""


@dataclass(frozen=True)
class Resolution:
    """How an id found its facts.

    Attributes:
        asked: The id as given.
        key: Canonical key of the asked id.
        how: ``alias``, ``exact``, ``like`` or ``inferred``.
        model: Listed model whose row applies, or None when a whole generation was inherited.
        profile: Profile that holds the facts.
        vendor: Vendor's name in the rules, or None.
        host: Host that the id reveals, or the vendor's usual one.
        note: For people: what was inferred from what.
    """

    asked: str
    key: str
    how: How
    model: str | None
    profile: str
    vendor: str | None
    host: Host | None
    note: str = ""

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

    The order is: ``like``, exact alias, exact id, the nearest lower version inside the family's listed
    range, the vendor's newest generation.

    Args:
        model: Any spelling of an id.
        rules: The rules in force.
        like: Listed id whose facts to use instead.

    Raises:
        UnknownModelError: Nothing matches; names the nearest ids and the overlay row to paste.
    """
    return rules.remembered(_resolve, model, like)


def check_id(model: str) -> None:
    """Refuse what is no id on any host.

    Raises:
        UnknownModelError: It is too long, or no Unicode text.
    """
    if len(model) > LONGEST_ID:
        raise UnknownModelError(
            f"model {model[:_SHOWN]!r}… has {len(model)} characters; an id has at most {LONGEST_ID}",
            hint="pass the model's id, or an ARN",
            model=model,
        )
    if not model.isascii():
        try:
            model.encode()
        except UnicodeEncodeError:
            raise UnknownModelError(
                f"model {model[:_SHOWN]!r} is no Unicode text: it holds half of a surrogate pair",
                hint="pass the id as the provider spells it",
                model=model,
            ) from None


def row_profile(row: str | dict[str, Any]) -> str:
    """Profile that a model row names; the row is either that name or a table that holds it."""
    return row if isinstance(row, str) else str(row["profile"])


def _resolve(model: str, like: str | None, rules: RuleSet) -> Resolution:
    check_id(model)
    if like is not None:
        base = resolve(like, rules)
        return _from_row(model, parse(model), base.model, base.profile, rules, "like", f"facts of {like}")
    alias = rules.table("alias").get(model)
    if alias is not None:
        base = _listed(alias, rules)  # not an alias again: aliases do not chain
        return _from_row(model, parse(model), base.model, base.profile, rules, "alias", f"alias of {alias}")
    return _listed(model, rules)


def _listed(model: str, rules: RuleSet) -> Resolution:
    name = parse(model)
    models = rules.table("model")
    for key in (name.dated, name.key):
        if key in models:
            return _from_row(model, name, key, row_profile(models[key]), rules, "exact")
    inferred = None if name.opaque else _infer(name, rules)
    if inferred is None:
        raise _unknown(name, rules)
    row, profile, note = inferred
    return _from_row(model, name, row, profile, rules, "inferred", note)


def _from_row(
    asked: str, name: ModelName, row: str | None, profile: str, rules: RuleSet, how: How, note: str = ""
) -> Resolution:
    vendor = _vendor(parse(row) if row else name, rules)
    usual: Host | None = rules.table("vendor")[vendor]["host"] if vendor else None
    revealed = name.host if name.host in rules.table("host") else None
    return Resolution(asked, name.key, how, row, profile, vendor, revealed or usual, note)


def _vendor(name: ModelName, rules: RuleSet) -> str | None:
    first = name.family.partition("-")[0]
    for vendor, row in rules.table("vendor").items():
        if name.family in row["families"] or first in {word.partition("-")[0] for word in row["families"]}:
            return str(vendor)
    return None


def _infer(name: ModelName, rules: RuleSet) -> tuple[str | None, str, str] | None:
    """Row, profile and a note for an unlisted id, or None."""
    vendor = _vendor(name, rules)
    if vendor is None:
        return None
    if name.version and name.version < min(_versions(vendor, rules), default=()):
        return None
    siblings = _family(name.family, rules)
    if siblings and name.version:
        lower = [version for version in siblings if version < name.version]
        if lower and max(siblings) > name.version:
            row = siblings[max(lower)]
            return row, row_profile(rules.table("model")[row]), f"nearest lower version: {row}"
    latest = str(rules.table("vendor")[vendor]["latest"])
    return None, latest, f"newest generation of {vendor}: profile {latest}"


def _family(family: str, rules: RuleSet) -> dict[tuple[int, ...], str]:
    """Listed models of one family by version."""
    return rules.remembered(_families).get(family, {})


def _families(rules: RuleSet) -> dict[str, dict[tuple[int, ...], str]]:
    """Listed models by family and version."""
    families: dict[str, dict[tuple[int, ...], str]] = {}
    for key in rules.table("model"):
        name = parse(key)
        if name.key == key:
            families.setdefault(name.family, {})[name.version] = key
    return families


def _versions(vendor: str, rules: RuleSet) -> list[tuple[int, ...]]:
    """Versions of all listed models of a vendor."""
    names = map(parse, rules.table("model"))
    return [name.version for name in names if name.version and _vendor(name, rules) == vendor]


def _unknown(name: ModelName, rules: RuleSet) -> UnknownModelError:
    models = rules.table("model")
    if name.opaque:
        return UnknownModelError(
            f"model {name.raw!r} does not say which model it stands for",
            hint=f'add to a rules overlay:\n\n    [alias]\n    "{name.raw}" = "<listed model>"\n\n'
            "or pass like=<listed model>",
            model=name.raw,
        )
    import difflib  # noqa: PLC0415 - for this error alone

    nearest = difflib.get_close_matches(name.key, models, n=_NEAREST, cutoff=0.5)
    profile = row_profile(models[nearest[0]]) if nearest else "<profile>"
    listed = f"; nearest listed: {', '.join(nearest)}" if nearest else ""
    return UnknownModelError(
        f"model {name.raw!r} is not listed and cannot be inferred{listed}",
        hint=f'if the id is right, add to a rules overlay:\n\n    [model]\n    "{name.key}" = "{profile}"\n\n'
        "or pass like=<listed model>",
        model=name.raw,
        nearest=nearest,
    )
