"""What else an audit can be asked: a cut-off, weights, control attributes, a reference, a span."""

from __future__ import annotations

from datetime import UTC, datetime
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

from ledger.errors import InvalidInput
from policies.fairness.audit import audit_fairness
from policies.fairness.counts import count_rows
from policies.fairness.request import FairnessRequest, narrowed
from policies.fairness.result import FairnessResult, TableResult
from policies.thresholds import parse_thresholds, shipped_text

N = 4_000


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """Give decisions with two regions, scores and weights, as a file and as columns."""
    chance = np.random.Generator(np.random.PCG64(4))
    columns: dict[str, np.ndarray] = {
        "sex": chance.choice(["F", "M"], N),
        "region": chance.choice(["north", "south"], N, p=[0.3, 0.7]),
        "score": chance.normal(600, 50, N),
        "repaid": chance.integers(0, 2, N),
        "weight": chance.exponential(1.0, N),
    }
    columns["approved"] = (columns["score"] > 590).astype(np.int64)
    file = tmp_path_factory.mktemp("rows") / "d.parquet"
    pq.write_table(pa.table(columns), file)
    return file, columns


def audit(file: Path, **asked: Any) -> FairnessResult:
    """Audit by sex."""
    request = FairnessRequest(**{"prediction": "approved", "by": ("sex",), **asked})
    thresholds = parse_thresholds(shipped_text()).fairness
    return audit_fairness([file], request, thresholds, "0" * 64, None)


def value(table: TableResult, group: str, name: str) -> float | None:
    """One measure of one group."""
    return next(each for each in table.groups if each.group == group).measures[name].estimate.value


def test_from_the_cut_off_on_a_score_is_positive(
    rows: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    """If this failed, an audit of scores would be of another decision than is made with them."""
    file, columns = rows
    (table,) = audit(file, prediction="score", cutoff="600").tables
    for sex in "FM":
        expected = (columns["score"][columns["sex"] == sex] >= 600).mean()
        assert value(table, sex, "selection_rate") == pytest.approx(expected, abs=1e-12)
    text = tmp_path / "d.csv"
    text.write_text("sex,score\nF,0.5\nF,0.49\nM,nan\nM,inf\nM,none\nF,1\n", encoding="utf-8")
    counts = count_rows([text], FairnessRequest("score", ("sex",), cutoff="0.5"))
    assert counts.groups == (("F",),)
    assert counts.cells.tolist() == [[[1, 2]]]
    assert counts.excluded.prediction_missing == 3


def test_weights_are_summed_and_rows_still_counted(
    rows: tuple[Path, dict[str, np.ndarray]],
) -> None:
    """If this failed, survey weights would be ignored, lost, or taken for rows."""
    file, columns = rows
    found = audit(file, label="repaid", weight="weight")
    (table,) = found.tables
    expected = MetricFrame(
        metrics={"selection_rate": selection_rate, "tpr": true_positive_rate},
        y_true=columns["repaid"],
        y_pred=columns["approved"],
        sensitive_features=columns["sex"],
        sample_params={
            name: {"sample_weight": columns["weight"]} for name in ("selection_rate", "tpr")
        },
    ).by_group
    for group in table.groups:
        own = columns["sex"] == group.group
        assert group.n == own.sum()
        assert group.weight == pytest.approx(fsum(columns["weight"][own]), rel=1e-12)
        for name in expected:
            assert value(table, group.group, name) == pytest.approx(
                expected.loc[group.group, name], abs=1e-12
            )
        assert group.measures["tpr"].denominator == (own & (columns["repaid"] == 1)).sum()
        assert group.test is None
        assert group.measures["tpr"].wilson is None
    assert found.as_json()["significance"] is None
    assert "no test of significance" in found.reasons[-1]


def test_weights_that_are_none_are_refused_or_shown(tmp_path: Path) -> None:
    """If this failed, rows would vanish for want of a weight, or count against others."""
    file = tmp_path / "d.csv"
    file.write_text("sex,approved,w\nF,1,2\nF,0,\nM,1,x\nM,1,1.5\n", encoding="utf-8")
    counts = count_rows([file], FairnessRequest("approved", ("sex",), weight="w"))
    assert counts.excluded.weight_missing == counts.excluded.rows == 2
    assert counts.mass is not None
    assert counts.mass[:, 0].tolist() == [[0, 2], [0, 1.5]]
    file.write_text("sex,approved,w\nF,1,-2\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="negative"):
        count_rows([file], FairnessRequest("approved", ("sex",), weight="w"))


def test_control_attributes_compare_within_each_stratum_as_fairlearn_does(
    rows: tuple[Path, dict[str, np.ndarray]],
) -> None:
    """If this failed, conditional parity would be that of other strata than it names."""
    file, columns = rows
    found = audit(file, label="repaid", control=("region",))
    frame = MetricFrame(
        metrics={"selection_rate": selection_rate, "tpr": true_positive_rate},
        y_true=columns["repaid"],
        y_pred=columns["approved"],
        sensitive_features=columns["sex"],
        control_features=columns["region"],
    )
    assert [table.place.stratum for table in found.tables] == ["", "region=north", "region=south"]
    for table in found.tables[1:]:
        region = table.place.stratum.partition("=")[2]
        for name in ("selection_rate", "tpr"):
            for sex in "FM":
                expected = frame.by_group.loc[(region, sex), name]
                assert value(table, sex, name) == pytest.approx(expected, abs=1e-12)
        disparities = table.compared.disparities
        for name, metric in (
            ("demographic_parity", "selection_rate"),
            ("equal_opportunity", "tpr"),
        ):
            assert disparities[f"{name}_difference"].value == pytest.approx(
                frame.difference().loc[region, metric], abs=1e-12
            )
    (pooled,) = found.pooled
    assert (pooled.strata, pooled.n) == (2, N)
    assert found.as_json()["disparities"] == found.tables[0].compared.flat()


def test_the_strata_decide_and_not_their_sum(tmp_path: Path) -> None:
    """If this failed, a paradox of Simpson's would fail a model that is equal where it matters."""
    rows = [("F", "a", 1, 180), ("F", "a", 0, 720), ("F", "b", 1, 80), ("F", "b", 0, 20)]
    rows += [("M", "a", 1, 20), ("M", "a", 0, 80), ("M", "b", 1, 720), ("M", "b", 0, 180)]
    lines = [f"{s},{d},{p}" for s, d, p, n in rows for _ in range(n * 20)]
    file = tmp_path / "d.csv"
    file.write_text("\n".join(["sex,department,approved", *lines]), encoding="utf-8")
    assert audit(file).verdict == "fail"
    within = audit(file, control=("department",))
    assert within.verdict == "pass"
    assert any("over all strata did not decide" in reason for reason in within.reasons)
    assert within.tables[0].compared.disparities["demographic_parity_ratio"].value == 0.26 / 0.74
    (pooled,) = within.pooled
    assert pooled.odds_ratio == pytest.approx(1)
    assert pooled.p_value == pytest.approx(1)


THREE = ["a,1"] * 300 + ["a,0"] * 300 + ["b,1"] * 80 + ["b,0"] * 20 + ["c,1"] * 120 + ["c,0"] * 80


@pytest.mark.parametrize(
    ("reference", "group", "ratios"),
    [
        ("best", "b", {"a": 0.625, "b": 1.0, "c": 0.75}),
        ("largest", "a", {"a": 1.0, "b": 1.6, "c": 1.2}),
        ("sex=c", "c", {"a": 5 / 6, "b": 4 / 3, "c": 1.0}),
    ],
)
def test_groups_are_held_against_whom_one_asks(
    tmp_path: Path, reference: str, group: str, ratios: dict[str, float]
) -> None:
    """If this failed, ratios would be to another group than the one that is named."""
    file = tmp_path / "d.csv"
    file.write_text("\n".join(["sex,approved", *THREE]), encoding="utf-8")
    found = audit(file, reference=reference)
    (table,) = found.tables
    assert table.compared.reference == group
    assert {each.group: each.impact_ratio.value for each in table.groups} == pytest.approx(ratios)
    assert [each.group for each in table.groups if each.is_reference] == [group]
    for each in table.groups:
        measure = each.measures["selection_rate"]
        assert measure.ratio.value == pytest.approx(ratios[each.group])
        assert measure.parity == (0.8 <= ratios[each.group] <= 1.25)
        assert (each.test is None) == (each.group == group)
    assert found.verdict == "fail"


def test_a_group_that_fares_better_than_the_reference_fails_too(tmp_path: Path) -> None:
    """If this failed, choosing a disadvantaged group as reference would pass every model."""
    file = tmp_path / "d.csv"
    lines = ["a,1"] * 400 + ["a,0"] * 600 + ["b,1"] * 800 + ["b,0"] * 200
    file.write_text("\n".join(["sex,approved", *lines]), encoding="utf-8")
    found = audit(file, reference="sex=a")
    assert found.verdict == "fail"
    assert "above the maximum of 1.25 (1/0.80)" in found.reasons[0]


def test_a_reference_that_is_too_small_decides_nothing(tmp_path: Path) -> None:
    """If this failed, three people would be what thousands are measured by."""
    file = tmp_path / "d.csv"
    lines = ["a,1"] * 50 + ["b,1"] * 50 + ["c,1", "c,0", "c,0"]
    file.write_text("\n".join(["sex,approved", *lines]), encoding="utf-8")
    found = audit(file, reference="sex=c")
    assert found.verdict == "inconclusive"
    assert found.reasons[0] == "By sex the reference c has fewer than 30 rows."


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"reference": "sex=X"}, "no group 'X'"),
        ({"reference": "age=old"}, "names no groups"),
        ({"reference": "men"}, "names no groups"),
        ({"control": ("sex",)}, "different columns"),
        ({"control": ("",)}, "different columns"),
        ({"control": ("district",)}, "no column 'district'"),
        ({"weight": "kilos"}, "no column 'kilos'"),
        ({"cutoff": "half"}, "cut-off"),
        ({"cutoff": "nan"}, "cut-off"),
        ({"cutoff": "0.5", "outcome": "multiclass"}, "cut-off"),
        ({"outcome": "rainbow"}, "outcome"),
    ],
)
def test_what_contradicts_itself_is_refused(
    rows: tuple[Path, dict[str, np.ndarray]], asked: dict[str, Any], told: str
) -> None:
    """If this failed, a slip would end in a traceback, or in an audit of something else."""
    with pytest.raises(InvalidInput, match=told):
        audit(rows[0], **asked)


def test_a_span_and_a_version_become_part_of_the_filter(tmp_path: Path) -> None:
    """If this failed, an audit could not be run again from the filter that it states."""
    march, april = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4))
    where = narrowed("score > 1 -- high\n", march, april, "o'2")
    assert where is not None
    lines = [
        "sex,approved,score,model_version,time",
        *("F,1,2,o'2,2026-03-01T00:00:00Z", "F,0,2,o'2,2026-03-31T23:59:59Z"),
        *("M,1,2,o'2,2026-04-01T00:00:00Z", "M,1,2,o'2,2026-02-28T23:59:59Z"),
        *("M,1,2,o1,2026-03-05T00:00:00Z", "M,1,1,o'2,2026-03-05T00:00:00Z"),
    ]
    file = tmp_path / "d.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    counts = count_rows([file], FairnessRequest("approved", ("sex",), where=where))
    assert counts.groups == (("F",),)
    assert counts.cells.sum() == 2
    assert narrowed("a = 1") == "a = 1"
    assert narrowed(None) is None
    file.write_text("sex,approved\nF,1\n", encoding="utf-8")
    request = FairnessRequest("approved", ("sex",), where=narrowed(None, version="1"))
    with pytest.raises(InvalidInput, match="no column 'model_version'"):
        count_rows([file], request)
