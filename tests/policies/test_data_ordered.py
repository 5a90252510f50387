"""Numbers compared bin by bin: as scipy does on sorted values, however few are looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from policies.data.distances import Counts, kolmogorov_p
from policies.data.ordered import Cut, Extent, Floats, Ordered, compare_ordered

FRACTIONS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))
WHOLE = st.integers(-20, 20).map(float)
SAMPLES = st.one_of(st.lists(FRACTIONS, min_size=1), st.lists(WHOLE, min_size=1, max_size=300))


@dataclass
class Listed:
    """A sample that is a list; `looked` is how many of its values were asked for one by one."""

    given: list[float]
    looked: int = 0

    @property
    def extent(self) -> Extent:
        """How many, and between which bounds."""
        return Extent(len(self.given), min(self.given), max(self.given))

    def place(self, cut: Cut, value: float) -> int:
        """Bin of a value."""
        return round((value - cut.low) * cut.scale) if cut.bins > 1 else 0

    def histogram(self, cut: Cut) -> tuple[Counts, Counts, Floats]:
        """Count and sum by bin."""
        counts, sums = Counter[int](), dict[int, float]()
        for value in self.given:
            number = self.place(cut, value)
            counts[number] += 1
            sums[number] = sums.get(number, 0.0) + value - cut.low
        numbers = list(counts)
        return (
            np.array(numbers),
            np.array([counts[i] for i in numbers]),
            np.array([sums[i] for i in numbers], np.float64),
        )

    def values(self, cut: Cut, bins: Counts) -> tuple[Counts, Floats, Counts]:
        """Count by value, in some bins."""
        placed = [(self.place(cut, value), value) for value in self.given]
        found = Counter(each for each in placed if each[0] in set(bins.tolist()))
        self.looked = sum(found.values())
        rows = list(found)
        return (
            np.array([number for number, _ in rows], np.int64),
            np.array([value for _, value in rows], np.float64),
            np.array([found[row] for row in rows], np.int64),
        )


def compared(reference: list[float], current: list[float], bins: int) -> Ordered:
    """Compare two lists."""
    return compare_ordered(Listed(reference), Listed(current), bins)


def agree(found: Ordered, reference: list[float], current: list[float]) -> None:
    """Hold a comparison against scipy's, and its cells against counting."""
    # Of two values scipy makes none, and divides by it.
    with np.errstate(divide="ignore"):
        ks = stats.ks_2samp(reference, current, method="asymp")
    assert found.ks == pytest.approx(ks.statistic, rel=1e-12, abs=1e-15)
    p = kolmogorov_p(found.ks, len(reference), len(current))
    assert len(reference) == len(current) == 1 or p == pytest.approx(
        ks.pvalue, rel=1e-9, abs=1e-300
    )
    distance = stats.wasserstein_distance(reference, current)
    span = max(*reference, *current) - min(*reference, *current)
    assert found.wasserstein == pytest.approx(distance, rel=1e-12, abs=1e-12 * span)
    for counts, sample in ((found.reference, reference), (found.current, current)):
        places = np.searchsorted(found.edges, sample, side="left")
        assert counts.tolist() == np.bincount(places, minlength=len(found.edges) + 1).tolist()


@given(SAMPLES, SAMPLES, st.sampled_from([1, 2, 3, 17, 256, 4_096]))
@settings(deadline=None)
def test_the_same_as_scipy_with_any_number_of_bins(
    reference: list[float], current: list[float], bins: int
) -> None:
    """If it fails, a distance depends on how the engine cut the range, or is another measure."""
    agree(compared(reference, current, bins), reference, current)


@given(SAMPLES)
@settings(deadline=None)
def test_nothing_lies_between_equal_samples(sample: list[float]) -> None:
    """If it fails, data drifts from itself."""
    found = compared(sample, sample[::-1], 64)
    assert (found.ks, found.wasserstein) == (0, 0)
    assert found.reference.tolist() == found.current.tolist()


@given(SAMPLES, SAMPLES, st.sampled_from([1, 50]))
@settings(deadline=None)
def test_edges_are_quantiles_of_the_reference(
    reference: list[float], current: list[float], bins: int
) -> None:
    """If it fails, the PSI is of other bins than the page says."""
    found = compared(reference, current, bins)
    if min(reference) == max(reference):
        assert found.edges[1] == reference[0] == np.nextafter(found.edges[0], np.inf)
        return
    deciles = np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf")
    ranked = sorted(reference)
    exact = {ranked[-(-len(ranked) * i // 10) - 1] for i in range(1, 10)}
    assert set(found.edges) == exact
    assert len(exact ^ set(deciles.tolist())) <= 2  # scipy's ranks are rounded fractions


def test_most_values_are_never_looked_at() -> None:
    """If it fails, a comparison is as slow as sorting, or is no longer exact."""
    rng = np.random.default_rng(4)
    reference, current = (rng.normal(shift, 1, 20_000).tolist() for shift in (0, 0.3))
    ours, theirs = Listed(reference), Listed(current)
    agree(compare_ordered(ours, theirs, 4_096), reference, current)
    assert ours.looked + theirs.looked < 1_500


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        ([5.0], [5.0]),
        ([5.0] * 10, [4.0, 6.0]),
        ([0.0, -0.0], [0.0]),
        ([1e308, -1e308], [0.0]),
        ([5e-324, 0.0], [0.0]),
        ([1.0, 1.0 + 2**-52], [1.0]),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_extremes(reference: list[float], current: list[float]) -> None:
    """If it fails, one odd value makes a comparison a traceback or a wrong count."""
    found = compared(reference, current, 1_000)
    ks = stats.ks_2samp(reference, current, method="asymp")
    assert found.ks == pytest.approx(ks.statistic, rel=1e-12)
    assert (found.reference.sum(), found.current.sum()) == (len(reference), len(current))
