from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.checkpoint import parse_note, parse_vkey, signed_by
from ledger.entry import Malformed, decode, signature_bytes
from ledger.keys import read_request
from ledger.merkle import verify_consistency, verify_inclusion
from ledger.vault import ERASED, Vault
from tests.vectors import make
from tests.vectors.record import LEDGER_ID, Record

LINES = (make.FOLDER / "ledger.jsonl").read_bytes().splitlines()


def golden(name: str) -> Any:
    """Read a golden file."""
    return json.loads((make.FOLDER / name).read_bytes())


RECORD, MALFORMED, BROKEN = (golden(f"{n}.json") for n in ("record", "malformed", "broken"))


def test_golden_files_are_what_the_script_makes() -> None:
    """If it failed, the format changed: then nothing written so far would verify any more."""
    for name, data in make.files().items():
        assert (make.FOLDER / name).read_bytes() == data, name


def test_story_verifies() -> None:
    """If it failed, the verifier would call a sound record altered."""
    record = Record()
    record.lines = LINES
    found = record.replayed()
    assert found.problems == []
    assert found.root.hex() == RECORD["roots"][-1]
    assert found.signatures == sum(1 for line in LINES if b'"sig"' in line)


@pytest.mark.parametrize("case", MALFORMED["entries"], ids=lambda case: case["rule"])
def test_malformed_entries_are_refused(case: dict[str, str]) -> None:
    """If it failed, bytes that break a rule of the format would be taken for an entry."""
    with pytest.raises(Malformed):
        decode(base64.b64decode(case["base64"]))


@pytest.mark.parametrize("case", MALFORMED["signatures"], ids=lambda case: case["rule"])
def test_signatures_have_one_spelling(case: dict[str, str]) -> None:
    """If it failed, one signed entry could be written, and hashed, in several ways."""
    entry = decode(MALFORMED["base"].encode())
    assert len(signature_bytes(entry)) == 64
    with pytest.raises(Malformed):
        signature_bytes(replace(entry, sig=case["sig"]))


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case["rule"])
def test_broken_records_are_noticed_by_the_check_named(case: dict[str, Any]) -> None:
    """If it failed, this forgery would verify, or be explained wrongly."""
    record = Record()
    record.lines = LINES[: case["after"]]
    before = record.replayed()
    assert not [p for p in before.problems if p.check != "part"]
    found = record.replayed(*(line.encode() for line in case["lines"]))
    assert found.problems[0].check == case["check"]


def test_proofs_hold_and_hold_nothing_else() -> None:
    """If it failed, a proof would be rejected, or would prove another leaf, place or size."""
    leaves = [bytes.fromhex(entry["hash"]) for entry in RECORD["entries"]]
    roots = [bytes.fromhex(root) for root in RECORD["roots"]]
    for proof in RECORD["inclusion"]:
        index, size = proof["index"], proof["size"]
        path = [bytes.fromhex(value) for value in proof["path"]]
        assert verify_inclusion(leaves[index], index, size, path, roots[size])
        assert not verify_inclusion(leaves[index - 1], index, size, path, roots[size]) or size == 1
        assert not verify_inclusion(leaves[index], index + 1, size, path, roots[size])
        assert not verify_inclusion(leaves[index], index, size, [*path, leaves[0]], roots[size])
    for proof in RECORD["consistency"]:
        old, new = proof["old"], proof["new"]
        path = [bytes.fromhex(value) for value in proof["path"]]
        assert verify_consistency(old, new, path, roots[old], roots[new])
        assert not verify_consistency(old, new, path, b"\0" * 32, roots[new])


def test_checkpoint_and_request_are_their_keys() -> None:
    """If it failed, a checkpoint or an enrolment request could not be told from a forged one."""
    name, key = parse_vkey(RECORD["checkpoint"]["vkey"])
    text, signatures = parse_note(RECORD["checkpoint"]["note"])
    assert [each.name for each in signatures] == [name]
    assert signed_by(text, signatures[0], key)
    assert not signed_by(text.replace("\n17\n", "\n16\n"), signatures[0], key)
    assert read_request(RECORD["request"].encode()).actor == "cy"


def test_vault_opens_its_ciphertexts_until_erased(tmp_path: Path) -> None:
    """If it failed, personal texts could not be read, or could be read after their erasure."""
    vault = Vault(tmp_path, LEDGER_ID)
    for case in RECORD["vault"]:
        vault.path(case["key_id"]).write_bytes(bytes.fromhex(case["key"]))
        context = case["context"].partition("|")[2]
        assert vault.open(context, case["sealed"]) == case["text"]
        vault.destroy(case["key_id"])
        assert vault.open(context, case["sealed"]) == ERASED
