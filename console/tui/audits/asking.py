"""Asking for a bias audit: which columns, of which decisions; then run beside the screen."""

from __future__ import annotations

import orjson

from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.picture import Picture
from console.tui.work import Work, path_of
from ledger.errors import InvalidInput, QuaestorError
from ledger.kinds import Kind
from ledger.registers.logs import LogRow
from ledger.registers.models import ModelRow


async def ask_audit(desk: Desk, model: str = "") -> str | None:
    """Ask, run, and give the id of the audit that was entered."""
    picture = desk.picture
    if picture is None:
        return None
    models = [model] if model else [row.model for row in picture.rows.where(ModelRow)]
    known = columns_of(picture, models)
    audited = await desk.enter(
        Kind.AUDIT_COMPLETED,
        run_audit,
        form=lambda values: Form("Audit for bias", _fields(models, known), values, verb="Run"),
        doing="Counting decisions",
    )
    if audited is not None:
        desk.tell(f"{audited} is entered.", title="Audit done")
    return audited


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


def run_audit(work: Work) -> str:
    """Run a fairness audit as the form asks for it; return its id."""
    from policies.auditing import run_fairness
    from policies.fairness.counts import FairnessRequest

    values = work.values
    if values["seed"] and not values["seed"].isdigit():
        raise InvalidInput(f"The seed {values['seed']!r} is not a number.", "Leave it empty.")
    request = FairnessRequest(
        prediction=values["prediction"],
        by=tuple(name.strip() for name in values["by"].split(",") if name.strip()),
        label=values["label"] or None,
        positive=values["positive"],
        where=values["where"] or None,
    )
    audited = run_fairness(
        work.book,
        work.signer,
        values["model"],
        request,
        files=[path_of(values["file"])] if values["file"] else None,
        seed=int(values["seed"]) if values["seed"] else None,
    )
    return audited.audit_id


def _fields(models: list[str], known: list[str]) -> list[Field]:
    columns = f"Columns: {', '.join(known)}." if known else "A column of the decisions."
    return [
        Field("model", "Model", "choice", choices=choices(models)),
        Field("prediction", "Decided", hint=f"What the model answered. {columns}"),
        Field("label", "Turned out", required=False,
              hint=f"What was true in the end; without it only selection rates. {columns}"),
        Field("positive", "Positive value", value="1", hint="The value that counts as selected."),
        Field("by", "Compare by", hint=f"One or more, by commas: a,b also crosses them. {columns}"),
        Field("where", "Only where", required=False,
              hint="An SQL condition on a row, such as: region = 'north' AND age >= 18"),
        Field("file", "File", "path", required=False,
              hint="Leave it empty for the model's imported decisions."),
        Field("seed", "Seed", required=False, hint="By default derived from the data's digest."),
    ]  # fmt: skip
