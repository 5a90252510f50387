"""Proxies: what other columns tell of a sensitive one; looked at, not entered."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.audits.asking import FILE, ROWS, columns_said, files_of, where_of
from console.tui.bars import bar
from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.reading import Reading
from console.tui.work import Tell, Values
from ledger.registers.models import ModelRow

_NAME, _FIGURES = 20, 32
_DASH = "\N{EN DASH}"


async def show_proxies(desk: Desk, model: str = "") -> None:
    """Ask for the sensitive column, and rank the others by how much they tell of it."""
    picture = desk.picture
    if picture is None:
        return
    models = [model] if model else [row.model for row in picture.rows.where(ModelRow)]
    columns = columns_said(picture, models)
    fields = [
        Field("model", "Model", "choice", choices=choices(models)),
        Field("by", "Sensitive column", hint=columns),
        Field("where", "Only where", required=False, hint="An SQL condition on a row."),
        *ROWS,
        FILE,
    ]

    def finding(values: Values, _tell: Tell) -> dict[str, Any]:
        from policies.auditing import decisions_of
        from policies.fairness.proxies import find_proxies

        decisions = decisions_of(desk.book, values["model"], files_of(values))
        return find_proxies(decisions.paths, values["by"], where_of(desk.local, values)).as_json()

    document = await desk.find_out(
        finding,
        form=lambda values: Form("Find proxies", fields, values, verb="Rank",
                                 note="Which columns stand in for a sensitive one. Nothing is "
                                 "entered."),
        doing="Ranking columns",
    )  # fmt: skip
    if document is not None:
        title = f"What tells {document['by']}"
        await desk.push_screen_wait(Reading(title, lambda width: proxies_text(document, width)))


def proxies_text(document: dict[str, Any], width: int) -> Text:
    """The columns, those that tell most first, with Cramer's V as a bar."""
    text = Text(f"{document['n']:,} rows, {document['unknown']:,} of unknown group left out\n\n")
    scale = max(min(width - _NAME - _FIGURES, 40), 6)
    text.append(f"{'column':<{_NAME}}{'0 to 1':<{scale}}{'V':>7}", style=marks.QUIET)
    text.append(f"{'AUC':>7}  of group\n", style=marks.QUIET)
    for each in document["proxies"]:
        name = legible(each["column"])[: _NAME - 1]
        text.append(f"{name:<{_NAME}}{bar(each['cramers_v'] or 0.0, scale)}")
        text.append(f"{_figure(each['cramers_v']):>7}{_figure(each['auc']):>7}")
        text.append(f"  {legible(each['auc_group'] or _DASH)}\n")
    text.append("\n")
    for column, reason in document["set_aside"].items():
        text.append(legible(f"{column} is not ranked: {reason}\n"), style=marks.QUIET)
    return text.append(f"\n{document['caveat']}", style=marks.QUIET)


def _figure(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"
