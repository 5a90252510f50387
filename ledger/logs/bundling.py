"""From log files to a bundle, where there is no ledger; and from a bundle into the ledger.

A bundle is sealed as an import seals, with every class of personal data and credentials removed.
It is entered by what can be checked here, not by what it says: signature, digests, tree, mapped
columns, counts and redaction are all gone through again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from pydantic import ValidationError

from ledger.book import Book
from ledger.clock import Clock, system_clock, write_time
from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput, Refused, StoreUnavailable
from ledger.evidence import Evidence
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.logs.bundle_checks import check_contents, require_signed
from ledger.logs.bundles import (
    LOG,
    MAP,
    QUARANTINE,
    Envelope,
    Statement,
    member_of,
    opened_bundle,
    sign_statement,
    unpack,
    write_bundle,
)
from ledger.logs.importing import WANTED, Imported, already, import_key
from ledger.logs.kinds import fitted
from ledger.logs.mapping import ColumnMap
from ledger.logs.protecting import Safeguards
from ledger.logs.reading import Arrival, Source, examine
from ledger.logs.rules import UNDECIDED, rules_in_force
from ledger.logs.scratch import scratch
from ledger.logs.sealing import SealedLog, adopted, seal
from ledger.registers.logs import LogKind, imported_as, next_log
from ledger.registers.models import standing
from ledger.registers.rows import Rows

Progress = Callable[[int, int], None]

_KEYED = ("pseudonyms", "personal", "subject")


def seal_bundle(
    signer: Signer,
    sources: Sequence[Path | Arrival],
    column_map: ColumnMap,
    output: Path,
    *,
    model: str | None = None,
    kind: LogKind = "decision",
    container: str | None = None,
    keep_conversations: bool = False,
    clock: Clock = system_clock,
    progress: Progress = lambda _done, _total: None,
) -> Envelope:
    """Seal log files as the bundle `output`, signed by `signer`. No ledger, home or seat is used.

    With `keep_conversations` it is entered only where the policy in force keeps them. Raises
    InvalidInput, CheckFailed or StoreUnavailable as `seal`; no bundle is written then.
    """
    require_keyless(column_map)
    column_map = fitted(column_map, kind)
    rules = UNDECIDED.keeping() if keep_conversations else UNDECIDED
    try:
        folder = TemporaryDirectory(prefix=".quaestor-", dir=output.absolute().parent)
    except OSError as error:
        raise StoreUnavailable(
            f"{output} cannot be written: {error.strerror}.", "Choose another place."
        ) from error
    with folder as name:
        place = Evidence(Path(name))
        logs = [examine(source) for source in sources]
        sealed = seal(
            logs,
            column_map,
            place,
            lambda _raw: "",
            progress,
            container=container,
            wanted=WANTED[kind],
            safeguards=Safeguards(rules),
        )
        place.keep(column_map.canonical(), "json")
        files = [(LOG, sealed.file_digest, "parquet"), (MAP, sealed.map_digest, "json")]
        if sealed.quarantine_digest:
            files.append((QUARANTINE, sealed.quarantine_digest, "jsonl"))
        paths = [place.path(digest, ext) for _, digest, ext in files]
        members = [
            member_of(name, path).model_dump()
            for (name, _, _), path in zip(files, paths, strict=True)
        ]
        statement = Statement.model_validate(
            {
                "actor": signer.actor,
                "time": write_time(clock()),
                "model": model,
                "format": column_map.format,
                **_stated(kind, sealed),
                "files": members,
            }
        )
        envelope = sign_statement(signer, statement)
        write_bundle(output, envelope, paths)
    return envelope


def enter_bundle(
    book: Book,
    signer: Signer,
    path: Path,
    *,
    model: str | None = None,
    max_bad: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Imported:
    """Check a bundle and enter it, once; `signer` enters what the bundle's own actor sealed.

    `model` may be left out if the bundle states it. Raises InvalidInput for what is no bundle,
    Refused if its actor may not seal here, CheckFailed if anything in it does not hold; nothing
    is entered then.
    """
    evidence = book.home.evidence
    with opened_bundle(path) as (envelope, bundle), ExitStack() as stack:
        stated = envelope.statement
        whose = _whose(stated, model)
        with book.read() as snapshot:
            standing(snapshot.rows, whose)
            require_signed(snapshot.rows, envelope)
            force = rules_in_force(snapshot.rows, evidence)
        files: dict[str, BinaryIO] = {}

        def into(name: str) -> BinaryIO:
            files[name] = stack.enter_context(scratch(evidence.folder))
            return files[name]

        unpack(envelope, bundle, into, progress)
        column_map = _column_map(files[MAP], stated)
        sources = [Source(source.name, source.size, source.sha256) for source in stated.sources]
        key = import_key(whose, stated.kind, sources, column_map)
        with book.read() as snapshot:
            known = imported_as(snapshot.rows, key)
        if known is not None:
            return already(known, max_bad)
        check_contents(files, stated, column_map, force.rules)
        adopted(evidence, files[LOG], "parquet")
        evidence.keep(column_map.canonical(), "json")
        evidence.keep(envelope.data, "json")
        if QUARANTINE in files:
            adopted(evidence, files[QUARANTINE], "jsonl")
    body = _body(whose, key, envelope) | {"policy": force.digest}

    def entering(rows: Rows) -> list[Draft]:
        require_signed(rows, envelope)
        return [Draft(Kind.LOG_SEALED, f"log/{next_log(rows)}", body)]

    try:
        appended = book.append(signer, entering)
    except Refused:
        with book.read() as snapshot:
            known = imported_as(snapshot.rows, key)
        if known is None:  # nor entered by somebody else while we checked
            raise
        return already(known, max_bad)
    return Imported(
        log=appended.name,
        model=whose,
        kind=stated.kind,
        format=stated.format,
        already_imported=False,
        rows=stated.rows,
        quarantined=stated.quarantined,
        too_many_bad=stated.quarantined > max_bad,
        redactions={item.name: item.count for item in stated.redactions},
        missing={item.name: item.count for item in stated.missing},
        guardrails={item.name: item.count for item in stated.guardrails},
        file=body["file"],
        root=stated.root,
        seq=appended.entries[-1].seq,
    )


def require_keyless(column_map: ColumnMap) -> None:
    """InvalidInput if a map asks for what only the ledger's vault has keys for."""
    for name in _KEYED:
        if getattr(column_map, name):
            raise InvalidInput(
                f"The column map states `{name}`, for which a bundle has no key: "
                "pseudonyms and personal fields are made with keys of the ledger's vault.",
                "State these fields under `redact`, or import the log where the ledger is.",
            )


def _stated(kind: LogKind, sealed: SealedLog) -> dict[str, Any]:
    """The fields of a statement, or of an entry, that say what was sealed."""

    def counts(found: dict[str, int]) -> list[dict[str, Any]]:
        return [{"name": name, "count": count} for name, count in found.items()]

    return {
        "kind": kind,
        "rows": sealed.rows,
        "root": sealed.root,
        "sources": [
            {"name": source.name[:300], "size": source.size, "sha256": source.sha256}
            for source in sealed.sources
        ],
        "redactions": counts(sealed.redactions),
        "missing": counts(sealed.missing),
        "guardrails": counts(sealed.guardrails),
        "quarantined": sealed.quarantined,
        "first_time": write_time(sealed.first_time) if sealed.first_time else None,
        "last_time": write_time(sealed.last_time) if sealed.last_time else None,
    }


def _body(model: str, key: str, envelope: Envelope) -> dict[str, Any]:
    stated = envelope.statement
    fields = stated.model_dump(exclude={"actor", "time", "files"})
    digests: dict[str, str] = {file.name: file.sha256 for file in stated.files}
    return fields | {
        "model": model,
        "file": digests[LOG],
        "column_map": digests[MAP],
        "import_key": key,
        "quarantine": digests.get(QUARANTINE),
        "quarantine_key": None,
        "bundle": envelope.digest,
        "sealed_by": stated.actor,
    }


def _whose(stated: Statement, model: str | None) -> str:
    """The model whose log it is. InvalidInput if nobody says, or two say differently."""
    if model is not None and stated.model is not None and model != stated.model:
        raise InvalidInput(
            f"This bundle was sealed for {stated.model}, not for {model}.",
            "Leave --model out, or fetch the bundle of that model.",
        )
    whose = model or stated.model
    if whose is None:
        raise InvalidInput("It is not said whose decisions these are.", "State --model MODEL.")
    return whose


def _column_map(file: BinaryIO, stated: Statement) -> ColumnMap:
    """The bundle's map. InvalidInput for one that this version cannot read or carry out."""
    file.seek(0)
    data = file.read()
    try:
        column_map = ColumnMap.model_validate_json(data)
    except ValidationError as error:
        raise InvalidInput(
            "The bundle's column map cannot be read.",
            "It was sealed by a newer version, perhaps: update Quaestor here.",
        ) from error
    if column_map.canonical() != data or column_map.format != stated.format:
        raise CheckFailed("The bundle's column map is not in its one form.", "Seal the log again.")
    if fitted(column_map, stated.kind) != column_map:
        raise CheckFailed(
            f"The bundle's column map is not one for a log of {stated.kind}.", "Seal the log again."
        )
    require_keyless(column_map)
    return column_map
