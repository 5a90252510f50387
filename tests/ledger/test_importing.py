"""Importing a decision log: entered once, whole, or not at all; bad rows kept but unreadable."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copyfile
from time import sleep

import orjson
import pytest
import yaml

import sample_data
from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.logs import importing
from ledger.logs.importing import Imported, import_logs
from ledger.logs.mapping import ColumnMap
from ledger.logs.proposing import propose
from ledger.registers.logs import LogRow
from ledger.verification import verify
from tests.people import MODEL, OTHER_MODEL, Person, World, raising, size_of
from tests.workers import Workers

SAMPLES = Path(sample_data.__file__).parent
SAMPLE = SAMPLES / "credit_decisions_sample.csv"
BAD = SAMPLES / "credit_decisions_bad.csv"
PLANTED = yaml.safe_load((SAMPLES / "planted.yaml").read_text())
MAP = ColumnMap.model_validate(yaml.safe_load((SAMPLES / "credit_decisions.map.yaml").read_text()))


def take_in(person: Person, *files: Path, model: str = MODEL, max_bad: int = 0) -> Imported:
    """Import log files."""
    return import_logs(person.book, person.signer, model, files, MAP, max_bad=max_bad)


def logs(book: Book) -> list[LogRow]:
    """Every log in the register."""
    with book.read() as snapshot:
        return snapshot.rows.where(LogRow)


def test_a_log_is_entered_with_what_was_found_in_it(world: World) -> None:
    """If it fails, the record does not say what was imported, or how much was redacted."""
    planted = PLANTED["credit_decisions_sample.csv"]
    done = take_in(world.person("emil"), SAMPLE)
    assert (done.log, done.seq, done.already_imported) == ("log-1", 10, False)
    assert (done.rows, done.quarantined, done.too_many_bad) == (planted["rows"], 0, False)
    assert done.redactions == planted["redactions"]
    (row,) = logs(world.stranger())
    assert (row.file, row.root, row.rows, row.actor) == (done.file, done.root, 500, "emil")
    assert row.first_time.startswith(planted["first"][:-1])
    assert json.loads(row.sources)[0]["name"] == SAMPLE.name
    assert verify(world.person("ann").book).checked["sealed_rows"] == 500
    assert orjson.loads(orjson.dumps(done.as_json()))["model"] == MODEL


def test_the_same_files_are_entered_once(world: World, tmp_path: Path) -> None:
    """If it fails, importing a file again counts its decisions twice."""
    emil, ada = world.person("emil"), world.person("ada")
    first = take_in(emil, SAMPLE)
    copied = copyfile(SAMPLE, tmp_path / "another-name.csv")
    for again in (take_in(emil, SAMPLE), take_in(ada, copied)):
        assert again.already_imported
        assert (again.log, again.rows, again.seq) == (first.log, first.rows, first.seq)
        assert again.redactions == first.redactions
    assert take_in(emil, SAMPLE, model=OTHER_MODEL).log == "log-2"
    assert len(logs(world.stranger())) == 2


def test_bad_rows_are_counted_and_readable_with_their_key_alone(world: World) -> None:
    """If it fails, bad rows vanish, or personal data in them lies open or for ever."""
    emil = world.person("emil")
    done = take_in(emil, BAD)
    planted = PLANTED[BAD.name]
    bad = planted["bad_lines"]
    assert (done.rows, done.quarantined, done.too_many_bad) == (planted["good"], len(bad), True)
    (row,) = logs(emil.book)
    kept = world.home.evidence.read(row.quarantine, "jsonl")
    lines = [orjson.loads(line) for line in kept.splitlines()]
    assert [(line["file"], line["line"]) for line in lines] == [(BAD.name, at) for at in bad]
    written = BAD.read_text().splitlines()
    for line in lines:
        assert written[line["line"] - 1].encode() not in kept
        text = emil.book.vault.open(f"quarantine|{row.import_key}", orjson.loads(line["text"]))
        assert text.rstrip("\r\n") == written[line["line"] - 1]
    emil.book.vault.destroy(row.quarantine_key)
    erased = emil.book.vault.open(f"quarantine|{row.import_key}", orjson.loads(lines[0]["text"]))
    assert erased == "[erased]"
    found = verify(world.person("ann").book)
    assert [(problem.check, problem.seq) for problem in found.problems] == [("vault", row.seq)]


@pytest.mark.parametrize(("max_bad", "too_many"), [(0, True), (2, True), (3, False)])
def test_too_many_bad_rows_are_said(world: World, max_bad: int, *, too_many: bool) -> None:
    """If it fails, `--max-bad` lets a broken export pass, or fails a good one."""
    assert take_in(world.person("emil"), BAD, max_bad=max_bad).too_many_bad is too_many


def test_two_imports_at_once_make_one_log(world: World, workers: Workers, tmp_path: Path) -> None:
    """If it fails, two engineers who import the same file end in an error or in two logs."""
    file = copyfile(SAMPLE, tmp_path / "decisions.csv")
    jobs = [workers.start("import_file", world, actor, str(file)) for actor in ("emil", "ada")]
    said = sorted(line for job in jobs for line in workers.wait(job).lines)
    assert said == ["log-1 False 500", "log-1 True 500"]
    assert len(logs(world.stranger())) == 1
    assert verify(world.person("ann").book).problems == ()


def test_an_import_that_was_killed_is_repeated_as_one_log(
    world: World, workers: Workers, tmp_path: Path
) -> None:
    """If it fails, a crash between sealing and entering leaves two logs, or none, or an alarm."""
    file = copyfile(SAMPLE, tmp_path / "decisions.csv")
    workers.wait(workers.start("import_and_die", world, "emil", str(file)))
    assert len(list(world.home.evidence.folder.glob("*.parquet"))) == 1
    assert logs(world.stranger()) == []
    assert verify(world.person("ann").book).problems == ()
    for expected in ("log-1 False 500", "log-1 True 500"):
        job = workers.wait(workers.start("import_file", world, "emil", str(file)))
        assert job.lines == [expected]
    assert len(list(world.home.evidence.folder.glob("*.parquet"))) == 1


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.3, 0.6])
def test_an_import_killed_at_any_moment_and_started_again_is_one(
    world: World, workers: Workers, tmp_path: Path, delay: float
) -> None:
    """If it fails, who starts a killed import again has its decisions twice, or not at all."""
    file = tmp_path / "decisions.csv"
    header, *rows = SAMPLE.read_bytes().splitlines(keepends=True)
    file.write_bytes(header + b"".join(rows) * 40)
    job = workers.start("import_file", world, "emil", str(file))
    sleep(delay)
    job.kill()
    workers.wait(job)
    emil = world.person("emil")
    for _ in range(2):
        again = import_logs(emil.book, emil.signer, MODEL, [file], propose(file))
    assert (again.log, again.already_imported, again.rows) == ("log-1", True, 20_000)
    (row,) = logs(world.stranger())
    assert row.rows == 20_000
    assert [path.stem for path in world.home.evidence.folder.glob("*.parquet")] == [row.file]
    assert list(world.home.evidence.folder.glob(".sealing.*")) == []
    assert verify(world.person("ann").book).problems == ()


def test_imports_of_different_files_at_once(world: World, workers: Workers, tmp_path: Path) -> None:
    """If it fails, engineers who import at the same time hinder each other, or mix their rows."""
    header, *rows = SAMPLE.read_bytes().splitlines(keepends=True)
    counts = (100, 250, 500)
    for count in counts:
        (tmp_path / f"{count}.csv").write_bytes(header + b"".join(rows[:count]) * 9)
    jobs = [
        workers.start(
            "import_file", world, ("emil", "ada")[place % 2], str(tmp_path / f"{count}.csv")
        )
        for place, count in enumerate(counts)
    ]
    said = [line.split() for job in jobs for line in workers.wait(job).lines]
    assert sorted(int(rows) for _, known, rows in said if known == "False") == [900, 2250, 4500]
    assert {row.log for row in logs(world.stranger())} == {"log-1", "log-2", "log-3"}
    assert verify(world.person("ann").book).problems == ()


def test_what_is_missing_is_stated(world: World, tmp_path: Path) -> None:
    """If it fails, nobody sees that a log cannot say whose request it was, or which prompt."""
    file = tmp_path / "log.jsonl"
    file.write_bytes(
        b'{"t": "2026-01-01T00:00:00Z", "u": "a", "g": "blocked"}\n'
        b'{"t": "2026-01-01T00:00:01Z", "u": "", "g": "passed"}\n'
        b'{"t": "2026-01-01T00:00:02Z", "g": "passed"}\n{"t": 7}\n'
    )
    fields = {"time": ("t", "timestamp"), "user_id": ("u", "string"), "guardrail": ("g", "string")}
    columns = {name: {"source": at, "type": kind} for name, (at, kind) in fields.items()}
    mapping = ColumnMap.model_validate({"columns": columns})
    emil = world.person("emil")
    done = import_logs(emil.book, emil.signer, MODEL, [file], mapping)
    assert (done.kind, done.format, done.rows, done.quarantined) == ("decision", "table", 3, 1)
    assert done.missing == {
        "time": 0,
        "request_id": 3,
        "user_id": 2,
        "model": 3,
        "prompt_version": 3,
        "index_version": 3,
        "features_version": 3,
        "duration_ms": 3,
        "status": 3,
    }
    assert done.guardrails == {"blocked": 1, "passed": 2}
    again = import_logs(emil.book, emil.signer, MODEL, [file], mapping)
    assert (again.missing, again.guardrails) == (done.missing, done.guardrails)
    columns["request_id"] = {"source": "g", "type": "string"}
    answered = ColumnMap.model_validate({"columns": columns})
    other = import_logs(emil.book, emil.signer, MODEL, [file], answered, kind="feedback")
    assert (other.log, other.missing) == ("log-2", {"time": 0, "request_id": 0, "rating": 3})
    assert verify(world.person("ann").book).problems == ()


def test_a_file_that_grows_meanwhile_is_not_imported(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, an entry names a file's digest and holds another file's decisions."""
    file = copyfile(SAMPLE, tmp_path / "decisions.csv")
    real = importing.seal

    def grown(*given: object, **named: object) -> object:
        with file.open("ab") as growing:
            growing.write(SAMPLE.read_bytes().splitlines(keepends=True)[-1])
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "seal", grown)
    emil = world.person("emil")
    assert "changed" in raising(CheckFailed, lambda: take_in(emil, file))
    assert logs(emil.book) == []


def test_who_may_not_import_imports_nothing(world: World) -> None:
    """If it fails, decisions of a model are on record that nobody entitled brought in."""
    raising(Refused, lambda: take_in(world.person("cora"), SAMPLE))
    raising(Refused, lambda: take_in(world.person("emil"), SAMPLE, model="unknown"))
    raising(InvalidInput, lambda: take_in(world.person("emil")))
    ada = world.person("ada")
    ada.append(Draft("model.status_changed", f"model/{MODEL}", {"status": "retired"}))
    raising(Refused, lambda: take_in(world.person("emil"), SAMPLE))
    assert size_of(ada.book) == 11


def test_a_proposed_map_imports_too(world: World) -> None:
    """If it fails, an engineer's first import needs a map written by hand."""
    emil = world.person("emil")
    done = import_logs(emil.book, emil.signer, MODEL, [SAMPLE], propose(SAMPLE))
    assert (done.rows, done.quarantined) == (500, 0)


@pytest.mark.parametrize("damage", ["flip", "missing", "map", "quarantine"])
def test_a_sealed_log_that_was_touched_is_found(world: World, damage: str) -> None:
    """If it fails, the decisions that audits are made of can be changed."""
    emil = world.person("emil")
    take_in(emil, BAD)
    (row,) = logs(emil.book)
    evidence = world.home.evidence
    path = {
        "map": evidence.path(row.column_map, "json"),
        "quarantine": evidence.path(row.quarantine, "jsonl"),
    }.get(damage, evidence.path(row.file, "parquet"))
    if damage == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    found = verify(world.person("ann").book)
    check = "sealed_log" if damage in {"flip", "missing"} else "evidence"
    assert (found.verdict, found.problems[0].check, found.problems[0].seq) == ("altered", check, 10)


def test_a_sealed_log_whose_columns_are_not_its_records_is_found(world: World) -> None:
    """If it fails, an engineer can seal columns that say something else than the records.

    He signs the digest of his forged file himself, so only deriving the columns anew shows it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    emil = world.person("emil")
    honest = take_in(emil, SAMPLE, model=OTHER_MODEL)
    evidence = world.home.evidence
    table = pq.read_table(evidence.path(honest.file, "parquet"))
    at = table.schema.get_field_index("approved")
    ones = pa.array([1] * table.num_rows, table.schema.field(at).type)
    scratch = evidence.folder / ".forged"
    pq.write_table(table.set_column(at, table.schema.field(at), ones), scratch)
    digest = evidence.adopt(scratch, "parquet")
    with emil.book.read() as snapshot:
        (entry,) = snapshot.find(kind="log.sealed")
    body = {
        **orjson.loads(entry.data)["body"],
        "model": MODEL,
        "file": digest,
        "import_key": "0" * 64,
    }
    emil.append(Draft("log.sealed", "log/log-2", body))
    found = verify(world.person("ann").book)
    assert [(problem.check, problem.seq) for problem in found.problems] == [("sealed_log", 11)]
