"""A profile of data: columns at a glance, the label's classes, then concerns, gravest first."""

from __future__ import annotations

from typing import Any

import orjson
from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.bars import bar
from console.tui.desk import Desk
from console.tui.form import Field, Form
from console.tui.reading import Reading
from console.tui.work import Tell, Values, lines_of, names_of, path_of
from ledger.registers.datasets import ContentsRow

_NAME, _BAR = 18, 20
_SEVERITIES = ("high", "medium", "low")
_DASH = "\N{EN DASH}"


async def profile_files(desk: Desk) -> None:
    """Ask for files and show what is in them; nothing is entered."""
    fields = [
        Field("path", "File", "path", hint="CSV, JSON Lines or Parquet."),
        Field("more", "More files", "long", required=False, hint="One a line."),
        Field("label", "Label", required=False, hint="The column that a model is to learn."),
        Field("identifiers", "Unique columns", required=False, hint="By commas."),
        Field("where", "Only where", required=False, hint="An SQL condition on a row."),
    ]

    book = desk.book

    def profiling(values: Values, _tell: Tell) -> dict[str, Any]:
        from policies.data_sets import profile_files

        paths = [path_of(each) for each in (values["path"], *lines_of(values["more"]))]
        return profile_files(
            book,
            paths,
            values["label"] or None,
            names_of(values["identifiers"]),
            values["where"] or None,
        )

    document = await desk.find_out(
        profiling,
        form=lambda values: Form("Profile files", fields, values, verb="Look",
                                 note="Gaps, formats, repeats, outliers, the label. Nothing is "
                                 "entered."),
        doing="Looking at every column",
    )  # fmt: skip
    if document is not None:
        title = ", ".join(document["files"])
        await desk.push_screen_wait(Reading(title, lambda width: profile_text(document, width)))


async def read_contents(desk: Desk, dataset: str, version: str) -> None:
    """Show the files of a version, and the profile that was kept with it."""
    picture = desk.picture
    row = picture.rows.get(ContentsRow, dataset, version) if picture else None
    if picture is None or row is None:
        return
    facts = Text(f"{version} of {dataset}, {desk.local.minute(row.time)} by {row.actor}\n")
    for file in orjson.loads(row.files):
        facts.append(f"{legible(file['name'])}, {file['size']:,} bytes\n")
        facts.append(f"  SHA-256 {file['sha256']}\n", style=marks.QUIET)
    if row.note:
        note = picture.reveal(f"dataset/{dataset}", "note", row.note)
        facts.append(f"Note: {legible(note)}\n")
    document = None
    if row.profile:
        from policies.data_sets import read_profile

        book = desk.book
        document = await desk.run_job(
            "Reading the profile", lambda _tell: read_profile(book, row.profile)
        )
        if document is None:
            return

    def drawn(width: int) -> Text:
        if document is None:
            return facts + Text("\nNo profile was kept of it: p on the list profiles files.")
        return facts + Text("\n") + profile_text(document, width)

    await desk.push_screen_wait(Reading(f"{dataset} {version}", drawn))


def profile_text(document: dict[str, Any], width: int) -> Text:
    """The profile in `width` cells."""
    rows = document["rows"]
    counts = ", ".join(f"{document['severities'][name]} {name}" for name in _SEVERITIES)
    text = Text(f"{rows:,} rows, {len(document['columns'])} columns; concerns: {counts}\n")
    concerns = document["concerns"]
    if concerns:
        text.append("\nConcerns\n", style="bold")
    for each in concerns:
        text.append(marks.severity_mark(each["severity"]).text)
        named = f"{legible(each['column'])}: " if each["column"] else ""
        text.append(f"  {named}", style="bold")
        text.append(f"{legible(each['message'])}\n")
    text.append("\nColumns\n", style="bold")
    text.append(f"{'column':<{_NAME}}{'holds':<10}{'missing':>8}{'distinct':>9}", style=marks.QUIET)
    text.append(f"{'low':>9}{'median':>9}{'high':>9}\n", style=marks.QUIET)
    for each in document["columns"]:
        text.append(_column(each, rows))
    label = document["label"]
    if label and label["classes"]:
        text.append(f"\nLabel {legible(label['column'])}\n", style="bold")
        for each in label["classes"]:
            share = each["rows"] / rows if rows else 0.0
            scale = max(min(_BAR, width - 45), 6)
            text.append(f"{legible(str(each['class']))[: _NAME - 1]:<{_NAME}}")
            text.append(f"{bar(share, scale)} {share:>6.1%} {each['rows']:>12,}\n")
    return text


def _column(each: dict[str, Any], rows: int) -> Text:
    missing = each["missing"]["rows"]
    text = Text(f"{legible(each['column'])[: _NAME - 1]:<{_NAME}}{legible(each['kind'])[:9]:<10}")
    share = f"{missing / rows:.1%}" if missing and rows else "0"
    text.append(f"{share:>8}{each['distinct']:>9,}")
    spread = each["spread"]
    for name in ("low", "median", "high"):
        text.append(f"{f'{spread[name]:.4g}' if spread else _DASH:>9}")
    return text.append("\n")
