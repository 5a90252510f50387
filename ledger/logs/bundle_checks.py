"""What is checked of a bundle: whose signature it has, and whether what it holds is what it says.

In this order, since each step rests on the one before:
1. the statement's signature, by an enrolled actor that may seal logs and whose key is trusted;
2. the digests of its files (`bundles.unpack`);
3. the tree over the rows, the Parquet statistics, the mapped columns derived anew;
4. the counts and bounds that are stated;
5. that redacting the records again, as the ledger's policy has it, changes nothing;
6. that the quarantine holds no text.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.authority import may
from ledger.clock import write_time
from ledger.errors import CheckFailed, QuaestorError, Refused
from ledger.keys import verify_signature
from ledger.kinds import Kind
from ledger.logs.bundles import LOG, QUARANTINE, Envelope, Statement, read_envelope
from ledger.logs.checking import SealFacts, check_sealed
from ledger.logs.conversations import is_spoken, is_summary
from ledger.logs.engine import analysis
from ledger.logs.fields import CONVERSATION
from ledger.logs.formats import FORMATS
from ledger.logs.importing import WANTED
from ledger.logs.mapping import MAPPED, RECORD, ColumnMap
from ledger.logs.protecting import Protection, Safeguards
from ledger.logs.rules import RedactionRules
from ledger.logs.splicing import Node, splice
from ledger.logs.taking import misplaced, taken_columns
from ledger.logs.tallying import Tally
from ledger.registers.actors import ActorRow, KeyRow, key_trusted
from ledger.registers.logs import LogRow
from ledger.registers.rows import Rows

_ROWS = 20_000
_AGAIN = (
    "Nothing was entered. Seal the log again with this version; where the policy keeps no "
    "conversations, without --keep-conversations."
)
_MARK = re.compile(r"\[redacted:[a-z_]+\]")


class _Taken(msgspec.Struct):
    """Of a record, what was taken from its conversations."""

    taken: Any = msgspec.field(default=None, name=MAPPED)


_TAKEN = msgspec.json.Decoder(_Taken)


def require_signed(rows: Rows, envelope: Envelope) -> None:
    """Refused unless an enrolled actor that may seal logs signed this; CheckFailed if altered."""
    name = envelope.statement.actor
    actor = rows.get(ActorRow, name)
    if actor is None or actor.status != "active":
        raise Refused(
            f"{name}, who sealed this bundle, is not enrolled here.",
            "Enrol the program: quaestor actor add FILE --role engineer",
        )
    if not key_trusted(rows, actor):
        raise Refused(
            f"The key of {name}, who sealed this bundle, is revoked.",
            "Find out what else it signed; seal the log again under a new key.",
        )
    if not may(rows, name, Kind.LOG_SEALED):
        raise Refused(
            f"{name}, who sealed this bundle, may not seal logs here.",
            f"Give it the role, if it should: quaestor actor grant {name} engineer",
        )
    if not verify_signature(base64.b64decode(actor.public_key), envelope.sig, envelope.signed):
        raise CheckFailed(
            f"The signature of this bundle is not that of {name}'s key.",
            "It was altered, or sealed with another key: fetch it or seal it again.",
        )


def check_contents(
    files: Mapping[str, BinaryIO], stated: Statement, column_map: ColumnMap, rules: RedactionRules
) -> None:
    """CheckFailed, with what is wrong, unless unpacked files are what the statement says."""
    path = Path(files[LOG].name)
    facts = SealFacts(_digest(stated, LOG), stated.rows, stated.root, column_map.digest())
    problems = [
        problem.replace(path.name, LOG) for problem in check_sealed(path, facts, column_map)
    ]
    if not problems:
        problems = [*_counts(path, stated, column_map), *_unredacted(path, column_map, rules)]
    if not problems and QUARANTINE in files:
        problems = _quarantined(files[QUARANTINE], stated)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise CheckFailed(f"The bundle does not hold what it should: {problems[0]}{more}.", _AGAIN)


def bundle_problems(rows: Rows, log: LogRow, read: Callable[[str, str], bytes]) -> list[str]:
    """Hold an entered log against the kept statement of its bundle; return the problems."""
    try:
        envelope = read_envelope(read(log.bundle, "json"))
    except QuaestorError as error:
        return [f"The bundle's statement: {error}"]
    stated = envelope.statement
    keys = [row for row in rows.where(KeyRow, actor=log.sealed_by) if row.from_seq <= log.seq]
    if not any(
        verify_signature(base64.b64decode(key.public_key), envelope.sig, envelope.signed)
        for key in keys
    ):
        return [f"The bundle's statement is not signed by {log.sealed_by}."]
    said = (stated.actor, stated.rows, stated.root, _digest(stated, LOG), stated.kind)
    if said != (log.sealed_by, log.rows, log.root, log.file, log.kind):
        return ["The bundle's statement is not about this log."]
    return []


def _digest(stated: Statement, name: str) -> str:
    member = stated.member(name)
    return member.sha256 if member else ""


def _counts(path: Path, stated: Statement, column_map: ColumnMap) -> list[str]:
    """Counts and bounds that are not those of the rows."""
    tally = Tally(column_map, WANTED[stated.kind])
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(_ROWS):
            tally.add(pa.Table.from_batches([batch]))
    times = [moment and write_time(moment) for moment in (tally.first, tally.last)]
    missing = {item.name: item.count for item in stated.missing}
    guardrails = {item.name: item.count for item in stated.guardrails}
    pairs = {
        "the first and last time": (times, [stated.first_time, stated.last_time]),
        "what is missing": (tally.missing, missing),
        "the guardrails' outcomes": (dict(tally.guardrails), guardrails),
    }
    return [f"{what} is not as stated" for what, (found, said) in pairs.items() if found != said]


def _unredacted(path: Path, column_map: ColumnMap, rules: RedactionRules) -> list[str]:
    """What is left in the records that the policy in force removes."""
    left: Counter[str] = Counter()
    first: int | None = None
    done = 0
    spoken = _spoken(column_map, rules)
    with pq.ParquetFile(path, pre_buffer=False) as file, analysis() as engine:
        protection = Protection(engine, column_map, Safeguards(rules.keeping()))
        for batch in file.iter_batches(_ROWS, columns=[RECORD]):
            records = batch.column(0)
            try:
                protected = protection.apply(records)
                said = spoken(records)
            except (duckdb.Error, msgspec.DecodeError) as error:
                return [f"a record after row {done} is none: {str(error).splitlines()[0][:100]}"]
            changed = pc.indices_nonzero(pc.not_equal(protected.records, records)).to_pylist()
            for row in changed:
                left.update(protected.found.get(row) or {"field": 1})
            left.update(said.values())
            rows = {*changed, *said}
            if rows and first is None:
                first = done + min(rows)
            done += len(records)
    if first is None:
        return []
    what = ", ".join(f"{name} ({count:,})" for name, count in sorted((+left).items()))
    return [f"records hold what is to be removed before sealing: {what}; the first is row {first}"]


def _spoken(column_map: ColumnMap, rules: RedactionRules) -> Callable[[pa.Array], dict[int, str]]:
    """What finds rows with a conversation that the policy has summed up, or a forged member."""
    sources = FORMATS[column_map.format].conversation if column_map.format in FORMATS else ()
    columns = taken_columns(column_map, sources)
    texts: list[str] = []
    root = Node()
    for source in sources:
        root.add_every(source, texts.append)

    def rows(records: pa.Array) -> dict[int, str]:
        found: dict[int, str] = {}
        for row, record in enumerate(records.cast(pa.binary()).to_pylist()):
            texts.clear()
            splice(record, root)
            kept = [text for text in texts if is_spoken(text) and not is_summary(text)]
            if not rules.keeps_conversations and not all(map(_MARK.fullmatch, kept)):
                found[row] = CONVERSATION
            taken = _TAKEN.decode(record).taken
            if taken is not None and (misplaced(taken, columns) or len(kept) == len(texts)):
                found[row] = MAPPED
        return found

    return rows


def _quarantined(file: BinaryIO, stated: Statement) -> list[str]:
    """What is wrong with the list of bad rows."""
    file.seek(0)
    names = {source.name for source in stated.sources}
    count = 0
    for line in file:
        count += 1
        try:
            bad = orjson.loads(line)
        except orjson.JSONDecodeError:
            return [f"{QUARANTINE}, line {count}: not JSON"]
        if not isinstance(bad, dict) or bad.keys() != {"file", "line", "reason", "digest", "text"}:
            return [f"{QUARANTINE}, line {count}: not the fields of a bad row"]
        if bad["text"] != "":
            return [f"{QUARANTINE}, line {count}: it holds the text of a bad row"]
        if str(bad["file"])[:300] not in names:
            return [f"{QUARANTINE}, line {count}: of a file that is no source"]
    return [] if count == stated.quarantined else [f"{QUARANTINE} has {count} rows, not as stated"]
