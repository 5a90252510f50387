"""Write the golden vectors: `python -m tests.vectors.make`.

Everything follows from fixed seeds and times, so that the files change only when the format does.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ledger.checkpoint import Checkpoint, sign_note, vkey
from ledger.entry import SIGNATURE_CONTEXT, canonical, decode, entry_hash
from ledger.keys import EnrolmentRequest
from ledger.merkle import leaf_hash, root
from ledger.proofs import consistency_path, inclusion_path
from ledger.registers.switches import ORDER_CONTEXT
from tests.vectors.broken import broken_records
from tests.vectors.malformed import no_entries, unsound_signatures
from tests.vectors.record import ORIGIN, Record, Tiles
from tests.vectors.story import ADA, BEN, CY, ORDER, SEALINGS, kill, report_key, tell

FOLDER = Path(__file__).parent

VALUES: list[Any] = [
    {},
    {"b": 1, "a": 2, "a_": 3, "a0": 4, "0": 5, "_": 6},
    [None, True, False, [], {}, ""],
    [0, -1, 2**53 - 1, -(2**53 - 1)],
    '\b\t\n\f\r"\\/\u0000\u001f\u007f\u0080',
    "\u2028\u2029\ufeff\ufffe € ß Ω \U0001f6d1",
]
"""Values whose canonical form has its traps."""

ROWS = [b'{"id":1,"decision":"yes"}', b'{"id":2,"decision":"no"}', '{"id":3,"note":"ß"}'.encode()]
"""Decision records of a tiny sealed log, as the column `record` stores them."""


def files() -> dict[str, bytes]:
    """Make every golden file: its name and its bytes."""
    record = tell()
    return {
        "ledger.jsonl": b"".join(line + b"\n" for line in record.lines),
        "record.json": _json(_record(record)),
        "malformed.json": _json(_malformed(record)),
        "broken.json": _json(_broken(record)),
    }


def _record(record: Record) -> dict[str, Any]:
    leaves = [entry_hash(line) for line in record.lines]
    return {
        "canonical": [{"value": value, "text": canonical(value).decode()} for value in VALUES],
        "keys": {
            who.actor: {
                "seed": who.key.private_bytes_raw().hex(),
                "public": who.public_key.hex(),
                "vkey": vkey(f"{ORIGIN}/{who.actor}", who.public_key),
            }
            for who in (ADA, BEN, CY)
        },
        "entries": [_entry(line) for line in record.lines],
        "roots": [root(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        **_proofs(leaves),
        "checkpoint": _checkpoint(leaves),
        "request": _request().encode().decode(),
        "order": {
            "to_sign": ORDER.to_sign().removeprefix(ORDER_CONTEXT).decode(),
            "sig": kill().body["order_sig"],
            "public": CY.public_key.hex(),
        },
        "vault": [
            {
                "context": sealing.bound,
                "key_id": sealing.key_id,
                "key": sealing.key.hex(),
                "text": sealing.text,
                "sealed": sealing.body,
            }
            for sealing in SEALINGS
        ],
        "sealed_log": {
            "records": [row.decode() for row in ROWS],
            "root": root(leaf_hash(row) for row in ROWS).hex(),
        },
    }


def _entry(line: bytes) -> dict[str, Any]:
    entry = decode(line)
    signed = (SIGNATURE_CONTEXT + entry.unsigned()).hex() if entry.sig else None
    return {"seq": entry.seq, "hash": entry_hash(line).hex(), "signed_bytes": signed}


def _proofs(leaves: list[bytes]) -> dict[str, Any]:
    tiles = Tiles()
    tiles.extend(leaves)
    sizes = (1, 2, 3, 7, 16, 17)
    return {
        "inclusion": [
            {"index": index, "size": size, "path": _hex(inclusion_path(tiles.read, index, size))}
            for size in sizes
            for index in range(size)
        ],
        "consistency": [
            {"old": old, "new": new, "path": _hex(consistency_path(tiles.read, old, new))}
            for new in sizes
            for old in range(new + 1)
        ],
    }


def _checkpoint(leaves: list[bytes]) -> dict[str, Any]:
    checkpoint = Checkpoint(ORIGIN, len(leaves), root(leaves))
    name = f"{ORIGIN}/{ADA.actor}"
    return {
        "text": checkpoint.text(),
        "note": sign_note(checkpoint.text(), name, ADA.public_key, ADA.sign),
        "vkey": vkey(name, ADA.public_key),
    }


def _request() -> EnrolmentRequest:
    blank = EnrolmentRequest("cy", "person", "Cy", CY.public_key, report_key(CY), b"")
    sig = CY.sign(blank.to_sign())
    return EnrolmentRequest("cy", "person", "Cy", CY.public_key, report_key(CY), sig)


def _malformed(record: Record) -> dict[str, Any]:
    data = record.lines[1]
    return {
        "base": data.decode(),
        "entries": [
            {"rule": rule, "base64": base64.b64encode(broken).decode()}
            for rule, broken in no_entries(data)
        ],
        "signatures": [
            {"rule": rule, "sig": sig} for rule, sig in unsound_signatures(decode(data).sig or "")
        ],
    }


def _broken(record: Record) -> list[dict[str, Any]]:
    return [
        {**asdict(broken), "lines": [line.decode() for line in broken.lines]}
        for broken in broken_records(record)
    ]


def _hex(hashes: list[bytes]) -> list[str]:
    return [value.hex() for value in hashes]


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def main() -> None:
    """Write the files."""
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
