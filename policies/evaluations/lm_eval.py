"""Files of lm-evaluation-harness: `samples_TASK_TIME.jsonl`, and `results_TIME.json`.

Of a sample are read `doc_id`, `doc`, `target`, `filtered_resps`, and its first metric that is known
here; of several `filter`s the first. Results alone give totals of the tasks whose metric is a share
of right answers: `n-samples` and the metric, without cases to compare. With samples beside them
they must say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ledger.registers.evaluations import Suite
from policies.evaluations.case import Total, as_text
from policies.evaluations.content import Content

NAME = "lm-eval"
SUITE: Suite = "accuracy"
_METRICS = ("exact_match", "acc", "pass@1", "pass_at_1", "acc_norm")
_TASK = re.compile(r"samples_(.+?)(_\d{4}-\d\d-\d\dT.*)?\.jsonl?")
_TOLERANCE = 1e-6


def recognises(content: Content) -> bool:
    """Whether this is a file of samples or of results."""
    return _is_results(content) or _is_samples(content)


def read(content: Content) -> Iterator[dict[str, Any]]:
    """Each sample as the fields of a case; none of a file of results."""
    if _is_results(content):
        return
    named = _TASK.fullmatch(content.name)
    task = named.group(1) if named else content.name.rpartition(".")[0] or content.name
    kept = content.lines[0].get("filter")
    for sample in content.lines:
        if "doc_id" not in sample:
            raise content.wrong("a sample has no doc_id.", "Write it with --log_samples.")
        if sample.get("filter") == kept:
            yield _fields(sample, str(sample.get("task_name", task)))


def totals(content: Content) -> Iterator[Total]:
    """What a file of results states of each task whose metric is a share. InvalidInput if it lies.

    A task's number of samples times its metric must be a whole number of right answers.
    """
    if not _is_results(content) or content.document is None:
        return
    sizes = content.document.get("n-samples")
    for task, metrics in content.document["results"].items():
        size = sizes.get(task) if isinstance(sizes, dict) else None
        n = size.get("effective") if isinstance(size, dict) else size
        share = _share(metrics)
        if share is None or not isinstance(n, int) or isinstance(n, bool) or n < 1:
            continue
        passed = round(share * n)
        if not 0 <= share <= 1 or abs(passed - share * n) > _TOLERANCE * n:
            raise content.wrong(
                f"{share} of {n} samples of {task} is no number of right answers.",
                "Give the samples as well: lm_eval --log_samples",
            )
        yield Total(SUITE, str(task), n, passed)


def task_of(case_id: str) -> str:
    """The task of a case that was read here."""
    return case_id.rpartition("/")[0]


def _is_samples(content: Content) -> bool:
    first = content.lines[0] if content.lines else {}
    return "doc_id" in first and bool({"filtered_resps", "resps"} & first.keys())


def _is_results(content: Content) -> bool:
    document = content.document or {}
    results = document.get("results")
    return (
        isinstance(results, dict)
        and bool({"n-samples", "configs", "versions", "lm_eval_version"} & document.keys())
        and all(isinstance(each, dict) for each in results.values())
    )


def _share(metrics: dict[str, Any]) -> float | None:
    for wanted in _METRICS:
        for name, value in metrics.items():
            if name.partition(",")[0] == wanted and _is_number(value):
                return float(value)
    return None


def _fields(sample: dict[str, Any], task: str) -> dict[str, Any]:
    value = next((sample[name] for name in _METRICS if _is_number(sample.get(name))), None)
    if value is None:
        listed = sample.get("metrics")
        names = (
            [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
        )
        value = next((sample[name] for name in names if _is_number(sample.get(name))), None)
    responses = sample.get("filtered_resps", sample.get("resps"))
    return {
        "id": f"{task}/{sample['doc_id']}",
        "passed": bool(value) if value in {0, 1} else None,
        "score": value,
        "category": task,
        "input": as_text(sample.get("doc")),
        "expected": as_text(sample.get("target")),
        "output": as_text(responses),
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
