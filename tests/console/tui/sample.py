"""A small ledger to look at: a bank, four people, two models, an audit, an incident, a kill.

Times are fixed by a clock that tests turn; what stays random (keys, hashes) no snapshot shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

import sample_data
from console.tui.app import QuaestorApp
from console.tui.models.registering import read_card, register
from console.tui.work import Values, Work
from ledger import approving, switching
from ledger.book import Book
from ledger.entry import Draft
from ledger.home import Home
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.seat import Seat
from policies.auditing import run_fairness
from policies.fairness.counts import FairnessRequest
from policies.responding import open_incident
from reports.enrolling import enrol, new_key
from reports.founding import found_ledger

PASSPHRASE = b"a phrase to test with"
ROUNDS = 1
PEOPLE = {
    "mira": ("Mira Sundberg", "model-owner"),
    "cyril": ("Cyril Abaza", "incident-commander"),
    "noor": ("Noor Haddad", "risk-officer"),
}
SAMPLE = Path(sample_data.__file__).parent


class Turned:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 7, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def turn(self, **by: int) -> None:
        """Turn it on, as `timedelta` takes it."""
        self.now += timedelta(**by)


@dataclass
class Sample:
    """A founded ledger, everybody's signer and seat, and the clock."""

    root: Path
    book: Book
    clock: Turned
    signers: dict[str, Signer]

    def seat(self, actor: str) -> Path:
        """Where a person's seat lies."""
        return self.root / "seats" / actor

    def console(self, actor: str = "ada", passphrase: bytes | None = PASSPHRASE) -> QuaestorApp:
        """A console at which this person sits, in UTC; without a passphrase it is asked for."""
        return QuaestorApp(
            self.book.home.folder,
            self.seat(actor),
            actor,
            lambda: passphrase,
            self.clock,
            zone=UTC,
        )

    def enter(self, actor: str, kind: str, subject: str, **body: object) -> None:
        """Make one entry as somebody."""
        self.book.append(self.signers[actor], [Draft(kind, subject, dict(body))])


def make_sample(root: Path) -> Sample:
    """Found the ledger and let its first morning happen."""
    sample = found(root)
    for name in ("credit-scorer", "fraud-screen"):
        add_model(sample, name)
    import_sample(sample)
    sample.clock.turn(minutes=10)
    request = FairnessRequest("approved", ("sex", "age_band"), label="repaid")
    decisions = [SAMPLE / "credit_decisions_sample.csv"]
    run_fairness(sample.book, sample.signers["noor"], "credit-scorer", request, files=decisions)
    sample.clock.turn(minutes=5)
    start_incident(sample)
    sample.clock.turn(minutes=4)
    switching.kill(
        Book(sample.book.home, clock=sample.clock),
        sample.signers["cyril"],
        "credit-scorer",
        mode="fallback",
        new_id=lambda: "0001",
    )
    sample.clock.turn(minutes=7)
    return sample


def found(root: Path) -> Sample:
    """Found a ledger and enrol everybody, each with keys in a seat of their own."""
    clock = Turned()
    book, ada = found_ledger(
        Home(root / "home"),
        Seat(root / "seats" / "ada"),
        actor="ada",
        name="Ada Lindqvist",
        organisation="Nordhaven Bank",
        origin="nordhaven.example/ai",
        passphrase=PASSPHRASE,
        demo=True,
        clock=clock,
        rounds=ROUNDS,
        new_id=lambda: "5a" * 32,
    )
    sample = Sample(root, book, clock, {"ada": ada})
    for actor, (name, role) in PEOPLE.items():
        clock.turn(minutes=1)
        seat = Seat(sample.seat(actor))
        request = new_key(
            seat, actor, kind="person", name=name, passphrase=PASSPHRASE, rounds=ROUNDS
        )
        enrol(book, ada, request, [role])
        sample.signers[actor] = seat.signer(actor, PASSPHRASE)
    clock.turn(minutes=3)
    return sample


def add_model(sample: Sample, name: str) -> None:
    """Register one of the sample cards, in production and on."""
    values: Values = {
        **read_card(SAMPLE / "cards" / f"{name}.yaml"),
        "status": "production",
        "switch": "on",
    }
    register(Work(sample.book, sample.signers["ada"], PASSPHRASE, values, lambda *_: None))
    sample.clock.turn(minutes=1)


def import_sample(sample: Sample) -> None:
    """Import the 500 decisions that the repository holds."""
    mapping = yaml.safe_load((SAMPLE / "credit_decisions.map.yaml").read_text())
    import_logs(
        sample.book,
        sample.signers["ada"],
        "credit-scorer",
        [SAMPLE / "credit_decisions_sample.csv"],
        ColumnMap.model_validate(mapping),
    )


def start_incident(sample: Sample) -> None:
    """Open a high incident a little after it was noticed, and do its first two steps."""
    now = sample.clock()
    open_incident(
        sample.book,
        sample.signers["cyril"],
        title="Women under 30 are declined far more often",
        severity="high",
        model="credit-scorer",
        description="The lending centre saw it in the weekly figures.",
        detected_at=now - timedelta(minutes=50),
        aware_at=now - timedelta(minutes=20),
    )
    sample.enter("cyril", Kind.INCIDENT_ACKNOWLEDGED, "incident/inc-1")
    for step in ("assess-severity", "decide-containment"):
        sample.clock.turn(minutes=2)
        sample.enter("cyril", Kind.INCIDENT_STEP_DONE, "incident/inc-1", step=step, note=None)


def ask_resume(sample: Sample) -> str:
    """Let the commander ask for the way back; return the approval's id."""
    from ledger.registers.switches import draft_resumption

    outcome = approving.request(
        sample.book,
        sample.signers["cyril"],
        lambda rows: draft_resumption(rows, "credit-scorer", "Version 2.0.4 is back in service."),
        "Version 2.0.4 is back in service.",
    )
    assert outcome.approval is not None
    return outcome.approval
