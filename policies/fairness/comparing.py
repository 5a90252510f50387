"""One table of groups, measured: rates, intervals, tests, and how groups stand to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger.errors import InvalidInput
from policies.fairness.bootstrap import Estimate, Sample, estimate, estimates
from policies.fairness.counts import Cells, FairnessRequest, Floats
from policies.fairness.disparities import (
    against,
    estimated_between,
    estimated_spreads,
    parity,
    to_overall,
)
from policies.fairness.measures import (
    OF_SELECTED,
    PROPORTIONS,
    SELECTED,
    Rates,
    counted,
    rates,
)
from policies.fairness.multiclass import macro_rates
from policies.fairness.request import BEST, LARGEST
from policies.fairness.result import (
    Comparison,
    GroupResult,
    MeasureResult,
    Outcomes,
    Place,
    Spread,
    TableResult,
)
from policies.fairness.significance import Significance, compare, widened, wilson
from policies.fairness.simultaneous import Limits, limits, to_the_best, tukey, up_to
from policies.fairness.values import is_known


@dataclass(frozen=True, eq=False)
class Measured:
    """Rates of groups as counted, `(groups)`, and as drawn, `(draws, groups)`.

    `n` are their rows, `counts` what measures count of them (none for the mean of several
    classes).
    """

    counted: Rates
    drawn: Rates
    n: Cells
    counts: Mapping[str, Cells]
    weighted: bool

    def of(self, chosen: NDArray[np.intp]) -> Measured:
        """The same of some groups only."""
        return Measured(
            {name: values[chosen] for name, values in self.counted.items()},
            {name: values[:, chosen] for name, values in self.drawn.items()},
            self.n[chosen],
            {name: counts[chosen] for name, counts in self.counts.items()},
            self.weighted,
        )

    def limits(self, name: str, z: float) -> Limits:
        """A measure of every group with its limits at z."""
        over, below = PROPORTIONS.get(name, ("", ""))
        hits, n = self.counts.get(over), self.counts.get(below)
        return limits(self.counted[name], self.drawn[name], z, hits, n)


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
        reference = self.reference(place, groups, measured)
        known = np.array([is_known(group) for group in groups])
        deciding = np.flatnonzero((measured.n >= self.minimum) & known)
        compared = self._comparison(place, groups, measured, reference)
        judged = None
        if len(deciding) == len(groups) > 1:
            judged = compared
        elif len(deciding) > 1 and (self.request.reference == BEST or reference in deciding):
            among, kept = measured.of(deciding), [groups[int(i)] for i in deciding]
            judged = self._comparison(place, kept, among, self.reference(place, kept, among))
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
            spreads=_spreads(groups, measured),
        )

    def reference(self, place: Place, groups: Sequence[str], measured: Measured) -> int:
        """Position of the group that others are held against, the first of equals.

        A group of unknown category is it only if it was named, or if there is no other. The mean of
        several classes has no selection rate: there the best is the most accurate. InvalidInput if
        a group was asked for that is not there.
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
        able = _able(groups)
        n, rate = measured.n[able], measured.counted[SELECTED][able]
        if not np.isfinite(rate).any():
            rate = measured.counted["accuracy"][able]
        if self.request.reference == LARGEST or not np.isfinite(rate).any():
            return int(able[np.argmax(n)])
        return int(able[np.nanargmax(rate)])

    def _comparison(
        self, place: Place, groups: Sequence[str], measured: Measured, reference: int
    ) -> Comparison:
        best = self.request.reference == BEST
        held = _best_of_each(groups, measured) if best else reference
        value, _ = against(measured.counted[SELECTED], reference)
        ratios = estimates(value, against(measured.drawn[SELECTED], held)[0])
        if measured.counts and not measured.weighted:
            ratios = widened(ratios, measured.counts["pp"], measured.n, reference)
        if best:
            selection = measured.limits(SELECTED, tukey(len(groups)))
            ratios = up_to(ratios, to_the_best(selection, _able(groups)))
        return Comparison(
            place=place,
            groups=tuple(groups),
            reference=groups[reference],
            impact_ratios=tuple(ratios),
            disparities=estimated_between(measured.counted, measured.drawn, measured.limits),
        )

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
        over, below = PROPORTIONS.get(name, ("", ""))
        if over in counts and not sample.weighted:
            ratios = widened(ratios, counts[over], counts[below], reference)
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
    if name == OF_SELECTED and counts:
        hits = counts["pp"]
        n = np.broadcast_to(hits.sum(), hits.shape)
    elif over in counts and below in counts:
        hits, n = counts[over], counts[below]
    else:
        return None
    if sample.weighted:
        return [_Share(int(h), int(m)) for h, m in zip(hits, n, strict=True)]
    low, high = wilson(hits, n)
    # Shares of one whole are not independent of each other, so no test is defined for them.
    tests = [None] * len(n) if name == OF_SELECTED else compare(hits, n, reference)
    return [
        _Share(
            int(hits[i]),
            int(n[i]),
            (float(low[i]), float(high[i])) if n[i] else None,
            tests[i],
        )
        for i in range(len(n))
    ]


def _spreads(groups: Sequence[str], measured: Measured) -> dict[str, Spread]:
    found = {}
    spreads = estimated_spreads(measured.counted, measured.drawn, measured.limits)
    for name, (difference, ratio) in spreads.items():
        values = measured.counted[name]
        ends: list[tuple[str, float] | None] = [None, None]
        if np.isfinite(values).any():
            places = (int(np.nanargmin(values)), int(np.nanargmax(values)))
            ends = [(groups[i], float(values[i])) for i in places]
        found[name] = Spread(difference, ratio, *ends)
    return found


def _measured(sample: Sample, place: Place) -> Measured:
    measure = macro_rates if place.macro else rates
    rows = sample.rows
    counts = {} if place.macro else counted(rows)
    n = rows.sum(axis=(1, 2))
    return Measured(measure(sample.mass), measure(sample.draws), n, counts, sample.weighted)


def _able(groups: Sequence[str]) -> NDArray[np.intp]:
    """Positions of the groups that others may be held against."""
    known = [i for i, group in enumerate(groups) if is_known(group)]
    return np.array(known or range(len(groups)), dtype=np.intp)


def _best_of_each(groups: Sequence[str], measured: Measured) -> NDArray[np.intp]:
    """Position of the best-off group of each draw: who that is, is itself uncertain."""
    able = _able(groups)
    rates_drawn = np.nan_to_num(measured.drawn[SELECTED][:, able], nan=-1)
    found: NDArray[np.intp] = able[np.argmax(rates_drawn, axis=1)]
    return found


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
