"""Drift audits and evaluations of a model, from the registers and the results that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ledger.book import Book
from ledger.clock import read_time
from ledger.registers.audits import AuditRow, elsewhere, superseded
from ledger.registers.evaluations import EvaluationRow
from policies.auditing import read_result
from policies.evaluating import read_evaluation
from reports import content_measured as shown
from reports.verdicts import VERDICTS, Interval

MOST_COLUMNS = 15
"""Columns of a drift audit that a page shows, those that moved most."""
MOST_CELLS = 3
MOST_LOGS_NAMED = 3


@dataclass(frozen=True)
class Audits:
    """A model's audits: those of the report's period, and all that there are, in order of seq."""

    period: Sequence[AuditRow]
    all: Sequence[AuditRow]

    def of(self, measure: str) -> list[AuditRow]:
        """Those of the period that measured this."""
        return [row for row in self.period if row.measure == measure]

    @cached_property
    def later(self) -> dict[str, str]:
        """By audit the latest one that asked the same, whenever it did."""
        return superseded(self.all)

    def standing(self, row: AuditRow) -> str:
        """What became of one: `superseded by aud-7`, or empty."""
        return f"superseded by {self.later[row.audit]}" if row.audit in self.later else ""

    def elsewhere(self, row: AuditRow) -> int:
        """How many others of the same measure chose the model's rows by another filter."""
        return elsewhere(self.all, row)


@dataclass(frozen=True)
class Evaluations:
    """A model's evaluations: those of the report's period, and all that there are, likewise."""

    period: Sequence[EvaluationRow]
    all: Sequence[EvaluationRow]

    def standing(self, row: EvaluationRow) -> str:
        """Which later one asked the same version the same cases, or nothing."""
        asked = (row.version, row.suite)
        latest = [each for each in self.all if (each.version, each.suite) == asked][-1]
        return f"superseded by {latest.evaluation}" if latest.seq > row.seq else ""


def report_drifts(book: Book, audits: Audits) -> tuple[shown.Drift, ...]:
    """Every drift audit of the period, oldest first. CheckFailed if a result was changed."""
    return tuple(_drift(row, read_result(book, row), audits) for row in audits.of("drift"))


def report_evaluations(book: Book, evaluations: Evaluations) -> tuple[shown.EvaluationShown, ...]:
    """Every evaluation of the period, oldest first. CheckFailed if a result was changed."""
    return tuple(
        _evaluation(row, read_evaluation(book, row), evaluations.standing(row))
        for row in evaluations.period
    )


def figures(thresholds: dict[str, Any]) -> tuple[str, ...]:
    """Thresholds as they stand in a result, in words: `psi max 0.25`."""
    return tuple(f"{name.replace('_', ' ')} {value}" for name, value in thresholds.items())


def interval(pair: Sequence[float] | None) -> Interval | None:
    """An interval of a result."""
    return (pair[0], pair[1]) if pair else None


def _drift(row: AuditRow, document: dict[str, Any], audits: Audits) -> shown.Drift:
    features = sorted(document["features"], key=_psi, reverse=True)
    return shown.Drift(
        audit_id=row.audit,
        time=read_time(row.time),
        actor=row.actor,
        verdict=VERDICTS[row.verdict],
        reference=_side(document, "reference"),
        current=_side(document, "current"),
        filter=row.filter,
        thresholds=figures(document["thresholds"]),
        reasons=tuple(document["reasons"]),
        columns=tuple(_column(feature) for feature in features[:MOST_COLUMNS]),
        omitted=len(features[MOST_COLUMNS:]),
        schema=tuple(_schema(document["schema"])),
        binning=document["binning"],
        standing=audits.standing(row),
        elsewhere=audits.elsewhere(row),
    )


def _psi(feature: dict[str, Any]) -> float:
    """What is not finite is kept as null, and comes first."""
    psi = feature["psi"]
    return float("inf") if psi is None else psi


def _side(document: dict[str, Any], side: str) -> shown.DriftSide:
    said = document[side]
    name = said["dataset"] or ", ".join(said["files"]) or _logs(said["logs"])
    period = f", {said['period']}" if said["period"] else ""
    return shown.DriftSide(f"{name}{period}", document[f"{side}_rows"], said["digest"])


def _logs(logs: Sequence[str]) -> str:
    more = len(logs) - MOST_LOGS_NAMED
    named = ", ".join(logs[:MOST_LOGS_NAMED])
    return f"imported decisions ({named}{f' and {more} more' if more > 0 else ''})"


def _column(feature: dict[str, Any]) -> shown.DriftColumn:
    moved = () if feature["verdict"] == "pass" else feature["moved"][:MOST_CELLS]
    return shown.DriftColumn(
        column=feature["column"],
        role=feature["role"],
        psi=feature["psi"],
        ks=feature["ks"],
        jensen_shannon=feature["jensen_shannon"],
        verdict=VERDICTS[feature["verdict"]],
        moved=tuple(shown.MovedCell(**cell) for cell in moved),
    )


def _schema(schema: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name}: gone" for name in schema["removed"])
    for each in schema["retyped"]:
        yield f"{each['column']}: held {each['reference']}, now {each['current']}"
    yield from (f"{name}: new" for name in schema["added"])
    for each in schema["not_compared"]:
        yield f"{each['column']}: not compared, {each['reason']}"


def _evaluation(
    row: EvaluationRow, document: dict[str, Any], standing: str
) -> shown.EvaluationShown:
    return shown.EvaluationShown(
        evaluation_id=row.evaluation,
        version=row.version,
        time=read_time(row.time),
        actor=row.actor,
        verdict=VERDICTS[row.verdict],
        n=row.n,
        passed=row.passed,
        errors=row.errors,
        golden=row.golden,
        risk_level=row.risk_level,
        minimum_cases=row.minimum_cases,
        suite_digest=row.suite,
        files=tuple(f"{file['name']} ({file['format']})" for file in document["files"]),
        prompt_versions=tuple(document["prompt_versions"]),
        thresholds=figures(document["thresholds"]),
        reasons=tuple(document["reasons"]),
        suites=tuple(
            shown.SuiteCount(
                each["suite"], each["n"], each["passed"], each["failed"], each["errors"]
            )
            for each in document["suites"]
        ),
        measures=tuple(_measure(each) for each in document["measures"]),
        subgroups=tuple(_subgroup(each) for each in document["subgroups"]),
        failures=tuple(
            shown.FailureShown(each["failure"], each["n"], each["share"])
            for each in document["failures"]
        ),
        comparisons=tuple(_comparison(each) for each in document["comparisons"]),
        standing=standing,
    )


def _measure(each: dict[str, Any]) -> shown.MeasureShown:
    bound = "at least" if each["bound"] == "min" else "at most"
    return shown.MeasureShown(
        scope=each["scope"],
        measure=each["measure"].replace("_", " "),
        n=each["n"],
        value=each["value"],
        interval=(each["interval"][0], each["interval"][1]),
        limit="" if each["limit"] is None else f"{bound} {each['limit']:g}",
        verdict=VERDICTS[each["verdict"]] if each["verdict"] else None,
    )


def _subgroup(each: dict[str, Any]) -> shown.SubgroupShown:
    return shown.SubgroupShown(
        group=f"{each['by']} {each['group']}",
        n=each["n"],
        accuracy=each["accuracy"],
        difference=each["difference"],
        interval=interval(each["difference_ci"]),
        p_holm=each["p_holm"],
        verdict=VERDICTS[each["verdict"]] if each["verdict"] else None,
    )


def _comparison(each: dict[str, Any]) -> shown.ComparisonShown:
    return shown.ComparisonShown(
        against=each["against"],
        name=" of ".join(filter(None, (each["name"], each["version"]))),
        pairs=each["pairs"],
        broken=each["broken"],
        fixed=each["fixed"],
        p_value=each["p_value"],
        verdict=VERDICTS[each["verdict"]],
    )
