"""`logs erase`, `logs retention`, `logs show --row`: what of decision logs is destroyed, by two."""

from __future__ import annotations

import json
from pathlib import Path

from tests.console.cli.place import Place

MAP = """
columns:
  time: {source: t, type: timestamp}
  user_id: {source: user, type: string}
subject: user
personal: [note]
"""


def sealed(bank: Place, folder: Path) -> None:
    """Import a log about two people as log-2."""
    lines = [
        {"t": "2021-01-01T00:00:00Z", "user": who, "note": f"{who} asked"} for who in ("bo", "di")
    ]
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "log.map.yaml").write_text(MAP)
    ran = bank.run(*importing(folder), "--json")
    assert (ran.code, ran.json["log"]) == (0, "log-2"), ran.err


def importing(folder: Path) -> tuple[str, ...]:
    """Give the command that imports it."""
    files = (str(folder / "log.jsonl"), "--map", str(folder / "log.map.yaml"))
    return ("logs", "import", *files, "--model", "credit-scorer")


def second(bank: Place) -> None:
    """Give the ledger a second person who may approve."""
    assert bank.run("actor", "grant", "cy", "risk-officer").code == 0


def test_a_person_is_erased_by_two(bank: Place, tmp_path: Path) -> None:
    """If this fails, a request under Article 17 cannot be met, or one person's word is enough."""
    sealed(bank, tmp_path)
    second(bank)
    assert json.loads(bank.run("logs", "show", "log-2", "--row", "1").out)["note"] == "di asked"
    asked = bank.run("logs", "erase", "--subject", "di", "--ground", "Art. 17", "--json").json
    assert asked["approval"] == "ap-1"
    person = bank.run("approval", "show", "ap-1", "--json").json["subject"].partition("/")[2]
    done = bank.run("approval", "approve", "ap-1", "--confirm", person, by="cy")
    assert done.code == 0, done.err
    shown = [json.loads(bank.run("logs", "show", "log-2", "--row", row).out) for row in "01"]
    assert [record["note"] for record in shown] == ["bo asked", "[erased]"]
    assert bank.run("ledger", "verify").code == 0
    again = bank.run("logs", "erase", "--subject", "di", "--ground", "Art. 17")
    assert (again.code, "erased already" in again.err) == (3, True)
    assert bank.run("logs", "erase", "--ground", "x").code == 2
    assert bank.run("logs", "show", "log-2", "--row", "2").code == 2


def test_what_is_due_is_shown_and_dropped_by_two(bank: Place, tmp_path: Path) -> None:
    """If this fails, nobody sees what is due, or `--apply` drops what is not."""
    sealed(bank, tmp_path)
    second(bank)
    none = bank.run("logs", "retention")
    assert (none.code, "policy adopt retention" in none.err) == (3, True)
    assert "No retention policy is adopted yet" in none.err
    assert bank.run("policy", "adopt", "retention", "--reason", "Board").code == 0
    listed = {row["log"]: row for row in bank.run("logs", "retention", "--json").json}
    assert listed["log-2"]["state"] == "due"
    assert listed["log-1"]["state"] != "due"
    early = bank.run("logs", "retention", "--apply", "--log", "log-1")
    assert (early.code, "not due" in early.err) == (3, True)
    asked = bank.run("logs", "retention", "--apply", "--json").json
    assert asked == [{"log": "log-2", "approval": "ap-1", "dropped": False}]
    assert bank.run("logs", "retention", "--apply", "--json").json == asked
    assert "log-2 waits for another person" in bank.run("logs", "retention", "--apply").err
    assert bank.run("approval", "approve", "ap-1", "--confirm", "log-2", by="cy").code == 0
    states = {row["log"]: row["state"] for row in bank.run("logs", "retention", "--json").json}
    assert states["log-2"] == "dropped"
    assert bank.run("logs", "show", "log-2", "--json").json["dropped"]["by"] == "cy"
    assert bank.run("logs", "show", "log-2", "--row", "0").code == 2
    assert bank.run("ledger", "verify").code == 0
    assert bank.run("logs", "retention", "--apply").out == ""
    again = bank.run(*importing(tmp_path))
    assert (again.code, "log-2 was dropped at" in again.err) == (0, True)


def test_an_audit_says_that_its_log_was_dropped(bank: Place, tmp_path: Path) -> None:
    """If this fails, an auditor looks for the decisions of an audit, and nobody says they went."""
    rows = [
        {"t": "2021-01-01T00:00:00Z", "sex": who, "d": n % 2}
        for n in range(40)
        for who in ("female", "male")
    ]
    (tmp_path / "old.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    ran = bank.run(
        *("logs", "import", str(tmp_path / "old.jsonl"), "--model", "credit-scorer", "--json"),
        *("--column", "time=t:timestamp", "--column", "sex=sex:string"),
        *("--column", "decision=d:string"),
    )
    assert ran.json["log"] == "log-2", ran.err
    second(bank)
    ran = bank.run(
        *("audit", "fairness", "--model", "credit-scorer", "--prediction", "decision"),
        *("--positive", "1", "--by", "sex", "--json"),
    )
    assert ran.json["n"] == len(rows), ran.err
    audit = ran.json["audit_id"]
    assert "dropped_logs" not in bank.run("audit", "show", audit, "--json").json
    listed = {row["audit_id"]: row for row in bank.run("audit", "list", "--json").json}
    assert listed[audit]["dropped_logs"] == []
    bank.run("policy", "adopt", "retention", "--reason", "Board")
    (asked,) = bank.run("logs", "retention", "--apply", "--json").json
    bank.run("approval", "approve", asked["approval"], "--confirm", "log-2", by="cy")
    listed = {row["audit_id"]: row for row in bank.run("audit", "list", "--json").json}
    assert listed[audit]["dropped_logs"] == ["log-2"]
    (gone,) = bank.run("audit", "show", audit, "--json").json["dropped_logs"]
    assert (gone["log"], "high-risk systems" in gone["reason"]) == ("log-2", True)
    said = bank.run("audit", "show", audit)
    assert "log-2, on which" in said.err
    assert "log-2" in bank.run("audit", "list").out
