"""Results of promptfoo: `results.results[]` of its JSON, or one result a line.

Read are `success`, `score`, `latencyMs` (not of answers out of a cache), `vars`, `error`,
`failureReason` (2: an error), `tokenUsage.total`, `response.isRefusal`, and of the first component
of `gradingResult` that did not pass the assertion's type. `metadata` of a test may state labels
under our own names. A red-team plugin is the category of an adversarial case. The version of the
prompt is its label, or the beginning of `promptId`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ledger.registers.evaluations import Suite
from policies.evaluations.case import as_text, labelled
from policies.evaluations.content import Content
from policies.evaluations.taxonomy import BY_ASSERTION

NAME = "promptfoo"
SUITE: Suite = "functional"
_ERROR = 2
_LABEL = re.compile(
    r"(?!.*\{\{)[^\x00-\x1f]{1,60}"
)  # the text of a prompt is longer, or a template
_SHORT = 12  # digits of a digest
_REFUSALS = ("is-refusal", "not-is-refusal")


def recognises(content: Content) -> bool:
    """Whether this is a file of promptfoo."""
    return bool(_results(content)) and all(_is_result(one) for one in _results(content)[:3])


def read(content: Content) -> Iterator[dict[str, Any]]:
    """Each result as the fields of a case. InvalidInput for answers of several providers."""
    results = [one for one in _results(content) if isinstance(one, dict)]
    providers = sorted({_provider(one) for one in results})
    if len(providers) > 1:
        raise content.wrong(
            f"it holds answers of {len(providers)} providers: {', '.join(providers)}.",
            "An evaluation is of one model: write one file with --filter-providers.",
        )
    prompts = {str(one.get("promptIdx")) for one in results}
    seen: Counter[str] = Counter()
    for position, one in enumerate(results):
        fields = _fields(one, position, several_prompts=len(prompts) > 1)
        seen[fields["id"]] += 1
        if seen[fields["id"]] > 1:  # the same test, repeated
            fields["id"] = f"{fields['id']}/{seen[fields['id']]}"
        yield fields


def _results(content: Content) -> list[Any]:
    document = content.document
    if document is None:
        return list(content.lines)
    found = document.get("results", document)
    if isinstance(found, dict) and "results" in found:
        found = found["results"]
    return found if isinstance(found, list) else [document]


def _is_result(one: Any) -> bool:
    named = {"testIdx", "promptIdx", "vars", "gradingResult", "testCase"}
    return isinstance(one, dict) and "success" in one and bool(named & one.keys())


def _provider(one: dict[str, Any]) -> str:
    provider = one.get("provider")
    return str(provider.get("id")) if isinstance(provider, dict) else str(provider)


def _fields(one: dict[str, Any], position: int, *, several_prompts: bool) -> dict[str, Any]:
    test, grading, response = (
        _part(one, name) for name in ("testCase", "gradingResult", "response")
    )
    metadata = [_part(holder, "metadata") for holder in (test, one, grading)]
    plugin = next((each["pluginId"] for each in metadata if each.get("pluginId")), None)
    said = next((each["id"] for each in metadata if isinstance(each.get("id"), str)), None)
    name = said or f"test-{one.get('testIdx', position)}"
    if several_prompts:
        name += f"/prompt-{one.get('promptIdx')}"
    found = {
        "id": name,
        "passed": one["success"],
        "error": one.get("failureReason") == _ERROR or bool(one.get("error") and not grading),
        "score": one.get("score"),
        "latency_ms": None if response.get("cached") else one.get("latencyMs"),
        "tokens": _part(one, "tokenUsage").get("total"),
        "refused": response.get("isRefusal"),
        "input": as_text(one.get("vars") or _part(one, "prompt").get("raw")),
        "expected": as_text(test.get("assert")),
        "output": as_text(response.get("output")),
        "prompt_version": _prompt_version(one),
    }
    found |= _graded(grading, test)
    if plugin:
        found |= {"suite": "adversarial", "category": str(plugin)}
    return found | labelled(*metadata)


def _prompt_version(one: dict[str, Any]) -> str | None:
    """The prompt's label; of one without a label, which promptfoo gives its text, its digest."""
    prompt, digest = _part(one, "prompt"), one.get("promptId")
    label = prompt.get("label")
    if isinstance(label, str) and label != prompt.get("raw") and _LABEL.fullmatch(label):
        return label
    return digest[:_SHORT] if isinstance(digest, str) and digest else None


def _graded(grading: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """What the assertions say of refusing, and the first of them that failed."""
    found: dict[str, Any] = {}
    asked = test.get("assert") if isinstance(test.get("assert"), list) else []
    for each in asked or []:
        kind = each.get("type") if isinstance(each, dict) else None
        if kind in _REFUSALS:
            found["should_refuse"] = kind == "is-refusal"
    components = grading.get("componentResults")
    for each in components if isinstance(components, list) else []:
        kind = _part(each, "assertion").get("type") if isinstance(each, dict) else None
        if kind in _REFUSALS:
            found["refused"] = bool(each.get("pass")) == (kind == "is-refusal")
        if isinstance(kind, str) and kind in BY_ASSERTION and each.get("pass") is False:
            found.setdefault("failure", BY_ASSERTION[kind])
    return found


def _part(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}
