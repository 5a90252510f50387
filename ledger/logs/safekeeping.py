"""The policy and the keys that an import works under: those in force, or new ones.

Keys are on disk before an entry names them; an import that dies before leaves keys that nothing
uses, and a log that nothing names.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.book import Book
from ledger.errors import Refused
from ledger.files import disk_explained, write_durably
from ledger.logs.mapping import ColumnMap
from ledger.logs.people import People
from ledger.logs.protecting import Safeguards
from ledger.logs.pseudonyms import Pseudonyms
from ledger.logs.rules import RulesInForce, rules_in_force
from ledger.registers.logs import pseudonym_key_of, subject_key_of
from ledger.registers.rows import Rows
from ledger.subjects import SubjectKeys
from ledger.vault import Vault

LIST = "subjects"
"""Extension of the evidence that lists a log's persons: a line each, HMAC and key id in hex."""


@dataclass(frozen=True)
class Kept:
    """What an entry says of how its records were protected."""

    policy: str | None
    pseudonym_key: str | None
    subject_key: str | None
    subjects: str | None


class Safekeeping:
    """Opened before sealing; `keep` is called when the records are sealed."""

    def __init__(self, book: Book, model: str, mapping: ColumnMap, import_key: str) -> None:
        self._book, self._model = book, model
        with book.read() as snapshot:
            self._force: RulesInForce = rules_in_force(snapshot.rows, book.home.evidence)
            pseudonym_key = pseudonym_key_of(snapshot.rows, model)
            subject_key = subject_key_of(snapshot.rows)
        vault = book.vault
        self._keys = SubjectKeys(vault.folder)
        self._pseudonym_key = self._subject_key = None
        if mapping.pseudonyms:
            self._pseudonym_key = pseudonym_key or self._first_key(vault, f"{model}.pseudonyms")
        if mapping.personal or mapping.subject is not None:
            self._subject_key = subject_key or self._first_key(vault, "persons")
        # Keys that nobody holds: what they are for is not in the map.
        lost = Safeguards(self._force.rules, import_key=import_key)
        self.safeguards = Safeguards(
            self._force.rules,
            Pseudonyms(vault.key(self._pseudonym_key)) if self._pseudonym_key else lost.pseudonyms,
            People(vault.ledger_id, vault.key(self._subject_key), self._keys.all())
            if self._subject_key
            else lost.people,
            import_key,
        )

    def _first_key(self, vault: Vault, name: str) -> str:
        """A key that no entry names yet: that of an import that died, or a new one.

        A file beside the persons' keys remembers its id, so that the same files make the same log.
        """
        remembered = self._keys.folder / name
        with disk_explained(str(vault.folder)), self._keys.locked():
            try:
                key_id = remembered.read_text()
            except FileNotFoundError:
                key_id = ""
            if not key_id or not vault.whole(key_id):
                key_id = vault.new_key()
                write_durably(remembered, key_id.encode())
        return key_id

    def keep(self) -> Kept:
        """Write the persons' new keys and the list of persons, durably."""
        people = self.safeguards.people
        subjects = None
        if self._subject_key and people.used:
            self._keys.add(people.new)
            lines = sorted(
                f"{subject.hex()} {key.key_id.hex()}\n" for subject, key in people.used.items()
            )
            subjects = self._book.home.evidence.keep("".join(lines).encode(), LIST)
        return Kept(self._force.digest, self._pseudonym_key, self._subject_key, subjects)

    def require_still(self, rows: Rows) -> None:
        """Refused if somebody else made other keys for the same meanwhile."""
        for mine, theirs in (
            (self._pseudonym_key, pseudonym_key_of(rows, self._model)),
            (self._subject_key, subject_key_of(rows)),
        ):
            if mine is not None and theirs is not None and mine != theirs:
                raise Refused(
                    "Another import made the pseudonyms of this ledger's persons meanwhile.",
                    "Import the files again; they will be joined with the others'.",
                )
