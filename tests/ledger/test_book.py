"""Reading and appending: one part at a time, checked, sealed, and vouched for by its author."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from ledger.book import Book
from ledger.entry import Draft, decode
from ledger.errors import InvalidInput, Refused
from ledger.home import Home
from ledger.registers.incidents import IncidentRow, NoteRow
from ledger.registers.models import ModelRow
from ledger.registers.rows import Rows
from ledger.store.base import Head
from ledger.vault import sealed_values
from policies.responding import open_incident
from tests.people import MODEL, START, World, raising, seqs_of, size_of, version_draft


def test_a_part_is_entered_together(world: World) -> None:
    """If it fails, what belongs together is signed apart, or the chain does not hold."""
    appended = world.person("emil").append(version_draft("1.1"), version_draft("1.2"))
    first, second = appended.entries
    assert (first.part, second.part) == ((0, 2), (1, 2))
    assert (first.sig, bool(second.sig)) == (None, True)
    assert (first.seq, second.seq, appended.head.size) == (10, 11, 12)
    assert (appended.posted, appended.published, appended.name) == (True, True, MODEL)
    with world.stranger().read() as snapshot:
        stored = snapshot.entries(10, 12)
        assert [decode(entry.data) for entry in stored] == [first, second]
        assert snapshot.head == appended.head == world.home.read_head()


def test_a_refused_entry_takes_its_part_with_it(world: World) -> None:
    """If it fails, half of what somebody wanted to enter is entered."""
    emil = world.person("emil")
    journal = world.home.journal.size()
    raising(Refused, lambda: emil.append(version_draft("1.1"), version_draft("1.0")))
    retired = Draft("actor.retired", "actor/ann", {"reason": "x"})
    raising(Refused, lambda: emil.append(version_draft("1.1"), retired))
    bare = Draft("model.carded", f"model/{MODEL}", {})
    raising(InvalidInput, lambda: emil.append(version_draft("1.1"), bare))
    raising(InvalidInput, lambda: emil.append(Draft("model.dreamt", f"model/{MODEL}", {})))
    assert (size_of(emil.book), world.home.journal.size()) == (10, journal)
    with emil.book.read() as snapshot:
        row = snapshot.rows.get(ModelRow, MODEL)
    assert row is not None
    assert row.version == "1.0"


@pytest.mark.parametrize("text", ["\ud800", "a\0b", ""])
def test_text_that_cannot_be_is_refused_before_it_is_looked_up(world: World, text: str) -> None:
    """If it fails, a database is asked for what no text can be, and ends in its own traceback."""
    emil = world.person("emil")
    for draft in (version_draft(text), Draft("model.versioned", f"model/{text}", {"version": "1"})):
        raising(InvalidInput, lambda draft=draft: emil.append(draft))
    assert size_of(emil.book) == 10


def test_an_entry_that_is_too_long_is_sent_back(world: World) -> None:
    """If it fails, an entry beyond 65,535 bytes is journalled and can never be read again."""
    emil = world.person("emil")
    journal = world.home.journal.size()
    body = {"version": "1.1", "notes": "\N{GRINNING FACE}" * 20_000}
    draft = Draft("model.versioned", f"model/{MODEL}", body)
    assert "65,535" in raising(InvalidInput, lambda: emil.append(draft))
    assert (size_of(emil.book), world.home.journal.size()) == (10, journal)


def test_ids_are_fresh_under_the_lock(world: World) -> None:
    """If it fails, two people who open an incident at once get the same id."""
    emil, rosa = world.person("emil"), world.person("rosa")
    seen: list[int] = []

    def making(rows: Rows) -> list[Draft]:
        seen.append(len(rows.where(IncidentRow)))
        return [version_draft(f"1.{len(seen)}")]

    for person in (emil, rosa):
        open_incident(
            person.book,
            person.signer,
            title="Bias",
            severity="high",
            model=MODEL,
            description="",
            detected_at=START,
            aware_at=START,
        )
        person.book.append(person.signer, making)
    assert seen == [1, 2]


def test_personal_texts_are_never_in_the_record(world: World) -> None:
    """If it fails, what people wrote about people can never be erased again."""
    emil, cora = world.person("emil"), world.person("cora")
    secret = "Frau Muster rang an."
    opened = open_incident(
        emil.book,
        emil.signer,
        title="Bias",
        severity="high",
        model=MODEL,
        description=secret,
        detected_at=START,
        aware_at=START,
    )
    cora.append(Draft("incident.noted", f"incident/{opened.name}", {"note": secret}))
    for path in (*world.home.journal.files(), *world.home.folder.glob("ledger.duckdb*")):
        assert secret.encode() not in path.read_bytes()
    with emil.book.read() as snapshot:
        incident = snapshot.rows.where(IncidentRow)[0]
        note = snapshot.rows.where(NoteRow)[0]
        bodies = [decode(entry.data).body for entry in snapshot.find(kind="incident.*")]
    keys = [sealed["vault"] for body in bodies for sealed in sealed_values(body)]
    assert len(set(keys)) == 2
    subject = f"incident/{opened.name}"
    assert emil.book.reveal(subject, "description", incident.description) == secret
    assert emil.book.reveal(subject, "note", note.text) == secret
    assert emil.book.reveal(subject, "note", "") == ""
    emil.book.vault.destroy(orjson.loads(note.text)["vault"])
    assert emil.book.reveal(subject, "note", note.text) == "[erased]"


def test_the_wrong_key_signs_nothing(world: World) -> None:
    """If it fails, entries are recorded that can never be verified."""
    emil, rosa = world.person("emil"), world.person("rosa")
    impostor = replace(rosa.signer, actor="emil")
    said = raising(Refused, lambda: emil.book.append(impostor, [version_draft("1.1")]))
    assert "not the one enrolled" in said
    stranger = replace(rosa.signer, actor="nobody")
    raising(Refused, lambda: emil.book.append(stranger, [version_draft("1.1")]))
    assert size_of(emil.book) == 10


def test_who_appends_keeps_a_pin_and_an_anchor(world: World) -> None:
    """If it fails, people's own seats do not remember what they entered."""
    emil = world.person("emil")
    ledger_id = emil.book.facts.ledger_id
    assert (emil.seat.pin(ledger_id), emil.seat.anchor(ledger_id)) == (None, None)
    head = emil.note("1.1").head
    pin, anchor = emil.seat.pin(ledger_id), emil.seat.anchor(ledger_id)
    assert pin is not None
    assert anchor is not None
    assert pin.home == str(world.home.folder.resolve())
    assert (anchor.checkpoint.size, anchor.checkpoint.root, anchor.by) == (11, head.root, "emil")


def test_a_seat_that_cannot_be_written_vouches_for_less(world: World) -> None:
    """If it fails, an entry that is recorded is reported as failed because of its author's disk.

    A file stands where the seat's folder for this ledger should be, since root may write anywhere.
    """
    emil = world.person("emil")
    (emil.seat.folder / "ledgers").rmdir()
    (emil.seat.folder / "ledgers").write_bytes(b"")
    assert emil.note("1.1").posted
    assert emil.note("1.2").posted


def test_a_home_without_a_ledger_is_explained(world: World) -> None:
    """If it fails, a mistyped folder is taken for an empty ledger."""
    book = Book(Home(world.folder / "nowhere"))
    assert "no ledger" in raising(InvalidInput, lambda: size_of(book))
    emil = world.person("emil")
    assert "no ledger" in raising(InvalidInput, lambda: book.append(emil.signer, []))
    assert not book.home.folder.exists()


def test_reading_opens_the_store_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, every screen costs twice what it should."""
    book = world.stranger()
    opened: list[int] = []
    real = book.store.read

    def counted() -> object:
        opened.append(1)
        return real()

    monkeypatch.setattr(book.store, "read", counted)
    assert seqs_of(book) == list(range(10))
    assert len(opened) == 1


def test_the_head_is_only_a_cache(world: World) -> None:
    """If it fails, a lost or damaged head file stops work, or is believed."""
    emil = world.person("emil")
    world.home.head_file.write_bytes(b"{")
    assert world.home.read_head() is None
    head = emil.note("1.1").head
    assert world.home.read_head() == head
    world.home.write_head(Head())
    assert size_of(emil.book) == 11
