from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from html import unescape
from html.parser import HTMLParser

import pytest

from ledger.errors import InvalidInput
from reports.content import Group, ModelReport
from reports.pages import MOST_GROUPS, render_html
from reports.signing import ReportSigner
from tests.reports.sample import make_hostile_report


class Tags(HTMLParser):
    """The elements of a page, and where they point."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.sources: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.names.add(tag)
        self.sources += [v or "" for k, v in attrs if k in {"src", "href"} or k.startswith("on")]


def words(html: str) -> str:
    """Give the text of the pages without markup."""
    body = html.partition("</style>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", "", body)).split())


def strings(value: object) -> Iterator[str]:
    """Walk all text inside a report, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)
    elif is_dataclass(value):
        for item in fields(value):
            yield from strings(getattr(value, item.name))


def test_every_text_of_the_report_is_on_its_pages(report: ModelReport) -> None:
    """If it fails, something that was recorded is silently left out of the report."""
    page = words(render_html(report))
    shown = replace(
        report,
        audits=tuple(replace(audit, groups=()) for audit in report.audits[:-1]),
        drifts=tuple(each for each in report.drifts if not each.standing),
        evaluations=tuple(each for each in report.evaluations if not each.standing),
    )
    missing = [text for text in strings(shown) if " ".join(text.split()) not in page]
    assert missing == []


def test_every_moment_is_on_its_pages_in_utc(report: ModelReport) -> None:
    """If it fails, a time is missing or shown in the zone of whoever drew the report."""
    page = words(render_html(report))
    moments = [audit.time for audit in report.audits]
    moments += [change.time for change in report.switches]
    moments += [
        moment
        for incident in report.incidents
        for moment in vars(incident).values()
        if isinstance(moment, datetime)
    ]
    moments += [drift.time for drift in report.drifts]
    moments += [evaluation.time for evaluation in report.evaluations]
    moments += [log.time for log in report.logs]
    moments += [moment for each in report.findings for moment in (each.opened, each.due)]
    assert [m for m in moments if f"{m:%Y-%m-%d %H:%M}" not in page] == []


def test_failed_and_superseded_audits_are_shown(report: ModelReport) -> None:
    """If it fails, an audit that went wrong can be hidden behind a later one."""
    page = words(render_html(report))
    assert "latest of 3 in the period (1 passed, 1 failed, 1 inconclusive)" in page
    assert "A-0001: ? inconclusive, superseded by A-0002" in page
    assert "A-0020: ✗ failed" in page


def test_a_period_without_audit_says_so(report: ModelReport) -> None:
    """If it fails, a model that nobody audited looks like one that passed."""
    page = words(render_html(replace(report, audits=(), drifts=(), evaluations=())))
    assert "○ Not audited in this period" in page
    assert "passed" not in page.partition("5. Drift audits")[0]


def test_undefined_measures_are_not_zero(report: ModelReport) -> None:
    """If it fails, a measure that could not be taken reads as a perfect or terrible one."""
    audit = replace(report.audits[0], groups=(Group("sex", "nobody", 0, None),))
    row = render_html(replace(report, audits=(audit,))).partition("nobody</th>")[2]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", row.partition("</tr>")[0])
    assert cells == ["0", *"————————"]


def test_more_groups_than_a_page_holds(report: ModelReport) -> None:
    """If it fails, the groups that fare worst are the ones that are cut."""
    groups = tuple(Group("zip", f"zip-{n:03}", 9, n / 100, None, n / 100) for n in range(99, 0, -1))
    page = words(render_html(replace(report, audits=(replace(report.audits[0], groups=groups),))))
    assert {f"zip-{n:03}" for n in range(1, MOST_GROUPS + 1)} == set(re.findall(r"zip-\d{3}", page))
    assert f"{99 - MOST_GROUPS} more are in evidence.json" in page


def test_hostile_names_add_no_element(report: ModelReport, signer: ReportSigner) -> None:
    """If it fails, whoever names a model writes into the signed report."""
    good, bad = Tags(render_html(report)), Tags(render_html(make_hostile_report(signer)))
    assert bad.names <= good.names
    assert all(source.startswith("data:image/svg+xml;base64,") for source in bad.sources)


def test_characters_without_a_glyph_are_named(report: ModelReport) -> None:
    """If it fails, a character that cannot be drawn vanishes from the report."""
    report = replace(report, model=replace(report.model, name="模 model"))
    assert '<h1 class="clamp">[U+6A21] model</h1>' in render_html(report, {0x6A21})


def test_an_own_certificate_is_told_from_the_ledgers(report: ModelReport) -> None:
    """If it fails, a certificate that the ledger does not know passes for the one it names."""
    sentence = "so the ledger alone does not vouch for it"
    other = replace(report, record=replace(report.record, ca_fingerprint="SHA256:00"))
    assert sentence not in words(render_html(report))
    assert sentence in words(render_html(other))


def test_an_authority_must_be_a_certificate(report: ModelReport) -> None:
    """If it fails, a report is issued that names no fingerprint to compare."""
    with pytest.raises(InvalidInput):
        render_html(replace(report, issuer=replace(report.issuer, authority=b"none")))
