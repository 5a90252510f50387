"""A whole audit: published figures, what the result holds, and the same again."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InvalidInput
from policies.fairness.audit import audit_fairness, digest_files
from policies.fairness.counts import FairnessRequest
from policies.thresholds import parse_thresholds, shipped_text

RICCI = Path(__file__).parent / "data" / "ricci.csv"


def _ricci(position: str, seed: int | None = None) -> dict[str, Any]:
    request = FairnessRequest("Class", ("Race",), where=f"Position = '{position}'")
    thresholds = parse_thresholds(shipped_text()).fairness
    result = audit_fairness([RICCI], request, thresholds, digest_files([RICCI]), seed)
    document: dict[str, Any] = json.loads(json.dumps(result.as_json(), allow_nan=False))
    return document


@pytest.mark.parametrize(
    ("position", "published"),
    [
        ("Captain", {"W": (16, 25), "B": (3, 8), "H": (3, 8)}),
        ("Lieutenant", {"W": (25, 43), "B": (6, 19), "H": (3, 15)}),
    ],
)
def test_the_figures_of_ricci_v_destefano_come_out(
    position: str, published: dict[str, tuple[int, int]]
) -> None:
    """If this failed, real results known to a court would come out otherwise here."""
    found = _ricci(position)
    assert {g["group"]: (g["selected"], g["n"]) for g in found["groups"]} == published
    assert found["n"] == sum(n for _, n in published.values())
    assert found["filter"] == f"Position = '{position}'"


def test_ratio_and_significance_stand_side_by_side() -> None:
    """If this failed, .543 would be shown without saying that p is .097."""
    black, _, white = _ricci("Lieutenant")["groups"]
    assert (black["group"], white["group"]) == ("B", "W")
    assert round(black["impact_ratio"], 3) == 0.543
    assert round(black["p_value"], 3) == 0.097
    assert white["p_value"] is None


def test_the_seed_comes_from_the_data_unless_one_is_given() -> None:
    """If this failed, two people auditing the same file would get different intervals."""
    first, again, other = _ricci("Captain"), _ricci("Captain"), _ricci("Captain", seed=1)
    assert first == again
    assert first["seed"] == int(sha256(RICCI.read_bytes()).hexdigest()[:8], 16)
    assert other["seed"] == 1
    assert [g["selection_rate"] for g in other["groups"]] == [
        g["selection_rate"] for g in first["groups"]
    ]
    assert [g["selection_rate_ci"] for g in other["groups"]] != [
        g["selection_rate_ci"] for g in first["groups"]
    ]


@pytest.mark.parametrize("seed", [-1, 2**53])
def test_a_seed_that_no_entry_could_hold_is_refused(seed: int) -> None:
    """If this failed, an audit would be run that cannot be entered."""
    with pytest.raises(InvalidInput, match="out of range"):
        _ricci("Captain", seed)


def test_the_document_has_the_shape_that_the_command_promises(tmp_path: Path) -> None:
    """If this failed, scripts that read `audit fairness --json` would break."""
    file = tmp_path / "d.csv"
    lines = [
        f"{'FM'[i % 2]},{('old', 'young')[i % 3 > 0]},{int(i % 5 < 2)},{int(i % 7 < 3)}"
        for i in range(840)
    ]
    file.write_text("\n".join(["sex,age,y,p", *lines, "F,old,,1"]), encoding="utf-8")
    thresholds = parse_thresholds(shipped_text()).fairness
    request = FairnessRequest("p", ("sex", "age"), label="y")
    found = audit_fairness([file], request, thresholds, digest_files([file]), 3).as_json()
    assert list(found) == [
        *(
            "filter",
            "n",
            "excluded",
            "unknown",
            "label_join",
            "seed",
            "draws",
            "intervals",
            "checked_with",
            "data_digest",
        ),
        *("outcome", "by", "label"),
        *("prediction", "positive", "cutoff", "weight", "control", "reference", "classes"),
        *("thresholds", "significance", "groups", "disparities", "disparities_by", "pooled"),
        *("verdict", "reasons"),
    ]
    assert found["filter"] is None
    assert found["n"] == 840
    missing = {"label_missing": 1, "prediction_missing": 0, "weight_missing": 0}
    assert found["excluded"] == {"rows": 1, **missing}
    assert [(g["by"], g["group"]) for g in found["groups"]] == [
        *(("sex", "F"), ("sex", "M"), ("age", "old"), ("age", "young")),
        *(("sex,age", f"{sex},{age}") for sex in "FM" for age in ("old", "young")),
    ]
    for group in found["groups"]:
        tp, fp, tn, fn = (group[name] for name in ("tp", "fp", "tn", "fn"))
        assert tp + fp + tn + fn == group["n"]
        assert group["tpr"] == pytest.approx(tp / (tp + fn))
        assert group["denominators"]["fpr"] == fp + tn
        for rate in ("selection_rate", "tpr", "fpr", "precision", "accuracy", "impact_ratio"):
            low, high = group[f"{rate}_ci"]
            assert 0 <= low <= high <= 1
        for name, measure in group["measures"].items():
            assert (measure["value"], measure["value_ci"]) == (group[name], group[f"{name}_ci"])
            assert {"wilson", "ratio", "difference", "p_value", "p_holm", "parity"} <= set(measure)
            if measure["denominator"] is not None:
                share = measure["numerator"] / measure["denominator"]
                assert measure["value"] == pytest.approx(share, abs=1e-15)
                assert measure["wilson"][0] <= share <= measure["wilson"][1]
    assert found["disparities"].items() <= found["disparities_by"][-1].items()
    assert [table["by"] for table in found["disparities_by"]] == ["sex", "age", "sex,age"]
    own = [group for group in found["groups"] if group["by"] == "sex,age"]
    for name, apart in found["disparities_by"][-1]["measures"].items():
        lowest, highest = (
            next(group[name] for group in own if group["group"] == apart[end])
            for end in ("lowest", "highest")
        )
        assert (apart["group_min"], apart["group_max"]) == (lowest, highest)
        assert (lowest, highest) == (
            min(group[name] for group in own),
            max(group[name] for group in own),
        )
        assert apart["difference"] == highest - lowest
        assert apart["ratio"] == pytest.approx(lowest / highest)
    selected = sum(group["selected"] for group in found["groups"][:2])
    for table in found["disparities_by"]:
        assert table["overall"]["selection_rate"] == pytest.approx(selected / 840)
        furthest = max(
            abs(group["selection_rate"] - selected / 840)
            for group in found["groups"]
            if group["by"] == table["by"]
        )
        assert table["to_overall"]["demographic_parity_difference"] == pytest.approx(furthest)


def test_a_digest_of_one_file_is_its_sha256_and_of_several_ignores_their_order(
    tmp_path: Path,
) -> None:
    """If this failed, `sha256sum` would not confirm which data an audit is about."""
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"one")
    two.write_bytes(b"two")
    assert digest_files([one]) == sha256(b"one").hexdigest()
    assert digest_files([one, two]) == digest_files([two, one])
    assert digest_files([one, two]) != digest_files([one, one])
