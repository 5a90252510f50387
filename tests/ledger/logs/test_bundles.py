from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sample_data
from ledger.entry import Draft, canonical
from ledger.errors import CheckFailed, InvalidInput, QuaestorError, Refused
from ledger.keys import Signer
from ledger.logs.bundles import (
    LOG,
    MAP,
    QUARANTINE,
    Statement,
    member_of,
    opened_bundle,
    sign_statement,
    unpack,
    write_bundle,
)
from ledger.logs.bundling import enter_bundle, seal_bundle
from ledger.logs.formats import completed, format_named
from ledger.logs.importing import import_logs
from ledger.logs.mapping import MAPPED as TAKEN
from ledger.logs.mapping import RECORD, ColumnMap
from ledger.logs.rules import UNDECIDED
from ledger.merkle import Frontier, leaf_hash
from ledger.registers.actors import ActorRow
from ledger.registers.logs import LogRow
from ledger.verification import verify
from policies.adopting import adopt
from reports.enrolling import enrol
from tests.people import MODEL, OTHER_MODEL, PASSPHRASE, Person, World, copy, raising, ticking

MAPPED = ColumnMap.model_validate(
    {
        "columns": {
            "time": {"source": "at", "type": "timestamp"},
            "request_id": {"source": "id", "type": "string"},
            "guardrail": {"source": "rail", "type": "string"},
            "score": {"source": "score", "type": "number"},
        },
        "redact": ["name"],
    }
)


def lines(count: int = 40) -> list[dict[str, Any]]:
    """Make decisions with something to redact in each."""
    return [
        {
            "id": f"r{n}",
            "at": f"2026-11-19T10:00:{n:02d}Z",
            "rail": ["passed", "blocked"][n % 2],
            "score": n / 8,
            "name": f"Person {n}",
            "text": f"write to p{n}@example.org",
        }
        for n in range(count)
    ]


def written(folder: Path, bad: int = 1) -> Path:
    """Write a log of 40 decisions, and bad rows after them."""
    file = folder / "log.jsonl"
    rows = [json.dumps(line) for line in lines()] + [f"bad row {n}" for n in range(bad)]
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.fixture(scope="module")
def staffed(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world with the program `ci`, which is an engineer, and no redaction policy else."""
    world = copy(template, tmp_path_factory.mktemp("staffed"))
    ada = world.person("ada")
    request = world.newcomer("ci", "program")
    enrol(ada.book, ada.signer, request, ["engineer"], ada.seat.authority_key(PASSPHRASE))
    return world


@pytest.fixture
def place(staffed: World, tmp_path: Path) -> World:
    """Give a copy of it that may be changed."""
    return copy(staffed, tmp_path / "world")


@pytest.fixture(scope="module")
def sealed(staffed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle that `ci` sealed, without a model."""
    folder = tmp_path_factory.mktemp("sealed")
    return bundle(staffed, folder, written(folder))


def program(world: World) -> Signer:
    """Unlock the program's key."""
    return world.seat("ci").signer("ci", PASSPHRASE)


def bundle(world: World, folder: Path, log: Path, **options: Any) -> Path:
    """Let the program seal a log."""
    out = folder / "log.bundle"
    mapping = options.pop("mapping", MAPPED)
    seal_bundle(program(world), [log], mapping, out, clock=ticking(), **options)
    return out


def enter(person: Person, path: Path, model: str | None = MODEL) -> Any:
    """Enter a bundle as somebody."""
    return enter_bundle(person.book, person.signer, path, model=model)


def logs_of(person: Person) -> list[LogRow]:
    """List the logs that are entered."""
    with person.book.read() as snapshot:
        return snapshot.rows.where(LogRow)


def test_a_bundle_is_entered_as_it_was_sealed(place: World, sealed: Path) -> None:
    """If it failed, a pipeline's log would arrive changed, or its sealer would not be named."""
    emil = place.person("emil")
    imported = enter(emil, sealed)
    assert (imported.rows, imported.quarantined, imported.redactions) == (
        40,
        1,
        {"email": 40, "field": 40},
    )
    assert (imported.guardrails, imported.missing["model"]) == ({"blocked": 20, "passed": 20}, 40)
    (row,) = logs_of(emil)
    assert (row.sealed_by, row.actor, row.rows) == ("ci", "emil", 40)
    records = pq.read_table(emil.book.home.evidence.path(row.file, "parquet"))[RECORD].to_pylist()
    assert all("[redacted:email]" in record and "Person" not in record for record in records)
    found = verify(emil.book)
    assert (found.verdict, found.problems) == ("verified", ())


def test_the_same_bundle_or_files_are_entered_once(
    place: World, sealed: Path, tmp_path: Path
) -> None:
    """If it failed, a pipeline that runs again would count every decision twice."""
    emil = place.person("emil")
    first = enter(emil, sealed)
    again = enter(emil, sealed)
    assert (again.log, again.already_imported) == (first.log, True)
    directly = import_logs(emil.book, emil.signer, MODEL, [written(tmp_path)], MAPPED)
    assert (directly.log, directly.already_imported) == (first.log, True)
    assert enter(emil, sealed, OTHER_MODEL).log == "log-2"


def test_the_same_log_makes_the_same_bundle(staffed: World, sealed: Path, tmp_path: Path) -> None:
    """If it failed, nobody could compare what two runs of a pipeline sealed."""
    assert bundle(staffed, tmp_path, written(tmp_path)).read_bytes() == sealed.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_any_tar_reads_a_bundle(sealed: Path) -> None:
    """If it failed, who has a bundle would need this program to look at it."""
    with tarfile.open(sealed) as tar:
        assert tar.getnames() == ["bundle.json", LOG, MAP, QUARANTINE]
        text = tar.extractfile(QUARANTINE)
        assert text is not None
        bad = orjson.loads(text.read())
    assert (bad["line"], bad["text"]) == (41, "")
    assert b"bad row 0" not in sealed.read_bytes()


def test_a_bundle_for_one_model_is_not_entered_for_another(place: World, tmp_path: Path) -> None:
    """If it failed, a slip in a pipeline would lay one model's decisions at another's door."""
    path = bundle(place, tmp_path, written(tmp_path), model=MODEL)
    emil = place.person("emil")
    assert "sealed for" in raising(InvalidInput, lambda: enter(emil, path, OTHER_MODEL))
    assert enter(emil, path, None).model == MODEL


def test_a_bundle_without_a_model_asks_for_one(place: World, sealed: Path) -> None:
    """If it failed, decisions would be entered as nobody's."""
    emil = place.person("emil")
    assert "whose decisions" in raising(InvalidInput, lambda: enter(emil, sealed, None))


@pytest.mark.parametrize("field", ["pseudonyms", "personal"])
def test_what_needs_the_vault_is_refused(staffed: World, tmp_path: Path, field: str) -> None:
    """If it failed, pseudonyms would be made under a key that nobody has, and join nothing."""
    mapping = MAPPED.model_copy(update={field: ("id",)})
    said = raising(
        InvalidInput, lambda: bundle(staffed, tmp_path, written(tmp_path), mapping=mapping)
    )
    assert field in said
    assert not (tmp_path / "log.bundle").exists()


# Who sealed it


def test_a_stranger_s_bundle_is_refused(place: World, tmp_path: Path) -> None:
    """If it failed, anybody could put decisions into the record of a model."""
    out = tmp_path / "log.bundle"
    stranger = Signer("mallory", Ed25519PrivateKey.generate())
    seal_bundle(stranger, [written(tmp_path)], MAPPED, out)
    assert "not enrolled" in raising(Refused, lambda: enter(place.person("emil"), out))
    assert logs_of(place.person("emil")) == []


def test_a_name_without_its_key_is_refused(place: World, tmp_path: Path) -> None:
    """If it failed, whoever knows the program's name could seal in it."""
    out = tmp_path / "log.bundle"
    seal_bundle(Signer("ci", Ed25519PrivateKey.generate()), [written(tmp_path)], MAPPED, out)
    assert "not that of ci" in raising(CheckFailed, lambda: enter(place.person("emil"), out))


def test_an_auditor_s_bundle_is_refused(place: World, tmp_path: Path) -> None:
    """If it failed, who may not import could by way of a bundle."""
    out = tmp_path / "log.bundle"
    seal_bundle(place.person("ann").signer, [written(tmp_path)], MAPPED, out)
    assert "may not seal" in raising(Refused, lambda: enter(place.person("emil"), out))


def test_a_revoked_key_s_bundle_is_refused(place: World, sealed: Path) -> None:
    """If it failed, a key that leaked would go on filling the record."""
    ada = place.person("ada")
    with ada.book.read() as snapshot:
        row = snapshot.rows.get(ActorRow, "ci")
        size = snapshot.head.size
    assert row is not None
    body = {"public_key": row.public_key, "since_seq": size, "reason": "It leaked."}
    ada.append(Draft("actor.key_revoked", "actor/ci", body))
    assert "revoked" in raising(Refused, lambda: enter(place.person("emil"), sealed))


def test_who_enters_it_needs_the_role_too(place: World, sealed: Path) -> None:
    """If it failed, an auditor could enter what a program sealed."""
    assert "may not enter log.sealed" in raising(
        Refused, lambda: enter(place.person("ann"), sealed)
    )


# What the program could do wrong, or on purpose


def forged(
    world: World,
    folder: Path,
    path: Path,
    *,
    record: Callable[[str], str] = lambda text: text,
    quarantine: Callable[[bytes], bytes] = lambda data: data,
    **stated: Any,
) -> Path:
    """Let the program itself seal something else than it should, in a sound bundle."""
    parts: dict[str, BinaryIO] = {}
    with opened_bundle(path) as (envelope, file):
        unpack(envelope, file, lambda name: parts.setdefault(name, (folder / name).open("wb")))
    for part in parts.values():
        part.close()
    table = pq.read_table(folder / LOG)
    records = [record(text) for text in table[RECORD].to_pylist()]
    column = pa.array(records, pa.string())
    field = table.schema.field(RECORD)
    pq.write_table(table.set_column(0, field, column), folder / LOG, compression="zstd")
    tree = Frontier()
    tree.extend(leaf_hash(text.encode()) for text in records)
    (folder / QUARANTINE).write_bytes(quarantine((folder / QUARANTINE).read_bytes()))
    files = [folder / name for name in (LOG, MAP, QUARANTINE)]
    fields = envelope.statement.model_dump() | {
        "root": tree.root().hex(),
        "files": [member_of(file.name, file).model_dump() for file in files],
    }
    statement = Statement.model_validate(fields | stated)
    out = folder / "forged.bundle"
    write_bundle(out, sign_statement(program(world), statement), files)
    return out


def refused(world: World, path: Path) -> str:
    """Say why a bundle is not entered; nothing of it may be."""
    emil = world.person("emil")
    before = sorted(path.name for path in emil.book.home.evidence.files())
    said = raising(CheckFailed, lambda: enter(emil, path))
    assert logs_of(emil) == []
    assert sorted(path.name for path in emil.book.home.evidence.files()) == before
    hidden = [path.name for path in emil.book.home.evidence.folder.glob(".*")]
    assert hidden == []
    return said


def test_a_forgery_that_changes_nothing_is_entered(
    place: World, sealed: Path, tmp_path: Path
) -> None:
    """If it failed, the refusals of forgeries below would prove nothing."""
    assert enter(place.person("emil"), forged(place, tmp_path, sealed)).rows == 40


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[redacted:email]", "eve@example.org", "email"),
        ("[redacted:email]", "card 4111 1111 1111 1111", "card"),
        ("[redacted:email]", "ghp_" + "a1B2" * 9, "credential"),
        ("[redacted:field]", "Eve", "field"),
    ],
)
def test_what_was_not_redacted_is_found(
    place: World, sealed: Path, tmp_path: Path, old: str, new: str, named: str
) -> None:
    """If it failed, a program with its own idea of redaction would put secrets into the record."""
    path = forged(
        place,
        tmp_path,
        sealed,
        record=lambda text: text.replace(old, new) if "r7" in text else text,
    )
    said = refused(place, path)
    assert named in said
    assert "row 7" in said


def test_mapped_columns_are_derived_anew(place: World, sealed: Path, tmp_path: Path) -> None:
    """If it failed, audits would count columns that the records do not hold."""
    path = forged(
        place, tmp_path, sealed, record=lambda text: text.replace('"score":0', '"score":9')
    )
    assert "column score" in refused(place, path)


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        ({"rows": 41}, "40 rows, not 41"),
        ({"root": "ab" * 32}, "another root"),
        ({"guardrails": [{"name": "passed", "count": 40}]}, "guardrails"),
        ({"missing": []}, "missing"),
        ({"first_time": "2020-01-01T00:00:00.000000Z"}, "time"),
        ({"last_time": None}, "time"),
        ({"quarantined": 2}, "quarantine.jsonl has 1 rows"),
        ({"format": "otlp"}, "column map"),
        ({"kind": "feedback"}, "not one for a log of feedback"),
    ],
)
def test_what_is_stated_is_counted_again(
    place: World, sealed: Path, tmp_path: Path, stated: dict[str, Any], named: str
) -> None:
    """If it failed, the record would hold counts that a program made up."""
    assert named in refused(place, forged(place, tmp_path, sealed, **stated))


def test_no_text_comes_in_by_the_quarantine(place: World, sealed: Path, tmp_path: Path) -> None:
    """If it failed, bad rows of a bundle would lie in the evidence in clear."""
    path = forged(
        place,
        tmp_path,
        sealed,
        quarantine=lambda data: data.replace(b'"text":""', b'"text":"bad row 0"'),
    )
    assert "text of a bad row" in refused(place, path)


def test_conversations_are_kept_only_where_the_policy_keeps_them(
    place: World, tmp_path: Path
) -> None:
    """If it failed, whole prompts would come into a record that is to hold digests alone."""
    log = Path(sample_data.__file__).parent / "logs" / "otlp_loan_agent.jsonl"
    mapping = completed(format_named("otlp"), {})
    whole = bundle(place, tmp_path, log, mapping=mapping, keep_conversations=True)
    assert "conversation" in refused(place, whole)
    (tmp_path / "short").mkdir()
    short = bundle(place, tmp_path / "short", log, mapping=mapping)
    assert enter(place.person("emil"), short).rows > 0
    rules = UNDECIDED.keeping().model_dump_json().encode()
    ada = place.person("ada")
    adopt(ada.book, ada.signer, "redaction", rules, "Answers are audited.")
    for path in (whole, short):
        assert enter(place.person("emil"), path, OTHER_MODEL).rows > 0


def _taken(record: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**record, TAKEN: record.get(TAKEN, {}) | changed}


@pytest.mark.parametrize(
    "change",
    [
        lambda record: _taken(record, more="words"),
        lambda record: _taken(record, output_chars=7),
        lambda record: _taken(record, output_chars="0" * 301),
        lambda record: {**record, TAKEN: "words"},
        lambda record: {**record, "response": {**record["response"], "roles": ["words " * 90]}},
        lambda record: {**record, "response": {**record["response"], "conversation": "words"}},
        lambda record: {**record, "response": "[redacted:words] and more"},
        lambda record: {**record, "messages": None, "response": None},
    ],
)
def test_no_words_come_in_beside_a_summary(
    place: World, tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """If it failed, a conversation would be on record under the name of its summary."""
    source = Path(sample_data.__file__).parent / "logs" / "litellm_loan_agent.jsonl"
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(source.read_bytes().splitlines(keepends=True)[:3]) + b"bad row\n")
    mapping = completed(format_named("litellm"), {})
    path = bundle(place, tmp_path, log, mapping=mapping)

    def record(text: str) -> str:
        return orjson.dumps(change(orjson.loads(text))).decode()

    said = refused(place, forged(place, tmp_path, path, record=record))
    assert any(name in said for name in ("conversation", TAKEN, "mapped", "record says"))


# Damage


def test_a_newer_format_is_said_to_be_one(place: World, sealed: Path, tmp_path: Path) -> None:
    """If it failed, who did not update would look for damage instead."""
    path = tmp_path / "new.bundle"
    path.write_bytes(sealed.read_bytes().replace(b"quaestor/bundle/v1", b"quaestor/bundle/v2", 1))
    assert "newer version" in _hint(lambda: enter(place.person("emil"), path))


def _hint(action: Callable[[], object]) -> str:
    with pytest.raises(InvalidInput) as caught:
        action()
    return caught.value.hint


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:-512],
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: data + b"\0" * 512,
        lambda data: data[:512],
        lambda _data: b"",
        lambda data: data.replace(b"column_map.json", b"column_mop.json"),
        lambda data: data.replace(b"0000644", b"0000777"),
    ],
)
def test_a_bundle_that_is_cut_or_lengthened_is_refused(
    place: World, sealed: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """If it failed, something could hide in a bundle, or be lost from it, unseen."""
    path = tmp_path / "damaged.bundle"
    path.write_bytes(damage(sealed.read_bytes()))
    emil = place.person("emil")
    raising(QuaestorError, lambda: enter(emil, path))
    assert logs_of(emil) == []


@pytest.fixture(scope="module")
def judge(staffed: World, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Give an engineer whose ledger no damaged bundle may change."""
    return copy(staffed, tmp_path_factory.mktemp("judge")).person("emil")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_changed_byte_passes(judge: Person, sealed: Path, data: st.DataObject) -> None:
    """If it failed, a bundle could be changed on its way without anybody noticing."""
    bytes_ = bytearray(sealed.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(bytes_) - 1))
        bytes_[place] ^= 1 << data.draw(st.integers(0, 7))
    if bytes(bytes_) == sealed.read_bytes():
        return
    path = judge.book.home.folder.parent / "changed.bundle"
    path.write_bytes(bytes_)
    with pytest.raises(QuaestorError) as caught:
        enter(judge, path)
    assert caught.value.message
    assert logs_of(judge) == []


def test_verification_holds_the_kept_statement_against_the_log(place: World, sealed: Path) -> None:
    """If it failed, who sealed a log could be replaced in the evidence afterwards."""
    emil = place.person("emil")
    enter(emil, sealed)
    (row,) = logs_of(emil)
    path = emil.book.home.evidence.path(row.bundle, "json")
    document = orjson.loads(path.read_bytes())
    document["statement"]["time"] = "2020-01-01T00:00:00.000000Z"
    path.write_bytes(canonical(document))
    found = verify(emil.book)
    assert found.verdict == "altered"
    assert any("statement" in problem.message for problem in found.problems)


def test_an_entry_about_another_log_than_was_signed_is_a_problem(
    place: World, sealed: Path
) -> None:
    """If it failed, an engineer could enter a log of their own under a program's name."""
    emil = place.person("emil")
    enter(emil, sealed)
    with emil.book.read() as snapshot:
        row = snapshot.rows.get(LogRow, "log-1")
        assert row is not None
        body = snapshot.entries(row.seq, row.seq + 1)[0].data
    fields = orjson.loads(body)["body"] | {"import_key": "cd" * 32, "kind": "outcome"}
    emil.append(Draft("log.sealed", "log/log-2", fields))
    found = verify(emil.book)
    assert [problem.message for problem in found.problems] == [
        "The bundle's statement is not about this log."
    ]
