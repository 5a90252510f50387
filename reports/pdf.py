"""From a model report to an unsigned PDF/A-3a and PDF/UA-1 file, by WeasyPrint.

The same report gives the same bytes: every date in the file is the report's own. The file carries
its evidence and the issuer's authority as attachments, and on its cover an empty signature field.
"""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ledger.errors import Refused
from reports.content import ModelReport
from reports.pages import AUTHORITY_FILE, EVIDENCE_FILE, render_html

if TYPE_CHECKING:
    from weasyprint import Attachment

WIDGET_KEYS = ("Type", "Subtype", "Rect", "P", "F", "T", "TU", "StructParent")


def build_pdf(report: ModelReport) -> bytes:
    """Draw a report as an unsigned PDF. Refused where Pango is not installed.

    Characters that no installed font has are found while drawing; the report is then drawn once
    more with their codes in their place, since PDF/A has no room for a missing glyph.
    """
    pdf, undrawable = _draw(report, frozenset())
    if undrawable:
        pdf, _ = _draw(report, undrawable)
    return pdf


def _draw(report: ModelReport, undrawable: frozenset[int]) -> tuple[bytes, frozenset[int]]:
    weasyprint = _weasyprint()
    missing: set[int] = set()

    def finish(document: Any, pdf: Any) -> None:
        missing.update(*(font.missing for font in document.fonts.values()))
        _make_signature_field(pdf)
        _declare_pdf_ua(pdf)

    # The page is whole in itself; a fetcher that knows only data: addresses keeps it so.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"})
    html = weasyprint.HTML(string=render_html(report, undrawable), url_fetcher=fetcher)
    pdf = html.write_pdf(
        finisher=finish,
        attachments=_attachments(report),
        pdf_variant="pdf/a-3a",
        pdf_tags=True,
        pdf_forms=True,
    )
    return pdf, frozenset(missing)


def _weasyprint() -> Any:
    try:
        import weasyprint
    except OSError as error:
        raise Refused(
            f"Reports cannot be drawn here: a system library is missing ({error}).",
            "On Debian or Ubuntu: sudo apt install libpango-1.0-0 libpangoft2-1.0-0 "
            "libharfbuzz-subset0 fonts-noto-core",
        ) from error
    return weasyprint


def _attachments(report: ModelReport) -> list[Attachment]:
    """List the attached files in the order of their names, as a name tree must have them."""
    from weasyprint import Attachment

    contents = {
        AUTHORITY_FILE: (report.issuer.authority, "Certificate to compare by its fingerprint"),
        EVIDENCE_FILE: (report.evidence, "What this report shows, with its proofs"),
    }
    return [
        Attachment(
            file_obj=BytesIO(data),
            name=name,
            description=description,
            created=report.issued_at,
            modified=report.issued_at,
            relationship="Data",
        )
        for name, (data, description) in contents.items()
    ]


def _make_signature_field(pdf: Any) -> None:
    """Turn the page's one form input into the signature field (ISO 32000-1, 12.7.4.5)."""
    form = pdf.catalog["AcroForm"]
    # PDF/A (ISO 19005-3, 6.4.1) wants the appearances in the file, never made by the viewer.
    del form["NeedAppearances"], form["DR"]
    (reference,) = form["Fields"]
    field = pdf.objects[int(reference.split()[0])]
    for key in set(field) - set(WIDGET_KEYS):
        del field[key]
    field["FT"] = "/Sig"


def _declare_pdf_ua(pdf: Any) -> None:
    """Say in the metadata that PDF/UA-1 holds too, describing its schema as PDF/A requires."""
    declaration = (files("reports") / "templates" / "pdfua.xmp").read_bytes()
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    end = b"</rdf:RDF>"
    metadata.stream = [part.replace(end, declaration + end) for part in metadata.stream]
