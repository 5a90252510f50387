"""`data profile` and `data compare`: looking at files, with or without a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.display import print_json
from console.cli.drift import DriftOptions, compared_sides, drift_request
from console.cli.drift_tables import drift_title, show_drift, show_profile
from console.cli.options import DataSeverity, Json, session_of
from console.exits import ExitCode

SomeFiles = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="CSV, JSONL, Parquet."),
]
Label = Annotated[
    str | None, typer.Option(metavar="COL", help="What a model is to learn from the others.")
]
Identifiers = Annotated[
    list[str] | None, typer.Option("--id", metavar="COL", help="Must be unique; repeatable.")
]


def profile(
    context: typer.Context,
    files: SomeFiles,
    *,
    label: Label = None,
    identifiers: Identifiers = None,
    where: Annotated[
        str | None, typer.Option(metavar="SQL", help="A condition on the columns of a row.")
    ] = None,
    fail_on: Annotated[
        DataSeverity | None,
        typer.Option(help="Exit with 1 if a concern is of this severity or graver."),
    ] = None,
    json: Json = False,
) -> None:
    """Look at data before relying on it: gaps, formats, repeats, outliers, the label.

    Held against the thresholds in force, or without a ledger against those that are shipped.
    Nothing is entered.
    """
    from policies.data.findings import SEVERITIES
    from policies.data_sets import profile_files

    session = session_of(context)
    document = profile_files(session.book, files, label, identifiers or [], where)
    if json:
        print_json(document)
    else:
        show_profile(session, document)
    graver = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
    if any(document["severities"][severity] for severity in graver):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def compare(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[REFERENCE [CURRENT]]",
            exists=True,
            dir_okay=False,
            help="CSV, JSONL, Parquet.",
        ),
    ] = None,
    *,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="For what is not a file: its decisions.")
    ] = None,
    reference: DriftOptions.reference = None,
    current: DriftOptions.current = None,
    columns: DriftOptions.columns = None,
    output: DriftOptions.output = None,
    confidence: DriftOptions.confidence = None,
    where: DriftOptions.where = None,
    json: Json = False,
) -> None:
    """Compare two sets of data column by column. Nothing is entered: see `audit drift` for that.

    Held against the thresholds in force, or without a ledger against those that are shipped. Exit
    code 1 if the verdict is fail.
    """
    from policies.drifting import compare_sides

    session = session_of(context)
    sides = compared_sides(files or [], reference, current, model)
    request = drift_request(columns, output, confidence)
    document, found = compare_sides(session.book, model, sides, request, where)
    if json:
        print_json(document)
    else:
        show_drift(session, document, drift_title(document))
    if found.verdict == "fail":
        raise typer.Exit(ExitCode.CHECK_FAILED)
