"""Proofs, checkpoints and entries that somebody was handed, checked with public keys alone.

Pure: bytes and keys in, what is proved or an error out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from ledger.checkpoint import NamedKey, parse_note
from ledger.errors import CheckFailed, InvalidInput, QuaestorError
from ledger.proof_text import (
    HEADER,
    Proved,
    check_inclusion,
    check_json,
    check_note,
    parse_inclusion,
)


@dataclass(frozen=True)
class GivenFile:
    """A file's name, for messages, and its bytes."""

    name: str
    data: bytes


def check_files(
    files: Sequence[GivenFile], keys: Sequence[NamedKey]
) -> list[tuple[GivenFile, Proved]]:
    """What each proof and each checkpoint among the files shows, in their order.

    Every file that is neither is an entry, which one of the inclusion proofs must be of. Raises
    CheckFailed, naming the file, if anything does not hold, and InvalidInput if a proof lacks its
    entry or an entry its proof.
    """
    entries = [file for file in files if not _is_proof(file)]
    proofs = [file for file in files if _is_proof(file)]
    if entries and not any(_is_inclusion(file) for file in proofs):
        raise InvalidInput(
            f"{entries[0].name} is neither a proof nor a checkpoint.",
            "If it is an entry, give its proof too: quaestor ledger prove SEQ",
        )
    unproved = list(entries)
    found = []
    for file in proofs:
        try:
            if _is_inclusion(file):
                entry, proved = _check_inclusion(file, entries, keys)
                unproved = [other for other in unproved if other is not entry]
            else:
                proved = _check(file, keys)
        except QuaestorError as error:
            raise type(error)(f"{file.name}: {error.message}", error.hint) from error
        found.append((file, proved))
    if unproved:
        raise CheckFailed(
            f"{unproved[0].name}: none of the proofs given is of it.",
            "Compare it with `quaestor ledger show SEQ --bytes`.",
        )
    return found


def _check(file: GivenFile, keys: Sequence[NamedKey]) -> Proved:
    text = file.data.decode()
    return check_json(text, keys) if _is_json(file) else check_note(text, keys)


def _check_inclusion(
    file: GivenFile, entries: Sequence[GivenFile], keys: Sequence[NamedKey]
) -> tuple[GivenFile, Proved]:
    """The entry that an inclusion proof is of, and what it shows."""
    proof = parse_inclusion(_text(file))
    failures = []
    for entry in entries:
        try:
            return entry, check_inclusion(proof, entry.data, keys)
        except CheckFailed as error:
            failures.append(error)
    if failures:
        raise failures[0]
    raise InvalidInput(
        "The entry that it is of was not given.",
        f"Give its bytes as another FILE: quaestor ledger show {proof.index} --bytes > entry.json",
    )


def _is_proof(file: GivenFile) -> bool:
    return _is_inclusion(file) or _is_json(file) or _is_note(file)


def _is_inclusion(file: GivenFile) -> bool:
    return file.data.startswith(HEADER.encode())


def _is_json(file: GivenFile) -> bool:
    try:
        fields = orjson.loads(file.data)
    except ValueError:
        return False
    return isinstance(fields, dict) and "format" in fields


def _is_note(file: GivenFile) -> bool:
    try:
        parse_note(_text(file))
    except InvalidInput:
        return False
    return True


def _text(file: GivenFile) -> str:
    try:
        return file.data.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file.name} is not text.", "Give what was printed.") from error
