"""Sealing where there is no ledger, and reading what was imported by SQL and one by one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives import serialization

from ledger.book import Book
from ledger.keys import read_request
from ledger.merkle import verify_inclusion
from ledger.seat import Seat
from reports.enrolling import enrol, new_key
from tests.console.cli.place import PASSPHRASE, PROGRAM, Place

ROOT = Path(__file__).parents[3]
COLUMNS = ("--column", "request_id=id:string", "--column", "time=at:timestamp")

# No terminal, no PDF, no YAML but for maps: what a CI runner has.
BARE = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"textual", "weasyprint", "pyhanko", "pandas", "fairlearn"}:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, Absent())
from console.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write 12 decisions and a bad row."""
    file = tmp_path / "decisions.jsonl"
    rows = [
        {"id": f"r{n % 11}", "at": f"2026-11-19T10:00:{n:02d}Z", "n": n, "text": "a@example.org"}
        for n in range(12)
    ]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "no record\n")
    return file


@pytest.fixture
def staffed(bank: Place) -> Place:
    """Give the bank with the program `ci`, which is an engineer."""
    own, ada = Seat(bank.seat("ci")), Seat(bank.seat("ada"))
    new_key(own, "ci", kind="program", name="CI", passphrase=PASSPHRASE, rounds=1)
    book, signer = Book(bank.home, ada), ada.signer("ada", PASSPHRASE)
    request = read_request(own.request("ci"))
    enrol(book, signer, request, ["engineer"], ada.authority_key(PASSPHRASE))
    return bank


def bare_key(place: Place, path: Path) -> Path:
    """Write the program's key without a passphrase, as a CI system's secret store gives it."""
    key = Seat(place.seat("ci")).signer("ci", PASSPHRASE).key
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    return path


def test_a_log_is_sealed_where_there_is_nothing_else(
    staffed: Place, log: Path, tmp_path: Path
) -> None:
    """If it failed, a CI runner would need a home, a seat, a terminal or Pango to seal a log."""
    key = bare_key(staffed, tmp_path / "ci")
    out = tmp_path / "d.bundle"
    nowhere = tmp_path / "nowhere"
    done = subprocess.run(
        [
            *(sys.executable, "-c", BARE, "--no-input", "logs", "seal", str(log), "-o", str(out)),
            *("--key", str(key), "--max-bad", "1", "--json", *COLUMNS),
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(nowhere),
            "QUAESTOR_HOME": str(nowhere / "home"),
            "QUAESTOR_SEAT": str(nowhere / "seat"),
            "TERM": "dumb",
        },
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    said = orjson.loads(done.stdout)
    assert (said["actor"], said["rows"], said["quarantined"]) == ("ci", 12, 1)
    assert said["redactions"] == {"email": 12}
    assert not nowhere.exists()
    options = ("--model", "credit-scorer", "--max-bad", "1", "--json")
    entered = staffed.run("logs", "import", str(out), *options, by="eva")
    assert (entered.code, entered.json["rows"], entered.json["root"]) == (0, 12, said["root"])
    again = staffed.run("logs", "import", str(out), *options, by="eva")
    assert (again.code, again.json["already_imported"]) == (0, True)
    (_, row) = staffed.run("logs", "list", "--json").json
    assert (row["sealed_by"], row["actor"], row["state"]) == ("ci", "eva", "sealed")
    assert staffed.run("ledger", "verify").code == 0


def test_the_key_of_a_seat_signs_as_well(staffed: Place, log: Path, tmp_path: Path) -> None:
    """If it failed, a program with a seat of its own could not seal."""
    out = tmp_path / "d.bundle"
    ran = staffed.run(
        "logs", "seal", str(log), "-o", str(out), "--model", "credit-scorer", *COLUMNS, by="ci"
    )
    assert ran.code == 1, ran.err  # one bad row, and none allowed
    assert "--max-bad 0" in ran.err
    entered = subprocess.run(
        [PROGRAM, "logs", "import", "-", "--max-bad", "1"],
        env=staffed.environment("eva"),
        input=out.read_bytes(),  # as `ssh` brings it
        capture_output=True,
        check=False,
    )
    assert entered.returncode == 0, entered.stderr
    assert b"log-2" in entered.stdout
    again = staffed.run("logs", "import", str(out), "--json", by="eva")
    assert (again.code, again.json["already_imported"]) == (1, True)  # judged by --max-bad 0


def test_a_key_that_others_can_read_is_refused(staffed: Place, log: Path, tmp_path: Path) -> None:
    """If it failed, a program would sign with a key that is anybody's."""
    key = bare_key(staffed, tmp_path / "ci")
    key.chmod(0o644)
    out = tmp_path / "d.bundle"
    ran = staffed.run("logs", "seal", str(log), "-o", str(out), "--key", str(key), "--json")
    assert (ran.code, ran.error["code"]) == (3, "refused")
    assert "chmod 600" in ran.error["hint"]
    assert not out.exists()


def test_a_key_under_a_passphrase_is_opened_with_it(
    staffed: Place, log: Path, tmp_path: Path
) -> None:
    """If it failed, `--key` would take only keys that whoever finds them can use."""
    key = Path(staffed.seat("ci")) / "keys" / "ci"
    out = tmp_path / "d.bundle"
    arguments = ("logs", "seal", str(log), "-o", str(out), "--key", str(key), "--max-bad", "1")
    assert staffed.run(*arguments, QUAESTOR_SEAT=str(tmp_path / "none")).code == 0
    asked = staffed.run("--no-input", *arguments, "--json", QUAESTOR_PASSPHRASE_FILE="")
    assert (asked.code, asked.error["hint"]) == (2, "Give it: QUAESTOR_PASSPHRASE_FILE")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--map", "{map}"], "own map"),
        (["--explain"], "own map"),
        (["{log}"], "by itself"),
    ],
)
def test_a_bundle_comes_alone(
    staffed: Place, log: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    """If it failed, what was sealed would be mapped anew, and not be what was signed."""
    out, rule = tmp_path / "d.bundle", tmp_path / "map.yaml"
    rule.write_text("columns: {id: {source: id, type: string}}\n")
    staffed.run("logs", "seal", str(log), "-o", str(out), by="ci")
    given = [option.format(map=rule, log=log) for option in options]
    ran = staffed.run("logs", "import", str(out), *given, "--model", "credit-scorer", "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert message in ran.error["message"] + ran.error["hint"]


def test_a_damaged_bundle_is_refused_in_words(staffed: Place, log: Path, tmp_path: Path) -> None:
    """If it failed, a pipeline would not learn that its bundle did not arrive whole."""
    out = tmp_path / "d.bundle"
    staffed.run("logs", "seal", str(log), "-o", str(out), by="ci")
    out.write_bytes(out.read_bytes()[:-2000])
    ran = staffed.run("logs", "import", str(out), "--model", "credit-scorer", "--json")
    assert (ran.code, ran.error["code"]) == (1, "check_failed")
    assert "altered or damaged" in ran.error["message"]


# Queries


def test_decisions_are_asked_by_sql(bank: Place) -> None:
    """If it failed, whoever wants a figure would have to export the logs."""
    query = "SELECT log, count(*) AS n FROM decisions GROUP BY log"
    assert bank.run("logs", "query", query, "--json").json == [{"log": "log-1", "n": 500}]
    assert bank.run("logs", "query", query, "--csv").out.splitlines() == ["log,n", "log-1,500"]
    table = bank.run("logs", "query", query)
    assert (table.code, table.out) == (0, "log    n\nlog-1  500\n")


def test_a_table_says_that_there_is_more(bank: Place) -> None:
    """If it failed, the first rows would be taken for all of them."""
    ran = bank.run("logs", "query", "SELECT row FROM decisions ORDER BY row", "--limit", "3")
    assert (ran.out, "more than these 3" in ran.err) == ("row\n0\n1\n2\n", True)
    ran = bank.run("logs", "query", "SELECT row FROM decisions WHERE row > 9000")
    assert (ran.code, ran.out, "No row" in ran.err) == (0, "", True)
    query = ("logs", "query", "SELECT row FROM decisions", "--limit", "7", "--json")
    assert len(bank.run(*query).json) == 7


def test_an_answer_goes_into_a_file(bank: Place, tmp_path: Path) -> None:
    """If it failed, an analyst could not take an answer along."""
    path = tmp_path / "rows.parquet"
    query = "SELECT row, record FROM decisions"
    ran = bank.run("logs", "query", query, "-o", str(path), "--json")
    assert (ran.json["rows"], pq.read_metadata(path).num_rows) == (500, 500)
    wrong = bank.run("logs", "query", query, "-o", str(tmp_path / "rows.xlsx"), "--json")
    assert (wrong.code, ".parquet, .csv, .json" in wrong.error["hint"]) == (2, True)
    both = bank.run("logs", "query", query, "--csv", "--json")
    assert both.code == 2


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM read_csv('/etc/passwd')", "DROP VIEW decisions", "SELEC", "SELECT nothing"],
)
def test_what_may_not_be_asked_is_refused_in_words(bank: Place, query: str) -> None:
    """If it failed, a query could read other files, or end in a traceback."""
    ran = bank.run("logs", "query", query, "--json")
    assert (ran.code, ran.out, ran.error["code"]) == (2, "", "invalid_input")
    assert ran.error["message"].startswith("This query cannot be run")


def test_a_terminal_is_not_steered_by_what_a_log_says(bank: Place) -> None:
    """If it failed, a prompt in a log could rewrite what an auditor sees."""
    ran = bank.run("logs", "query", "SELECT chr(27) || '[2J' AS text FROM decisions LIMIT 1")
    assert "\x1b" not in ran.out
    assert "[U+001B]" in ran.out


# One decision


def test_one_decision_is_shown_and_proved(bank: Place, tmp_path: Path) -> None:
    """If it failed, a decision could not be shown to whom it concerns, with its proof."""
    proof = tmp_path / "proof.json"
    ran = bank.run("logs", "show", "log-1:499", "--proof", str(proof), "--json")
    assert (ran.code, ran.json["decision_id"], ran.json["proof"]) == (0, "log-1:499", str(proof))
    assert ran.json["model"]["model"] == "credit-scorer"
    assert orjson.loads(proof.read_bytes())["record"] == orjson.dumps(ran.json["record"]).decode()
    checked = bank.run("ledger", "check", str(proof))
    assert (checked.code, "row 499 of 500" in checked.out) == (0, True)
    shown, sealed = ran.json["inclusion"], ran.json["sealed"]
    leaf, root = bytes.fromhex(shown["leaf"]), bytes.fromhex(sealed["root"])
    assert verify_inclusion(leaf, 499, 500, [bytes.fromhex(one) for one in shown["path"]], root)
    said = bank.run("logs", "show", "log-1:499")
    assert (said.code, "credit-scorer" in said.out) == (0, True)
    assert "row 499 of 500; a path of length 7 proves it to the root" in said.out
    rest = said.out.partition("The record:\n")[2]
    assert orjson.loads(rest) == ran.json["record"]
    for name in ("explanation", "feedback", "outcome", "review"):
        assert re.search(rf"^{name} +(the log has none|none with)", said.out, re.MULTILINE)


def test_a_decision_is_found_by_its_request_id(bank: Place, log: Path) -> None:
    """If it failed, a customer's reference would not lead to the decision, or to another's."""
    sent = bank.run(
        "logs", "import", str(log), "--model", "credit-scorer", "--max-bad", "1", *COLUMNS
    )
    assert sent.code == 0
    for arguments in (["--request", "r7"], ["r7"]):
        ran = bank.run("logs", "show", *arguments, "--json")
        assert (ran.code, ran.json["decision_id"]) == (0, "log-2:7")
    several = bank.run("logs", "show", "--request", "r0", "--json")
    assert (several.code, "log-2:0, log-2:11" in several.error["message"]) == (2, True)
    nobody = bank.run("logs", "show", "r99", "--json")
    assert (nobody.code, "no imported decision" in nobody.error["message"].lower()) == (3, True)


@pytest.mark.parametrize(
    "arguments",
    [[], ["log-1", "--request", "r1"], ["log-1:9999"], ["log-9:0"], ["log-1", "--proof", "x"]],
)
def test_what_cannot_be_shown_is_explained(bank: Place, arguments: list[str]) -> None:
    """If it failed, a slip would be answered with a traceback or with something else."""
    ran = bank.run("logs", "show", *arguments, "--json")
    assert (ran.code, ran.out, ran.error["code"]) == (2, "", "invalid_input")
