"""Erasing from decision records: what is kept about one person, or what pseudonyms stand for."""

from __future__ import annotations

from ledger.approving import Outcome, enter_or_request
from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import Refused
from ledger.keys import Signer
from ledger.logs.pseudonyms import pseudonym_id
from ledger.registers.approvals import ApprovalRow
from ledger.registers.erasures import ErasureRow, draft_erasure
from ledger.registers.logs import pseudonym_key_of, subject_key_of
from ledger.registers.models import known
from ledger.registers.rows import Rows
from ledger.subjects import SubjectKeys
from ledger.vault import Vault

ABOUT = "person"
"""What the entry that erases a person is about: `person/<32 hex digits>`, never the name itself."""


def erase_subject(book: Book, signer: Signer, subject: str, ground: str) -> Outcome:
    """Destroy every key of a person, or ask for a second person's approval.

    `subject` is what the logs say at the map's subject. Refused if there is nothing to erase.
    """
    vault = book.vault  # before the ledger is held for writing

    def erasing(rows: Rows) -> Draft:
        name = subject_name(vault, rows, subject)
        about = f"{ABOUT}/{name}"
        _require_no_request(rows, about)
        held = SubjectKeys(book.home.vault).of(bytes.fromhex(name))
        keys = [key for key in held if rows.get(ErasureRow, key) is None]
        if not keys:
            raise Refused(
                "No personal field of this person can be read: none was sealed, or they are "
                "erased already.",
                "Write the subject exactly as the log does: quaestor logs show LOG --row N",
            )
        return draft_erasure(about, sorted(keys), ground)

    return enter_or_request(book, signer, erasing)


def erase_pseudonyms(book: Book, signer: Signer, model: str, ground: str) -> Outcome:
    """Destroy the key of a model's pseudonyms, or ask for a second person's approval.

    Nobody can tell afterwards whose they are; later imports make others. Refused if there is none.
    """

    def erasing(rows: Rows) -> Draft:
        known(rows, model)
        _require_no_request(rows, f"model/{model}")
        key = pseudonym_key_of(rows, model)
        if key is None:
            raise Refused(f"The logs of {model} hold no pseudonyms.", "Nothing needs to be done.")
        return draft_erasure(f"model/{model}", [key], ground)

    return enter_or_request(book, signer, erasing)


def subject_name(vault: Vault, rows: Rows, subject: str) -> str:
    """The 32 hex digits that stand for a person. Refused if no log names persons."""
    key = subject_key_of(rows)
    if key is None:
        raise Refused(
            "No log names the persons it is about.",
            "State `subject` and `personal` in the column map when a log is imported.",
        )
    return pseudonym_id(vault.key(key), subject).hex()


def _require_no_request(rows: Rows, about: str) -> None:
    for request in rows.where(ApprovalRow, subject=about, state="pending"):
        if request.kind == "vault.erased":
            raise Refused(
                f"This erasure is requested already, as {request.approval}.",
                f"Another person approves it: quaestor approval approve {request.approval}",
            )
