"""``--html`` of explain and diff: one file that says what the command says, and needs nothing else."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from time import process_time

import pytest
from commands import invoke
from overlaid import MODEL, saved

from smartllm.cli import main, page_file
from smartllm.diagnostics import Origin
from smartllm.pages.documents import Line, side_by_side
from smartllm.pages.facts import about, view_at, view_of
from smartllm.rules.facts import StatedFact, stated_facts
from smartllm.testing.check import target_of

CLAUDE, OTHER = "us.anthropic.claude-opus-4-7", "us.anthropic.claude-sonnet-4-6"


class Read(HTMLParser):
    """A page, read: its tags with their attributes, its ids and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inside: dict[str, str] = {}
        self._at = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._at = tag

    def handle_endtag(self, tag: str) -> None:
        self._at = ""

    def handle_data(self, data: str) -> None:
        if self._at in {"style", "script"}:
            self.inside[self._at] = data
        else:
            self.text += data

    def all(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [found for _, attributes in self.tags if (found := attributes.get(attribute))]


def page(*arguments: str, status: int = 0) -> Read:
    result = invoke(main, [*arguments, "--html", "-"])
    assert result.exit_code == status, result.stderr
    return Read(result.stdout)


def test_every_fact_is_there_with_its_row_and_pages() -> None:
    read = page("explain", CLAUDE)
    target = target_of(CLAUDE, "anthropic_messages")
    assert target is not None
    facts = stated_facts(target)
    assert {fact.path for fact in facts} <= set(read.all("id"))
    for fact in facts:
        if fact.stated:
            assert f"{str(fact.origin.file).removeprefix('smartllm/rules/')}:{fact.origin.line}" in read.text
            assert {one for one in fact.origin.source if one.startswith("http")} <= set(read.all("href"))
        if fact.origin.disputed:
            assert fact.origin.disputed in read.text


def test_facts_are_told_in_the_words_of_the_vocabulary() -> None:
    assert about("limits.max_output") in page("explain", CLAUDE).text
    assert about("effort.budgets.high") == about("effort.budgets") != ""
    assert about("no.such") == ""


def test_facts_stand_in_groups_and_those_that_pages_dispute_are_told_first() -> None:
    read = page("explain", CLAUDE)
    target = target_of(CLAUDE, "anthropic_messages")
    assert target is not None
    facts = stated_facts(target)
    groups = {f"group-{fact.path.partition('.')[0] if '.' in fact.path else 'general'}" for fact in facts}
    found = [one for one in read.all("id") if one.startswith("group-")]
    assert sorted(found) == sorted(groups)
    assert found[0] == "group-general"
    disputed = [fact for fact in facts if fact.origin.disputed]
    assert (f"disagree on {len(disputed)} of these facts" in read.text) == bool(disputed)


def test_a_fact_is_shown_by_its_path_too() -> None:
    target = target_of(CLAUDE, "anthropic_messages")
    assert target is not None
    for fact in stated_facts(target):
        assert view_at(target, fact.path).value == view_of(fact).value, fact.path


def test_a_page_needs_nothing_from_outside() -> None:
    for read in (page("explain", CLAUDE), page("diff", OTHER, CLAUDE)):
        loading = [(tag, at) for tag, at in read.tags if tag in {"link", "img", "iframe", "script"}]
        addresses = [at.get("src") or at.get("href") for _, at in loading]
        assert all(address is None or address.startswith("data:") for address in addresses)
        assert not re.search(r"@import|url\(", read.inside["style"])
        assert not re.search(r"fetch\(|XMLHttp|import", read.inside["script"])


def test_only_the_style_and_the_script_of_the_page_may_run() -> None:
    read = page("explain", CLAUDE)
    policy = next(at["content"] for _, at in read.tags if at.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(read.inside[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert not [1 for _, attributes in read.tags if kind in attributes or "onclick" in attributes]


def test_only_addresses_of_the_web_become_links() -> None:
    row = Origin(
        "overlay", "streaming", "mine.toml", 3, source=("javascript:alert(1)", "https:x", "measured")
    )
    assert [page.address for page in view_of(StatedFact("streaming", True, row)).pages] == ["", "", ""]


def test_pages_have_names_that_people_know() -> None:
    sources = (
        "https://docs.example.com/guide/limits.html",
        "https://example.com",
        "https://github.com/someone/something/issues/12",
        "https://github.com/someone/something/blob/main/a/b.py",
        "measured",
    )
    pages = view_of(
        StatedFact("streaming", True, Origin("fact", "streaming", "a.toml", 3, source=sources))
    ).pages
    assert [page.label for page in pages] == [
        "example.com / limits",
        "example.com",
        "someone/something#12",
        "someone/something / b.py",
        "measured on a live account",
    ]


def test_what_a_users_file_says_is_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    rules = (
        f'[profile.mine]\nextends = "claude-4.7"\nlimits.max_output = 500\nquirk = "{evil}"\n'
        f'verified = 2026-11-01\nsource = ["https://example.com/a?b=<c>&d"]\n'
        f'evidence."limits.max_output" = {{ disputed = "{evil}" }}\n[model]\nclaude-opus-77 = "mine"\n'
    )
    result = invoke(main, ["explain", MODEL, "--rules", saved(tmp_path, rules), "--html", "-"])
    assert result.exit_code == 0, result.stderr
    read = Read(result.stdout)
    assert [tag for tag, _ in read.tags].count("script") == 1
    assert read.text.count(evil) >= 2, "as a dispute and as a note"
    assert "https://example.com/a?b=<c>&d" in read.all("href")
    assert all(address.startswith(("https://", "data:", "#")) for address in read.all("href"))


def test_the_bodies_of_two_models_stand_beside_each_other(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"prompt": "hi", "reasoning_effort": "high"}', encoding="utf-8")
    arguments = ["diff", OTHER, CLAUDE, "--request", str(request)]
    read = page(*arguments)
    said = json.loads(invoke(main, [*arguments, "--json"]).stdout)
    assert set(said["facts"]) <= set(read.all("id"))
    for side in ("a", "b"):
        assert all(
            line in read.text for line in json.dumps(said["bodies"][side]["bodies"][0], indent=2).splitlines()
        )
        assert all(line in read.text for line in said["bodies"][side]["diagnostics"])
    one, two = (json.dumps(said["bodies"][side]["bodies"][0], indent=2).splitlines() for side in ("a", "b"))
    differ = sum(line.kind != "same" for line in side_by_side(one, two))
    assert 1 < differ < len(one)
    assert f"; {differ} lines of the body differ." in read.text
    assert "The body of step" not in read.text


def test_each_step_has_a_body(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    wish = {"prompt": "hi", "structured_output": "two_pass", "response_format": {"type": "object"}}
    request.write_text(json.dumps(wish), encoding="utf-8")
    read = page("diff", OTHER, CLAUDE, "--request", str(request))
    assert re.findall(r"The body of step \d", read.text) == ["The body of step 1", "The body of step 2"]


def test_a_refusal_and_equal_models_are_told(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"prompt": "hi", "like": "no-such-model"}', encoding="utf-8")
    read = page("diff", OTHER, CLAUDE, "--request", str(request), status=1)
    assert read.text.count("refused: ") == 4, (
        "for each model where its body would stand, and as what was told"
    )
    assert "; 0 lines of the body differ." in read.text
    assert "The facts are the same" in page("diff", CLAUDE, CLAUDE).text


def test_long_bodies_are_compared_soon() -> None:
    """Half of their lines are brackets: without a bound each is compared with each."""
    tools = [[f"name {at}", *(("{", f"field {at}", "}") * 9), "]"] for at in range(300)]
    one = [line for tool in tools for line in tool]
    two = [line for tool in tools for line in (*tool, "strict")]
    began = process_time()
    lines = side_by_side(one, two)
    assert process_time() - began < 8, "it took minutes"
    assert sum(line.kind == "added" for line in lines) == len(tools)
    assert {line.kind for line in lines} == {"same", "added"}


def test_lines_that_are_equal_are_the_same_wherever_they_stand() -> None:
    lines = side_by_side(["}", "{"] * 600, ["}", "]"] * 600)
    assert {(line.kind, line.left) for line in lines} == {("same", "}"), ("changed", "{")}


def test_lines_of_two_texts_are_paired() -> None:
    lines = side_by_side(["{", "a", "b", "}"], ["{", "A", "}", "c"])
    assert lines == [
        Line("same", "{", "{"),
        Line("changed", "a", "A"),
        Line("removed", "b", ""),
        Line("same", "}", "}"),
        Line("added", "", "c"),
    ]


def test_a_page_is_written_to_a_file_and_where_it_cannot_be_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = invoke(main, ["explain", CLAUDE, "--html", str(file)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert str(file) in result.stderr
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    result = invoke(main, ["explain", CLAUDE, "--html", str(tmp_path / "none" / "page.html")])
    assert result.exit_code == 2
    assert "page.html" in result.stderr


def test_a_page_that_cannot_be_written_whole_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write = tmp_path / "page.html", Path.write_bytes
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    link = tmp_path / "link.html"
    link.symlink_to(file)

    def full(path: Path, data: bytes) -> int:
        write(path, data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        result = invoke(main, ["explain", CLAUDE, "--html", str(link)])
    assert (result.exit_code, result.stderr) == (2, f"error: [Errno 28] No space left on device: '{link}'\n")
    assert file.read_text(encoding="utf-8") == "old"
    assert invoke(main, ["explain", CLAUDE, "--html", str(link)]).exit_code == 0
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (link.is_symlink(), file.stat().st_mode & 0o777) == (True, 0o640)
    assert sorted(tmp_path.iterdir()) == [link, file]


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_page_never_takes_the_place_of_what_is_no_file(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    if kind == "folder":
        place.mkdir()
        result = invoke(main, ["explain", CLAUDE, "--html", str(place)])
        assert (result.exit_code, list(tmp_path.iterdir())) == (2, [place])
        assert str(place) in result.stderr
        return
    os.mkfifo(place)
    reader = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    page_file.write_page("a page", str(place))
    assert os.read(reader, 100) == b"a page"
    os.close(reader)
    assert place.is_fifo()


@pytest.mark.parametrize("arguments", [["explain", CLAUDE], ["diff", OTHER, CLAUDE]], ids=["explain", "diff"])
def test_a_page_and_json_do_not_go_together(arguments: list[str]) -> None:
    result = invoke(main, [*arguments, "--json", "--html", "-"])
    assert result.exit_code == 2
    assert "--html" in result.stderr
    assert "--json" in result.stderr
