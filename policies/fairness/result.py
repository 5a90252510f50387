"""What an audit found: groups, comparisons of groups, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from policies.fairness.bootstrap import Estimate
from policies.fairness.counts import Excluded, FairnessRequest
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
class GroupResult:
    """One group: its counts, its rates, and how it stands to the highest group of its table.

    `by` and `group` name columns and categories, joined by commas for an intersection. `small`
    says that it has fewer rows than the minimum and does not decide the verdict. `p_value` is
    that of Fisher's exact test against the table's reference group; None for the reference.
    """

    by: str
    group: str
    n: int
    selected: int
    outcomes: Outcomes | None
    selection_rate: Estimate
    tpr: Estimate
    fpr: Estimate
    precision: Estimate
    accuracy: Estimate
    impact_ratio: Estimate
    p_value: float | None
    small: bool

    def denominators(self) -> dict[str, int | None]:
        """Give the number of rows below each rate's line."""
        o = self.outcomes
        return {
            "selection_rate": self.n,
            "tpr": o.tp + o.fn if o else None,
            "fpr": o.fp + o.tn if o else None,
            "precision": o.tp + o.fp if o else None,
            "accuracy": self.n if o else None,
        }

    def as_json(self) -> dict[str, Any]:
        """One flat object; an interval stands beside its measure as `<measure>_ci`."""
        o = self.outcomes
        return {
            "by": self.by,
            "group": self.group,
            "n": self.n,
            "selected": self.selected,
            "tp": o.tp if o else None,
            "fp": o.fp if o else None,
            "tn": o.tn if o else None,
            "fn": o.fn if o else None,
            **self.selection_rate.as_json("selection_rate"),
            **self.tpr.as_json("tpr"),
            **self.fpr.as_json("fpr"),
            **self.precision.as_json("precision"),
            **self.accuracy.as_json("accuracy"),
            **self.impact_ratio.as_json("impact_ratio"),
            "p_value": self.p_value,
            "denominators": self.denominators(),
            "small": self.small,
        }


@dataclass(frozen=True)
class Comparison:
    """Groups held against each other; `reference` is the one with the highest selection rate.

    `impact_ratios` follows the order of `groups`.
    """

    by: str
    groups: tuple[str, ...]
    reference: str
    impact_ratios: tuple[Estimate, ...]
    demographic_parity_difference: Estimate
    demographic_parity_ratio: Estimate
    equalized_odds_difference: Estimate
    equalized_odds_ratio: Estimate

    def disparities(self) -> dict[str, Any]:
        """Give the four disparities with their intervals."""
        return {
            **self.demographic_parity_difference.as_json("demographic_parity_difference"),
            **self.demographic_parity_ratio.as_json("demographic_parity_ratio"),
            **self.equalized_odds_difference.as_json("equalized_odds_difference"),
            **self.equalized_odds_ratio.as_json("equalized_odds_ratio"),
        }

    def as_json(self) -> dict[str, Any]:
        """Give the reference, the groups with their impact ratios, and the disparities."""
        return {
            "reference": self.reference,
            "groups": [
                {"group": group, **ratio.as_json("impact_ratio")}
                for group, ratio in zip(self.groups, self.impact_ratios, strict=True)
            ],
            **self.disparities(),
        }


@dataclass(frozen=True)
class TableResult:
    """The groups of one column, or of all columns crossed.

    `compared` holds every group against every other; `judged` only those of at least the minimum
    size, which decide the verdict (None if there are fewer than two).
    """

    by: str
    groups: tuple[GroupResult, ...]
    compared: Comparison
    judged: Comparison | None

    def as_json(self) -> dict[str, Any]:
        """Give the disparities of the table, and those of its judged groups."""
        return {
            "by": self.by,
            "reference": self.compared.reference,
            **self.compared.disparities(),
            "judged": self.judged.as_json() if self.judged else None,
        }


@dataclass(frozen=True)
class FairnessResult:
    """A bias audit from data to verdict, with everything needed to run it again.

    `n` counts the rows measured; `excluded` those that passed the filter without a label or a
    prediction. `tables` has one table a column, then their intersection if there are several.
    """

    request: FairnessRequest
    thresholds: FairnessThresholds
    data_digest: str
    seed: int
    draws: int
    n: int
    excluded: Excluded
    tables: tuple[TableResult, ...]
    verdict: Verdict
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the document of `audit fairness --json`, without `audit_id` and `model`.

        `disparities` are those of the last table: of the one column, or of the intersection,
        which is what fairlearn gives for several sensitive features. `disparities_by` has all.
        """
        return {
            "filter": self.request.where,
            "n": self.n,
            "excluded": {
                "rows": self.excluded.rows,
                "label_missing": self.excluded.label_missing,
                "prediction_missing": self.excluded.prediction_missing,
            },
            "seed": self.seed,
            "draws": self.draws,
            "data_digest": self.data_digest,
            "by": list(self.request.by),
            "label": self.request.label,
            "prediction": self.request.prediction,
            "positive": self.request.positive,
            "thresholds": self.thresholds.figures(),
            "groups": [group.as_json() for table in self.tables for group in table.groups],
            "disparities": self.tables[-1].compared.disparities(),
            "disparities_by": [table.as_json() for table in self.tables],
            "verdict": self.verdict,
            "reasons": list(self.reasons),
        }
