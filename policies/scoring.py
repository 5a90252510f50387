"""Auditing scores and ratings of a model: measured, kept in evidence, and entered."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.errors import InvalidInput
from ledger.keys import Signer
from policies.adopting import thresholds_in_force
from policies.auditing import Audited, Decisions, decisions_of, enter_audit
from policies.fairness.audit import seed_of
from policies.fairness.grouped import ValueRequest
from policies.fairness.rating_audit import audit_ratings
from policies.fairness.request import FairnessRequest
from policies.fairness.score_audit import audit_scores

SCORE = "score"
RATING = "rating"
OUTCOMES = (SCORE, RATING)

# Of any double, 12 places and all that stands before the point.
_EXACT = Context(prec=400)


def run_values(
    book: Book,
    signer: Signer,
    model: str,
    request: FairnessRequest,
    *,
    files: Sequence[Path] | None = None,
    seed: int | None = None,
) -> Audited:
    """Audit a model's scores or ratings (`request.outcome`), imported or in files, and enter it.

    Groups are held against the one that is named, or else the largest. Raises InvalidInput
    (columns, filter, reference, an option that only counts have, nothing imported), CheckFailed
    (a sealed log is not what was sealed) and what `Book.append` raises.
    """
    asked = _asked(request)
    decisions = decisions_of(book, model, files, asked.label)
    adopted, thresholds = thresholds_in_force(book)
    paths, digest = decisions.files, decisions.digest
    document = (
        audit_scores(paths, asked, thresholds, digest, seed_of(digest, seed)).as_json()
        if request.outcome == SCORE
        else audit_ratings(paths, asked, thresholds, digest).as_json()
    )
    options = [{"name": name, "value": value} for name, value in request.options().items()]
    fields = {**asked_of(document, decisions, adopted), "options": options}
    return enter_audit(book, signer, model, fields, document)


def _asked(request: FairnessRequest) -> ValueRequest:
    given = {"cutoff": request.cutoff, "weight": request.weight}
    useless = [f"--{name}" for name, value in given.items() if value]
    if useless or request.outcome not in OUTCOMES:
        raise InvalidInput(
            f"An outcome of {request.outcome!r} has no use for {', '.join(useless) or 'this'}.",
            "Leave it out, or audit decisions: --outcome binary.",
        )
    return ValueRequest(
        value=request.prediction,
        by=request.by,
        label=request.label,
        positive=request.positive,
        where=request.where,
        references=request.references(),
        control=request.control,
    )


def asked_of(document: dict[str, Any], decisions: Decisions, adopted: str) -> dict[str, Any]:
    """The fields of an audit's entry that its document says; `adopted` are the thresholds."""
    return {
        "measure": "fairness",
        "outcome": document["outcome"],
        "label": document["label"] or "",
        "prediction": document["prediction"],
        "positive": document["positive"] or "",
        "by": document["by"],
        "filter": document["filter"] or "",
        "n": document["n"],
        "excluded": document["excluded"]["rows"],
        "seed": document["seed"],
        "draws": document["draws"],
        "data": decisions.digest,
        "logs": decisions.logs,
        "thresholds": adopted,
        "disparities": [
            {"by": table["by"], "measure": name, "value": _decimal(table[name])}
            for table in document["disparities_by"]
            if not table.get("stratum")
            for name in document["disparities"]
            if not name.endswith("_ci")
        ],
    }


def _decimal(value: float | None) -> str | None:
    """A measure as an entry holds it: the double that was computed, to 12 places."""
    if value is None:
        return None
    return format(Decimal(value).quantize(Decimal("1e-12"), context=_EXACT), "f")
