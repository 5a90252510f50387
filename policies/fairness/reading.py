"""What screens and pages read out of a fairness audit's document, in one wording for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

TESTS = {"fisher": "Fisher", "z": "z"}
_MISSING = {
    "label_missing": "a label",
    "prediction_missing": "a prediction",
    "weight_missing": "a weight",
}
_REFERENCES = {"best": "the group with the highest rate", "largest": "the largest group"}
_OPTIONS = {"exclusion": "small groups left out", "special_category": "special categories"}


def rate_interval(group: Document, name: str) -> list[float] | None:
    """Wilson's interval of a share of rows; else, as with weights, the one beside the rate."""
    measured = group.get("measures", {}).get(name) or {}
    found: list[float] | None = measured.get("wilson") or group.get(f"{name}_ci")
    return found


def intervals(document: Document) -> str:
    """How an audit has its intervals; one of counts does not say it, but its draws and weight."""
    if document.get("intervals"):
        return str(document["intervals"])
    draws = f"multinomial resampling of the counts, {document['draws']:,} draws"
    if document.get("weight"):
        return f"95 %: all by {draws}"
    return f"95 %: rates by Wilson, ratios, differences and disparities by {draws}"


def tested(group: Document) -> str:
    """By which test a group's selection rate was held against the reference's; empty for none."""
    if group.get("p_value") is None:
        return ""
    # Audits by a profile once named no test, and all were Fisher's.
    return TESTS[group.get("test") or "fisher"]


def p_values(group: Document) -> dict[str, float | None]:
    """A group's p-values by name: of a score's AUC and distribution, or of a rating's means.

    Those of ratings, `p` and `p_holm`, are of errors if these are known.
    """
    if "ks_p" in group:
        ranked = group.get("auc_test") or {}
        return {
            "auc_p": ranked.get("p"),
            "auc_p_holm": ranked.get("p_holm"),
            "ks_p": group["ks_p"],
            "ks_p_holm": group.get("ks_p_holm"),
        }
    found = group.get("error_test") or group.get("prediction_test") or {}
    return {name: found.get(name) for name in ("p", "p_holm")}


def conditions(document: Document) -> Iterator[tuple[str, str]]:
    """What was asked of which rows, and which of them are in no figure or of no known group."""
    yield "decided", _decided(document)
    yield "turned out", document["label"] or "not given"
    yield "only where", document["filter"] or "all decisions"
    yield "left out", _left_out(document["excluded"])
    if document.get("unknown") is not None:
        yield "unknown", f"{document['unknown']:,} of {document['n']:,} are of an unknown category"
    if document.get("control"):
        yield "within", ", ".join(document["control"])
    if document.get("weight"):
        yield "weighted by", document["weight"]
    if document.get("reference"):
        reference: str = document["reference"]
        yield "against", _REFERENCES.get(reference, reference)
    for name, value in (document.get("options") or {}).items():
        yield _OPTIONS.get(name, name), value


def stated(document: Document) -> Iterator[tuple[str, str]]:
    """What was said beside the figures because a profile wants it, and what was not."""
    for name in ("mode", "data_source", "mitigation"):
        if document.get(name):
            yield name.replace("_", " "), document[name]
    special = document.get("special_categories") or {}
    for name, said in (special.get("justification") or {}).items():
        yield name.replace("_", " "), said
    if document.get("missing"):
        yield "not stated, and wanted", ", ".join(document["missing"])


def _decided(document: Document) -> str:
    prediction, cutoff = document["prediction"], document.get("cutoff")
    if cutoff is not None:
        return f"{prediction} from {cutoff} on"
    if document.get("median") is not None:
        return f"{prediction} above the median of {document['median']:g}"
    if document["outcome"] in {"score", "rating"}:
        return f"{prediction}, a {document['outcome']}"
    if document["outcome"] == "multiclass":
        return f"{prediction}, each class against the rest"
    return f"{prediction} = {document['positive']}"


def _left_out(excluded: Document) -> str:
    if not excluded["rows"]:
        return "none"
    parts = [
        f"{excluded[name]:,} without {what}"
        for name, what in _MISSING.items()
        if excluded.get(name)
    ]
    return f"{excluded['rows']:,}: {', '.join(parts)}"
