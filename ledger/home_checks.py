"""The files of a home held against its replayed record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.book import Book
from ledger.errors import QuaestorError
from ledger.evidence import digest_file
from ledger.home import Home
from ledger.logs.bundle_checks import bundle_problems
from ledger.logs.checking import SealFacts, check_sealed
from ledger.logs.mapping import ColumnMap
from ledger.publishing import count_stops, modes_of
from ledger.registers.audits import AuditRow
from ledger.registers.datasets import ContentsRow
from ledger.registers.erasures import ErasureRow
from ledger.registers.evaluations import EvaluationRow
from ledger.registers.house import LedgerRow
from ledger.registers.incidents import IncidentRow
from ledger.registers.logs import LogRow
from ledger.registers.policies import PolicyRow
from ledger.registers.reports import ReportRow
from ledger.registers.rows import R
from ledger.spool import SpooledOrder, recorded_as, spooled_orders
from ledger.store.base import Head
from ledger.switchboard import Board, read
from ledger.vault import Vault
from ledger.verify import Problem, Replayed


@dataclass(frozen=True)
class Published:
    """What in a home changes while others work, copied out while nobody could append.

    `stops` were in the spool before the switchboard was read, `late` only afterwards.
    """

    head: Head | None
    board: Board | QuaestorError
    stops: Sequence[SpooledOrder]
    late: Sequence[SpooledOrder]
    vault_keys: frozenset[str]

    @classmethod
    def of(cls, home: Home) -> Published:
        """Read head, spool, switchboard and the names of the vault's keys."""
        stops = spooled_orders(home)
        board: Board | QuaestorError
        try:
            board = read(home.switchboard)
        except QuaestorError as error:
            board = error
        seen = {spooled.order.order_id for spooled in stops}
        late = [each for each in spooled_orders(home) if each.order.order_id not in seen]
        keys = frozenset(path.stem for path in home.vault.glob("*.key"))
        return cls(home.read_head(), board, stops, late, keys)


def check_files(book: Book, head: Head, published: Published, found: Replayed) -> list[Problem]:
    """The cached head, and the copies of reports issued since."""
    problems = []
    cached = published.head
    if cached is not None and cached.size > head.size:
        problems.append(
            Problem(
                "head",
                head.size,
                "",
                f"The head has seen {cached.size} entries, the ledger has {head.size}.",
            )
        )
    elif cached is not None and cached.size == head.size and cached != head:
        problems.append(Problem("head", None, "", "The head is not that of the ledger."))
    for row in _since(found, ReportRow):
        path = book.home.reports / f"{row.report}.pdf"
        try:
            same = not path.exists() or digest_file(path) == row.sha256
        except IsADirectoryError:
            same = False
        if not same:
            problems.append(
                Problem("report", row.seq, f"report/{row.report}", "The PDF is not the one issued.")
            )
    return problems


def check_evidence(
    book: Book, found: Replayed, logs: Sequence[LogRow], checked: dict[str, int]
) -> list[Problem]:
    """What new entries name by digest: sealed `logs` row by row, all else by its bytes."""
    problems = []
    evidence = book.home.evidence
    for log in logs:
        subject = f"log/{log.log}"
        try:
            column_map = ColumnMap.model_validate_json(evidence.read(log.column_map, "json"))
        except (QuaestorError, ValueError) as error:
            problems.append(Problem("evidence", log.seq, subject, f"The column map: {error}"))
            continue
        facts = SealFacts(log.file, log.rows, log.root, log.column_map)
        problems += [
            Problem("sealed_log", log.seq, subject, message)
            for message in check_sealed(evidence.path(log.file, "parquet"), facts, column_map)
        ]
        if log.bundle:
            problems += [
                Problem("sealed_log", log.seq, subject, message)
                for message in bundle_problems(found.rows, log, evidence.read)
            ]
    named = [
        *((log.seq, f"log/{log.log}", log.quarantine, "jsonl") for log in logs if log.quarantine),
        *((a.seq, f"audit/{a.audit}", a.result, "json") for a in _since(found, AuditRow)),
        *((a.seq, f"audit/{a.audit}", a.thresholds, "json") for a in _since(found, AuditRow)),
        *(
            (d.seq, f"dataset/{d.dataset}", d.profile, "json")
            for d in _since(found, ContentsRow)
            if d.profile
        ),
        *(
            (e.seq, f"evaluation/{e.evaluation}", digest, ext)
            for e in _since(found, EvaluationRow)
            for digest, ext in ((e.result, "json"), (e.cases, "jsonl"), (e.thresholds, "json"))
        ),
        *((p.seq, f"policy/{p.policy}", p.content, "json") for p in _since(found, PolicyRow)),
        *(
            (i.seq, f"incident/{i.incident}", i.playbook, "json")
            for i in _since(found, IncidentRow)
        ),
    ]
    for seq, subject, digest, ext in named:
        try:
            evidence.read(digest, ext)
        except (QuaestorError, OSError) as error:
            problems.append(Problem("evidence", seq, subject, str(error)))
    checked["sealed_logs"] = len(logs)
    checked["sealed_rows"] = sum(log.rows for log in logs)
    checked["evidence_files"] = len({digest for _, _, digest, _ in named})
    return problems


def check_vault(
    book: Book, published: Published, found: Replayed, checked: dict[str, int]
) -> list[Problem]:
    """Every vault key that entries use is there, unless it was erased; then it is not.

    Those that new entries use are whole, too.
    """
    erased = {row.key_id: row for row in found.rows.where(ErasureRow)}
    used = dict(found.vault_keys)
    for log in found.rows.where(LogRow):
        if log.quarantine_key:
            used.setdefault(log.quarantine_key, log.seq)
    problems = []
    for key_id, seq in used.items():
        there = key_id in published.vault_keys
        if key_id in erased and there:
            problems.append(
                Problem("vault", erased[key_id].seq, "", "A key that was erased still exists.")
            )
        elif key_id not in erased and not there:
            problems.append(
                Problem("vault", seq, "", f"The vault key {key_id} is gone without an erasure.")
            )
        elif there and seq >= found.since and not _whole(book, key_id):
            problems.append(
                Problem("vault", seq, "", f"The vault key {key_id} is not the one that was made.")
            )
    checked["vault_keys"] = len(used)
    return problems


def _since(found: Replayed, table: type[R]) -> list[R]:
    """The rows that the replayed entries wrote."""
    return [row for row in found.rows.where(table) if row.seq >= found.since]


def _whole(book: Book, key_id: str) -> bool:
    """Whether a vault key is the one that was made, or is just being destroyed."""
    vault = Vault(book.home.vault, "")
    if vault.whole(key_id):
        return True
    with book.store.still():  # nobody is destroying one now
        return vault.whole(key_id) or not vault.has(key_id)


def check_switchboard(published: Published, found: Replayed) -> list[Problem]:
    """What applications read is the ledger's state and the spooled stops.

    A stop that somebody is giving just now may be on the switchboard or not yet.
    """
    board = published.board
    if isinstance(board, QuaestorError):
        return [Problem("switchboard", None, "", board.message)]
    if board.ledger not in {row.ledger_id for row in found.rows.where(LedgerRow)}:
        return [Problem("switchboard", None, "", "The switchboard is another ledger's.")]
    waiting = [stop for stop in published.stops if recorded_as(found.rows, stop) is None]
    given = [stop for stop in waiting if not stop.published_at]
    must = count_stops(modes_of(found.rows), [stop for stop in waiting if stop.published_at])
    may = count_stops(must, [*given, *published.late])
    return [
        Problem(
            "switchboard",
            None,
            f"model/{model}",
            f"The switchboard says {board.switches.get(model)}, the ledger {must.get(model)}.",
        )
        for model in sorted(may.keys() | board.switches.keys())
        if board.switches.get(model) not in {must.get(model), may.get(model)}
    ]
