"""Data sets in the record: what may be entered, what is refused, and whose words can be erased."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from ledger.entry import Draft
from ledger.errors import InvalidInput, QuaestorError, Refused
from ledger.registers.datasets import (
    ContentsRow,
    DatasetRow,
    LineageRow,
    Trained,
    contents_of,
    digest_of,
    draft_training,
)
from ledger.verification import verify
from tests.people import MODEL, World, raising, size_of

FIRST, SECOND = (sha256(word).hexdigest() for word in (b"first", b"second"))


def contents(version: str = "1", digest: str = FIRST, **changed: Any) -> dict[str, Any]:
    """Give contents of one file."""
    return {
        "version": version,
        "files": [{"name": "train.csv", "size": 10, "sha256": digest}],
        "digest": digest,
        "rows": 3,
        "profile": None,
        "note": None,
        **changed,
    }


def registration(dataset: str = "applications", **changed: Any) -> Draft:
    """Register a data set."""
    body = {
        "name": "Applications",
        "owner": "ada",
        "source": "Core banking",
        "licence": "internal",
        "purpose": "Training",
        "personal_data": "special-category",
        "contents": contents(),
        **changed,
    }
    return Draft("dataset.registered", f"dataset/{dataset}", body)


def renewal(version: str = "2", digest: str = SECOND, **changed: Any) -> Draft:
    """Enter new contents."""
    body = {"contents": contents(version, digest, **changed)}
    return Draft("dataset.versioned", "dataset/applications", body)


def training(version: str = "1.0", digest: str = FIRST, **changed: Any) -> Draft:
    """Say with what a model was trained."""
    body = {"version": version, "dataset": "applications", "digest": digest, "use": "training"}
    return draft_training(changed.pop("model", MODEL), Trained.model_validate({**body, **changed}))


RETIREMENT = Draft("dataset.retired", "dataset/applications", {"reason": "Outdated"})


def test_a_data_sets_life(world: World) -> None:
    """If it fails, what a model was trained on, and whose data it was, is not on record."""
    ada = world.person("ada")
    ada.append(registration())
    ada.append(training())
    ada.append(renewal())
    ada.append(training(use="testing"), training(digest=SECOND, use="validation"))
    ada.append(RETIREMENT)
    ada.append(training(use="validation"))
    with world.stranger().read() as snapshot:
        rows = snapshot.rows
        (row,) = rows.where(DatasetRow)
        versions = rows.where(ContentsRow, dataset="applications")
        made = {(each.digest, each.use) for each in rows.where(LineageRow, model=MODEL)}
        assert contents_of(rows, "applications", "1").digest == FIRST
    assert (row.version, row.digest, row.status) == ("2", SECOND, "retired")
    assert (row.owner, row.licence, row.personal_data) == ("ada", "internal", "special-category")
    assert [(each.version, each.rows) for each in versions] == [("1", 3), ("2", 3)]
    assert made == {
        (FIRST, "training"),
        (FIRST, "testing"),
        (FIRST, "validation"),
        (SECOND, "validation"),
    }
    assert verify(world.person("ann").book).problems == ()


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        ([registration()], registration()),
        ([], registration("Applications")),
        ([], registration(owner="nobody")),
        ([], registration(contents=contents(files=[]))),
        ([], registration(contents={**contents(), "digest": SECOND})),
        ([], renewal()),
        ([], training()),
        ([], RETIREMENT),
        ([registration()], renewal("1")),
        ([registration()], renewal("2", FIRST)),
        ([registration()], training("9.9")),
        ([registration()], training(digest=SECOND)),
        ([registration()], training(dataset="others")),
        ([registration()], training(model="unknown")),
        ([registration(), training()], training()),
        ([registration(), RETIREMENT], renewal()),
        ([registration(), RETIREMENT], RETIREMENT),
    ],
    ids=lambda value: value.kind if isinstance(value, Draft) else str(len(value)),
)
def test_what_does_not_follow_is_refused(world: World, first: list[Draft], refused: Draft) -> None:
    """If it fails, lineage may name bytes, versions or data sets that never were."""
    ada = world.person("ada")
    for draft in first:
        ada.append(draft)
    before = size_of(world.stranger())
    with pytest.raises(QuaestorError) as error:
        ada.append(refused)
    assert isinstance(error.value, Refused | InvalidInput)
    assert error.value.hint
    assert size_of(world.stranger()) == before


def test_a_note_about_people_is_entered_as_ciphertext(world: World) -> None:
    """If it fails, a text about a person stands in the record for ever."""
    ada = world.person("ada")
    (entry,) = ada.append(registration(contents=contents(note="Labelled by Jo Meyer"))).entries
    assert "Meyer" not in str(entry.body)
    with world.stranger().read() as snapshot:
        row = contents_of(snapshot.rows, "applications")
    assert ada.book.reveal("dataset/applications", "note", row.note) == "Labelled by Jo Meyer"


def test_who_may_not_enter_data_sets_enters_none(world: World) -> None:
    """If it fails, an auditor can make up what models were trained on."""
    world.person("emil").append(registration())
    world.person("emil").append(training())
    for actor in ("ann", "cora"):
        raising(Refused, lambda: world.person(actor).append(renewal()))  # noqa: B023 - called at once
        raising(Refused, lambda: world.person(actor).append(training(use="testing")))  # noqa: B023 - called at once


def test_a_digest_of_several_files_does_not_depend_on_their_order() -> None:
    """If it fails, the same files are another data set when listed otherwise."""
    assert digest_of([FIRST]) == FIRST
    assert digest_of([FIRST, SECOND]) == digest_of([SECOND, FIRST])
    lines = "".join(f"{digest}\n" for digest in sorted([FIRST, SECOND]))
    assert digest_of([FIRST, SECOND]) == sha256(lines.encode()).hexdigest()
