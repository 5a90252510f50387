"""Comparing data: a model's decisions with what they were, or two files; entered, or only seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console.cli.drift import compared_sides, drift_request
from console.cli.drift_tables import drift_title
from console.tui.audits.asking import columns_said
from console.tui.audits.drift import drift_text
from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.reading import Reading
from console.tui.work import Tell, Values, Work, path_of
from ledger.kinds import Kind
from ledger.registers.models import ModelRow

if TYPE_CHECKING:
    from policies.drifting import Side

_PERIOD = "Such as 2026-01..2026-02, 2026-03.. or 2026-03, by the column time."


async def ask_drift(desk: Desk, model: str = "") -> str | None:
    """Hold a model's decisions against what they were or a file; the id of the audit entered."""
    picture = desk.picture
    if picture is None:
        return None
    models = [model] if model else [row.model for row in picture.rows.where(ModelRow)]
    fields = [
        Field("model", "Model", "choice", choices=choices(models)),
        Field("current", "Decisions now", hint=_PERIOD),
        Field("reference", "Decisions before", required=False, hint=_PERIOD),
        Field("against", "Or a file", "path", required=False,
              hint="Held against this instead, such as the training data."),
        *_narrowing(columns_said(picture, models)),
    ]  # fmt: skip
    audited = await desk.enter(
        Kind.AUDIT_COMPLETED,
        _run,
        form=lambda values: Form("Audit for drift", fields, values, verb="Run"),
        doing="Comparing decisions",
    )
    if audited is not None:
        desk.tell(f"{audited} is entered.", title="Audit done")
    return audited


async def compare(desk: Desk) -> None:
    """Compare two sides column by column and show how far they lie apart; nothing is entered."""
    picture = desk.picture
    if picture is None:
        return
    models = [row.model for row in picture.rows.where(ModelRow)]
    fields = [
        Field("first", "Reference: file", "path", required=False,
              hint="CSV, JSON Lines, Parquet; empty: decisions of the model, in a period."),
        Field("second", "Current: file", "path", required=False,
              hint="Empty: decisions of the model, in a period."),
        Field("model", "Model", "choice", choices=choices(models), required=False,
              hint="Whose decisions, for a side that is no file."),
        Field("reference", "Reference: period", required=False, hint=_PERIOD),
        Field("current", "Current: period", required=False, hint=_PERIOD),
        *_narrowing(columns_said(picture, models)),
    ]  # fmt: skip

    def comparing(values: Values, _tell: Tell) -> dict[str, Any]:
        from policies.drifting import compare_sides

        model = values["model"] or None
        document, _ = compare_sides(
            desk.book, model, _sides(values, model), _request(values), values["where"] or None
        )
        return document

    document = await desk.find_out(
        comparing,
        form=lambda values: Form("Compare data", fields, values, verb="Compare",
                                 note="Nothing is entered; an audit for drift is."),
        doing="Comparing",
    )  # fmt: skip
    if document is not None:
        await desk.push_screen_wait(
            Reading(drift_title(document), lambda width: drift_text(document, width))
        )


def _run(work: Work) -> str:
    from policies.drifting import run_drift

    values = work.values
    files = [path_of(values["against"])] if values["against"] else []
    sides = compared_sides(files, values["reference"] or None, values["current"], values["model"])
    where = values["where"] or None
    audited = run_drift(work.book, work.signer, values["model"], sides, _request(values), where)
    return audited.audit_id


def _sides(values: Values, model: str | None) -> tuple[Side, Side]:
    """The two sides; where only the current one is a file, it stays the current one."""
    files = [path_of(values[name]) for name in ("first", "second") if values[name]]
    reference, current = values["reference"] or None, values["current"] or None
    if values["second"] and not values["first"]:
        current_side, reference_side = compared_sides(files, current, reference, model)
        return reference_side, current_side
    return compared_sides(files, reference, current, model)


def _request(values: Values) -> Any:
    return drift_request(
        values["columns"] or None, values["output"] or None, values["confidence"] or None
    )


def _narrowing(columns: str) -> list[Field]:
    return [
        Field("output", "Decided", required=False, hint=f"What the model answered. {columns}"),
        Field("confidence", "Score", required=False, hint=f"How sure it was. {columns}"),
        Field("columns", "Only columns", required=False,
              hint=f"By commas; empty: all that can be compared. {columns}"),
        Field("where", "Only where", required=False,
              hint="An SQL condition on a row, for both sides."),
    ]  # fmt: skip
