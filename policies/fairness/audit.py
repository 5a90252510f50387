"""The bias audit: from files of decisions to groups, intervals and a verdict.

Rows become counts in DuckDB, counts become measures with fairlearn, resampled counts become
intervals. No clock, no ledger: the same bytes, request, thresholds and seed give the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ledger.errors import InvalidInput
from ledger.evidence import digest_file
from policies.fairness.bootstrap import DRAWS, Estimated, estimate, resample
from policies.fairness.counts import Cells, FairnessRequest, Table, count_rows
from policies.fairness.result import (
    Comparison,
    FairnessResult,
    GroupResult,
    Outcomes,
    TableResult,
)
from policies.fairness.significance import p_values
from policies.fairness.verdict import judge
from policies.thresholds import FairnessThresholds

# The largest integer that an entry's body may hold.
_MAX_SEED = 2**53 - 1


def digest_files(paths: Sequence[Path]) -> str:
    """SHA-256 in hex of one file's bytes, or of several files' sorted digests, one a line."""
    digests = sorted(digest_file(path) for path in paths)
    if len(digests) == 1:
        return digests[0]
    return sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def audit_fairness(
    files: Sequence[Path],
    request: FairnessRequest,
    thresholds: FairnessThresholds,
    data_digest: str,
    seed: int | None,
) -> FairnessResult:
    """Audit decisions in files for bias between groups.

    `data_digest` is the SHA-256 of the data in hex, checked or computed by the caller; without a
    `seed` its first 32 bits are the seed. Raises InvalidInput for what cannot be counted
    (see `count_rows`) and for a seed outside 0 to 2^53-1.
    """
    chosen = int(data_digest[:8], 16) if seed is None else seed
    if not 0 <= chosen <= _MAX_SEED:
        raise InvalidInput(f"The seed {chosen} is out of range.", f"Give 0 to {_MAX_SEED}.")
    counts = count_rows(files, request)
    draws = resample(counts.cells, chosen)
    minimum = thresholds.minimum_cell.value
    tables = tuple(
        _table(table, table.merge(counts.cells), table.merge(draws), minimum)
        for table in counts.tables()
    )
    verdict, reasons = judge(tables, thresholds, labelled=request.label is not None)
    return FairnessResult(
        request=request,
        thresholds=thresholds,
        data_digest=data_digest,
        seed=chosen,
        draws=DRAWS,
        n=int(counts.cells.sum()),
        excluded=counts.excluded,
        tables=tables,
        verdict=verdict,
        reasons=reasons,
    )


def _table(table: Table, cells: Cells, draws: Cells, minimum: int) -> TableResult:
    every = np.arange(len(table.groups))
    large = np.flatnonzero(cells.sum(axis=(1, 2)) >= minimum)
    measured = estimate(cells, draws)
    compared = _comparison(table, every, measured)
    judged = None
    if len(large) == len(every) > 1:
        judged = compared
    elif len(large) > 1:
        judged = _comparison(table, large, estimate(cells[large], draws[:, large]))
    return TableResult(
        by=table.by,
        groups=_groups(table, cells, measured, minimum),
        compared=compared,
        judged=judged,
    )


def _groups(
    table: Table, cells: Cells, measured: Estimated, minimum: int
) -> tuple[GroupResult, ...]:
    p = p_values(cells, _reference(measured))
    return tuple(
        GroupResult(
            by=table.by,
            group=group,
            n=int(cells[i].sum()),
            selected=int(cells[i, :, 1].sum()),
            outcomes=_outcomes(cells[i]),
            selection_rate=measured.of("selection_rate", i),
            tpr=measured.of("tpr", i),
            fpr=measured.of("fpr", i),
            precision=measured.of("precision", i),
            accuracy=measured.of("accuracy", i),
            impact_ratio=measured.of("impact_ratio", i),
            p_value=p[i],
            small=bool(cells[i].sum() < minimum),
        )
        for i, group in enumerate(table.groups)
    )


def _outcomes(cells: Cells) -> Outcomes | None:
    if len(cells) == 1:
        return None
    (tn, fp), (fn, tp) = cells.tolist()
    return Outcomes(tp=tp, fp=fp, tn=tn, fn=fn)


def _comparison(table: Table, chosen: NDArray[np.intp], measured: Estimated) -> Comparison:
    groups = tuple(table.groups[i] for i in chosen)
    return Comparison(
        by=table.by,
        groups=groups,
        reference=groups[_reference(measured)],
        impact_ratios=tuple(measured.of("impact_ratio", i) for i in range(len(groups))),
        demographic_parity_difference=measured.of("demographic_parity_difference"),
        demographic_parity_ratio=measured.of("demographic_parity_ratio"),
        equalized_odds_difference=measured.of("equalized_odds_difference"),
        equalized_odds_ratio=measured.of("equalized_odds_ratio"),
    )


def _reference(measured: Estimated) -> int:
    """Return the position of the group with the highest selection rate, the first of equals."""
    return int(np.argmax(measured.counted.selection_rate))
