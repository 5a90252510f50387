"""`audit evaluate`: results of test suites before deployment, and how evaluations are listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from console.cli.display import Document, print_json
from console.cli.evaluate_tables import show_evaluation
from console.cli.options import Json, one_of, session_of
from console.exits import ExitCode
from console.session import Session

if TYPE_CHECKING:
    from ledger.registers.rows import Rows

SuiteKind = Literal[
    "functional",
    "accuracy",
    "robustness",
    "adversarial",
    "bias",
    "load",
    "regression",
    "security",
]


def evaluate(
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="What was tested.")],
    suite: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE|DIR",
            exists=True,
            help="Results of a test suite, or a folder of such files; may be given repeatedly.",
        ),
    ],
    version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Which version of it; default: the latest one."),
    ] = None,
    kind: Annotated[
        SuiteKind | None,
        typer.Option(help=f"The suite of cases that name none. {one_of(SuiteKind)}"),
    ] = None,
    prompt_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="The version of the prompt, of cases that name none."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="EVALUATION|FILE", help="Compare with this one as well, such as ev-1"),
    ] = None,
    golden: Annotated[
        bool,
        typer.Option("--golden", help="Later evaluations of the model are held against this one."),
    ] = False,
    keep_texts: Annotated[
        bool,
        typer.Option(
            "--keep-texts",
            help="Keep questions and answers in evidence, in clear; else their digests.",
        ),
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(metavar="ACTOR", help="Who remedies what is found; default: model's owner."),
    ] = None,
    json: Json = False,
) -> None:
    """Enter what test suites showed before a version is deployed.

    Files are JSON lines with a case each (docs/evaluations.md), results of promptfoo, samples and
    results of lm-evaluation-harness, or logs of Inspect (.json, .eval); each is recognised by what
    is in it. Held against the thresholds in force, the golden evaluation, and the version in
    production or the one before. Every evaluation is entered, whatever its verdict; attacks that
    worked become findings, one a category. Exit code 1 if the verdict is fail.
    """
    from policies.evaluating import Asked, run_evaluation

    session = session_of(context)
    asked = Asked(version, kind, prompt_version, baseline, golden, keep_texts, owner)
    evaluated = run_evaluation(session.book, session.signer, model, suite, asked)
    document = evaluated.as_json()
    if json:
        print_json(document)
    else:
        show_evaluation(session, document)
    if evaluated.verdict == "fail":
        raise typer.Exit(ExitCode.CHECK_FAILED)


def show_by_id(session: Session, evaluation: str, *, as_json: bool) -> None:
    """Show an evaluation as it was kept. Refused when unknown."""
    from ledger.registers.evaluations import known
    from ledger.registers.findings import FindingRow
    from policies.evaluating import read_evaluation

    with session.book.read() as snapshot:
        row = known(snapshot.rows, evaluation)
        findings = snapshot.rows.where(FindingRow, source=f"evaluation/{evaluation}")
    document = read_evaluation(session.book, row)
    document["findings"] = [finding.finding for finding in findings]
    if as_json:
        print_json(document)
    else:
        show_evaluation(session, document)


def is_evaluation(name: str) -> bool:
    """Whether an id is an evaluation's."""
    return name.startswith("ev-")


def listed_evaluations(rows: Rows, model: str | None) -> list[Document]:
    """Evaluations in the form of `audit list`; an earlier one of the same version is superseded."""
    import orjson

    from ledger.registers.evaluations import EvaluationRow

    found = rows.where(EvaluationRow, **({"model": model} if model else {}))
    found = sorted(found, key=lambda row: row.seq)
    latest = {_question(row): row.evaluation for row in found}
    return [
        {
            "audit_id": row.evaluation,
            "model": row.model,
            "measure": "evaluation",
            "profile": "golden" if row.golden else None,
            "outcome": row.version,
            "verdict": row.verdict,
            "superseded_by": (
                latest[_question(row)] if latest[_question(row)] != row.evaluation else None
            ),
            "by": orjson.loads(row.suites),
            "label": None,
            "prediction": "",
            "filter": None,
            "options": {"version": row.version, "suite": row.suite},
            "other_filters": 0,
            "n": row.n,
            "disparities": orjson.loads(row.measures),
            "time": row.time,
            "actor": row.actor,
            "seq": row.seq,
        }
        for row in found
    ]


def _question(row: Any) -> tuple[str, ...]:
    """What was asked of which version: a later evaluation with the same supersedes this one."""
    return (row.model, row.version, row.prompt_versions, row.suite)
