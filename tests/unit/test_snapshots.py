"""Every listed model x every case x every wire that serves it: one body, one file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import tomli
from snapshot_files import ROOT, FileSnapshot
from syrupy.assertion import SnapshotAssertion

import smartllm
from smartllm.compiler.target import API_DIALECTS
from smartllm.errors import CompileError
from smartllm.request import MessageRequest, TextRequest
from smartllm.rules import Dialect, Host, Resolution, load_rules, resolve, served_on, target_for
from smartllm.rules.schema import facts_data
from smartllm.words import ApiType

CASES: dict[str, dict[str, Any]] = {
    name: fields
    for file in sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))
    for name, fields in tomli.loads(file.read_text(encoding="utf-8")).items()
}
RULES = load_rules(ambient=False)
API_TYPES = {dialect: api_type for api_type, dialect in API_DIALECTS.items()}


def targets() -> list[tuple[str, Dialect]]:
    """Each listed model with each wire that serves it."""
    found: list[tuple[str, Dialect]] = []
    for model in RULES.table("model"):
        found += [(model, dialect) for dialect in wires_of(resolve(model, RULES))]
    return found


def wires_of(resolution: Resolution) -> dict[Dialect, Host]:
    """The wires on which a model is served, over all hosts."""
    return {dialect: host for host in get_args(Host) for dialect in served_on(resolution, host, RULES)}


def request_of(fields: dict[str, Any], api_type: ApiType) -> TextRequest[Any] | MessageRequest[Any]:
    kind = TextRequest if "prompt" in fields else MessageRequest
    return kind(**fields, api_type=api_type)


def compiled(model: str, dialect: Dialect, case: str) -> Any:
    """The body or bodies of a case, or the text of its refusal."""
    request = request_of(CASES[case], API_TYPES[dialect])
    try:
        provider = dialect.partition("_")[0]
        plan = smartllm.compile(request, model=model, provider=provider, rules=RULES, level="ignore")
    except CompileError as error:
        return {"refused": error.message.partition(" [")[0]}  # without file:line, which moves
    assert {step.dialect for step in plan.steps} == {dialect}
    bodies = [step.body for step in plan.steps]
    return bodies[0] if len(bodies) == 1 else {"steps": bodies}


@pytest.mark.parametrize(("model", "dialect"), targets(), ids=lambda value: value)
def test_bodies(model: str, dialect: Dialect, snapshot: SnapshotAssertion) -> None:
    for case in CASES:
        name = f"{dialect}/{model}/{case}.json"
        assert compiled(model, dialect, case) == snapshot(name=name, extension_class=FileSnapshot), name


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


@pytest.mark.parametrize("model", RULES.table("model"))
def test_resolution(model: str, snapshot: SnapshotAssertion) -> None:
    """The delta to the profile shows what is the model's own, the digest that an edit touched it at all."""
    resolution = resolve(model, RULES)
    facts, base = facts_of(resolution), facts_of(replace(resolution, model=None))
    text = json.dumps(facts, sort_keys=True)
    data = {
        "profile": resolution.profile,
        "endpoints": list(facts),
        "differs": {dialect: difference(facts[dialect], base.get(dialect, {})) for dialect in facts},
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16],
    }
    assert data == snapshot(name=f"resolution/{model}.json", extension_class=FileSnapshot)


@pytest.mark.parametrize("profile", RULES.table("profile"))
def test_profiles(profile: str, snapshot: SnapshotAssertion) -> None:
    resolution = Resolution(profile, profile, "exact", None, profile, None, None)
    data = facts_of(resolution)
    assert data == snapshot(name=f"resolution/profiles/{profile}.json", extension_class=FileSnapshot)


def test_no_stale_files() -> None:
    expected = {f"{dialect}/{model}/{case}.json" for model, dialect in targets() for case in CASES}
    expected |= {f"resolution/{model}.json" for model in RULES.table("model")}
    expected |= {f"resolution/profiles/{profile}.json" for profile in RULES.table("profile")}
    kept = {*API_TYPES, "resolution"}
    found = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.json")
        if path.relative_to(ROOT).parts[0] in kept
    }
    assert found == expected
