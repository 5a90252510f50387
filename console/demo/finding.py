"""First chapter: three models, 200,000 decisions, and the audits that find what is planted."""

from __future__ import annotations

from pathlib import Path

import yaml

from console.cli.cards import registration
from console.demo.cast import Cast
from console.demo.narrator import DIFFERS, EQUAL, NOTED, Narrator, Say, done, short
from console.demo.planted import BY, SAMPLES, Comparison, compare, deducted
from console.tui.marks import switch_mark, verdict_mark
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.registers.models import draft_registration
from policies.auditing import Audited, run_fairness
from policies.fairness.counts import FairnessRequest
from sample_data.make import NEW_VERSION, OLD_VERSION, write_decisions

MODEL = "credit-scorer"
REDACTED = (("email", "e-mail addresses"), ("card", "card numbers"), ("credential", "credentials"))
ASSISTANT = "support-assistant"
MODELS: dict[str, dict[str, str]] = {
    MODEL: {"status": "production", "switch": "on"},
    "fraud-screen": {"status": "production", "switch": "on"},
    ASSISTANT: {"status": "validation", "switch": "off"},
}

_COLUMNS = "{:<31}{:<14}{}"


def inventory(cast: Cast, narrator: Narrator) -> None:
    """Enter the models with their cards."""
    mira = cast.mira
    with narrator.step("Mira enters three models into the inventory, with their cards") as say:
        for model, standing in MODELS.items():
            card = SAMPLES / "cards" / f"{model}.yaml"
            body = registration(model, card, standing, legal={}, stated=())
            mira.book.append(mira.signer, [draft_registration(model, body)])
            legal = body.legal_class
            say(
                switch_mark(body.switch),
                f"{model} {body.version}, {legal.category} ({legal.point})",
            )


def decisions(file: Path, cast: Cast, narrator: Narrator) -> None:
    """Write the decision log and import it, twice."""
    emil = cast.emil
    with narrator.step("Emil imports the decision log") as say:
        write_decisions(file)
        text = (SAMPLES / "credit_decisions.map.yaml").read_text()
        column_map = ColumnMap.model_validate(yaml.safe_load(text))
        log = import_logs(emil.book, emil.signer, MODEL, [file], column_map)
        removed = ", ".join(f"{log.redactions.get(kind, 0)} {word}" for kind, word in REDACTED)
        say(done("redacted"), removed)
        say(done("sealed"), f"{log.rows:,} decisions as {log.log}, {log.quarantined} bad rows")
        say(NOTED, f"root of their hash tree: {short(log.root)}")
        again = import_logs(emil.book, emil.signer, MODEL, [file], column_map)
        if again.already_imported:
            say(NOTED, f"the same file again: it is {again.log} already, nothing entered")


def audits(cast: Cast, narrator: Narrator) -> Audited:
    """Audit both versions, hold the figures against what is planted; return the second audit."""
    with narrator.step("Rosa audits both versions for bias, by sex and age band") as say:
        points = deducted()
        say(
            NOTED,
            f"planted: {NEW_VERSION} takes {points['18-29']} points off women aged 18-29, fewer "
            f"off older ones; {OLD_VERSION} takes none",
        )
        _audit(cast, OLD_VERSION, say)
        audit, compared = _audit(cast, NEW_VERSION, say)
        say(NOTED, _COLUMNS.format(f"of {audit.audit_id}", "planted", "found"))
        for figure in compared.figures:
            say(
                EQUAL if figure.planted == figure.found else DIFFERS,
                _COLUMNS.format(figure.name, figure.planted, figure.found),
            )
    return audit


def _audit(cast: Cast, version: str, say: Say) -> tuple[Audited, Comparison]:
    request = FairnessRequest(
        prediction="approved", label="repaid", by=BY, where=f"model_version = '{version}'"
    )
    audit = run_fairness(cast.rosa.book, cast.rosa.signer, MODEL, request)
    compared = compare(audit.document)
    say(
        verdict_mark(audit.verdict),
        f"{audit.audit_id} of version {version}: {audit.document['n']:,} decisions, impact ratio "
        f"{float(compared.impact_ratio.found):.3f}",
    )
    return audit, compared
