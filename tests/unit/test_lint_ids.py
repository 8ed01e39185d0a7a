"""Lint of how hosts are called for models, and of what a new family's findings say to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from linted import EVIDENCE, TODAY, rules_of

from smartllm.rules.lint import lint

NAMED = f"[on.openai.model.rocket-1]\n{EVIDENCE}ids.name = 'one'\n"
TWO = f"[on.openai.model.rocket-2]\n{EVIDENCE}"


def told(tmp_path: Path, text: str) -> list[str]:
    """What lint says of how models are called."""
    found = lint(rules_of(tmp_path, text), today=TODAY, notes=True)
    return [
        f"{item.file}:{item.line} {item.message.partition(' is not said')[0]}" for item in found if item.note
    ]


def test_a_users_model_without_an_id_is_noted(tmp_path: Path) -> None:
    assert told(tmp_path, NAMED) == ["base.toml:24 how openai is called for 'rocket-2'"]


@pytest.mark.parametrize("ids", ["name = 'two-1'", "prefixes = ['us']", "bare = 'accepted'"])
def test_any_word_on_its_ids_is_enough(ids: str, tmp_path: Path) -> None:
    assert told(tmp_path, f"{NAMED}{TWO}ids.{ids}\n") == []


def test_a_host_that_takes_keys_is_not_asked_about(tmp_path: Path) -> None:
    assert told(tmp_path, TWO.replace("rocket-2", "rocket-1") + "ids.bare = 'accepted'\n") == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            "rocket-3 = 'base'",
            "R012 latest is 'two'; the newest listed generation is 3: ['base']; write latest = \"base\"",
        ),
        (
            "rocket-ship-1 = 'base'",
            (
                "R016 family 'rocket-ship' of rocket-ship-1 belongs to no vendor; add "
                '"rocket-ship" to families of [vendor.acme]'
            ),
        ),
        (
            "balloon-1 = 'base'",
            (
                "R016 family 'balloon' of balloon-1 belongs to no vendor; "
                'add "balloon" to families of its vendor, as in [vendor.acme]'
            ),
        ),
    ],
)
def test_a_new_generation_and_a_new_family_are_told_what_to_write(
    row: str, says: str, tmp_path: Path
) -> None:
    found = lint(rules_of(tmp_path, f"[model]\n{row}\n", ("overlay", "models")), today=TODAY)
    assert says in [f"{item.code} {item.message}" for item in found]
