"""Running an evaluation: from files of results to an entry, and findings for what broke through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import orjson

from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers import evaluations
from ledger.registers.evaluations import Against, EvaluationRow, Suite, next_evaluation
from ledger.registers.models import ModelRow, VersionRow, known
from ledger.registers.rows import Rows
from policies.adopting import thresholds_in_force
from policies.auditing import exact_decimal
from policies.evaluations.case import Case, without_texts
from policies.evaluations.comparing import Baseline
from policies.evaluations.evaluation import Evaluation, evaluate
from policies.evaluations.measures import Measure
from policies.evaluations.reading import Results, read_results
from policies.evaluations.subgroups import GroupShare
from policies.remedying import drafts_of

# What fits into an entry; the kept result has everything.
_MOST_MEASURES = 100
_MOST_PROMPTS = 20


@dataclass(frozen=True)
class Asked:
    """What a person asks for beside the files.

    `version` is the one that was tested; None: the latest that is registered. `suite` and
    `prompt_version` are of cases that name none. `baseline` is the id of an evaluation, or a file.
    `owner` is whose the findings become; else they are the model's owner's.
    """

    version: str | None = None
    suite: Suite | None = None
    prompt_version: str | None = None
    baseline: str | None = None
    golden: bool = False
    keep_texts: bool = False
    owner: str | None = None


@dataclass(frozen=True)
class Evaluated:
    """An evaluation that was entered. `document` is the JSON kept in evidence under `result`."""

    evaluation_id: str
    model: str
    verdict: str
    result: str
    document: dict[str, Any]
    findings: tuple[str, ...]
    found_again: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of `audit evaluate --json`."""
        return {
            "evaluation_id": self.evaluation_id,
            **self.document,
            "findings": list(self.findings),
            "found_again": list(self.found_again),
        }


def run_evaluation(
    book: Book, signer: Signer, model: str, paths: Sequence[Path], asked: Asked
) -> Evaluated:
    """Read, measure and enter an evaluation whatever its verdict, with findings in the same part.

    Raises InvalidInput (files, baseline), Refused (model, version, role), CheckFailed (the cases of
    a baseline are not what was kept) and what `Book.append` raises; nothing is entered then.
    """
    adopted, thresholds = thresholds_in_force(book)
    with book.read() as snapshot:
        row = known(snapshot.rows, model)
        version = asked.version or row.version
        evaluations.require_version(snapshot.rows, model, version)
        held = list(_held_against(snapshot.rows, row, version, asked.baseline))
    baselines = [
        Baseline(against, past.evaluation, past.evaluation, past.version, read_cases(book, past))
        for against, past in held
    ]
    if asked.baseline and not any(each.against == "baseline" for each in baselines):
        baselines.insert(0, _of_file(Path(asked.baseline), asked))
    results = read_results(paths, asked.suite, asked.prompt_version)
    found = evaluate(results, thresholds.evaluation, row.testing_level, baselines)
    kept = tuple(results.cases if asked.keep_texts else map(without_texts, results.cases))
    cases = book.home.evidence.keep(_as_lines(kept), "jsonl")
    document = {
        "model": model,
        "version": version,
        **found.as_json(),
        "golden": asked.golden,
        "texts_kept": asked.keep_texts,
        "cases": cases,
    }
    result = book.home.evidence.keep(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), "json")
    body = {
        **_body(found, results),
        "model": model,
        "version": version,
        "thresholds": adopted,
        "golden": asked.golden,
        "texts_kept": asked.keep_texts,
        "result": result,
        "cases": cases,
    }

    def entering(rows: Rows) -> list[Draft]:
        name = next_evaluation(rows)
        findings = drafts_of(
            rows,
            model,
            (name, found),
            thresholds.evaluation,
            owner=asked.owner,
            now=book.clock(),
        )
        return [Draft(Kind.EVALUATION_COMPLETED, f"evaluation/{name}", body), *findings]

    entries = book.append(signer, entering).entries
    opened, again = (
        tuple(entry.subject.partition("/")[2] for entry in entries if entry.kind == kind)
        for kind in (Kind.FINDING_OPENED, Kind.FINDING_NOTED)
    )
    return Evaluated(
        entries[0].subject.partition("/")[2],
        model,
        found.verdict,
        result,
        document,
        opened,
        again,
    )


def read_evaluation(book: Book, row: EvaluationRow) -> dict[str, Any]:
    """An evaluation's document as it was kept. CheckFailed if it was changed."""
    document = orjson.loads(book.home.evidence.read(row.result, "json"))
    return {"evaluation_id": row.evaluation, **document}


def read_cases(book: Book, row: EvaluationRow) -> tuple[Case, ...]:
    """An evaluation's cases as they were kept. CheckFailed if they were changed."""
    lines = book.home.evidence.read(row.cases, "jsonl").splitlines()
    decoder = msgspec.json.Decoder(Case)
    try:
        return tuple(decoder.decode(line) for line in lines)
    except msgspec.MsgspecError as error:
        raise CheckFailed(
            f"The cases of {row.evaluation} cannot be read: {error}.",
            "They were kept by another version of Quaestor.",
        ) from error


def _held_against(
    rows: Rows, model: ModelRow, version: str, baseline: str | None
) -> Iterator[tuple[Against, EvaluationRow]]:
    """Which evaluations to compare with: what was asked for, the golden one, that in production."""
    wanted: list[tuple[Against, EvaluationRow | None]] = []
    if baseline and not Path(baseline).is_file():
        wanted.append(("baseline", evaluations.known(rows, baseline)))
    wanted.append(("golden", evaluations.golden_of(rows, model.model)))
    against, other = _serving(rows, model, version)
    wanted.append((against, evaluations.latest_of(rows, model.model, other)))
    seen: set[str] = set()
    for name, row in wanted:
        if row is not None and row.evaluation not in seen:
            if row.model != model.model:
                raise InvalidInput(
                    f"{row.evaluation} is an evaluation of {row.model}.",
                    f"Name one of {model.model}: quaestor audit list --model {model.model}",
                )
            seen.add(row.evaluation)
            yield name, row


def _serving(rows: Rows, model: ModelRow, version: str) -> tuple[Against, str]:
    """The version in production; of that one itself, or of none, the version before."""
    if model.status == "production" and model.version != version:
        return "production", model.version
    versions = sorted(rows.where(VersionRow, model=model.model), key=lambda row: row.seq)
    names = [row.version for row in versions]
    place = names.index(version)
    return "previous", names[place - 1] if place else ""


def _of_file(path: Path, asked: Asked) -> Baseline:
    results = read_results([path], asked.suite)
    return Baseline("baseline", path.name, "", "", results.cases)


def _as_lines(cases: Sequence[Case]) -> bytes:
    return b"".join(msgspec.json.encode(case) + b"\n" for case in cases)


def _body(found: Evaluation, results: Results) -> dict[str, Any]:
    return {
        "prompt_versions": results.prompt_versions[:_MOST_PROMPTS],
        "risk_level": found.judge.risk_level,
        "minimum_cases": found.judge.minimum,
        "files": [
            {"name": file.name[:300], "format": file.format, "sha256": file.sha256}
            for file in results.files
        ],
        "suite": found.suite,
        "suites": found.suites,
        "n": found.n,
        "passed": found.passed,
        "errors": found.errors,
        "measures": [
            *(_measured(one) for one in found.measures),
            *(_of_group(one) for one in found.groups),
        ][:_MOST_MEASURES],
        "failures": [{"failure": name, "n": count} for name, count in found.failures.items()],
        "comparisons": [
            {
                "against": one.baseline.against,
                "evaluation": one.baseline.evaluation,
                "pairs": one.pairs,
                "broken": len(one.regressions),
                "fixed": len(one.improvements),
                "p_value": exact_decimal(one.p_value),
                "verdict": one.verdict,
            }
            for one in found.comparisons
        ],
        "verdict": found.verdict,
    }


def _measured(one: Measure) -> dict[str, Any]:
    return {
        "scope": one.scope,
        "measure": one.measure,
        "n": one.n,
        "value": exact_decimal(one.span.value),
        "low": exact_decimal(one.span.low),
        "high": exact_decimal(one.span.high),
        "limit": exact_decimal(one.limit),
        "verdict": one.verdict,
    }


def _of_group(one: GroupShare) -> dict[str, Any]:
    """The difference from the reference, which is what the verdict is about; of that its share."""
    span = one.difference or one.share
    return {
        "scope": f"{one.by} {one.group}",
        "measure": "accuracy_difference" if one.difference else "accuracy",
        "n": one.n,
        "value": exact_decimal(span.value),
        "low": exact_decimal(span.low),
        "high": exact_decimal(span.high),
        "limit": None,
        "verdict": one.verdict,
    }
