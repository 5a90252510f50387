"""Stopping and resuming from any screen: flows that ask, act and say what is known."""

from __future__ import annotations

from rich.text import Text

from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.switches.kill import KillDialog
from console.tui.times import LocalTime
from ledger import approving, switching
from ledger.kinds import Kind
from ledger.registers.switches import draft_resumption
from ledger.switching import KillReport


async def kill_model(desk: Desk, model: str) -> None:
    """Confirm with one key, stop, say what is known, then ask why; the reason may be skipped."""
    if desk.picture is None or not await desk.allowed(Kind.SWITCH_KILLED):
        return
    mode = await desk.push_screen_wait(KillDialog(desk.picture, model))
    if mode is None:
        return
    report = await desk.enter(
        Kind.SWITCH_KILLED,
        lambda work: switching.kill(work.book, work.signer, model, mode=mode),
        doing=f"Stopping {model}",
    )
    if report is None:
        return
    known = told(report, desk.local)
    if report.recorded is None:
        title = f"{model} is stopped, but that is not yet recorded"
        hint = "The next entry of anyone records it."
        await desk.push_screen_wait(Notice(known, hint, title=title, trouble=True))
    else:
        await say_why(desk, model, known)


async def say_why(desk: Desk, model: str, known: str = "") -> None:
    """Ask for the reason of the latest kill; leaving it out is no error."""
    reason = Field("reason", "Reason", "long", hint="Esc skips it; say it within 15 minutes.")
    await desk.enter(
        Kind.SWITCH_REASONED,
        lambda work: switching.give_reason(work.book, work.signer, model, work.values["reason"]),
        form=lambda values: Form(f"Why was {model} stopped?", [reason], values, note=known),
        doing="Entering the reason",
    )


async def request_resume(desk: Desk, model: str) -> None:
    """Ask for a second person's approval to bring a model back."""
    reason = Field("reason", "Why it is safe again", "long", hint="The second person reads this.")
    outcome = await desk.enter(
        Kind.SWITCH_RESUMED,
        lambda work: approving.request(
            work.book,
            work.signer,
            lambda rows: draft_resumption(rows, model, work.values["reason"]),
            work.values["reason"],
        ),
        form=lambda values: Form(
            f"Bring {model} back", [reason], values, note="A second person must approve it."
        ),
        doing="Requesting the resume",
    )
    if outcome is not None:
        await desk.push_screen_wait(
            Notice(
                f"{outcome.approval} waits for a second person.",
                "They find it under what waits for them, or: "
                f"quaestor approval approve {outcome.approval}",
                title="Requested",
            )
        )


def told(report: KillReport, local: LocalTime) -> str:
    """What is known of a kill, and what is not."""
    if report.recorded is None:
        entered = f"Not recorded: {report.why_not_recorded}"
    else:
        entered = f"Recorded as entry {report.recorded}."
    return (
        f"{report.model} is {report.mode}. Ordered {local.second(report.ordered_at)}, published "
        f"{local.second(report.published_at)}. {entered} "
        f"Seen by clients: {report.seen_by_clients}."
    )


def switch_text(mode: str, spooled: bool) -> Text:
    """A switch's state; a stop that is not recorded yet says so."""
    text = marks.switch_mark(mode).text
    return text.append(" (not yet recorded)", style=marks.WARN) if spooled else text
