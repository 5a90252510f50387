"""The golden vectors checked by code that shares nothing with ours but the specification."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FOLDER = Path(__file__).parent
LINES = (FOLDER / "ledger.jsonl").read_bytes().splitlines()
RECORD: dict[str, Any] = json.loads((FOLDER / "record.json").read_bytes())


def leaf(data: bytes) -> bytes:
    """Hash a leaf (RFC 6962, 2.1)."""
    return sha256(b"\0" + data).digest()


def tree(leaves: list[bytes]) -> bytes:
    """Root by the definition itself (RFC 6962, 2.1)."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Audit path by the definition itself (RFC 6962, 2.1.1)."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path(index, leaves[:split]), tree(leaves[split:])]
    return [*path(index - split, leaves[split:]), tree(leaves[:split])]


def verify(public: bytes, sig: bytes, data: bytes) -> None:
    """Raise InvalidSignature unless this is the key's signature (RFC 8032)."""
    Ed25519PublicKey.from_public_bytes(public).verify(sig, data)


def unsigned(line: bytes) -> tuple[dict[str, Any], bytes]:
    """Split an entry into its fields and the bytes that a signature covers."""
    fields = json.loads(line)
    rest = {key: value for key, value in fields.items() if key != "sig"}
    return fields, b"quaestor/entry/v1\0" + rfc8785.dumps(rest)


def test_lines_are_canonical() -> None:
    """If it failed, another implementation would hash other bytes than we do."""
    for line in LINES:
        assert rfc8785.dumps(json.loads(line)) == line
    for case in RECORD["canonical"]:
        assert rfc8785.dumps(case["value"]).decode() == case["text"]


def test_chain_and_tree() -> None:
    """If it failed, hashes, `prev`, roots or audit paths would not be RFC 6962's."""
    leaves = [leaf(line) for line in LINES]
    prev = "0" * 64
    for seq, (line, entry) in enumerate(zip(LINES, RECORD["entries"], strict=True)):
        fields = json.loads(line)
        assert (fields["v"], fields["seq"], fields["prev"]) == (1, seq, prev)
        assert leaves[seq].hex() == entry["hash"]
        prev = entry["hash"]
    assert RECORD["roots"] == [tree(leaves[:size]).hex() for size in range(len(leaves) + 1)]
    for proof in RECORD["inclusion"]:
        expected = path(proof["index"], leaves[: proof["size"]])
        assert proof["path"] == [value.hex() for value in expected]


def test_signatures() -> None:
    """If it failed, a signature would not be over what the specification says it is over."""
    for line, entry in zip(LINES, RECORD["entries"], strict=True):
        fields, signed = unsigned(line)
        index, count = fields["part"]
        assert ("sig" in fields) == (index == count - 1) == (entry["signed_bytes"] is not None)
        if "sig" in fields:
            assert signed.hex() == entry["signed_bytes"]
            key = bytes.fromhex(RECORD["keys"][fields["actor"]]["public"])
            verify(key, base64.b64decode(fields["sig"], validate=True), signed)


def test_keys_and_checkpoint() -> None:
    """If it failed, C2SP tools could not read our verifier keys and checkpoints."""
    for key in RECORD["keys"].values():
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed"]))
        assert private.public_key().public_bytes_raw().hex() == key["public"]
    name, key_id, encoded = RECORD["checkpoint"]["vkey"].split("+")
    typed = base64.b64decode(encoded)
    assert typed[:1] == b"\1"
    assert sha256(name.encode() + b"\n" + typed).digest()[:4].hex() == key_id
    text, _, signature = RECORD["checkpoint"]["note"].partition("\n\n")
    blob = base64.b64decode(signature.removeprefix(f"\u2014 {name} ").removesuffix("\n"))
    assert blob[:4].hex() == key_id
    verify(typed[1:], blob[4:], text.encode() + b"\n")
    origin, size, root = text.split("\n")
    assert (origin, int(size)) == (name.rpartition("/")[0], len(LINES))
    assert base64.b64decode(root).hex() == RECORD["roots"][-1]


def test_order_and_request() -> None:
    """If it failed, a commander's order or an enrolment request could not be checked by others."""
    order = RECORD["order"]
    signed = b"quaestor/order/v1\0" + order["to_sign"].encode()
    assert rfc8785.dumps(json.loads(order["to_sign"])).decode() == order["to_sign"]
    verify(bytes.fromhex(order["public"]), base64.b64decode(order["sig"]), signed)
    request = json.loads(RECORD["request"])
    sig = base64.b64decode(request.pop("sig"))
    signed = b"quaestor/request/v1\0" + rfc8785.dumps(request)
    verify(base64.b64decode(request["public_key"]), sig, signed)


def test_vault_and_sealed_log() -> None:
    """If it failed, ciphertexts or row trees would not be what the specification says."""
    for case in RECORD["vault"]:
        blob = base64.b64decode(case["sealed"]["data"])
        key = AESGCM(bytes.fromhex(case["key"]))
        assert key.decrypt(blob[:12], blob[12:], case["context"].encode()).decode() == case["text"]
        assert case["sealed"]["vault"] == case["key_id"]
    rows = [leaf(row.encode()) for row in RECORD["sealed_log"]["records"]]
    assert tree(rows).hex() == RECORD["sealed_log"]["root"]
