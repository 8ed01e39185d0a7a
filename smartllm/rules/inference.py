"""What holds for an id that no row lists: for what is newer than all, or a relative of what is listed.

Inference is for the future, not for the past or for strangers. The newest generation is inherited only by an
id of a known family, without words that the rules do not know, whose version is above all that are listed. A
lower version, or a listed family with a word more, takes its nearest listed relative. All else is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartllm.rules.load import RuleSet
from smartllm.rules.names import ModelName, parse

Version = tuple[int, ...]
Relatives = Mapping[Version, str]


@dataclass(frozen=True)
class Inferred:
    """Whose facts an unlisted id takes.

    Attributes:
        model: The listed relative, or None where it is the newest generation.
        profile: The profile of the newest generation; empty where there is a relative.
        note: For people: what was inferred from what.
    """

    model: str | None
    profile: str
    note: str


def inferred(name: ModelName, rules: RuleSet) -> Inferred | None:
    """Whose facts an unlisted id takes; None where that would be a guess."""
    if name.opaque or name.route or " " in name.raw:
        return None  # it names no model, or one of another server
    return _newer_or_lower(name, rules) or _variant(name, rules)


def vendor_of(name: ModelName, rules: RuleSet) -> str | None:
    """The vendor to whose families an id belongs, by all its words, else by the first of them."""
    ranks, words = rules.remembered(_vendors)
    found = [ranks[key] for key in (name.family, name.family.partition("-")[0] + "-") if key in ranks]
    return words[min(found)] if found else None


def _newer_or_lower(name: ModelName, rules: RuleSet) -> Inferred | None:
    """For an id of a known family that has a version and no other words."""
    rows = rules.table("vendor")
    vendor = next((one for one, row in rows.items() if name.family in row["families"]), None)
    if vendor is None or not name.version or not _spelled_here(name, vendor, rules):
        return None
    relatives = rules.remembered(_families).get(name.family, {})
    version, versions = _dotted(name.version, relatives), rules.remembered(_versions, vendor)
    if not versions or version <= max(versions):
        return _nearest(version, relatives, versions)
    if len(name.family) == 1 and name.vendor is None:
        return None  # a letter alone may be anybody's
    latest = str(rows[vendor]["latest"])
    return Inferred(None, latest, f"newest generation of {vendor}: profile {latest}")


def _variant(name: ModelName, rules: RuleSet) -> Inferred | None:
    """For an id that begins as listed ones do and goes on with words that the rules do not know."""
    shapes = rules.remembered(_shapes)
    beginnings = (name.shape[:length] for length in range(len(name.shape) - 1, 0, -1))
    shape = next((one for one in beginnings if one in shapes), ())
    relatives = shapes.get(shape)
    if relatives is None:
        return None
    vendor = vendor_of(parse(next(iter(relatives.values()))), rules)
    if vendor is None or not _spelled_here(name, vendor, rules):
        return None
    if () in relatives:  # the shape has no place for a version, so there is one such model
        return Inferred(relatives[()], "", f"nearest listed relative: {relatives[()]}")
    return _nearest(_dotted(name.version, relatives), relatives, rules.remembered(_versions, vendor))


def _nearest(version: Version, relatives: Relatives, versions: frozenset[Version]) -> Inferred | None:
    """The relative of the nearest version, a lower one if there is one; none for what is older than all."""
    if not relatives or version < min(versions, default=()):
        return None
    lower = [one for one in relatives if one <= version]
    found = relatives[max(lower) if lower else min(relatives)]
    how = "nearest lower version" if lower and max(lower) < version else "nearest listed relative"
    return Inferred(found, "", f"{how}: {found}")


def _dotted(version: Version, relatives: Relatives) -> Version:
    """A version; that of a relative where it is written here without its dot, as 35 for 3.5."""
    written = str(version[0]) if len(version) == 1 else ""
    same = (one for one in relatives if len(one) > 1 and "".join(map(str, one)) == written)
    return next(same, version)


def _spelled_here(name: ModelName, vendor: str, rules: RuleSet) -> bool:
    """Whether the vendor prefix of an id is one that hosts use for this vendor's models."""
    if name.vendor is None:
        return True
    known = rules.remembered(_prefixes).get(vendor)
    return not known or name.vendor in known


def _vendors(rules: RuleSet) -> tuple[dict[str, int], list[str]]:
    """The place of the first vendor of each family and, with a dash, of its first word; the vendors."""
    rows, found = rules.table("vendor"), dict[str, int]()
    for rank, row in enumerate(rows.values()):
        for family in row["families"]:
            found.setdefault(family, rank)
            found.setdefault(family.partition("-")[0] + "-", rank)
    return found, list(rows)


def _families(rules: RuleSet) -> dict[str, dict[Version, str]]:
    """Listed models by family and version."""
    found: dict[str, dict[Version, str]] = {}
    for name in rules.remembered(_listed):
        found.setdefault(name.family, {})[name.version] = name.key
    return found


def _shapes(rules: RuleSet) -> dict[tuple[str, ...], dict[Version, str]]:
    """Listed models by shape and version."""
    found: dict[tuple[str, ...], dict[Version, str]] = {}
    for name in rules.remembered(_listed):
        found.setdefault(name.shape, {})[name.version] = name.key
    return found


def _listed(rules: RuleSet) -> list[ModelName]:
    """Listed models, without those that have a date."""
    return [name for key in rules.table("model") if (name := parse(key)).key == key]


def _versions(vendor: str, rules: RuleSet) -> frozenset[Version]:
    """Versions of all listed models of a vendor."""
    names = map(parse, rules.table("model"))
    return frozenset(name.version for name in names if name.version and vendor_of(name, rules) == vendor)


def _prefixes(rules: RuleSet) -> dict[str, set[str]]:
    """The vendor prefixes of ids by vendor, over all hosts."""
    found: dict[str, set[str]] = {}
    for tables in rules.table("on").values():
        for key, row in tables.get("model", {}).items():
            vendor, prefix = vendor_of(parse(key), rules), parse(row.get("ids", {}).get("name", "")).vendor
            if vendor is not None and prefix is not None:
                found.setdefault(vendor, set()).add(prefix)
    return found
