from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from ledger.errors import CheckFailed, InvalidInput
from ledger.logs.importing import import_logs
from ledger.logs.proposing import propose
from ledger.merkle import leaf_hash
from ledger.proof_text import check_json
from ledger.proofs import inclusion_path
from ledger.registers.logs import LogRow
from ledger.row_proofs import prove_row
from ledger.witnessing import actor_keys
from tests.people import MODEL, Person, World, raising
from tests.vectors.record import Tiles

ROWS = 700


@pytest.fixture
def emil(world: World, tmp_path: Path) -> Person:
    """Give an engineer who has imported a log of 700 decisions."""
    person = world.person("emil")
    log = tmp_path / "log.csv"
    log.write_text("id,approved\n" + "".join(f"{n},{n % 3}\n" for n in range(ROWS)))
    import_logs(person.book, person.signer, MODEL, [log], propose(log))
    person.note("later")
    return person


def sealed_file(person: Person) -> Path:
    """Find the sealed log."""
    with person.book.read() as snapshot:
        (row,) = snapshot.rows.where(LogRow)
    return person.book.home.evidence.path(row.file, "parquet")


def prove(person: Person, row: int) -> dict[str, Any]:
    """Prove a row, and check the proof with the keys of the ledger's actors."""
    text = prove_row(person.book, person.signer, "log-1", row)
    with person.book.read() as snapshot:
        proved = check_json(text, actor_keys(snapshot))
    assert proved.what.startswith(f"row {row} of {ROWS} rows of log/log-1")
    assert proved.signers == (f"{person.book.facts.origin}/emil",)
    fields: dict[str, Any] = orjson.loads(text)
    return fields


def test_one_imported_decision_is_proved(emil: Person) -> None:
    """If it failed, a person could not be shown what was recorded of their own case."""
    records = pq.read_table(sealed_file(emil)).column("record").to_pylist()
    rows = Tiles()
    rows.extend([leaf_hash(record.encode()) for record in records])
    for row in (0, 1, 255, 256, 511, 512, ROWS - 1):
        fields = prove(emil, row)
        assert orjson.loads(fields["record"])["id"] == str(row)
        path = [leaf.hex() for leaf in inclusion_path(rows.read, row, ROWS)]
        shown = [bytes.hex(_decoded(line)) for line in fields["path"]]
        assert shown == path


def test_what_is_not_there_is_not_proved(emil: Person) -> None:
    """If it failed, a wrong number would end in a traceback or in somebody else's decision."""
    for log, row in (("log-1", ROWS), ("log-1", -1), ("log-2", 0)):
        raising(InvalidInput, lambda: prove_row(emil.book, emil.signer, log, row))  # noqa: B023


def test_a_changed_file_proves_nothing(emil: Person) -> None:
    """If it failed, a decision edited after its import could be proved."""
    path = sealed_file(emil)
    table = pq.read_table(path)
    path.chmod(0o660)
    pq.write_table(table.slice(1), path)
    said = raising(CheckFailed, lambda: prove_row(emil.book, emil.signer, "log-1", 5))
    assert "not those that were sealed" in said
    path.unlink()
    raising(CheckFailed, lambda: prove_row(emil.book, emil.signer, "log-1", 5))


def _decoded(line: str) -> bytes:
    from base64 import b64decode

    return b64decode(line)
