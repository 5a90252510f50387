"""The record by the command line: entries, verification, checkpoints, policies and reports."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

import yaml

from ledger.checkpoint import parse_checkpoint, parse_note, signed_by
from tests.console.cli.place import Place


def test_an_entry_and_its_exact_bytes(bank: Place) -> None:
    """If this fails, an entry's hash cannot be checked with sha256sum."""
    shown = bank.run("ledger", "show", "5", "--json").json
    exact = bank.program("ledger", "show", "5", "--bytes")
    assert sha256(b"\0" + exact.out.encode()).hexdigest() == shown["hash"]
    following = bank.run("ledger", "show", "6", "--json").json
    assert following["prev"] == shown["hash"]
    missing = bank.run("ledger", "show", "999", "--json")
    assert (missing.code, missing.error["code"]) == (2, "invalid_input")


def test_the_log_by_kind_and_subject(bank: Place) -> None:
    """If this fails, an auditor cannot find the entries about a model."""
    (found,) = bank.run("ledger", "log", "--subject", "model/credit-scorer", "--json").json
    assert found["kind"] == "model.registered"
    kinds = [e["kind"] for e in bank.run("ledger", "log", "--kind", "actor.*", "--json").json]
    assert kinds == ["actor.enrolled"] * 2
    assert len(bank.run("ledger", "log", "--last", "3", "--json").json) == 3


def test_verified_says_by_whom_and_when(bank: Place) -> None:
    """If this fails, a verdict does not say what it rests on, or its JSON is not as promised."""
    ran = bank.run("ledger", "verify", "--strict", "--json")
    assert (ran.code, ran.err) == (0, "")
    found = ran.json
    assert list(found) == [
        "verdict", "size", "root", "anchored", "problems", "anchors", "checked", "notes", "since",
    ]  # fmt: skip
    assert (found["verdict"], found["problems"]) == ("verified", [])
    assert set(found["anchored"]) == {"size", "by", "time"}
    assert (found["anchored"]["size"], found["anchored"]["by"]) == (found["size"], "ada")
    sentence = bank.run("ledger", "verify").out.splitlines()[0]
    assert f"{found['size']} of {found['size']} entries" in sentence
    assert "by ada" in sentence


def test_it_goes_on_from_the_last_verification(bank: Place) -> None:
    """If this fails, `--since-last` reads all again, or does not say what it did not read."""
    whole = bank.run("ledger", "verify", "--json").json
    assert whole["since"] is None
    ran = bank.run("ledger", "verify", "--since-last", "--json")
    assert (ran.code, ran.json["since"]["size"]) == (0, whole["size"])
    assert (ran.json["checked"]["entries"], ran.json["root"]) == (0, whole["root"])
    assert (
        f"Checked from entry {whole['size']} on" in bank.run("ledger", "verify", "--since-last").out
    )
    visitor = bank.run("ledger", "verify", "--since-last", "--json", by="visitor").json
    assert visitor["since"] is None
    assert "Everything was checked, for your seat remembers" in visitor["notes"][0]


def test_unconfirmed_exits_with_5(bank: Place) -> None:
    """If this fails, a record held against nothing from outside passes for verified."""
    first = bank.run("ledger", "verify", "--json", by="visitor")
    assert (first.code, first.json["verdict"], first.json["anchored"]) == (5, "unconfirmed", None)
    allowed = bank.run("ledger", "verify", "--allow-unconfirmed", by="another")
    assert (allowed.code, "Unconfirmed" in allowed.out) == (0, True)


def test_an_altered_journal_exits_with_1(bank: Place) -> None:
    """If this fails, `verify` in a pipeline lets an altered record pass."""
    (journal,) = (bank.home.folder / "journal").glob("*.jsonl")
    data = journal.read_bytes()
    assert b"production" in data
    journal.write_bytes(data.replace(b"production", b"validation"))
    ran = bank.run("ledger", "verify", "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "altered")
    assert ran.json["problems"][0]["check"] == "journal"
    said = bank.run("ledger", "verify", "--allow-unconfirmed")
    assert said.code == 1
    assert "Altered" in said.out


def test_a_checkpoint_is_a_signed_note_that_others_can_hold_against(
    bank: Place, tmp_path: Path
) -> None:
    """If this fails, a witness keeps something that proves nothing."""
    note = bank.run("ledger", "checkpoint").out
    key = bank.run("ledger", "checkpoint", "--vkey").out.strip()
    text, (signature,) = parse_note(note)
    public_key = base64.b64decode(key.split("+", 2)[2])[1:]
    assert signature.name == "northgate.example/ai/ada"
    assert signed_by(text, signature, public_key)
    size = parse_checkpoint(text).size

    kept = tmp_path / "kept.checkpoint"
    kept.write_text(note)
    held = bank.run("ledger", "verify", "--against", str(kept), "--json", by="visitor")
    assert (held.code, held.json["anchored"]["size"]) == (0, size)

    lines = note.splitlines(keepends=True)
    lines[1] = f"{size + 5}\n"
    kept.write_text("".join(lines))
    forged = bank.run("ledger", "verify", "--against", str(kept), "--json", by="another")
    assert (forged.code, forged.json if forged.out else forged.error["code"]) == (
        2,
        "invalid_input",
    )
    kept.write_bytes(b"\xff\xfe")
    neither = bank.run("ledger", "verify", "--against", str(kept), "--json")
    assert (neither.code, neither.error["code"]) == (2, "invalid_input")


def test_a_lost_database_is_rebuilt(bank: Place) -> None:
    """If this fails, losing the database loses the record, though the journal holds it."""
    before = bank.run("ledger", "log", "--json").json
    bank.home.database.unlink()
    lost = bank.run("model", "list", "--json")
    assert (lost.code, lost.error["code"]) == (4, "store_unavailable")
    assert "ledger recover" in lost.error["hint"]
    recovered = bank.run("ledger", "recover", "--json")
    assert (recovered.code, recovered.json["posted"]) == (0, len(before))
    assert bank.run("ledger", "log", "--json").json == before
    assert bank.run("ledger", "verify", "--strict").code == 0


def test_a_damaged_database_is_kept_and_rebuilt(bank: Place) -> None:
    """If this fails, one bad sector ends the ledger, or destroys what an investigator needs."""
    before = bank.run("ledger", "log", "--json").json
    root = bank.run("ledger", "verify", "--json").json["root"]
    data = bytearray(bank.home.database.read_bytes())
    for place in range(5_000, len(data), 16_384):
        data[place] ^= 1
    bank.home.database.write_bytes(data)
    damaged = bank.run("ledger", "verify", "--json")
    assert (damaged.code, damaged.error["code"]) == (4, "store_unavailable")
    assert damaged.error["hint"].endswith("quaestor ledger recover")
    recovered = bank.run("ledger", "recover", "--json")
    assert (recovered.code, recovered.json["posted"]) == (0, len(before))
    assert Path(recovered.json["kept"]).read_bytes() == data
    assert bank.run("ledger", "log", "--json").json == before
    assert bank.run("ledger", "verify", "--json").json["root"] == root


def test_a_policy_is_edited_and_adopted(place: Place, tmp_path: Path) -> None:
    """If this fails, thresholds cannot be changed by those who answer for them."""
    policy = yaml.safe_load(place.run("policy", "show", "thresholds").out)
    policy["fairness"]["minimum_cell"]["value"] = 50
    file = tmp_path / "thresholds.yaml"
    file.write_text(yaml.safe_dump(policy))
    adopt = ["policy", "adopt", "thresholds", "--file", str(file), "--reason", "Board"]
    ran = place.run(*adopt, "--json")
    assert (ran.code, ran.json["kind"]) == (0, "policy.adopted"), ran.err
    found = place.run("policy", "show", "thresholds", "--json").json
    assert found["fairness"]["minimum_cell"]["value"] == 50
    listed = {row["policy"]: row for row in place.run("policy", "list", "--json").json}
    assert (listed["thresholds"]["reason"], set(listed)) == ("Board", {"thresholds", "playbook"})
    file.write_text("fairness: 1")
    wrong = place.run(*adopt, "--json")
    assert (wrong.code, wrong.error["code"]) == (2, "invalid_input")


def test_a_report_is_built_and_verified(bank: Place, tmp_path: Path) -> None:
    """If this fails, an auditor gets no report, or one whose alteration nobody notices."""
    built = bank.run("report", "build", "model-report", "--model", "credit-scorer", "--json")
    assert built.code == 0, built.err
    file = Path(built.json["path"])
    (listed,) = bank.run("report", "list", "--json").json
    assert (listed["report"], listed["path"]) == (built.json["report_id"], str(file))

    valid = bank.run("report", "verify", str(file), "--json")
    assert (valid.code, valid.json["verdict"]) == (0, "valid"), valid.out
    assert (valid.json["ledger"], valid.json["issued"]) == ("agrees", True)
    anchored = bank.run("ledger", "verify", "--against", str(file), "--json")
    assert (anchored.code, str(file) in anchored.out) == (0, True)

    stranger = bank.run("report", "verify", str(file), "--json", by="stranger")
    assert (stranger.code, stranger.json["verdict"]) == (5, "untrusted")
    other = "SHA256:" + ":".join(["AB"] * 32)
    assert bank.run("report", "verify", str(file), "--trust", other).code == 1
    ca = valid.json["signer"]["authority"]
    assert bank.run("report", "verify", str(file), "--trust", ca, by="stranger").code == 0

    damaged = tmp_path / "damaged.pdf"
    data = file.read_bytes()
    damaged.write_bytes(data[:2000] + bytes([data[2000] ^ 1]) + data[2001:])
    ran = bank.run("report", "verify", str(damaged), "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "altered")
