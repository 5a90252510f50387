"""The verdict on a comparison, with its reasons.

1. A feature with fewer rows than the minimum on either side is inconclusive.
2. A distance beyond its limit counts only if its test says that chance does not explain it: the
   Kolmogorov-Smirnov test for distances between distribution functions, chi-square for those
   between cells.
3. Beyond a `max` the feature fails; beyond a `watch` only, it is inconclusive; else it passes.
4. The comparison fails if a feature does, or if a column is gone or holds something else; it is
   inconclusive if a feature is, or if nothing could be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from policies.data.drift import FeatureDrift, SchemaChange, Verdict
from policies.thresholds import DriftThresholds, Limit


def judge_feature(feature: FeatureDrift, thresholds: DriftThresholds) -> FeatureDrift:
    """Return the feature with its verdict and the reasons for it."""
    least = thresholds.minimum_rows.value
    rows = min(feature.reference_rows, feature.current_rows)
    if rows < least:
        reason = f"{feature.column} has {rows:,} rows on one side, fewer than {least:,}."
        return replace(feature, verdict="inconclusive", reasons=(reason,))
    failed = tuple(_beyond(feature, thresholds, watching=False))
    watched = () if failed else tuple(_beyond(feature, thresholds, watching=True))
    verdict: Verdict = "fail" if failed else "inconclusive" if watched else "pass"
    return replace(feature, verdict=verdict, reasons=failed or watched)


def judge(
    schema: SchemaChange, features: Sequence[FeatureDrift]
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict on the whole and its reasons, what failed first."""
    broken = [f"Column {name} is gone." for name in schema.removed]
    broken += [
        f"Column {each.column} held {each.reference} and holds {each.current} now."
        for each in schema.retyped
    ]
    failed = [reason for each in features if each.verdict == "fail" for reason in each.reasons]
    open_ones = [
        reason for each in features if each.verdict == "inconclusive" for reason in each.reasons
    ]
    if broken or failed:
        return "fail", (*broken, *failed, *open_ones)
    if open_ones:
        return "inconclusive", tuple(open_ones)
    if not features:
        return "inconclusive", ("No column could be compared.",)
    return "pass", (f"Each of {len(features)} columns is within its limits.",)


def _beyond(feature: FeatureDrift, thresholds: DriftThresholds, *, watching: bool) -> Iterator[str]:
    limits: dict[str, Limit] = (
        {
            "psi": thresholds.psi_watch,
            "jensen_shannon": thresholds.jensen_shannon_watch,
            "wasserstein_normalised": thresholds.wasserstein_watch,
        }
        if watching
        else {"psi": thresholds.psi_max, "ks": thresholds.ks_max}
    )
    significance = float(thresholds.significance.value)
    measures = feature.measures()
    for name, limit in limits.items():
        value = measures[name]
        p = measures["ks_p" if name in {"ks", "wasserstein_normalised"} else "chi_square_p"]
        if value is None or value <= float(limit.value) or p is None or p >= significance:
            continue
        yield (
            f"{feature.column}: {_TITLES[name]} is {value:.3f}, above {limit.value}; "
            f"{_most_moved(feature)}."
        )


_TITLES = {
    "psi": "PSI",
    "ks": "Kolmogorov-Smirnov distance",
    "jensen_shannon": "Jensen-Shannon distance",
    "wasserstein_normalised": "Wasserstein distance in standard deviations",
}


def _most_moved(feature: FeatureDrift) -> str:
    cell = feature.moved[0]
    return f"{cell.name} went from {_share(cell.reference, feature.reference_rows)} to " + _share(
        cell.current, feature.current_rows
    )


def _share(rows: int, of: int) -> str:
    return f"{100 * rows / of:.1f} %"
