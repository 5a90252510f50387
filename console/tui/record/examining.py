"""What `doctor` finds here: machine, home, seat and ledger."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from console.doctor import Finding, examine
from console.messages import legible
from console.readiness import examine_ledger
from console.settings import read_looks
from console.tui import marks
from console.tui.desk import Desk
from console.tui.reading import Reading
from console.tui.work import Tell

_STATE, _NAME = 10, 18


async def examine_here(desk: Desk) -> None:
    """Look at machine, home, seat and ledger; nothing is repaired."""
    book, seat, now = desk.book, desk.session.seat, desk.clock()

    def examining(_tell: Tell) -> list[Finding]:
        found = examine(
            book.home.folder,
            seat.folder,
            now=now,
            environ=read_looks(),
            store=book.home.store,
        )
        return [*found, *examine_ledger(book)]

    found = await desk.run_job("Examining", examining)
    if found is not None:
        text = findings_text(found)
        await desk.push_screen_wait(Reading("Doctor", lambda _width: text))


def findings_text(found: Sequence[Finding]) -> Text:
    """A line each, and what to do about it under it."""
    text = Text()
    for each in found:
        mark = marks.state_mark(each.state)
        text.append(f"{mark.glyph} {mark.word:<{_STATE}}", style=mark.style)
        text.append(f"{legible(each.name):<{_NAME}}", style="bold")
        text.append(f"{legible(each.detail)}\n")
        if each.hint:
            text.append(f"{'':<{_STATE + 2}}→ {legible(each.hint)}\n", style=marks.QUIET)
    return text
