"""Entering what test suites showed of a version before it serves."""

from __future__ import annotations

from typing import get_args

from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.work import Work, lines_of, path_of
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.evaluations import EvaluationRow, Suite
from ledger.registers.models import ModelRow, VersionRow


async def ask_evaluation(desk: Desk, model: str = "") -> str | None:
    """Ask for results and their version, enter them, and give the evaluation's id."""
    picture = desk.picture
    if picture is None:
        return None
    rows = picture.rows
    models = [model] if model else [row.model for row in rows.where(ModelRow)]
    versions = [
        f"{each} {row.version}" for each in models for row in rows.where(VersionRow, model=each)
    ]
    actors = [row.actor for row in rows.where(ActorRow, status="active")]
    past = ", ".join(row.evaluation for row in rows.where(EvaluationRow)) or "none yet"
    fields = [
        Field("version", "Model and version", "choice", choices=choices(versions),
              hint="A version that is not listed is entered on the model's page (2, Enter, v)."),
        Field("path", "Results", "path",
              hint="A file of results, or a folder: cases as JSON lines, promptfoo, "
              "lm-evaluation-harness, Inspect."),
        Field("more", "More results", "long", required=False, hint="One a line."),
        Field("kind", "Suite", "choice", choices=choices(get_args(Suite)), required=False,
              hint="Of cases that name none."),
        Field("prompt", "Prompt version", required=False, hint="Of cases that name none."),
        Field("baseline", "Compare with", required=False,
              hint=f"As well: an evaluation or a file. Evaluations: {past}."),
        Field("golden", "Golden", "choice", "no",
              [("no", "no"), ("yes", "yes: later ones are held against this one")]),
        Field("texts", "Questions and answers", "choice", "no",
              [("no", "only their digests are kept"), ("yes", "kept in evidence, in clear")]),
        Field("owner", "Who remedies", "choice", choices=choices(actors), required=False,
              hint="What is found; by default the model's owner."),
    ]  # fmt: skip
    evaluated = await desk.enter(
        Kind.EVALUATION_COMPLETED,
        _run,
        form=lambda values: Form("Enter an evaluation", fields, values, verb="Enter it"),
        doing="Measuring cases",
    )
    if evaluated is None:
        return None
    name, findings = evaluated
    opened = f" Findings opened: {', '.join(findings)}." if findings else ""
    desk.tell(f"{name} is entered.{opened}", title="Evaluated", timeout=12 if findings else None)
    return name


def _run(work: Work) -> tuple[str, tuple[str, ...]]:
    from policies.evaluating import Asked, run_evaluation

    values = work.values
    model, _, version = values["version"].partition(" ")
    asked = Asked(
        version,
        next((each for each in get_args(Suite) if each == values["kind"]), None),
        values["prompt"] or None,
        values["baseline"] or None,
        values["golden"] == "yes",
        values["texts"] == "yes",
        values["owner"] or None,
    )
    paths = [path_of(each) for each in (values["path"], *lines_of(values["more"]))]
    evaluated = run_evaluation(work.book, work.signer, model, paths, asked)
    return evaluated.evaluation_id, evaluated.findings
