"""Equal schemas are lowered to equal bytes in every process, whatever order its sets have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
TELLS = """
import hashlib, json
from gallery import GALLERY
from shapes import SHAPES
from smartllm.compiler.formats import format_of
from smartllm.compiler.schema.lower import lower
from smartllm.errors import UnsupportedError

def closed(properties):
    return {"type": "object", "properties": properties, "required": [*properties]}

MAPPING = {"type": "object", "additionalProperties": {"type": "integer"}}
PAIRS = {"type": "array", "items": closed({"key": {"type": "string"}, "value": {"type": "integer"}})}
ARMS = [
    closed({name: closed({"i": form}) for name in "abcd"} | {name: form for name in "efgh"})
    for form in (MAPPING, PAIRS)
]

told = hashlib.sha256()
types = [*(case.model for case in GALLERY.values()), *(shape.given for shape in SHAPES.values())]
for given in [{"anyOf": ARMS}, *types]:
    schema = given if isinstance(given, dict) else json.loads(format_of(given).text)
    for subset in ("openai-strict", "claude-native", "claude-tool", "tool"):
        try:
            found = lower(schema, subset)
            told.update(json.dumps([found.schema, [str(one) for one in found.changes]]).encode())
        except UnsupportedError as error:
            told.update(str(error).encode())
print(told.hexdigest())
"""


def told(seed: str) -> str:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
    }
    return subprocess.run(
        [sys.executable, "-c", TELLS], env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.slow
def test_the_order_of_sets_changes_nothing() -> None:
    assert len({told(seed) for seed in ("0", "1", "2", "3", "4")}) == 1
