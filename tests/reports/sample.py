"""A rich model report, and an issuer to sign it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from reports.authority import dump_certificate, fingerprint, issue_certificate, make_authority
from reports.content import (
    Audit,
    CardSection,
    Deadline,
    Disparity,
    Group,
    Incident,
    Issuer,
    Model,
    ModelReport,
    Person,
    Record,
    SwitchChange,
    Version,
)
from reports.signing import ReportSigner
from reports.verdicts import Verdict
from tests.reports.sample_evidence import DRIFTS, EVALUATIONS, FINDINGS, LOGS, TRAINING

NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
ORGANISATION = "Nordbank Aktiengesellschaft"


def make_signer(organisation: str = ORGANISATION, actor: str = "ines.weber") -> ReportSigner:
    """Make a CA and an issuer certified by it, at NOW."""
    ca_key, ca_certificate = make_authority(organisation, NOW - timedelta(days=30))
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = issue_certificate(
        ca_key,
        ca_certificate,
        key.public_key(),
        actor=actor,
        organisation=organisation,
        now=NOW,
        serial=4711,
    )
    return ReportSigner(key, certificate, (ca_certificate,))


def at(hours: float) -> datetime:
    """Give a moment so many hours after the fixture's first of October."""
    return datetime(2026, 10, 1, 8, 0, 0, tzinfo=UTC) + timedelta(hours=hours)


GROUPS = (
    Group("sex", "male", 104_233, 0.412, (0.409, 0.415), 1.0, 0.811, 0.092, 0.874, 0.869),
    Group("sex", "female", 95_767, 0.298, (0.295, 0.301), 0.723, 0.702, 0.061, 0.871, 0.858),
    Group("age_band", "18-25", 31_002, 0.283, (0.278, 0.288), 0.671, 0.69, 0.058, 0.86, 0.86),
    Group("age_band", "26-40", 79_410, 0.371, (0.368, 0.374), 0.879, 0.77, 0.08, 0.87, 0.86),
    Group("age_band", "41-65", 74_388, 0.422, (0.418, 0.426), 1.0, 0.80, 0.09, 0.88, 0.87),
    Group("age_band", "over 65", 15_200, 0.339, (0.331, 0.347), 0.803, 0.74, 0.07, 0.87, 0.86),
    Group("sex,age_band", "female, 18-25", 14_900, 0.221, (0.214, 0.228), 0.498, 0.61, 0.04),
    Group("sex,age_band", "female, 26-40", 37_900, 0.301, (0.296, 0.306), 0.678, 0.7, 0.06),
    Group("sex,age_band", "male, 41-65", 39_000, 0.444, (0.439, 0.449), 1.0, 0.82, 0.1),
    Group("sex,age_band", "male, over 65", 11, 0.364, (0.091, 0.636), 0.82, None, 0.25),
    Group("sex,age_band", "female, over 65", 0, None),
)

DISPARITIES = (
    Disparity("Demographic parity ratio", 0.723, (0.715, 0.731), "at least 0.800", kept=False),
    Disparity("Demographic parity difference", 0.114, (0.110, 0.118), "at most 0.100", kept=False),
    Disparity("Equalized odds ratio", 0.663, (0.648, 0.679)),
    Disparity("Equalized odds difference", 0.109, (0.102, 0.116), "at most 0.150", kept=True),
)

KEPT = Disparity("Demographic parity ratio", 0.914, (0.902, 0.926), "at least 0.800", kept=True)


def make_audit(number: int, verdict: Verdict, *, standing: str = "") -> Audit:
    """Make one of the period's audits."""
    failed = verdict is Verdict.FAILED
    return Audit(
        audit_id=f"A-{number:04}",
        time=at(24 * number),
        actor="mara.lind",
        filter="country = 'DE' AND decided_at >= '2026-07-01'" if number > 1 else "",
        label="repaid" if number > 1 else None,
        prediction="approved",
        by=("sex", "age_band"),
        n=200_000,
        seed="5190283746510928374",
        data_digest="9f2c7a41d0e8b35c6f14a9e2d7038b5c61f04e9ad2b87c35f0e1a9647bd2c830",
        verdict=verdict,
        reasons=("demographic parity ratio 0.723 is below the threshold 0.800",) if failed else (),
        disparities=DISPARITIES if failed else (KEPT,),
        groups=GROUPS,
        standing=standing,
        thresholds=("impact ratio min 0.80", "minimum cell 30"),
        intervals="95 %: rates by Wilson, ratios and disparities by the bootstrap, 1,000 draws",
        significance="the two-proportion z test; Holm's correction over the groups of a table",
        checked_with="fairlearn 0.15.0",
        elsewhere=2,
    )


def make_report(signer: ReportSigner, *, demo: bool = False) -> ModelReport:
    """Make a report that fills every section."""
    return ModelReport(
        report_id="R-2026-0007",
        issued_at=NOW,
        period=(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC)),
        issuer=Issuer("ines.weber", "Ines Weber", ORGANISATION, dump_certificate(signer.authority)),
        model=Model(
            id="credit-scorer",
            name="Retail credit scorer",
            owner="jon.falk",
            owner_name="Jon Falk",
            status="in service",
            version="3.2.1",
            switch="on",
            legal_class="high-risk, EU AI Act Annex III 5(b), as deployer",
            legal_reason="It evaluates the creditworthiness of natural persons.",
            materiality="high: it decides on loans of 1.2 thousand million euro a year",
            testing_level="full: every release, and every month on decisions in service",
        ),
        record=Record(
            ledger_id="6d1f0b52c9e8473a",
            origin="ledger.nordbank.example/ai",
            size=1_284,
            root="a3f19c0b7de2485561e0f3a97c24d8b60f1b5e92c7a3d4480196efb2370c5d81",
            checkpoint=(
                "ledger.nordbank.example/ai\n1284\no/GcC33iSFVh4POpfCTYtg8bXpLHo9RIAZbvsjcMXYE=\n\n"
                "— ledger.nordbank.example/ai/ines.weber "
                "Lk3VbW5vdCBhIHJlYWwgc2lnbmF0dXJlLCBqdXN0IGl0cyBzaGFwZSwgYnV0IGxvbmcgZW5vdWdo\n"
            ),
            ca_fingerprint=fingerprint(signer.authority),
        ),
        card=(
            CardSection(
                "Purpose",
                "Scores applications for retail credit up to 50,000 euro.\n"
                "It may approve alone below 5,000 euro; everything else needs a person.",
            ),
            CardSection("Out of scope", "Business credit; persons under 18; collections."),
            CardSection("Limitations", "Trained on German and Austrian applicants only. " * 6),
            CardSection("How people can challenge a decision", "By letter, answered in 10 days."),
        ),
        versions=(
            Version("3.1.0", at(-900), "jon.falk", "Gradient boosting, 41 features"),
            Version("3.2.1", at(2), "jon.falk", "Recalibrated after the spring review"),
        ),
        audits=(
            make_audit(1, Verdict.INCONCLUSIVE, standing="superseded by A-0002"),
            make_audit(2, Verdict.PASSED),
            make_audit(20, Verdict.FAILED),
        ),
        drifts=DRIFTS,
        evaluations=EVALUATIONS,
        findings=FINDINGS,
        training=TRAINING,
        logs=LOGS,
        incidents=(
            Incident(
                "I-0003",
                "high",
                "Approval rates of women fell below four fifths",
                opened=at(481),
                detected=at(480),
                aware=at(480.2),
                acknowledged=at(481.3),
                resolved=at(520),
                deadlines=(
                    Deadline("Answer within 1 hour", at(482), at(481.3), met=True),
                    Deadline("Contain within 4 hours", at(485), at(486.5), met=False),
                    Deadline("Root cause within 3 days", at(553), None, met=None),
                ),
            ),
        ),
        switches=(
            SwitchChange(at(486), "ola.berg", "off", "Planted bias found by A-0020"),
            SwitchChange(at(530), "ola.berg", "on", "Resumed; approved by mara.lind"),
        ),
        people=(
            Person("ines.weber", ("admin",), "founder", "SHA256:9yHmB1c2bWWb7Vq2zUX0d1o5"),
            Person("mara.lind", ("risk-officer",), "ines.weber", "SHA256:Jx0b6W9lZ4Tq8sV1hYp3"),
            Person("ola.berg", ("incident-commander",), "ines.weber", "SHA256:0aQ7nB2mC5xKe9tR"),
        ),
        evidence=json.dumps({"entries": list(range(400))}).encode(),
        demo=demo,
    )


def make_hostile_report(signer: ReportSigner) -> ModelReport:
    """Make a report whose names were given by someone who wishes it ill."""
    report = make_report(signer)
    name = (
        "<script>alert(1)</script></title>{{ 7*7 }}&amp; \u202egnirocs\u202c "
        "\u05de\u05d5\u05d3\u05dc \u0646\u0645\u0648\u0630\u062c \U0001f600\u0007 \u6a21\u578b "
        "</style><img src='file:///etc/passwd'>" + "W" * 400
    )
    audit = replace(
        report.audits[-1],
        filter=name,
        reasons=(name,),
        groups=tuple(
            Group("sex" * 40, f"</text><script>{n}{name}", 10, n / 40, (0.0, 1.0), n / 40)
            for n in range(40)
        ),
    )
    return replace(
        report,
        report_id=name,
        issuer=replace(report.issuer, name=name, organisation=name),
        model=replace(report.model, name=name, id=name, owner_name=name),
        card=(CardSection(name, name * 20),),
        audits=(audit,),
        drifts=(replace(DRIFTS[-1], reasons=(name,), filter=name, schema=(name,)),),
        evaluations=(replace(EVALUATIONS[-1], version=name, files=(name,), reasons=(name,)),),
        findings=tuple(replace(each, title=name, source=name) for each in FINDINGS),
        training=(replace(TRAINING[0], licence=name, dataset_version=name),),
        logs=tuple(replace(each, log=name, format=name) for each in LOGS),
        incidents=(replace(report.incidents[0], title=name),),
    )
