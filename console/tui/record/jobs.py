"""What is done with the record now and then, to choose from a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from rich.text import Text
from textual.widgets.option_list import Option

from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Choice
from console.tui.record import keeping, proving, witnesses
from console.tui.record.examining import examine_here

_NAME = 22


class Job(NamedTuple):
    """A name, what it does in a few words, and the flow that does it."""

    name: str
    says: str
    flow: Callable[[Desk], Awaitable[None]]


JOBS = (
    Job("Sign a checkpoint", "for somebody else to keep (c)", proving.give_checkpoint),
    Job("A witness", "let a folder elsewhere keep checkpoints (w)", witnesses.use_witness),
    Job("Your witnesses", "whether the ledger continues what each saw", witnesses.list_witnesses),
    Job("Exchange checkpoints", "by a file that goes to and fro", witnesses.exchange),
    Job("Cosign", "sign somebody else's checkpoint too", witnesses.cosign_checkpoint),
    Job("Check files", "proofs and checkpoints that others handed over", proving.check),
    Job("Back up", "copy the whole home while others work", keeping.back_up),
    Job("Publish", "static files for any web server", keeping.publish),
    Job("Rebuild registers", "make them anew from the entries", keeping.rebuild),
    Job("Recover", "a lost database, entries and stops that wait", keeping.recover),
    Job("Declare a restore", "a backup was put back, entries are lost", keeping.declare_restored),
    Job("Accept a restore", "set aside what your seat saw of them", keeping.accept_restored),
    Job("Move", "to PostgreSQL, or back into a file", keeping.move),
    Job("Doctor", "what is missing or unsafe on this machine", examine_here),
)


async def choose_job(desk: Desk) -> None:
    """Choose one, and do it."""
    options = [Option(_told(job), id=job.name) for job in JOBS]
    chosen = await desk.push_screen_wait(Choice("More about the record", options))
    for job in JOBS:
        if job.name == chosen:
            await job.flow(desk)


def _told(job: Job) -> Text:
    return Text(f"{job.name:<{_NAME}}").append(job.says, style=marks.QUIET)
