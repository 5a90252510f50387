"""What the sample report says of drift, evaluations, findings, data and logs."""

from __future__ import annotations

from datetime import UTC, datetime

from reports.content_held import DataUse, DroppedShown, FindingShown, LogShown, Tally
from reports.content_measured import (
    ComparisonShown,
    Drift,
    DriftColumn,
    DriftSide,
    EvaluationShown,
    FailureShown,
    MeasureShown,
    MovedCell,
    SubgroupShown,
    SuiteCount,
)
from reports.verdicts import Verdict


def on(day: int, month: int = 10) -> datetime:
    """Give noon of a day in the sample's autumn."""
    return datetime(2026, month, day, 12, tzinfo=UTC)


def _drift(number: int, verdict: Verdict, standing: str = "") -> Drift:
    return Drift(
        audit_id=f"D-{number:04}",
        time=on(number),
        actor="mara.lind",
        verdict=verdict,
        reference=DriftSide("applications 4", 120_000, "5c" * 32),
        current=DriftSide("imported decisions (log-7), 2026-09", 41_007, "7e" * 32),
        filter="country = 'AT'",
        thresholds=("psi max 0.25", "ks max 0.20"),
        reasons=("income: PSI is 0.310, above 0.25; above 84000 went from 10.0 % to 27.1 %.",),
        columns=(
            DriftColumn(
                "income",
                "feature",
                0.31,
                0.21,
                0.28,
                Verdict.FAILED,
                (MovedCell("above 84000", 12_000, 11_113, 0.171, 0.17),),
            ),
            DriftColumn("region", "feature", None, None, 0.02, Verdict.PASSED),
        ),
        omitted=4,
        schema=("postcode: gone", "note: not compared, nearly every row has another value"),
        binning="numbers: 10 bins between the deciles of the reference",
        standing=standing,
        elsewhere=1,
    )


def _evaluation(number: int, version: str, verdict: Verdict, standing: str = "") -> EvaluationShown:
    return EvaluationShown(
        evaluation_id=f"E-{number:04}",
        version=version,
        time=on(number),
        actor="jon.falk",
        verdict=verdict,
        n=840,
        passed=782,
        errors=1,
        golden=number == 1,
        risk_level="high",
        minimum_cases=500,
        suite_digest="67" * 32,
        files=("release.jsonl (cases)",),
        prompt_versions=("scorer-7",),
        thresholds=("accuracy min 0.90", "attack resistance min 0.95"),
        reasons=("Attack resistance of the adversarial suite is 0.9 (0.86 to 0.93), below 0.95.",),
        suites=(
            SuiteCount("functional", 640, 602, 37, 1),
            SuiteCount("adversarial", 200, 180, 20, 0),
        ),
        measures=(
            MeasureShown(
                "adversarial", "attack resistance", 200, 0.9, (0.86, 0.93), "at least 0.95", verdict
            ),
            MeasureShown("all", "response ms p95", 60, 2_211.0, (1_900.0, None), "at most 3000"),
        ),
        subgroups=(
            SubgroupShown("language fr", 100, 0.75, -0.2, (-0.297, -0.107), 0.0004, verdict),
        ),
        failures=(FailureShown("hallucination", 4, 0.07), FailureShown("not stated", 53, 0.93)),
        comparisons=(
            ComparisonShown(
                "production", "E-0001 of 3.1.0", 640, 3, 6, 0.508, Verdict.INCONCLUSIVE
            ),
        ),
        standing=standing,
    )


DRIFTS = (_drift(4, Verdict.PASSED, "superseded by D-0018"), _drift(18, Verdict.FAILED))
EVALUATIONS = (
    _evaluation(3, "3.2.1", Verdict.INCONCLUSIVE, "superseded by E-0019"),
    _evaluation(19, "3.2.1", Verdict.FAILED),
)
FINDINGS = (
    FindingShown(
        "fi-2", "Prompts can be injected", "critical", "overdue", "evaluation/E-0019", "jon.falk",
        on(19), on(26),
    ),
    FindingShown(
        "fi-3", "No fallback is named", "low", "open", "review of the card", "mara.lind",
        on(20), on(20, 12),
    ),
    FindingShown(
        "fi-1", "Jailbreaks work", "high", "closed", "evaluation/E-0003", "jon.falk",
        on(3), on(10), on(12), "mara.lind", "remedied", "The prompt was hardened and tested again.",
    ),
)  # fmt: skip
TRAINING = (
    DataUse(
        "3.2.1",
        "training",
        "applications",
        "4",
        "in use",
        120_000,
        "personal",
        "internal",
        "5c" * 32,
    ),
    DataUse("3.2.1", "testing", "holdout", "1", "retired", None, "none", "CC-BY-4.0", "0d" * 32),
)
LOGS = (
    LogShown(
        "log-1", "decision", "litellm", on(1), "jon.falk", 9_000, 0,
        missing=(Tally("user_id", 9_000), Tally("time", 0)),
        dropped=DroppedShown(on(2), "ines.weber", on(1), "three years are over"),
    ),
    LogShown(
        "log-7", "decision", "table", on(5), "jon.falk", 41_007, 12, on(1), on(4),
        missing=(Tally("prompt_version", 3),),
        redactions=(Tally("email", 20), Tally("card", 6)),
    ),
)  # fmt: skip
