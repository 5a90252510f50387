"""The audit of ratings by group: from files to errors, means, differences and a verdict.

Where the outcome is known, groups are judged by how differently the model errs about them;
without it, only by how far their mean predictions lie apart. Both are judged as standardized
differences, so that a limit does not depend on the rating's unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from policies.fairness.bootstrap import Estimate
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
from policies.fairness.regression import METHOD, Contrast, RatingFigures, contrast, rating_figures
from policies.fairness.result import Place, Verdict
from policies.fairness.significance import holm_of_defined
from policies.fairness.values import is_known
from policies.thresholds import Thresholds

_COMPARED = (
    "mean_prediction_difference",
    "mean_error_difference",
    "standardized_difference",
    "standardized_error_difference",
)
SIGNIFICANCE = (
    "Welch's t test of mean predictions and of mean errors, two-sided; Holm's correction over the "
    "groups of a table, each measure by itself"
)
_NOTHING = Estimate(None, None)


@dataclass(frozen=True)
class GroupRatings:
    """One group of one table; `contrast` is None for the reference.

    `p_holm` are the p-values of its tests of predictions and of errors, corrected.
    """

    place: Place
    group: str
    figures: RatingFigures
    contrast: Contrast | None
    small: bool
    p_holm: tuple[float | None, float | None] = (None, None)

    def compared(self) -> dict[str, Estimate]:
        """What holds the group against the reference, by name; undefined for the reference."""
        against = self.contrast
        if against is None:
            return dict.fromkeys((*_COMPARED, "mean_ratio"), _NOTHING)
        return {
            "mean_prediction_difference": against.prediction.difference,
            "mean_error_difference": against.error.difference if against.error else _NOTHING,
            "standardized_difference": against.standardized_difference,
            "standardized_error_difference": against.standardized_error_difference,
            "mean_ratio": against.mean_ratio,
        }

    def as_json(self) -> dict[str, Any]:
        """One flat object; Welch's statistic, degrees of freedom and p's under `<what>_test`."""
        found: dict[str, Any] = {
            "by": self.place.by,
            "stratum": self.place.stratum or None,
            "title": self.place.title,
            "group": self.group,
            "n": self.figures.n,
            "sd_prediction": self.figures.prediction[2],
            "sd_outcome": self.figures.outcome[2] if self.figures.outcome else None,
            "small": self.small,
        }
        for name, estimate in (self.figures.estimates() | self.compared()).items():
            found |= estimate.as_json(name)
        against = self.contrast
        tests = (against.prediction, against.error) if against else (None, None)
        names = ("prediction_test", "error_test")
        for name, test, corrected in zip(names, tests, self.p_holm, strict=True):
            found[name] = None
            if test:
                found[name] = {"t": test.t, "df": test.df, "p": test.p, "p_holm": corrected}
        return found


@dataclass(frozen=True)
class RatingTable:
    """The groups of one column, or of all crossed, and the one that the others are held to."""

    place: Place
    reference: str
    groups: tuple[GroupRatings, ...]

    def disparities(self) -> dict[str, Any]:
        """The largest difference of each kind from the reference, with its sign."""
        found: dict[str, Any] = {}
        for name in _COMPARED:
            known = [group.compared()[name] for group in self.groups]
            known = [estimate for estimate in known if estimate.value is not None]
            widest = max(known, key=lambda one: abs(one.value or 0.0), default=_NOTHING)
            found |= widest.as_json(name)
        return found


@dataclass(frozen=True)
class RatingResult:
    """An audit of ratings with everything needed to run it again."""

    request: ValueRequest
    limits: dict[str, str | int]
    data_digest: str
    n: int
    left: Left
    tables: tuple[RatingTable, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    joined: LabelJoin | None = None

    @property
    def overall(self) -> tuple[RatingTable, ...]:
        """Tables over all strata."""
        return tuple(table for table in self.tables if not table.place.stratum)

    def as_json(self) -> dict[str, Any]:
        """Return the document of the audit, without `audit_id` and `model`."""
        return {
            "outcome": "rating",
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
            "seed": 0,
            "draws": 0,
            "intervals": METHOD,
            "significance": SIGNIFICANCE,
            "data_digest": self.data_digest,
            "by": list(self.request.by),
            "control": list(self.request.control),
            "label": self.request.label,
            "prediction": self.request.value,
            "positive": None,
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


def audit_ratings(
    files: Files, request: ValueRequest, thresholds: Thresholds, data_digest: str
) -> RatingResult:
    """Audit numeric predictions in files for differences between groups.

    Raises InvalidInput for what cannot be measured (see `measured`, `left_out` and `tabled`), and
    for a reference group that does not exist.
    """
    labelled = request.label is not None
    minimum = thresholds.fairness.minimum_cell.value
    with measured(files, request, "number" if labelled else "none") as source:
        left = left_out(source, request)
        with closing(every_table(source, request)) as every:
            tables = [_table(valued, request, minimum) for valued in every]
    limit = thresholds.scores.standardized_difference_max.value
    held = [table for table in tables if deciding(table.place, request)]
    judged = [one for table in held for one in _judged(table, limit, labelled=labelled)]
    notes = [*_notes(held, minimum, labelled=labelled), *about_strata(request)]
    verdict, reasons = conclude(judged, notes)
    return RatingResult(
        request=request,
        limits={"standardized_difference_max": limit, "minimum_cell": minimum},
        data_digest=data_digest,
        n=sum(group.figures.n for group in tables[0].groups),
        left=left,
        tables=tuple(tables),
        verdict=verdict,
        reasons=reasons,
        joined=source.joined,
    )


def _table(valued: Valued, request: ValueRequest, minimum: int) -> RatingTable:
    found = rating_figures(valued, labelled=request.label is not None)
    reference = valued.reference(request)
    groups = [
        GroupRatings(
            place=valued.place,
            group=group,
            figures=found[group],
            contrast=None if group == reference else contrast(found[group], found[reference]),
            small=n < minimum,
        )
        for group, n in valued.groups.items()
    ]
    contrasts = [each.contrast for each in groups]
    corrected = zip(
        holm_of_defined([each.prediction.p if each else None for each in contrasts]),
        holm_of_defined([each.error.p if each and each.error else None for each in contrasts]),
        strict=True,
    )
    held = tuple(replace(each, p_holm=p) for each, p in zip(groups, corrected, strict=True))
    return RatingTable(valued.place, reference, held)


def _judged(table: RatingTable, limit: str, *, labelled: bool) -> Iterator[Judgement]:
    name, what = (
        ("standardized_error_difference", "Mean error")
        if labelled
        else ("standardized_difference", "Mean prediction")
    )
    aside = {each.group for each in table.groups if each.small or not is_known(each.group)}
    for group in table.groups:
        if group.contrast is None or {group.group, table.reference} & aside:
            continue
        sentence = (
            f"{what} of {group.group} minus that of {table.reference}, in standard deviations "
            f"(by {table.place.title})"
        )
        yield near_zero(sentence, group.compared()[name], limit)


def _notes(tables: Sequence[RatingTable], minimum: int, *, labelled: bool) -> Iterator[str]:
    for table in tables:
        yield from set_aside(
            table.place.title, {group.group: group.figures.n for group in table.groups}, minimum
        )
    if not labelled:
        yield "No outcome was given, so only how far mean predictions lie apart was judged."
