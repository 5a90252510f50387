"""A ledger in PostgreSQL: many writers, lost connections, a table owner with bad intentions."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest
from sqlalchemy.engine import make_url

from ledger.book import Book
from ledger.checkpoint import Checkpoint
from ledger.entry import Draft
from ledger.errors import Altered, InvalidInput, StoreUnavailable
from ledger.home import Home, without_password
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchRow
from ledger.store.hand import Answer, Statement
from ledger.store.pipeline import PipelineHand
from ledger.store.postgres import PostgresStore
from ledger.switchboard import read
from ledger.switching import kill
from ledger.verification import verify
from ledger.vouching import hold_against_seat, look
from tests.ledger.stopping import board, order, spool
from tests.ledger.test_crash import sound, told, versions
from tests.people import FOUNDER, MODEL, World, raising, seqs_of, size_of, version_draft
from tests.postgres import Database, PostgresWorld, Server
from tests.workers import Workers

WRITERS = {"emil": "e", "rosa": "r", "mona": "m", "ada": "a"}
TIMES = 25
TRIES = 60
KILLS = 8


def until(said: str, database: Database, statement: str) -> None:
    """Wait until the database answers something."""
    end = monotonic() + 60
    while not database.sql(statement):
        assert monotonic() < end, said
        sleep(0.01)


def is_dense(world: World) -> bool:
    """Whether every seq is there, once."""
    return seqs_of(world.stranger()) == list(range(size_of(world.stranger())))


# Many at once


def test_appends_of_many_processes_are_serialized(remote: PostgresWorld, workers: Workers) -> None:
    """If it fails, machines that append at once fork the chain, lose entries or end in errors.

    Four processes append, one reads, one verifies.
    """
    world = remote.world
    before = size_of(world.stranger())
    writers = [
        workers.start("append_many", world, actor, tag, str(TIMES))
        for actor, tag in WRITERS.items()
    ]
    reader = workers.start("read_many", world, "ann", "30")
    verifier = workers.start("verify_many", world, "cora", "6")
    for job in (*writers, reader, verifier):
        workers.wait(job)
    acknowledged = [seq for job in writers for seq in told(job).values()]
    assert sorted(acknowledged) == list(range(before, before + TIMES * len(WRITERS)))
    assert reader.lines == ["0"]
    assert verifier.lines == ["unconfirmed []", *["verified []"] * 5]
    assert is_dense(world)
    assert sound(world, "emil") == []


def test_two_people_stop_two_models_at_once(remote: PostgresWorld, workers: Workers) -> None:
    """If it fails, one kill undoes another, or a verification beside them cries wolf."""
    world = remote.world
    verifier = workers.start("verify_many", world, "ann", "8")
    jobs = [
        workers.start("stop", world, "cora", MODEL),
        workers.start("stop", world, "rosa", "fraud-screen"),
    ]
    for job in (*jobs, verifier):
        workers.wait(job)
    assert verifier.lines == ["unconfirmed []", *["verified []"] * 7]
    assert [job.lines[0].split(" ")[0] for job in jobs] == ["on", "on"]
    assert set(board(world).values()) == {"off"}


def test_changes_are_announced_to_other_processes(remote: PostgresWorld, workers: Workers) -> None:
    """If it fails, a screen does not learn what somebody entered on another machine."""
    world = remote.world
    before = size_of(world.stranger())
    store = PostgresStore(remote.database.url)
    changes = store.changes(lambda: False)
    assert next(changes) == before
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(next, changes)
        workers.wait(workers.start("append_many", world, "emil", "n", "1"))
        assert heard.result(timeout=90) == before + 1
        changes.close()
    assert list(store.changes(lambda: True)) == [before + 1]


def test_a_long_wait_is_explained(remote: PostgresWorld) -> None:
    """If it fails, somebody who waits for another machine waits for ever, or learns nothing."""
    world = remote.world
    with world.stranger().store.write():
        hasty = world.person("emil", patience=0.2)
        assert "held for 0.2 s" in raising(StoreUnavailable, lambda: hasty.note("1.1"))
        assert size_of(world.stranger()) == 10
    assert world.person("emil").note("1.1").head.size == 11


def test_an_append_takes_two_round_trips(
    remote: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, every writer waits longer for every other, the longer the further away."""
    emil = remote.world.person("emil")
    emil.note("1.1")
    sent: list[int] = []
    real = PipelineHand._send

    def counted(hand: PipelineHand, statements: Sequence[Statement]) -> list[Answer]:
        sent.append(len(statements))
        return real(hand, statements)

    monkeypatch.setattr(PipelineHand, "_send", counted)
    emil.note("1.2")
    assert len(sent) == 2, sent
    assert versions(remote.world.stranger()).keys() >= {"1.1", "1.2"}


def test_a_writer_that_was_overtaken_reads_the_tiles_that_grew_meanwhile(
    remote: PostgresWorld,
) -> None:
    """If it fails, who appends after others filled a tile writes over hashes, or forks the tree."""
    emil, rosa = remote.world.person("emil"), remote.world.person("rosa")
    emil.note("1.1")
    before = size_of(remote.world.stranger())
    rosa.append(*(version_draft(f"2.{number}") for number in range(260 - before)))
    assert emil.note("1.2").head.size == 261
    assert sound(remote.world, "emil") == []


def test_an_anchor_that_moved_while_one_waited_counts(remote: PostgresWorld) -> None:
    """If it fails, an append follows on from a ledger that was cut back while it waited."""
    emil = remote.world.person("emil")
    head = emil.note("1.1").head
    book, seat = emil.book, remote.world.seat("emil")
    before = look(seat, book.place)
    ahead = Checkpoint(book.facts.origin, head.size + 1, bytes(32))
    seat.advance(book.facts.ledger_id, ahead, by="emil", time=book.now())
    with book.read() as snapshot, pytest.raises(Altered):
        hold_against_seat(seat, book.place, snapshot, before)


# Lost connections


def test_a_connection_lost_while_it_lay_idle_is_replaced(remote: PostgresWorld) -> None:
    """If it fails, whoever keeps a console open must say everything twice after a night."""
    emil = remote.world.person("emil")
    emil.note("1.1")
    assert remote.database.cut_connections()
    assert emil.note("1.2").head.size == 12
    assert sound(remote.world, "emil") == []


@pytest.mark.parametrize("moment", ["checking", "posting"])
def test_a_connection_lost_before_the_commit_records_nothing(
    remote: PostgresWorld, moment: str
) -> None:
    """If it fails, half an append stays behind, or what was refused is recorded after all."""
    emil = remote.world.person("emil")
    if moment == "posting":  # the insertion itself waits until it is cut
        remote.database.sql(WAIT_AT.format("IMMEDIATE"))

    def making(rows: Rows) -> list[Draft]:
        del rows
        if moment == "checking":
            assert remote.database.cut_connections()
        return [version_draft("1.1")]

    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(emil.book.append, emil.signer, making)
        if moment == "posting":
            cut_when(remote.database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        raising(StoreUnavailable, lambda: appending.result(timeout=90))
    remote.database.sql("DROP TRIGGER IF EXISTS waiting ON entry")
    assert "1.1" not in versions(remote.world.stranger())
    assert emil.note("1.1").entries[0].seq == 10
    assert sound(remote.world, "emil") == []


WAIT_AT = """
CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(120); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER waiting AFTER INSERT ON entry
    DEFERRABLE INITIALLY {} FOR EACH ROW EXECUTE FUNCTION wait_here();
"""


def cut_when(database: Database, statement: str) -> None:
    """Cut every connection as soon as the database answers something."""
    until("the moment never came", database, statement)
    assert database.cut_connections()


def test_a_connection_lost_during_the_commit_records_nothing(remote: PostgresWorld) -> None:
    """If it fails, a commit that the database gave up is told to be an entry."""
    emil = remote.world.person("emil")
    remote.database.sql(WAIT_AT.format("DEFERRED"))
    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(emil.note, "1.1")
        cut_when(remote.database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        raising(StoreUnavailable, lambda: appending.result(timeout=90))
    remote.database.sql("DROP TRIGGER waiting ON entry")
    assert "1.1" not in versions(remote.world.stranger())
    assert sound(remote.world, "emil") == []


def test_a_connection_lost_after_the_commit_keeps_the_entry(
    server: Server, remote: PostgresWorld
) -> None:
    """If it fails, an entry that is recorded is reported as failed, and then entered twice.

    The commit waits for a standby that never comes: it is done here, and cut before it is told.
    """
    emil = remote.world.person("emil")
    with server.waiting_for_a_standby(remote.database), ThreadPoolExecutor(1) as pool:
        appending = pool.submit(emil.note, "1.1")
        cut_when(remote.database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        appended = appending.result(timeout=90)
    assert versions(remote.world.stranger())["1.1"] == appended.entries[0].seq == 10
    assert size_of(remote.world.stranger()) == 11
    found = verify(emil.book)
    assert (found.verdict, found.anchored and found.anchored.size) == ("verified", 11)


def test_a_database_that_cannot_be_asked_leaves_it_open_and_says_so(
    server: Server, remote: PostgresWorld
) -> None:
    """If it fails, somebody is told to try again what may be recorded already."""
    emil, database = remote.world.person("emil"), remote.database
    postgres = Database(server.folder, "postgres")
    database.sql(WAIT_AT.format("IMMEDIATE"))
    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(emil.note, "1.1")
        sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until("nothing was posted", database, sleeping)
        postgres.sql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        assert postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            database.name,
        )
        with pytest.raises(StoreUnavailable) as caught:
            appending.result(timeout=90)
    assert "while this was being recorded" in caught.value.message
    assert "ledger log" in caught.value.hint
    postgres.sql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    database.sql("DROP TRIGGER waiting ON entry")
    assert emil.note("1.1").entries[0].seq == 10


def test_connections_lost_at_random_apply_once_or_not_at_all(remote: PostgresWorld) -> None:
    """If it fails, a bad network makes entries twice, or loses what was acknowledged.

    A cut between two appends harms neither: it goes on until one was hit.
    """
    emil = remote.world.person("emil")
    random = Random(20261120)  # noqa: S311 - when to cut is no secret
    done: dict[str, int] = {}
    failed: list[int] = []
    end = monotonic() + 60

    def working() -> None:
        for number in count():
            if number >= TRIES and (failed or monotonic() > end):
                return
            try:
                done[f"c{number}"] = emil.note(f"c{number}").entries[0].seq
            except StoreUnavailable:
                failed.append(number)

    cut = 0
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(working)
        while not work.done():
            sleep(random.uniform(0.002, 0.05))
            cut += remote.database.cut_connections()
        work.result()
    recorded = versions(remote.world.stranger())
    assert cut
    assert failed
    assert {name: seq for name, seq in recorded.items() if name.startswith("c")} == done
    assert is_dense(remote.world)
    assert sound(remote.world, "emil") == []


def test_killed_clients_lose_nothing(remote: PostgresWorld, workers: Workers) -> None:
    """If it fails, a machine that loses power takes acknowledged entries with it, or the lock."""
    world = remote.world
    random = Random(20261120)  # noqa: S311 - when to kill is no secret
    acknowledged: dict[str, int] = {}
    for number in range(KILLS):
        job = workers.start("append_for_ever", world, ("emil", "rosa")[number % 2], f"k{number}")
        workers.wait(job, until=lambda job: bool(job.lines))
        sleep(random.uniform(0, 0.05))
        job.kill()
        workers.wait(job)
        acknowledged |= told(job)
    assert acknowledged.items() <= versions(world.stranger()).items()
    assert is_dense(world)
    assert sound(world) == []


def test_a_stop_whose_process_died_is_carried_out(remote: PostgresWorld, workers: Workers) -> None:
    """If it fails, a kill that died between order and switchboard stops nothing until an append."""
    world = remote.world
    workers.wait(workers.start("die_killing", world, "cora", "write_order"))
    assert board(world)[MODEL] == "on"
    size_of(world.stranger())
    assert board(world)[MODEL] == "off"
    world.person("emil").note("next")
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(SwitchRow, MODEL)
    assert row is not None
    assert (row.mode, row.actor) == ("off", "cora")
    assert sound(world) == []


# A table owner behind everybody's back


@pytest.mark.parametrize(
    ("statement", "check", "seq"),
    [
        (
            r"UPDATE entry SET data = overlay(data PLACING '\x5a' FROM 40) WHERE seq = 4",
            "signature",
            4,
        ),
        ("UPDATE entry SET actor = 'rosa' WHERE seq = 4", "columns", 4),
        ("UPDATE entry SET kind = 'model.carded' WHERE seq = 4", "columns", 4),
        ("DELETE FROM entry WHERE seq = 10", "bytes", 10),
        ("DELETE FROM entry WHERE seq = 4", "bytes", 4),
        ("UPDATE model SET owner = 'emil'", "registers", 9),
        ("DELETE FROM switch", "registers", 8),
        (r"UPDATE tile SET hashes = overlay(hashes PLACING '\x00' FROM 3)", "tree", 0),
        ("DELETE FROM tile", "tree", 0),
        (r"UPDATE head SET root = overlay(root PLACING '\x00' FROM 3)", "tree", None),
        ("UPDATE head SET size = 9", "tree", 9),
        ("UPDATE head SET size = 12", "bytes", 11),
        ("UPDATE head SET last = repeat('0', 64)", "tree", 10),
    ],
)
def test_a_table_owner_is_caught(
    remote: PostgresWorld, statement: str, check: str, seq: int | None
) -> None:
    """If it fails, whoever owns the database rewrites the record and nobody notices."""
    world = remote.world
    world.person("emil").note("1.1")
    ann = world.person("ann")
    assert verify(ann.book).problems == ()
    remote.database.sql(statement)
    found = verify(ann.book)
    assert found.verdict == "altered"
    assert (check, seq) in {(problem.check, problem.seq) for problem in found.problems}


TWO_FACES = "CREATE VIEW model AS SELECT * FROM real WHERE current_query() NOT LIKE '%mona%'"
DIVERTED = "CREATE RULE r AS ON INSERT TO entry DO ALSO DELETE FROM switch"


def test_what_is_no_table_of_ours_is_an_alteration(remote: PostgresWorld) -> None:
    """If it fails, the database says one thing to who verifies, and another to who asks."""
    ada = remote.world.person(FOUNDER)
    for made, undone in (
        (f"ALTER TABLE model RENAME TO real; {TWO_FACES}", None),
        ("DROP VIEW model; ALTER TABLE real RENAME TO model", "verified"),
        (DIVERTED, None),
        ("DROP RULE r ON entry", "verified"),
        ("ALTER TABLE tile ALTER COLUMN hashes DROP NOT NULL", None),
        ("ALTER TABLE tile ALTER COLUMN hashes SET NOT NULL", "verified"),
        ("ALTER TABLE actor ENABLE ROW LEVEL SECURITY", None),
    ):
        remote.database.sql(made)
        if undone:
            assert verify(ada.book).verdict == undone
        else:
            assert "not as the program made" in raising(Altered, lambda: verify(ada.book))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM head",
        "UPDATE head SET size = -1",
        "INSERT INTO head SELECT size - 1, root, last FROM head",
    ],
)
def test_a_head_that_is_not_one_is_an_alteration(remote: PostgresWorld, statement: str) -> None:
    """If it fails, removing the head is taken for a database that is down, for ever."""
    remote.database.sql(statement.replace("last FROM", "last, journal FROM"))
    emil = remote.world.person("emil")
    raising(Altered, lambda: verify(emil.book))
    raising(Altered, lambda: emil.note("1.1"))


def test_a_database_put_back_is_caught(server: Server, remote: PostgresWorld) -> None:
    """If it fails, restoring yesterday's dump hides what was entered since."""
    world = remote.world
    emil = world.person("emil")
    older = server.new(remote.database)
    emil.note("1.1")
    assert verify(world.person("ann").book).size == 11
    Home(world.home.folder, older.url).remember_store()
    found = verify(world.person("ann").book)
    assert (found.verdict, found.size) == ("altered", 10)
    assert {"anchor", "head"} <= {problem.check for problem in found.problems}


# What is wrong is said


@pytest.mark.parametrize(
    "wrong", [{"host": "/nowhere"}, {"host": "127.0.0.1", "port": "1"}, {"dbname": "absent"}]
)
def test_a_database_out_of_reach_does_not_keep_a_model_running(
    remote: PostgresWorld, wrong: dict[str, str]
) -> None:
    """If it fails, a model runs on because the database is down, or the stop is never recorded."""
    world = remote.world
    url = make_url(remote.database.url).update_query_dict(wrong).render_as_string()
    away = Book(Home(world.home.folder, url), patience=1)
    cora = world.person("cora")
    said = raising(StoreUnavailable, lambda: size_of(away))
    assert said.startswith("PostgreSQL cannot be used: ")
    report = kill(away, cora.signer, MODEL)
    assert report.recorded is None
    assert "PostgreSQL" in report.why_not_recorded
    assert read(world.home.switchboard).switches[MODEL] == "off"
    world.person("emil").note("next")
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(SwitchRow, MODEL)
    assert row is not None
    assert (row.mode, row.actor) == ("off", "cora")
    assert sound(world) == []


def test_a_database_without_a_ledger_is_explained(server: Server, remote: PostgresWorld) -> None:
    """If it fails, another database than the ledger's is written to."""
    world = remote.world
    empty = Book(Home(world.home.folder, server.new().url))
    assert "holds no ledger" in raising(StoreUnavailable, lambda: size_of(empty))
    emil = world.person("emil")
    raising(StoreUnavailable, lambda: empty.append(emil.signer, [version_draft("1.1")]))
    for job in (empty.recover, lambda: verify(empty)):
        assert "holds no ledger" in raising(StoreUnavailable, job)


def test_a_home_on_duckdb_is_not_taken_for_postgresql(world: World, server: Server) -> None:
    """If it fails, QUAESTOR_STORE set for one home starts a second history in another."""
    book = Book(Home(world.home.folder, server.new().url))
    assert "kept in DuckDB" in raising(InvalidInput, lambda: size_of(book))
    cora = world.person("cora")
    assert "kept in DuckDB" in kill(book, cora.signer, MODEL).why_not_recorded
    assert board(world)[MODEL] == "off"


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql+psycopg://ada:s3cret@db:5432/q", "postgresql+psycopg://ada@db:5432/q"),
        ("postgresql+psycopg://ada:s%2F3%40@db/q?password=x", "postgresql+psycopg://ada@db/q"),
        ("postgresql+psycopg://db/q?sslmode=require", "postgresql+psycopg://db/q?sslmode=require"),
    ],
)
def test_a_password_is_never_written_down(tmp_path: Path, url: str, bare: str) -> None:
    """If it fails, everybody who can read the home can write to the database as its owner."""
    home = Home(tmp_path, url)
    home.remember_store()
    assert (tmp_path / "store").read_text() == f"{bare}\n"
    assert Home(tmp_path).store_url == bare
    assert home.store_url == url
    for wrong in ("no url: s3cret@", "postgresql+psycopg://ada:s3cret@db:port/q"):
        assert "URL" in raising(InvalidInput, lambda: without_password(wrong))  # noqa: B023
        assert "s3cret" not in raising(InvalidInput, PostgresStore(wrong).exists)


def test_a_forged_order_in_the_spool_is_set_aside(remote: PostgresWorld) -> None:
    """If it fails, a file in the spool stops a model for good that nobody stopped."""
    world = remote.world
    emil = world.person("emil")
    spool(world, emil.signer, order(world, "cora"))
    size_of(world.stranger())
    assert board(world)[MODEL] == "off"
    emil.note("1.1")
    assert board(world)[MODEL] == "on"
    assert sound(world) == []
