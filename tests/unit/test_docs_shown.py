"""Examples print what their page shows, against a server that checks what it is asked as a provider would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shown import Example, examples, files, pages
from warm import Warm

from smartllm.testing import LoopbackServer, Reply

PAGES = dict(pages())
ELSEWHERE = {"many_machines.md"}
"""Pages whose programs need a cluster: tests/real/test_ray.py runs them."""
EXAMPLES = [
    (page, example)
    for page, text in PAGES.items()
    if page not in ELSEWHERE
    for example in examples(page, text)
]


TESTS = "import pytest, sys; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'no:asyncio']))"


def lay(found: dict[str, str], folder: Path) -> None:
    """Write the files of a page; their /tmp is the folder of the test, as each container has its own."""
    for name, text in found.items():
        (folder / name).write_text(text.replace('"/tmp/', f'"{folder}/'), encoding="utf-8")


def test_the_pages_are_found() -> None:
    assert {"tutorial.md", "errors.md", "jupyter.md"} <= PAGES.keys()


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[example.name for _, example in EXAMPLES])
def test_an_example_prints_what_its_page_shows(
    page: str, example: Example, warm: Warm, tmp_path: Path
) -> None:
    if page == "fastapi.md":
        pytest.importorskip("fastapi")
    lay(files(PAGES[page]), tmp_path)
    with LoopbackServer(check=True) as server:
        server.script(*(Reply(**answer) for answer in example.answers))
        settings = {**server.environment(), "SMARTLLM_CACHE_DIR": str(tmp_path / "cache")}
        result = warm.run(example.code, environment=os.environ | settings, folder=tmp_path)
    output, errors = result.said
    assert (result.returncode, errors) == (0, ""), errors
    assert output == (output if example.output is None else example.output)
    assert output


def test_the_tests_of_the_page_on_tests_pass(warm: Warm, tmp_path: Path) -> None:
    lay(files(PAGES["pytest.md"]), tmp_path)
    result = warm.run(TESTS, environment=os.environ, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, b""), result.said
    assert b"\n2 passed in " in result.stdout
