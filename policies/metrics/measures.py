"""What is said of some decisions: counts, rates, means and quantiles, each null if unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from policies.metrics.answers import Answers, feedback_of, labels_of
from policies.metrics.columns import Relation
from policies.metrics.counting import ABOVE, BELOW, BINS, Sums, rounded
from policies.metrics.intervals import rate
from policies.metrics.quantiles import Spread

OK, ERROR = "ok", "error"
COLUMNS: Mapping[str, str] = {
    "latency_ms": "duration_ms",
    "errors": "status",
    "tokens_in": "tokens_in",
    "tokens_out": "tokens_out",
    "cost": "cost",
    "confidence": "confidence",
    "output_chars": "output_chars",
    "escalated": "escalated",
    "guardrails": "guardrail",
}
"""Which column each measure of decisions comes from."""


@dataclass(frozen=True)
class Measured:
    """What a window, a group or all come to: in `seconds`, but for the `untimed` requests."""

    sums: Sums
    spread: Spread | None
    answers: Answers
    untimed: int
    seconds: float | None

    def as_json(self, answered: Relation | None, graded: Collection[str]) -> dict[str, Any]:
        """The measures of one cell of the document; without `answered` nothing was joined."""
        sums = self.sums
        timed = sums.requests - self.untimed
        per_second = rounded(timed / self.seconds) if self.seconds else None
        found: dict[str, Any] = {
            "requests": sums.requests,
            "late": sums.late,
            "per_second": per_second,
            "latency_ms": self.spread.as_json() if self.spread else None,
            "errors": _errors(sums.words["status"]),
            "tokens_in": _total(sums, "tokens_in"),
            "tokens_out": _total(sums, "tokens_out"),
            "cost": _cost(sums),
            "confidence": _confidence(sums),
            "output_chars": _total(sums, "output_chars"),
            "escalated": _share(sums.words["escalated"], True),
            "guardrails": _guardrails(sums.words["guardrail"]),
        }
        found["feedback"] = feedback_of(self.answers) if answered else None
        found["labels"] = labels_of(self.answers, graded) if answered else None
        return found


def reasons(
    decisions: Relation, answers: Relation | None, total: Mapping[str, Any]
) -> dict[str, str]:
    """Why a measure of the whole is null, in words, by its name."""
    found: dict[str, str] = {}
    for name, column in {"per_second": "time", **COLUMNS}.items():
        if total[name] is None:
            missing = decisions.missing(column, "decisions")
            found[name] = missing or _empty(name, column, total)
    if answers is None:
        return found | dict.fromkeys(("feedback", "labels"), _no_answers(decisions))
    for part in ("feedback", "labels"):
        for name, value in total[part].items():
            if value is None:
                column = {"complaints": "complaint", "outcomes": "outcome"}.get(name, name)
                missing = answers.missing(column, "feedback or outcomes")
                said = f"no decision of the period has an answer with {column}"
                found[f"{part}.{name}"] = missing or said
    return found


def _no_answers(decisions: Relation) -> str:
    if "request_id" not in decisions.columns:
        return "no log of decisions has the column request_id, by which answers are joined"
    return "no log of feedback or outcomes with request ids was imported"


def _empty(name: str, column: str, total: Mapping[str, Any]) -> str:
    if not total["requests"]:
        return "there are no decisions in the period"
    if name == "errors":
        return f"the column status says neither {OK} nor {ERROR}"
    return f"the column {column} is empty in all rows"


def _errors(said: Counter[Any]) -> dict[str, Any] | None:
    """Of finished requests; other words than ok and error are counted and leave the rate alone."""
    errors, fine = said[ERROR], said[OK]
    found = rate(errors, errors + fine)
    if found is None:
        return None
    return {**found.as_json(), "other_status": said.total() - errors - fine}


def _share(said: Counter[Any], value: Any) -> dict[str, Any] | None:
    found = rate(said[value], said.total())
    return found.as_json() if found else None


def _guardrails(said: Counter[Any]) -> list[dict[str, Any]] | None:
    n = said.total()
    shares = (
        (outcome, rate(hits, n))
        for outcome, hits in sorted(said.items(), key=lambda each: (-each[1], each[0]))
    )
    return [{"outcome": o, **share.as_json()} for o, share in shares if share] or None


def _total(sums: Sums, name: str) -> dict[str, Any] | None:
    """A number of tokens or characters: whole, as long as every value was."""
    n, total = sums.counts[name], sums.sums[name]
    if not n:
        return None
    whole = int(total) if total.is_integer() else rounded(total)
    return {"n": n, "sum": whole, "mean": rounded(total / n)}


def _cost(sums: Sums) -> dict[str, Any] | None:
    n = sums.counts["cost"]
    if not n:
        return None
    total = sums.sums["cost"]
    return {"n": n, "sum": rounded(total), "per_request": rounded(total / n)}


def _confidence(sums: Sums) -> dict[str, Any] | None:
    n = sums.counts["confidence"]
    if not n:
        return None
    return {
        "n": n,
        "mean": rounded(sums.sums["confidence"] / n),
        "tenths": [sums.bins[number] for number in range(BINS)],
        "outside": sums.bins[BELOW] + sums.bins[ABOVE],
    }
