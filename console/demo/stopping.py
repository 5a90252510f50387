"""Second chapter: an incident, a stop that an application obeys, and a resume that takes two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from console.demo.cast import Cast
from console.demo.finding import ASSISTANT, MODEL
from console.demo.narrator import NOTED, REFUSED, Narrator, Say, done
from console.demo.observer import Observer
from console.session import Session
from console.tui.marks import severity_mark, state_mark, switch_mark
from ledger.approving import approve, request
from ledger.clock import read_time
from ledger.entry import Draft
from ledger.errors import Refused
from ledger.kinds import Kind
from ledger.registers.incidents import StepRow, known
from ledger.registers.switches import draft_resumption
from ledger.switching import kill
from policies.auditing import Audited
from policies.responding import StepClock, clock, open_incident
from sample_data.make import NEW_VERSION, OLD_VERSION

_FIRST_STEPS = {
    "assess-severity": "Critical: people are declined unlawfully, and it goes on.",
    "decide-containment": "Fallback: credit officers decide until a sound version is back.",
    "notify-people": "Called Mira, Rosa and the head of the lending centre.",
    "start-record": "Everything from here on is noted in this incident.",
}


def incident(cast: Cast, audit: Audited, narrator: Narrator) -> str:
    """Open an incident, acknowledge it, take the first steps of its playbook; return its id."""
    with narrator.step("Rosa opens an incident, Ines answers it by the playbook") as say:
        now = datetime.now(UTC)
        opened = open_incident(
            cast.rosa.book,
            cast.rosa.signer,
            title=f"Version {NEW_VERSION} declines women who would repay",
            severity="critical",
            model=MODEL,
            description=f"Found by {audit.audit_id}: {audit.document['reasons'][0]}",
            detected_at=now,
            aware_at=now,
        )
        say(severity_mark("critical"), f"{opened.name}, for what {audit.audit_id} found")
        subject = opened.entries[-1].subject
        drafts = [
            Draft(Kind.INCIDENT_ACKNOWLEDGED, subject, {}),
            Draft(Kind.INCIDENT_ASSIGNED, subject, {"assignee": cast.ines.actor}),
        ]
        cast.ines.book.append(cast.ines.signer, drafts)
        for step, note in _FIRST_STEPS.items():
            _tick(cast.ines, opened.name, step, note)
        _tell_answer(cast.ines, opened.name, say)
    return opened.name


def stop(cast: Cast, application: Observer, incident: str, narrator: Narrator) -> None:
    """Stop the model; the application is the witness."""
    with narrator.step("Ines stops the model; a real application is watching") as say:
        application.wait_for("on")
        say(switch_mark("on"), "an OpenFeature client in its own process is told: may serve")
        report = kill(
            cast.ines.book,
            cast.ines.signer,
            MODEL,
            mode="fallback",
            reason=f"{incident}: credit officers decide until a sound version is back",
        )
        answer = application.wait_for("fallback")
        ordered = read_time(report.ordered_at)
        published = _ms(read_time(report.published_at) - ordered)
        say(
            switch_mark(report.mode),
            f"order on the switchboard after {published}, recorded as entry {report.recorded}",
        )
        say(done("obeyed"), f"{_ms(answer.t - ordered)} after the order the client is told: no")
        _tick(cast.emil, incident, "contain", "The application itself says that it has stopped.")
        _tell_steps(cast.emil, incident, say)


def resume(cast: Cast, application: Observer, incident: str, narrator: Narrator) -> None:
    """Let the model serve again: one person asks, another approves."""
    emil, mira, rosa = cast.emil, cast.mira, cast.rosa
    with narrator.step(f"Version {OLD_VERSION} comes back, which takes a second person") as say:
        notes = f"Back from {NEW_VERSION} to the version that passed its audit."
        version = Draft(
            Kind.MODEL_VERSIONED, f"model/{MODEL}", {"version": OLD_VERSION, "notes": notes}
        )
        emil.book.append(emil.signer, [version])
        _tick(emil, incident, "fix", notes)
        asked = _ask_to_resume(mira, MODEL, f"Version {OLD_VERSION} is in place.")
        say(state_mark("pending"), f"{asked}: Mira, who owns the model, asks to resume it")
        try:
            approve(mira.book, mira.signer, asked)
        except Refused as refusal:
            say(REFUSED, f"she tries to approve it herself: {refusal.message}")
        approved = approve(rosa.book, rosa.signer, asked)
        answer = application.wait_for("on")
        took = _ms(answer.t - read_time(approved.entries[-1].time))
        say(state_mark("approved"), f"{asked}, by Rosa; {took} later the client is told: may serve")
        left = _ask_to_resume(mira, ASSISTANT, "Its answers have passed the editors' review.")
        say(state_mark("pending"), f"{left}: Mira asks to switch on {ASSISTANT}; left for you")


def _ask_to_resume(session: Session, model: str, reason: str) -> str:
    """Ask for a second person's approval; return the request's id."""
    outcome = request(
        session.book, session.signer, lambda rows: draft_resumption(rows, model, reason), reason
    )
    return outcome.appended.name


def _tick(session: Session, incident: str, step: str, note: str) -> None:
    draft = Draft(Kind.INCIDENT_STEP_DONE, f"incident/{incident}", {"step": step, "note": note})
    session.book.append(session.signer, [draft])


def _tell_answer(session: Session, incident: str, say: Say) -> None:
    """Say whether the incident was answered in time."""
    answer, _ = _clocks(session, incident)
    if answer.done:
        say(
            state_mark(answer.state),
            f"acknowledged by {answer.done_by} at {answer.done:%H:%M:%S} UTC, "
            f"due by {answer.due:%H:%M:%S}",
        )
    _tell_steps(session, incident, say)


def _tell_steps(session: Session, incident: str, say: Say) -> None:
    """Say how far the playbook is, and whether its times are met."""
    _, steps = _clocks(session, incident)
    taken = sum(step.done is not None for step in steps)
    late = sum(step.state in {"late", "overdue"} for step in steps)
    say(NOTED, f"playbook: {taken} of {len(steps)} steps taken, {late or 'none'} late")


def _clocks(session: Session, incident: str) -> tuple[StepClock, tuple[StepClock, ...]]:
    """The clock of the answer and those of the steps, computed from the record."""
    with session.book.read() as snapshot:
        row = known(snapshot.rows, incident)
        steps = snapshot.rows.where(StepRow, incident=incident)
    found = clock(row, steps, datetime.now(UTC))
    return found.answer, found.steps


def _ms(span: timedelta) -> str:
    return f"{span / timedelta(milliseconds=1):.0f} ms"
