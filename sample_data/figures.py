"""The figures that an audit of the sample decisions must find, counted row by row.

Counting here shares nothing with `policies.fairness`: counters over plain rows, exact fractions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from sample_data.notes import planted

Row = tuple[str | int, ...]

COLUMNS = (
    "decision_id",
    "decided_at",
    "model_version",
    "applicant_id",
    "sex",
    "age_band",
    "region",
    "channel",
    "income",
    "debt_ratio",
    "score",
    "approved",
    "repaid",
    "note",
)
GROUPINGS = (("sex",), ("age_band",), ("sex", "age_band"))
OUTCOMES = {(1, 1): "tp", (0, 1): "fp", (0, 0): "tn", (1, 0): "fn"}  # by (repaid, approved)


def spread(values: Iterable[Fraction]) -> Fraction:
    """Return the distance between the largest and the smallest value."""
    known = list(values)
    return max(known) - min(known)


def decimal(value: Fraction) -> str:
    """Return a fraction as a decimal number with 6 places."""
    return f"{float(value):.6f}"


def audit(rows: Sequence[Row], by: Sequence[str]) -> dict[str, Any]:
    """Count outcomes by group and state what follows (rounded to 6 places, as text).

    `approved` is the prediction, `repaid` the label, 1 is positive for both. The impact ratio is
    the lowest selection rate over the highest; equalized odds is the larger of the spreads of
    true- and false-positive rates. Raises ZeroDivisionError for a group without either outcome.
    """
    places = [COLUMNS.index(name) for name in by]
    label, prediction = COLUMNS.index("repaid"), COLUMNS.index("approved")
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        group = ",".join(str(row[place]) for place in places)
        groups[group][OUTCOMES[int(row[label]), int(row[prediction])]] += 1
    rates = {g: Fraction(c["tp"] + c["fp"], c.total()) for g, c in groups.items()}
    odds = max(
        spread(Fraction(c["tp"], c["tp"] + c["fn"]) for c in groups.values()),
        spread(Fraction(c["fp"], c["fp"] + c["tn"]) for c in groups.values()),
    )
    return {
        "by": ",".join(by),
        "lowest": min(rates, key=rates.__getitem__),
        "impact_ratio": decimal(min(rates.values()) / max(rates.values())),
        "demographic_parity_difference": decimal(spread(rates.values())),
        "equalized_odds_difference": decimal(odds),
        "groups": {
            g: {"n": groups[g].total(), **{name: groups[g][name] for name in OUTCOMES.values()}}
            for g in sorted(groups)
        },
    }


def state(rows: Sequence[Row], versions: Sequence[str] = ()) -> dict[str, Any]:
    """State what a file of these decisions holds: size, times, plants and audits.

    Audits are of all rows, then of those of each version named.
    """
    time, version, note = (COLUMNS.index(c) for c in ("decided_at", "model_version", "note"))
    classes = {text: kind for kind, text in planted().values()}
    found = Counter(classes[str(row[note])] for row in rows if row[note] in classes)
    parts = {
        f"model_version = '{name}'": [row for row in rows if row[version] == name]
        for name in versions
    }
    return {
        "rows": len(rows),
        "rows_by_filter": {where: len(part) for where, part in parts.items()},
        "first": rows[0][time],
        "last": rows[-1][time],
        "redactions": {kind: found[kind] for kind in ("email", "card", "credential")},
        "audits": [
            {"filter": where, **audit(part, by)}
            for where, part in ({None: rows} | parts).items()
            for by in GROUPINGS
        ],
    }
