"""What is compiled for a host is not refused by its sandbox: cases of all kinds, with their headers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest
import tomli
from doors import is_tried
from sandbox_doors import DOORS

import smartllm
from smartllm.compiler.target import api_word
from smartllm.errors import CompileError
from smartllm.request import MessageRequest, TextRequest
from smartllm.rules import Dialect, Host, load_rules, resolve, served_on
from smartllm.rules.ids import ids_on, usual_id
from smartllm.testing import Reply
from smartllm.testing.paths import root_of
from smartllm.testing.routes import find_route
from smartllm.testing.speaking import spoken
from smartllm.words import ApiType

RULES: Final = load_rules()
_FILES: Final = sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))
CASES: Final[dict[str, dict[str, Any]]] = {
    name: case for file in _FILES for name, case in tomli.loads(file.read_text(encoding="utf-8")).items()
}
OWN: Final = "extra"
"""Cases of the caller's own keys, which no rule knows."""


def refusals(host: Host, model: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """The cases whose calls the host's sandbox refuses, with what it says."""
    ids = ids_on(model, host, RULES)
    spelled = usual_id(model, ids) if ids else model
    for name, case in CASES.items():
        kind = TextRequest if "prompt" in case else MessageRequest
        request: Any = kind(**case, api_type=cast("ApiType", api_word(host, dialect, RULES)))
        try:
            plan = smartllm.compile(request, model=spelled, provider=host, rules=RULES, level="ignore")
        except CompileError:
            continue
        for step in plan.steps if OWN not in name else ():
            headers = {name.lower(): value for name, value in step.headers.items()}
            body = bytes(step.content)
            query = "?api-version=2024-10-21" if host == "azure-deployments" else ""
            route = find_route(
                "POST", root_of(host) + step.path + query, body=body, headers=headers, host=host
            )
            assert (route.provider, route.dialect) == (host, step.dialect)
            said = spoken(route, body, Reply(), 1, models=(), check=True, asked=headers, keyless=True)
            if said.reason:
                yield name, said.reason


ALL: Final = [
    (host, model, dialect)
    for host in RULES.table("host")
    for model in RULES.table("model")
    for dialect in served_on(resolve(model, RULES), host, RULES)
]
TRIED: Final = [
    place for place in ALL if is_tried(place[1], place[0], RULES) or place[0] == "azure-deployments"
]


def first_of(model: str, host: Host) -> Dialect:
    return served_on(resolve(model, RULES), host, RULES)[0]


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_nothing_is_refused(door: Any) -> None:
    assert list(refusals(door.host, door.model, first_of(door.model, door.host))) == []


@pytest.mark.slow
@pytest.mark.parametrize(("host", "model", "dialect"), TRIED)
def test_nothing_of_any_model_is_refused(host: Host, model: str, dialect: Dialect) -> None:
    assert list(refusals(host, model, dialect)) == []
