"""Kept answers that do not fit the caller who finds them: they are no hits, and go no further."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationInfo, field_validator
from wires import RESPONSES

from smartllm import LLMClient
from smartllm.runtime.cache.levels import ResponseCache
from smartllm.runtime.cache.local import LocalStore
from smartllm.testing import FakeTransport, Reply


class Person(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def is_known(cls, name: str, info: ValidationInfo) -> str:
        assert info.context
        if name not in info.context:
            raise ValueError("is unknown")
        return name


def saying(name: str) -> FakeTransport:
    return FakeTransport(*[Reply(structured={"name": name})] * 5)


class Shared(LocalStore):
    """A second level in a folder."""

    async def aclose(self) -> None:
        """Nothing is open."""


async def asked(folder: Path, shared: Shared, transport: FakeTransport, *known: str) -> Any:
    request = RESPONSES.request(response_format=Person, validation_context=known, use_cache=True)
    async with LLMClient(provider="openai", transport=transport) as client:
        client._cache = ResponseCache(LocalStore(folder), shared)
        return await client.generate_text(request)


async def test_what_does_not_fit_is_not_copied_to_the_first_level(tmp_path: Path) -> None:
    shared, folder = Shared(tmp_path / "shared"), tmp_path / "two"
    ada, bob = (saying(name) for name in ("Ada", "Bob"))
    assert (await asked(tmp_path / "one", shared, ada, "Ada")).cache_source == "miss"
    with pytest.raises(ValueError, match="is unknown"):
        await asked(folder, shared, ada, "Bob")
    assert not list(folder.glob("**/*.json"))
    found = await asked(folder, shared, bob, "Bob")
    assert (found.cache_source, found.structured_data.name) == ("miss", "Bob")


async def test_an_entry_of_another_way_that_is_broken_is_a_miss(tmp_path: Path) -> None:
    shared, fake = Shared(tmp_path / "shared"), saying("Ada")
    kept = await asked(tmp_path / "one", shared, fake, "Ada")
    (file,) = (tmp_path / "one").glob("**/*.json")
    entry = json.loads(file.read_text(encoding="utf-8"))
    for change in ({"native": False}, {"native": False, "replies": [{}]}, {"native": False, "replies": 1}):
        for level in ("one", "shared"):
            for path in (tmp_path / level).glob("**/*.json"):
                path.write_text(json.dumps(entry | change), encoding="utf-8")
        found = await asked(tmp_path / "one", shared, fake, "Ada")
        assert (found.structured_data, found.text) == (kept.structured_data, kept.text)
    assert len(fake.sent) > 1
