"""Asking for a bias audit: which columns, of which decisions; then run beside the screen."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import orjson

from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.picture import Picture
from console.tui.times import LocalTime
from console.tui.work import Values, Work, names_of, path_of
from ledger.errors import InvalidInput, QuaestorError
from ledger.kinds import Kind
from ledger.registers.logs import LogRow
from ledger.registers.models import ModelRow

ROWS = (
    Field("version", "Version", required=False,
          hint="Only the decisions of this version (column model_version)."),
    Field("since", "Since", required=False, hint="Local time, such as 2026-03-01 00:00."),
    Field("until", "Until", required=False, hint="Local time; that moment no more."),
)  # fmt: skip
FILE = Field("file", "File", "path", required=False,
             hint="Leave it empty for the model's imported decisions.")  # fmt: skip


async def ask_audit(desk: Desk, model: str = "") -> str | None:
    """Ask, run, and give the id of the audit that was entered."""
    picture = desk.picture
    if picture is None:
        return None
    models = [model] if model else [row.model for row in picture.rows.where(ModelRow)]
    known = columns_said(picture, models)
    audited = await desk.enter(
        Kind.AUDIT_COMPLETED,
        partial(run_audit, desk.local),
        form=lambda values: Form("Audit for bias", _fields(models, known), values, verb="Run"),
        doing="Counting decisions",
    )
    if audited is not None:
        desk.tell(f"{audited} is entered.", title="Audit done")
    return audited


def columns_said(picture: Picture, models: list[str]) -> str:
    """Which columns there are to name, for a hint."""
    known = columns_of(picture, models)
    return f"Columns: {', '.join(known)}." if known else "A column of the decisions."


def columns_of(picture: Picture, models: list[str]) -> list[str]:
    """The mapped columns of the models' imported decisions."""
    found: dict[str, None] = {}
    for model in models:
        for row in picture.rows.where(LogRow, model=model):
            try:
                mapping = orjson.loads(picture.book.home.evidence.read(row.column_map, "json"))
            except QuaestorError:
                continue
            found.update(dict.fromkeys(mapping["columns"]))
    return list(found)


def run_audit(local: LocalTime, work: Work) -> str:
    """Run a fairness audit as the form asks for it; return its id. Times are local."""
    from policies.auditing import run_fairness
    from policies.fairness.request import BEST, FairnessRequest
    from policies.scoring import OUTCOMES, run_values

    values = work.values
    if values["seed"] and not values["seed"].isdigit():
        raise InvalidInput(f"The seed {values['seed']!r} is not a number.", "Leave it empty.")
    request = FairnessRequest(
        prediction=values["prediction"],
        by=names_of(values["by"]),
        label=values["label"] or None,
        positive=values["positive"],
        where=where_of(local, values),
        outcome=values["outcome"],
        cutoff=values["cutoff"] or None,
        weight=values["weight"] or None,
        control=names_of(values["control"]),
        reference=values["reference"] or BEST,
    )
    run = run_values if request.outcome in OUTCOMES else run_fairness
    audited = run(
        work.book,
        work.signer,
        values["model"],
        request,
        files=files_of(values),
        seed=int(values["seed"]) if values["seed"] else None,
    )
    return audited.audit_id


def where_of(local: LocalTime, values: Values) -> str | None:
    """One condition for the filter, the local times and the version of a form with `ROWS`."""
    from policies.fairness.request import narrowed

    since, until = (local.read(values[end]) if values[end] else None for end in ("since", "until"))
    return narrowed(values["where"] or None, since, until, values["version"] or None)


def files_of(values: Values) -> list[Path] | None:
    """The file that a form names instead of imported decisions."""
    return [path_of(values["file"])] if values["file"] else None


def _fields(models: list[str], columns: str) -> list[Field]:
    return [
        Field("model", "Model", "choice", choices=choices(models)),
        Field("prediction", "Decided", hint=f"What the model answered. {columns}"),
        Field("label", "Turned out", required=False,
              hint=f"What was true in the end; without it only selection rates. {columns}"),
        Field("positive", "Positive value", value="1", hint="The value that counts as selected."),
        Field("by", "Compare by", hint=f"One or more, by commas: a,b also crosses them. {columns}"),
        Field("where", "Only where", required=False,
              hint="An SQL condition on a row, such as: region = 'north' AND age >= 18"),
        Field("control", "Within", required=False,
              hint="Compare once more within each value of these columns, by commas."),
        Field("reference", "Against", value="best",
              hint="best (the highest rate), largest, or a group such as sex=male"),
        Field("outcome", "Outcome", "choice", value="binary",
              choices=[("binary", "binary: selected or not"),
                       ("multiclass", "multiclass: each class against the rest"),
                       ("score", "score: a number, such as a probability"),
                       ("rating", "rating: a number for a number")]),
        Field("cutoff", "Cut-off", required=False,
              hint="If what was decided is a number: positive from here on."),
        Field("weight", "Weight", required=False, hint="A column that says how much a row counts."),
        *ROWS,
        FILE,
        Field("seed", "Seed", required=False, hint="By default derived from the data's digest."),
    ]  # fmt: skip
