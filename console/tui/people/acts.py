"""What is done about people beyond their roles: keys, certificates, and leaving for good."""

from __future__ import annotations

from collections.abc import Callable

from console.tui.desk import Desk
from console.tui.dialogs import Notice, TypedName
from console.tui.form import Field, Form
from console.tui.work import Values, Work, path_of
from ledger.approving import Outcome, enter_or_request
from ledger.book import Appended
from ledger.entry import Body, Draft
from ledger.errors import InvalidInput
from ledger.keys import read_request
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow

_REASON = Field("reason", "Reason", hint="It stands in the record in clear, for ever.")


async def rotate_key(desk: Desk) -> None:
    """Put somebody's new signing and report key in place of the old ones."""
    request = Field(
        "path", "Request file", "path",
        hint="What `quaestor key new NAME --replace` gave them; compare its fingerprint by voice.",
    )  # fmt: skip

    def rotating(work: Work) -> Outcome:
        from reports.enrolling import rotate

        request = read_request(path_of(work.values["path"]).read_bytes())
        seat = desk.session.seat
        authority = seat.authority_key(work.passphrase) if seat.has_authority else None
        return rotate(work.book, work.signer, request, authority)

    outcome = await desk.enter(
        Kind.ACTOR_REKEYED,
        rotating,
        form=lambda values: Form("New keys for an actor", [request], values),
        doing="Putting the new keys in place",
    )
    await tell_outcome(desk, outcome)


async def revoke_key(desk: Desk, row: ActorRow) -> None:
    """Trust an actor's present key no more, from an entry on; this stops them at once."""
    size = desk.picture.head.size if desk.picture else 0
    fields = [
        Field("since", "Since entry", value=str(size),
              hint="The first entry that the key is not trusted for; the next one is "
              f"{size}. What it signed since then is flagged."),
        _REASON,
    ]  # fmt: skip

    def body(values: Values) -> Body:
        if not values["since"].isdigit():
            raise InvalidInput(f"{values['since']} is no entry's number.", "Give it in digits.")
        since = int(values["since"])
        return {"public_key": row.public_key, "since_seq": since, "reason": values["reason"]}

    await _end(desk, row, Kind.ACTOR_KEY_REVOKED, "Revoke the key", fields, body)


async def retire(desk: Desk, row: ActorRow) -> None:
    """End an actor's part in this ledger, for good."""
    await _end(
        desk, row, Kind.ACTOR_RETIRED, "Retire", [_REASON],
        lambda values: {"reason": values["reason"]},
    )  # fmt: skip


async def certify(desk: Desk, row: ActorRow) -> None:
    """Issue a certificate for an actor's report key, from the founder's seat alone."""
    if not desk.session.seat.has_authority:
        await desk.explain(
            InvalidInput(
                "This seat does not hold the report CA's key.", "Do it from the founder's seat."
            )
        )
        return

    def certifying(work: Work) -> Appended:
        from reports.enrolling import certify as issue

        authority = desk.session.seat.authority_key(work.passphrase)
        return issue(work.book, work.signer, row.actor, authority)

    what = f"{row.actor} can sign reports that auditors trust, until their keys are replaced."
    appended = await desk.enter(
        Kind.ACTOR_CERTIFIED,
        certifying,
        confirm=lambda _values: TypedName(f"Certify {row.actor}", what, row.actor, "Certify"),
        doing=f"Certifying {row.actor}",
    )
    if appended is not None:
        desk.tell(f"Entered as entry {appended.entries[-1].seq}.", title=f"{row.actor} certified")


async def tell_outcome(desk: Desk, outcome: Outcome | None, title: str = "People") -> None:
    """Say what became of an act: entered, or waiting for another person."""
    if outcome is None:
        return
    if outcome.approval is None:
        desk.tell(f"Entered as entry {outcome.appended.entries[-1].seq}.", title=title)
        return
    text = f"{outcome.approval} waits for another person."
    hint = "They find it under what waits for them."
    await desk.push_screen_wait(Notice(text, hint, title="Requested"))


async def _end(
    desk: Desk,
    row: ActorRow,
    kind: Kind,
    verb: str,
    fields: list[Field],
    body: Callable[[Values], Body],
) -> None:
    """Enter what cannot be undone about an actor, once their name is typed."""
    title = f"{verb}: {row.actor}"
    what = {
        Kind.ACTOR_RETIRED: f"{row.actor} will never act in this ledger again.",
        Kind.ACTOR_KEY_REVOKED: f"{row.actor} can do nothing until they have a new key.",
    }[kind]

    def entering(work: Work) -> Outcome:
        draft = Draft(kind, f"actor/{row.actor}", body(work.values))
        return enter_or_request(work.book, work.signer, lambda _rows: draft)

    outcome = await desk.enter(
        kind,
        entering,
        form=lambda values: Form(title, fields, values, verb=verb),
        confirm=lambda _values: TypedName(title, what, row.actor, verb),
        doing=title,
    )
    await tell_outcome(desk, outcome)
