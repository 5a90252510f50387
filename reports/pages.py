"""The pages of a model report as HTML, drawn from a template.

Everything that varies is escaped and made legible on its way into the page, whatever it is:
whoever names a model or writes a note cannot add markup, hide text or reorder it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.authority import fingerprint, load_certificate
from reports.charts import HIGHEST, selection_rates, shorten
from reports.content import Audit, Group, ModelReport
from reports.content_measured import Drift, EvaluationShown, OpenInterval
from reports.legible import Legible, legible_except
from reports.score_pages import p_value, value_pages
from reports.verdicts import Interval

AUTHORITY_FILE = "authority.pem"
EVIDENCE_FILE = "evidence.json"
MOST_GROUPS = 24
"""Groups of one grouping that a page shows; the attached evidence holds them all."""
MOST_IN_FULL = 4
MOST_REASONS = 12
MOST_CLOSED = 60
MOST_LOGS = 30


_T = TypeVar("_T", Drift, EvaluationShown)


@dataclass(frozen=True)
class Grouping:
    """The groups formed by the same columns, as a page shows them, and their chart."""

    by: str
    groups: tuple[Group, ...]
    omitted: int
    chart: str
    held_against: str = HIGHEST

    @property
    def standardized(self) -> bool:
        """Whether means were compared as well."""
        return any(group.standardized is not None for group in self.groups)

    @property
    def labelled(self) -> bool:
        """Whether any group has measures that need a label."""
        return any(group.labelled for group in self.groups)


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
        "signed": _signed,
        "p": p_value,
        "ci": _ci,
        "ends": _ends,
        "figure": _figure,
        "of": _of,
        "points": _points,
    }
    latest = report.latest_audit
    return environment.get_template("model_report.html.j2").render(
        report=report,
        latest=latest,
        groupings=_groupings(latest, legible) if latest else (),
        value_pages=value_pages(latest.values, legible, MOST_GROUPS) if latest else (),
        drift_brief=_drift_brief(report.drifts),
        drifts_in_full=_in_full(report.drifts),
        evaluation_brief=_evaluation_brief(report.evaluations),
        evaluations_in_full=_in_full(report.evaluations),
        most_reasons=MOST_REASONS,
        most_closed=MOST_CLOSED,
        most_logs=MOST_LOGS,
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


def _in_full(found: Sequence[_T]) -> tuple[_T, ...]:
    """Give the latest that no later one superseded, the latest first."""
    return tuple(each for each in reversed(found) if not each.standing)[:MOST_IN_FULL]


def _drift_brief(drifts: Sequence[Drift]) -> str:
    if not drifts:
        return "no audit in the period"
    return f"{drifts[-1].verdict}: {drifts[-1].audit_id}, the latest of {len(drifts)}"


def _evaluation_brief(evaluations: Sequence[EvaluationShown]) -> str:
    if not evaluations:
        return "none in the period"
    latest = evaluations[-1]
    said = f"{latest.verdict}: {latest.evaluation_id}, the latest of {len(evaluations)}"
    return f"{said}, on version {latest.version}"


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
    held, whose = _held_against(groups)
    svg = selection_rates(shown, held, legible, whose)
    chart = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return Grouping(by, tuple(shown), len(groups) - len(shown), chart, whose)


def _held_against(groups: Sequence[Group]) -> tuple[float, str]:
    """The rate that impact ratios are of, and whose it is."""
    highest = max((group.selection_rate or 0.0 for group in groups), default=0.0)
    reference = next((group for group in groups if group.is_reference), None)
    rate = reference.selection_rate if reference else None
    if reference is None or rate is None or rate == highest:
        return highest, HIGHEST
    return rate, f"the rate of {reference.group}"


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


def _signed(value: float | None) -> str:
    return "—" if value is None else f"{value:+.3f}"


def _ci(interval: Interval | None) -> str:
    return "—" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def _ends(interval: OpenInterval | None) -> str:
    if interval is None:
        return "—"
    return " to ".join("open" if end is None else _figure(end) for end in interval)


def _figure(value: float | None) -> str:
    """Give a share with three digits; what is far above one, such as milliseconds, with none."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"  # noqa: PLR2004


def _of(count: int, rows: int) -> str:
    """Give a part of rows as a share; one too small to show is not nothing."""
    share = 100 * count / rows if rows else 0.0
    return "under 0.1 %" if 0 < share < 0.1 else f"{share:.1f} %"  # noqa: PLR2004


def _points(change: float) -> str:
    return f"{100 * change:+.1f}"
