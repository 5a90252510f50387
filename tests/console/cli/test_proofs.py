"""Proofs on the command line: made from the ledger, checked where there is none."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.console.cli.place import Place, Ran


@pytest.fixture
def outside(tmp_path: Path) -> Place:
    """Give a place with neither a ledger nor a seat."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return Place(folder)


@pytest.fixture
def vkey(bank: Place, tmp_path: Path) -> str:
    """Give the file of ada's verifier key."""
    path = tmp_path / "ada.vkey"
    path.write_text(bank.run("ledger", "checkpoint", "--vkey").out)
    return str(path)


def prove(place: Place, path: Path, *what: str) -> str:
    """Make a proof and keep it; return where."""
    ran = place.run("ledger", "prove", *what)
    assert ran.code == 0, ran.err
    path.write_text(ran.out)
    return str(path)


def failed(ran: Ran) -> tuple[int, str]:
    """Tell how a run failed."""
    return ran.code, ran.error["code"]


def test_an_entry_is_proved_where_there_is_no_ledger(
    bank: Place, outside: Place, vkey: str, tmp_path: Path
) -> None:
    """If this fails, an auditor must come to us to check a single entry."""
    proof = str(tmp_path / "5.tlog-proof")
    written = bank.run("ledger", "prove", "5", "-o", proof)
    assert (written.code, written.out) == (0, "")
    assert Path(proof).read_text().startswith("c2sp.org/tlog-proof@v1\nindex 5\n")
    entry = tmp_path / "entry.json"
    entry.write_text(bank.program("ledger", "show", "5", "--bytes").out)
    ran = outside.run("ledger", "check", proof, str(entry), "--vkey", vkey, "--json")
    assert ran.code == 0, ran.err
    (checked,) = ran.json["checked"]
    assert (checked["kind"], checked["signers"]) == ("entry", ["northgate.example/ai/ada"])
    assert ran.json["keys"] == {"from": "--vkey", "names": ["northgate.example/ai/ada"]}
    key = Path(vkey).read_text().strip()
    assert outside.run("ledger", "check", proof, str(entry), "--vkey", key).code == 0

    entry.write_text(entry.read_text().replace("eva", "eve"))
    changed = outside.run("ledger", "check", proof, str(entry), "--vkey", vkey, "--json")
    assert failed(changed) == (1, "check_failed")
    alone = outside.run("ledger", "check", proof, "--vkey", vkey, "--json")
    assert failed(alone) == (2, "invalid_input")
    assert "ledger show 5 --bytes" in alone.error["hint"]
    assert not list(outside.folder.rglob("*"))


def test_whose_keys_were_used_is_said(bank: Place, outside: Place, tmp_path: Path) -> None:
    """If this fails, a proof checked with its maker's own keys passes for more than it is."""
    proof = prove(bank, tmp_path / "c.json", "--consistency", str(note_of(bank, tmp_path)))
    ran = bank.run("ledger", "check", proof, by="visitor")
    assert ran.code == 0
    assert f"the ledger in {bank.home.folder}" in ran.err
    no_keys = outside.run("ledger", "check", proof, "--json")
    assert failed(no_keys) == (2, "invalid_input")
    assert "--vkey" in no_keys.error["hint"]
    other = bank.run("ledger", "checkpoint", "--vkey", by="cy").out.strip()
    assert failed(outside.run("ledger", "check", proof, "--vkey", other, "--json")) == (
        1,
        "check_failed",
    )
    wrong = outside.run("ledger", "check", proof, "--vkey", "nonsense", "--json")
    assert failed(wrong) == (2, "invalid_input")


def note_of(place: Place, folder: Path, by: str = "ada") -> Path:
    """Keep somebody's checkpoint."""
    path = folder / f"{by}.checkpoint"
    path.write_text(place.run("ledger", "checkpoint", by=by).out)
    return path


def test_nothing_was_rewritten_since_a_checkpoint(
    bank: Place, outside: Place, vkey: str, tmp_path: Path
) -> None:
    """If this fails, nobody can show that what somebody saw still stands."""
    old = note_of(bank, tmp_path)
    assert bank.run("model", "version", "credit-scorer", "9.9").code == 0
    proof = prove(bank, tmp_path / "c.json", "--consistency", str(old))
    ran = outside.run("ledger", "check", proof, str(old), "--vkey", vkey, "--json")
    assert [each["kind"] for each in ran.json["checked"]] == ["consistency", "checkpoint"]
    fields = orjson.loads(Path(proof).read_bytes())
    fields["path"].reverse()
    Path(proof).write_bytes(orjson.dumps(fields))
    assert outside.run("ledger", "check", proof, "--vkey", vkey).code == 1


def test_one_imported_decision_is_proved(
    bank: Place, outside: Place, vkey: str, tmp_path: Path
) -> None:
    """If this fails, a person cannot be shown what was recorded of their own case."""
    proof = prove(bank, tmp_path / "row.json", "--log", "log-1", "--row", "499")
    ran = outside.run("ledger", "check", proof, "--vkey", vkey)
    assert ran.code == 0
    assert "row 499 of 500 rows of log/log-1" in ran.out
    data = Path(proof).read_text()
    changed = data.replace('\\"approved\\":\\"1\\"', '\\"approved\\":\\"0\\"')
    if changed == data:
        changed = data.replace('\\"approved\\":\\"0\\"', '\\"approved\\":\\"1\\"')
    assert changed != data
    Path(proof).write_text(changed)
    assert outside.run("ledger", "check", proof, "--vkey", vkey).code == 1
    beyond = bank.run("ledger", "prove", "--log", "log-1", "--row", "500", "--json")
    assert failed(beyond) == (2, "invalid_input")


@pytest.mark.parametrize(
    "what",
    [
        [],
        ["5", "--log", "log-1", "--row", "0"],
        ["--log", "log-1"],
        ["--row", "1"],
        ["999"],
        ["-1"],
    ],
)
def test_what_is_to_be_proved_must_be_said(bank: Place, what: list[str]) -> None:
    """If this fails, a slip ends in a traceback, or in the proof of something else."""
    assert failed(bank.run("ledger", "prove", *what, "--json")) == (2, "invalid_input")


def test_a_colleagues_checkpoint_is_cosigned(bank: Place, tmp_path: Path) -> None:
    """If this fails, a checkpoint cannot carry more than one person's word."""
    note = note_of(bank, tmp_path, "cy")
    ran = bank.run("ledger", "checkpoint", "--cosign", str(note))
    assert ran.code == 0, ran.err
    assert ran.out.startswith(note.read_text())
    both = tmp_path / "both.checkpoint"
    both.write_text(ran.out)
    (checked,) = bank.run("ledger", "check", str(both), "--json").json["checked"]
    names = [name.rpartition("/")[2] for name in checked["signers"]]
    assert names == ["cy", "ada"]
    anchored = bank.run("ledger", "verify", "--against", str(both), "--json", by="visitor").json
    assert anchored["anchored"]["by"] == "cy, ada"
    both.write_text("nonsense")
    wrong = bank.run("ledger", "checkpoint", "--cosign", str(both), "--json")
    assert failed(wrong) == (2, "invalid_input")
