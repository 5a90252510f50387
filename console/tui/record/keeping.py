"""Keeping the record, here and elsewhere: copies, other stores, and what a crash or a loss left."""

from __future__ import annotations

from console.settings import read_store
from console.tui.desk import Desk
from console.tui.dialogs import Notice, TypedName
from console.tui.form import Field, Form
from console.tui.people.acts import tell_outcome
from console.tui.work import Tell, Values, Work, path_of
from ledger import moving, rebuilding, restoring
from ledger.approving import Outcome
from ledger.errors import InvalidInput
from ledger.kinds import Kind
from ledger.moving import Carried
from ledger.spool import spooled_orders
from ledger.tile_export import Exported, export_tiles


async def back_up(desk: Desk) -> None:
    """Copy the whole home while others work."""
    hint = "A new or empty folder; or an earlier backup, which gets what is new."
    folder = Field("folder", "To", "path", hint=hint)

    def copying(values: Values, tell: Tell) -> Carried:
        return moving.backup(desk.book, path_of(values["folder"]), progress=tell)

    done = await desk.find_out(
        copying,
        form=lambda values: Form(
            "Back up", [folder], values, verb="Copy",
            note="The copy is a home that can be opened. It holds the vault: guard it alike. "
            "Seats are not in it.",
        ),
        doing="Backing up",
    )  # fmt: skip
    if done is not None:
        desk.tell(f"{done.to} holds {done.size:,} entries, {done.entries:,} of them new.",
                  title="Backed up")  # fmt: skip


async def publish(desk: Desk) -> None:
    """Write the ledger as static files that any web server publishes."""
    folder = Field("folder", "To", "path", hint="Made, or extended by what is new.")

    def exporting(work: Work) -> Exported:
        path = path_of(work.values["folder"])
        return export_tiles(work.book, work.signer, path, progress=work.tell)

    done = await desk.sign(
        exporting,
        form=lambda values: Form(
            "Publish as tiles", [folder], values, verb="Write",
            note="Checkpoint, tree and entries (c2sp.org/tlog-tiles). Personal texts are "
            "ciphertext in it, and no key is.",
        ),
        doing="Exporting",
    )  # fmt: skip
    if done is not None:
        desk.tell(f"{done.folder} holds {done.size:,} entries.", title="Exported")


async def rebuild(desk: Desk) -> None:
    """Make every register anew from the entries."""
    rows = await desk.run_job(
        "Rebuilding the registers", lambda tell: moving.rebuild(desk.book, progress=tell)
    )
    if rows is not None:
        desk.tell(f"{rows:,} rows were made from the entries.", title="Rebuilt")


async def recover(desk: Desk) -> None:
    """Post what only the journal holds, make a lost database anew, record stops that wait."""
    recovered = await desk.run_job("Recovering", lambda _tell: rebuilding.recover(desk.book))
    if recovered is None:
        return
    recorded: list[str] | None = []
    if spooled_orders(desk.book.home):
        recorded = await desk.sign(
            lambda work: work.book.record_orders(work.signer), doing="Recording stops"
        )
    kept = f" The damaged database is kept: {recovered.kept}." if recovered.kept else ""
    text = f"{recovered.posted:,} entries were posted, {len(recorded or []):,} stops recorded."
    await desk.push_screen_wait(Notice(f"{text}{kept}", title="Recovered"))


async def move(desk: Desk) -> None:
    """Carry the ledger to another store, entry for entry."""
    url = Field("url", "To", hint="postgresql+psycopg://USER@HOST/DATABASE, or `duckdb:` for a "
                "file in the home. No password: PGPASSFILE has it.")  # fmt: skip

    def carrying(values: Values, tell: Tell) -> Carried:
        home = desk.book.home
        finished = moving.finish_move(home)
        target = values["url"]
        _, store = ("", "") if target == "duckdb:" else read_store(target, home.folder)
        return moving.move(desk.book, store or "duckdb:", finished=finished, progress=tell)

    origin = desk.picture.ledger.origin if desk.picture else ""
    done = await desk.find_out(
        carrying,
        form=lambda values: Form("Move to another store", [url], values, verb="Move"),
        confirm=lambda _values: TypedName(
            "Move the ledger", "It moves for everyone. What is left behind is set aside, not "
            "deleted.", origin, "Move it",
        ),
        doing="Moving",
    )  # fmt: skip
    if done is not None:
        text = f"{done.to} holds all {done.size:,} entries, with the same root."
        hint = "Leave this console (Ctrl-Q) and open it again; so must all who have it open."
        await desk.push_screen_wait(Notice(text, hint, title="Moved"))


async def declare_restored(desk: Desk) -> None:
    """Declare that entries were lost and a backup was put back; others must approve it."""
    fields = [
        Field("reason", "Reason", hint="It stands in the record: The disk failed on Sunday."),
        Field("from", "First lost entry", required=False,
              hint="Only if others have entered something since: the size of the backup."),
    ]  # fmt: skip
    outcome: Outcome | None = await desk.enter(
        Kind.LEDGER_RESTORED,
        _declared,
        form=lambda values: Form("A backup was put back", fields, values, verb="Declare"),
        confirm=lambda _values: _of_all(
            desk, "Entries that your seat has seen will be declared lost."
        ),
        doing="Declaring what was lost",
    )
    await tell_outcome(desk, outcome, title="Restored")


async def accept_restored(desk: Desk) -> None:
    """Let this seat set aside what it saw of entries that were declared lost."""
    body = "Your seat will no longer hold the lost entries against this ledger."
    if not await desk.push_screen_wait(_of_all(desk, body)):
        return
    accepted = await desk.run_job("Accepting", lambda _tell: restoring.accept(desk.book))
    if accepted is not None:
        kept = "\n".join(accepted.set_aside)
        text = (
            f"Entries {accepted.lost_from:,} to {accepted.lost_to - 1:,} are lost, as declared by "
            f"{accepted.declared_by}: {accepted.reason}\n\nSet aside in your seat, and kept as "
            f"proof that there once was more:\n{kept}"
        )
        await desk.push_screen_wait(Notice(text, title="Accepted"))


def _declared(work: Work) -> Outcome:
    first = work.values["from"]
    if first and not first.isdecimal():
        raise InvalidInput(f"{first} is no entry.", "Give its number, or nothing.")
    lost_from = int(first) if first else None
    return restoring.declare(work.book, work.signer, work.values["reason"], lost_from)


def _of_all(desk: Desk, body: str) -> TypedName:
    """The dialog that wants the organisation's name."""
    name = desk.picture.ledger.organisation if desk.picture else ""
    return TypedName("After a restore", body, name, "So it was")
