"""The journal of a run: what is kept, what stands in the results, and what a kill leaves between the two."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from smartllm.errors import ConfigError
from smartllm.runtime.batch import journal as journals
from smartllm.runtime.batch.journal import Journal
from smartllm.runtime.batch.journal_entry import ANSWERED, BLANK, Entry, digest_of, seen_sum

OPTIONS = {"model": "m"}


def entry(line: int, status: str = ANSWERED, text: str = "x", **about: Any) -> Entry:
    result = "" if status == BLANK else json.dumps({"line": line, "status": status, "text": text})
    return Entry(line, status, digest_of(b"%d" % line), result, **about)


def said(results: Path) -> list[tuple[int, str]]:
    found = [json.loads(line) for line in results.read_text().splitlines()]
    return [(one["line"], one["text"]) for one in found]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


@pytest.fixture
def opened(results: Path) -> Iterator[Callable[..., Journal]]:
    held: list[Journal] = []

    def again(**about: Any) -> Journal:
        while held:
            held.pop().close()
        held.append(Journal.open(results, OPTIONS, **about))
        return held[-1]

    yield again
    for one in held:
        one.close()


class TestResultsInOrder:
    def test_are_written_as_far_as_there_is_no_gap(self, opened: Any, results: Path) -> None:
        journal = opened()
        journal.add([entry(3), entry(1)])
        journal.flush()
        assert (said(results), journal.next) == ([(1, "x")], 2)
        journal.add([entry(2)])
        journal.flush()
        assert (said(results), journal.next) == ([(1, "x"), (2, "x"), (3, "x")], 4)
        assert list(journal.kept()) == []

    def test_blank_lines_have_none_and_are_no_gap(self, opened: Any, results: Path) -> None:
        journal = opened()
        journal.add([entry(1, BLANK), entry(2), entry(3, BLANK)])
        journal.flush()
        assert (said(results), journal.next) == ([(2, "x")], 4)
        assert journal.counts() == {ANSWERED: 1}

    def test_many_go_in_pieces(self, opened: Any, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journals, "_ROWS", 3)
        journal = opened()
        journal.add([entry(line) for line in range(1, 12)])
        journal.flush()
        assert [line for line, _ in said(results)] == list(range(1, 12))
        assert journal.next == 12

    def test_the_sum_knows_all_lines_that_need_not_be_asked_again(self, opened: Any) -> None:
        journal = opened()
        journal.add([entry(1), entry(2, "failed"), entry(3, BLANK)])
        journal.flush()
        assert journal.seen == (seen_sum(1, digest_of(b"1")) + seen_sum(3, digest_of(b"3"))) % (1 << 128)
        assert opened().seen == journal.seen


class TestGoingOn:
    def test_takes_up_what_was_kept_and_counted(self, opened: Any, results: Path) -> None:
        journal = opened()
        journal.add([entry(1, cost=Decimal("0.5"), tokens=(3, 4)), entry(2, "failed"), entry(4, "refused")])
        journal.flush()
        journal.add([entry(5, cost=Decimal("0.25"), tokens=(1, 1))])
        journal = opened()
        assert (journal.next, journal.cost, journal.tokens) == (3, Decimal("0.75"), (4, 5))
        assert [(one.line, one.status) for one in journal.kept()] == [(4, "refused"), (5, ANSWERED)]
        assert list(journal.unanswered()) == [2]
        assert journal.counts() == {ANSWERED: 2, "failed": 1, "refused": 1}
        journal.add([entry(3)])
        journal.flush()
        assert [line for line, _ in said(results)] == [1, 2, 3, 4, 5]
        assert journal.counts() == {ANSWERED: 3, "failed": 1, "refused": 1}

    def test_what_costs_is_not_known_of_stays_unknown(self, opened: Any) -> None:
        journal = opened()
        journal.add([entry(1)])
        assert journal.cost is None
        assert opened().cost is None

    @pytest.mark.parametrize("cut", [1, 10, 45, 90, None])
    def test_what_was_being_written_when_it_was_killed_is_written_once(
        self, opened: Any, results: Path, cut: int | None
    ) -> None:
        journal = opened()
        journal.add([entry(1)])
        journal.flush()
        journal.add([entry(2), entry(3), entry(5)])
        data = (entry(2).result + "\n" + entry(3).result + "\n").encode()
        with results.open("ab") as file:
            file.write(data[:cut])
        journal = opened()
        assert said(results) == [(1, "x")]
        journal.flush()
        assert said(results) == [(1, "x"), (2, "x"), (3, "x")]

    def test_what_stands_there_beside_what_was_being_written_is_not_taken_away(
        self, opened: Any, results: Path
    ) -> None:
        journal = opened()
        journal.add([entry(1), entry(2)])
        results.write_text(entry(1).result + "\nmine\n")
        with pytest.raises(ConfigError, match="has 5 bytes at its end"):
            opened()
        assert results.read_text().endswith("mine\n")

    @pytest.mark.parametrize("text", ['{"line": 2, "mine": 1}\n', "\n"])
    def test_what_others_wrote_behind_it_is_not_taken_away(
        self, opened: Any, results: Path, text: str
    ) -> None:
        journal = opened()
        journal.add([entry(1)])
        journal.flush()
        with results.open("a") as file:
            file.write(text)
        before = results.read_bytes()
        with pytest.raises(ConfigError, match=r"at its end that no run wrote") as caught:
            opened()
        assert "--overwrite" in caught.value.hint
        assert results.read_bytes() == before

    @pytest.mark.parametrize("harm", ["shorter", "other", "gone"])
    def test_results_that_were_changed_are_refused(self, opened: Any, results: Path, harm: str) -> None:
        journal = opened()
        journal.add([entry(1), entry(2)])
        journal.flush()
        data = results.read_bytes()
        if harm == "gone":
            results.unlink()
        else:
            results.write_bytes(data[:-5] if harm == "shorter" else data[:-5] + b"!" + data[-4:])
        with pytest.raises(ConfigError, match="not as the last run left it"):
            opened()

    def test_with_other_options_is_refused_by_name(self, opened: Any, results: Path) -> None:
        opened().close()
        with pytest.raises(ConfigError, match='model="n": the run that is to go on was begun with model="m"'):
            Journal.open(results, {"model": "n"})
        with pytest.raises(ConfigError, match=r"more=1: .* with more=null"):
            Journal.open(results, {**OPTIONS, "more": 1})

    def test_results_without_a_journal_are_left_alone(self, opened: Any, results: Path) -> None:
        results.write_text("mine\n")
        with pytest.raises(ConfigError, match="is there already, and no journal") as caught:
            opened()
        assert "--overwrite" in caught.value.hint
        assert results.read_text() == "mine\n"
        assert list(results.parent.iterdir()) == [results]

    def test_overwriting_begins_anew(self, opened: Any, results: Path) -> None:
        results.write_text("mine\n")
        journal = opened(overwrite=True)
        assert results.read_text() == ""
        journal.add([entry(1, cost=Decimal(1))])
        journal.flush()
        journal = opened(overwrite=True)
        assert (journal.next, journal.cost, journal.counts(), results.read_text()) == (1, None, {}, "")


class TestAskingAgain:
    def journal(self, opened: Any) -> Journal:
        journal: Journal = opened()
        journal.add([entry(1), entry(2, "failed"), entry(3), entry(4, "refused"), entry(5, "failed")])
        journal.flush()
        return journal

    def test_puts_new_results_in_the_place_of_old_ones(self, opened: Any, results: Path) -> None:
        results.touch(mode=0o640)
        journal = self.journal(opened)
        journal.add([entry(2, text="new"), entry(5, "failed", text="again")])
        assert journal.counts() == {ANSWERED: 3, "failed": 1, "refused": 1}
        journal.flush()
        journal.merge()
        assert said(results) == [(1, "x"), (2, "new"), (3, "x"), (4, "x"), (5, "again")]
        assert journal.counts() == {ANSWERED: 3, "failed": 1, "refused": 1}
        assert list(journal.unanswered()) == [4, 5]
        assert stat.S_IMODE(results.stat().st_mode) == 0o640
        journal = opened()
        assert journal.next == 6
        journal.add([entry(6), entry(4, text="late")])
        journal.flush()
        journal.merge()
        assert said(results)[3:] == [(4, "late"), (5, "again"), (6, "x")]
        assert journal.counts() == {ANSWERED: 5, "failed": 1}
        assert not results.with_name(f"{results.name}.new").exists()

    def test_a_line_that_is_blank_now_has_no_result(self, opened: Any, results: Path) -> None:
        journal = self.journal(opened)
        journal.add([entry(2, BLANK)])
        journal.merge()
        assert [line for line, _ in said(results)] == [1, 3, 4, 5]
        assert journal.counts() == {ANSWERED: 2, "failed": 1, "refused": 1}

    def test_without_anything_new_leaves_the_file_as_it_is(self, opened: Any, results: Path) -> None:
        journal = self.journal(opened)
        before = results.stat().st_ino
        journal.merge()
        assert results.stat().st_ino == before

    @pytest.mark.parametrize("text", ["y", "longer"])  # one as long as what stands there
    @pytest.mark.parametrize("at", ["before", "written", "noted", "replaced"])
    def test_killed_on_the_way_does_it_again_or_ends_it(
        self, opened: Any, results: Path, at: str, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal: Journal = opened()
        journal.add(
            [entry(1), entry(2, "failed", text="old"), entry(3), entry(4, "refused"), entry(5, "failed")]
        )
        journal.flush()
        journal.add([entry(2, text=text)])

        class Killed(BaseException):
            pass

        def killed(*_: object) -> None:
            raise Killed

        file = journal._results
        if at == "before":
            monkeypatch.setattr(file, "rewrite", killed)
        elif at == "written":
            real = file.rewrite

            def written(changed: Any) -> None:
                real(changed)
                killed()

            monkeypatch.setattr(file, "rewrite", written)
        elif at == "noted":
            monkeypatch.setattr(file, "replace", killed)
        else:
            monkeypatch.setattr(journal, "_merged", killed)
        with pytest.raises(Killed):
            journal.merge()
        journal = opened()
        journal.merge()
        assert said(results) == [(1, "x"), (2, text), (3, "x"), (4, "x"), (5, "x")]
        assert journal.counts() == {ANSWERED: 3, "failed": 1, "refused": 1}
        assert not results.with_name(f"{results.name}.new").exists()
        assert opened().counts() == {ANSWERED: 3, "failed": 1, "refused": 1}

    def test_what_a_killed_run_had_begun_goes_away(self, opened: Any, results: Path) -> None:
        self.journal(opened)
        results.with_name(f"{results.name}.new").write_text("half")
        opened()
        assert not results.with_name(f"{results.name}.new").exists()

    def test_a_result_that_somebody_took_out_is_missed(self, opened: Any, results: Path) -> None:
        journal = self.journal(opened)
        lines = results.read_text().splitlines(keepends=True)
        results.write_text("".join(lines[:1] + lines[2:]))
        journal.add([entry(2, text="new")])
        with pytest.raises(ConfigError, match="no result of line 2 any more"):
            journal.merge()
        assert not results.with_name(f"{results.name}.new").exists()

    def test_keeps_a_link_to_the_results(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        real, link = tmp_path / "there" / "real.jsonl", tmp_path / "link.jsonl"
        link.symlink_to(real)
        with Journal.open(link, OPTIONS) as journal:
            journal.add([entry(1, "failed")])
            journal.flush()
            journal.add([entry(1, text="new")])
            journal.merge()
        assert link.is_symlink()
        assert said(real) == [(1, "new")]


class TestFiles:
    def test_are_held_against_other_runs(self, opened: Any, results: Path) -> None:
        opened()
        with pytest.raises(ConfigError, match="another run writes it"):
            Journal.open(results, OPTIONS)
        with pytest.raises(ConfigError, match="another run writes it"):
            Journal.open(results, OPTIONS, overwrite=True)

    def test_are_made_where_no_folder_can_be_opened(
        self, opened: Any, results: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr("os.O_DIRECTORY")
        journal = opened()
        journal.add([entry(1, "failed")])
        journal.flush()
        journal.add([entry(1, text="new")])
        journal.merge()
        assert said(results) == [(1, "new")]

    def test_of_the_journal_are_for_its_user_alone(self, opened: Any, results: Path) -> None:
        opened().add([entry(1)])
        for path in results.parent.glob("*.journal*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_of_other_kinds_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be written"):
            Journal.open(tmp_path, OPTIONS)
        with pytest.raises(ConfigError, match="cannot be written"):
            Journal.open(tmp_path / "no" / "results.jsonl", OPTIONS)
        with pytest.raises(ConfigError, match="no ordinary file"):
            Journal.open(Path("/dev/null"), OPTIONS)

    def test_that_are_no_journal_are_refused(self, results: Path) -> None:
        path = results.with_name("results.jsonl.journal")
        path.write_bytes(b"no database at all" * 100)
        with pytest.raises(ConfigError, match="cannot be used as a journal"):
            Journal.open(results, OPTIONS)
        path.unlink()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE other (a)")
        db.close()
        with pytest.raises(ConfigError, match="no journal of this release"):
            Journal.open(results, OPTIONS)

    def test_a_failed_write_of_the_results_leaves_no_piece_of_it(
        self, opened: Any, results: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(number: int) -> None:
            raise OSError("no space left")

        journal = opened()
        journal.add([entry(1)])
        journal.flush()
        journal.add([entry(2)])
        monkeypatch.setattr("smartllm.runtime.batch.results_file.os.fsync", full)
        with pytest.raises(OSError, match="no space left"):
            journal.flush()
        assert said(results) == [(1, "x")]
        monkeypatch.undo()
        journal.flush()
        assert said(results) == [(1, "x"), (2, "x")]

    def test_results_whose_place_cannot_be_noted_are_not_written_twice(
        self, opened: Any, results: Path
    ) -> None:
        journal = opened()
        journal.add([entry(1), entry(2)])
        journal._db.execute(
            "CREATE TRIGGER full BEFORE DELETE ON kept BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(OSError, match="full"):
            journal.flush()
        assert (results.read_bytes(), journal.next) == (b"", 1)
        journal._db.execute("DROP TRIGGER full")
        journal.flush()
        assert said(results) == [(1, "x"), (2, "x")]

    def test_a_full_database_keeps_nothing(self, opened: Any, results: Path) -> None:
        journal = opened()
        journal.add([entry(1)])
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OSError, match="full"):
            journal.add([entry(2, text="x" * 100_000)])
        assert not journal._db.in_transaction
        journal._db.execute("PRAGMA max_page_count = 1000000")
        journal.add([entry(2)])
        journal.flush()
        assert [line for line, _ in said(results)] == [1, 2]

    def test_what_is_no_fault_of_the_disk_is_raised_as_it_is(self, opened: Any) -> None:
        journal = opened()
        odd: Any = "2"
        with pytest.raises(TypeError):
            journal.add([entry(1), entry(2, tokens=(odd, odd))])
        with pytest.raises(UnicodeEncodeError):
            journal.add([Entry(1, ANSWERED, b"", "\ud800")])
        assert list(journal.kept()) == []

    def test_of_the_journal_gets_short_again(self, opened: Any, results: Path) -> None:
        path = results.with_name("results.jsonl.journal")
        journal = opened()
        journal.add([entry(line, text="x" * 10_000) for line in range(2, 300)])
        opened()
        assert path.stat().st_size > 2_000_000
        journal = opened()
        journal.add([entry(1)])
        journal.flush()
        opened()
        assert path.stat().st_size < 50_000
        assert len(said(results)) == 299

    def test_a_folder_that_takes_no_new_file_is_told(
        self, results: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(self: Path, **_: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "touch", refused)
        with pytest.raises(ConfigError, match=r"cannot be used as a journal: .*Permission denied"):
            Journal.open(results, OPTIONS)

    def test_a_failed_commit_keeps_nothing(self, opened: Any, results: Path) -> None:
        journal = opened()
        journal.add([entry(1)])
        journal._db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON kept BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(OSError, match="full"):
            journal.add([entry(2, cost=Decimal(1))])
        journal._db.execute("DROP TRIGGER full")
        assert (journal.cost, [one.line for one in journal.kept()]) == (None, [1])
        journal.add([entry(2)])
        journal.flush()
        assert [line for line, _ in said(results)] == [1, 2]
