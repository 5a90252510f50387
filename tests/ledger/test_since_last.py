"""Going on from the last verification: what it skips, what it finds, and when it may not."""

from __future__ import annotations

import base64
from dataclasses import replace
from random import Random

import msgspec
import pyarrow as pa
import pytest

from ledger.anchor_checks import ledger_ids
from ledger.anchors import Anchor
from ledger.book import Book
from ledger.checkpoint import Checkpoint
from ledger.entry import Draft, decode
from ledger.kinds import TABLES
from ledger.packed_rows import PackedRows, column_names
from ledger.registers.models import VersionRow
from ledger.remembered import Remembered, decode_remembered
from ledger.remembered_rows import RememberedRows
from ledger.store.bulk import register_schema
from ledger.tiles import Tree, root_at
from ledger.verification import Since, Verification, verify
from ledger.verify import Problem, Replayed, Start, replay
from tests.forging import rebuild, sheets_of, sql
from tests.ledger.tampered import keys
from tests.ledger_damage import damaged
from tests.ledger_states import Walk
from tests.people import FOUNDER, World
from tests.vectors.record import Lines

BEFORE = 10  # entries of a world when it is made


@pytest.fixture
def seen(world: World) -> World:
    """Give a world that Ann has verified, and in which Emil then worked."""
    assert verify(world.person("ann").book).problems == ()
    world.person("emil").note("1.1")
    return world


def go_on(world: World) -> Verification:
    """Let Ann verify what came after her last verification."""
    return verify(world.person("ann").book, since_last=True)


def memory(book: Book) -> Remembered:
    """What a seat remembers of a ledger."""
    assert book.seat is not None
    data = book.seat.remembered(book.facts.ledger_id)
    assert data is not None
    return decode_remembered(data)


def test_only_what_is_new_is_read(seen: World) -> None:
    """If it fails, going on costs as much as beginning anew, or does not say what it skipped."""
    found = go_on(seen)
    assert (found.verdict, found.size, found.problems) == ("verified", BEFORE + 1, ())
    checked = found.checked
    assert (checked["entries"], checked["signatures"], checked["journal_lines"]) == (1, 1, 1)
    assert found.since is not None
    assert found.since.size == BEFORE
    assert found.as_json()["since"] == {"size": BEFORE, "time": found.since.time}
    assert f"Checked from entry {BEFORE} on" in found.sentence
    again = go_on(seen)
    assert again.since == Since(BEFORE + 1, again.since.time if again.since else "")
    assert again.checked["entries"] == 0


def test_beginning_anew_says_nothing_of_going_on(seen: World) -> None:
    """If it fails, a plain verification skips something because a seat remembers it."""
    found = verify(seen.person("ann").book)
    assert (found.since, found.notes, found.checked["entries"]) == (None, (), BEFORE + 1)


def test_what_is_old_is_not_read_again_and_a_full_run_finds_it(seen: World) -> None:
    """If it fails, the documentation of what going on does not promise is wrong."""
    data = bytes(sql(seen.home, "SELECT data FROM entry WHERE seq = 4")[0][0])
    worse = data.replace(b'"v":1}', b'"v":2}')
    sql(seen.home, "UPDATE entry SET data = ? WHERE seq = 4", worse)
    assert go_on(seen).problems == ()
    assert verify(seen.person("ann").book).verdict == "altered"


@pytest.mark.parametrize(
    ("statement", "check", "seq"),
    [
        ("UPDATE entry SET actor = 'rosa' WHERE seq = 10", "columns", BEFORE),
        ("UPDATE entry SET data = 'x'::BLOB WHERE seq = 10", "bytes", BEFORE),
        ("DELETE FROM entry WHERE seq = 10", "bytes", BEFORE),
        ("UPDATE version SET notes = 'x' WHERE version = '1.1'", "registers", BEFORE),
        ("DELETE FROM version WHERE version = '1.1'", "registers", BEFORE),
        ("UPDATE tile SET hashes = hashes || 'x'::BLOB", "tree", None),
        # rows that were there before are held against those remembered
        ("UPDATE actor SET roles = '[\"admin\"]' WHERE actor = 'emil'", "registers", None),
        ("DELETE FROM actor WHERE actor = 'emil'", "registers", None),
        (
            "INSERT INTO version SELECT model, '0.1', 3, notes, time, actor FROM version LIMIT 1",
            "registers",
            None,
        ),
    ],
)
def test_tampering_is_found(seen: World, statement: str, check: str, seq: int | None) -> None:
    """If it fails, whoever waits for the first verification may change what comes after it."""
    sql(seen.home, statement)
    found = go_on(seen)
    assert found.verdict == "altered"
    assert found.since == Since(BEFORE, found.since.time if found.since else "")
    assert check in {problem.check for problem in found.problems}
    assert seq is None or found.problems[0].seq == seq


def test_a_changed_line_of_the_journal_is_found(seen: World) -> None:
    """If it fails, the new part of the journal, which is the truth, is not held against entries."""
    path = seen.home.journal.files()[-1]
    path.write_bytes(path.read_bytes().replace(b'"version":"1.1"', b'"version":"6.6"'))
    found = go_on(seen)
    assert ("journal", BEFORE) in {(problem.check, problem.seq) for problem in found.problems}


@pytest.mark.parametrize("cut", [1, 2])
def test_a_ledger_cut_below_what_was_verified_is_altered(seen: World, cut: int) -> None:
    """If it fails, entries that were verified can disappear before the next verification."""
    go_on(seen)
    rebuild(seen.home, sheets_of(seen.home)[:-cut], keys(seen))
    found = go_on(seen)
    assert (found.verdict, found.problems[0].check) == ("altered", "anchor")
    assert found.since is None


def test_another_history_is_altered(seen: World) -> None:
    """If it fails, a fork that begins before the last verification goes unnoticed."""
    sheets = sheets_of(seen.home)
    forged = [*sheets[:-2], replace(sheets[-2], time=sheets[-1].time), *sheets[-1:]]
    rebuild(seen.home, [*forged, *sheets[-1:]], keys(seen))
    found = go_on(seen)
    assert (found.verdict, found.since) == ("altered", None)
    assert {"anchor"} <= {problem.check for problem in found.problems}
    assert any("not the one that was verified last" in note for note in found.notes)


def test_a_revocation_reaches_back(seen: World) -> None:
    """If it fails, an entry by a stolen key is good for ever once it was verified."""
    go_on(seen)
    emil, ada = seen.person("emil"), seen.person(FOUNDER)
    public_key = base64.b64encode(emil.signer.public_key).decode()
    body = {"public_key": public_key, "since_seq": BEFORE, "reason": "Stolen."}
    ada.append(Draft("actor.key_revoked", "actor/emil", body))
    found = go_on(seen)
    assert found.since is not None
    assert found.since.size == BEFORE + 1
    assert [(problem.check, problem.seq) for problem in found.problems] == [("revoked", BEFORE)]
    assert found.problems == verify(seen.person("ann").book).problems


def test_an_older_anchor_is_held_against_the_tiles(seen: World) -> None:
    """If it fails, an early checkpoint confirms, or exposes, whatever the tiles claim."""
    ann = seen.person("ann")
    lines = list(seen.home.journal.lines_from(0))
    root = replay(Lines([line[:-1] for line in lines]), 5).root
    origin = ann.book.facts.origin
    good = Anchor(Checkpoint(origin, 5, root), "rosa", "", "note")
    assert verify(ann.book, since_last=True, against=[good]).verdict == "verified"
    bad = replace(good, checkpoint=Checkpoint(origin, 5, bytes(32)))
    found = verify(ann.book, since_last=True, against=[bad])
    assert (found.verdict, found.problems[0].check) == ("altered", "anchor")


# When it may not go on


def test_a_first_visit_checks_everything(world: World) -> None:
    """If it fails, somebody who never verified is told that nothing is wrong with what is new."""
    found = go_on(world)
    assert (found.since, found.checked["entries"]) == (None, BEFORE)
    assert "remembers no verification" in found.sentence
    stranger = verify(world.stranger(), since_last=True)
    assert (stranger.since, stranger.verdict) == (None, "unconfirmed")


def test_a_damaged_memory_is_said_and_not_believed(seen: World) -> None:
    """If it fails, a torn or edited file in the seat ends the program, or is gone on from."""
    ann = seen.person("ann")
    (ledger_id,) = ledger_ids(ann.book, b"")
    data = ann.seat.remembered(ledger_id)
    assert data is not None
    chance = Random(3)  # noqa: S311 - the same damage every time
    at = [chance.randrange(len(data)) for _ in range(12)]
    torn = [b"", data[:40], data[:-1], data + b"x"]
    for worse in [*torn, *(data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :] for i in at)]:
        ann.seat.keep_remembered(ledger_id, worse)
        found = go_on(seen)
        assert (found.verdict, found.since) == ("verified", None)
        assert "Everything was checked, for what your seat remembers is damaged." in found.notes
    assert go_on(seen).since is not None


def test_another_version_checks_everything(seen: World) -> None:
    """If it fails, what an older program let pass is never looked at by a newer one."""
    ann = seen.person("ann")
    kept = memory(ann.book)
    older = Remembered(msgspec.structs.replace(kept.facts, program="0.0.1 00"), kept.registers)
    ann.seat.keep_remembered(kept.facts.ledger_id, older.encode())
    found = go_on(seen)
    assert found.since is None
    assert "another version of Quaestor did the last verification" in found.sentence


def test_another_ledgers_memory_is_not_this_ones(seen: World) -> None:
    """If it fails, a file that was moved about in the seat says what may be skipped."""
    ann = seen.person("ann")
    kept = memory(ann.book)
    other = Remembered(msgspec.structs.replace(kept.facts, ledger_id="0" * 64), kept.registers)
    ann.seat.keep_remembered(kept.facts.ledger_id, other.encode())
    found = go_on(seen)
    assert found.since is None
    assert "of another ledger" in found.sentence


def test_a_memory_without_its_anchor_is_not_believed(seen: World) -> None:
    """If it fails, a seat that gave up what it had seen still skips what rested on it."""
    ann = seen.person("ann")
    (ledger_id,) = ledger_ids(ann.book, b"")
    anchor = ann.seat.anchor(ledger_id)
    assert anchor is not None
    data = ann.seat.remembered(ledger_id)
    assert data is not None
    ann.seat.set_aside(ledger_id, anchor)
    assert ann.seat.remembered(ledger_id) is None
    ann.seat.keep_remembered(ledger_id, data)
    found = go_on(seen)
    assert found.since is None
    assert "does not vouch" in found.sentence


def test_an_altered_ledger_is_not_remembered(seen: World) -> None:
    """If it fails, what was found wrong once is skipped the next time."""
    before = memory(seen.person("ann").book).facts
    sql(seen.home, "UPDATE model SET owner = 'mallory'")
    assert verify(seen.person("ann").book).verdict == "altered"
    assert memory(seen.person("ann").book).facts == before


def test_the_memory_is_the_verifiers_alone(seen: World) -> None:
    """If it fails, others on the machine read a ledger's registers, or say what is skipped."""
    ann = seen.person("ann")
    (ledger_id,) = ledger_ids(ann.book, b"")
    path = ann.seat.folder / "ledgers" / ledger_id / "remembered"
    assert path.stat().st_mode & 0o777 == 0o600


# The same as the whole, whatever the history


def remembered_after(found: Replayed) -> Start:
    """Where a replay goes on, with registers and tiles as they are kept."""
    registers = {}
    for table in TABLES:
        rows = [found.rows.values(table)[key] for key in sorted(found.rows.values(table))]
        columns = list(zip(*rows, strict=True)) or [()] * len(register_schema(table))
        registers[table] = pa.table([list(each) for each in columns], register_schema(table))
    return Start(
        found.size,
        found.last,
        found.entry_zero,
        Tree(found.size, found.tree.tile),
        RememberedRows(registers),
        found.vault_keys,
        found.signed,
        lambda size: root_at(found.tree.tile, size),
    )


def comparable(problems: list[Problem], since: int) -> list[Problem]:
    """The problems of the new part."""
    late = [problem for problem in problems if problem.seq is None or problem.seq >= since]
    return sorted(late, key=repr)


@pytest.mark.parametrize("seed", range(12))
def test_going_on_comes_to_the_same_as_beginning(seed: int) -> None:
    """If it fails, some history is judged differently when part of it was verified before."""
    chance = Random(seed)  # noqa: S311 - the same histories every time
    history = Walk(seed, steps=60).history
    ends = [place + 1 for place, line in enumerate(history.lines) if decode(line).last_of_part]
    for _ in range(6):
        split = chance.choice(ends)
        before = replay(Lines(history.lines), split)
        if before.problems:
            continue
        rest = damaged(chance, history) if chance.random() < 0.7 else history.lines
        lines = [*history.lines[:split], *rest[split:]]
        whole = replay(Lines(lines), len(lines))
        later = replay(Lines(lines), len(lines), start=remembered_after(before))
        assert comparable(whole.problems, split) == comparable(later.problems, split)
        assert (later.root, later.last, later.size) == (whole.root, whole.last, whole.size)
        assert later.whole == whole.whole
        if whole.whole:
            assert same_rows(whole.rows, later.rows)
            assert {**whole.signed} == {**before.signed, **later.signed}


def test_rows_share_what_they_have_in_common() -> None:
    """If it fails, verifying a million rows takes a quarter more memory than it must."""
    rows = PackedRows()
    for number in range(3):
        notes = "".join(["as ", "before" if number else "never"])
        given = {"model": "scorer", "version": f"{number}", "seq": number, "notes": notes}
        rows.put(VersionRow(**given, time=f"{number}", actor="emil"))
    rows.settle()
    places = {name: place for place, name in enumerate(column_names(VersionRow))}
    first, second, third = rows.values(VersionRow).values()
    assert [row[places["notes"]] for row in (first, second, third)] == [
        "as never",
        "as before",
        "as before",
    ]
    assert second[places["notes"]] is third[places["notes"]]
    assert [row.seq for row in rows.where(VersionRow)] == [0, 1, 2]


def same_rows(one: PackedRows, other: PackedRows) -> bool:
    """Whether two sets of registers hold the same rows."""
    return all(
        [row.model_dump() for row in one.where(table)]
        == [row.model_dump() for row in other.where(table)]
        for table in TABLES
    )
