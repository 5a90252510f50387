"""Several classes: each against the rest, and their mean, as scikit-learn has them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ledger.errors import InvalidInput
from policies.fairness.audit import audit_fairness
from policies.fairness.counts import FairnessRequest, count_rows
from policies.fairness.measures import rates
from policies.fairness.multiclass import macro_rates, one_vs_rest
from policies.fairness.result import FairnessResult
from policies.thresholds import parse_thresholds, shipped_text

CONFUSION = (
    st.integers(2, 5)
    .flatmap(lambda k: arrays(np.int64, (k, k), elements=st.one_of(st.just(0), st.integers(0, 9))))
    .filter(lambda cells: bool(cells.any()))
)


@settings(max_examples=100, deadline=None)
@given(CONFUSION)
@pytest.mark.filterwarnings("ignore")
def test_classes_and_their_mean_are_those_of_scikit_learn(cells: np.ndarray) -> None:
    """If this failed, one-vs-rest or macro would be something else than everybody's."""
    label, prediction = np.nonzero(cells)
    labels = list(range(len(cells)))
    asked = {"y_true": label, "y_pred": prediction, "sample_weight": cells[label, prediction]}
    expected = sk.multilabel_confusion_matrix(**asked, labels=labels)
    for chosen in labels:
        assert one_vs_rest(cells, chosen).tolist() == expected[chosen].tolist()
    macro = macro_rates(cells[np.newaxis])
    averaged = {"labels": labels, "average": "macro", "zero_division": np.nan}
    for name, oracle in (
        ("precision", sk.precision_score),
        ("tpr", sk.recall_score),
        ("f1", sk.f1_score),
    ):
        assert float(macro[name][0]) == pytest.approx(
            oracle(**asked, **averaged), abs=1e-12, nan_ok=True
        )
    assert float(macro["accuracy"][0]) == pytest.approx(sk.accuracy_score(**asked), abs=1e-12)
    assert float(macro["balanced_accuracy"][0]) == pytest.approx(
        sk.balanced_accuracy_score(**asked), abs=1e-12
    )
    assert math.isnan(macro["selection_rate"][0])


def test_without_labels_each_class_has_how_often_it_is_chosen() -> None:
    """If this failed, a model whose answers cannot be judged yet could not be compared."""
    cells = np.array([[[5, 3, 2]], [[1, 1, 8]]])
    assert rates(one_vs_rest(cells, 2))["selection_rate"].tolist() == [0.2, 0.8]
    assert np.isnan(macro_rates(cells)["accuracy"]).all()


def _audit(folder: Path, text: str, **asked: str) -> FairnessResult:
    file = folder / "d.csv"
    file.write_text(text, encoding="utf-8")
    request = FairnessRequest("p", ("sex",), outcome="multiclass", **asked)
    thresholds = parse_thresholds(shipped_text()).fairness
    return audit_fairness([file], request, thresholds, "0" * 64, None)


def test_each_class_decides_and_the_mean_is_shown(tmp_path: Path) -> None:
    """If this failed, a class that one group alone is put into could hide in an average."""
    rows = [*["F,a,a"] * 300, *["F,b,b"] * 100, *["F,c,c"] * 100]
    rows += [*["M,a,a"] * 100, *["M,b,b"] * 100, *["M,c,c"] * 300]
    found = _audit(tmp_path, "\n".join(["sex,y,p", *rows]), label="y")
    assert found.classes == ("a", "b", "c")
    titles = [table.place.title for table in found.tables]
    assert titles == [*(f"sex, for class {name}" for name in "abc"), "sex, over all classes"]
    assert found.verdict == "fail"
    assert found.reasons[0].startswith("Impact ratio of M against F (by sex, for class a) is 0.333")
    assert not any("over all classes" in reason for reason in found.reasons)
    document = found.as_json()
    assert document["disparities"]["equalized_odds_difference"] == 0
    assert document["disparities"]["demographic_parity_difference"] is None
    group = document["groups"][0]
    assert (group["class"], group["group"], group["tp"], group["n"]) == ("a", "F", 300, 500)
    mean = document["groups"][-1]
    assert (mean["macro"], mean["tp"], mean["accuracy"]) == (True, None, 1.0)


def test_whole_numbers_are_one_class_however_they_are_written(tmp_path: Path) -> None:
    """If this failed, labels that pandas turned into floats would be classes of their own."""
    found = _audit(tmp_path, "sex,y,p\nF,1.0,1\nF,2.0,2\nM,,2\nM,0.0,0\n", label="y")
    assert found.classes == ("0", "1", "2")
    assert (found.n, found.excluded.label_missing) == (3, 1)


@pytest.mark.parametrize(("answers", "told"), [(["a"], "1 classes"), (range(60), "60 classes")])
def test_too_few_or_too_many_classes_are_refused(
    tmp_path: Path, answers: list[str], told: str
) -> None:
    """If this failed, an audit of scores as classes would fill memory and say nothing."""
    file = tmp_path / "d.csv"
    file.write_text("\n".join(["sex,p", *(f"F,{each}" for each in answers)]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=told):
        count_rows([file], FairnessRequest("p", ("sex",), outcome="multiclass"))
