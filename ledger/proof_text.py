"""Proofs as texts that other software checks: c2sp.org/tlog-proof@v1, and JSON for the rest.

Rules kept here:
- an inclusion proof is a tlog-proof: header, index, path, a blank line, a signed checkpoint;
- a consistency proof is JSON: two checkpoints and the path between their trees;
- a row proof is JSON: a decision record, its path to the row tree's root, the `log.sealed` entry
  that holds this root, and that entry's tlog-proof;
- nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ledger.checkpoint import Checkpoint, parse_checkpoint, parse_note, verified_signers
from ledger.entry import decode, entry_hash
from ledger.errors import CheckFailed, InvalidInput, QuaestorError
from ledger.merkle import HASH_SIZE, leaf_hash, verify_consistency, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
CONSISTENCY = "quaestor/consistency-proof/v1"
ROW = "quaestor/row-proof/v1"

Keys = Mapping[str, bytes]
"""Ed25519 public keys by key name, `<origin>/<actor>`."""


@dataclass(frozen=True)
class Proved:
    """What a proof shows: a sentence for people, the checkpoint relied on, who signed it."""

    what: str
    checkpoint: Checkpoint
    signers: tuple[str, ...]


@dataclass(frozen=True)
class InclusionProof:
    """A tlog-proof: the leaf's 0-based index, its path, and the signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """The proof as c2sp.org/tlog-proof writes it."""
        lines = [HEADER, f"index {self.index}", *(_b64(sibling) for sibling in self.path)]
        return "".join(f"{line}\n" for line in lines) + "\n" + self.note


def parse_inclusion(text: str) -> InclusionProof:
    """Read a tlog-proof. InvalidInput when it is not one; an `extra` line is passed over."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != HEADER:
        raise InvalidInput("This is not a tlog-proof.", f"It would begin with {HEADER}.")
    rest = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
    word, _, number = rest[0].partition(" ") if rest else ("", "", "")
    if word != "index" or not number.isascii() or not number.isdigit():
        raise InvalidInput("The proof has no index.", "It was damaged.")
    return InclusionProof(int(number), tuple(_hash(line) for line in rest[1:]), note)


def check_inclusion(proof: InclusionProof, data: bytes, keys: Keys) -> Proved:
    """Check that an entry's exact bytes lie at the proof's index. CheckFailed otherwise."""
    checkpoint, signers = _signed(proof.note, keys)
    if not verify_inclusion(
        entry_hash(data), proof.index, checkpoint.size, proof.path, checkpoint.root
    ):
        raise CheckFailed(
            f"This is not entry {proof.index} of the checkpoint's tree.",
            "Compare the entry's bytes with `quaestor ledger show SEQ --bytes`.",
        )
    return Proved(f"entry {proof.index} of {checkpoint.size} entries", checkpoint, signers)


def write_consistency(old: str, new: str, path: Sequence[bytes]) -> bytes:
    """A consistency proof between two signed checkpoints, as JSON."""
    fields = {"format": CONSISTENCY, "old": old, "new": new, "path": [_b64(h) for h in path]}
    return _dump(fields)


def write_row(
    record: str, row: int, path: Sequence[bytes], entry: bytes, proof: InclusionProof
) -> bytes:
    """A proof that a decision record is row `row` of a sealed log, as JSON."""
    fields = {
        "format": ROW,
        "record": record,
        "row": row,
        "path": [_b64(sibling) for sibling in path],
        "entry": entry.decode(),
        "entry_proof": proof.text(),
    }
    return _dump(fields)


def check_json(data: bytes, keys: Keys) -> Proved:
    """Check a consistency or row proof: CheckFailed if it does not hold, InvalidInput if none."""
    try:
        fields = orjson.loads(data)
        form = fields["format"]
        path = [_hash(line) for line in fields["path"]]
        if form == CONSISTENCY:
            return _check_consistency(fields, path, keys)
        if form == ROW:
            return _check_row(fields, path, keys)
    except QuaestorError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"This is not a proof: {error}.", "Make it again.") from error
    raise InvalidInput(f"{form!r} is not a proof that is known here.", "Make it again.")


def _check_consistency(fields: dict[str, Any], path: list[bytes], keys: Keys) -> Proved:
    old, _ = _signed(fields["old"], keys)
    new, signers = _signed(fields["new"], keys)
    if old.origin != new.origin or not verify_consistency(
        old.size, new.size, path, old.root, new.root
    ):
        raise CheckFailed(
            f"The ledger of {new.size} entries does not continue that of {old.size}.",
            "Somebody has shown two histories: compare with other people's checkpoints.",
        )
    return Proved(f"{new.size} entries continue the first {old.size}", new, signers)


def _check_row(fields: dict[str, Any], path: list[bytes], keys: Keys) -> Proved:
    data = fields["entry"].encode()
    proved = check_inclusion(parse_inclusion(fields["entry_proof"]), data, keys)
    entry = decode(data)
    if entry.kind != "log.sealed":
        raise CheckFailed("The entry does not enter a sealed log.", "Make the proof again.")
    row, rows = fields["row"], entry.body["rows"]
    leaf, root = leaf_hash(fields["record"].encode()), bytes.fromhex(entry.body["root"])
    if not verify_inclusion(leaf, row, rows, path, root):
        raise CheckFailed(
            f"This record is not row {row} of {entry.subject}.", "It is not what was imported."
        )
    what = f"row {row} of {rows} of {entry.subject}, sealed by {proved.what}"
    return Proved(what, proved.checkpoint, proved.signers)


def _signed(note: str, keys: Keys) -> tuple[Checkpoint, tuple[str, ...]]:
    text, signatures = parse_note(note)
    signers = verified_signers(text, signatures, keys)
    if not signers:
        names = ", ".join(signature.name for signature in signatures) or "nobody"
        raise CheckFailed(
            f"The checkpoint is signed by {names}, none of whose keys were given.",
            "Give a key with --vkey: quaestor ledger checkpoint --vkey",
        )
    return parse_checkpoint(text), signers


def _hash(line: str) -> bytes:
    try:
        value = base64.b64decode(line, validate=True)
    except binascii.Error as error:
        raise InvalidInput("A hash of the proof is not base64.", "It was damaged.") from error
    if len(value) != HASH_SIZE:
        raise InvalidInput("A hash of the proof is not 32 bytes.", "It was damaged.")
    return value


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _dump(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
