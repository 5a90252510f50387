"""What is recorded of an audit was computed twice, and differs nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ledger.errors import CheckFailed
from policies.fairness.audit import audit_fairness
from policies.fairness.bootstrap import Estimate
from policies.fairness.counts import FairnessRequest
from policies.fairness.result import FairnessResult, TableResult
from policies.fairness.second_opinion import hold_to_fairlearn, second_opinion
from policies.thresholds import parse_thresholds, shipped_text

ROWS = "sex,approved,repaid\n" + "f,1,1\nf,0,1\nm,1,1\nm,1,0\nm,0,0\n" * 20
CELLS = np.array([[[0.0, 0.0], [20.0, 20.0]], [[20.0, 20.0], [0.0, 20.0]]])


def audited(folder: Path) -> FairnessResult:
    """An audit of a hundred rows, of which no woman failed to repay."""
    file = folder / "rows.csv"
    file.write_text(ROWS)
    request = FairnessRequest(prediction="approved", by=("sex",), label="repaid")
    return audit_fairness(
        [file], request, parse_thresholds(shipped_text()).fairness, "0" * 64, None
    )


def with_rate(table: TableResult, name: str, value: float | None) -> TableResult:
    """The table with one rate of its first group changed."""
    first, *others = table.groups
    changed = replace(first.measures[name], estimate=Estimate(value, None))
    measures = {**first.measures, name: changed}
    return replace(table, groups=(replace(first, measures=measures), *others))


def test_an_audit_names_who_gave_the_second_opinion(tmp_path: Path) -> None:
    """If it failed, a reader could not tell that the rates were computed twice, and by what."""
    assert audited(tmp_path).as_json()["checked_with"] == second_opinion()
    assert second_opinion().startswith("fairlearn 0.")


@pytest.mark.parametrize("name", ["selection_rate", "tpr", "fpr", "precision", "accuracy"])
@pytest.mark.parametrize("value", [0.123, None])
def test_a_wrong_rate_is_not_recorded(tmp_path: Path, name: str, value: float | None) -> None:
    """If it failed, a mistake in our own counting would stand in the record as a finding."""
    (table,) = audited(tmp_path).tables
    hold_to_fairlearn(table, CELLS)
    if value is None and table.groups[0].measures[name].estimate.value is None:
        value = 0.5
    with pytest.raises(CheckFailed, match=name):
        hold_to_fairlearn(with_rate(table, name, value), CELLS)


def test_a_difference_in_the_last_digit_is_none(tmp_path: Path) -> None:
    """If it failed, rounding would stop sound audits."""
    (table,) = audited(tmp_path).tables
    hold_to_fairlearn(with_rate(table, "selection_rate", 0.5 + 1e-15), CELLS)
