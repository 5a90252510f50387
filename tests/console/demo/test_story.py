"""The whole story, told by the program itself into a folder, and what it leaves behind."""

from __future__ import annotations

import base64
import csv
import json
import re
import shlex
import subprocess
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

import sample_data
from console.cli.main import run
from ledger.keys import KDF_ROUNDS
from sample_data.make import ROWS
from tests.console.demo.conftest import Told, tell

ADMINS = ["ada", "noor"]
PEOPLE = {*ADMINS, "rosa", "mira", "emil", "ines", "theo"}
OUTCOMES = {("1", "1"): "tp", ("0", "1"): "fp", ("0", "0"): "tn", ("1", "0"): "fn"}
SAMPLES = Path(sample_data.__file__).parent
STATED = yaml.safe_load((SAMPLES / "planted.yaml").read_text())["credit_decisions.csv"]


def planted_in(version: str) -> dict[str, Any]:
    """What planted.yaml states of an audit of this version by sex and age band."""
    where = ("sex,age_band", f"model_version = '{version}'")
    return next(one for one in STATED["audits"] if (one["by"], one["filter"]) == where)


def ask(told: Told, command: str) -> Any:
    """Ask the demo's ledger in this process, as its admin; the JSON of the answer."""
    out = StringIO()
    where = ["--home", str(told.folder / "home"), "--seat", str(told.folder / "seats" / "ada")]
    with redirect_stdout(out):
        assert run([*where, *shlex.split(command), "--json"]) == 0
    return json.loads(out.getvalue())


def lines_of(page: str, word: str) -> list[str]:
    """The lines of the page whose mark has this word."""
    return re.findall(rf"^ {{4}}\S {word} +(.*)$", page, re.MULTILINE)


def counted(file: Path, version: str) -> dict[str, Counter[str]]:
    """Outcomes by sex and age band of one version's decisions, counted row by row."""
    found: dict[str, Counter[str]] = {}
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            if row["model_version"] == version:
                group = found.setdefault(f"{row['sex']},{row['age_band']}", Counter())
                group[OUTCOMES[row["repaid"], row["approved"]]] += 1
    return found


def test_the_story_ends_well_and_in_time(told: Told) -> None:
    """If this fails, the first thing a newcomer runs fails, or is slower than was promised."""
    assert told.code == 0, told.errors
    assert told.errors == ""
    assert told.seconds < 60


def test_a_page_in_a_pipe_is_plain(told: Told) -> None:
    """If this fails, the page cannot be kept in a file, or is ragged on a narrow terminal."""
    assert "\033" not in told.page
    story = told.page.partition("Now you:")[0]
    assert [line for line in story.splitlines() if len(line) > 80 and "/" not in line] == []
    steps = re.findall(r"^ ?\d+  .* \d+\.\d s$", story, re.MULTILINE)
    assert len(steps) == 10
    assert {len(line) for line in steps} == {80}


@pytest.mark.parametrize(("audit", "version"), [("aud-1", "2.0.4"), ("aud-2", "2.1.0")])
def test_audits_find_what_is_counted_row_by_row(told: Told, audit: str, version: str) -> None:
    """If this fails, the demo's audit miscounts, or planted.yaml states what is not planted."""
    file = told.folder / "credit_decisions.csv"
    groups = counted(file, version)
    document = ask(told, f"audit show {audit}")
    audited = {g["group"]: g for g in document["groups"] if g["by"] == "sex,age_band"}
    planted = planted_in(version)
    assert audited.keys() == groups.keys() == planted["groups"].keys()
    for name, counts in groups.items():
        for outcome in OUTCOMES.values():
            assert audited[name][outcome] == counts[outcome] == planted["groups"][name][outcome]
    rates = {g: (c["tp"] + c["fp"]) / c.total() for g, c in groups.items()}
    ratio = min(rates.values()) / max(rates.values())
    assert planted["impact_ratio"] == f"{ratio:.6f}"
    assert min(g["impact_ratio"] for g in audited.values()) == pytest.approx(ratio)
    assert document["verdict"] == ("fail" if ratio < 0.8 else "pass")


def test_the_page_says_what_was_planted_and_what_was_found(told: Told) -> None:
    """If this fails, the page claims figures that are not planted.yaml's, or hides a difference."""
    assert "differs" not in told.page
    planted = planted_in("2.1.0")
    shown = [re.split(r" {2,}", line) for line in lines_of(told.page, "equal")]
    for figure in ("impact_ratio", "demographic_parity_difference", "equalized_odds_difference"):
        assert any(row[1:] == [planted[figure]] * 2 for row in shown)
    assert ["lowest group", planted["lowest"], planted["lowest"]] in shown


def test_everybody_has_keys_of_their_own_and_two_admins_enrolled_them(told: Told) -> None:
    """If this fails, roles are missing, or one person could have enrolled all the others."""
    actors = {row["actor"]: row for row in ask(told, "actor list")}
    assert actors.keys() == PEOPLE
    assert len({row["key"] for row in actors.values()}) == len(PEOPLE)
    roles = sorted(role for row in actors.values() for role in row["roles"])
    assert roles == [
        "admin",
        "admin",
        "auditor",
        "engineer",
        "incident-commander",
        "model-owner",
        "risk-officer",
    ]
    enrollers = {name: row["enrolled_by"] for name, row in actors.items()}
    assert enrollers.pop("ada") == enrollers.pop("noor") == ["ada"]
    assert all(people == ADMINS for people in enrollers.values())


def test_keys_of_the_demo_are_as_hard_to_open_as_any(told: Told) -> None:
    """If this fails, a fast demo was bought with keys whose passphrase can be guessed."""
    files = [path for path in told.folder.glob("seats/*/keys/*") if path.suffix != ".request"]
    assert len(files) == 2 * len(PEOPLE) + 1
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        text = "".join(path.read_text().splitlines()[1:-1])
        fields, data = [], base64.b64decode(text)[len(b"openssh-key-v1\0") :]
        for _ in range(3):
            size = int.from_bytes(data[:4])
            fields.append(data[4 : 4 + size])
            data = data[4 + size :]
        assert fields[1] == b"bcrypt"
        assert int.from_bytes(fields[2][-4:]) >= KDF_ROUNDS


def test_decisions_are_imported_once_and_redacted(told: Told) -> None:
    """If this fails, decisions are lost, imported twice, or personal data came in with them."""
    [log] = ask(told, "logs list")
    assert log["rows"] == ROWS
    assert log["quarantined"] == 0
    assert log["redactions"] == STATED["redactions"]


def test_the_application_obeyed_a_recorded_kill(told: Told) -> None:
    """If this fails, the page says a client was stopped that was not, or not by who is recorded."""
    [obeyed] = lines_of(told.page, "obeyed")
    after = re.match(r"(\d+) ms after the order the client is told: no", obeyed)
    assert after is not None
    assert 0 <= int(after[1]) < 5_000
    history = ask(told, "switch history credit-scorer")
    kill, resume = history[1:3]
    assert (kill["mode"], kill["actor"]) == ("fallback", "ines")
    assert kill["ordered_at"] <= kill["published_at"] <= kill["recorded_at"]
    assert (resume["mode"], resume["requested_by"], resume["actor"]) == ("on", "mira", "rosa")


def test_nobody_approves_their_own_request(told: Told) -> None:
    """If this fails, the two-person rule is told but was not tried."""
    [refused] = lines_of(told.page, "refused")
    assert "mira requested ap-6" in refused
    decided = {row["approval"]: row for row in ask(told, "approval list --all")}
    assert decided["ap-6"]["requested_by"] == "mira"
    assert decided["ap-6"]["decided_by"] == "rosa"


def test_the_incident_was_answered_in_time_and_is_under_way(told: Told) -> None:
    """If this fails, an incident of the story stands without its playbook or its clock."""
    incident = ask(told, "incident show inc-1")
    assert incident["severity"] == "critical"
    assert incident["answer_state"] == "met"
    assert incident["acknowledged_by"] == "ines"
    taken = [step for step in incident["steps"] if step["done"]]
    assert 4 <= len(taken) < len(incident["steps"])
    assert {step["state"] for step in taken} == {"met"}


def test_the_report_is_signed_and_marked(told: Told) -> None:
    """If this fails, the story's report cannot be checked, or could pass for a real one."""
    [pdf] = told.folder.glob("home/reports/*.pdf")
    done = told.shell(f'quaestor report verify "$QUAESTOR_HOME"/reports/{pdf.name} --json')
    assert done.returncode == 0, done.stderr
    checked = json.loads(done.stdout)
    assert (checked["verdict"], checked["signer"]["name"]) == ("valid", "rosa")
    assert checked["ledger"] == "agrees"
    text = subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) > 1
    assert all("DEMO" in page for page in pages)


def test_the_ledger_verifies_for_the_admin_and_says_by_whom(told: Told) -> None:
    """If this fails, the story ends on a ledger that its own proofs do not carry."""
    [verified] = lines_of(told.page, "verified")
    assert "vouched for by rosa" in verified
    whole = re.search(r"seats now keep the checkpoint of all (\d+)", told.page)
    assert whole is not None
    found = ask(told, "ledger verify")
    assert found["verdict"] == "verified"
    assert found["anchored"]["size"] >= int(whole[1])
    assert found["checked"]["sealed_rows"] == ROWS


def test_a_copy_that_was_cut_back_never_reads_as_verified(told: Told) -> None:
    """If this fails, whoever can write the files can make an audit unheard of, unnoticed."""
    [alone] = lines_of(told.page, "unconfirmed")
    [held] = lines_of(told.page, "ALTERED")
    assert "held against nothing" in alone
    assert "are gone" in held
    copy = '"$QUAESTOR_HOME"/../tampered-copy'
    stranger = '"$HOME"/stranger'
    as_stranger = told.shell(
        f"quaestor --home {copy} --seat {stranger} ledger verify --json --allow-unconfirmed"
    )
    assert as_stranger.returncode == 0, as_stranger.stderr
    assert json.loads(as_stranger.stdout)["verdict"] == "unconfirmed"
    as_theo = told.shell(f"as theo quaestor --home {copy} ledger verify --json")
    assert as_theo.returncode == 1, as_theo.stderr
    assert json.loads(as_theo.stdout)["verdict"] == "altered"


def test_nothing_is_left_outside_its_folder(told: Told) -> None:
    """If this fails, a demo's keys or seats mix with a person's own."""
    assert [path for path in told.user.rglob("*") if "stranger" not in path.parts] == []
    beside = {path.name for path in told.folder.parent.iterdir() if path.is_dir()}
    assert beside == {told.folder.name, told.user.name}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_env_makes_the_reader_admin_or_anybody(told: Told, shell: str) -> None:
    """If this fails, sourcing env.sh does not let a newcomer try the commands."""
    done = told.shell("quaestor model list --json && quaestor audit list --json", shell=shell)
    assert done.returncode == 0, done.stderr
    assert "credit-scorer" in done.stdout
    note = f"Tried from {shell}"
    assert told.shell(f"quaestor incident note inc-1 '{note}'", shell=shell).returncode == 0
    asked = told.shell(f"as rosa quaestor incident note inc-1 '{note}, as rosa'", shell=shell)
    assert asked.returncode == 0, asked.stderr
    notes = {row["note"]: row["actor"] for row in ask(told, "incident show inc-1")["notes"]}
    assert notes[note] == "ada"
    assert notes[f"{note}, as rosa"] == "rosa"
    nobody = told.shell("as nobody quaestor model list", shell=shell)
    assert nobody.returncode == 2
    assert all(name in nobody.stderr for name in PEOPLE)


def test_the_admin_can_go_on_from_where_the_story_ends(told: Told) -> None:
    """If this fails, what the page invites the reader to do cannot be done."""
    [left] = [row["approval"] for row in ask(told, "approval list")]
    approved = told.shell(f"quaestor approval approve {left} --confirm support-assistant")
    assert approved.returncode == 0, approved.stderr
    killed = told.shell("quaestor kill fraud-screen --confirm fraud-screen --reason 'To see it'")
    assert killed.returncode == 0, killed.stderr
    modes = {row["id"]: row["switch"] for row in ask(told, "model list")}
    assert (modes["support-assistant"], modes["fraud-screen"]) == ("on", "off")


def test_a_folder_that_holds_anything_is_left_alone(told: Told, tmp_path: Path) -> None:
    """If this fails, the demo writes into, or deletes, what is not its own."""
    (tmp_path / "thesis.txt").write_text("ten years of work")
    foreign = tell(tmp_path, tmp_path / "user")
    assert foreign.returncode == 3
    assert "not a demo" in foreign.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    before = (told.folder / "env.sh").stat().st_mtime_ns
    again = tell(told.folder, tmp_path / "user")
    assert again.returncode == 3
    assert "rm -r" in again.stderr
    assert (told.folder / "env.sh").stat().st_mtime_ns == before
