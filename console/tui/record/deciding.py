"""Deciding on a request: what exactly would be entered, then approve by typed name, or reject."""

from __future__ import annotations

from typing import ClassVar

import orjson
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import TypedName
from console.tui.form import Field, Form
from console.tui.picture import Picture
from ledger import approving
from ledger.authority import rule_for
from ledger.errors import Refused
from ledger.registers.approvals import ApprovalRow
from ledger.registers.house import matrix_in_force


class Request(ModalScreen[str | None]):
    """One request in full; gives `approve`, `reject`, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "dismiss('approve')", "Approve"),
        Binding("x", "dismiss('reject')", "Reject"),
        Binding("escape", "dismiss(None)", "Close"),
    ]

    def __init__(self, row: ApprovalRow, text: Text) -> None:
        super().__init__()
        self.row, self.text = row, text

    def compose(self) -> ComposeResult:
        """The request, then the keys."""
        with VerticalGroup(classes="dialog wide"):
            title = f"{self.row.approval}: {self.row.kind}"
            yield Label(title, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=True):
                yield Static(self.text)
            pending = self.row.state == "pending"
            keys = "a approve · x reject or withdraw · Esc decide later" if pending else "Esc close"
            yield Static(keys, classes="keys")


def request_text(picture: Picture, row: ApprovalRow, when: str) -> Text:
    """Who asks for what and why, and the entry that approval makes."""
    text = marks.state_mark(row.state).text
    text.append(f"\nAsked by {row.requested_by}, {when}.")
    reason = picture.reveal(f"approval/{row.approval}", "reason", row.reason)
    text.append(f"\nReason: {legible(reason) or 'none given'}\n")
    if row.decided_by:
        text.append(f"Decided by {row.decided_by}.\n")
    text.append("\nApproval enters exactly this:\n", style="bold")
    body = orjson.dumps(orjson.loads(row.body), option=orjson.OPT_INDENT_2).decode()
    text.append(legible(f"{row.kind}  {row.subject}\n{body}"))
    return text


async def decide(desk: Desk, approval: str) -> None:
    """Show a request; approve it with the typed name, or reject it with a reason."""
    picture = desk.picture
    row = picture.rows.get(ApprovalRow, approval) if picture else None
    if picture is None or row is None:
        return
    when = desk.local.minute(row.requested_at)
    answer = await desk.push_screen_wait(Request(row, request_text(picture, row, when)))
    if answer is None or row.state != "pending":
        return
    mine = row.requested_by == desk.session.actor
    if not picture.can_decide(desk.session.actor, row) and not (mine and answer == "reject"):
        await desk.explain(_why_not(picture, desk.session.actor, row))
    elif answer == "reject":
        await _reject(desk, row)
    else:
        await _approve(desk, row)


async def _approve(desk: Desk, row: ApprovalRow) -> None:
    name = row.subject.partition("/")[2]
    body = f"Entered at once, with your name beside {row.requested_by}'s: {row.kind} of {name}."
    if not await desk.push_screen_wait(TypedName(f"Approve {row.approval}", body, name, "Approve")):
        return
    entered = await desk.sign(
        lambda work: approving.approve(work.book, work.signer, row.approval),
        doing=f"Approving {row.approval}",
    )
    if entered is not None:
        desk.tell(f"{row.kind} of {name} is entered.", title=f"{row.approval} approved")


async def _reject(desk: Desk, row: ApprovalRow) -> None:
    reason = Field("reason", "Reason", "long", required=False)
    entered = await desk.sign(
        lambda work: approving.reject(work.book, work.signer, row.approval, work.values["reason"]),
        form=lambda values: Form(f"Reject {row.approval}", [reason], values, verb="Reject"),
        doing=f"Rejecting {row.approval}",
    )
    if entered is not None:
        desk.tell("Nothing of it is entered.", title=f"{row.approval} rejected")


def _why_not(picture: Picture, actor: str | None, row: ApprovalRow) -> Refused:
    if row.requested_by == actor:
        return Refused(
            f"You requested {row.approval} and cannot approve it too.",
            "A second person must decide; x withdraws it.",
        )
    rule = rule_for(picture.rows, matrix_in_force(picture.rows), row.kind)
    return Refused(
        f"{actor or 'Nobody'} may not decide on {row.kind}.",
        f"Ask someone who is {' or '.join(rule.approvers) if rule else 'admin'}.",
    )
