"""Signing what an auditor says of a model's decisions, to be attached to an audit by a profile."""

from __future__ import annotations

from pathlib import Path

from console.tui.audits.asking import FILE, files_of
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form, choices
from console.tui.record.proving import NEW_FILE, write_new
from console.tui.work import Work, path_of
from ledger.errors import InvalidInput
from ledger.registers.models import ModelRow


async def sign_statement(desk: Desk) -> None:
    """Ask for the words and the decisions they are about, and write the signed note."""
    if desk.picture is None:
        return
    models = [row.model for row in desk.picture.rows.where(ModelRow)]
    fields = [
        Field("model", "Model", "choice", choices=choices(models)),
        Field("said", "What you say", "path", hint="A file of plain text."),
        FILE,
        Field("path", "Write to", "path", hint=NEW_FILE),
    ]
    written = await desk.sign(
        _sign,
        form=lambda values: Form("Sign an auditor's statement", fields, values, verb="Sign",
                                 note="It names the model and the SHA-256 of the decisions. "
                                 "Nothing is entered."),
        doing="Signing the statement",
    )  # fmt: skip
    if written is not None:
        hint = "Give it to who audits by nyc-ll144: 3, p, Auditor's statement."
        await desk.push_screen_wait(Notice(f"It is in {written}.", hint, title="Signed"))


def _sign(work: Work) -> Path:
    from policies.auditing import decisions_of
    from policies.fairness.profiles.statement import sign_statement as sign

    values = work.values
    file = path_of(values["said"])
    try:
        said = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not text in UTF-8.", "Save it as plain text.") from error
    decisions = decisions_of(work.book, values["model"], files_of(values))
    origin = work.book.facts.origin
    return write_new(work, sign(work.signer, origin, values["model"], decisions.digest, said))
