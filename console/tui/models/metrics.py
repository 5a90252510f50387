"""What a model's sealed logs say of its service: sparklines, windows, versions, answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static, TabbedContent, TabPane

from console.messages import legible
from console.tui.audits.asking import columns_of
from console.tui.form import Field, Form
from console.tui.listing import Cell, Listing
from console.tui.models.figures import MEASURES, answers_text, facts_text, lines_text
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.work import Values
from ledger.registers.models import ModelRow

_VERSION = "model_version"


class MetricsPage(Page):
    """Metrics of one model, straight from its sealed logs; nothing is entered."""

    ROOM = "models"
    HELP = (
        "What the sealed logs say of a model's service, measured now: their files are held "
        "against their digests first. The lines above run over the windows, from the oldest to "
        "the newest, each on a scale of its own; a gap is a window without a decision. [ and ] "
        "turn to groups, answers and reasons; w chooses windows, period and groups."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("w", "choose", "Windows and groups"),
        Binding("r", "measure", "Measure again"),
    ]

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model
        self._values: Values | None = None
        self._document: dict[str, Any] | None = None

    def body(self) -> Iterable[Widget]:
        """Lines over time above; windows, groups and the rest in tabs."""
        yield Static("Measuring …", id="metric-lines", classes="panel facts", markup=False)
        with TabbedContent():
            with TabPane("Windows", id="windows"):
                yield Listing("From", *MEASURES, empty="No window holds a decision.",
                              id="metric-windows")  # fmt: skip
            with TabPane("Groups", id="groups"):
                yield Listing("Group", *MEASURES, empty="No groups: w chooses columns.",
                              id="metric-groups")  # fmt: skip
            with TabPane("Answers", id="answers"), VerticalScroll():
                yield Static(id="answers-text", markup=False)
            with TabPane("To know", id="reasons"), VerticalScroll():
                yield Static(id="reasons-text", markup=False)

    def draw(self, picture: Picture) -> None:
        """Measure once; what was measured stays until it is asked for again."""
        if self._values is None and picture.rows.get(ModelRow, self.model) is not None:
            by = "version" if _VERSION in columns_of(picture, [self.model]) else ""
            self._values = {"window": "", "since": "", "until": "", "by": by, "only": "",
                            "count": "calls"}  # fmt: skip
            self._measure(self._values)

    def on_resize(self) -> None:
        """Lines take what width there is."""
        self._show()

    @work(exclusive=True, group="metrics")
    async def _measure(self, values: Values) -> None:
        document = await self.app.run_job(
            f"Measuring {self.model}", lambda tell: self._measured(values, tell)
        )
        if document is None:
            if self._document is None:
                self.query_one("#metric-lines", Static).update("Nothing was measured.")
            return
        self._values, self._document = values, document
        self._show()

    def _measured(self, values: Values, tell: Any) -> dict[str, Any]:
        from policies.metrics.metering import measure
        from policies.metrics.request import MetricsRequest, parse_columns, parse_only, parse_window

        local = self.app.local
        request = MetricsRequest(
            window=parse_window(values["window"]) if values["window"] else None,
            since=local.read(values["since"]) if values["since"] else None,
            until=local.read(values["until"]) if values["until"] else None,
            by=parse_columns(values["by"]),
            only=parse_only(filter(str.strip, values["only"].split(";"))),
            every=values["count"] == "all",
        )
        return measure(self.app.book, self.model, request, progress=tell)

    def _show(self) -> None:
        document = self._document
        if document is None:
            return
        local = self.app.local
        width = self.size.width - 4
        whole = [each for each in document["windows"] if each["group"] is None]
        lines = lines_text(self.model, document, whole, width, local)
        self.query_one("#metric-lines", Static).update(lines)
        self.query_one("#metric-windows", Listing).show(
            [
                (each["start"], [local.minute(each["start"]) + (" *" if each["partial"] else ""),
                                 *_cells(each)])
                for each in reversed(whole)
            ]
        )  # fmt: skip
        self.query_one("#metric-groups", Listing).show(
            [
                (str(number), [_named(each["group"]), *_cells(each)])
                for number, each in enumerate(document["groups"])
            ]
        )
        self.query_one("#answers-text", Static).update(answers_text(document))
        self.query_one("#reasons-text", Static).update(facts_text(document))

    def action_measure(self) -> None:
        """Measure once more, with what was imported since."""
        if self._values is not None:
            self._measure(self._values)

    @work
    async def action_choose(self) -> None:
        """Choose windows, period, groups, and which decisions count."""
        fields = [
            Field("window", "Windows", required=False, hint="15m, 1h, 1d; empty: as suits."),
            Field("since", "Since", required=False, hint="Local time, such as 2026-03-01 00:00."),
            Field("until", "Until", required=False, hint="Local time; that moment no more."),
            Field("by", "Groups", required=False,
                  hint="Mapped columns by commas, such as version,prompt_version."),
            Field("only", "Only", required=False,
                  hint="Decisions in which this stands: status=ok. More columns after ;"),
            Field("count", "Of traces", "choice", choices=[
                ("calls", "the calls of a model"), ("all", "every span, one in another")]),
        ]  # fmt: skip
        values = await self.app.push_screen_wait(
            Form(f"Metrics of {self.model}", fields, self._values, verb="Measure")
        )
        if values is not None:
            self._measure(values)


def _cells(cell: dict[str, Any]) -> list[Cell]:
    return [read(cell) for read in MEASURES.values()]


def _named(group: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {legible(value or 'none')}" for name, value in group.items())
