"""Every listed model x every wire that serves it: one file, with the body of every case in order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import tomli
from doors import is_tried
from snapshot_files import ROOT, bodies_in, by_case, kept, kept_files
from syrupy.assertion import SnapshotAssertion
from vendor_shapes import problems
from versions import with_todays_openai

import smartllm
from smartllm import Step
from smartllm.compiler.target import api_word
from smartllm.errors import CompileError
from smartllm.request import MessageRequest, TextRequest
from smartllm.rules import DIALECTS, Dialect, Host, Resolution, load_rules, resolve, served_on, target_for
from smartllm.rules.vocabulary import facts_data
from smartllm.words import ApiType

CASE_FILES = sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))
READ = [case for file in CASE_FILES for case in tomli.loads(file.read_text(encoding="utf-8")).items()]
CASES: dict[str, dict[str, Any]] = dict(READ)
RULES = load_rules()


def wires_of(resolution: Resolution) -> dict[Dialect, Host]:
    """The wires on which a model is served, over all hosts."""
    found: dict[Dialect, Host] = {}
    for host in RULES.table("host"):
        for dialect in served_on(resolution, host, RULES):
            found.setdefault(dialect, host)
    return found


MODELS: dict[str, Resolution] = {model: resolve(model, RULES) for model in RULES.table("model")}
TARGETS = [(model, *wire) for model, resolution in MODELS.items() for wire in wires_of(resolution).items()]
DOORS = [
    (host, model, dialect, first)
    for host in RULES.table("host")
    for model, dialect, first in TARGETS
    if host != first and dialect in served_on(MODELS[model], host, RULES)
]
"""Hosts that serve a model on a wire too, behind the first one that does."""
TRIED = [door for door in DOORS if is_tried(door[1], door[0], RULES)]
VENDORS = {
    vendor: [model for model, resolution in MODELS.items() if resolution.vendor == vendor]
    for vendor in RULES.table("vendor")
}


def request_of(fields: dict[str, Any], api_type: ApiType) -> TextRequest[Any] | MessageRequest[Any]:
    kind = TextRequest if "prompt" in fields else MessageRequest
    return kind(**fields, api_type=api_type)


def compiled(model: str, dialect: Dialect, host: Host, case: str) -> Any:
    """The body or bodies of a case, or the text of its refusal."""
    request = request_of(CASES[case], cast("ApiType", api_word(host, dialect, RULES)))
    try:
        plan = smartllm.compile(request, model=model, provider=host, rules=RULES, level="ignore")
    except CompileError as error:
        return {"refused": error.message.partition(" [")[0]}  # without file:line, which moves
    assert {step.dialect for step in plan.steps} == {dialect}
    bodies = [{**headers_of(step), **step.body} for step in plan.steps]
    return bodies[0] if len(bodies) == 1 else {"steps": bodies}


def headers_of(step: Step) -> dict[str, Any]:
    """What a step says in headers, before its body."""
    return {"headers": step.shown_headers} if step.shown_headers else {}


@pytest.mark.parametrize(("model", "dialect", "host"), TARGETS)
def test_bodies(model: str, dialect: Dialect, host: Host, snapshot: SnapshotAssertion) -> None:
    bodies = by_case(CASES, lambda case: compiled(model, dialect, host, case))
    assert bodies == kept(snapshot, f"{dialect}/{model}.json")


def changed(mine: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """What a body has that another has not, or otherwise, and which of its keys it lacks."""
    lacks = [key for key in base if key not in mine]
    return {"has": difference(mine, base), **({"lacks": lacks} if lacks else {})}


def grouped(found: dict[str, Any]) -> dict[str, Any]:
    """What cases have in common once, by the first of them."""
    groups: dict[str, list[str]] = {}
    for case, data in found.items():
        groups.setdefault(json.dumps(data, sort_keys=True), []).append(case)
    return {first: {**found[first], "also": others} for first, *others in groups.values()}


@with_todays_openai
@pytest.mark.parametrize(("host", "model", "dialect", "first"), TRIED)
def test_doors(host: Host, model: str, dialect: Dialect, first: Host, snapshot: SnapshotAssertion) -> None:
    """The bodies for another door of the same wire: what differs from those for the first one."""

    def differing(case: str) -> dict[str, Any]:
        mine, base = (compiled(model, dialect, one, case) for one in (host, first))
        assert [found for body in bodies_in(mine) for found in problems(body, dialect, model)] == []
        return changed(mine, base)

    assert grouped(by_case(CASES, differing)) == kept(snapshot, f"doors/{host}/{dialect}/{model}.json")


@pytest.mark.parametrize("host", sorted({door[0] for door in DOORS}))
def test_facts_of_doors(host: Host, snapshot: SnapshotAssertion) -> None:
    """The facts of every model behind another door: what differs from those behind the first one."""
    data: dict[str, dict[str, Any]] = {}
    for _, model, dialect, first in (door for door in DOORS if door[0] == host):
        mine, base = (
            facts_data(target_for(MODELS[model], one, dialect, RULES).facts) for one in (host, first)
        )
        data.setdefault(model, {})[dialect] = difference(mine, base)
    assert data == kept(snapshot, f"doors/{host}/facts.json")


def test_no_case_hides_another() -> None:
    assert [name for name, _ in READ] == list(CASES)


def test_every_model_is_in_a_vendors_file() -> None:
    assert sorted(model for models in VENDORS.values() for model in models) == sorted(MODELS)


def facts_of(resolution: Resolution) -> dict[str, Any]:
    """All facts of a model, by wire."""
    return {
        dialect: facts_data(target_for(resolution, host, dialect, RULES).facts)
        for dialect, host in wires_of(resolution).items()
    }


def difference(mine: Any, base: Any) -> Any:
    """What of ``mine`` is not in ``base``."""
    if isinstance(mine, dict) and isinstance(base, dict):
        found = {key: difference(value, base.get(key)) for key, value in mine.items()}
        return {key: value for key, value in found.items() if value != {}}
    return {} if mine == base else mine


def differences(model: str) -> dict[str, Any]:
    """The delta to the profile shows what is the model's own, the digest that an edit touched it at all."""
    resolution = MODELS[model]
    facts, base = facts_of(resolution), facts_of(replace(resolution, model=None))
    text = json.dumps(facts, sort_keys=True)
    return {
        "profile": resolution.profile,
        "endpoints": list(facts),
        "differs": {dialect: difference(facts[dialect], base.get(dialect, {})) for dialect in facts},
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_resolution(vendor: str, snapshot: SnapshotAssertion) -> None:
    data = by_case(VENDORS[vendor], differences)
    assert data == kept(snapshot, f"resolution/{vendor}.json")


@pytest.mark.parametrize("profile", RULES.table("profile"))
def test_profiles(profile: str, snapshot: SnapshotAssertion) -> None:
    data = facts_of(Resolution(profile, profile, "exact", None, profile, None, None))
    assert data == kept(snapshot, f"resolution/profiles/{profile}.json")


def test_no_stale_files() -> None:
    """A stale case in a file fails that file's own test: the whole text is compared."""
    bodies = {f"{dialect}/{model}.json" for model, dialect, _ in TARGETS}
    resolution = {f"{vendor}.json" for vendor in VENDORS}
    resolution |= {f"profiles/{profile}.json" for profile in RULES.table("profile")}
    doors = {f"{host}/{dialect}/{model}.json" for host, model, dialect, _ in TRIED}
    doors |= {f"{host}/facts.json" for host, *_ in DOORS}
    stale = {f"{dialect}/{path}" for dialect in DIALECTS for path in kept_files(dialect)} - bodies
    stale |= {f"resolution/{path}" for path in kept_files("resolution") - resolution}
    stale |= {f"doors/{path}" for path in kept_files("doors") - doors}
    assert not stale, f"no model or profile has these any more; delete them from {ROOT.name}/"


def test_no_stale_folders() -> None:
    assert {path.name for path in ROOT.iterdir()} == {*DIALECTS, "resolution", "gallery", "explain", "doors"}
