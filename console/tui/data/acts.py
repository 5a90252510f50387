"""What is done about data sets: register, renew, say what was made with them, retire."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from console.tui.desk import Desk
from console.tui.dialogs import TypedName
from console.tui.form import Field, Form, choices
from console.tui.work import Values, Work, lines_of, names_of, path_of
from ledger.book import Appended
from ledger.entry import Draft
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.datasets import ContentsRow, PersonalData, Use
from ledger.registers.models import ModelRow, VersionRow

if TYPE_CHECKING:
    from policies.data_sets import Files

_FILES = [
    Field("path", "File", "path", hint="CSV, JSON Lines or Parquet; their bytes are digested."),
    Field("more", "More files", "long", required=False, hint="One a line."),
    Field("label", "Label", required=False,
          hint="For the profile: the column that a model is to learn."),
    Field("identifiers", "Unique columns", required=False,
          hint="For the profile: columns that must be unique, by commas."),
    Field("profiled", "Profile", "choice", "yes",
          [("yes", "kept as evidence"), ("no", "none: other formats, the digest alone")]),
    Field("note", "Note", "long", required=False, hint="Encrypted, so that it can be erased."),
]  # fmt: skip


async def register_dataset(desk: Desk) -> str | None:
    """Enter a data set with its first contents; gives its id."""
    if desk.picture is None:
        return None
    owners = [row.actor for row in desk.picture.rows.where(ActorRow, status="active")]
    fields = [
        Field("id", "Id", hint="a-z, 0-9 and dashes; it never changes."),
        Field("name", "Name", required=False, hint="What people call it; empty: its id."),
        Field("owner", "Owner", "choice", choices=choices(owners), hint="Who answers for it."),
        Field("source", "Source", hint="Where it comes from."),
        Field("licence", "Licence", hint="On what terms it may be used."),
        Field("purpose", "Purpose", required=False, hint="What it is for."),
        Field("personal", "Personal data", "choice", "not-stated",
              choices(get_args(PersonalData))),
        Field("version", "Version", value="1", hint="Of these bytes."),
        *_FILES,
    ]  # fmt: skip

    def registering(work: Work) -> str:
        from policies.data_sets import Described, register

        values = work.values
        described = Described(
            values["name"] or values["id"],
            values["owner"],
            values["source"],
            values["licence"],
            values["purpose"],
            next(each for each in get_args(PersonalData) if each == values["personal"]),
        )
        return register(work.book, work.signer, values["id"], described, _files(values)).name

    registered = await desk.enter(
        Kind.DATASET_REGISTERED,
        registering,
        form=lambda values: Form("Register a data set", fields, values, verb="Register"),
        doing="Digesting files",
    )
    if registered is not None:
        desk.tell(f"{registered} is registered.", title="Registered")
    return registered


async def renew(desk: Desk, dataset: str) -> None:
    """Enter new contents; what was made with the old ones stays on record."""
    fields = [Field("version", "Version", hint="Of these bytes; a new one."), *_FILES]

    def renewing(work: Work) -> Appended:
        from policies.data_sets import renew

        return renew(work.book, work.signer, dataset, _files(work.values))

    entered = await desk.enter(
        Kind.DATASET_VERSIONED,
        renewing,
        form=lambda values: Form(f"New contents of {dataset}", fields, values),
        doing="Digesting files",
    )
    _tell(desk, dataset, entered)


async def record_use(desk: Desk, dataset: str) -> None:
    """Enter with which contents a model version was trained, validated or tested."""
    if desk.picture is None:
        return
    rows = desk.picture.rows
    versions = [
        f"{row.model} {row.version}"
        for model in rows.where(ModelRow)
        for row in rows.where(VersionRow, model=model.model)
    ]
    contents = [row.version for row in rows.where(ContentsRow, dataset=dataset)]
    fields = [
        Field("model", "Model and version", "choice", choices=choices(versions)),
        Field("use", "Used for", "choice", "training", choices(get_args(Use))),
        Field("of", "Data version", "choice", contents[-1] if contents else "",
              choices=choices(contents)),
    ]  # fmt: skip

    def recording(work: Work) -> Appended:
        from policies.data_sets import record_training

        values = work.values
        model, _, version = values["model"].partition(" ")
        use = next(each for each in get_args(Use) if each == values["use"])
        return record_training(
            work.book, work.signer, model, version, dataset, use=use, dataset_version=values["of"]
        )

    entered = await desk.enter(
        Kind.MODEL_TRAINED,
        recording,
        form=lambda values: Form(f"A model made with {dataset}", fields, values),
        doing="Recording",
    )
    _tell(desk, dataset, entered)


async def retire(desk: Desk, dataset: str) -> None:
    """Retire a data set for good, by its typed name."""
    reason = Field("reason", "Reason", hint="It stands in the record in clear, for ever.")
    body = "It can never be taken out of retirement. What was made with it stays on record."

    def retiring(work: Work) -> Appended:
        draft = Draft(Kind.DATASET_RETIRED, f"dataset/{dataset}", {"reason": work.values["reason"]})
        return work.book.append(work.signer, [draft])

    entered = await desk.enter(
        Kind.DATASET_RETIRED,
        retiring,
        form=lambda values: Form(f"Retire {dataset}", [reason], values, verb="Retire"),
        confirm=lambda _values: TypedName(f"Retire {dataset}", body, dataset, "Retire"),
        doing=f"Retiring {dataset}",
    )
    _tell(desk, dataset, entered)


def _files(values: Values) -> Files:
    from policies.data_sets import Files

    return Files(
        [path_of(each) for each in (values["path"], *lines_of(values["more"]))],
        values["version"],
        values["note"],
        values["profiled"] == "yes",
        values["label"] or None,
        names_of(values["identifiers"]),
    )


def _tell(desk: Desk, dataset: str, entered: Appended | None) -> None:
    if entered is not None:
        desk.tell(f"Entered as entry {entered.entries[-1].seq}.", title=dataset)
