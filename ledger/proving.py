"""Proofs taken from an open ledger: of an entry, and that it continues an earlier checkpoint."""

from __future__ import annotations

from ledger.book import Book
from ledger.errors import InvalidInput
from ledger.keys import Signer
from ledger.proof_text import InclusionProof, write_consistency
from ledger.proofs import consistency_path, inclusion_path
from ledger.store.base import Snapshot
from ledger.witnessing import hold, signed_checkpoint, vouching


def prove_entry(book: Book, signer: Signer, seq: int) -> InclusionProof:
    """Prove that entry `seq` is in the ledger, under its present checkpoint signed by an actor.

    InvalidInput if there is no such entry; raises as `vouching` besides.
    """
    with vouching(book, signer) as snapshot:
        return entry_proof(snapshot, signer, seq)


def prove_consistency(book: Book, signer: Signer, old: str, where: str) -> str:
    """Prove that the ledger continues an earlier checkpoint (a note, from `where`).

    Raises as `hold`: what the ledger does not continue cannot be proved.
    """
    with vouching(book, signer) as snapshot:
        size = hold(snapshot, old, where).size
        path = consistency_path(snapshot.tile, size, snapshot.head.size)
        return write_consistency(old, signed_checkpoint(snapshot, signer), path)


def entry_proof(snapshot: Snapshot, signer: Signer, seq: int) -> InclusionProof:
    """The proof of one entry under the present checkpoint. InvalidInput if it is not there."""
    size = snapshot.head.size
    if seq >= size:
        raise InvalidInput(f"There is no entry {seq}.", f"The ledger has 0 to {size - 1}.")
    path = inclusion_path(snapshot.tile, seq, size)
    return InclusionProof(seq, tuple(path), signed_checkpoint(snapshot, signer))
