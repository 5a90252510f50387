"""Decision logs: imported once, bad rows counted, column maps by file and by flag."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

import orjson
import pytest
import yaml

from console.cli.importing import FormatOption, Kind
from ledger.logs.containers import CONTAINERS
from ledger.logs.formats import FORMATS
from ledger.registers.logs import LogKind
from tests.console.cli.place import PROGRAM, SAMPLES, Place

BAD = str(SAMPLES / "credit_decisions_bad.csv")
GOOD = str(SAMPLES / "credit_decisions_sample.csv")
MAP = str(SAMPLES / "credit_decisions.map.yaml")


def test_the_same_file_again_changes_nothing(bank: Place) -> None:
    """If this fails, a job that runs twice counts every decision twice."""
    size = bank.home.read_head()
    ran = bank.run("logs", "import", GOOD, "--model", "credit-scorer", "--map", MAP, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert (ran.json["already_imported"], ran.json["log"], ran.json["rows"]) == (True, "log-1", 500)
    assert bank.home.read_head() == size


@pytest.mark.parametrize(("max_bad", "code"), [("0", 1), ("2", 1), ("3", 0)])
def test_more_bad_rows_than_allowed(bank: Place, max_bad: str, code: int) -> None:
    """If this fails, a broken log goes unnoticed, or turns good by being imported once more."""
    ran = bank.run(
        "logs", "import", BAD, "--model", "credit-scorer", "--map", MAP, "--max-bad", max_bad,
        "--json",
    )  # fmt: skip
    assert ran.code == code
    assert (ran.json["rows"], ran.json["quarantined"]) == (9, 3)
    assert ran.json["too_many_bad"] is (code == 1)
    shown = bank.run("logs", "show", ran.json["log"], "--json").json
    assert [bad["line"] for bad in shown["quarantine"]] == [5, 9, 12]
    assert all(len(bad["digest"]) == 64 for bad in shown["quarantine"])
    assert "text" not in shown["quarantine"][0]
    again = bank.run(
        "logs", "import", BAD, "--model", "credit-scorer", "--map", MAP, "--max-bad", max_bad,
        "--json",
    )  # fmt: skip
    assert (again.code, again.json["already_imported"]) == (code, True)


def test_a_proposed_map_can_be_imported_with(bank: Place, tmp_path: Path) -> None:
    """If this fails, what `logs map` prints is not what `logs import --map` reads."""
    proposed = bank.run("logs", "map", BAD)
    assert proposed.code == 0
    file = tmp_path / "proposed.yaml"
    file.write_text(proposed.out)
    ran = bank.run("logs", "import", GOOD, "--model", "credit-scorer", "--map", str(file), "--json")
    assert (ran.code, ran.json["already_imported"], ran.json["rows"]) == (0, False, 500), ran.err


def test_columns_can_be_stated_as_flags(bank: Place) -> None:
    """If this fails, `--column` maps something else than it says."""
    ran = bank.run(
        "logs", "import", GOOD, "--model", "credit-scorer", "--column",
        "time=decided_at:timestamp!", "--column", "sex=sex:string", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    columns = bank.run("logs", "show", ran.json["log"], "--json").json["columns"]
    assert columns == [
        {"column": "sex", "source": "sex", "type": "string", "required": False},
        {"column": "time", "source": "decided_at", "type": "timestamp", "required": True},
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--column", "time"], "'time' is not a column"),
        (["--column", "time=decided_at:tiemstamp"], "columns.time.type"),
        (["--column", "Time=decided_at:string"], "columns"),
        (["--timezone", "Mars/Olympus", "--column", "a=b:string"], "Mars/Olympus"),
        (["--format", "parquet"], "parquet"),
    ],
)
def test_a_wrong_map_is_explained(bank: Place, options: list[str], message: str) -> None:
    """If this fails, a slip in a column map is a traceback, or imports something else."""
    ran = bank.run("logs", "import", BAD, "--model", "credit-scorer", *options, "--json")
    assert (ran.code, ran.out, ran.error["code"]) == (2, "", "invalid_input")
    assert message in ran.error["message"]


TRACES = str(SAMPLES / "logs" / "otlp_loan_agent.jsonl")
USERS = ("enduser.id", "user.id", "enduser.pseudo.id", "llm.user")


def test_a_log_is_explained_before_it_is_imported(tmp_path: Path) -> None:
    """If this fails, nobody can see what an import would do before it is done, without a key."""
    place = Place(tmp_path)
    log = tmp_path / "requests.jsonl"
    log.write_text('{"id": 1, "text": "write to bob@example.org"}\nno record\n')
    ran = place.run("logs", "import", str(log), "--explain", "--json")
    (file,) = ran.json["files"]
    assert (ran.code, file["container"], file["format"]) == (0, "jsonl", "table")
    (example,) = file["examples"]
    assert example["before"] == '{"id": 1, "text": "write to bob@example.org"}'
    assert example["after"] == '{"id": 1, "text": "write to [redacted:email]"}'
    assert example["columns"] == {"id": 1, "text": "write to [redacted:email]"}
    assert file["bad"][0][0] == 2
    assert file["unmapped"][0] == "time"
    assert ran.json["map"]["columns"]["id"] == {"source": "id", "type": "integer"}
    said = place.run("logs", "import", str(log), "--explain")
    assert "write to [redacted:email]" in said.out
    assert "Nothing was imported" in said.err
    assert not (tmp_path / "home").exists()


def test_it_is_explained_by_the_rules_in_force(bank: Place, tmp_path: Path) -> None:
    """If this fails, an engineer sees a record as it is not kept, or not by which rules it is."""
    explained = ("logs", "import", TRACES, "--explain")
    before = bank.run(*explained, "--json").json
    assert before["redaction"]["digest"] is None
    assert before["redaction"]["rules"]["conversations"]["store"] == "digest"
    assert "no policy is adopted; every class is removed; conversations are summed up" in (
        bank.run(*explained).out
    )
    rules = before["redaction"]["rules"]
    rules["conversations"]["store"], rules["classes"]["ip"]["remove"] = "keep", False
    (tmp_path / "rules.json").write_bytes(orjson.dumps(rules))
    adopted = bank.run(
        *("policy", "adopt", "redaction", "--file", str(tmp_path / "rules.json")),
        *("--reason", "Board", "--json"),
    )
    assert adopted.code == 0, adopted.err
    after = bank.run(*explained, "--json").json
    assert after["redaction"]["rules"] == rules
    kept = [[each["after"] for each in one["files"][0]["examples"]] for one in (before, after)]
    assert ["Assess applicant" in "".join(texts) for texts in kept] == [False, True]
    columns = [[each["columns"] for each in one["files"][0]["examples"]] for one in (before, after)]
    for each in (*columns[0], *columns[1]):  # by a key of the moment
        assert (each.pop("user_id") or "hmac:").startswith("hmac:")
    assert columns[0] == columns[1]
    digest = after["redaction"]["digest"][:12]
    said = f"the policy in force ({digest}); every class but ip is removed; conversations are kept"
    assert said in bank.run(*explained).out


def test_a_recognised_format_needs_no_map(bank: Place) -> None:
    """If this fails, who has traces must write a map before they can import them."""
    ran = bank.run("logs", "import", TRACES, "--model", "credit-scorer", "--json")
    assert (ran.code, ran.json["format"]) == (0, "otlp")
    assert ran.json["missing"]["time"] == 0
    assert 0 <= ran.json["missing_share"]["user_id"] <= 1
    shown = bank.run("logs", "show", ran.json["log"], "--json").json
    assert (shown["format"], shown["missing"]) == ("otlp", ran.json["missing"])
    text = bank.run("logs", "show", ran.json["log"])
    assert "missing user id" in text.out
    assert "%" in text.out


def test_what_is_piped_in_is_imported(bank: Place) -> None:
    """If this fails, `zcat ... | quaestor logs import -` does not work, or leaves a copy behind."""
    done = subprocess.run(
        [PROGRAM, "logs", "import", "-", "--model", "credit-scorer", "--json"],
        env=bank.environment("ada"),
        input=b'{"a": 7}\n',
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log = orjson.loads(done.stdout)["log"]
    assert bank.run("logs", "show", log, "--json").json["sources"][0]["name"] == "stdin"
    assert not list(bank.home.evidence.folder.glob(".*"))


def test_a_folder_is_searched(bank: Place, tmp_path: Path) -> None:
    """If this fails, exports of many files are imported one by one, or in any order."""
    folder = tmp_path / "exports"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "1.jsonl").write_text('{"a": 1}\n')
    (folder / "2.json").write_text('[{"a": 2}]')
    (folder / "notes.txt").write_text("none\n")
    ran = bank.run("logs", "import", str(folder), "--model", "credit-scorer")
    assert ran.code == 0, ran.err
    assert "passed over: notes.txt" in ran.err
    assert "1.jsonl: jsonl" in ran.err
    log = bank.run("logs", "list", "--json").json[-1]
    assert (log["rows"], [source["name"] for source in log["sources"]]) == (
        2,
        ["2.json", "b/1.jsonl"],
    )
    mixed = bank.run("logs", "import", GOOD, TRACES, "--model", "credit-scorer")
    assert mixed.code == 2
    assert "is table" in mixed.err


def test_the_help_names_every_format() -> None:
    """If this fails, a format that can be imported cannot be found in the help."""
    option = next(each for each in get_args(FormatOption) if hasattr(each, "help"))
    named = set(re.findall(r"[a-z-]+", option.help))
    assert named >= {*FORMATS, *CONTAINERS}
    assert get_args(Kind) == get_args(LogKind)


def test_whose_decisions_they_are_must_be_said(bank: Place) -> None:
    """If this fails, decisions are entered for no model, or with a traceback."""
    ran = bank.run("logs", "import", GOOD)
    assert ran.code == 2
    assert "--model" in ran.err


def test_a_proposed_map_is_written_once(bank: Place, tmp_path: Path) -> None:
    """If this fails, a map that somebody has edited is overwritten by a proposal."""
    out = tmp_path / "new.map.yaml"
    assert bank.run("logs", "map", TRACES, "-o", str(out)).code == 0
    assert yaml.safe_load(out.read_text())["format"] == "otlp"
    again = bank.run("logs", "map", TRACES, "-o", str(out))
    assert again.code == 2
    assert "is there already" in again.err


def test_a_map_is_settled_in_a_conversation(bank: Place, tmp_path: Path) -> None:
    """If this fails, the decision, the groups and the zone are never asked for, only guessed."""
    log, out = tmp_path / "log.csv", tmp_path / "new.map.yaml"
    log.write_text(
        "at,sex,verdict,name\n2026-01-01 10:00:00,f,refer,Ann\n2026-01-01 11:00:00,m,grant,Bob\n"
    )
    with bank.terminal("logs", "map", str(log), "-o", str(out)) as terminal:
        terminal.see("In which zone are they")
        terminal.type("Mars/Olympus\r")
        terminal.see("is none of them")
        terminal.type("Europe/Berlin\r")
        terminal.see("Which column is the decision?")
        terminal.type("4\r")
        terminal.see("Which of them is the favourable one?")
        terminal.type("grant\r")
        terminal.see("Which column is the label")
        terminal.type("\r")
        terminal.see("Which columns hold groups")
        terminal.type("sex\r")
        terminal.see("Which columns hold personal data?")
        terminal.type("name\r")
        terminal.see("Which column names the person")
        terminal.type("name\r")
        terminal.see("Check the types")
    stated = yaml.safe_load(out.read_text())
    assert stated.pop("columns")["at"] == {"source": "at", "type": "timestamp"}
    assert stated == {
        "timezone": "Europe/Berlin",
        "decision": "verdict",
        "positive": "grant",
        "groups": ["sex"],
        "subject": "name",
    }


def test_the_decision_of_a_platforms_log_is_settled_too(bank: Place, tmp_path: Path) -> None:
    """If this fails, a person can choose among tokens and costs only, and not say what decides."""
    out = tmp_path / "new.map.yaml"
    with bank.terminal("logs", "map", TRACES, "-o", str(out)) as terminal:
        terminal.see("no columns yet")
        terminal.see("Which column is the decision?")
        terminal.type("span.attributes{loan.nothing}\r")
        terminal.see("is none of them")
        terminal.type("decision\r")
        terminal.see("Its values: approve, decline, refer")
        terminal.type("approve\r")
        terminal.see("Which column is the label")
        terminal.type("span.attributes{gen_ai.output.messages} => 0.parts.0.content => reason\r")
        terminal.see("Which columns hold groups")
        terminal.type("sex,age_band\r")
        terminal.see("Marked as personal data: span.attributes{enduser.id}")
        terminal.see("Which columns hold personal data?")
        terminal.type("\r")
        terminal.see("Check the types")
    stated = yaml.safe_load(out.read_text())
    asked = {name: stated[name] for name in ("decision", "positive", "label", "groups", "subject")}
    assert asked == {
        "decision": "decision",
        "positive": "approve",
        "label": "reason",
        "groups": ["sex", "age_band"],
        "subject": [f"span.attributes{{{who}}}" for who in USERS],
    }
    read = bank.run("logs", "import", TRACES, "--map", str(out), "--explain", "--json")
    assert read.code == 0
    (file,) = read.json["files"]
    assert file["examples"][0]["columns"]["decision"] in {"approve", "decline", "refer"}
    assert file["unmarked"] == []


def test_personal_data_that_no_map_marks(bank: Place, tmp_path: Path) -> None:
    """If this fails, user ids stay for ever in sealed logs, and nobody chose that."""
    ran = bank.run("logs", "import", TRACES, "--explain", "--json").json
    assert ran["files"][0]["unmarked"] == []
    assert ran["map"]["subject"] == [f"span.attributes{{{who}}}" for who in USERS]
    plain = tmp_path / "plain.yaml"
    plain.write_text("personal: []\n")
    told = bank.run("logs", "import", TRACES, "--map", str(plain), "--explain")
    assert "personal, and not marked in the map: span.attributes{enduser.id}" in told.out
    said = bank.run("logs", "import", TRACES, "--model", "credit-scorer").err
    assert "personal data, named by pseudonyms: span.attributes{enduser.id}" in said
    imported = bank.run("logs", "import", TRACES, "--model", "credit-scorer", "--json")
    assert imported.json["redactions"]["pseudonym"] > 0
    bundle = str(tmp_path / "night.bundle")
    away = bank.run("logs", "seal", TRACES, "-o", bundle, "--json")
    assert away.json["redactions"]["field"] == imported.json["redactions"]["pseudonym"]
    table = tmp_path / "t.csv"
    table.write_text("applicant_id,email,sex\n17,ann@example.org,f\n")
    rows = bank.run("logs", "import", str(table), "--explain", "--json").json
    assert rows["files"][0]["unmarked"] == ["applicant_id"]  # the e-mail is redacted
    assert rows["files"][0]["examples"][0]["columns"]["email"] == "[redacted:email]"


def test_a_progress_bar_is_for_terminals_only(bank: Place) -> None:
    """If this fails, logs of nightly jobs are full of progress bars."""
    ran = bank.program("logs", "import", BAD, "--model", "credit-scorer", "--max-bad", "3")
    assert ran.code == 0
    assert "%" not in ran.err
    assert "importing" not in ran.err


def test_the_list_of_logs(bank: Place) -> None:
    """If this fails, nobody sees which decisions an audit would count."""
    (log,) = bank.run("logs", "list", "--json").json
    assert (log["log"], log["model"], log["rows"]) == ("log-1", "credit-scorer", 500)
    assert log["sources"][0]["name"] == "credit_decisions_sample.csv"
    assert log["redactions"]["email"] > 0
    assert bank.run("logs", "list", "--model", "other", "--json").json == []
