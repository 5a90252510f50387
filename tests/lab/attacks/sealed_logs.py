"""Decision logs and their quarantine changed after import, or falsified by whoever imports them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.entry import Draft, decode
from ledger.errors import CheckFailed
from policies.auditing import run_fairness
from policies.fairness.counts import FairnessRequest
from tests.lab.attack import Attack, Caught
from tests.lab.scene import Scene
from tests.people import MODEL, raising

FILTER = "model_version = '2.0.4'"
REQUEST = FairnessRequest("approved", ("sex",), label="repaid", where=FILTER)


def flip_a_bit_in_a_row(scene: Scene) -> Caught:
    """One decision more or less is not noticed among many."""
    path = _path(scene, "log-1")
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    return _caught(scene, "log-1")


def swap_two_sealed_logs(scene: Scene) -> Caught:
    """Both files are there and whole; only each is the other's."""
    one, two = _path(scene, "log-1"), _path(scene, "log-2")
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    return _caught(scene, "log-1")


def delete_a_sealed_log(scene: Scene) -> Caught:
    """Decisions that are gone cannot be audited."""
    _path(scene, "log-1").unlink()
    return _caught(scene, "log-1")


def rewrite_a_decision(scene: Scene) -> Caught:
    """Record and mapped column agree on another outcome."""
    path = _path(scene, "log-1")
    pq.write_table(_turned(pq.read_table(path), also_the_record=True), path)
    return _caught(scene, "log-1")


def edit_a_mapped_column_but_not_the_record(scene: Scene) -> Caught:
    """Audits count the column; whoever reads the record finds it unchanged."""
    path = _path(scene, "log-1")
    pq.write_table(_turned(pq.read_table(path)), path)
    return _caught(scene, "log-1")


def patch_parquet_statistics(scene: Scene) -> Caught:
    """Every row is as it was, but a filter passes over those that the footer says are not there."""
    path = _path(scene, "log-1")
    before = _count(path)
    path.write_bytes(_with_forged_statistics(path.read_bytes()))
    assert _count(path) < before, "the statistics that were forged mislead nobody"
    emil = scene.person("emil")
    raising(CheckFailed, lambda: run_fairness(emil.book, emil.signer, MODEL, REQUEST))
    return _caught(scene, "log-1")


def import_a_falsified_column(scene: Scene) -> Caught:
    """Who imports with a key and a program of their own may map a record as they please."""

    def falsified(path: Path) -> bytes:
        sink = pa.BufferOutputStream()
        pq.write_table(_turned(pq.read_table(path)), sink)
        return bytes(sink.getvalue())

    return _imported(scene, falsified)


def import_forged_statistics(scene: Scene) -> Caught:
    """Who imports with a program of their own seals a file that a filter loses rows of."""
    found = _imported(scene, lambda path: _with_forged_statistics(path.read_bytes()))
    emil = scene.person("emil")
    audited = run_fairness(emil.book, emil.signer, MODEL, REQUEST).document
    assert audited["n"] == 2 * _count(_path(scene, "log-1")), "an audit lost rows"
    return found


def drop_a_quarantined_row(scene: Scene) -> Caught:
    """A row that could not be read is not missed."""
    row = scene.sealed("log-2")
    path = scene.home.evidence.path(row.quarantine, "jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    return Caught("evidence", row.seq, "log/log-2")


def edit_a_column_map(scene: Scene) -> Caught:
    """Another field of the record is now what the column says."""
    row = scene.sealed("log-1")
    path = scene.home.evidence.path(row.column_map, "json")
    path.write_bytes(path.read_bytes().replace(b'"source":"repaid"', b'"source":"region"'))
    return Caught("evidence", row.seq, "log/log-1")


def _path(scene: Scene, log: str) -> Path:
    return scene.home.evidence.path(scene.sealed(log).file, "parquet")


def _caught(scene: Scene, log: str) -> Caught:
    return Caught("sealed_log", scene.sealed(log).seq, f"log/{log}")


def _turned(table: pa.Table, *, also_the_record: bool = False) -> pa.Table:
    """A log whose first decision is the other way round."""
    place = table.column_names.index("approved")
    decisions = table.column(place).to_pylist()
    first = orjson.loads(table.column("record")[0].as_py())
    decisions[0] = 1 - decisions[0]
    turned = table.set_column(place, table.schema.field(place), pa.array(decisions, pa.int64()))
    if also_the_record:
        texts = turned.column("record").to_pylist()
        texts[0] = orjson.dumps({**first, "approved": str(decisions[0])}).decode()
        turned = turned.set_column(0, turned.schema.field(0), pa.array(texts, pa.string()))
    return turned


def _with_forged_statistics(data: bytes) -> bytes:
    """The bytes of a log whose footer says that no version is earlier than 2.0.9."""
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[start:].replace(b"2.0.4", b"2.0.9")
    assert footer != data[start:]
    return data[:start] + footer


def _count(path: Path) -> int:
    """How many rows pass the filter, as any engine that trusts statistics counts them."""
    query = f"SELECT count(*) FROM read_parquet(?) WHERE {FILTER}"  # noqa: S608 - a constant
    with duckdb.connect(":memory:") as engine:
        return int(engine.execute(query, [str(path)]).fetchall()[0][0])


def _imported(scene: Scene, falsify: Callable[[Path], bytes]) -> Caught:
    """Enter a falsified copy of a log as an engineer may; keys, signature and digest are good."""
    row = scene.sealed("log-1")
    data = falsify(_path(scene, "log-1"))
    file = scene.home.evidence.keep(data, "parquet")
    emil = scene.person("emil")
    with emil.book.read() as snapshot:
        (stored,) = snapshot.entries(row.seq, row.seq + 1)
    body = decode(stored.data).body
    body |= {"file": file, "import_key": sha256(data).hexdigest()}
    emil.append(Draft("log.sealed", "log/log-9", body))
    return Caught("sealed_log", scene.size, "log/log-9")


ATTACKS: tuple[Attack, ...] = (
    flip_a_bit_in_a_row,
    swap_two_sealed_logs,
    delete_a_sealed_log,
    rewrite_a_decision,
    edit_a_mapped_column_but_not_the_record,
    patch_parquet_statistics,
    import_a_falsified_column,
    import_forged_statistics,
    drop_a_quarantined_row,
    edit_a_column_map,
)
