"""The pages of a model report as HTML, drawn from a template.

Everything that varies is escaped and made legible on its way into the page, whatever it is:
whoever names a model or writes a note cannot add markup, hide text or reorder it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.authority import fingerprint, load_certificate
from reports.charts import selection_rates, shorten
from reports.content import Audit, Group, Interval, ModelReport
from reports.legible import Legible, legible_except
from reports.score_pages import value_pages

AUTHORITY_FILE = "authority.pem"
EVIDENCE_FILE = "evidence.json"
MOST_GROUPS = 24
"""Groups of one grouping that a page shows; the attached evidence holds them all."""


@dataclass(frozen=True)
class Grouping:
    """The groups formed by the same columns, as a page shows them, and their chart."""

    by: str
    groups: tuple[Group, ...]
    omitted: int
    chart: str


def render_html(report: ModelReport, undrawable: Collection[int] = ()) -> str:
    """Draw the report as one HTML document without outside resources.

    `undrawable` are code points that no installed font has; they are shown as their codes.
    InvalidInput if the issuer's authority is no certificate.
    """
    legible = legible_except(undrawable)
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show(legible),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "brief": lambda text, cells: shorten(legible(text), cells),
        "utc": _utc,
        "minute": _minute,
        "day": _day,
        "rate": _rate,
        "ratio": _ratio,
        "p": _p_value,
        "ci": _ci,
    }
    latest = report.latest_audit
    return environment.get_template("model_report.html.j2").render(
        report=report,
        latest=latest,
        groupings=_groupings(latest, legible) if latest else (),
        value_pages=value_pages(latest.values, legible, MOST_GROUPS) if latest else (),
        authority=fingerprint(load_certificate(report.issuer.authority)),
        authority_file=AUTHORITY_FILE,
        evidence_file=EVIDENCE_FILE,
        signed_at=int(report.issued_at.timestamp()),
    )


def _show(legible: Legible) -> Callable[[Any], Any]:
    def show(value: Any) -> Any:
        plain_text = isinstance(value, str) and not isinstance(value, Markup)
        return legible(value) if plain_text else value

    return show


def _groupings(audit: Audit, legible: Legible) -> tuple[Grouping, ...]:
    return tuple(
        _grouping(by, [group for group in audit.groups if group.by == by], legible)
        for by in dict.fromkeys(group.by for group in audit.groups)
    )


def _grouping(by: str, groups: list[Group], legible: Legible) -> Grouping:
    """Where there are too many groups for a page, show those that fare worst."""
    shown = groups
    if len(groups) > MOST_GROUPS:
        shown = sorted(groups, key=_worst_first)[:MOST_GROUPS]
    highest = max((group.selection_rate or 0.0 for group in groups), default=0.0)
    svg = selection_rates(shown, highest, legible)
    chart = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return Grouping(by, tuple(shown), len(groups) - len(shown), chart)


def _worst_first(group: Group) -> tuple[bool, float]:
    return group.impact_ratio is None, group.impact_ratio or 0.0


def _utc(moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _minute(moment: datetime | None) -> str:
    return _utc(moment)[:16]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _rate(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f} %"


def _ratio(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _p_value(value: float | None) -> str:
    """Give three digits, as tables of tests do; below a thousandth only that it is."""
    if value is None:
        return "—"
    return "< .001" if value < 0.001 else f"{value:.3f}"[1:] if value < 1 else "1.00"  # noqa: PLR2004


def _ci(interval: Interval | None) -> str:
    return "—" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"
