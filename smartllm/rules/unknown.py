"""The error for an id that the rules do not know: the nearest listed ones, and a row to paste as it is."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from smartllm.errors import UnknownModelError
from smartllm.rules.belonging import profile_names, row_profile
from smartllm.rules.hosts import host_row, routes_of
from smartllm.rules.load import RuleSet
from smartllm.rules.names import ModelName, parse
from smartllm.rules.toml_text import quoted
from smartllm.said import LIKE, id_named, said

_NEAREST: Final = 5
_ALIKE: Final = 0.75
"""Below this two ids are alike by accident."""
_MINUS: Final = "\N{MINUS SIGN}"


def unknown_model(name: ModelName, rules: RuleSet) -> UnknownModelError:
    """The error for an id that is neither listed nor like what is listed."""
    if name.opaque:
        return UnknownModelError(
            f"model {name.raw!r} does not say which model it stands for",
            hint=said("add to a rules overlay{}", _alias(name, rules)),
            model=name.raw,
        )
    models = rules.table("model")
    plain, odd = _typed(name.raw), _odd_letter(name.raw)
    if odd and parse(plain).key in models:
        message, hint = f"model {name.raw!r} is not listed{odd}", said("pass {}", id_named(plain))
        return UnknownModelError(message, hint=hint, model=name.raw, nearest=[plain])
    nearest = difflib.get_close_matches(name.key, models, n=_NEAREST, cutoff=_ALIKE) or _with_word(
        name.key, models
    )
    listed = f"; nearest listed: {', '.join(nearest)}" if nearest else ""
    again = parse(name.key)
    # A row is found by its key alone, and needs a profile.
    found = bool(name.key and again.key == name.key and not again.opaque and rules.table("profile"))
    return UnknownModelError(
        f"model {name.raw!r} is not listed and cannot be inferred{odd}{listed}",
        hint=said(
            "if the id is right, add to a rules overlay{}",
            (_row if found else _alias)(name, rules, nearest),
        ),
        model=name.raw,
        nearest=nearest,
    )


def _with_word(word: str, models: Iterable[str]) -> list[str]:
    """The listed models that have a word in their ids, the last listed, which is the newest, first."""
    return [key for key in models if word in key.split("-")][: -_NEAREST - 1 : -1]


def _typed(model: str) -> str:
    """An id as a keyboard has it: with a plain hyphen for each dash, and plain letters for other forms."""
    plain = unicodedata.normalize("NFKC", model)
    return "".join("-" if unicodedata.category(one) == "Pd" or one == _MINUS else one for one in plain)


def _odd_letter(model: str) -> str:
    """The first letter of an id that may look like another: the end of a sentence, or an empty string."""
    odd = next((one for one in model if not one.isascii()), "")
    return f"; it holds U+{ord(odd):04X} ({unicodedata.name(odd, 'no name')})" if odd else ""


def _row(name: ModelName, rules: RuleSet, nearest: Sequence[str]) -> str:
    """The row of a model of its own, with the profile of the nearest one or a cautious one."""
    near = (row_profile(rules.table("model")[key]) for key in nearest)
    profile = next((one for one in near if _serves(one, name, rules)), None)
    cautious = profile or _cautious(name, rules)
    unsure = "" if profile else f", with {cautious!r} or another profile"
    return said("{}:\n\n    [model]\n    {} = {}{}", unsure, quoted(name.key), quoted(cautious), _LIKE)


def _alias(name: ModelName, rules: RuleSet, _: Sequence[str] = ()) -> str:
    """The alias of a listed model, for an id that is found under no key."""
    usual = parse(host_row(_host(name, rules), rules).default_model).key
    row = f"[alias]\n    {quoted(name.raw)} = {quoted(usual)}"
    return said(", with the model that it stands for:\n\n    {}{}", row, _LIKE)


_LIKE: Final = said("\n\nor pass {}", LIKE)


def _host(name: ModelName, rules: RuleSet) -> str:
    """The host that an id reveals, or the first one."""
    hosts = rules.table("host")
    return name.host if name.host in hosts else next(iter(hosts))


def _serves(profile: str, name: ModelName, rules: RuleSet) -> bool:
    """Whether the host that an id reveals has anything of a profile."""
    return name.host not in rules.table("host") or bool(
        _wires(profile, rules) & {*routes_of(name.host, rules)}
    )


def _wires(profile: str, rules: RuleSet) -> set[str]:
    rows = rules.table("profile")
    stated = (rows[one].get("endpoints") for one in profile_names(profile, rules))
    return set(next(filter(None, stated), ()))


def _cautious(name: ModelName, rules: RuleSet) -> str:
    """The profile for a model of a host of which nothing more is known: that of most families there."""
    host = _host(name, rules)
    if (stated := host_row(host, rules).compatible) is not None:
        return stated
    spoken, rows = {*routes_of(host, rules)}, rules.table("profile")
    names = [one for profile in rows for one in profile_names(profile, rules)]
    there = [one for one in names if rows[one].get("endpoints") and spoken >= {*rows[one]["endpoints"]}]
    return Counter(there or names).most_common(1)[0][0]
