"""`audit drift`, and the options that it shares with `data compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.display import print_json
from console.cli.drift_tables import drift_title, show_drift
from console.cli.options import Json, existing_file, session_of
from console.exits import ExitCode
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from policies.data.compare import DriftRequest
    from policies.drifting import Side

_MOST_FILES = 2


class DriftOptions:
    """Options of every comparison."""

    reference = Annotated[
        str | None,
        typer.Option(metavar="PERIOD", help="What was: 2026-01..2026-02, by the column time."),
    ]
    current = Annotated[
        str | None, typer.Option(metavar="PERIOD", help="What is to be held against it: 2026-03..")
    ]
    columns = Annotated[
        str | None, typer.Option(metavar="COL[,COL...]", help="Only these; else all that can be.")
    ]
    output = Annotated[
        str | None, typer.Option(metavar="COL", help="What the model answered; default: decision.")
    ]
    confidence = Annotated[
        str | None,
        typer.Option(metavar="COL", help="How sure it was, a score; default: confidence."),
    ]
    where = Annotated[
        str | None, typer.Option(metavar="SQL", help="A condition on a row, for both sides.")
    ]


def drift(
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose decisions.")],
    reference: DriftOptions.reference = None,
    current: DriftOptions.current = None,
    against: Annotated[
        Path | None,
        existing_file("A file as the reference, such as the training data.", "--against"),
    ] = None,
    columns: DriftOptions.columns = None,
    output: DriftOptions.output = None,
    confidence: DriftOptions.confidence = None,
    where: DriftOptions.where = None,
    json: Json = False,
) -> None:
    """Hold a model's decisions against what they were, or against its training data.

    Held against the thresholds in force. Every audit is entered, whatever its verdict. Exit code 1
    if the verdict is fail.
    """
    from policies.drifting import run_drift

    session = session_of(context)
    sides = compared_sides([against] if against else [], reference, current, model)
    request = drift_request(columns, output, confidence)
    audited = run_drift(session.book, session.signer, model, sides, request, where)
    document = audited.as_json()
    if json:
        print_json(document)
    else:
        show_drift(session, document, f"{audited.audit_id} of {model}: {drift_title(document)}")
    if audited.verdict == "fail":
        raise typer.Exit(ExitCode.CHECK_FAILED)


def compared_sides(
    files: list[Path], reference: str | None, current: str | None, model: str | None
) -> tuple[Side, Side]:
    """Both sides: a file each, or a model's decisions in a period. InvalidInput for none."""
    from policies.drifting import Side

    if len(files) > _MOST_FILES:
        raise InvalidInput(f"{len(files)} files were given.", "Give a reference and a current one.")
    if len(files) < _MOST_FILES and model is None:
        raise InvalidInput(
            "There is one side only to compare." if files else "There is nothing to compare.",
            "Give two files, or a model with --model.",
        )
    if len(files) < _MOST_FILES and not (current and (files or reference)):
        raise InvalidInput(
            "It is not said which decisions are to be held against which.",
            "Give periods: --reference 2026-01..2026-02 --current 2026-03..",
        )
    given = [(file,) for file in files] + [()] * (_MOST_FILES - len(files))
    return Side(given[0], reference), Side(given[1], current)


def drift_request(columns: str | None, output: str | None, confidence: str | None) -> DriftRequest:
    """What to compare, from the options."""
    from policies.data.compare import DriftRequest
    from policies.drifting import NOT_FEATURES

    named = tuple(name.strip() for name in columns.split(",")) if columns else ()
    return DriftRequest(named, output, confidence, NOT_FEATURES)
