"""The evidence that a report carries: entries with inclusion proofs under a signed checkpoint.

`evidence.json` needs nothing but itself and public keys to be checked:
- `checkpoint` is a signed note (C2SP tlog-checkpoint), `verifier_keys` are the keys of all actors;
- each of `entries` has its exact bytes as text, and the path from its leaf to the root;
- `results` are the full results of audits and evaluations, each under its SHA-256, which an entry
  names.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from ledger.checkpoint import Checkpoint, parse_checkpoint, parse_note, signed_by, vkey
from ledger.entry import decode, entry_hash
from ledger.errors import CheckFailed, QuaestorError
from ledger.merkle import verify_inclusion
from ledger.proofs import inclusion_path
from ledger.registers.actors import KeyRow
from ledger.store.base import Snapshot, StoredEntry

FORMAT = "quaestor/report-evidence/v1"


@dataclass(frozen=True)
class ReportEvidence:
    """What was read back from a report's evidence and proved: entries and their checkpoint."""

    report_id: str
    about: str
    checkpoint: Checkpoint
    note: str
    signed_by: str
    entries: int


def make_evidence(
    snapshot: Snapshot,
    *,
    report_id: str,
    about: str,
    note: str,
    origin: str,
    entries: Sequence[StoredEntry],
    results: Mapping[str, bytes],
) -> bytes:
    """Write the attachment: JSON, sorted, compact."""
    size = snapshot.head.size
    document = {
        "format": FORMAT,
        "report_id": report_id,
        "about": about,
        "checkpoint": note,
        "verifier_keys": [
            vkey(f"{origin}/{row.actor}", base64.b64decode(row.public_key))
            for row in snapshot.rows.where(KeyRow)
        ],
        "entries": [
            {
                "seq": entry.seq,
                "entry": entry.data.decode(),
                "path": [
                    base64.b64encode(sibling).decode()
                    for sibling in inclusion_path(snapshot.tile, entry.seq, size)
                ],
            }
            for entry in entries
        ],
        "results": {digest: data.decode() for digest, data in results.items()},
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def check_evidence(data: bytes) -> ReportEvidence:
    """Check a report's evidence by itself. CheckFailed names what is wrong first.

    1. The checkpoint is signed by one of the verifier keys that the evidence names.
    2. Every entry is canonical and proved to lie in the checkpoint's tree at its seq.
    3. Every result has the digest it stands under, and an entry of the evidence names it.
    """
    try:
        document = orjson.loads(data)
        note = document["checkpoint"]
        checkpoint, signer = _signed_checkpoint(note, document["verifier_keys"])  # 1
        for item in document["entries"]:  # 2
            _check_entry(item, checkpoint)
        _check_results(document["results"], document["entries"])  # 3
        return ReportEvidence(
            document["report_id"],
            document["about"],
            checkpoint,
            note,
            signer,
            len(document["entries"]),
        )
    except CheckFailed:
        raise
    except (QuaestorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckFailed(f"The evidence cannot be read: {error}.", _HINT) from error


_HINT = "Ask the issuer for the report again."


def _signed_checkpoint(note: str, verifier_keys: Sequence[str]) -> tuple[Checkpoint, str]:
    """Read a checkpoint and who of these keys signed it."""
    text, signatures = parse_note(note)
    keys = dict(_read_vkey(key) for key in verifier_keys)
    for signature in signatures:
        if signature.name in keys and signed_by(text, signature, keys[signature.name]):
            return parse_checkpoint(text), signature.name
    raise CheckFailed("The evidence's checkpoint is not signed by any of its keys.", _HINT)


def _check_entry(item: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    data = item["entry"].encode()
    entry = decode(data)
    path = [base64.b64decode(sibling) for sibling in item["path"]]
    proved = verify_inclusion(entry_hash(data), entry.seq, checkpoint.size, path, checkpoint.root)
    if entry.seq != item["seq"] or not proved:
        raise CheckFailed(f"Entry {item['seq']} is not in the tree of the checkpoint.", _HINT)


def _check_results(results: Mapping[str, str], entries: Iterable[Mapping[str, Any]]) -> None:
    named = "".join(item["entry"] for item in entries)
    for digest, text in results.items():
        if sha256(text.encode()).hexdigest() != digest or digest not in named:
            raise CheckFailed(f"The audit result {digest[:12]} is not the one entered.", _HINT)


def _read_vkey(text: str) -> tuple[str, bytes]:
    name, _, encoded = text.split("+", 2)
    return name, base64.b64decode(encoded)[1:]
