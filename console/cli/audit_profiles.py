"""`audit profile`, `audit statement`, `audit proxies`: audits as a rule or a practice asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.display import print_json
from console.cli.options import Json, example, existing_file, moment, read_file, session_of
from console.exits import ExitCode

app = typer.Typer(rich_markup_mode=None)

Name = Annotated[
    str,
    typer.Argument(metavar="PROFILE", help="One of four-fifths, nyc-ll144, eu-ai-act-10, credit."),
]
Model = Annotated[str, typer.Option("--model", metavar="MODEL", help="Whose decisions.")]
By = Annotated[
    str,
    typer.Option("--by", metavar="COL[,COL...]", help="Groups: each column, and all crossed."),
]
Where = Annotated[
    str | None, typer.Option("--where", metavar="SQL", help="A condition on the columns of a row.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only decisions from this time on."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only decisions before this time.")
]
Version = Annotated[
    str | None,
    typer.Option(
        "--version", metavar="VERSION", help="Only this version's (column model_version)."
    ),
]
Data = Annotated[
    list[Path] | None,
    existing_file("Audit files instead of the model's imported decisions.", "--data"),
]


@app.command(
    epilog=example(
        "quaestor audit profile four-fifths --model hiring --prediction hired --by race",
        "quaestor audit profile nyc-ll144 --model hiring --prediction hired --by sex,race \\",
        "    --data-source 'historical: applications of 2025' --auditor-statement statement.txt",
        "quaestor audit profile credit --model credit-scorer --prediction approved \\",
        "    --score score --by sex --reference sex=male",
    )
)
def profile(
    context: typer.Context,
    name: Name,
    *,
    model: Model,
    by: By,
    prediction: Annotated[str | None, typer.Option(metavar="COL", help="What was decided.")] = None,
    positive: Annotated[
        str, typer.Option(metavar="VALUE", help="The value that is favourable.")
    ] = "1",
    score: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="nyc-ll144: count who scored above the median. credit: compare means.",
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="COL", help="eu-ai-act-10: what turned out true.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="COL=GROUP[,...]", help="credit: the control group by column."),
    ] = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    version: Version = None,
    data: Data = None,
    exclusion_reason: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="nyc-ll144: why categories below 2 % are left out of ratios."
        ),
    ] = None,
    data_source: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="nyc-ll144: historical or test data, and from where."),
    ] = None,
    auditor_statement: Annotated[
        Path | None,
        existing_file(
            "nyc-ll144: what `audit statement` signed, or another file, kept as not verified.",
            "--auditor-statement",
        ),
    ] = None,
    auditor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="nyc-ll144: who made a statement that is not verified."),
    ] = None,
    special_category: Annotated[
        str | None,
        typer.Option(
            metavar="COL[,COL...]", help="eu-ai-act-10: columns of special-category data, or none."
        ),
    ] = None,
    justification: Annotated[
        Path | None,
        existing_file(
            "eu-ai-act-10: YAML, why special-category data is needed.", "--justification"
        ),
    ] = None,
    mitigation: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="eu-ai-act-10: measures against bias that were taken."),
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Draw the groups as well.")] = False,
    json: Json = False,
) -> None:
    """Audit decisions as a rule or a practice asks.

    What a profile asks, its sources and what it does not say are kept with the result. Every
    audit is entered, whatever its verdict. Exit code 1 if the verdict is fail.
    """
    from console.cli.audit_values import show_pictures, show_profile
    from policies.fairness.profiles.eu_ai_act import parse_justification
    from policies.fairness.request import narrowed
    from policies.profiling import ProfileRequest, run_profile

    session = session_of(context)
    request = ProfileRequest(
        name=name,
        by=_columns(by),
        prediction=prediction,
        label=label,
        positive=positive,
        where=narrowed(where, moment(since), moment(until), version),
        score=score,
        references=references(reference),
        exclusion=exclusion_reason,
        data_source=data_source,
        special=_columns(special_category) if special_category else (),
        justification=parse_justification(read_file(justification)) if justification else None,
        mitigation=mitigation,
        statement=read_file(auditor_statement) if auditor_statement else None,
        auditor=auditor,
    )
    audited = run_profile(session.book, session.signer, model, request, files=data)
    document = audited.as_json()
    if json:
        print_json(document)
    else:
        show_profile(session, document)
        if chart:
            show_pictures(session, document)
    if audited.verdict == "fail":
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command(
    epilog=example(
        "quaestor audit statement said.txt --model hiring > statement.txt",
    )
)
def statement(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What you say, as text."),
    ],
    *,
    model: Model,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign an auditor's statement on a model's decisions, to be attached to an audit of them.

    Prints a signed note that names the model and the SHA-256 of the decisions. Nothing is entered.
    """
    from ledger.errors import InvalidInput
    from policies.auditing import decisions_of
    from policies.fairness.profiles.statement import sign_statement

    session = session_of(context)
    try:
        said = read_file(file).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not text in UTF-8.", "Save it as plain text.") from error
    decisions = decisions_of(session.book, model, data)
    origin = session.book.facts.origin
    note = sign_statement(session.signer, origin, model, decisions.digest, said)
    if json:
        by = session.signer.actor
        print_json({"model": model, "data_digest": decisions.digest, "by": by, "note": note})
    else:
        typer.echo(note, nl=False)


@app.command(
    epilog=example(
        "quaestor audit proxies --model credit-scorer --by sex",
        "quaestor audit proxies --data decisions.csv --by ethnicity --json",
    )
)
def proxies(
    context: typer.Context,
    *,
    by: Annotated[str, typer.Option(metavar="COL", help="The sensitive column.")],
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Whose imported decisions.")
    ] = None,
    data: Annotated[
        list[Path] | None, existing_file("Files instead; no ledger is needed.", "--data")
    ] = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    version: Version = None,
    json: Json = False,
) -> None:
    """Rank the other columns by how much each tells of a sensitive one. Nothing is entered."""
    from console.cli.audit_values import show_proxies
    from ledger.errors import InvalidInput
    from policies.auditing import decisions_of
    from policies.fairness.proxies import find_proxies
    from policies.fairness.request import narrowed

    session = session_of(context)
    if not data and not model:
        raise InvalidInput("Whose decisions?", "Say --model MODEL or --data FILE.")
    paths = data or decisions_of(session.book, str(model)).paths
    document = find_proxies(
        paths, by, narrowed(where, moment(since), moment(until), version)
    ).as_json()
    if json:
        print_json(document)
    else:
        show_proxies(session, document)


def references(text: str | None) -> dict[str, str]:
    """Read `COL=GROUP`, several joined by commas. InvalidInput for anything else."""
    from ledger.errors import InvalidInput

    found = {}
    for part in (text or "").split(","):
        column, equals, group = (piece.strip() for piece in part.partition("="))
        if part and not (column and equals and group):
            raise InvalidInput(
                f"{part!r} does not name a reference group.", "Write COL=GROUP, such as sex=male."
            )
        if part:
            found[column] = group
    return found


def _columns(text: str) -> tuple[str, ...]:
    return tuple(column.strip() for column in text.split(","))
