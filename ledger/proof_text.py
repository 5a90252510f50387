"""Proofs as texts that other software checks: c2sp.org/tlog-proof@v1, and JSON for the rest.

Rules kept here:
- an inclusion proof is a tlog-proof: header, index, path, a blank line, a signed checkpoint;
- a consistency proof is JSON: two signed checkpoints and the path between their trees;
- a row proof is JSON: a decision record, its path to the row tree's root, the `log.sealed` entry
  that holds this root, and that entry's tlog-proof;
- a checkpoint counts only if one of the keys given, named by its own origin, signed it;
- nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ledger.checkpoint import (
    Checkpoint,
    NamedKey,
    parse_checkpoint,
    parse_note,
    verified_signers,
)
from ledger.entry import decode, entry_hash
from ledger.errors import CheckFailed, InvalidInput
from ledger.merkle import HASH_SIZE, leaf_hash, verify_consistency, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
CONSISTENCY = "quaestor/consistency-proof/v1"
ROW = "quaestor/row-proof/v1"

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")
_DAMAGED = "It was damaged; have it made again."

Kind = Literal["checkpoint", "entry", "consistency", "row"]


@dataclass(frozen=True)
class Proved:
    """What was shown: a sentence for people, the checkpoint relied on, and who signed that."""

    kind: Kind
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
        lines = [HEADER, f"index {self.index}", *map(_b64, self.path)]
        return "".join(f"{line}\n" for line in lines) + "\n" + self.note


def parse_inclusion(text: str) -> InclusionProof:
    """Read a tlog-proof. InvalidInput when it is not one; an `extra` line is passed over."""
    head, blank, note = text.partition("\n\n")
    header, *lines = head.split("\n")
    if not blank or header != HEADER:
        raise InvalidInput("This is not a tlog-proof.", f"It would begin with {HEADER}.")
    if lines and lines[0].startswith("extra "):
        del lines[0]
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None:
        raise InvalidInput("The proof has no index.", _DAMAGED)
    return InclusionProof(int(index[1]), tuple(map(_hash, lines[1:])), note)


def check_note(note: str, keys: Sequence[NamedKey]) -> Proved:
    """Check that somebody whose key was given signed a checkpoint. CheckFailed otherwise."""
    checkpoint, signers = _signed(note, keys)
    return Proved("checkpoint", f"a checkpoint of {checkpoint.size} entries", checkpoint, signers)


def check_inclusion(proof: InclusionProof, data: bytes, keys: Sequence[NamedKey]) -> Proved:
    """Check that an entry's exact bytes lie at the proof's index. CheckFailed otherwise."""
    checkpoint, signers = _signed(proof.note, keys)
    if not verify_inclusion(
        entry_hash(data), proof.index, checkpoint.size, proof.path, checkpoint.root
    ):
        raise CheckFailed(
            f"This is not entry {proof.index} of the checkpoint's tree.",
            "Compare the entry's bytes with `quaestor ledger show SEQ --bytes`.",
        )
    what = f"entry {proof.index} of {checkpoint.size} entries"
    return Proved("entry", what, checkpoint, signers)


def write_consistency(old: str, new: str, path: Sequence[bytes]) -> str:
    """A consistency proof between two signed checkpoints, as a line of JSON."""
    return _line({"format": CONSISTENCY, "old": old, "new": new, "path": [*map(_b64, path)]})


def write_row(
    record: str, row: int, path: Sequence[bytes], entry: bytes, proof: InclusionProof
) -> str:
    """A proof that a decision record is row `row` (0-based) of a sealed log, as a line of JSON."""
    return _line(
        {
            "format": ROW,
            "record": record,
            "row": row,
            "path": [*map(_b64, path)],
            "entry": entry.decode(),
            "entry_proof": proof.text(),
        }
    )


def check_json(text: str, keys: Sequence[NamedKey]) -> Proved:
    """Check a consistency or row proof: CheckFailed if it does not hold, InvalidInput if none."""
    try:
        fields = orjson.loads(text)
        form = fields["format"]
        path = [_hash(line) for line in fields["path"]]
        if form == CONSISTENCY:
            return _check_consistency(fields, path, keys)
        if form == ROW:
            return _check_row(fields, path, keys)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"This is not a proof: {error!r}.", _DAMAGED) from error
    raise InvalidInput(f"{form!r} is not a proof that is known here.", _DAMAGED)


def _check_consistency(
    fields: dict[str, Any], path: Sequence[bytes], keys: Sequence[NamedKey]
) -> Proved:
    old, _ = _signed(fields["old"], keys)
    new, signers = _signed(fields["new"], keys)
    if old.origin != new.origin or not verify_consistency(
        old.size, new.size, path, old.root, new.root
    ):
        raise CheckFailed(
            f"The ledger of {new.size} entries does not continue that of {old.size}.",
            "Somebody has shown two histories: compare with other people's checkpoints.",
        )
    return Proved("consistency", f"{new.size} entries continue the first {old.size}", new, signers)


def _check_row(fields: dict[str, Any], path: Sequence[bytes], keys: Sequence[NamedKey]) -> Proved:
    data = fields["entry"].encode()
    sealed = check_inclusion(parse_inclusion(fields["entry_proof"]), data, keys)
    entry = decode(data)
    if entry.kind != "log.sealed":
        raise CheckFailed("The entry does not enter a sealed log.", _DAMAGED)
    row, rows = fields["row"], entry.body["rows"]
    leaf, root = leaf_hash(fields["record"].encode()), bytes.fromhex(entry.body["root"])
    if type(row) is not int or not verify_inclusion(leaf, row, rows, path, root):
        raise CheckFailed(
            f"This record is not row {row} of {entry.subject}.", "It is not what was imported."
        )
    what = f"row {row} of {rows} rows of {entry.subject}, entered by {sealed.what}"
    return Proved("row", what, sealed.checkpoint, sealed.signers)


def _signed(note: str, keys: Sequence[NamedKey]) -> tuple[Checkpoint, tuple[str, ...]]:
    text, signatures = parse_note(note)
    checkpoint = parse_checkpoint(text)
    own = [key for key in keys if key[0].rpartition("/")[0] == checkpoint.origin]
    signers = verified_signers(text, signatures, own)
    if not signers:
        names = ", ".join(dict.fromkeys(signature.name for signature in signatures))
        raise CheckFailed(
            f"The checkpoint bears the name of {names}, but no good signature by a key given.",
            "Give their key with --vkey; they print it: quaestor ledger checkpoint --vkey",
        )
    return checkpoint, signers


def _hash(line: str) -> bytes:
    """The 32 bytes that a line of base64 spells, in the one way in which it is written."""
    try:
        value = base64.b64decode(line, validate=True)
    except ValueError as error:
        raise InvalidInput("A hash of the proof is not base64.", _DAMAGED) from error
    if len(value) != HASH_SIZE or _b64(value) != line:
        raise InvalidInput("A hash of the proof is not the base64 of 32 bytes.", _DAMAGED)
    return value


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _line(fields: dict[str, Any]) -> str:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()
