"""The inventory of models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label

from console.tui import marks
from console.tui.form import Field, Form
from console.tui.listing import Listing
from console.tui.models.detail import ModelPage
from console.tui.models.mapping import propose_map
from console.tui.models.querying import QueryPage
from console.tui.models.registering import read_card, register, registration_fields
from console.tui.models.sealing import seal_logs
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.switches.acts import kill_model, switch_text
from console.tui.work import Values, path_of
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.incidents import IncidentRow
from ledger.registers.models import ModelRow
from ledger.registers.switches import SwitchRow


class ModelsPage(Page):
    """Every registered model; Enter opens one."""

    ROOM = "models"
    HELP = (
        "The inventory. Enter opens a model with its card, versions, decisions, audits and "
        "incidents; n registers one by a form, f from a YAML card, which fills the form. q asks "
        "all imported decisions by SQL. m proposes the column map of a log and writes it down; b "
        "seals logs as a bundle, for a ledger that lies elsewhere."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "register", "Register"),
        Binding("f", "from_card", "From a card"),
        Binding("q", "query", "Query decisions"),
        Binding("k", "kill", "Kill"),
        Binding("m", "map", "Map a log"),
        Binding("b", "seal", "Seal logs"),
    ]

    def body(self) -> Iterable[Widget]:
        """One list."""
        with VerticalGroup(classes="panel"):
            yield Label("Models", classes="title")
            yield Listing(
                "Switch", "Model", "Status", "Latest audit", "Incidents", "Version", "Owner",
                "Class", "Name", empty="No model is registered yet: n registers one.", id="models",
            )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show every model."""
        rows = picture.rows
        spooled = {order.model: order.mode for order in picture.spooled}
        shown = []
        for row in rows.where(ModelRow):
            switch = rows.get(SwitchRow, row.model)
            mode = spooled.get(row.model) or (switch.mode if switch else "")
            audits = picture.audits(row.model)
            verdict = marks.verdict_mark(audits[0].verdict).text if audits else marks.quiet("none")
            live = len(rows.where(IncidentRow, model=row.model, status="open"))
            cells = (
                switch_text(mode, spooled=row.model in spooled), row.model, row.status, verdict,
                str(live or ""), row.version, row.owner, row.legal_class.category, row.name,
            )  # fmt: skip
            shown.append((row.model, cells))
        listing = self.query_one(Listing)
        listing.show(shown)

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        key = self.query_one(Listing).key
        if key is not None:
            self.app.push_screen(ModelPage(key))

    def action_query(self) -> None:
        """Ask the decisions of all models."""
        self.app.push_screen(QueryPage())

    @work
    async def action_map(self) -> None:
        """Propose the column map of a log."""
        await propose_map(self.app)

    @work
    async def action_seal(self) -> None:
        """Seal logs as a bundle."""
        await seal_logs(self.app)

    @work
    async def action_kill(self) -> None:
        """Stop the model under the cursor."""
        key = self.query_one(Listing).key
        if key is not None:
            await kill_model(self.app, key)

    @work
    async def action_register(self) -> None:
        """Register a model by a form."""
        await self._register({})

    @work
    async def action_from_card(self) -> None:
        """Fill the form from a YAML card, then register."""
        if not await self.app.allowed(Kind.MODEL_REGISTERED):
            return
        field = Field("path", "YAML card", "path", hint="sample_data/cards holds examples.")
        chosen = await self.app.push_screen_wait(Form("Register from a card", [field], verb="Read"))
        if chosen is None:
            return
        path = path_of(chosen["path"])
        values = await self.app.run_job(f"Reading {path.name}", lambda _tell: read_card(path))
        if values is not None:
            await self._register(values)

    async def _register(self, values: Values) -> None:
        picture = self.app.picture
        if picture is None:
            return
        owners = [row.actor for row in picture.rows.where(ActorRow, status="active")]
        entered = await self.app.enter(
            Kind.MODEL_REGISTERED,
            register,
            form=lambda filled: Form(
                "Register a model", registration_fields(owners), filled, verb="Register"
            ),
            values=values,
            doing="Registering",
        )
        if entered is not None:
            self.app.tell(f"{entered.name} is registered.", title="Registered")
