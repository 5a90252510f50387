"""Thresholds as validated models: the shipped proposal, or what an entry adopted."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import InvalidInput

Proportion: TypeAlias = Annotated[str, Field(pattern=r"^(0(\.[0-9]+)?|1(\.0+)?)$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Limit(_Model):
    """A proportion from 0 to 1 as a decimal string, why it stands there, and where it is from."""

    value: Proportion
    why: str
    source: str


class Size(_Model):
    """A number of rows, at least 1, why it stands there, and where it is from."""

    value: int = Field(ge=1)
    why: str
    source: str


class FairnessThresholds(_Model):
    """What a bias audit is judged by."""

    impact_ratio_min: Limit
    demographic_parity_difference_max: Limit
    equalized_odds_difference_max: Limit
    minimum_cell: Size

    def figures(self) -> dict[str, str | int]:
        """Give the values alone, by name, as they stand in an audit's result."""
        return {
            "impact_ratio_min": self.impact_ratio_min.value,
            "demographic_parity_difference_max": self.demographic_parity_difference_max.value,
            "equalized_odds_difference_max": self.equalized_odds_difference_max.value,
            "minimum_cell": self.minimum_cell.value,
        }


class Thresholds(_Model):
    """Every threshold of a ledger, by what it judges."""

    fairness: FairnessThresholds


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
