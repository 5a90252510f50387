"""What an import keeps beside its records, held against the record: keys of pseudonyms and persons.

And what retention took away: the files of dropped logs must be gone, those of others there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ledger.book import Book
from ledger.errors import QuaestorError
from ledger.logs.safekeeping import LIST
from ledger.registers.erasures import ErasureRow
from ledger.registers.logs import LogRow
from ledger.registers.retention import DroppedRow, dropped_files, files_of
from ledger.registers.rows import Rows
from ledger.subjects import SubjectKeys
from ledger.verify import Problem, Replayed


def brought_back(book: Book, rows: Rows) -> list[Problem]:
    """What was destroyed and exists again, before recovery destroys it once more.

    A key or file is destroyed before its entry is posted, so that one that exists came back. In
    PostgreSQL it is destroyed after that; what exists there may be a crash's, and is not reported.
    """
    if book.journal is None:
        return []
    erased = rows.where(ErasureRow)
    dropped = dict.fromkeys(dropped_files(rows))
    seqs = {row.log: row.seq for row in rows.where(DroppedRow)}
    keys = {key.key_id.hex() for key in SubjectKeys(book.home.vault).all()} if erased else set()
    keys |= {path.stem for path in book.home.vault.glob("*.key")}
    problems = [
        Problem(
            "vault", row.seq, row.subject, f"The key {row.key_id}, which was erased, came back."
        )
        for row in erased
        if row.key_id in keys
    ]
    logs = [log for log in rows.where(LogRow) if log.log in seqs] if seqs else []
    whose = {name: log.log for log in logs for name in files_of(log)}
    return problems + [
        Problem(
            "retention", seqs[whose[name]], f"log/{whose[name]}", f"{name}, dropped, came back."
        )
        for name in dropped
        if (book.home.evidence.folder / name).exists()
    ]


def kept_logs(found: Replayed) -> list[LogRow]:
    """The logs that the replayed entries wrote and did not drop."""
    gone = {row.log for row in found.rows.where(DroppedRow)}
    logs = found.rows.where(LogRow)
    return [log for log in logs if log.seq >= found.since and log.log not in gone]


def not_dropped_since(
    book: Book, found: Replayed, logs: Sequence[LogRow], problems: Sequence[Problem]
) -> list[Problem]:
    """Problems of these logs, but for those that an entry after the replayed ones dropped."""
    subjects = {f"log/{log.log}" for log in logs}
    if all(problem.subject not in subjects for problem in problems):
        return list(problems)
    dropped = {f"log/{row.log}" for row in _later(book, found, DroppedRow)}
    return [problem for problem in problems if problem.subject not in dropped]


def check_subjects(
    book: Book, found: Replayed, logs: Sequence[LogRow], checked: dict[str, int]
) -> list[Problem]:
    """Every key of a pseudonym or a person is there and whole, unless it was erased.

    Persons' keys are looked at for `logs`, which new entries name. See `brought_back` for those
    that exist although they were erased.
    """
    erased = {row.key_id: row for row in found.rows.where(ErasureRow)}
    used: dict[str, tuple[int, str]] = {}
    problems: list[Problem] = []
    for log in logs:
        if log.subjects:
            try:
                listed = book.home.evidence.read(log.subjects, LIST).decode().split("\n")
            except (QuaestorError, OSError, UnicodeDecodeError) as error:
                problems.append(Problem("evidence", log.seq, f"log/{log.log}", str(error)))
                continue
            for line in filter(None, listed):
                used.setdefault(line.rpartition(" ")[2], (log.seq, f"log/{log.log}"))
    there = {key.key_id.hex() for key in SubjectKeys(book.home.vault).all()} if used else set()
    missing = [key for key in used if key not in there and key not in erased]
    if missing:
        missing = _not_erased_since(book, found, missing)
    by_log: dict[tuple[int, str], int] = {}
    for key in missing:
        by_log[used[key]] = by_log.get(used[key], 0) + 1
    problems += [
        Problem("vault", seq, log, f"The keys of {count} persons are gone without an erasure.")
        for (seq, log), count in by_log.items()
    ]
    checked["subject_keys"] = len(used)
    return problems + _check_masters(book, found, erased)


def _check_masters(book: Book, found: Replayed, erased: dict[str, ErasureRow]) -> list[Problem]:
    """The keys under which pseudonyms are made and persons are named."""
    used: dict[str, LogRow] = {}
    for log in found.rows.where(LogRow):
        for key in filter(None, (log.pseudonym_key, log.subject_key)):
            used.setdefault(key, log)
    problems = []
    missing = [key for key in used if key not in erased and not book.vault.whole(key)]
    for key in _not_erased_since(book, found, missing) if missing else []:
        message = f"The vault key {key} of pseudonyms is gone or another, without an erasure."
        problems.append(Problem("vault", used[key].seq, f"log/{used[key].log}", message))
    return problems


def _not_erased_since(book: Book, found: Replayed, keys: Iterable[str]) -> list[str]:
    """Those of some missing keys that no entry after the replayed ones erased."""
    late = {row.key_id for row in _later(book, found, ErasureRow)}
    return [key for key in keys if key not in late]


def _later(book: Book, found: Replayed, table: type[ErasureRow | DroppedRow]) -> list:  # type: ignore[type-arg]
    """Rows of entries that were posted while the others were replayed.

    Read as it stands: what a damaged journal keeps from being recovered is reported elsewhere.
    """
    try:
        with book.store.read() as snapshot:
            return [row for row in snapshot.rows.where(table) if row.seq >= found.size]
    except QuaestorError:
        return []
