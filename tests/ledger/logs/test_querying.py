from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import CheckFailed, InvalidInput, QuaestorError
from ledger.logs.answering import documents, plain, write_csv, write_file, write_json
from ledger.logs.asking import asked_here
from ledger.logs.engine import locked_engine
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.logs.permitted import require_permitted
from ledger.logs.querying import Answer, Decisions, every_decision
from tests.people import MODEL, OTHER_MODEL, Person, World, copy, raising

ROOT = Path(__file__).parents[3]
SECRET = "the-secret-of-another-file"


def import_rows(
    person: Person, name: str, model: str, rows: list[dict[str, Any]], **types: str
) -> None:
    """Import rows whose columns have these types."""
    log = person.book.home.folder.parent / name
    log.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    columns = {column: {"source": column, "type": kind} for column, kind in types.items()}
    mapping = ColumnMap.model_validate({"columns": columns})
    import_logs(person.book, person.signer, model, [log], mapping)


@pytest.fixture(scope="module")
def emil(template: World, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Give an engineer who imported two logs whose columns differ. Nobody writes to it."""
    person = copy(template, tmp_path_factory.mktemp("asked")).person("emil")
    first = [
        {"time": f"2026-11-19T10:00:0{n}Z", "n": n, "ok": n % 2 == 0, "row": "x"} for n in range(9)
    ]
    import_rows(
        person, "a.jsonl", MODEL, first, time="timestamp", n="integer", ok="boolean", row="string"
    )
    second = [{"n": 0.5, "ok": "perhaps", "more": "=1+1"}]
    import_rows(person, "b.jsonl", OTHER_MODEL, second, n="number", ok="string", more="string")
    return person


@pytest.fixture(scope="module")
def decisions(emil: Person) -> Iterator[Decisions]:
    """Give the view over both."""
    with every_decision(emil.book) as opened:
        yield opened


@contextmanager
def answered(decisions: Decisions, query: str) -> Iterator[Answer]:
    """Run a query in this process, which takes less time."""
    with asked_here(decisions._engine, query) as (schema, batches):
        yield Answer(schema, batches)


def ask(decisions: Decisions, query: str) -> list[dict[str, Any]]:
    """Run a query in this process, and read all of its answer."""
    with answered(decisions, query) as answer:
        return list(documents(answer))


def ask_apart(decisions: Decisions, query: str, patience: float = 60.0) -> list[dict[str, Any]]:
    """Run a query as a person's is, and read all of its answer."""
    with decisions.ask(query, patience=patience) as answer:
        return list(documents(answer))


# What the view holds


def test_the_view_is_the_union_of_all_logs(decisions: Decisions) -> None:
    """If it failed, a query would miss decisions, or not say whose they are."""
    found = ask(
        decisions, "SELECT log, model, kind, count(*) AS n FROM decisions GROUP BY ALL ORDER BY 1"
    )
    assert found == [
        {"log": "log-1", "model": MODEL, "kind": "decision", "n": 9},
        {"log": "log-2", "model": OTHER_MODEL, "kind": "decision", "n": 1},
    ]
    assert decisions.columns == {
        "log": "VARCHAR",
        "row": "BIGINT",
        "model": "VARCHAR",
        "kind": "VARCHAR",
        "more": "VARCHAR",
        "n": "DOUBLE",
        "ok": "VARCHAR",
        "logged_row": "VARCHAR",
        "time": "TIMESTAMPTZ",
        "record": "VARCHAR",
    }


def test_a_row_has_the_number_that_its_proof_has(decisions: Decisions) -> None:
    """If it failed, whoever finds a decision by a query could not have it proved."""
    found = ask(
        decisions, "SELECT row, record->>'n' AS n, logged_row FROM decisions WHERE log = 'log-1'"
    )
    assert [(each["row"], each["n"], each["logged_row"]) for each in found] == [
        (n, str(n), "x") for n in range(9)
    ]


def test_a_column_that_a_log_lacks_is_null_there(decisions: Decisions) -> None:
    """If it failed, logs of different columns could not be asked together."""
    (found,) = ask(decisions, "SELECT time, more, n, ok FROM decisions WHERE log = 'log-2'")
    assert found == {"time": None, "more": "=1+1", "n": 0.5, "ok": "perhaps"}


def test_one_model_s_logs_are_opened_alone(emil: Person) -> None:
    """If it failed, `--model` would answer with other models' decisions."""
    with every_decision(emil.book, choose=lambda row: row.model == OTHER_MODEL) as opened:
        assert ask(opened, "SELECT count(*) AS n FROM decisions") == [{"n": 1}]
    with pytest.raises(InvalidInput), every_decision(emil.book, choose=lambda row: not row.log):
        pass


def test_a_log_that_was_changed_answers_nothing(emil: Person, tmp_path: Path) -> None:
    """If it failed, a query would count what somebody wrote into a sealed log afterwards."""
    changed = copy(World(emil.book.home.folder.parent, emil.book.clock), tmp_path).person("emil")
    path = next(p for p in changed.book.home.evidence.files() if p.suffix == ".parquet")
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)

    def opening() -> None:
        with every_decision(changed.book):
            pass

    assert "not what was sealed" in raising(CheckFailed, opening)


# What may be asked


@pytest.mark.parametrize(
    "query",
    [
        "FROM decisions",
        "select log from decisions -- with a comment",
        "SELECT /* one */ 1;",
        "WITH each AS (SELECT model, n FROM decisions) SELECT model, avg(n) FROM each GROUP BY 1",
        "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5) FROM t",
        "SELECT a.log FROM decisions a JOIN decisions b USING (log, row)",
        "SELECT row_number() OVER (PARTITION BY model ORDER BY time) FROM decisions",
        "SELECT quantile_cont(n, 0.9), stddev(n), approx_count_distinct(model) FROM decisions",
        "SELECT date_trunc('day', time), count(*) FILTER (WHERE n > 2) FROM decisions GROUP BY ALL",
        "SELECT time AT TIME ZONE 'Europe/Berlin', strftime(time, '%H') FROM decisions",
        "SELECT json_extract_string(record, '$.n'), record->>'$.time' FROM decisions",
        "SELECT * EXCLUDE (record) FROM decisions WHERE ok ILIKE 'true' LIMIT 3",
        "SELECT list_transform([1, 2], lambda x: x + 1), {'a': 1}, [1, 2][1]",
        "SELECT unnest(range(3)) AS n",
        "SELECT * FROM range(3) t(i), (VALUES (1), (2)) v(j)",
        "SELECT model, n FROM decisions UNION ALL SELECT 'none', 0 ORDER BY 1",
        "DESCRIBE decisions",
        "SUMMARIZE decisions",
        "SELECT * FROM (PIVOT decisions ON model IN ('credit-scorer') USING count(*))",
        "SELECT * FROM decisions USING SAMPLE 3",
        "SELECT current_date, now() > timestamptz '2020-01-01 00:00:00Z', coalesce(NULL, 1)",
        "SELECT 1 AS drop_table, 'read_csv(''/x'')' AS attach",
    ],
)
def test_ordinary_questions_are_answered(decisions: Decisions, query: str) -> None:
    """If it failed, the rules would keep analysts from their work."""
    assert ask(decisions, query) is not None


ESCAPES = [
    # files, by every reader
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_json_auto('{file}')",
    "SELECT * FROM read_json_objects('{file}')",
    "SELECT * FROM read_ndjson('{file}')",
    "SELECT * FROM read_ndjson_objects('{file}')",
    "SELECT * FROM read_parquet('{parquet}')",
    "SELECT * FROM parquet_scan('{parquet}')",
    "SELECT * FROM parquet_metadata('{parquet}')",
    "SELECT * FROM parquet_schema('{parquet}')",
    "SELECT * FROM parquet_kv_metadata('{parquet}')",
    "SELECT * FROM parquet_bloom_probe('{parquet}', 'x', 1)",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM '{folder}/*.csv'",
    "FROM '{file}'",
    "DESCRIBE '{file}'",
    "SUMMARIZE '{file}'",
    "SELECT (SELECT count(*) FROM '{file}')",
    "SELECT * FROM decisions WHERE EXISTS (FROM '{file}')",
    "SELECT * FROM decisions, LATERAL (FROM '{file}')",
    "WITH x AS (FROM '{file}') SELECT * FROM x",
    'WITH "{file}" AS (SELECT 1) SELECT * FROM "{file}"',
    'SELECT * FROM (WITH "{file}" AS (SELECT 1) SELECT 1), "{file}"',
    "SELECT * FROM decisions UNION ALL SELECT * FROM '{file}'",
    "SELECT * FROM (PIVOT '{file}' ON a IN (1) USING count(*))",
    "SELECT * FROM 'https://example.org/x.csv'",
    "SELECT * FROM read_csv('https://example.org/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    # writing
    "COPY decisions TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet'",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "COPY decisions FROM '{file}'",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW decisions AS SELECT 1",
    "CREATE TEMP TABLE t (a INT)",
    "CREATE MACRO m() AS 1",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO decisions VALUES (1)",
    "UPDATE decisions SET n = 1",
    "DELETE FROM decisions",
    "TRUNCATE decisions",
    "DROP VIEW decisions",
    "ALTER VIEW decisions RENAME TO d",
    "WITH x AS (SELECT 1) INSERT INTO decisions SELECT * FROM x",
    "MERGE INTO decisions USING (SELECT 1 AS a) s ON a = n WHEN MATCHED THEN DELETE",
    # other databases, extensions
    "ATTACH '{folder}/other.duckdb'",
    "ATTACH '{folder}/other.duckdb' AS o (READ_ONLY)",
    "DETACH memory",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/x.duckdb_extension'",
    "UPDATE EXTENSIONS",
    "CHECKPOINT",
    "VACUUM",
    # settings and the session
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET GLOBAL memory_limit = '99GB'",
    "RESET memory_limit",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SET VARIABLE x = 1",
    "SELECT getvariable('x')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('allowed_paths')",
    "SELECT main.current_setting('temp_directory')",
    "SELECT current_user, current_setting('home_directory')",
    "SELECT current_database()",
    "SELECT version()",
    "SELECT pg_get_viewdef(1)",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_tables",
    "SELECT * FROM duckdb_logs",
    "SELECT * FROM duckdb_databases()",
    "SELECT * FROM duckdb_extensions()",
    "SELECT * FROM duckdb_temporary_files()",
    "SELECT * FROM pragma_database_list()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_views",
    "SELECT * FROM sqlite_master",
    "WITH sqlite_master AS (SELECT 1) SELECT * FROM (SELECT 1), sqlite_master",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "SHOW DATABASES",
    "SELECT * FROM (SHOW ALL TABLES)",
    # a query inside a query
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('decisions')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "PRAGMA json_execute_serialized_sql('x')",
    "SELECT json_serialize_plan('SELECT 1')",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "BEGIN TRANSACTION",
    "COMMIT",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE COPY decisions TO '{folder}/out.csv'",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY decisions TO '{folder}/out.csv'",
    "/* x */ SELECT 1 /* ; */ ; DROP VIEW decisions",
    "SELECT * FROM decisions WHERE n = $1",
    "SELECT * FROM decisions WHERE n = ?",
    # functions that wait, log, or are none
    "SELECT sleep_ms(10000)",
    "SELECT pg_sleep(10)",
    "SELECT write_log('x')",
    "SELECT nextval('s')",
    "SELECT setseed(0.5)",
    "SELECT no_such_function(1)",
    "SELECT other.main.lower('X')",
    "SELECT * FROM repeat_row(1, num_rows := 3)",
    "SELECT * FROM checkpoint()",
    "SELECT * FROM enable_logging()",
    "SELECT * FROM test_all_types()",
    # not SQL
    "",
    ";",
    "-- nothing",
    "SELEC 1",
    "SELECT \x00 1",
    "SELECT " + "abs(" * 5_000 + "1" + ")" * 5_000,
    "SELECT no_such_column FROM decisions",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with files that no query may read."""
    place = tmp_path_factory.mktemp("outside")
    (place / "secret.csv").write_text(f"a\n{SECRET}\n")
    pq.write_table(pa.table({"a": [SECRET]}), place / "secret.parquet")
    return place


@pytest.mark.parametrize("escape", ESCAPES, ids=range(len(ESCAPES)))
def test_nothing_else_can_be_read_or_done(decisions: Decisions, folder: Path, escape: str) -> None:
    """If it failed, a query over decisions would read or change something else."""
    query = escape.replace("{file}", str(folder / "secret.csv"))
    query = query.replace("{parquet}", str(folder / "secret.parquet")).replace(
        "{folder}", str(folder)
    )
    before = sorted(folder.iterdir())
    with pytest.raises(InvalidInput) as caught:
        ask(decisions, query)
    assert caught.value.message.startswith("This query cannot be run: ")
    assert len(caught.value.message) < 700
    assert caught.value.hint
    assert SECRET not in caught.value.message
    assert sorted(folder.iterdir()) == before
    assert ask(decisions, "SELECT count(*) AS n FROM decisions") == [{"n": 10}]


READING = [escape for escape in ESCAPES[:34] if "example.org" not in escape]
LOCKED = [
    *READING,
    *ESCAPES[34:39],
    *("SET enable_external_access = true", "SET lock_configuration = false", "RESET memory_limit"),
    *("ATTACH '{folder}/other.duckdb'", "LOAD httpfs", "INSTALL httpfs"),
]


@pytest.mark.parametrize("escape", LOCKED, ids=range(len(LOCKED)))
def test_the_engine_refuses_by_itself(folder: Path, escape: str) -> None:
    """If it failed, one gap in the rules for queries would be enough to read any file."""
    query = escape.replace("{file}", str(folder / "secret.csv"))
    query = query.replace("{parquet}", str(folder / "secret.parquet")).replace(
        "{folder}", str(folder)
    )
    before = sorted(folder.iterdir())
    with locked_engine([]) as engine:
        engine.execute("CREATE VIEW decisions AS SELECT 1 AS n")
        try:
            found = engine.execute(query).fetchall()
        except duckdb.Error:
            found = []
    assert SECRET not in str(found)
    assert sorted(folder.iterdir()) == before


WORDS = ["SELECT", "FROM", "decisions", "(", ")", ",", "*", "'x.csv'", "read_csv", "WITH", "AS"]
WORDS += [";", "UNION", "1", "=", "WHERE", "COPY", "TO"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "SELECT",
                "FROM",
                "decisions",
                "(",
                ")",
                ",",
                "*",
                "'x.csv'",
                "read_csv",
                "WITH",
                "AS",
                ";",
                "UNION",
                "1",
                "=",
                "WHERE",
                "COPY",
                "TO",
            ]
        )
        | st.text(max_size=6),
        max_size=14,
    )
)
def test_any_text_is_answered_or_refused(decisions: Decisions, words: list[str]) -> None:
    """If it failed, some text would end in a traceback."""
    with suppress(QuaestorError):
        ask(decisions, " ".join(words))


# Bounds


SLOW = {
    "a join": "SELECT count(*) FROM range(1000000000) a, range(1000000) b",
    "one call of one function": "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
    "an answer without an end": (
        "WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT * FROM t"
    ),
}


@pytest.mark.parametrize("query", SLOW.values(), ids=SLOW)
def test_a_query_that_takes_too_long_is_stopped(decisions: Decisions, query: str) -> None:
    """If it failed, one slip would hold a machine for hours, or fill its disk."""
    started = time.monotonic()
    said = raising(InvalidInput, lambda: ask_apart(decisions, query, 0.3))
    assert "took longer than 0.3 seconds" in said
    assert time.monotonic() - started < 90  # it would take days


GREEDY = {
    "what DuckDB counts": "SELECT list(repeat('x', 1000000) || i) FROM range(100000) t(i)",
    "what it does not count": "SELECT len(range(2000000000))",
    "what is nested": "SELECT json_structure(repeat('[', 500000) || repeat(']', 500000))",
}


@pytest.mark.parametrize("query", GREEDY.values(), ids=GREEDY)
def test_a_query_that_needs_too_much_memory_is_refused(decisions: Decisions, query: str) -> None:
    """If it failed, a query could drive other work off the machine, or end the console."""
    assert "memory" in raising(InvalidInput, lambda: ask_apart(decisions, query))


def test_another_process_answers_as_this_one_does(decisions: Decisions) -> None:
    """If it failed, values or columns would be lost on the way between the processes."""
    many = (
        f"{VALUES}, 'b'::ENUM('a', 'b') AS e, MAP {{'a': 1}} AS m, row FROM decisions, range(500)"
    )
    for query in (many, "SELECT model FROM decisions WHERE false"):
        assert ask_apart(decisions, query) == ask(decisions, query)
    unknown = "SELECT make_type('INTEGER')"
    said = raising(InvalidInput, lambda: ask_apart(decisions, unknown))
    assert said == raising(InvalidInput, lambda: ask(decisions, unknown))


def test_the_process_that_answers_writes_no_file(tmp_path: Path) -> None:
    """If it failed, only DuckDB's own word would keep a query from writing."""
    path = tmp_path / "written"
    code = (
        f"from ledger.logs.asking import _bound as b; b(); open({str(path)!r}, 'xb', 0).write(b'x')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert "File too large" in done.stderr
    assert path.read_bytes() == b""


INTERRUPTED = """
import signal
import sys
from ledger.logs import asking
from ledger.logs.asking import Question, asked_apart

def listening(apart, listen=asking._Apart.next):
    print("listening", flush=True)
    return listen(apart)

asking._Apart.next = listening
signal.signal(signal.SIGINT, signal.default_int_handler)
query = "SELECT count(*) FROM range(1000000000) a, range(1000000) b"
try:
    with asked_apart(Question((), "CREATE VIEW decisions AS SELECT 1 AS n", query)):
        pass
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("ended", [signal.SIGINT, signal.SIGKILL])
def test_a_query_ends_with_whoever_asks(ended: signal.Signals) -> None:
    """If it failed, Ctrl-C would not stop a query, or one would go on when nobody waits for it."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"listening\n"
    child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    time.sleep(0.3)  # in most runs it is in the midst of it then; it must end at any moment
    os.kill(process.pid, ended)
    _, said = process.communicate(timeout=90)
    assert (process.returncode, said) == (130 if ended == signal.SIGINT else -ended, b"")
    until = time.monotonic() + 60
    while Path(f"/proc/{child[0]}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{child[0]}").exists()


# How an answer is written

VALUES = """
SELECT 1::HUGEINT AS big, 1.50::DECIMAL(10,2) AS price, timestamptz '2026-11-19 10:00:00Z' AS at,
    date '2026-11-19' AS day, [1, 2] AS l, {'a': 'ü'} AS s, 'nan'::DOUBLE AS nan, NULL AS none,
    'x'::BLOB AS b, TRUE AS yes, 1 AS twice, 2 AS twice, 99999999999999999999::HUGEINT AS huge
"""


def test_values_keep_their_meaning(decisions: Decisions) -> None:
    """If it failed, an answer would round money, or lose a column of the same name."""
    assert ask(decisions, VALUES) == [
        {
            "big": 1,
            "price": "1.50",
            "at": "2026-11-19T10:00:00.000000Z",
            "day": "2026-11-19",
            "l": [1, 2],
            "s": {"a": "ü"},
            "nan": None,
            "none": None,
            "b": "78",
            "yes": True,
            "twice": 1,
            "twice_2": 2,
            "huge": "99999999999999999999",
        }
    ]
    assert plain(Decimal("0.10")) == "0.10"
    assert plain(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize("rows", [0, 1, 25_000])
def test_an_answer_is_the_same_in_every_form(
    decisions: Decisions, tmp_path: Path, rows: int
) -> None:
    """If it failed, what a query finds would depend on how it is written down."""
    query = f"SELECT i AS n, 'a \"' || i || ',' AS text FROM range({rows}) t(i)"  # noqa: S608 - a number
    expected = [{"n": n, "text": f'a "{n},'} for n in range(rows)]
    for ending in ("parquet", "csv", "json"):
        with answered(decisions, query) as answer:
            assert write_file(answer, tmp_path / f"x.{ending}") == rows
    assert orjson.loads((tmp_path / "x.json").read_bytes()) == expected
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == expected
    with (tmp_path / "x.csv").open(newline="") as file:
        found = [{"n": int(row["n"]), "text": row["text"]} for row in csv.DictReader(file)]
    assert found == expected
    assert len(list(tmp_path.iterdir())) == 3


def test_an_answer_is_written_whole_or_not_at_all(decisions: Decisions, tmp_path: Path) -> None:
    """If it failed, a file from an earlier query would be lost to one that failed."""
    path = tmp_path / "x.json"
    path.write_text("before")

    def failing() -> None:
        query = "SELECT CASE WHEN i = 60000 THEN error('no') ELSE i END FROM range(90000) t(i)"
        with answered(decisions, query) as answer:
            write_file(answer, path)

    raising(InvalidInput, failing)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_no_more_rows_are_read_than_are_asked_for(decisions: Decisions) -> None:
    """If it failed, a table on a screen would wait for millions of rows."""
    for write in (write_csv, write_json):
        with answered(decisions, "SELECT i FROM range(100000) t(i)") as answer:
            assert write(answer.first(7), io.BytesIO()) == 7


def test_the_rules_need_no_view() -> None:
    """If it failed, what a query may say would depend on what was imported."""
    with locked_engine([]) as engine:
        require_permitted(engine, "SELECT 1 FROM decisions")
        raising(InvalidInput, lambda: require_permitted(engine, "SELECT 1 FROM other"))
