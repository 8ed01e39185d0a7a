"""What is read of each catalogue in a package of npm, from small archives in its form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from catalogues import read, said


def test_pi_tells_limits_and_the_levels_that_it_names(tmp_path: Path) -> None:
    row = {"id": "us.acme.rocket-2", "type": "chat", "contextWindow": 20, "maxTokens": 10, "input": ["text"]}
    more = {"reasoning": True, "thinkingLevelMap": {"off": None, "minimal": None, "max": "max"}}
    plain = row | {"id": "acme.rocket-1", "thinkingLevelMap": {"off": None}}
    bare = row | {"id": "acme.rocket-0"}
    other = {"id": "sorter", "type": "classifier", "input": ["text"]}
    files = {f"dist/providers/data/{name}.json": json.dumps({"wire": {}}) for name in ("openai", "anthropic")}
    files["dist/providers/data/amazon-bedrock.json"] = json.dumps(
        {"wire": {"a": row | more, "b": other, "c": plain, "d": bare}}
    )
    few = {"limits.max_output": 10, "limits.input": 20, "input.image": False}
    assert said(read("pi-ai", tmp_path, files)) == {
        ("bedrock", "us.acme.rocket-2"): {
            "limits.max_output": 10,
            "limits.input": 20,
            "thinking": True,
            "input.image": False,
            "effort.levels": {"minimal": False, "max": True},
        },
        ("bedrock", "acme.rocket-1"): few,
        ("bedrock", "acme.rocket-0"): few,
    }


def test_oh_my_pi_tells_limits_of_models_for_chat(tmp_path: Path) -> None:
    row = {"id": "rocket-3", "contextWindow": 20, "maxTokens": 10, "input": ["image"], "reasoning": False}
    painter = {"id": "painter", "kind": "image", "input": ["text"]}
    taken = row | {"compat": {"supportsTemperature": False}}
    rows: dict[str, Any] = {name: {} for name in ("amazon-bedrock", "bedrock-mantle", "anthropic")}
    files = {"src/models.json": json.dumps(rows | {"openai": {"a": taken, "b": painter}})}
    assert said(read("oh-my-pi", tmp_path, files)) == {
        ("openai", "rocket-3"): {
            "limits.max_output": 10,
            "limits.input": 20,
            "thinking": False,
            "input.image": True,
            "sampling": False,
        }
    }


AI_SDK = {
    "bedrock": (
        "src/amazon-bedrock-chat-language-model-options.ts",
        """
export type Id =
  | 'rocket-2'
  | 'us.rocket-2'
  | 'rocket-2'
  | (string & {});
""",
    ),
    "openai": (
        "src/openai-model-catalog.ts",
        """
const rows = {
  'rocket-2': { endpoints: ['chat', 'responses'], definition: {} },
  'us.rocket-2': {
    endpoints: ['responses'],
  },
  rocket_3: { endpoints: ['chat'] },
  painter: { endpoints: ['image'] },
};
""",
    ),
    "anthropic": (
        "src/anthropic-model-catalog.ts",
        """
const other = {
  'painter': { a: true },
};

const languageModelDefinitions = {
  'rocket-2': { toolSearch: true },
  // A note.
  'us.rocket-2': undefined,
} satisfies Rows;
""",
    ),
}


@pytest.mark.parametrize("host", AI_SDK)
def test_the_ai_sdk_tells_ids(host: str, tmp_path: Path) -> None:
    file, text = AI_SDK[host]
    found = said(read(f"ai-sdk-{host}", tmp_path, {file: text}))
    plain = [(host, "rocket_3")] if host == "openai" else []  # a key without quotes
    assert list(found) == [(host, "rocket-2"), (host, "us.rocket-2"), *plain]
