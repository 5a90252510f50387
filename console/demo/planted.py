"""What is planted in the sample decisions, and whether an audit found exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import sample_data

SAMPLES = Path(sample_data.__file__).parent
BY = ("sex", "age_band")

_RATIO = "its impact ratio"
_DISPARITIES = ("demographic_parity_difference", "equalized_odds_difference")
_COUNTS = ("n", "tp", "fp", "tn", "fn")


@dataclass(frozen=True)
class Figure:
    """A measure as `planted.yaml` states it and as an audit found it, both to 6 places."""

    name: str
    planted: str
    found: str


@dataclass(frozen=True)
class Comparison:
    """One audit by sex and age band held against what is planted.

    The last figure counts the groups audited, and those whose rows and outcomes (true and false
    positives and negatives) are all as planted.
    """

    figures: tuple[Figure, ...]

    @property
    def impact_ratio(self) -> Figure:
        """The lowest impact ratio."""
        return next(figure for figure in self.figures if figure.name == _RATIO)


def deducted() -> dict[str, int]:
    """Points that version 2.1.0 takes off the score of women, by age band."""
    return dict(_stated()["deducted_from_women_by_version_2_1_0"])


def compare(document: dict[str, Any]) -> Comparison:
    """Hold an audit's document against the audit with the same filter in `planted.yaml`."""
    by = ",".join(BY)
    planted = next(
        audit
        for audit in _stated()["credit_decisions.csv"]["audits"]
        if audit["filter"] == document["filter"] and audit["by"] == by
    )
    groups = {row["group"]: row for row in document["groups"] if row["by"] == by}
    lowest = min(groups.values(), key=lambda row: float(row["impact_ratio"]))
    equal = [
        name
        for name, counts in planted["groups"].items()
        if name in groups and all(groups[name][each] == counts[each] for each in _COUNTS)
    ]
    outcomes = Figure("groups whose counts are equal", str(len(groups)), str(len(equal)))
    return Comparison((*_figures(planted, lowest, document["disparities"]), outcomes))


def _figures(
    planted: dict[str, Any], lowest: dict[str, Any], found: dict[str, Any]
) -> Iterator[Figure]:
    yield Figure("lowest group", planted["lowest"], lowest["group"])
    yield Figure(_RATIO, planted["impact_ratio"], f"{lowest['impact_ratio']:.6f}")
    for name in _DISPARITIES:
        yield Figure(name.replace("_", " "), planted[name], f"{found[name]:.6f}")


def _stated() -> dict[str, Any]:
    stated: dict[str, Any] = yaml.safe_load((SAMPLES / "planted.yaml").read_text())
    return stated
