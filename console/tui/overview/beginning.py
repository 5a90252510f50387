"""The way in, for whoever opens the console where there is no ledger: make one, or find one."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text
from textual.widgets.option_list import Option

from console.settings import read_store
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Choice, Notice
from console.tui.form import Field, Form
from console.tui.leaving import Elsewhere, Next, Story
from console.tui.people.own_keys import AGAIN, PASSPHRASE, make_keys, require_same
from console.tui.work import Tell, Values, path_of
from ledger.book import Book
from ledger.errors import QuaestorError
from ledger.home import Home

_CHOICES = {
    "found": ("Found a ledger", "for your organisation, as its first admin"),
    "open": ("Open one", "that others founded, on a disk that you share"),
    "keys": ("Make your keys", "so that an admin of their ledger can enrol you"),
    "demo": ("See the demo", "a bank's story, told in about half a minute"),
}


def lacks_ledger(home: Home) -> bool:
    """Whether it is sure that there is no ledger here."""
    try:
        return not home.exists()
    except QuaestorError:
        return False


def saw_ledger(desk: Desk) -> bool:
    """Whether this person has seen a ledger here: then it is away, and none is to be founded."""
    try:
        return bool(desk.session.seat.ledger_at(desk.book.place))
    except (QuaestorError, OSError):
        return False


async def lead(desk: Desk) -> Next | None:
    """Choose a way in and go it; None if the person looks on for now."""
    ways = {"found": _found, "open": _open, "demo": _demo}
    note = f"There is none in {desk.book.home.folder}."
    if saw_ledger(desk):
        note += " Your seat has seen one there: is its disk connected?"
    options = [Option(_told(*told), id=name) for name, told in _CHOICES.items()]
    while chosen := await desk.push_screen_wait(
        Choice("Welcome to Quaestor: which ledger?", options, note=note)
    ):
        if chosen == "keys":
            await make_keys(desk)
        elif then := await ways[chosen](desk):
            return then
    return None


async def _found(desk: Desk) -> Next | None:
    """Found a ledger, and say what is to be known by heart."""
    home = desk.book.home
    fields = [
        Field("actor", "Your id", value=desk.session.actor or "",
              hint="Short, and yours for ever: ada."),
        Field("name", "Your name", hint="Encrypted in the record, so that it can be erased."),
        Field("organisation", "Organisation", hint="Whose ledger it is: Northgate Bank."),
        Field("origin", "Origin", hint="The ledger's own name in checkpoints, for ever: "
              "northgate.example/ai."),
        PASSPHRASE,
        AGAIN,
        Field("folder", "Its folder", "path", value=str(home.folder),
              hint="Everybody who works with the ledger reaches it there."),
        Field("store", "Database", value=home.store, required=False,
              hint="Empty: a file in the folder. For many machines, in PostgreSQL: "
              "postgresql+psycopg://USER@HOST/DATABASE, its password in PGPASSFILE."),
    ]  # fmt: skip

    def founding(values: Values, _tell: Tell) -> Book:
        from reports.founding import found_ledger

        require_same(values)
        folder = path_of(values["folder"])
        named, store = read_store(values["store"], folder)
        book, _ = found_ledger(
            Home(named or folder, store),
            desk.session.seat,
            actor=values["actor"],
            name=values["name"],
            organisation=values["organisation"],
            origin=values["origin"],
            passphrase=values["passphrase"].encode(),
            clock=desk.clock,
        )
        return book

    book = await desk.find_out(
        founding,
        form=lambda values: Form(
            "Found a ledger", fields, values, verb="Found it",
            note="Your keys are made in your seat, the ledger in its folder. Its first entry "
            "fixes who may do what.",
        ),
        doing="Founding the ledger",
    )  # fmt: skip
    if book is None:
        return None
    facts, folder = book.facts, book.home.folder
    text = (
        f"{facts.organisation}: {facts.origin}\n\nLedger  {folder}\n"
        f"Seat    {desk.session.seat.folder}\n\nFingerprint of its report CA, for readers of "
        f"reports\n{facts.ca_fingerprint}"
    )
    hint = "Next: enrol a second admin, since until then you alone decide who is who (8, n)."
    if folder != home.folder:
        hint = f"To come back here: quaestor --home {folder}, or set QUAESTOR_HOME. {hint}"
    await desk.push_screen_wait(Notice(text, hint, title="Founded"))
    return Elsewhere(folder, book.home.store, facts.founder)


async def _open(desk: Desk) -> Next | None:
    """Open a ledger that lies elsewhere."""
    folder = Field("folder", "Its folder", "path", hint="The one that holds head.json. To come "
                   "back there: quaestor --home DIR, or set QUAESTOR_HOME.")  # fmt: skip

    def looking(values: Values, _tell: Tell) -> Path:
        home = Home(path_of(values["folder"]))
        home.require()
        return home.folder

    found = await desk.find_out(
        looking,
        form=lambda values: Form("Open a ledger", [folder], values, verb="Open"),
        doing="Looking for the ledger",
    )
    return Elsewhere(found) if found else None


async def _demo(desk: Desk) -> Next | None:
    """Have the demo told in a new folder."""
    folder = Field("folder", "In the folder", "path", value="demo", hint="A new or empty one.")

    def preparing(values: Values, _tell: Tell) -> Path:
        from console.demo.place import prepare

        return prepare(path_of(values["folder"])).folder

    prepared = await desk.find_out(
        preparing,
        form=lambda values: Form("The demo", [folder], values, verb="Tell it"),
        doing="Preparing the demo",
    )
    return Story(prepared) if prepared else None


def _told(name: str, says: str) -> Text:
    return Text(f"{name:<18}").append(says, style=marks.QUIET)
