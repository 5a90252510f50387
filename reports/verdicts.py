"""What was concluded, and between which ends a figure lies: words that all content shares."""

from __future__ import annotations

from enum import StrEnum

Interval = tuple[float, float]


class Verdict(StrEnum):
    """What an audit or evaluation concluded against the thresholds in force."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


VERDICTS = {
    "pass": Verdict.PASSED,
    "fail": Verdict.FAILED,
    "inconclusive": Verdict.INCONCLUSIVE,
}
"""By the word that entries and results have for it."""
