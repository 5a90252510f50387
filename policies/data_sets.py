"""Entering data sets: digests of files, a profile kept as evidence, and who trained on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ledger.book import Appended, Book
from ledger.entry import Draft
from ledger.errors import InvalidInput
from ledger.evidence import digest_file
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.datasets import (
    PersonalData,
    Trained,
    Use,
    contents_of,
    digest_of,
    draft_training,
)
from policies.adopting import thresholds_at_hand
from policies.data.profile import profile_data


@dataclass(frozen=True)
class Described:
    """What a person states of a data set."""

    name: str
    owner: str
    source: str
    licence: str
    purpose: str = ""
    personal_data: PersonalData = "not-stated"


@dataclass(frozen=True)
class Files:
    """Files of a data set as they are now; with `profiled`, they are looked at and counted.

    `label` and `identifiers` are columns for the profile. `note` is free text, kept so that it can
    be erased.
    """

    paths: Sequence[Path]
    version: str
    note: str = ""
    profiled: bool = True
    label: str | None = None
    identifiers: tuple[str, ...] = ()


def register(
    book: Book, signer: Signer, dataset: str, described: Described, files: Files
) -> Appended:
    """Enter a data set with its first contents.

    Raises InvalidInput (a file cannot be read or profiled) and what `Book.append` raises.
    """
    body = {**vars(described), "contents": _contents(book, files)}
    draft = Draft(Kind.DATASET_REGISTERED, f"dataset/{dataset}", body)
    return book.append(signer, [draft])


def renew(book: Book, signer: Signer, dataset: str, files: Files) -> Appended:
    """Enter new contents of a data set; raises as `register` does."""
    body = {"contents": _contents(book, files)}
    return book.append(signer, [Draft(Kind.DATASET_VERSIONED, f"dataset/{dataset}", body)])


def record_training(
    book: Book,
    signer: Signer,
    model: str,
    version: str,
    dataset: str,
    *,
    use: Use = "training",
    dataset_version: str | None = None,
) -> Appended:
    """Enter that a model version was trained, validated or tested on contents of a data set.

    Raises Refused for what is not registered, or is entered already.
    """
    with book.read() as snapshot:
        digest = contents_of(snapshot.rows, dataset, dataset_version).digest
    body = Trained(version=version, dataset=dataset, digest=digest, use=use)
    return book.append(signer, [draft_training(model, body)])


def read_profile(book: Book, digest: str) -> dict[str, Any]:
    """A profile as it was kept. CheckFailed if it was changed."""
    document: dict[str, Any] = orjson.loads(book.home.evidence.read(digest, "json"))
    return document


def profile_files(
    book: Book,
    paths: Sequence[Path],
    label: str | None = None,
    identifiers: Sequence[str] = (),
    where: str | None = None,
) -> dict[str, Any]:
    """Look at files, and return the document of `data profile --json`; nothing is entered.

    Held against the thresholds in force, or without a ledger against those that are shipped:
    `thresholds_adopted` is then null. Raises as `profile_data` does, and InvalidInput if a file
    changes meanwhile.
    """
    adopted, thresholds = thresholds_at_hand(book)
    digests = [digest_readable(path) for path in paths]
    profile = profile_data(paths, thresholds.quality, label, identifiers, where)
    if [digest_readable(path) for path in paths] != digests:
        raise InvalidInput("A file changed while it was read.", "Wait until it is whole.")
    return {
        "files": [path.name for path in paths],
        "digest": digest_of(digests),
        "thresholds_adopted": adopted,
        **profile.as_json(),
    }


def digest_readable(path: Path) -> str:
    """SHA-256 of a file in hex; InvalidInput if it cannot be read."""
    try:
        return digest_file(path)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error


def _contents(book: Book, files: Files) -> dict[str, Any]:
    digests = [digest_readable(path) for path in files.paths]
    digest = digest_of(digests)
    rows, kept = None, None
    if files.profiled:
        document = profile_files(book, files.paths, files.label, files.identifiers)
        if document["digest"] != digest:
            raise InvalidInput("A file changed while it was read.", "Wait until it is whole.")
        rows = document["rows"]
        kept = book.home.evidence.keep(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), "json")
    return {
        "version": files.version,
        "files": [
            {"name": path.name, "size": path.stat().st_size, "sha256": each}
            for path, each in zip(files.paths, digests, strict=True)
        ],
        "digest": digest,
        "rows": rows,
        "profile": kept,
        "note": files.note or None,
    }
