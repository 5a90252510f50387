"""People and programs: who is enrolled, in which roles, with which keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label

from console.tui import marks
from console.tui.dialogs import Notice, TypedName
from console.tui.form import Field, Form, choices
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.people import acts
from console.tui.people.actor import actor_text
from console.tui.people.acts import tell_outcome
from console.tui.people.own_keys import own_keys
from console.tui.picture import Picture
from console.tui.work import Values, Work, path_of
from ledger.approving import Outcome, enter_or_request
from ledger.entry import Draft
from ledger.keys import read_request
from ledger.kinds import Kind
from ledger.registers.actors import ROLES, ActorRow


class PeoplePage(Page):
    """Actors; enrol from a request file, give and take roles, change and revoke keys."""

    ROOM = "people"
    HELP = (
        "Everyone with a key in this ledger; Enter tells all about one. n enrols somebody from the "
        "request file that `quaestor key new` gave them; g gives a role, r takes one; k puts new "
        "keys in place of old ones, x revokes a key, c certifies the report key, t retires "
        "somebody for good. Once "
        "there are two admins, all of this but c and x takes another person. y has what concerns "
        "the keys in your own seat: making them, their passphrase."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "enrol", "Enrol"),
        Binding("g", "role('grant')", "Grant role"),
        Binding("r", "role('revoke')", "Revoke role"),
        Binding("k", "rotate", "New keys"),
        Binding("x", "about('revoke')", "Revoke key"),
        Binding("y", "own_keys", "Your keys"),
        Binding("c", "about('certify')", "Certify the report key", show=False),
        Binding("t", "about('retire')", "Retire", show=False),
    ]

    def body(self) -> Iterable[Widget]:
        """One list."""
        with VerticalGroup(classes="panel"):
            yield Label("People and programs", classes="title")
            yield Listing(
                "State", "Actor", "Name", "Kind", "Roles", "Enrolled by", "Since",
                "Certified", "Key",
                empty="Nobody is enrolled.", id="people",
            )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show everyone."""
        listing = self.query_one(Listing)
        listing.show(
            [
                (row.actor, (marks.state_mark(row.status).text, row.actor,
                             picture.person(row.actor), row.kind, ", ".join(row.role_list),
                             ", ".join(row.enrollers), self.app.local.minute(row.enrolled_at),
                             "yes" if row.certificate else "no",
                             row.key_fingerprint))
                for row in picture.rows.where(ActorRow)
            ]
        )  # fmt: skip

    @on(DataTable.RowSelected)
    @work
    async def _open(self) -> None:
        row, picture = self._chosen(), self.app.picture
        if row is not None and picture is not None:
            text = actor_text(picture, row, self.app.local)
            await self.app.push_screen_wait(Notice(text, title=row.actor))

    @work
    async def action_enrol(self) -> None:
        """Enrol somebody from their request file."""
        fields = [
            Field("path", "Request file", "path",
                  hint="What `quaestor key new NAME` gave them; compare its fingerprint by voice."),
            Field("roles", "Roles", "many", choices=choices(ROLES)),
        ]  # fmt: skip
        outcome = await self.app.enter(
            Kind.ACTOR_ENROLLED,
            self._enrolling,
            form=lambda values: Form("Enrol", fields, values, verb="Enrol"),
            doing="Enrolling",
        )
        await tell_outcome(self.app, outcome)

    def _enrolling(self, work: Work) -> Outcome:
        from reports.enrolling import enrol

        request = read_request(path_of(work.values["path"]).read_bytes())
        seat = self.app.session.seat
        authority = seat.authority_key(work.passphrase) if seat.has_authority else None
        return enrol(work.book, work.signer, request, work.values["roles"].split(","), authority)

    @work
    async def action_own_keys(self) -> None:
        """Make keys in one's own seat, change their passphrase, show them."""
        await own_keys(self.app)

    @work
    async def action_rotate(self) -> None:
        """Put somebody's new keys in place."""
        await acts.rotate_key(self.app)

    @work
    async def action_about(self, what: Literal["revoke", "certify", "retire"]) -> None:
        """Revoke the key of the actor under the cursor, certify the report key, or retire them."""
        row = self._chosen()
        if row is not None:
            act = {"revoke": acts.revoke_key, "certify": acts.certify, "retire": acts.retire}[what]
            await act(self.app, row)

    def _chosen(self) -> ActorRow | None:
        """The actor under the cursor."""
        actor = self.query_one(Listing).key
        return self.app.picture.rows.get(ActorRow, actor) if self.app.picture and actor else None

    @work
    async def action_role(self, way: Literal["grant", "revoke"]) -> None:
        """Give a role to the actor under the cursor, or take one."""
        row = self._chosen()
        if row is None:
            return
        actor = row.actor
        held = row.role_list
        kind = Kind.ACTOR_GRANTED if way == "grant" else Kind.ACTOR_ROLE_REVOKED
        roles = [role for role in ROLES if (role in held) == (way == "revoke")]
        if not roles:
            self.app.tell(f"{actor} has {'no role' if way == 'revoke' else 'every role'}.")
            return
        field = Field("role", "Role", "choice", choices=choices(roles))
        title = f"{way.capitalize()} a role: {actor}"

        def entering(work: Work) -> Outcome:
            draft = Draft(kind, f"actor/{actor}", {"role": work.values["role"]})
            return enter_or_request(work.book, work.signer, lambda _rows: draft)

        def taking(values: Values) -> TypedName | None:
            body = f"{actor} will no longer be {values['role']}."
            return TypedName(title, body, row.actor, "Revoke") if way == "revoke" else None

        outcome = await self.app.enter(
            kind,
            entering,
            form=lambda values: Form(title, [field], values),
            confirm=taking,
            doing=title,
        )
        await tell_outcome(self.app, outcome)
