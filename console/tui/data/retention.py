"""What of decision logs is destroyed when its time is over, or on a person's request."""

from __future__ import annotations

from console.tui.desk import Desk
from console.tui.dialogs import TypedName
from console.tui.form import Field, Form, choices
from console.tui.listing import Cell
from console.tui.marks import BAD, QUIET, WARN, Mark
from console.tui.people.acts import tell_outcome
from console.tui.times import LocalTime
from console.tui.work import Values, Work
from ledger.approving import Outcome
from ledger.kinds import Kind
from ledger.registers.models import ModelRow
from policies.retaining import Retained

_MARKS = {
    "due": Mark("!", "due", BAD),
    "held": Mark("■", "held", WARN),
    "kept": Mark("●", "kept"),
    "dropped": Mark("·", "dropped", QUIET),
}


def retained_cells(row: Retained, local: LocalTime) -> list[Cell]:
    """A log as the list of retention shows it."""
    return [
        _MARKS[row.state].text,
        row.log,
        row.model,
        local.minute(row.until) or "no end",
        row.period or "none fits",
        f"{row.rows:,}",
        row.kind,
        row.risk,
        row.why,
    ]


async def drop_log(desk: Desk, log: str) -> None:
    """Drop a log that is due, by its typed name; a second person approves."""
    body = "Its files are deleted for good; root, counts and the reason stay in the record."

    def dropping(work: Work) -> Outcome:
        from policies.retaining import drop

        return drop(work.book, work.signer, log).outcome

    if not await desk.allowed(Kind.LOG_DROPPED):
        return
    if await desk.push_screen_wait(TypedName(f"Drop {log}", body, log, "Drop it")):
        outcome = await desk.enter(Kind.LOG_DROPPED, dropping, doing=f"Dropping {log}")
        await tell_outcome(desk, outcome, title=log)


async def erase(desk: Desk) -> None:
    """Erase what logs hold of a person, or what a model's pseudonyms stand for; two people do."""
    if desk.picture is None:
        return
    models = [row.model for row in desk.picture.rows.where(ModelRow)]
    fields = [
        Field("what", "What", "choice", "subject",
              [("subject", "what the logs hold of a person"),
               ("pseudonyms", "whose the pseudonyms of a model are")]),
        Field("subject", "Person", required=False,
              hint="Exactly as the logs name them; the entry holds an HMAC alone."),
        Field("model", "Model", "choice", choices=choices(models), required=False,
              hint="For pseudonyms."),
        Field("ground", "On what ground", hint="In clear for ever: no names."),
    ]  # fmt: skip

    def erasing(work: Work) -> Outcome:
        from ledger.logs.erasing import erase_pseudonyms, erase_subject

        values = work.values
        if values["what"] == "subject":
            return erase_subject(work.book, work.signer, values["subject"], values["ground"])
        return erase_pseudonyms(work.book, work.signer, values["model"], values["ground"])

    outcome = await desk.enter(
        Kind.VAULT_ERASED,
        erasing,
        form=lambda values: Form("Erase from decision logs", fields, values, verb="Request"),
        confirm=_erasing_for_good,
        doing="Finding the keys",
    )
    await tell_outcome(desk, outcome, title="Erasure")


def _erasing_for_good(values: Values) -> TypedName:
    name = values["subject"] if values["what"] == "subject" else values["model"]
    body = (
        "Keys are destroyed once a second person approves: no copy of the logs can be read "
        "there again. The logs stay, and still verify."
    )
    return TypedName("Erase for good", body, name, "Request it")
