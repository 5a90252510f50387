"""Proxies: equal to the libraries' measures, ranked, and nothing dropped without a word."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from sklearn.metrics import (  # type: ignore[import-untyped]
    normalized_mutual_info_score,
    roc_auc_score,
)

from ledger.errors import InvalidInput
from policies.fairness.proxies import association, find_proxies


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=80).filter(
        lambda pairs: min(len({a for a, _ in pairs}), len({b for _, b in pairs})) > 1
    )
)
def test_association_is_that_of_the_libraries(pairs: list[tuple[int, int]]) -> None:
    """If this failed, a strong proxy would be called weak, or the reverse."""
    own, other = (np.array(side) for side in zip(*pairs, strict=True))
    table = np.zeros((4, 5))
    np.add.at(table, (own, other), 1)
    v, information = association(table)
    assert information == pytest.approx(normalized_mutual_info_score(own, other), abs=1e-12)
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, k) = len(pairs), filled.shape
    phi = chi2_contingency(filled, correction=False).statistic / n
    phi = max(0.0, phi - (k - 1) * (r - 1) / (n - 1))
    fewest = min(k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)) - 1
    if v is not None:
        assert v == pytest.approx(min(1.0, np.sqrt(phi / fewest)), abs=1e-12)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 2,000 people: one column gives the sex away, one hints at it, the others are noise."""
    random = np.random.default_rng(8)
    n = 2000
    sex = random.choice(["F", "M"], n)
    height = np.where(sex == "M", 178.0, 166.0) + random.normal(scale=7, size=n)
    job = np.where(random.random(n) < 0.3, np.where(sex == "F", "nurse", "driver"), "clerk")
    title = np.where(sex == "F", "Ms", "Mr")
    title[:50] = ""
    file = tmp_path_factory.mktemp("people") / "people.parquet"
    columns = {
        "sex": np.where(np.arange(n) < 5, "", sex),
        "title": title,
        "job": job,
        "height": height,
        "shoe": random.integers(0, 5, n),
        "coin": random.choice(["heads", "tails"], n),
        "constant": ["x"] * n,
        "id": [f"person-{i}" for i in range(n)],
    }
    table = pa.table({**columns, "more": [{"a": 1}] * n})
    pq.write_table(table, file)
    return file


def test_what_gives_the_group_away_comes_first(people: Path) -> None:
    """If this failed, whoever looks for proxies would look in the wrong place."""
    found = find_proxies([people], "sex")
    assert [each.column for each in found.ranked][:3] == ["title", "height", "job"]
    by_name = {each.column: each for each in found.ranked}
    assert by_name["title"].cramers_v == pytest.approx(0.99, abs=0.02)
    assert by_name["coin"].cramers_v == pytest.approx(0, abs=0.06)
    assert by_name["constant"].cramers_v is None
    assert by_name["title"].missing == 45
    assert (found.n, found.unknown) == (1995, 5)


def test_what_is_not_ranked_is_said(people: Path) -> None:
    """If this failed, a column would be missing from the list and nobody would know why."""
    found = find_proxies([people], "sex")
    assert set(found.set_aside) == {"id", "more"}
    assert "1,000" in found.set_aside["id"]
    json.dumps(found.as_json(), allow_nan=False)


def test_the_auc_of_a_number_uses_every_value(people: Path) -> None:
    """If this failed, binning would hide how well a number tells a group."""
    table = pq.read_table(people).to_pydict()
    known = [(sex == "F", h) for sex, h in zip(table["sex"], table["height"], strict=True) if sex]
    events, heights = zip(*known, strict=True)
    (height,) = [e for e in find_proxies([people], "sex").ranked if e.column == "height"]
    assert height.auc_group == "F"
    assert height.auc == pytest.approx(roc_auc_score(events, heights), rel=1e-12)
    assert height.values == 10


def test_a_filter_narrows_the_rows(people: Path) -> None:
    """If this failed, an association within one job could not be looked at."""
    found = find_proxies([people], "sex", "job = 'clerk'")
    assert 1300 < found.n < 1500
    assert {e.column: e.cramers_v for e in found.ranked}["job"] is None


@pytest.mark.parametrize(
    ("by", "complaint"),
    [("nothing", "no column"), ("constant", "1 known groups"), ("id", "more than 1000 known")],
)
def test_what_has_no_groups_is_explained(by: str, complaint: str, people: Path) -> None:
    """If this failed, a slip of the pen would end in a traceback."""
    with pytest.raises(InvalidInput, match=complaint):
        find_proxies([people], by)
