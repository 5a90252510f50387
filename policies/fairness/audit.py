"""The bias audit: from files of decisions to groups, intervals and a verdict.

Rows become counts in DuckDB, counts become measures (computed twice: second_opinion.py), resampled
counts become intervals. No clock, no ledger: the same bytes, request, thresholds and seed give the
same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from ledger.errors import InvalidInput
from ledger.evidence import digest_file
from policies.fairness.bootstrap import DRAWS, Sample, drawn
from policies.fairness.comparing import Comparing
from policies.fairness.counts import UNKNOWN, Counts, FairnessRequest, count_rows
from policies.fairness.labelling import Files
from policies.fairness.multiclass import MACRO, one_vs_rest
from policies.fairness.result import FairnessResult, Place, TableResult
from policies.fairness.second_opinion import hold_to_fairlearn, second_opinion
from policies.fairness.strata import Pooled, pooled
from policies.fairness.tables import Table, tables
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


def seed_of(data_digest: str, seed: int | None) -> int:
    """The seed that was given, or the first 32 bits of the data's digest.

    InvalidInput outside 0 to 2^53-1.
    """
    chosen = int(data_digest[:8], 16) if seed is None else seed
    if not 0 <= chosen <= _MAX_SEED:
        raise InvalidInput(f"The seed {chosen} is out of range.", f"Give 0 to {_MAX_SEED}.")
    return chosen


def audit_fairness(
    files: Files,
    request: FairnessRequest,
    thresholds: FairnessThresholds,
    data_digest: str,
    seed: int | None,
) -> FairnessResult:
    """Audit decisions in files for bias between groups.

    `data_digest` is the SHA-256 of the data in hex, checked or computed by the caller; without a
    `seed` its first 32 bits are the seed. Raises InvalidInput for what cannot be counted
    (see `count_rows`), for a reference group that is not there, and for a seed outside 0 to
    2^53-1.
    """
    chosen = seed_of(data_digest, seed)
    counts = count_rows(files, request)
    minimum, tau = thresholds.minimum_cell.value, float(thresholds.parity_tau.value)
    results = _compared(Comparing(request, minimum, tau), counts, drawn(counts, chosen))
    verdict, reasons = judge(results, thresholds, request)
    return FairnessResult(
        request=request,
        thresholds=thresholds,
        data_digest=data_digest,
        seed=chosen,
        draws=DRAWS,
        n=int(counts.cells.sum()),
        unknown=_unknown(counts),
        excluded=counts.excluded,
        tables=results,
        verdict=verdict,
        reasons=reasons,
        checked_with=second_opinion(),
        classes=counts.classes,
        pooled=_pooled(counts, results),
        joined=counts.joined,
    )


def _unknown(counts: Counts) -> int:
    """Rows of an unknown category in any of the columns to group by."""
    width = len(counts.by)
    unknown = [UNKNOWN in group[:width] for group in counts.groups]
    return int(counts.cells[unknown].sum())


def _compared(comparing: Comparing, counts: Counts, sample: Sample) -> tuple[TableResult, ...]:
    """Every table; of several classes those of each class, then those of their mean."""
    every = tables(counts)
    if not counts.classes:
        return tuple(
            _held(comparing, Place(table.by, stratum=table.stratum), table, merged)
            for table, merged in _merged(every, sample)
        )
    found = []
    for chosen, name in enumerate(counts.classes):
        binary = sample.through(partial(one_vs_rest, chosen=chosen))
        found += [
            _held(comparing, Place(table.by, name, table.stratum), table, merged)
            for table, merged in _merged(every, binary)
        ]
    return (
        *found,
        *(
            comparing.table(Place(table.by, MACRO, table.stratum, macro=True), table.groups, merged)
            for table, merged in _merged(every, sample)
        ),
    )


def _held(comparing: Comparing, place: Place, table: Table, merged: Sample) -> TableResult:
    """Measure a binary table, and hold what came out to a second opinion."""
    result = comparing.table(place, table.groups, merged)
    hold_to_fairlearn(result, merged.mass)
    return result


def _merged(every: Sequence[Table], sample: Sample) -> Iterator[tuple[Table, Sample]]:
    for table in every:
        yield table, sample.through(table.merge)


def _pooled(counts: Counts, results: Sequence[TableResult]) -> tuple[Pooled, ...]:
    """Tests over all strata, against the reference of the table over all of them."""
    if not counts.control or counts.mass is not None:
        return ()
    within = [table for table in tables(counts) if table.stratum]
    strata = list(dict.fromkeys(table.stratum for table in within))
    found: list[Pooled] = []
    for result in results:
        if result.place.stratum or result.place.macro:
            continue
        groups = result.compared.groups
        cells = np.zeros((len(strata), len(groups), 2), dtype=np.int64)
        for table in within:
            if table.by == result.place.by:
                selections = _selections(counts, result.place).sum(axis=-2)
                merged = table.merge(selections[:, np.newaxis])[:, 0]
                places = [groups.index(group) for group in table.groups]
                cells[strata.index(table.stratum), places] = merged
        reference = groups.index(result.compared.reference)
        found += pooled(result.place.by, result.place.class_name, groups, reference, cells)
    return tuple(found)


def _selections(counts: Counts, place: Place) -> np.ndarray:
    if place.class_name is None:
        return counts.cells
    return one_vs_rest(counts.cells, counts.classes.index(place.class_name))
