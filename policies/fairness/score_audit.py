"""The audit of scores by group: from files to figures, intervals, distances and a verdict.

With a label, scores are judged by what they promise: that they rank equally well in every group
(AUC) and mean the same in every group (calibration in the large). Without one, only how far the
groups' mean scores lie apart can be judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from policies.fairness.auc import TEST, AucTest, auc_test, difference_of, ratio_of, unspread
from policies.fairness.bootstrap import DRAWS, Estimate
from policies.fairness.grouped import (
    Left,
    Valued,
    ValueRequest,
    about_strata,
    deciding,
    every_table,
    left_out,
    measured,
)
from policies.fairness.labelling import Files, LabelJoin
from policies.fairness.limits import Judgement, conclude, near_zero, set_aside
from policies.fairness.moments import standardized_difference
from policies.fairness.result import Place, Verdict
from policies.fairness.score_intervals import Drawn, draw, gather, interval
from policies.fairness.scores import (
    PERCENTILES,
    Distance,
    ScoreFigures,
    distance,
    figures,
    scale,
    tally,
)
from policies.fairness.significance import holm_of_defined
from policies.fairness.values import is_known
from policies.thresholds import Thresholds

_MEASURED = ("mean", "auc", "brier", "calibration_error", "calibration_in_the_large")
_COMPARED = ("auc_difference", "calibration_in_the_large_difference")
_BESIDE = ("mean_difference", "mean_ratio", "auc_ratio")
_DISTRIBUTIONS = "Kolmogorov-Smirnov test of the whole distributions, asymptotic, two-sided"
_CORRECTED = "Holm's correction over the groups of a table"
METHOD = (
    "95 % percentile intervals over 1,000 multinomial draws of the counts of distinct scores, "
    "group sizes held; the standardized difference has a normal interval, an AUC of 0 or 1 "
    "Newcombe's (2006)"
)


@dataclass(frozen=True)
class GroupScores:
    """One group of one table. The reference group has no distance, and no differences.

    `estimates` holds each measure by name; differences are the group's minus the reference's.
    """

    place: Place
    group: str
    figures: ScoreFigures
    estimates: dict[str, Estimate]
    distance: Distance | None
    small: bool
    auc_test: AucTest | None = None
    ks_p_holm: float | None = None
    auc_p_holm: float | None = None

    def as_json(self) -> dict[str, Any]:
        """One flat object with the reliability table under `bins`."""
        found: dict[str, Any] = {
            "by": self.place.by,
            "stratum": self.place.stratum or None,
            "title": self.place.title,
            "group": self.group,
            "n": self.figures.n,
            "events": self.figures.events,
            "sd": self.figures.sd,
            "small": self.small,
            "percentiles": dict(
                zip((f"p{p}" for p in PERCENTILES), self.figures.percentiles, strict=True)
            ),
            "bins": [each.as_json() for each in self.figures.bins],
            "ks_p": self.distance.ks_p if self.distance else None,
            "ks_p_holm": self.ks_p_holm,
            "auc_se": self.figures.ranked.standard_error if self.figures.ranked else None,
            "auc_test": None,
        }
        if self.auc_test:
            found["auc_test"] = {
                "z": self.auc_test.z,
                "p": self.auc_test.p,
                "p_holm": self.auc_p_holm,
            }
        for name, estimate in self.estimates.items():
            found |= estimate.as_json(name)
        return found


@dataclass(frozen=True)
class ScoreTable:
    """The groups of one column, or of all crossed, and the one that the others are held to."""

    place: Place
    reference: str
    groups: tuple[GroupScores, ...]

    def disparities(self) -> dict[str, Any]:
        """The largest difference of each compared measure from the reference, with its sign."""
        found: dict[str, Any] = {}
        for name in (*_COMPARED, "standardized_difference"):
            known = [
                each.estimates[name]
                for each in self.groups
                if each.group != self.reference and each.estimates[name].value is not None
            ]
            widest = max(known, key=lambda one: abs(one.value or 0.0), default=Estimate(None, None))
            found |= widest.as_json(name)
        return found


@dataclass(frozen=True)
class ScoreResult:
    """An audit of scores with everything needed to run it again."""

    request: ValueRequest
    limits: dict[str, str | int]
    data_digest: str
    seed: int
    n: int
    left: Left
    tables: tuple[ScoreTable, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    joined: LabelJoin | None = None

    @property
    def overall(self) -> tuple[ScoreTable, ...]:
        """Tables over all strata."""
        return tuple(table for table in self.tables if not table.place.stratum)

    def as_json(self) -> dict[str, Any]:
        """Return the document of the audit, without `audit_id` and `model`."""
        return {
            "outcome": "score",
            "filter": self.request.where,
            "n": self.n,
            "excluded": {
                "rows": self.left.rows,
                "label_missing": self.left.label_missing,
                "prediction_missing": self.left.value_missing,
            },
            "unknown": sum(
                group.figures.n for group in self.overall[-1].groups if not is_known(group.group)
            ),
            "label_join": self.joined.as_json() if self.joined else None,
            "seed": self.seed,
            "draws": DRAWS,
            "intervals": METHOD,
            "significance": significance(self.request.label),
            "data_digest": self.data_digest,
            "by": list(self.request.by),
            "control": list(self.request.control),
            "label": self.request.label,
            "prediction": self.request.value,
            "positive": self.request.positive,
            "thresholds": self.limits,
            "groups": [group.as_json() for table in self.tables for group in table.groups],
            "disparities": self.overall[-1].disparities(),
            "disparities_by": [
                {
                    "by": table.place.by,
                    "stratum": table.place.stratum or None,
                    "title": table.place.title,
                    "reference": table.reference,
                    **table.disparities(),
                }
                for table in self.tables
            ],
            "verdict": self.verdict,
            "reasons": list(self.reasons),
        }


def audit_scores(
    files: Files,
    request: ValueRequest,
    thresholds: Thresholds,
    data_digest: str,
    seed: int,
) -> ScoreResult:
    """Audit scores in files for differences between groups.

    Raises InvalidInput for what cannot be measured (see `measured`, `left_out` and `tabled`), and
    for a reference group that does not exist.
    """
    labelled = request.label is not None
    minimum = thresholds.fairness.minimum_cell.value
    with measured(files, request, "event" if labelled else "none") as source:
        left = left_out(source, request)
        tables = []
        with closing(every_table(source, request)) as every:
            for place, valued in enumerate(every):
                generator = np.random.Generator(np.random.PCG64([seed, place]))
                tables.append(_table(valued, request, generator, minimum))
        n = sum(group.figures.n for group in tables[0].groups)
    held = [table for table in tables if deciding(table.place, request)]
    verdict, reasons = conclude(
        [one for table in held for one in _judged(table, thresholds, labelled=labelled)],
        [*_notes(held, minimum, labelled=labelled), *about_strata(request)],
    )
    limits = thresholds.scores.figures() | {"minimum_cell": minimum}
    return ScoreResult(
        request=request,
        limits=limits,
        data_digest=data_digest,
        seed=seed,
        n=n,
        left=left,
        tables=tuple(tables),
        verdict=verdict,
        reasons=reasons,
        joined=source.joined,
    )


def _table(
    valued: Valued, request: ValueRequest, generator: np.random.Generator, minimum: int
) -> ScoreTable:
    tally(valued)
    span = scale(valued)
    reference = valued.reference(request)
    found = figures(valued, span, labelled=request.label is not None)
    grids = gather(valued, span)
    # The reference is drawn first, and each draw is measured before the next group's is made.
    base = draw(grids[reference], generator)
    groups = []
    for group in valued.groups:
        own = base if group == reference else draw(grids[group], generator)
        apart = None if group == reference else distance(valued, span, group, reference)
        estimates = {
            name: interval(getattr(found[group], name), own.measures[name]) for name in _MEASURED
        }
        estimates["auc"] = _auc(found[group], own)
        estimates |= _against(found[group], found[reference], own, base, apart)
        tested = _auc_test(found[group], found[reference]) if apart else None
        small = valued.groups[group] < minimum
        one = GroupScores(valued.place, group, found[group], estimates, apart, small, tested)
        groups.append(one)
    apart_p = holm_of_defined([each.distance.ks_p if each.distance else None for each in groups])
    auc_p = holm_of_defined([each.auc_test.p if each.auc_test else None for each in groups])
    corrected = zip(groups, apart_p, auc_p, strict=True)
    held = (replace(each, ks_p_holm=ks, auc_p_holm=auc) for each, ks, auc in corrected)
    return ScoreTable(valued.place, reference, tuple(held))


def significance(label: str | None) -> str:
    """By which tests groups are held against the reference; AUCs need to know what turned out."""
    if label is None:
        return f"{_DISTRIBUTIONS}; {_CORRECTED}"
    return f"{TEST}; {_DISTRIBUTIONS}; {_CORRECTED}, each test by itself"


def _auc_test(own: ScoreFigures, other: ScoreFigures) -> AucTest | None:
    return auc_test(own.ranked, other.ranked) if own.ranked and other.ranked else None


def _auc(own: ScoreFigures, drawn: Drawn) -> Estimate:
    """A group's AUC; one of 0 or 1 is the same in every draw, as if it were certain."""
    resampled = interval(own.auc, drawn.measures["auc"])
    return unspread(own.ranked, resampled) if own.ranked else resampled


def _against(
    own: ScoreFigures, other: ScoreFigures, drawn: Drawn, base: Drawn, apart: Distance | None
) -> dict[str, Estimate]:
    if apart is None:
        none = Estimate(None, None)
        names = ("ks", "wasserstein", *_COMPARED, *_BESIDE, "standardized_difference")
        return dict.fromkeys(names, none)
    draws = drawn.against(base)
    pairs = {name: (getattr(own, name), getattr(other, name)) for name in _MEASURED}
    found = {
        "ks": interval(apart.ks, draws["ks"]),
        "wasserstein": interval(apart.wasserstein, draws["wasserstein"]),
        "standardized_difference": standardized_difference(
            (own.n, own.mean, own.sd), (other.n, other.mean, other.sd)
        ),
    }
    for name in (*_COMPARED, *_BESIDE):
        measure, _, kind = name.rpartition("_")
        mine, theirs = pairs[measure]
        value = None
        if mine is not None and theirs is not None:
            value = mine - theirs if kind == "difference" else _over(mine, theirs)
        found[name] = interval(value, draws[name])
    if {own.auc, other.auc} & {0.0, 1.0}:
        aucs = _auc(own, drawn), _auc(other, base)
        found |= {"auc_difference": difference_of(*aucs), "auc_ratio": ratio_of(*aucs)}
    return found


def _over(own: float, other: float) -> float | None:
    """A ratio; undefined unless both are positive."""
    return own / other if own > 0 and other > 0 else None


def _judged(table: ScoreTable, thresholds: Thresholds, *, labelled: bool) -> Iterator[Judgement]:
    limits = thresholds.scores
    held = {
        "auc_difference": ("AUC", limits.auc_difference_max.value),
        "calibration_in_the_large_difference": (
            "Calibration in the large",
            limits.calibration_difference_max.value,
        ),
    }
    if not labelled:
        held = {
            "standardized_difference": (
                "Mean score in standard deviations",
                limits.standardized_difference_max.value,
            )
        }
    aside = {each.group for each in table.groups if each.small or not is_known(each.group)}
    for group in table.groups:
        if group.group == table.reference or {group.group, table.reference} & aside:
            continue
        for name, (title, limit) in held.items():
            if name.startswith("calibration") and group.figures.brier is None:
                continue
            sentence = (
                f"{title} of {group.group} minus that of {table.reference} (by {table.place.title})"
            )
            yield near_zero(sentence, group.estimates[name], limit)


def _notes(tables: Sequence[ScoreTable], minimum: int, *, labelled: bool) -> Iterator[str]:
    for table in tables:
        yield from set_aside(
            table.place.title, {group.group: group.figures.n for group in table.groups}, minimum
        )
    if not labelled:
        yield "No label was given, so only how the scores are distributed was judged."
    elif tables[0].groups[0].figures.brier is None:
        yield "Not every score lies between 0 and 1, so calibration was not measured."
