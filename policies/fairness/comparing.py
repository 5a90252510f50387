"""One table of groups, measured: rates, intervals, tests, and how groups stand to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger.errors import InvalidInput
from policies.fairness.bootstrap import Estimate, Sample, estimate, estimates
from policies.fairness.counts import Cells, FairnessRequest, Floats
from policies.fairness.disparities import against, between, parity, to_overall
from policies.fairness.measures import PROPORTIONS, SELECTED, Rates, counted, rates
from policies.fairness.multiclass import macro_rates
from policies.fairness.request import BEST, LARGEST
from policies.fairness.result import (
    Comparison,
    GroupResult,
    MeasureResult,
    Outcomes,
    Place,
    TableResult,
)
from policies.fairness.significance import Significance, compare, wilson


@dataclass(frozen=True, eq=False)
class Measured:
    """Rates of groups as counted, `(groups)`, and as drawn, `(draws, groups)`."""

    counted: Rates
    drawn: Rates

    def of(self, chosen: NDArray[np.intp]) -> Measured:
        """The same of some groups only."""
        return Measured(
            {name: values[chosen] for name, values in self.counted.items()},
            {name: values[:, chosen] for name, values in self.drawn.items()},
        )


@dataclass(frozen=True, eq=False)
class Comparing:
    """What every table of an audit is compared by."""

    request: FairnessRequest
    minimum: int
    tau: float

    def table(self, place: Place, groups: Sequence[str], sample: Sample) -> TableResult:
        """Compare groups; `sample` has their cells, of several classes for their mean."""
        measured = _measured(sample, place)
        overall = _measured(sample.through(_whole), place)
        n = sample.rows.sum(axis=(1, 2))
        reference = self.reference(place, groups, measured, n)
        large = np.flatnonzero(n >= self.minimum)
        compared = self._comparison(place, groups, measured, reference)
        judged = None
        if len(large) == len(groups) > 1:
            judged = compared
        elif len(large) > 1 and (self.request.reference == BEST or n[reference] >= self.minimum):
            among, kept = measured.of(large), [groups[int(i)] for i in large]
            judged = self._comparison(
                place, kept, among, self.reference(place, kept, among, n[large])
            )
        distances = to_overall(measured.counted, overall.counted)
        drawn_distances = to_overall(measured.drawn, overall.drawn)
        return TableResult(
            place=place,
            groups=self._groups(place, groups, sample, measured, reference, compared),
            compared=compared,
            judged=judged,
            overall=_estimated(
                {name: values[0] for name, values in overall.counted.items()},
                {name: values[:, 0] for name, values in overall.drawn.items()},
            ),
            to_overall=_estimated(distances, drawn_distances),
        )

    def reference(self, place: Place, groups: Sequence[str], measured: Measured, n: Cells) -> int:
        """Position of the group that others are held against, the first of equals.

        The mean of several classes has no selection rate: there the best is the most accurate.
        InvalidInput if a group was asked for that is not there.
        """
        asked = self.request.references()
        columns = place.by.split(",") if place.by not in self.request.by else [place.by]
        if asked.keys() >= set(columns):
            name = ",".join(asked[column] for column in columns)
            if name in groups:
                return list(groups).index(name)
            if not place.stratum:
                raise InvalidInput(
                    f"There is no group {name!r} by {place.by} to hold others against.",
                    f"Its groups are: {', '.join(groups[:20])}.",
                )
        if self.request.reference == LARGEST:
            return int(np.argmax(n))
        rate = measured.counted[SELECTED]
        if not np.isfinite(rate).any():
            rate = measured.counted["accuracy"]
        return int(np.nanargmax(rate)) if np.isfinite(rate).any() else int(np.argmax(n))

    def _comparison(
        self, place: Place, groups: Sequence[str], measured: Measured, reference: int
    ) -> Comparison:
        value, _ = against(measured.counted[SELECTED], reference)
        ratios, _ = against(measured.drawn[SELECTED], self._drawn_reference(measured, reference))
        disparities, drawn = between(measured.counted), between(measured.drawn)
        return Comparison(
            place=place,
            groups=tuple(groups),
            reference=groups[reference],
            impact_ratios=tuple(estimates(value, ratios)),
            disparities=_estimated(disparities, drawn),
        )

    def _drawn_reference(self, measured: Measured, reference: int) -> int | NDArray[np.intp]:
        """The best-off group of each draw: who that is, is itself uncertain."""
        if self.request.reference != BEST:
            return reference
        found: NDArray[np.intp] = np.argmax(np.nan_to_num(measured.drawn[SELECTED], nan=-1), axis=1)
        return found

    def _groups(
        self,
        place: Place,
        groups: Sequence[str],
        sample: Sample,
        measured: Measured,
        reference: int,
        compared: Comparison,
    ) -> tuple[GroupResult, ...]:
        counts = {} if place.macro else counted(sample.rows)
        columns = {
            name: self._measures(name, sample, measured, counts, reference)
            for name in measured.counted
        }
        n, mass = sample.rows.sum(axis=(1, 2)), sample.mass.sum(axis=(1, 2))
        return tuple(
            GroupResult(
                place=place,
                group=group,
                n=int(n[i]),
                selected=int(counts["pp"][i]) if counts else None,
                outcomes=_outcomes(sample.rows[i]) if counts else None,
                measures={name: column[i] for name, column in columns.items()},
                impact_ratio=compared.impact_ratios[i],
                small=bool(n[i] < self.minimum),
                is_reference=i == reference,
                weight=float(mass[i]) if sample.weighted else None,
            )
            for i, group in enumerate(groups)
        )

    def _measures(
        self,
        name: str,
        sample: Sample,
        measured: Measured,
        counts: dict[str, Cells],
        reference: int,
    ) -> list[MeasureResult]:
        """One measure of every group."""
        ratio, difference = against(measured.counted[name], reference)
        drawn_ratio, drawn_difference = against(measured.drawn[name], reference)
        own = estimates(measured.counted[name], measured.drawn[name])
        ratios = estimates(ratio, drawn_ratio)
        differences = estimates(difference, drawn_difference)
        shares = _shares(name, sample, counts, reference) or [_Share()] * len(own)
        return [
            MeasureResult(
                estimate=own[i],
                ratio=ratios[i],
                difference=differences[i],
                parity=parity(ratios[i].value, self.tau),
                numerator=share.numerator,
                denominator=share.denominator,
                wilson=share.wilson,
                test=share.test,
            )
            for i, share in enumerate(shares)
        ]


@dataclass(frozen=True)
class _Share:
    numerator: int | None = None
    denominator: int | None = None
    wilson: tuple[float, float] | None = None
    test: Significance | None = None


def _shares(
    name: str, sample: Sample, counts: dict[str, Cells], reference: int
) -> list[_Share] | None:
    """What only a share of rows has; None for another measure, or where no label is known."""
    over, below = PROPORTIONS.get(name, ("", ""))
    if over not in counts or below not in counts:
        return None
    hits, n = counts[over], counts[below]
    if sample.weighted:
        return [_Share(int(h), int(m)) for h, m in zip(hits, n, strict=True)]
    low, high = wilson(hits, n)
    tests = compare(hits, n, reference)
    return [
        _Share(
            int(hits[i]),
            int(n[i]),
            (float(low[i]), float(high[i])) if n[i] else None,
            tests[i],
        )
        for i in range(len(n))
    ]


def _measured(sample: Sample, place: Place) -> Measured:
    measure = macro_rates if place.macro else rates
    return Measured(measure(sample.mass), measure(sample.draws))


def _whole(cells: Floats) -> Floats:
    """All groups as one."""
    found: Floats = cells.sum(axis=-3, keepdims=True)
    return found


def _outcomes(cells: Cells) -> Outcomes | None:
    if len(cells) == 1:
        return None
    (tn, fp), (fn, tp) = cells.tolist()
    return Outcomes(tp=tp, fp=fp, tn=tn, fn=fn)


def _estimated(values: dict[str, Floats], drawn: dict[str, Floats]) -> dict[str, Estimate]:
    return {name: estimate(value, drawn[name]) for name, value in values.items()}
