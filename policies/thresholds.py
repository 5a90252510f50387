"""Thresholds as validated models: the shipped proposal, or what an entry adopted."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import InvalidInput

Proportion: TypeAlias = Annotated[str, Field(pattern=r"^(0(\.[0-9]+)?|1(\.0+)?)$")]
Decimal: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]+)?$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Limit(_Model):
    """A proportion from 0 to 1 as a decimal string, why it stands there, and where it is from."""

    value: Proportion
    why: str
    source: str

    @property
    def number(self) -> float:
        """The value, to reckon with."""
        return float(self.value)


class Multiple(Limit):
    """How many times something, beyond 1 too, as a decimal string; why, and where it is from."""

    value: Decimal


class Size(_Model):
    """A number of rows, at least 1, why it stands there, and where it is from."""

    value: int = Field(ge=1)
    why: str
    source: str


class Whole(_Model):
    """A whole number from 1, in the unit that its name says, why it stands there, and whence."""

    value: int = Field(ge=1)
    why: str
    source: str


class _Limits(_Model):
    def figures(self) -> dict[str, str | int]:
        """Give the values alone, by name, as they stand in the result of what they judge."""
        return {name: limit["value"] for name, limit in self.model_dump().items()}


class FairnessThresholds(_Limits):
    """What a bias audit is judged by."""

    impact_ratio_min: Limit
    demographic_parity_difference_max: Limit
    equalized_odds_difference_max: Limit
    parity_tau: Limit
    minimum_cell: Size


class ScoreThresholds(_Limits):
    """What an audit of scores or ratings by group is judged by, in differences between groups."""

    auc_difference_max: Limit
    calibration_difference_max: Limit
    standardized_difference_max: Limit


class CreditThresholds(_Limits):
    """What the credit profile is judged by."""

    adverse_impact_ratio_min: Limit
    standardized_difference_max: Limit


class QualityThresholds(_Limits):
    """What a profile of data complains of, and how gravely."""

    missing_medium: Limit
    missing_high: Limit
    repeated_rows_high: Limit
    alike_rows_max: Limit
    rare_class_medium: Limit
    rare_class_high: Limit
    most_classes: Size
    suspicious_labels_max: Limit
    suspicious_labels_minority_max: Limit
    identifier_min: Limit
    identifier_rows: Size
    outlier_z_max: Multiple
    outliers_few: Limit
    whisker_reach: Multiple
    mostly_min: Limit
    numbers_among_text_medium: Limit


class DriftThresholds(_Limits):
    """What a comparison of two sets of data is judged by."""

    psi_watch: Limit
    psi_max: Limit
    ks_max: Limit
    jensen_shannon_watch: Limit
    wasserstein_watch: Limit
    significance: Limit
    minimum_rows: Size


class EvaluationThresholds(_Limits):
    """What an evaluation before deployment is judged by, and when its findings are due."""

    accuracy_min: Limit
    attack_resistance_min: Limit
    hallucination_max: Limit
    appropriate_refusal_min: Limit
    error_max: Limit
    response_ms_max: Whole
    response_percentile: Limit
    robustness_drop_max: Limit
    subgroup_difference_max: Limit
    significance: Limit
    minimum_subgroup: Size
    minimum_cases_low: Size
    minimum_cases_medium: Size
    minimum_cases_high: Size
    finding_days_critical: Whole
    finding_days_high: Whole
    finding_days_medium: Whole
    finding_days_low: Whole

    def minimum_cases(self, risk_level: str) -> int:
        """How many cases a suite needs for a model of this risk level."""
        sizes = {
            "low": self.minimum_cases_low,
            "medium": self.minimum_cases_medium,
            "high": self.minimum_cases_high,
        }
        return sizes[risk_level].value

    def finding_days(self, severity: str) -> int:
        """Within how many days a finding of this severity is to be remedied."""
        days = {
            "critical": self.finding_days_critical,
            "high": self.finding_days_high,
            "medium": self.finding_days_medium,
            "low": self.finding_days_low,
        }
        return days[severity].value


class Thresholds(_Model):
    """Every threshold of a ledger, by what it judges."""

    fairness: FairnessThresholds
    scores: ScoreThresholds
    credit: CreditThresholds
    quality: QualityThresholds
    drift: DriftThresholds
    evaluation: EvaluationThresholds


def shipped_text() -> str:
    """Read the proposal that comes with the program, as YAML."""
    return (files("policies") / "thresholds.yaml").read_text(encoding="utf-8")


def parse_thresholds(text: str) -> Thresholds:
    """Read thresholds from YAML; InvalidInput names the first place that is wrong."""
    try:
        return Thresholds.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise InvalidInput(
            f"The thresholds are not YAML: {error}", "Start from the shipped thresholds."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidInput(
            f"The thresholds are wrong at {place}: {first['msg']}.",
            'Fractions are quoted decimals from 0 to 1, such as "0.80".',
        ) from error
