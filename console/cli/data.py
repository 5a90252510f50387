"""`data`: data sets, what is odd in them, and how far they have moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import data_checks
from console.cli.asking import confirm_name
from console.cli.data_checks import Identifiers, Label, SomeFiles
from console.cli.display import Document, print_json, show_list, show_one, show_recorded
from console.cli.drift_tables import show_profile
from console.cli.options import (
    Confirm,
    DataUse,
    Json,
    Model,
    PersonalData,
    example,
    group,
    session_of,
)
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.registers.datasets import ContentsRow, DatasetRow, LineageRow
    from policies.data_sets import Files

app = group("Data sets: register, profile and compare them.")

Dataset = Annotated[str, typer.Argument(metavar="NAME", help="The data set's id.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Anything else; it can be erased.")]
Unprofiled = Annotated[
    bool, typer.Option("--no-profile", help="Enter the digest alone, for files of other formats.")
]


@app.command(
    epilog=example(
        "quaestor data register applications-2025 train.parquet --owner mira \\",
        "    --source 'Core banking, extract of 2 January' --licence internal \\",
        "    --purpose 'Training the credit scorer' --personal special-category --label repaid",
    )
)
def register(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="NAME", help="Its id: a-z, 0-9 and dashes.")],
    files: SomeFiles,
    *,
    owner: Annotated[str, typer.Option(metavar="ACTOR", help="Who answers for it.")],
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where it comes from.")],
    licence: Annotated[str, typer.Option(metavar="TEXT", help="On what terms it may be used.")],
    purpose: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    personal: Annotated[
        PersonalData, typer.Option(help="Whether it holds data on people, or of special categories")
    ] = "not-stated",
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What people call it.")] = None,
    version: Annotated[str, typer.Option(metavar="VERSION", help="Of these bytes.")] = "1",
    label: Label = None,
    identifiers: Identifiers = None,
    note: Note = "",
    no_profile: Unprofiled = False,
    json: Json = False,
) -> None:
    """Enter a data set with the digest of its files, and keep its profile as evidence."""
    from policies.data_sets import Described, register

    session = session_of(context)
    described = Described(title or dataset, owner, source, licence, purpose, personal)
    contents = _files(files, version, note, label, identifiers, profiled=not no_profile)
    appended = register(session.book, session.signer, dataset, described, contents)
    show_recorded(session, appended, as_json=json)


@app.command(epilog=example("quaestor data version applications-2025 2 train2.parquet"))
def version(
    context: typer.Context,
    dataset: Dataset,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Of these bytes.")],
    files: SomeFiles,
    *,
    label: Label = None,
    identifiers: Identifiers = None,
    note: Note = "",
    no_profile: Unprofiled = False,
    json: Json = False,
) -> None:
    """Enter new contents of a data set; what was made with the old ones stays on record."""
    from policies.data_sets import renew

    session = session_of(context)
    contents = _files(files, version, note, label, identifiers, profiled=not no_profile)
    appended = renew(session.book, session.signer, dataset, contents)
    show_recorded(session, appended, as_json=json)


@app.command(
    epilog=example(
        "quaestor data trained credit-scorer 2.1.0 applications-2025",
        "quaestor data trained credit-scorer 2.1.0 holdout-2025 --use testing",
    )
)
def trained(
    context: typer.Context,
    model: Model,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The model's version.")],
    dataset: Dataset,
    *,
    use: Annotated[DataUse, typer.Option(help="What the data was used for.")] = "training",
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="VERSION", help="The data set's version; else the latest."),
    ] = None,
    json: Json = False,
) -> None:
    """Enter with which bytes a model version was trained, validated or tested."""
    from policies.data_sets import record_training

    session = session_of(context)
    appended = record_training(
        session.book, session.signer, model, version, dataset, use=use, dataset_version=of
    )
    show_recorded(session, appended, as_json=json)


@app.command(
    epilog=example("quaestor data retire applications-2019 --reason 'Superseded' --confirm NAME")
)
def retire(
    context: typer.Context,
    dataset: Dataset,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    confirm: Confirm = None,
    json: Json = False,
) -> None:
    """Retire a data set, for good. What was made with it stays on record."""
    from ledger.entry import Draft
    from ledger.kinds import Kind

    session = session_of(context)
    confirm_name(session, confirm, dataset, f"{dataset} can never be taken out of retirement.")
    draft = Draft(Kind.DATASET_RETIRED, f"dataset/{dataset}", {"reason": reason})
    show_recorded(session, session.book.append(session.signer, [draft]), as_json=json)


@app.command("list", epilog=example("quaestor data list --json"))
def list_datasets(context: typer.Context, *, json: Json = False) -> None:
    """List the data sets: owner, licence, personal data, version and the models made with them."""
    from ledger.registers.datasets import DatasetRow, LineageRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(DatasetRow)
        lineage = snapshot.rows.where(LineageRow)
    columns = {
        "id": "DATA SET",
        "name": "NAME",
        "owner": "OWNER",
        "status": "STATUS",
        "version": "VERSION",
        "licence": "LICENCE",
        "personal_data": "PERSONAL DATA",
        "models": "MODELS",
    }
    documents = [
        {**_summary(row), "models": _models([e for e in lineage if e.dataset == row.dataset])}
        for row in rows
    ]
    empty = "No data set is registered. Register one: quaestor data register --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(
    epilog=example(
        "quaestor data show applications-2025",
        "quaestor data show applications-2025 --profile",
    )
)
def show(
    context: typer.Context,
    dataset: Dataset,
    *,
    profile: Annotated[
        bool, typer.Option("--profile", help="Its profile as it was kept, instead.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a data set: its versions with their digests, and which models were made with them."""
    from ledger.registers.datasets import ContentsRow, LineageRow, contents_of, known
    from policies.data_sets import read_profile

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows
        row = known(rows, dataset)
        latest = contents_of(rows, dataset)
        contents = sorted(rows.where(ContentsRow, dataset=dataset), key=lambda each: each.seq)
        lineage = sorted(rows.where(LineageRow, dataset=dataset), key=lambda each: each.seq)
    if profile:
        if not latest.profile:
            raise InvalidInput(
                f"No profile of {dataset} {latest.version} was kept.",
                "Profile the files: quaestor data profile FILE",
            )
        kept = read_profile(session.book, latest.profile)
        if json:
            print_json(kept)
        else:
            show_profile(session, kept)
        return
    subject = f"dataset/{dataset}"
    document: Document = {
        **_summary(row),
        "source": row.source,
        "purpose": row.purpose,
        "digest": row.digest,
        "registered_at": row.registered_at,
        "registered_by": row.registered_by,
        "versions": [
            {**_contents(each), "note": session.reveal(subject, "note", each.note) or None}
            for each in contents
        ],
        "models": [_lineage(each, contents) for each in lineage],
    }
    show_one(session, document if json else _brief(document), as_json=json)


app.command(
    epilog=example(
        "quaestor data profile train.csv --label repaid",
        "quaestor data profile day1.jsonl day2.jsonl --id decision_id --fail-on high --json",
    )
)(data_checks.profile)
app.command(
    epilog=example(
        "quaestor data compare train.parquet live.parquet --output approved",
        "quaestor data compare --model credit-scorer --reference 2026-01..2026-02 \\",
        "    --current 2026-03..",
        "quaestor data compare train.csv --model credit-scorer --current 2026-03 --json",
    )
)(data_checks.compare)


def _files(
    paths: list[Path],
    version: str,
    note: str,
    label: str | None,
    identifiers: list[str] | None,
    *,
    profiled: bool,
) -> Files:
    from policies.data_sets import Files

    return Files(paths, version, note, profiled, label, tuple(identifiers or ()))


def _summary(row: DatasetRow) -> Document:
    return {
        "id": row.dataset,
        "name": row.name,
        "owner": row.owner,
        "status": row.status,
        "version": row.version,
        "licence": row.licence,
        "personal_data": row.personal_data,
    }


def _contents(row: ContentsRow) -> Document:
    import orjson

    return {
        "version": row.version,
        "digest": row.digest,
        "files": orjson.loads(row.files),
        "rows": row.rows if row.rows >= 0 else None,
        "profile": row.profile or None,
        "time": row.time,
        "actor": row.actor,
    }


def _lineage(row: LineageRow, contents: list[Any]) -> Document:
    return {
        "model": row.model,
        "version": row.model_version,
        "use": row.use,
        "dataset_version": next(c.version for c in contents if c.digest == row.digest),
        "digest": row.digest,
        "time": row.time,
        "actor": row.actor,
    }


def _models(lineage: list[LineageRow]) -> list[str]:
    return [f"{row.model} {row.model_version}" for row in lineage]


def _brief(document: Document) -> Document:
    """For people: a version and a model in a line each."""
    versions = [
        {"version": each["version"], "rows": each["rows"], "digest": each["digest"][:12]}
        | ({"note": each["note"]} if each["note"] else {})
        for each in document["versions"]
    ]
    models = [
        f"{each['model']} {each['version']}: {each['use']} on version {each['dataset_version']}"
        for each in document["models"]
    ]
    return {**document, "versions": versions, "models": models}
