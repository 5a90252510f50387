"""Comparing a model's decisions with what they were, or with training data, on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.errors import InvalidInput
from ledger.keys import Signer
from ledger.registers.datasets import ContentsRow, digest_of
from policies.adopting import thresholds_at_hand, thresholds_in_force
from policies.auditing import Audited, Decisions, decisions_of, enter_audit, exact_decimal
from policies.data.compare import DriftRequest, Rows, compare_data
from policies.data.drift import Compared
from policies.data.period import parse_period
from policies.fairness.request import narrowed
from policies.thresholds import DriftThresholds

# What fits into an entry; the kept result has everything.
_MOST_MEASURED = 100
NOT_FEATURES = {"model_version": "it says who answered, not what was asked"}
"""Columns of decisions that change for reasons of their own."""
_ENTERED = ("psi", "ks", "jensen_shannon")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: files, or (without any) a model's decisions in a period.

    `period` is as people write it, such as `2026-01..2026-02`; it may narrow files, too.
    """

    files: tuple[Path, ...] = ()
    period: str | None = None

    def name(self) -> str:
        """What the side is, in short."""
        files = ", ".join(file.name for file in self.files) or "decisions"
        return f"{files} {self.period}" if self.period else files


@dataclass(frozen=True)
class _Taken:
    """A side's rows, with what the document says of them."""

    rows: Rows
    decisions: Decisions
    document: dict[str, Any]


def compare_sides(
    book: Book,
    model: str | None,
    sides: tuple[Side, Side],
    request: DriftRequest,
    where: str | None = None,
) -> tuple[dict[str, Any], Compared]:
    """Compare without entering anything: the document of `data compare`, and the comparison.

    Held against the thresholds in force, or without a ledger against those that are shipped:
    `thresholds_adopted` is then null. Of a model's decisions the sealed logs are held against their
    digests first. Raises InvalidInput (columns, filter, period, nothing imported), CheckFailed (a
    sealed log is not what was sealed).
    """
    adopted, thresholds = thresholds_at_hand(book)
    taken = [_take(book, model, side, where) for side in sides]
    return _document(taken, request, (adopted, thresholds.drift), where)


def run_drift(
    book: Book,
    signer: Signer,
    model: str,
    sides: tuple[Side, Side],
    request: DriftRequest,
    where: str | None = None,
) -> Audited:
    """Compare and enter the result, whatever it is.

    Raises what `compare_sides` and `Book.append` raise.
    """
    adopted, thresholds = thresholds_in_force(book)
    taken = [_take(book, model, side, where) for side in sides]
    document, compared = _document(taken, request, (adopted, thresholds.drift), where)
    named = {
        "reference": sides[0].name(),
        "current": sides[1].name(),
        "output": request.output or "",
        "confidence": request.confidence or "",
    }
    logs = dict.fromkeys(log for side in taken for log in side.decisions.logs)
    asked = {
        "measure": "drift",
        "outcome": "",
        "by": list(request.columns),
        "filter": where or "",
        "options": [{"name": name, "value": value} for name, value in named.items() if value],
        "n": compared.current_rows,
        "data": digest_of(sorted({side.decisions.digest for side in taken})),
        "logs": list(logs),
        "thresholds": adopted,
        "disparities": _disparities(compared),
    }
    return enter_audit(book, signer, model, asked, document)


def _take(book: Book, model: str | None, side: Side, where: str | None) -> _Taken:
    period = parse_period(side.period) if side.period else None
    within = narrowed(where, period.since, period.until) if period else where
    dataset = None
    if side.files:
        decisions = _files(side.files)
        dataset = _registered_as(book, decisions.digest)
    elif model:
        decisions = decisions_of(book, model)
    else:
        raise InvalidInput(
            "There is nothing to compare.", "Name files, or a model whose decisions are imported."
        )
    return _Taken(
        Rows(decisions.paths, within),
        decisions,
        {
            "files": [file.name for file in side.files],
            "logs": decisions.logs,
            "digest": decisions.digest,
            "dataset": dataset,
            "period": side.period,
        },
    )


def _files(files: Sequence[Path]) -> Decisions:
    from policies.data_sets import digest_readable

    return Decisions(list(files), [], digest_of([digest_readable(file) for file in files]))


def _registered_as(book: Book, digest: str) -> str | None:
    """Name and version of the data set that holds these bytes, if there is one."""
    if not book.home.exists():
        return None
    with book.read() as snapshot:
        found = snapshot.rows.where(ContentsRow, digest=digest)
    return f"{found[0].dataset} {found[0].version}" if found else None


def _document(
    taken: Sequence[_Taken],
    request: DriftRequest,
    held: tuple[str | None, DriftThresholds],
    where: str | None,
) -> tuple[dict[str, Any], Compared]:
    adopted, thresholds = held
    compared = compare_data(taken[0].rows, taken[1].rows, request, thresholds)
    document = {
        "measure": "drift",
        "reference": taken[0].document,
        "current": taken[1].document,
        "filter": where,
        "n": compared.current_rows,
        "thresholds_adopted": adopted,
        **compared.as_json(),
    }
    return document, compared


def _disparities(compared: Compared) -> list[dict[str, str | None]]:
    """What the entry itself says: three measures of the columns that moved most."""
    most = sorted(compared.features, key=lambda each: -each.psi)[:_MOST_MEASURED]
    return [
        {"by": each.column, "measure": name, "value": exact_decimal(value)}
        for each in most
        for name, value in each.measures().items()
        if name in _ENTERED and value is not None
    ]
