"""Proof for one entry in a million: making it from tiles in DuckDB, its size, checking its path."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.timing import Scale, table, typical
from ledger.checkpoint import Checkpoint, sign_note
from ledger.merkle import verify_inclusion
from ledger.proof_text import InclusionProof
from ledger.proofs import inclusion_path
from ledger.store.base import Head, StoredEntry
from ledger.store.duck import DuckStore
from ledger.store.locks import Locks
from ledger.tiles import grow, overlaid, root_at

_ORIGIN = "bench.example/ledger"


def run(scale: Scale) -> None:
    """Measure on a tree of `scale.entries` leaves, kept as tiles in a DuckDB file."""
    size = scale.entries
    leaves = [sha256(b"%d" % number).digest() for number in range(size)]
    tiles = grow(lambda _level, _index: b"", 0, leaves)
    root = root_at(overlaid(lambda _level, _index: b"", tiles), size)
    key = Ed25519PrivateKey.from_private_bytes(sha256(b"bench").digest())
    name = f"{_ORIGIN}/bench-admin"
    note = sign_note(
        Checkpoint(_ORIGIN, size, root).text(), name, key.public_key().public_bytes_raw(), key.sign
    )
    seqs = random.Random(3).choices(range(size), k=50)  # noqa: S311 - which entries to prove
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        store = DuckStore(Path(folder) / "ledger.duckdb", Locks(Path(folder)))
        store.create()
        with store.write() as transaction:
            entry = StoredEntry(0, "", "", "", "", b"")
            transaction.post([entry], tiles, Head(size, root, "", 0))
        with store.read() as snapshot:
            chosen = iter(seqs)
            making = typical(lambda: inclusion_path(snapshot.tile, next(chosen), size), len(seqs))
            path = inclusion_path(snapshot.tile, seqs[0], size)

        def opened() -> None:
            with store.read() as snapshot:
                inclusion_path(snapshot.tile, seqs[0], size)

        opening = typical(opened, 20)
    leaf = leaves[seqs[0]]
    if not verify_inclusion(leaf, seqs[0], size, path, root):
        raise AssertionError("The proof does not hold.")
    checking = typical(lambda: verify_inclusion(leaf, seqs[0], size, path, root), 2_000)
    text = InclusionProof(seqs[0], tuple(path), note).text()
    table(
        f"Proof for 1 entry in {size:,}",
        ("what", "measured", "wanted"),
        [
            ("made, the ledger being open", f"{making * 1e3:.2f} ms", "< 5 ms"),
            ("made, opening and closing it too", f"{opening * 1e3:.2f} ms", ""),
            ("its path checked", f"{checking * 1e6:.1f} us", "< 50 us"),
            ("its text with the checkpoint", f"{len(text.encode()):,} bytes", "< 1,300"),
        ],
    )
