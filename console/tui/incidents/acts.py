"""What is done about an incident: each act asks for what it needs and makes one entry."""

from __future__ import annotations

from console.tui.desk import Desk
from console.tui.dialogs import TypedName
from console.tui.form import Field, Form, choices
from console.tui.incidents.severity import choose_severity
from console.tui.work import Work
from ledger.book import Appended
from ledger.entry import Body, Draft
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.incidents import IncidentRow
from ledger.registers.models import ModelRow
from policies import responding


async def open_incident(desk: Desk, model: str = "") -> str | None:
    """Choose the severity by its definition, then say what happened; gives the incident's id."""
    picture = desk.picture
    if picture is None or not await desk.allowed(Kind.INCIDENT_OPENED):
        return None
    severity = await choose_severity(desk, "How bad is it?")
    if severity is None:
        return None
    now = desk.local.minute(desk.clock())
    fields = [
        Field("title", "Title", hint="One line that a stranger understands."),
        Field("model", "Model", "choice", model, required=False,
              choices=choices([row.model for row in picture.rows.where(ModelRow)])),
        Field("detected", "Detected at", value=now, hint="When it began to show, local time."),
        Field("aware", "Aware at", value=now,
              hint="When we knew; all due times run from here. Local time."),
        Field("description", "What happened", "long", required=False,
              hint="Encrypted, so that it can be erased."),
    ]  # fmt: skip

    def opening(work: Work) -> Appended:
        values = work.values
        return responding.open_incident(
            work.book,
            work.signer,
            title=values["title"],
            severity=severity,
            model=values["model"] or None,
            description=values["description"],
            detected_at=desk.local.read(values["detected"]),
            aware_at=desk.local.read(values["aware"]),
        )

    opened = await desk.enter(
        Kind.INCIDENT_OPENED,
        opening,
        form=lambda values: Form(f"Open a {severity} incident", fields, values, verb="Open it"),
        doing="Opening the incident",
    )
    if opened is None:
        return None
    desk.tell("The clock runs.", title=f"{opened.name} is open")
    return opened.name


async def tick(desk: Desk, incident: str, step: str, title: str) -> None:
    """Enter a step as done, now and by me; a note may go with it."""
    note = Field("note", "Note", "long", required=False, hint="What was found or decided.")
    await _enter(desk, Kind.INCIDENT_STEP_DONE, incident, {"step": step}, title, note, verb="Done")


async def write_note(desk: Desk, incident: str) -> None:
    """Add a note."""
    note = Field("note", "Note", "long", hint="Encrypted, so that it can be erased.")
    await _enter(desk, Kind.INCIDENT_NOTED, incident, {}, f"Note on {incident}", note)


async def acknowledge(desk: Desk, incident: str) -> None:
    """Say that somebody answers; no questions asked."""
    await _enter(desk, Kind.INCIDENT_ACKNOWLEDGED, incident, {}, incident, None)


async def assign(desk: Desk, incident: str) -> None:
    """Say who leads the answer."""
    if desk.picture is None:
        return
    people = [row.actor for row in desk.picture.rows.where(ActorRow, status="active")]
    who = Field("assignee", "Who leads", "choice", choices=choices(people))
    await _enter(desk, Kind.INCIDENT_ASSIGNED, incident, {}, f"Assign {incident}", who)


async def resolve(desk: Desk, incident: str) -> None:
    """Say that the harm is over, and what was done."""
    what = Field("resolution", "What was done", "long", hint="Encrypted; it goes into reports.")
    await _enter(desk, Kind.INCIDENT_RESOLVED, incident, {}, f"Resolve {incident}", what)


async def close(desk: Desk, incident: str) -> None:
    """Close it for good, by its typed name."""
    if not await desk.allowed(Kind.INCIDENT_CLOSED):
        return
    body = "Steps can no longer be ticked afterwards; notes can still be added."
    if await desk.push_screen_wait(TypedName(f"Close {incident}", body, incident, "Close it")):
        await _enter(desk, Kind.INCIDENT_CLOSED, incident, {}, incident, None)


async def escalate(desk: Desk, row: IncidentRow) -> None:
    """Choose another severity; open steps get its due times."""
    if not await desk.allowed(Kind.INCIDENT_ESCALATED):
        return
    severity = await choose_severity(desk, f"{row.incident} is {row.severity}. What is it now?",
                                     row.severity)  # fmt: skip
    if severity is None:
        return
    reason = Field("reason", "Why", "long", required=False)
    entered = await desk.enter(
        Kind.INCIDENT_ESCALATED,
        lambda work: responding.escalate(
            work.book, work.signer, row.incident, severity, work.values["reason"]
        ),
        form=lambda values: Form(f"{row.incident} becomes {severity}", [reason], values),
        doing="Escalating",
    )
    if entered is not None:
        desk.tell(f"{row.incident} is {severity} now.", title="Escalated")


async def _enter(
    desk: Desk,
    kind: Kind,
    incident: str,
    body: Body,
    title: str,
    field: Field | None,
    *,
    verb: str = "Enter it",
) -> None:
    def entering(work: Work) -> Appended:
        asked = {name: value or None for name, value in work.values.items()}
        return work.book.append(
            work.signer, [Draft(kind, f"incident/{incident}", {**body, **asked})]
        )

    entered = await desk.enter(
        kind,
        entering,
        form=(lambda values: Form(title, [field], values, verb=verb)) if field else None,
        doing=f"Entering into {incident}",
    )
    if entered is not None:
        desk.tell(f"Entered as entry {entered.entries[-1].seq}.", title=incident)
