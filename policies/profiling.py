"""Auditing by a profile: what a rule asks for, measured as it asks, and entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.errors import InvalidInput
from ledger.keys import Signer
from policies import shipped
from policies.adopting import thresholds_in_force
from policies.auditing import Audited, Decisions, decisions_of, enter_audit
from policies.fairness.audit import audit_fairness, seed_of
from policies.fairness.bootstrap import DRAWS
from policies.fairness.counts import FairnessRequest
from policies.fairness.profiles.credit import read_credit, value_figures
from policies.fairness.profiles.eu_ai_act import Justification, special_category_record
from policies.fairness.profiles.four_fifths import Reading, read_four_fifths
from policies.fairness.profiles.ll144 import check_attributes, read_ll144
from policies.fairness.profiles.selection import SelectionRequest, Selections, count_selections
from policies.fairness.profiles.shipped import Profile, profile
from policies.fairness.profiles.statement import Statement, check_statement
from policies.fairness.significance import RULE
from policies.fairness.simultaneous import NEARER_ENDS
from policies.scoring import asked_of
from policies.thresholds import Thresholds

PRE_AUDIT = "Internal pre-audit"
INTERVALS = (
    "95 %: rates by Wilson, ratios and differences by multinomial resampling of the counts, "
    f"{DRAWS:,} draws; {NEARER_ENDS}"
)
ATTACHED = "Internal pre-audit; an auditor's statement is attached, not verified"


@dataclass(frozen=True)
class ProfileRequest:
    """What to audit by a profile; what a profile does not use must be left out.

    `score` is a numeric column: what nyc-ll144 counts as scored above the median, or the score,
    price or limit that credit compares. `references` are credit's control groups by column.
    `exclusion` justifies leaving small categories out (nyc-ll144), `data_source` says whether the
    data are historical or test data and where they come from. `special` and `justification` are
    on special-category data, `mitigation` on measures taken (eu-ai-act-10).
    """

    name: str
    by: tuple[str, ...]
    prediction: str | None = None
    label: str | None = None
    positive: str = "1"
    where: str | None = None
    score: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    exclusion: str | None = None
    data_source: str | None = None
    special: tuple[str, ...] = ()
    justification: Justification | None = None
    mitigation: str | None = None
    statement: bytes | None = None
    auditor: str | None = None


_OWN: Mapping[str, tuple[str, ...]] = {
    "four-fifths": (),
    "nyc-ll144": ("score", "exclusion", "data_source", "statement", "auditor"),
    "eu-ai-act-10": ("label", "special", "justification", "mitigation"),
    "credit": ("score", "references"),
}
_OPTIONAL = tuple(dict.fromkeys(name for names in _OWN.values() for name in names))


def run_profile(
    book: Book,
    signer: Signer,
    model: str,
    request: ProfileRequest,
    *,
    files: Sequence[Path] | None = None,
) -> Audited:
    """Audit a model's decisions, imported or in files, by a profile, and enter the result.

    Raises InvalidInput (an option that the profile lacks or has no use for, columns, filter),
    Refused (a statement that does not hold), CheckFailed and what `Book.append` raises.
    """
    rule = profile(request.name)
    _check(request)
    decisions = decisions_of(book, model, files, request.label)
    adopted, thresholds = thresholds_in_force(book)
    statement = None
    if request.statement is not None:
        with book.read() as snapshot:
            statement = check_statement(
                snapshot.rows,
                book.facts.origin,
                request.statement,
                model=model,
                data=decisions.digest,
                entered_by=signer.actor,
                claimed=request.auditor,
            )
        book.home.evidence.keep(statement.content, "bin" if statement.auditor is None else "txt")
    text = shipped.canonical(rule)
    book.home.evidence.keep(text, "json")
    document = {
        **audit_by_profile(decisions, request, rule, thresholds),
        "title": _title(rule, statement),
        "profile": {**rule.model_dump(mode="json"), "digest": sha256(text).hexdigest()},
        "statement": statement.as_json() if statement else None,
    }
    asked = asked_of(document, decisions, adopted) | {"profile": rule.name}
    asked["options"] = [
        {"name": name, "value": value} for name, value in sorted(document["options"].items())
    ]
    return enter_audit(book, signer, model, asked, document)


def audit_by_profile(
    decisions: Decisions, request: ProfileRequest, rule: Profile, thresholds: Thresholds
) -> dict[str, Any]:
    """Give the document of an audit by a profile, without who entered it and who vouches."""
    if request.name == "eu-ai-act-10":
        return _examined(decisions, request, thresholds)
    scoring = request.name == "nyc-ll144" and request.score is not None
    counted = request.score if scoring else request.prediction
    if counted is None:
        raise InvalidInput("It was not said what was decided.", "Name the column: --prediction COL")
    seed = seed_of(decisions.digest, None)
    asked = SelectionRequest(counted, request.by, request.positive, request.where, scoring, seed)
    attributes = check_attributes(request.by) if request.name == "nyc-ll144" else None
    selections = count_selections(decisions.paths, asked)
    reading, limits = _read(decisions, request, rule, thresholds, selections)
    more: dict[str, Any] = {}
    if attributes:
        more = {"attributes": attributes, "mode": "scoring" if scoring else "selection"}
        more |= {"median": selections.median, "data_source": request.data_source}
        more["missing"] = [] if request.data_source else ["source and explanation of the data"]
    return {
        **_document(decisions, request, asked, selections, reading),
        "thresholds": limits,
        **more,
    }


def _read(
    decisions: Decisions,
    request: ProfileRequest,
    rule: Profile,
    thresholds: Thresholds,
    selections: Selections,
) -> tuple[Reading, dict[str, Any]]:
    ratio = thresholds.fairness.impact_ratio_min.value
    if request.name == "credit":
        minimum = thresholds.fairness.minimum_cell.value
        values = None
        if request.score:
            values = value_figures(decisions.paths, request.score, request.by, request.where)
        reading = read_credit(selections, values, request.references, thresholds.credit, minimum)
        return reading, thresholds.credit.figures() | {"minimum_cell": minimum}
    limits = {"impact_ratio_min": ratio, **rule.parameters}
    if request.name == "four-fifths":
        return read_four_fifths(selections, rule, ratio), limits
    return read_ll144(selections, rule, ratio, request.exclusion), limits


def _document(
    decisions: Decisions,
    request: ProfileRequest,
    asked: SelectionRequest,
    selections: Selections,
    reading: Reading,
) -> dict[str, Any]:
    lowest = {table["by"]: _lowest(reading, table["by"]) for table in reading.tables}
    last = reading.tables[-1]["by"] if reading.tables else ""
    return {
        "outcome": "binary",
        "filter": request.where,
        "n": selections.n,
        "excluded": {
            "rows": selections.missing,
            "label_missing": 0,
            "prediction_missing": selections.missing,
        },
        "unknown": selections.unknown,
        "seed": asked.seed,
        "draws": DRAWS,
        "intervals": INTERVALS,
        "significance": RULE,
        "data_digest": decisions.digest,
        "by": list(request.by),
        "label": None,
        "prediction": asked.prediction,
        "positive": None if asked.scoring else request.positive,
        "options": _options(request),
        "groups": list(reading.groups),
        "disparities": {"impact_ratio": lowest.get(last)},
        "disparities_by": [
            {**table, "title": table["by"], "impact_ratio": lowest[table["by"]]}
            for table in reading.tables
        ],
        "verdict": reading.verdict,
        "reasons": list(reading.reasons),
    }


def _examined(
    decisions: Decisions, request: ProfileRequest, thresholds: Thresholds
) -> dict[str, Any]:
    if request.prediction is None:
        raise InvalidInput("It was not said what was decided.", "Name the column: --prediction COL")
    record = special_category_record(request.by, request.special, request.justification)
    asked = FairnessRequest(
        request.prediction, request.by, request.label, request.positive, request.where
    )
    result = audit_fairness(decisions.files, asked, thresholds.fairness, decisions.digest, None)
    return {
        **result.as_json(),
        "options": _options(request),
        "special_categories": record,
        "mitigation": request.mitigation,
        "missing": [] if request.mitigation else ["measures to detect, prevent and mitigate bias"],
    }


def _options(request: ProfileRequest) -> dict[str, str]:
    """What was asked beyond columns and filter, by name, as an entry keeps it."""
    references = ",".join(f"{by}={group}" for by, group in request.references.items())
    asked = {
        "score": request.score,
        "reference": references,
        "exclusion": "justified" if request.exclusion else None,
        "special_category": ",".join(request.special),
    }
    return {name: value for name, value in asked.items() if value}


def _lowest(reading: Reading, by: str) -> float | None:
    """The lowest impact ratio of a table."""
    ratios = [group["impact_ratio"] for group in reading.groups if group["by"] == by]
    return min((ratio for ratio in ratios if ratio is not None), default=None)


def _title(rule: Profile, statement: Statement | None) -> str:
    if rule.name != "nyc-ll144":
        return rule.title
    if statement is None:
        return f"{PRE_AUDIT}: {rule.title}"
    if statement.auditor is None:
        return f"{ATTACHED}: {rule.title}"
    return f"{rule.title}, with the signed statement of auditor {statement.auditor}"


def _check(request: ProfileRequest) -> None:
    useless = [
        name
        for name in _OPTIONAL
        if name not in _OWN[request.name] and getattr(request, name) not in (None, (), {})
    ]
    if useless:
        raise InvalidInput(
            f"The profile {request.name} has no use for: "
            f"{', '.join(name.replace('_', '-') for name in useless)}.",
            "Leave it out, or choose another profile.",
        )
