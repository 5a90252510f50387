"""Fields that a map or a policy singles out: what is kept of them, and who can read it again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

import sample_data
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.logs.conversations import summary
from ledger.logs.erasing import erase_pseudonyms, erase_subject
from ledger.logs.formats import completed, format_named
from ledger.logs.importing import Imported, import_logs
from ledger.logs.mapping import ColumnMap
from ledger.logs.pseudonyms import SHAPE
from ledger.logs.showing import read_decision
from ledger.logs.splicing import Node, Reader, splice
from ledger.registers.logs import LogRow
from ledger.subjects import SLOT, SubjectKeys
from ledger.verification import verify
from policies.adopting import adopt
from tests.people import MODEL, OTHER_MODEL, Person, World, raising
from tests.workers import Workers

LOGS = Path(sample_data.__file__).parent / "logs"
PEOPLE = ("ann", "ben", "cai")


def written(folder: Path, name: str = "log.jsonl", people: tuple[str, ...] = PEOPLE) -> Path:
    """Write a log of two decisions each about some people, and one about nobody."""
    file = folder / name
    lines = [
        {
            "id": f"r{turn}-{who}",
            "user": {"id": who, "mail": f"{who} at example.org"},
            "note": f"{who} asked {turn}",
            "score": 0.25,
        }
        for turn in range(2)
        for who in people
    ]
    lines.append({"id": "r9", "user": {}, "note": "a note about nobody", "score": 1})
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return file


def mapped(**fields: Any) -> ColumnMap:
    """Map the log's id and user, and state what is to be done with its fields."""
    columns = {
        "request_id": {"source": "id", "type": "string"},
        "user_id": {"source": "user.id", "type": "string"},
    }
    return ColumnMap.model_validate({"columns": columns, **fields})


PERSONAL = mapped(subject="user.id", personal=["note", "user.mail"])


def take_in(person: Person, file: Path, column_map: ColumnMap, model: str = MODEL) -> Imported:
    """Import a log file."""
    return import_logs(person.book, person.signer, model, [file], column_map)


def row_of(world: World, log: str) -> LogRow:
    """Give a log's row of the register."""
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(LogRow, log)
    assert row is not None
    return row


def records(world: World, log: str) -> list[dict[str, Any]]:
    """Read a log's records as sealed."""
    rows = row_of(world, log).rows
    book = world.stranger()
    return [orjson.loads(read_decision(book, log, row)[0]) for row in range(rows)]


def shown(world: World, log: str, row: int) -> dict[str, Any]:
    """Read one record as it can be read now."""
    document: dict[str, Any] = orjson.loads(read_decision(world.stranger(), log, row)[1])
    return document


def erased(world: World, person: str) -> None:
    """Erase a person: requested by one, approved by another."""
    rosa = world.person("rosa")
    outcome = erase_subject(rosa.book, rosa.signer, person, "They asked for it.")
    assert outcome.approval is not None
    world.person("ada").approve(outcome.approval)


def test_fields_named_in_the_map_are_removed(world: World, tmp_path: Path) -> None:
    """If it fails, a field that must not be kept is, or others change with it."""
    emil = world.person("emil")
    done = take_in(emil, written(tmp_path), mapped(redact=["note", "user.mail"]))
    assert done.redactions == {"field": 13}
    assert records(world, done.log)[1] == {
        "id": "r0-ben",
        "user": {"id": "ben", "mail": "[redacted:field]"},
        "note": "[redacted:field]",
        "score": 0.25,
    }


def test_pseudonyms_join_the_logs_of_a_model_and_nothing_else(world: World, tmp_path: Path) -> None:
    """If it fails, feedback cannot be joined with decisions, or two models' users can."""
    emil, column_map = world.person("emil"), mapped(pseudonyms=["user.id"])
    logs = [
        take_in(emil, written(tmp_path, "a.jsonl"), column_map).log,
        take_in(emil, written(tmp_path, "b.jsonl", ("ben",)), column_map).log,
        take_in(emil, written(tmp_path, "c.jsonl", ("ben",)), column_map, OTHER_MODEL).log,
    ]
    names = [[record["user"].get("id") for record in records(world, log)] for log in logs]
    assert names[0] == [*names[0][:3], *names[0][:3], None]
    assert len(set(names[0][:3])) == len(PEOPLE)
    assert all(SHAPE.fullmatch(name) for name in names[0][:3])
    assert names[1][0] == names[0][1] != names[2][0]
    assert verify(world.person("ann").book).problems == ()


def test_pseudonyms_whose_key_is_destroyed_are_not_made_again(world: World, tmp_path: Path) -> None:
    """If it fails, erased pseudonyms can be linked by importing the same users once more."""
    emil, column_map = world.person("emil"), mapped(pseudonyms=["user.id"])
    first = take_in(emil, written(tmp_path, "a.jsonl"), column_map).log
    rosa = world.person("rosa")
    outcome = erase_pseudonyms(rosa.book, rosa.signer, MODEL, "The study is over.")
    world.person("ada").approve(outcome.approval or "")
    second = take_in(emil, written(tmp_path, "b.jsonl", ("ann",)), column_map).log
    assert records(world, first)[0]["user"]["id"] != records(world, second)[0]["user"]["id"]
    assert verify(world.person("ann").book).problems == ()


def test_personal_fields_are_readable_until_they_are_erased(world: World, tmp_path: Path) -> None:
    """If it fails, personal data lie open, cannot be read for a dispute, or survive erasure."""
    emil = world.person("emil")
    log = take_in(emil, written(tmp_path), PERSONAL).log
    kept = world.home.evidence.path(row_of(world, log).file, "parquet").read_bytes()
    assert not any(who.encode() in kept for who in ("ann@", "ben asked", "nobody"))
    assert shown(world, log, 1)["note"] == "ben asked 0"
    assert shown(world, log, 6)["note"] == "a note about nobody"
    root = row_of(world, log).root
    erased(world, "ben")
    for row in (1, 4):
        now = shown(world, log, row)
        assert (now["note"], now["user"]["mail"]) == ("[erased]", "[erased]")
    assert shown(world, log, 0)["user"]["mail"] == "ann at example.org"
    assert row_of(world, log).root == root
    found = verify(world.person("ann").book)
    assert (found.problems, found.checked["subject_keys"]) == ((), 4)


def test_an_erasure_reaches_every_log_and_names_nobody(world: World, tmp_path: Path) -> None:
    """If it fails, a person is erased from one log alone, or the entry says who it was."""
    emil = world.person("emil")
    logs = [
        take_in(emil, written(tmp_path, "a.jsonl"), PERSONAL).log,
        take_in(emil, written(tmp_path, "b.jsonl", ("ben",)), PERSONAL, OTHER_MODEL).log,
    ]
    erased(world, "ben")
    assert [shown(world, log, row)["note"] for log, row in zip(logs, (1, 0), strict=True)] == [
        "[erased]",
        "[erased]",
    ]
    with emil.book.read() as snapshot:
        (entry,) = snapshot.find(kind="vault.erased")
    stood = records(world, logs[0])[1]["user"]["id"]
    assert orjson.loads(entry.data)["subject"] == f"person/{stood.removeprefix('hmac:')}"
    assert b"ben" not in entry.data
    rosa = world.person("rosa")
    for nobody in ("ben", "dora"):
        with pytest.raises(Refused):
            erase_subject(rosa.book, rosa.signer, nobody, "x")


def test_who_comes_back_after_an_erasure_has_a_new_key(world: World, tmp_path: Path) -> None:
    """If it fails, new decisions about an erased person are unreadable, or old ones readable."""
    emil = world.person("emil")
    first = take_in(emil, written(tmp_path, "a.jsonl"), PERSONAL).log
    erased(world, "ben")
    second = take_in(emil, written(tmp_path, "b.jsonl", ("ben",)), PERSONAL).log
    assert shown(world, first, 1)["note"] == "[erased]"
    assert shown(world, second, 0)["note"] == "ben asked 0"
    erased(world, "ben")
    assert shown(world, second, 0)["note"] == "[erased]"
    assert verify(world.person("ann").book).problems == ()


def test_an_engineer_alone_erases_nothing(world: World, tmp_path: Path) -> None:
    """If it fails, one person can make evidence about somebody unreadable."""
    emil = world.person("emil")
    log = take_in(emil, written(tmp_path), PERSONAL).log
    raising(Refused, lambda: erase_subject(emil.book, emil.signer, "ben", "x"))
    rosa = world.person("rosa")
    outcome = erase_subject(rosa.book, rosa.signer, "ben", "x")
    raising(Refused, lambda: rosa.approve(outcome.approval or ""))
    again = raising(Refused, lambda: erase_subject(rosa.book, rosa.signer, "ben", "x"))
    assert "requested already" in again
    assert shown(world, log, 1)["note"] == "ben asked 0"


@pytest.mark.parametrize("damage", ["delete", "zero", "flip", "torn", "list"])
def test_keys_that_are_gone_without_an_erasure_are_found(
    world: World, tmp_path: Path, damage: str
) -> None:
    """If it fails, whoever writes to the home erases people and nobody ever knows."""
    done = take_in(world.person("emil"), written(tmp_path), PERSONAL)
    path = next((world.home.vault / "subjects").glob("*.keys"))
    data = path.read_bytes()
    match damage:
        case "delete":
            path.unlink()
        case "zero":
            path.write_bytes(data[: SLOT // 2] + bytes(SLOT // 2) + data[SLOT:])
        case "flip":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "torn":
            path.write_bytes(data[:-1])
        case _:
            listed = row_of(world, done.log).subjects
            world.home.evidence.path(listed, "subjects").unlink()
    found = verify(world.person("ann").book)
    check = "evidence" if damage == "list" else "vault"
    assert [(each.check, each.seq) for each in found.problems] == [(check, done.seq)]


def test_a_key_brought_back_from_a_backup_is_found_and_destroyed(
    world: World, tmp_path: Path
) -> None:
    """If it fails, a backup of the vault undoes an erasure in silence."""
    log = take_in(world.person("emil"), written(tmp_path), PERSONAL).log
    kept = {path: path.read_bytes() for path in (world.home.vault / "subjects").glob("*.keys")}
    erased(world, "ben")
    for path, data in kept.items():
        path.write_bytes(data)
    assert shown(world, log, 1)["note"] == "ben asked 0"
    found = verify(world.person("ann").book)
    assert [each.check for each in found.problems] == ["vault"]
    assert "came back" in found.problems[0].message
    assert shown(world, log, 1)["note"] == "[erased]"
    assert verify(world.person("ann").book).problems == ()


@pytest.mark.parametrize("which", ["pseudonym_key", "subject_key"])
def test_a_lost_key_of_pseudonyms_is_found(world: World, tmp_path: Path, which: str) -> None:
    """If it fails, nobody learns that persons can no longer be found, or pseudonyms joined."""
    column_map = mapped(subject="user.id", personal=["note"], pseudonyms=["user.mail"])
    done = take_in(world.person("emil"), written(tmp_path), column_map)
    (world.home.vault / f"{getattr(row_of(world, done.log), which)}.key").unlink()
    found = verify(world.person("ann").book)
    assert [(each.check, each.seq) for each in found.problems] == [("vault", done.seq)]


def test_an_import_that_was_killed_leaves_keys_that_harm_nothing(
    world: World, workers: Workers, tmp_path: Path
) -> None:
    """If it fails, a crash leaves an alarm, or the same file sealed twice, or keys never found."""
    file = written(tmp_path)
    (tmp_path / "map.json").write_bytes(PERSONAL.canonical())
    arguments = ("emil", str(file), str(tmp_path / "map.json"))
    workers.wait(workers.start("import_mapped_and_die", world, *arguments))
    assert len(list(SubjectKeys(world.home.vault).all())) == 4
    assert verify(world.person("ann").book).problems == ()
    done = take_in(world.person("emil"), file, PERSONAL)
    assert not done.already_imported
    assert len(list(SubjectKeys(world.home.vault).all())) == 4
    assert [path.stem for path in world.home.evidence.folder.glob("*.parquet")] == [done.file]
    assert take_in(world.person("ada"), file, PERSONAL).already_imported
    assert verify(world.person("ann").book).problems == ()


def test_a_bucket_cut_off_in_a_crash_takes_new_keys(tmp_path: Path) -> None:
    """If it fails, a torn slot hides or shifts every key that is added after it."""
    from ledger.subjects import SubjectKey

    keys = SubjectKeys(tmp_path)
    made = [SubjectKey(bytes([n]) * 16, os.urandom(32)) for n in range(200)]
    keys.add(made[:100])
    for path in (tmp_path / "subjects").glob("*.keys"):
        path.write_bytes(path.read_bytes() + b"torn")
    keys.add(made[100:])
    held = {key.subject: key.key for key in keys.all()}
    assert held == {key.subject: key.key for key in made}
    keys.destroy([key.key_id.hex() for key in made[:50]])
    assert {key.subject for key in keys.all()} == {key.subject for key in made[50:]}
    everything = b"".join(path.read_bytes() for path in (tmp_path / "subjects").iterdir())
    assert not any(key.key in everything for key in made[:50])
    assert keys.key(made[0].key_id.hex()) is None
    assert keys.key(made[60].key_id.hex()) == made[60].key


def test_a_ciphertext_that_was_changed_does_not_open(world: World, tmp_path: Path) -> None:
    """If it fails, a text could be moved from one field to another, or forged."""
    from ledger.logs.people import opened

    log = take_in(world.person("emil"), written(tmp_path), PERSONAL).log
    token = records(world, log)[0]["note"]
    ledger_id, key_of = world.stranger().facts.ledger_id, SubjectKeys(world.home.vault).key
    assert opened(token, ledger_id, "note", key_of) == "ann asked 0"
    for place in ((ledger_id, "user.mail"), ("0" * 64, "note")):
        with pytest.raises(CheckFailed):
            opened(token, *place, key_of)
    assert opened("as it was", ledger_id, "note", key_of) is None


def test_a_number_cannot_be_taken_from_a_sealed_field() -> None:
    """If it fails, every row of an import is bad, because a column expects what was sealed."""
    from ledger.logs.engine import analysis
    from ledger.logs.protecting import Protection

    columns = {"score": {"source": "score", "type": "number"}}
    column_map = ColumnMap.model_validate({"columns": columns, "personal": ["score"]})
    with analysis() as engine:
        assert "score" in raising(InvalidInput, lambda: Protection(engine, column_map))


# Redaction policy


def adopt_redaction(world: World, **changes: Any) -> str:
    """Put the shipped redaction policy in force, with changes; return its digest."""
    rosa = world.person("rosa")
    adopt(rosa.book, rosa.signer, "redaction", None, "Board")
    text = yaml.safe_load(
        (Path(sample_data.__file__).parents[1] / "policies/redaction.yaml").read_text()
    )
    for name, value in changes.items():
        if name == "conversations":
            text["conversations"]["store"] = value
        else:
            text["classes"][name]["remove"] = value
    content = yaml.safe_dump(text).encode()
    return str(
        adopt(rosa.book, rosa.signer, "redaction", content, "Board").entries[0].body["content"]
    )


def test_the_policy_in_force_decides_and_is_named(world: World, tmp_path: Path) -> None:
    """If it fails, what was removed does not follow the policy, or nobody can tell which it was."""
    emil, file = world.person("emil"), tmp_path / "log.jsonl"
    token = "sk-" + "a1B2" * 6
    secret = tmp_path / "secret.jsonl"
    user = {"id": "ann", "mail": "ann@example.org"}
    secret.write_text(json.dumps({"id": "1", "user": user, "note": f"my key is {token}"}) + "\n")
    sealed = take_in(emil, secret, PERSONAL)
    assert sealed.redactions == {"credential": 1, "email": 1, "personal": 1, "pseudonym": 1}
    assert shown(world, sealed.log, 0)["note"] == "my key is [redacted:credential]"
    assert records(world, sealed.log)[0]["user"]["mail"] == "[redacted:email]"
    file.write_text(
        json.dumps({"id": "1", "user": {}, "t": f"bob@x.org {token} 203.0.113.9"}) + "\n"
    )
    before = take_in(emil, file, mapped())
    assert row_of(world, before.log).policy == ""
    assert before.redactions == {"credential": 1, "email": 1, "ip": 1}
    digest = adopt_redaction(world, email=False)
    after = take_in(emil, file, mapped(), OTHER_MODEL)
    assert row_of(world, after.log).policy == digest
    assert after.redactions == {"credential": 1, "ip": 1}
    assert records(world, after.log)[0]["t"] == "bob@x.org [redacted:credential] [redacted:ip]"
    assert verify(world.person("ann").book).problems == ()


def test_a_log_made_under_another_policy_is_refused(world: World, tmp_path: Path) -> None:
    """If it fails, an entry names a policy that was not in force when it was made."""
    emil = world.person("emil")
    done = take_in(emil, written(tmp_path), mapped())
    with emil.book.read() as snapshot:
        (entry,) = snapshot.find(kind="log.sealed")
    adopt_redaction(world)
    from ledger.entry import Draft

    body = {**orjson.loads(entry.data)["body"], "import_key": "0" * 64}
    assert done.log == "log-1"
    raising(Refused, lambda: emil.append(Draft("log.sealed", "log/log-2", body)))


def test_conversations_are_digested_if_the_policy_says_so(world: World) -> None:
    """If it fails, prompts and answers are on record although a bank decided against it."""
    emil, file = world.person("emil"), LOGS / "litellm_loan_agent.jsonl"
    column_map = completed(format_named("litellm"), {})
    adopt_redaction(world)
    done = take_in(emil, file, column_map)
    first = records(world, done.log)[0]
    told = orjson.loads(file.read_bytes().splitlines()[0])
    assert first["messages"]["roles"] == [turn["role"] for turn in told["messages"]]
    assert first["messages"]["characters"] == sum(len(turn["content"]) for turn in told["messages"])
    assert first["response"]["roles"] == ["assistant"]
    assert "Assess applicant" not in json.dumps(first)
    assert (first["startTime"], first["model"]) == (told["startTime"], told["model"])
    adopt_redaction(world, conversations="keep")
    kept = take_in(emil, file, column_map, OTHER_MODEL)
    assert records(world, kept.log)[0]["messages"] == told["messages"]
    assert verify(world.person("ann").book).problems == ()


def test_a_summary_says_who_spoke_and_how_much() -> None:
    """If it fails, a digested conversation cannot be compared with the system's own copy."""
    from hashlib import sha256

    asked = '{"role": "user", "content": "h\\u00e9"}'
    text = f'[{asked}, {{"role": "assistant", "content": [{{"text": "yes"}}]}}]'
    assert orjson.loads(summary(text)) == {
        "conversation": "digest",
        "roles": ["user", "assistant"],
        "turns": 2,
        "characters": 5,
        "sha256": sha256(text.encode()).hexdigest(),
    }
    assert orjson.loads(summary("just words"))["characters"] == 10
    deep = "[" * 900 + "]" * 900
    assert orjson.loads(summary(deep))["turns"] == 0


# Splicing


@pytest.mark.parametrize(
    ("source", "record", "expected"),
    [
        (
            "a.b",
            b'{"a":{"b":1.10,"c":1e400},"a.b":"x"}',
            b'{"a":{"b":"<1.10>","c":1e400},"a.b":"<x>"}',
        ),
        ("a.1", b'{"a":[1,2.0,3]}', b'{"a":[1,"<2.0>",3]}'),
        ("a", b'{"\\u0061":"x\\n"}', b'{"a":"<x\\n>"}'),
        ("a", b'{"a":null,"b":1}', b'{"a":null,"b":1}'),
        ("b", b'{ "a" : 1 }', b'{ "a" : 1 }'),
        (
            "s.attributes{k.x}",
            (
                b'{"s":{"attributes":[{"key":"y","value":{"stringValue":"z"}},'
                b'{"key":"k.x","value":{"intValue":"7"}}]}}'
            ),
            (
                b'{"s":{"attributes":[{"key":"y","value":{"stringValue":"z"}},'
                b'{"key":"k.x","value":{"stringValue":"<7>"}}]}}'
            ),
        ),
        (
            "a{k}.0",
            b'{"a":[{"key":"k","value":{"arrayValue":{"values":[{"stringValue":"q"}]}}}]}',
            b'{"a":[{"key":"k","value":{"arrayValue":{"values":[{"stringValue":"<q>"}]}}}]}',
        ),
        (
            "a => b.c",
            b'{"a":"{\\"b\\": {\\"c\\": 12345678901234567890}, \\"n\\":1.0}"}',
            b'{"a":"{\\"b\\":{\\"c\\":\\"<12345678901234567890>\\"},\\"n\\":1.0}"}',
        ),
        ("a => b", b'{"a":"no json"}', b'{"a":"no json"}'),
    ],
)
def test_what_stands_at_a_source_is_replaced_and_nothing_else(
    source: str, record: bytes, expected: bytes
) -> None:
    """If it fails, a field stays in clear, or a number beside it loses digits."""
    root = Node()
    root.add(source, lambda text: f"<{text}>")
    assert splice(record, root) == expected
    found = Reader(source).text(record)
    assert (found is None) == (record == expected)


def test_a_backup_has_the_keys_as_they_are(world: World, tmp_path: Path) -> None:
    """If it fails, a restored backup cannot read what the ledger could, or what it erased."""
    from ledger.book import Book
    from ledger.home import Home
    from ledger.moving import backup

    emil = world.person("emil")
    first = take_in(emil, written(tmp_path, "a.jsonl"), PERSONAL).log
    backup(world.person("ada").book, tmp_path / "copy")
    second = take_in(emil, written(tmp_path, "b.jsonl", ("dora",)), PERSONAL).log
    erased(world, "ben")
    backup(world.person("ada").book, tmp_path / "copy")
    book = Book(Home(tmp_path / "copy"), clock=world.clock)
    notes = [
        orjson.loads(read_decision(book, log, row)[1])["note"]
        for log, row in ((first, 0), (first, 1), (second, 0))
    ]
    assert notes == ["ann asked 0", "[erased]", "dora asked 0"]
    assert verify(book).problems == ()
