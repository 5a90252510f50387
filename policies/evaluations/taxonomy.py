"""Ways to fail: the labels that files use, sorted into classes by a table and never by guessing.

| class | what it is |
|---|---|
| hallucination | states what is not so, or what the sources do not say |
| irrelevance | answers something else |
| overconfidence | states as certain what it cannot know |
| incompleteness | leaves out what was asked for |
| format failure | not in the form that was asked for |
| refusal error | refused what it should answer, or the other way round |
| other | any other label |
| not stated | failed without a label |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from policies.evaluations.case import Case

NOT_STATED = "not stated"
CLASSES = (
    "hallucination",
    "irrelevance",
    "overconfidence",
    "incompleteness",
    "format failure",
    "refusal error",
    "other",
    NOT_STATED,
)
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "hallucination": ("hallucinated", "fabrication", "factuality", "unfaithful", "ungrounded"),
    "irrelevance": ("irrelevant", "off topic"),
    "overconfidence": ("overconfident", "miscalibrated"),
    "incompleteness": ("incomplete", "partial", "omission"),
    "format failure": ("format", "format error", "invalid format", "schema"),
    "refusal error": ("refusal", "over refusal", "under refusal", "wrong refusal"),
}
_ASSERTIONS: Mapping[str, tuple[str, ...]] = {
    "hallucination": (
        "factuality",
        "model-graded-factuality",
        "context-faithfulness",
    ),
    "irrelevance": ("answer-relevance", "context-relevance", "conversation-relevance"),
    "incompleteness": ("context-recall",),
    "format failure": (
        "is-json",
        "contains-json",
        "is-xml",
        "contains-xml",
        "is-html",
        "contains-html",
        "is-sql",
        "contains-sql",
        "is-valid-function-call",
        "is-valid-openai-function-call",
        "is-valid-openai-tools-call",
    ),
    "refusal error": ("is-refusal", "not-is-refusal"),
}
BY_ASSERTION = {one: name for name, several in _ASSERTIONS.items() for one in several}
"""The class that a failed assertion of promptfoo stands for; others stand for none."""
_BY_LABEL = {one: name for name, several in _SYNONYMS.items() for one in (name, *several)}


def class_of(label: str) -> str:
    """The class of a label, written with spaces, dashes or underscores; `other` for any other."""
    return _BY_LABEL.get(label.lower().replace("-", " ").replace("_", " ").strip(), "other")


def failure_of(case: Case) -> str | None:
    """The class of a failed case; None if it did not fail, or the file does not say how."""
    if not case.failed:
        return None
    if case.failure:
        return class_of(case.failure)
    if None not in (case.refused, case.should_refuse) and case.refused != case.should_refuse:
        return "refusal error"
    return None


def count_failures(cases: Iterable[Case]) -> dict[str, int]:
    """How many failed in each way, in the order of the classes."""
    counts = Counter(failure_of(case) or NOT_STATED for case in cases if case.failed)
    return {name: counts[name] for name in CLASSES if counts[name]}
