"""What an audit found: groups, comparisons of groups, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from policies.fairness.bootstrap import Estimate
from policies.fairness.counts import Excluded, FairnessRequest
from policies.fairness.labelling import LabelJoin
from policies.fairness.significance import RULE, Significance
from policies.fairness.simultaneous import NEARER_ENDS
from policies.fairness.strata import Pooled
from policies.thresholds import FairnessThresholds

Verdict: TypeAlias = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True)
class Outcomes:
    """How decisions turned out in a group, in rows; None without a label column."""

    tp: int
    fp: int
    tn: int
    fn: int


@dataclass(frozen=True)
class Place:
    """Which comparison a figure belongs to.

    `by` names the columns, joined by commas for an intersection; `class_name` the class held
    against the rest (None for a binary outcome), `macro` stands for the mean over the classes;
    `stratum` the values of the control columns (empty: all of them).
    """

    by: str
    class_name: str | None = None
    stratum: str = ""
    macro: bool = False

    @property
    def title(self) -> str:
        """`sex, for class A, where region=north`."""
        about = f", for class {self.class_name}" if self.class_name is not None else ""
        about = ", over all classes" if self.macro else about
        return f"{self.by}{about}{f', where {self.stratum}' if self.stratum else ''}"

    def as_json(self) -> dict[str, Any]:
        """`by`, `class` and `stratum`, null where there is none, and the title of it all."""
        return {
            "by": self.by,
            "class": self.class_name,
            "macro": self.macro,
            "stratum": self.stratum or None,
            "title": self.title,
        }


@dataclass(frozen=True)
class MeasureResult:
    """One measure of one group, and how it stands to the reference group.

    `numerator` of `denominator` rows where the measure is a share of rows (with weights the rows
    behind it), and then also Wilson's interval and the test; None elsewhere, with weights, and for
    the reference. `parity` says whether the ratio lies within tau and 1/tau.
    """

    estimate: Estimate
    ratio: Estimate
    difference: Estimate
    parity: bool | None
    numerator: int | None = None
    denominator: int | None = None
    wilson: tuple[float, float] | None = None
    test: Significance | None = None

    def as_json(self) -> dict[str, Any]:
        """Everything that belongs together, in one object."""
        return {
            **self.estimate.as_json("value"),
            "wilson": list(self.wilson) if self.wilson else None,
            "numerator": self.numerator,
            "denominator": self.denominator,
            **self.ratio.as_json("ratio"),
            **self.difference.as_json("difference"),
            "p_value": self.test.p_value if self.test else None,
            "p_holm": self.test.p_holm if self.test else None,
            "test": self.test.method if self.test else None,
            "parity": self.parity,
        }


@dataclass(frozen=True)
class GroupResult:
    """One group: its counts, its measures, and how it stands to the reference of its table.

    `group` names the categories, joined by commas for an intersection. `weight` is the sum of its
    weights. `small` says that it has fewer rows than the minimum and does not decide the verdict.
    `test` is that of its selection rate.
    """

    place: Place
    group: str
    n: int
    selected: int | None
    outcomes: Outcomes | None
    measures: Mapping[str, MeasureResult]
    impact_ratio: Estimate
    small: bool
    is_reference: bool
    weight: float | None = None

    @property
    def test(self) -> Significance | None:
        """The test of its selection rate against the reference; None for the reference."""
        return self.measures["selection_rate"].test

    def as_json(self) -> dict[str, Any]:
        """One object: measures flat, an interval beside each as `<measure>_ci`, then in full."""
        o, test = self.outcomes, self.test
        return {
            **self.place.as_json(),
            "group": self.group,
            "n": self.n,
            "weight": self.weight,
            "selected": self.selected,
            "tp": o.tp if o else None,
            "fp": o.fp if o else None,
            "tn": o.tn if o else None,
            "fn": o.fn if o else None,
            **_flat({name: one.estimate for name, one in self.measures.items()}),
            **self.impact_ratio.as_json("impact_ratio"),
            "p_value": test.p_value if test else None,
            "p_holm": test.p_holm if test else None,
            "test": test.method if test else None,
            "denominators": {name: one.denominator for name, one in self.measures.items()},
            "measures": {name: one.as_json() for name, one in self.measures.items()},
            "small": self.small,
            "is_reference": self.is_reference,
        }


@dataclass(frozen=True)
class Spread:
    """How far the groups of a table lie apart in one measure, and between whom.

    `lowest` and `highest` name a group and its value; None where the measure is defined in none.
    """

    difference: Estimate
    ratio: Estimate
    lowest: tuple[str, float] | None
    highest: tuple[str, float] | None

    def as_json(self) -> dict[str, Any]:
        """One flat object."""
        (low_group, low), (high_group, high) = (
            end or (None, None) for end in (self.lowest, self.highest)
        )
        return {
            **self.difference.as_json("difference"),
            **self.ratio.as_json("ratio"),
            "group_min": low,
            "group_max": high,
            "lowest": low_group,
            "highest": high_group,
        }


@dataclass(frozen=True)
class Comparison:
    """Groups held against each other and against `reference`.

    `impact_ratios` are selection rates over the reference's and follow the order of `groups`;
    `disparities` between all groups go by their names.
    """

    place: Place
    groups: tuple[str, ...]
    reference: str
    impact_ratios: tuple[Estimate, ...]
    disparities: Mapping[str, Estimate]

    def flat(self) -> dict[str, Any]:
        """Every disparity with its interval."""
        return _flat(self.disparities)

    def as_json(self) -> dict[str, Any]:
        """Give the reference, the groups with their impact ratios, and the disparities."""
        return {
            "reference": self.reference,
            "groups": [
                {"group": group, **ratio.as_json("impact_ratio")}
                for group, ratio in zip(self.groups, self.impact_ratios, strict=True)
            ],
            **self.flat(),
        }


@dataclass(frozen=True)
class TableResult:
    """The groups of one column, or of all columns crossed.

    `compared` holds every group against every other; `judged` only those of at least the minimum
    size, which decide the verdict (None if there are fewer than two, or if the reference that was
    asked for is smaller). `overall` has the measures of all rows together, `to_overall` the
    disparities from them, `spreads` how far all groups lie apart in each measure.
    """

    place: Place
    groups: tuple[GroupResult, ...]
    compared: Comparison
    judged: Comparison | None
    overall: Mapping[str, Estimate]
    to_overall: Mapping[str, Estimate]
    spreads: Mapping[str, Spread]

    def as_json(self) -> dict[str, Any]:
        """Give the disparities of the table, and those of its judged groups."""
        return {
            **self.place.as_json(),
            "reference": self.compared.reference,
            **self.compared.flat(),
            "overall": _flat(self.overall),
            "to_overall": _flat(self.to_overall),
            "measures": {name: one.as_json() for name, one in self.spreads.items()},
            "judged": self.judged.as_json() if self.judged else None,
        }


@dataclass(frozen=True)
class FairnessResult:
    """A bias audit from data to verdict, with everything needed to run it again.

    `n` counts the rows measured, `unknown` those of them that are of an unknown category in any
    column; `excluded` the rows that passed the filter without a label, a prediction or a weight.
    `tables` has one table a column, then their intersection if there are
    several; the same within each stratum of the control columns; the same for each class and last
    for their mean. `checked_with` names what gave a second opinion on their rates. `pooled` has
    the tests over all strata, `joined` what is known of labels from outcome logs. `more` is what
    other measures of the same rows add to the document.
    """

    request: FairnessRequest
    thresholds: FairnessThresholds
    data_digest: str
    seed: int
    draws: int
    n: int
    unknown: int
    excluded: Excluded
    tables: tuple[TableResult, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    checked_with: str
    classes: tuple[str, ...] = ()
    pooled: tuple[Pooled, ...] = ()
    joined: LabelJoin | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def intervals(self) -> str:
        """How the intervals were computed."""
        draws = f"multinomial resampling of the counts, {self.draws:,} draws"
        of_rates = "rates, " if self.request.weight else "rates by Wilson, "
        return f"95 %: {of_rates}ratios, differences and disparities by {draws}; {NEARER_ENDS}"

    @property
    def overall(self) -> tuple[TableResult, ...]:
        """Tables over all strata; of several classes only their mean."""
        found = [table for table in self.tables if not table.place.stratum]
        return tuple(found[-len(found) // (len(self.classes) + 1) :] if self.classes else found)

    def as_json(self) -> dict[str, Any]:
        """Return the document of `audit fairness --json`, without `audit_id` and `model`.

        `disparities` are those of the last table over all strata: of the one column, or of the
        intersection, which is what fairlearn gives for several sensitive features; of several
        classes those of their mean. `disparities_by` has all.
        """
        request, excluded = self.request, self.excluded
        return {
            "filter": request.where,
            "n": self.n,
            "excluded": {
                "rows": excluded.rows,
                "label_missing": excluded.label_missing,
                "prediction_missing": excluded.prediction_missing,
                "weight_missing": excluded.weight_missing,
            },
            "unknown": self.unknown,
            "label_join": self.joined.as_json() if self.joined else None,
            "seed": self.seed,
            "draws": self.draws,
            "intervals": self.intervals,
            "checked_with": self.checked_with,
            "data_digest": self.data_digest,
            "outcome": request.outcome,
            "by": list(request.by),
            "label": request.label,
            "prediction": request.prediction,
            "positive": request.positive,
            "cutoff": request.cutoff,
            "weight": request.weight,
            "control": list(request.control),
            "reference": request.reference,
            "classes": list(self.classes),
            "thresholds": self.thresholds.figures(),
            "significance": None if request.weight else RULE,
            "groups": [group.as_json() for table in self.tables for group in table.groups],
            "disparities": self.overall[-1].compared.flat(),
            "disparities_by": [table.as_json() for table in self.tables],
            "pooled": [one.as_json() for one in self.pooled],
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            **self.more,
        }


def _flat(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, estimate in estimates.items():
        found |= estimate.as_json(name)
    return found
