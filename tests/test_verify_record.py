"""The independent verifier: it stands alone, it finds what is wrong, and it agrees with ours."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha512
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import verify_record
from ledger.checkpoint import vkey
from ledger.proofs import inclusion_path
from ledger.tile_export import export_tiles
from ledger.verify import replay
from ledger.witnessing import signed_checkpoint, witness
from tests.ledger_damage import damaged
from tests.ledger_states import KEYS, Walk
from tests.people import ORIGIN, Person, World, copy, version_draft
from tests.reports.work import issue, work
from tests.vectors.record import Lines

ROOT = Path(verify_record.__file__).parent
DOCUMENT = (ROOT / "docs" / "record-format.md").read_text(encoding="utf-8")
VECTORS = ROOT / "tests" / "vectors"
STORY = (VECTORS / "ledger.jsonl").read_bytes().splitlines()

Told = tuple[int, str]
Tell = Callable[..., Told]


def alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the verifier as an auditor does, where nothing is installed."""
    return subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "verify_record.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Run the verifier in this process; return its exit code and what it printed."""

    def run(*arguments: object) -> Told:
        code = verify_record.main([str(argument) for argument in arguments])
        return code, "".join(capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def reported(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world that has worked and issued a report. Not to be written to."""
    world = work(copy(template, tmp_path_factory.mktemp("reported")))
    report = issue(world)
    subprocess.run(
        ["pdfdetach", "-saveall", "-o", world.folder, report.path], check=True, timeout=60
    )
    world.person("emil").note("9.0")
    return world


@pytest.fixture
def note(reported: World, tmp_path: Path) -> Path:
    """Give the whole ledger's checkpoint, signed by Ann and kept by her."""
    return note_of(reported.person("ann"), tmp_path)


def note_of(person: Person, folder: Path) -> Path:
    """Keep the ledger's present checkpoint, signed by somebody."""
    path = folder / f"{person.actor}.note"
    with person.book.read() as snapshot:
        path.write_text(signed_checkpoint(snapshot, person.signer), encoding="utf-8")
    return path


def key_of(person: Person) -> str:
    """Give somebody's verifier key."""
    return vkey(f"{ORIGIN}/{person.actor}", person.signer.public_key)


def journal_of(world: World) -> list[bytes]:
    """Read the lines of a world's journal."""
    files = sorted((world.home.folder / "journal").glob("*.jsonl"))
    return [line for file in files for line in file.read_bytes().splitlines()]


def written(lines: Sequence[bytes], folder: Path) -> Path:
    """Write lines as a journal of one file."""
    folder.mkdir(exist_ok=True)
    (folder / "000000000000.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return folder


# It stands alone


def test_it_needs_nothing_but_python() -> None:
    """If it fails, an auditor would have to install something of ours to check us."""
    tree = ast.parse((ROOT / "verify_record.py").read_text(encoding="utf-8"))
    imported = {
        alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
    }
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_an_auditor_checks_a_report_and_a_ledger(reported: World, note: Path) -> None:
    """If it fails, the file does not run by itself on what Quaestor really hands out."""
    evidence = reported.folder / "evidence.json"
    by = key_of(reported.person("rosa"))
    runs: dict[tuple[object, ...], int] = {
        (evidence,): 5,
        (evidence, "--vkey", by): 0,
        (reported.home.folder,): 5,
        (reported.home.folder / "journal", "--checkpoint", note): 0,
        (reported.home.folder, "--checkpoint", evidence, "--vkey", by): 0,
    }
    for arguments, code in runs.items():
        ran = alone(*arguments)
        assert (ran.returncode, ran.stderr) == (code, ""), ran.stdout
    size = len(journal_of(reported))
    seen = json.loads(evidence.read_bytes())["checkpoint"].split("\n")[1]
    assert f"{seen} of {size} entries, vouched for by {ORIGIN}/rosa" in ran.stdout
    assert int(seen) < size


def test_its_json_is_one_document(reported: World, note: Path, tell: Tell) -> None:
    """If it fails, another program cannot read what was found."""
    code, told = tell(reported.home.folder, "--checkpoint", note, "--json")
    found = json.loads(told)
    size = len(journal_of(reported))
    assert code == 0
    assert found["verdict"] == "verified"
    assert found["anchored"] == {"size": size, "by": f"{ORIGIN}/ann"}
    assert (found["size"], found["origin"], found["problems"]) == (size, ORIGIN, [])


@pytest.mark.parametrize("wrong", ["record", "checkpoint", "nested", "vkey", "not text", "option"])
def test_wrong_usage(reported: World, tmp_path: Path, wrong: str) -> None:
    """If it fails, a slip of the auditor's hand reads as a verdict on the ledger."""
    broken = tmp_path / "broken"
    broken.write_text("{}")
    nested = tmp_path / "nested"
    nested.write_text('{"checkpoint":' + "[" * 100_000 + "]" * 100_000 + "}")
    home = reported.home.folder
    arguments: dict[str, list[object]] = {
        "record": [tmp_path],
        "checkpoint": [home, "--checkpoint", broken],
        "nested": [home, "--checkpoint", nested],
        "vkey": [home, "--vkey", "ada+00000000+AAAA"],
        "not text": [
            home,
            "--vkey",
            f"\udcff+00000000+{base64.b64encode(bytes([1] * 33)).decode()}",
        ],
        "option": [home, "--strictly"],
    }
    ran = alone(*arguments[wrong])
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "verify_record.py: " in ran.stderr


def test_what_is_no_file_is_not_waited_for(tmp_path: Path, tell: Tell) -> None:
    """If it fails, a pipe or a folder in a journal that was handed over hangs the auditor."""
    os.mkfifo(tmp_path / "000000000000.jsonl")
    (tmp_path / "000000000001.jsonl").mkdir()
    code, told = tell(tmp_path)
    assert (code, told.count("is not a file")) == (1, 2)


def test_long_findings_are_cut_short_for_people(tmp_path: Path, tell: Tell) -> None:
    """If it fails, garbage of a million lines buries the verdict, or `--json` hides some of it."""
    journal = written([b"garbage"] * 500, tmp_path / "journal")
    code, told = tell(journal)
    assert (code, "and 400 more" in told, len(told.splitlines())) == (1, True, 103)
    assert len(json.loads(tell(journal, "--json")[1])["problems"]) == 500


# What was cut off, and what vouches


def test_a_shortened_ledger_is_never_verified(
    reported: World, note: Path, tmp_path: Path, tell: Tell
) -> None:
    """If it fails, the hole of its rivals is open: cut the tail off, and it still says sound."""
    lines = journal_of(reported)
    for size in range(1, len(lines)):
        journal = written(lines[:size], tmp_path / "cut")
        assert tell(journal)[0] == 5
        code, told = tell(journal, "--checkpoint", note)
        assert code == 1
        assert f"to {len(lines) - 1} are gone" in told
        assert tell(journal, "--vkey", key_of(reported.person("ann")))[0] == 5


def test_what_a_crash_left_is_not_read(reported: World, tmp_path: Path, tell: Tell) -> None:
    """If it fails, an entry that was never acknowledged counts, or makes a sound ledger altered."""
    lines = journal_of(reported)
    begun = next(at for at, line in enumerate(lines) if b'"part":[0,2]' in line)
    for torn in (b"", lines[begun + 1][:50]):
        journal = written(lines[: begun + 1], tmp_path / "begun")
        with next(journal.iterdir()).open("ab") as file:
            file.write(torn)
        code, told = tell(journal)
        assert (code, f"{begun} entries" in told, "was not read" in told) == (5, True, True)


def test_a_journal_of_several_files(reported: World, tmp_path: Path, tell: Tell) -> None:
    """If it fails, files can be renamed or cut within, or a long journal cannot be read at all."""
    lines = journal_of(reported)
    begun = next(at for at, line in enumerate(lines) if b'"part":[0,2]' in line)
    for at, expected in ((begun, 5), (begun + 1, 1)):
        journal = written(lines[:at], tmp_path / str(at))
        more = b"".join(line + b"\n" for line in lines[at:])
        (journal / f"{at:012d}.jsonl").write_bytes(more)
        assert tell(journal)[0] == expected
        (journal / f"{at:012d}.jsonl").rename(journal / f"{at + 1:012d}.jsonl")
        assert tell(journal)[0] == 1


def test_a_rewritten_ledger_is_altered(reported: World, note: Path, tell: Tell) -> None:
    """If it fails, somebody with all keys can replace what an auditor has seen."""
    other = "".join(note.read_text().splitlines(keepends=True))
    root = other.split("\n")[2]
    seen = note.with_name("seen")
    text = other.partition("\n\n")[0] + "\n"
    forged = base64.b64encode(b"\1" * 32).decode()
    seen.write_text(text.replace(root, forged))
    assert tell(reported.home.folder, "--checkpoint", seen)[0] == 1
    seen.write_text(text.replace(ORIGIN, "other.example"))
    assert tell(reported.home.folder, "--checkpoint", seen)[0] == 1
    seen.write_text(f"{text}kept 2026-11-20T09:00:00.000000Z Ann\n")
    code, told = tell(reported.home.folder, "--checkpoint", seen)
    assert (code, "vouched for by 2026-11-20T09:00:00.000000Z Ann" in told) == (0, True)


def test_a_note_counts_for_its_signatures(reported: World, note: Path, tell: Tell) -> None:
    """If it fails, a checkpoint that nobody signed, or somebody unknown, vouches for a ledger."""
    text, _, lines = note.read_text().partition("\n\n")
    home, ann, rosa = reported.home.folder, reported.person("ann"), reported.person("rosa")
    assert tell(home, "--checkpoint", note, "--vkey", key_of(ann))[0] == 0
    assert tell(home, "--checkpoint", note, "--vkey", key_of(rosa))[0] == 2
    broken = lines[:-4] + ("A" if lines[-4] != "A" else "B") + lines[-3:]
    for signatures in (lines.replace("ann ", "eve "), broken, "\n"):
        note.write_text(f"{text}\n\n{signatures}")
        assert tell(home, "--checkpoint", note)[0] == 2


def test_a_witness_vouches_by_its_cosignature(reported: World, tmp_path: Path, tell: Tell) -> None:
    """If it fails, cosignatures are not read, or count although they are not good."""
    ann = reported.person("ann")
    path = tmp_path / "witness"
    witness(ann.book, ann.signer, path)
    text, _, lines = path.read_text().partition("\n\n")
    plain, timed = lines.splitlines()
    path.write_text(f"{text}\n\n{timed}\n")
    assert tell(reported.home.folder, "--checkpoint", path, "--vkey", key_of(ann))[0] == 0
    blob = bytearray(base64.b64decode(timed.split(" ")[2]))
    blob[11] ^= 1  # a second later
    later = " ".join([*timed.split(" ")[:2], base64.b64encode(blob).decode()])
    path.write_text(f"{text}\n\n{plain}\n{later}\n")
    assert tell(reported.home.folder, "--checkpoint", path)[0] == 2


# A report's evidence


def _entry_changed(document: Any) -> None:
    entry = document["entries"][1]
    entry["entry"] = entry["entry"].replace('"v":1', '"v": 1')


def _body_changed(document: Any) -> None:
    entry = document["entries"][1]
    entry["entry"] = re.sub(r'"prev":"..', '"prev":"00', entry["entry"])


def _path_changed(document: Any) -> None:
    document["entries"][0]["path"][0] = base64.b64encode(b"\0" * 32).decode()


def _moved(document: Any) -> None:
    document["entries"][0]["seq"] += 1


def _result_changed(document: Any) -> None:
    digest = next(iter(document["results"]))
    document["results"][digest] += " "


def _result_not_named(document: Any) -> None:
    document["results"]["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"] = "abc"


def _checkpoint_changed(document: Any) -> None:
    origin, size, rest = document["checkpoint"].split("\n", 2)
    document["checkpoint"] = f"{origin}\n{int(size) + 1}\n{rest}"


def _signer_not_named(document: Any) -> None:
    document["verifier_keys"] = [k for k in document["verifier_keys"] if "/rosa+" not in k]


@pytest.mark.parametrize(
    "damage",
    [
        _entry_changed,
        _body_changed,
        _path_changed,
        _moved,
        _result_changed,
        _result_not_named,
        _checkpoint_changed,
        _signer_not_named,
    ],
)
def test_altered_evidence_is_altered(
    reported: World, tmp_path: Path, tell: Tell, damage: Callable[[Any], None]
) -> None:
    """If it fails, what a report claims can be changed in its attachment."""
    document = json.loads((reported.folder / "evidence.json").read_bytes())
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(document))
    assert tell(path)[0] == 5
    damage(document)
    path.write_text(json.dumps(document))
    assert tell(path)[0] == 1


# A folder of tiles


@pytest.fixture(scope="module")
def exported(template: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """Give a ledger of more than a tile, exported twice into one folder. Not to be written to."""
    world = copy(template, tmp_path_factory.mktemp("exported"))
    rosa, folder = world.person("rosa"), world.folder / "tiles"
    rosa.append(*(version_draft(f"2.{number}") for number in range(290)))
    export_tiles(rosa.book, rosa.signer, folder)
    rosa.append(*(version_draft(f"3.{number}") for number in range(290)))
    export_tiles(rosa.book, rosa.signer, folder)
    return world, folder


def test_a_folder_of_tiles(exported: tuple[World, Path], tmp_path: Path, tell: Tell) -> None:
    """If it fails, what is published as static files cannot be checked by others."""
    world, folder = exported
    ann = world.person("ann")
    code, told = tell(folder)
    assert (code, f"{len(journal_of(world))} entries" in told) == (5, True)
    assert tell(folder, "--checkpoint", note_of(ann, tmp_path))[0] == 0
    assert tell(folder, "--vkey", key_of(world.person("rosa")))[0] == 5


def flipped(data: bytes, place: int) -> bytes:
    """Change one bit."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def test_every_file_of_tiles_is_checked(
    exported: tuple[World, Path], tmp_path: Path, tell: Tell
) -> None:
    """If it fails, a published file can be changed, lost or added without anybody noticing."""
    _, folder = exported
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(files) >= 10
    current = copytree(folder, tmp_path / "tiles")
    for name in files:
        data = (folder / name).read_bytes()
        for changed in (flipped(data, 0), flipped(data, -1), data[:-1], b""):
            (current / name).write_bytes(changed)
            assert tell(current)[0] == 1, name
        (current / name).write_bytes(data)
    older = {name for name in files if name.parent.name.endswith(".p")}
    assert len(older) > len({name.parent for name in older})
    for name in set(files) - older - {Path("checkpoint")}:
        (current / name).unlink()
        assert tell(current)[0] == 1, name
        (current / name).write_bytes((folder / name).read_bytes())
    (current / "tile" / "0" / "077").write_bytes(b"\0" * 32)
    assert tell(current)[0] == 1


def test_names_of_files_cannot_forge_a_verdict(
    exported: tuple[World, Path], tmp_path: Path, tell: Tell
) -> None:
    """If it fails, a file's name clears the screen, hides what follows, or writes VERIFIED."""
    current = copytree(exported[1], tmp_path / "tiles")
    (current / "tile" / "\nVERIFIED: all of it\N{ESCAPE}[8m\N{RIGHT-TO-LEFT OVERRIDE}").touch()
    code, told = tell(current)
    assert (code, told.splitlines()[-1][:7]) == (1, "ALTERED")
    assert all(line.isprintable() for line in told.splitlines())
    assert not any(line.startswith("VERIFIED") for line in told.splitlines())


def test_inclusion_paths(exported: tuple[World, Path]) -> None:
    """If it fails, a path that proves nothing is taken for a proof, or the other way round."""
    with exported[0].stranger().read() as snapshot:
        size, root = snapshot.head.size, snapshot.head.root
        leaves = [verify_record.leaf_hash(each.data) for each in snapshot.entries(0, size)]
        for seq in (0, 1, 255, 256, 511, 512, size - 2, size - 1):
            path = inclusion_path(snapshot.tile, seq, size)
            assert verify_record.root_by_path(leaves[seq], seq, size, path) == root
            wrong = [(seq + 1, size, path), (seq, size, path[:-1]), (seq, size, [*path, root])]
            wrong += [(seq, size, [*path[:-1], leaves[2]]), (seq - 600, size, path)]
            for index, of, by in wrong:
                assert verify_record.root_by_path(leaves[seq], index, of, by) != root
    assert verify_record.tree_root(leaves) == root
    assert verify_record.tree_root([]).hex().startswith("e3b0c44298fc1c14")


# Signatures


def test_ed25519_is_that_of_others() -> None:
    """If it fails, the verifier's own Ed25519 accepts or refuses what others do not."""
    chance = Random(8032)  # noqa: S311 - the same cases every time
    order = verify_record.ORDER
    for number in range(60):
        signer = chance.choice(KEYS["ben"])
        message = chance.randbytes(number)
        good = signer.sign(message)
        bad = bytearray(good)
        bad[chance.randrange(64)] ^= 1 << chance.randrange(8)
        larger = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")
        cases = [(good, message), (bytes(bad), message), (larger, message), (good, message + b"x")]
        for signature, signed in cases:
            theirs = openssl_verifies(signer.public_key, signature, signed)
            assert verify_record.ed25519_verify(signer.public_key, signature, signed) == theirs
        assert verify_record.ed25519_verify(signer.public_key, good, message)
        assert not verify_record.ed25519_verify(signer.public_key, good[:63], message)
        assert not verify_record.ed25519_verify(signer.public_key, larger, message)


def openssl_verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Ask OpenSSL."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_ed25519_of_rfc_8032() -> None:
    """If it fails, the first test vector of RFC 8032, section 7.1, does not verify."""
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert verify_record.ed25519_verify(key, signature, b"")
    assert not verify_record.ed25519_verify(key, signature, b"\0")


@pytest.mark.parametrize(
    "encoded",
    [
        (2**255 - 19 + 1).to_bytes(32, "little"),  # y = p + 1: a second spelling of y = 1
        (1 | 1 << 255).to_bytes(32, "little"),  # x = 0 with a sign
        (2).to_bytes(32, "little"),  # no point at all
    ],
)
def test_a_key_has_one_spelling(encoded: bytes) -> None:
    """If it fails, bytes that RFC 8032 (5.1.3) does not decode are a key."""
    with pytest.raises(ValueError, match="not a point"):
        verify_record.point_decode(encoded)
    anything = verify_record.BASE_POINT + sha512(b"").digest()[:32]
    assert not verify_record.ed25519_verify(encoded, anything, b"")


# The document


def test_the_story_and_its_vectors() -> None:
    """If it fails, the verifier does not take the golden vectors as the document says."""
    run = verify_record.Replay().run(STORY)
    record = json.loads((VECTORS / "record.json").read_bytes())
    assert (run.problems, run.newer) == ([], [])
    assert [run.root_at(size).hex() for size in range(len(STORY) + 1)] == record["roots"]
    roots = verify_record.tree_roots(run.leaves, set(range(0, len(STORY) + 1, 3)))
    assert {size: root.hex() for size, root in roots.items()} == dict(
        [*enumerate(record["roots"])][::3]
    )
    assert verify_record.read_vkey(record["checkpoint"]["vkey"])
    for case in json.loads((VECTORS / "malformed.json").read_bytes())["entries"]:
        with pytest.raises(verify_record.NoEntry):
            verify_record.read_entry(base64.b64decode(case["base64"]))
    for case in json.loads((VECTORS / "broken.json").read_bytes()):
        lines = [*STORY[: case["after"]], *(line.encode() for line in case["lines"])]
        run = verify_record.Replay().run(lines)
        assert [*run.problems, *run.newer][0].check == case["check"], case["rule"]


def test_its_tables_are_those_of_the_document() -> None:
    """If it fails, the document names a kind or field that the verifier does not know."""
    kinds = {
        kind: f"{about.removesuffix('/...')} {forms}".strip()
        for kind, about, forms in table("kinds")
    }
    assert {kind: normal(text) for kind, text in verify_record.KINDS.items()} == kinds
    assert {name: normal(text) for name, text in verify_record.OBJECTS.items()} == dict(
        table("bodies")
    )


def table(name: str) -> list[list[str]]:
    """Read a table of the document: cells in the verifier's notation."""
    text = DOCUMENT.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    rows += [
        line.strip("| ").split(" | ")
        for line in text.splitlines()
        if re.match(r"\| [A-Z]\w+ \| `", line)
    ]
    return [[*(cell.replace("`", "") for cell in row[:-1]), fields_of(row[-1])] for row in rows]


def fields_of(cell: str) -> str:
    """`name` Sealed or null, `roles` array of X: as `name=Sealed? roles=[X]`."""
    if cell == "none":
        return ""
    forms = []
    for one in cell.split(", "):
        name, _, form = one.replace("`", "").partition(" ")
        form = re.sub(r"^array of (\S+)$", r"[\1]", form)
        forms.append(f"{name}={form.replace(' or null', '?')}")
    return normal(" ".join(forms))


def normal(text: str) -> str:
    """One space between words."""
    return " ".join(text.split())


# It agrees with ours

Verdict = tuple[str, int | None]


def verdict(problems: Sequence[Any]) -> Verdict:
    """Whether a record is sound, altered (from which entry on), or newer than the program."""
    bad = [problem.seq for problem in problems if problem.check != "newer"]
    return ("altered", min(bad)) if bad else ("newer" if problems else "sound", None)


def ours(lines: list[bytes]) -> Verdict:
    """What the library says of a record."""
    return verdict(replay(Lines(lines), len(lines)).problems)


def independent(lines: list[bytes]) -> Verdict:
    """What the verifier says of it."""
    run = verify_record.Replay().run(lines)
    return verdict([*run.problems, *run.newer])


verified_once = cache(verify_record.ed25519_verify)
"""Most signatures of a history are in all its variants: each is really verified, but once."""


def agree(
    monkeypatch: pytest.MonkeyPatch, seeds: range, variants: int
) -> tuple[Counter[str], set[str]]:
    """Hold both against the same histories and damage; count verdicts and kinds."""
    monkeypatch.setattr(verify_record, "ed25519_verify", verified_once)
    verdicts: Counter[str] = Counter()
    kinds: set[str] = set()
    for seed in seeds:
        chance = Random(seed)  # noqa: S311 - the same damage every time
        history = Walk(seed, steps=60).history
        expected = ours(history.lines)
        assert expected == independent(history.lines), seed
        assert expected[0] == "sound" or b"actor.key_revoked" in b"".join(history.lines), seed
        kinds |= {json.loads(line)["kind"] for line in history.lines}
        for number in range(variants):
            lines = damaged(chance, history)
            expected, found = ours(lines), independent(lines)
            assert expected == found, f"seed {seed}, variant {number}"
            verdicts[found[0]] += 1
    return verdicts, kinds


def test_both_agree_on_damaged_ledgers(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, one of the two verifiers is wrong about a record, or the document is unclear."""
    verdicts, kinds = agree(monkeypatch, range(18), 24)
    assert verdicts["altered"] > 110
    assert verdicts["sound"] > 10
    assert len(kinds) > 40


@pytest.mark.slow
def test_both_agree_on_thousands(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, the two verifiers differ on something that the short run does not reach."""
    verdicts, kinds = agree(monkeypatch, range(100, 250), 60)
    assert verdicts.total() == 9_000
    assert min(verdicts["altered"], verdicts["sound"]) > 1_000
    assert verdicts["newer"] > 10
    assert kinds == set(verify_record.KINDS)


def test_both_agree_on_all_that_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, one of the two lets something in that the rules of authority forbid."""
    monkeypatch.setattr(verify_record, "ed25519_verify", verified_once)
    for seed in range(3):
        history = Walk(seed, steps=60).history
        assert len(history.refused) > 20
        for seq, _, refused in history.refused:
            lines = [*history.lines[:seq], *refused]
            expected = ours(lines)
            assert expected == independent(lines)
            assert expected[1] is not None
            assert expected[1] >= seq or b"actor.key_revoked" in b"".join(lines)


def test_ours_agrees_that_a_worked_ledger_is_sound(reported: World) -> None:
    """If it fails, one of the two calls a ledger made by the whole program altered."""
    lines = journal_of(reported)
    assert ours(lines) == independent(lines) == ("sound", None)
    assert verify_record.check(reported.home.folder).problems == []
