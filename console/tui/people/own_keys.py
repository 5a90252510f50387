"""A person's own keys: made in their seat, with the request that an admin enrols or rotates."""

from __future__ import annotations

from functools import partial

from console.tui.desk import Desk
from console.tui.dialogs import Notice, TypedName
from console.tui.form import Field, Form
from console.tui.work import Tell, Values, path_of
from ledger.errors import InvalidInput, QuaestorError
from ledger.keys import EnrolmentRequest, fingerprint
from ledger.seat import Seat


async def make_keys(desk: Desk) -> None:
    """Make a signing and a report key, in place of those there, and write the request."""
    actor = desk.session.actor or ""
    name = desk.picture.person(actor) if desk.picture else ""
    fields = [
        Field("actor", "Id", value=actor, hint="Short, and yours for ever: mira."),
        Field("name", "Name", value=name, hint="Encrypted in the record, so that it can be "
              "erased."),
        Field("passphrase", "New passphrase", "secret", hint="It opens both keys, here alone."),
        Field("again", "The same again", "secret"),
        Field("path", "Request to", "path", hint="A new file; an admin enrols you with it, or "
              "puts these keys in place of your old ones."),
    ]  # fmt: skip
    values: Values | None = {}
    while True:
        values = await desk.push_screen_wait(Form("Make keys", fields, values, verb="Make them"))
        if values is None:
            return
        given = values
        if given["actor"] in desk.session.seat.actors():
            body = "Your present keys are overwritten: you sign again once an admin took these."
            who = given["actor"]
            if not await desk.push_screen_wait(TypedName("Replace", body, who, "Replace")):
                return
        request = await desk.run_job("Making keys", partial(_made, desk.session.seat, given))
        if request is not None:
            break
    desk.session.act_as(request.actor)
    desk.changed.publish(None)
    await desk.push_screen_wait(
        Notice(
            f"The request is in {path_of(given['path'])}.",
            f"Send it to an admin, and compare by telephone: {fingerprint(request.public_key)}",
            title=f"Keys of {request.actor}",
        )
    )


def _made(seat: Seat, values: Values, _tell: Tell) -> EnrolmentRequest:
    """Make the keys, once it is sure that their request can be handed over."""
    from reports.enrolling import new_key

    if values["passphrase"] != values["again"]:
        raise InvalidInput("The two passphrases differ.", "Type them again.")
    path = path_of(values["path"])
    with path.open("xb") as file:
        try:
            request = new_key(
                seat,
                values["actor"],
                kind="person",
                name=values["name"],
                passphrase=values["passphrase"].encode(),
                replace=True,
            )
        except (QuaestorError, OSError):
            path.unlink()
            raise
        file.write(request.encode())
    return request
