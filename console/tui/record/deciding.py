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
from ledger.authority import Standing, approvers_by, rule_for
from ledger.errors import Refused
from ledger.kinds import Kind
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


def approval_state(picture: Picture, row: ApprovalRow) -> Text:
    """A request's state; while it waits for several, how many have approved."""
    text = marks.state_mark(row.state).text
    now = picture.standing(row)
    if row.state == "pending" and now.needed > 1:
        text.append(f" {now.sentence}")
    return text


def what_about(row: ApprovalRow) -> str:
    """What a request concerns; the ledger itself has a name that nobody can read."""
    return "the ledger" if row.subject.startswith("ledger/") else row.subject


def request_text(picture: Picture, row: ApprovalRow, when: str) -> Text:
    """Who asks for what and why, who approved so far, and the entry that approval makes."""
    text = approval_state(picture, row)
    text.append(f"\nAsked by {row.requested_by}, {when}.")
    reason = picture.reveal(f"approval/{row.approval}", "reason", row.reason)
    text.append(f"\nReason: {legible(reason) or 'none given'}\n")
    if row.state == "pending":
        text.append(_so_far(picture.standing(row)))
    else:
        text.append(f"Decided by {row.decided_by}.\n")
    text.append("\nApproval enters exactly this:\n", style="bold")
    body = orjson.dumps(orjson.loads(row.body), option=orjson.OPT_INDENT_2).decode()
    text.append(legible(f"{row.kind}  {row.subject}\n{body}"))
    return text


def _so_far(now: Standing) -> str:
    if now.needed == 1:
        return ""
    return f"Approved by {', '.join(now.given) or 'nobody yet'}: {now.sentence} that it takes.\n"


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
    mine = desk.session.actor in {row.requested_by, *picture.standing(row).given}
    if not picture.can_decide(desk.session.actor, row) and not (mine and answer == "reject"):
        await desk.explain(_why_not(picture, desk.session.actor, row))
    elif answer == "reject":
        await _reject(desk, row)
    else:
        about, _, name = row.subject.partition("/")
        if about == "ledger":
            name = picture.ledger.organisation
        await _approve(desk, row, name, picture.standing(row))


async def _approve(desk: Desk, row: ApprovalRow, name: str, now: Standing) -> None:
    body = f"Entered at once, with your name beside {row.requested_by}'s: {row.kind} of {name}."
    if len(now.given) + 1 < now.needed:
        body = f"Yours is approval {len(now.given) + 1} of {now.needed} for {row.kind} of {name}."
    if not await desk.push_screen_wait(TypedName(f"Approve {row.approval}", body, name, "Approve")):
        return
    entered = await desk.sign(
        lambda work: approving.approve(work.book, work.signer, row.approval),
        doing=f"Approving {row.approval}",
    )
    if entered is None:
        return
    if entered.entries[-1].kind == Kind.APPROVAL_APPROVED:
        desk.tell("It waits for another person's approval.", title=f"{row.approval} approved")
    else:
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
    if actor in picture.standing(row).given:
        return Refused(
            f"{actor} has approved {row.approval} already.", "Somebody else must as well."
        )
    rule = rule_for(picture.rows, matrix_in_force(picture.rows), row.kind)
    return Refused(
        f"{actor or 'Nobody'} may not decide on {row.kind}.",
        f"Ask someone who is {' or '.join(approvers_by(rule))}.",
    )
