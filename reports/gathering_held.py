"""Findings, data sets and imported logs of a model, from the registers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.book import Book
from ledger.clock import read_time
from ledger.registers.datasets import ContentsRow, DatasetRow, LineageRow
from ledger.registers.datasets import known as known_dataset
from ledger.registers.findings import FindingRow
from ledger.registers.logs import LogRow
from ledger.registers.retention import DroppedRow
from ledger.store.base import Snapshot
from policies.remedying import state_of
from reports import content_held as shown

_URGENCY = {"overdue": 0, "open": 1, "closed": 2}


@dataclass(frozen=True)
class Training:
    """One use of a data set for a version of the model, and what was used."""

    use: LineageRow
    contents: Sequence[ContentsRow]
    dataset: DatasetRow


@dataclass(frozen=True)
class Held:
    """Rows about a model, and the seqs of the entries behind them."""

    findings: Sequence[FindingRow]
    training: Sequence[Training]
    logs: Sequence[LogRow]
    dropped: Mapping[str, DroppedRow]
    seqs: frozenset[int]


def gather_held(snapshot: Snapshot, model: str, start: datetime | None, end: datetime) -> Held:
    """Copy out all data sets and logs of a model, and findings that were open in a period."""
    rows = snapshot.rows
    findings = [
        row
        for row in rows.where(FindingRow, model=model)
        if read_time(row.opened_at) <= end
        and not (start and row.closed_at and read_time(row.closed_at) < start)
    ]
    training = [
        Training(
            use,
            rows.where(ContentsRow, dataset=use.dataset, digest=use.digest),
            known_dataset(rows, use.dataset),
        )
        for use in sorted(rows.where(LineageRow, model=model), key=lambda use: use.seq)
    ]
    logs = sorted(rows.where(LogRow, model=model), key=lambda log: log.seq)
    dropped = {log.log: row for log in logs if (row := rows.get(DroppedRow, log.log))}
    seqs = {log.seq for log in logs} | {row.seq for row in dropped.values()}
    for each in training:
        seqs |= {each.use.seq, each.dataset.seq, *(row.seq for row in each.contents)}
    seqs |= _of_findings(snapshot, findings)
    return Held(findings, training, logs, dropped, frozenset(seqs))


def _of_findings(snapshot: Snapshot, findings: Sequence[FindingRow]) -> set[int]:
    """Seqs of every entry about these findings; a row knows only the last that changed it."""
    names = {f"finding/{row.finding}" for row in findings}
    if not names:
        return set()
    entries = snapshot.find(kind="finding.*", last=snapshot.head.size)
    return {entry.seq for entry in entries if entry.subject in names}


def report_findings(book: Book, held: Held, now: datetime) -> tuple[shown.FindingShown, ...]:
    """Findings as they stand: overdue ones first, then open ones, each by due date, then closed."""
    found = [_finding(book, row, now) for row in held.findings]
    return tuple(sorted(found, key=lambda each: (_URGENCY[each.state], each.due)))


def report_training(held: Held) -> tuple[shown.DataUse, ...]:
    """What each version of the model was made with, in the order in which it was entered."""
    return tuple(_use(each) for each in held.training)


def report_logs(held: Held) -> tuple[shown.LogShown, ...]:
    """Every log of the model, oldest first."""
    return tuple(_log(row, held.dropped.get(row.log)) for row in held.logs)


def _finding(book: Book, row: FindingRow, now: datetime) -> shown.FindingShown:
    return shown.FindingShown(
        finding=row.finding,
        title=row.title,
        severity=row.severity,
        state=state_of(row, now),
        source=row.source,
        owner=row.owner,
        opened=read_time(row.opened_at),
        due=read_time(row.due),
        closed=read_time(row.closed_at) if row.closed_at else None,
        closed_by=row.closed_by,
        outcome=row.outcome,
        resolution=book.reveal(f"finding/{row.finding}", "resolution", row.resolution),
    )


def _use(each: Training) -> shown.DataUse:
    counted = [row.rows for row in each.contents if row.rows >= 0]
    return shown.DataUse(
        model_version=each.use.model_version,
        use=each.use.use,
        dataset=each.use.dataset,
        dataset_version=", ".join(row.version for row in each.contents),
        status=each.dataset.status,
        rows=counted[0] if counted else None,
        personal_data=each.dataset.personal_data,
        licence=each.dataset.licence,
        digest=each.use.digest,
    )


def _log(row: LogRow, dropped: DroppedRow | None) -> shown.LogShown:
    return shown.LogShown(
        log=row.log,
        kind=row.kind,
        format=row.format,
        time=read_time(row.time),
        actor=row.actor,
        rows=row.rows,
        quarantined=row.quarantined,
        first=read_time(row.first_time) if row.first_time else None,
        last=read_time(row.last_time) if row.last_time else None,
        missing=_tallies(row.missing),
        redactions=_tallies(row.redactions),
        dropped=_dropped(dropped) if dropped else None,
    )


def _dropped(row: DroppedRow) -> shown.DroppedShown:
    return shown.DroppedShown(read_time(row.time), row.actor, read_time(row.due_since), row.reason)


def _tallies(text: str) -> tuple[shown.Tally, ...]:
    return tuple(shown.Tally(each["name"], each["count"]) for each in json.loads(text))
