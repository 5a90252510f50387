"""A person's own keys: made in their seat, their passphrase changed, their fingerprints shown."""

from __future__ import annotations

from functools import partial

from textual.widgets.option_list import Option

from console.tui.desk import Desk
from console.tui.dialogs import Choice, Notice, TypedName
from console.tui.form import Field, Form
from console.tui.work import Tell, Values, Work, path_of
from ledger.errors import InvalidInput, QuaestorError
from ledger.keys import EnrolmentRequest, fingerprint, read_request
from ledger.seat import Seat

PASSPHRASE = Field("passphrase", "New passphrase", "secret", hint="It opens all keys of yours.")
AGAIN = Field("again", "The same again", "secret")
_CHOICES = {
    "make": "Make keys, in place of those that are there",
    "passphrase": "Change their passphrase",
    "show": "Show what lies in this seat",
}


async def own_keys(desk: Desk) -> None:
    """Choose what to do with the keys of one's seat, and do it."""
    options = [Option(said, id=name) for name, said in _CHOICES.items()]
    doing = {"make": make_keys, "passphrase": change_passphrase, "show": show_keys}
    chosen = await desk.push_screen_wait(Choice("Your keys", options))
    if chosen is not None:
        await doing[chosen](desk)


async def change_passphrase(desk: Desk) -> None:
    """Put all keys of one's seat, the report CA's included, under another passphrase."""

    def changing(work: Work) -> list[str]:
        from reports.enrolling import change_passphrase

        require_same(work.values)
        seat, new = desk.session.seat, work.values["passphrase"].encode()
        return change_passphrase(seat, work.signer.actor, work.passphrase, new)

    changed = await desk.sign(
        changing,
        form=lambda values: Form("Change the passphrase", [PASSPHRASE, AGAIN], values),
        doing="Changing the passphrase",
    )
    if changed is not None:
        desk.session.lock()
        desk.changed.publish(None)
        desk.tell(f"It opens {', '.join(changed)}.", title="The passphrase is changed")


async def show_keys(desk: Desk) -> None:
    """Say whose keys lie in this seat, with their fingerprints; none is unlocked."""
    seat = desk.session.seat

    def reading(_tell: Tell) -> str:
        lines = [f"Seat {seat.folder}"]
        for actor in seat.actors():
            request = read_request(seat.request(actor))
            file = seat.folder / "keys" / f"{actor}.request"
            lines.append(f"\n{actor}\n{fingerprint(request.public_key)}\nIts request: {file}")
        return "\n".join(lines)

    text = await desk.run_job("Reading the seat", reading)
    if text is not None:
        await desk.push_screen_wait(Notice(text, title="Keys of this seat"))


async def make_keys(desk: Desk) -> None:
    """Make a signing and a report key, in place of those there, and write the request."""
    actor = desk.session.actor or ""
    name = desk.picture.person(actor) if desk.picture else ""
    fields = [
        Field("actor", "Id", value=actor, hint="Short, and yours for ever: mira."),
        Field("name", "Name", value=name, hint="Encrypted in the record, so that it can be "
              "erased."),
        PASSPHRASE,
        AGAIN,
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

    require_same(values)
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


def require_same(values: Values) -> None:
    """InvalidInput unless a new passphrase was typed twice alike."""
    if values["passphrase"] != values["again"]:
        raise InvalidInput("The two passphrases differ.", "Type them again.")
