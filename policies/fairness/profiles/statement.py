"""An auditor's statement: a signed note about one model and one set of data.

Its text opens with three lines (what it is, the model, the SHA-256 of the data), then says what
the auditor says. It is signed as checkpoints are (c2sp.org/signed-note), by a key named
`<origin>/<actor>`, so it can be made on the auditor's machine and handed over as a file.

A statement is *verified* if a trusted key of an active actor signed it who holds the role of
auditor and no other, does not own the model, and is not whoever enters the audit; and if it is
about this model and these data. A file that is no such note can be attached, and is called not
verified; a note that is signed but does not hold is refused.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ledger.checkpoint import parse_note, sign_note, verified_signers
from ledger.errors import InvalidInput, Refused
from ledger.keys import Signer
from ledger.registers.actors import ActorRow, active, key_trusted
from ledger.registers.models import known
from ledger.registers.rows import Rows

HEADING = "quaestor/audit-statement/v1"
AUDITOR = "auditor"


@dataclass(frozen=True)
class Statement:
    """A statement that was attached: its digest, who signed it if that was verified, and its text.

    `claimed` is the auditor's name as whoever attached it gave it.
    """

    digest: str
    auditor: str | None
    claimed: str | None
    content: bytes

    def as_json(self) -> dict[str, Any]:
        """The statement as the audit's document holds it: one that was verified, word for word."""
        return {
            "digest": self.digest,
            "verified": self.auditor is not None,
            "auditor": self.auditor,
            "claimed": self.claimed,
            "note": self.content.decode() if self.auditor else None,
        }


def sign_statement(signer: Signer, origin: str, model: str, data: str, said: str) -> str:
    """Sign a statement on decisions whose digest is `data`. InvalidInput if it says nothing."""
    if not said.strip():
        raise InvalidInput("The statement says nothing.", "Write what you examined and found.")
    text = f"{HEADING}\nmodel {model}\ndata {data}\n\n{said.strip()}\n"
    return sign_note(text, f"{origin}/{signer.actor}", signer.public_key, signer.sign)


def check_statement(
    rows: Rows,
    origin: str,
    content: bytes,
    *,
    model: str,
    data: str,
    entered_by: str,
    claimed: str | None = None,
) -> Statement:
    """Judge a statement that is attached to an audit.

    Raises Refused for a statement that is signed but about something else, by nobody of this
    ledger who may make it, or whose signature does not hold.
    """
    digest = sha256(content).hexdigest()
    note = _note(content)
    if note is None:
        return Statement(digest, None, claimed, content)
    said, signatures = note
    names = [each.name for each in signatures]
    keys = [
        (f"{origin}/{row.actor}", base64.b64decode(row.public_key)) for row in rows.where(ActorRow)
    ]
    signers = verified_signers(said, signatures, keys)
    if not signers:
        raise Refused(
            f"No signature on this statement holds: {', '.join(names)}.",
            "Ask the auditor to sign it anew: quaestor audit statement --help",
        )
    auditor = signers[0].removeprefix(f"{origin}/")
    _require_auditor(rows, auditor, model, entered_by)
    if said.split("\n")[1:3] != [f"model {model}", f"data {data}"]:
        raise Refused(
            "This statement is about another model or other data.",
            f"The data audited here have the digest {data}.",
        )
    return Statement(digest, auditor, claimed, content)


def _require_auditor(rows: Rows, auditor: str, model: str, entered_by: str) -> None:
    row = active(rows, auditor)
    wrong = None
    if not key_trusted(rows, row):
        wrong = "its key was revoked"
    elif row.role_list != [AUDITOR]:
        wrong = "it does not hold the role of auditor, and that alone"
    elif known(rows, model).owner == auditor:
        wrong = "it owns the model"
    elif auditor == entered_by:
        wrong = "it enters the audit itself"
    if wrong:
        raise Refused(
            f"{auditor} cannot make this statement: {wrong}.",
            "Ask an auditor who has no part in the model.",
        )


def _note(content: bytes) -> tuple[str, Any] | None:
    try:
        text, signatures = parse_note(content.decode())
    except (InvalidInput, UnicodeDecodeError):
        return None
    return (text, signatures) if text.startswith(f"{HEADING}\n") else None
