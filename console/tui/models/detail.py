"""One model: its facts, card, versions, decisions, audits, incidents; and what can be changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import orjson
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from console.messages import legible
from console.tui import marks
from console.tui.audits.asking import ask_audit
from console.tui.listing import Listing, cut
from console.tui.models.changing import change_model
from console.tui.models.decision import show_decision
from console.tui.models.importing import import_decisions
from console.tui.models.log import read_log
from console.tui.models.metrics import MetricsPage
from console.tui.models.querying import QueryPage
from console.tui.models.registering import CARD_FIELDS, title_of
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.switches.acts import kill_model, switch_text
from ledger.registers.audits import AuditRow
from ledger.registers.incidents import IncidentRow
from ledger.registers.logs import LogRow
from ledger.registers.models import ModelRow, VersionRow
from ledger.registers.rows import R
from ledger.registers.switches import SwitchRow


class ModelPage(Page):
    """A model in full."""

    ROOM = "models"
    HELP = (
        "Everything about one model. [ and ] turn the tabs; Enter opens an audit, a log or an "
        "incident. i imports logs, u audits for bias, m measures its service, d shows one "
        "decision with its proof, q asks its decisions by SQL; s, o, v, t and e change status, "
        "owner, version, ratings and card (f: from a YAML file)."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "import_log", "Import"),
        Binding("u", "audit", "Audit"),
        Binding("m", "metrics", "Metrics"),
        Binding("d", "decision", "Decision"),
        Binding("q", "query", "Query"),
        Binding("s", "change('status')", "Status"),
        Binding("o", "change('owner')", "Owner", show=False),
        Binding("v", "change('version')", "Version"),
        Binding("t", "change('ratings')", "Ratings", show=False),
        Binding("e", "change('card')", "Card", show=False),
        Binding("f", "change('card file')", "Card file", show=False),
        Binding("k", "kill", "Kill"),
    ]

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model

    def body(self) -> Iterable[Widget]:
        """Facts above, tabs below."""
        yield Static(id="model-facts", classes="panel facts")
        with TabbedContent():
            with TabPane("Card", id="card"), VerticalScroll():
                yield Static(id="card-text")
            with TabPane("Audits", id="audits"):
                yield Listing(
                    "Audit", "Verdict", "By", "Rows", "When", "Who",
                    empty="Not audited yet: u audits its imported decisions.", id="model-audits",
                )  # fmt: skip
            with TabPane("Logs", id="decisions"):
                yield Listing(
                    "Log", "Holds", "Rows", "Bad rows", "From", "To", "Files", "Format",
                    "Imported", "Who",
                    empty="No log imported yet: i imports one.", id="model-logs",
                )  # fmt: skip
            with TabPane("Incidents", id="incidents"):
                yield Listing(
                    "Incident", "Severity", "Status", "Title", "Aware",
                    empty="No incident concerned it.", id="model-incidents",
                )  # fmt: skip
            with TabPane("Versions", id="versions"):
                yield Listing("Version", "When", "Who", "Notes", empty="None.", id="model-versions")

    def draw(self, picture: Picture) -> None:
        """Show the model as it stands."""
        row = picture.rows.get(ModelRow, self.model)
        if row is None:
            return
        self.query_one("#model-facts", Static).update(self._facts(picture, row))
        self.query_one("#card-text", Static).update(_card_text(row))
        local = self.app.local
        self.query_one("#model-audits", Listing).show(
            [
                (a.audit, (a.audit, marks.verdict_mark(a.verdict).text, _columns(a), f"{a.n:,}",
                           local.minute(a.time), a.actor))
                for a in picture.audits(self.model)
            ]
        )  # fmt: skip
        self.query_one("#model-logs", Listing).show(
            [
                (log.log, (log.log, log.kind, f"{log.rows:,}", f"{log.quarantined:,}",
                           local.minute(log.first_time), local.minute(log.last_time),
                           _files(log), log.format, local.minute(log.time), log.actor))
                for log in _newest(picture.rows.where(LogRow, model=self.model))
            ]
        )  # fmt: skip
        self.query_one("#model-incidents", Listing).show(
            [
                (i.incident, (i.incident, marks.severity_mark(i.severity).text,
                              marks.state_mark(i.status).text, cut(i.title),
                              local.minute(i.aware_at)))
                for i in _newest(picture.rows.where(IncidentRow, model=self.model))
            ]
        )  # fmt: skip
        self.query_one("#model-versions", Listing).show(
            [
                (v.version, (v.version, local.minute(v.time), v.actor, v.notes))
                for v in _newest(picture.rows.where(VersionRow, model=self.model))
            ]
        )

    def _facts(self, picture: Picture, row: ModelRow) -> Text:
        switch = picture.rows.get(SwitchRow, self.model)
        spooled = any(order.model == self.model for order in picture.spooled)
        text = marks.coloured(legible(row.name), "bold")
        text.append(f"  {row.model}  ", style=marks.QUIET)
        text.append(switch_text(switch.mode if switch else "", spooled=spooled))
        legal = row.legal_class
        point = f" by {legible(legal.point)}" if legal.point else ""
        text.append(
            f"\nVersion {legible(row.version)} · {row.status} · owner {row.owner} · registered "
            f"{self.app.local.minute(row.registered_at)} by {row.registered_by}"
            f"\nEU AI Act: {legal.category}{point}, as {legal.role} · "
            f"materiality {row.materiality} · testing level {row.testing_level}",
        )
        return text

    @on(DataTable.RowSelected, "#model-audits DataTable")
    def _open_audit(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("audits", event.row_key.value or "")

    @on(DataTable.RowSelected, "#model-incidents DataTable")
    def _open_incident(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("incidents", event.row_key.value or "")

    @on(DataTable.RowSelected, "#model-logs DataTable")
    @work
    async def _open_log(self, event: DataTable.RowSelected) -> None:
        await read_log(self.app, event.row_key.value or "")

    @work
    async def action_kill(self) -> None:
        """Stop this model."""
        await kill_model(self.app, self.model)

    @work
    async def action_import_log(self) -> None:
        """Import a decision log."""
        await import_decisions(self.app, self.model)

    def action_metrics(self) -> None:
        """What the sealed logs say of its service."""
        self.app.push_screen(MetricsPage(self.model))

    def action_query(self) -> None:
        """Ask the decisions of this model."""
        self.app.push_screen(QueryPage(self.model))

    @work
    async def action_decision(self) -> None:
        """Show one decision with its context and proof."""
        logs = self.query_one("#model-logs", Listing).key or ""
        await show_decision(self.app, logs)

    @work
    async def action_audit(self) -> None:
        """Audit this model."""
        audited = await ask_audit(self.app, self.model)
        if audited:
            self.app.open_detail("audits", audited)

    @work
    async def action_change(self, what: str) -> None:
        """Change status, owner, version, ratings or card."""
        await change_model(self.app, self.model, what)


def _card_text(row: ModelRow) -> Text:
    card = row.model_card.model_dump()
    text = Text()
    for name in CARD_FIELDS:
        text.append(f"{title_of(name)}\n", style="bold")
        text.append(f"{legible(card[name])}\n\n" if card[name] else "Not said.\n\n",
                    style="" if card[name] else marks.QUIET)  # fmt: skip
    return text


def _columns(audit: AuditRow) -> str:
    return ", ".join(orjson.loads(audit.by))


def _files(log: LogRow) -> str:
    return ", ".join(source["name"] for source in orjson.loads(log.sources))


def _newest(rows: list[R]) -> list[R]:
    return sorted(rows, key=lambda row: row.seq, reverse=True)
