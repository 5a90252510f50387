"""RFC 3161 timestamps on checkpoints: asked, checked, kept, and held against the ledger."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.anchors import Anchor
from ledger.errors import Altered, InvalidInput, QuaestorError, StoreUnavailable
from ledger.registers.models import draft_registration
from ledger.restoring import declare
from ledger.verification import verify
from ledger.witnessing import signed_checkpoint
from reports.authority import dump_certificate, make_authority
from reports.timestamped import have_timestamped, timestamp_anchors
from reports.timestamps import Stamp, check_token, timestamp
from tests.console.cli.place import Place
from tests.people import FOUNDER, PASSPHRASE, Person, World, model
from tests.reports.authority_server import NOW, Answer, Authority, new_authority, serving

TEXT = b"bank.example/quaestor\n12\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n"
NONCE = 2**64 - 1
ISSUED = Stamp(NOW, "Public Notary")
FLIPS = 250


@pytest.fixture(scope="module", autouse=True)
def direct() -> Iterator[None]:
    """Keep requests to this computer out of any proxy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "*")
        yield


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Give an authority; making its keys takes a while."""
    return new_authority()


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    """Give a token over TEXT."""
    with serving(authority.grant) as url:
        return timestamp(TEXT, url, nonce=NONCE)


@pytest.fixture
def place(world: World, authority: Authority) -> Place:
    """Give the organisation to the command line, with the authority's CA in a file."""
    (world.folder / "ca.pem").write_bytes(dump_certificate(authority.ca))
    passphrase = world.folder / "passphrase"
    passphrase.write_bytes(PASSPHRASE)
    passphrase.chmod(0o600)
    return Place(world.folder)


def checkpoint(place: Place, url: str, *, ca: bool = True, code: int = 0) -> dict[str, object]:
    """Have a checkpoint timestamped by the command line; return what it printed."""
    named = ("--tsa-ca", str(place.folder / "ca.pem")) if ca else ()
    ran = place.run("ledger", "checkpoint", "--tsa", url, *named, "--json")
    assert ran.code == code, ran.err
    printed: dict[str, object] = ran.json
    return printed


def stamps(place: Place) -> Path:
    """Find the folder in which ada's seat keeps timestamps."""
    (folder,) = place.seat("ada").glob("ledgers/*/timestamps")
    return folder


# Asking and checking


def test_a_token_says_when_and_by_whom(authority: Authority, token: bytes) -> None:
    """If it fails, no timestamp can be used."""
    assert check_token(token, TEXT, [authority.ca]) == ISSUED
    assert check_token(token, TEXT, [new_authority().ca, authority.certificate]) == ISSUED


def test_an_authority_learns_a_digest_and_nothing_else(authority: Authority) -> None:
    """If it fails, more of the record than a digest leaves the machine, or no certificate comes."""
    asked = authority.but()
    with serving(asked.grant) as url:
        timestamp(TEXT, url, nonce=5)
    (query,) = asked.asked
    assert tsp.TimeStampReq.load(query, strict=True).native == {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256", "parameters": None},
            "hashed_message": sha256(TEXT).digest(),
        },
        "req_policy": None,
        "nonce": 5,
        "cert_req": True,
        "extensions": None,
    }


def test_openssl_accepts_a_token(authority: Authority, token: bytes, tmp_path: Path) -> None:
    """If it fails, an auditor without Quaestor cannot check what a seat keeps."""
    files = {"t.tsr": token, "t.txt": TEXT, "ca.pem": dump_certificate(authority.ca)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    moment = str(int(NOW.timestamp()) + 60)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "t.tsr", "-data", "t.txt"]
    checked = subprocess.run(
        [*command, "-CAfile", "ca.pem", "-attime", moment],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_another_text_is_not_timestamped(authority: Authority, token: bytes) -> None:
    """If it fails, one token vouches for whatever is put beside it."""
    with pytest.raises(InvalidInput, match="of another text"):
        check_token(token, TEXT.replace(b"12", b"13"), [authority.ca])


def test_trust_comes_from_the_caller_alone(token: bytes) -> None:
    """If it fails, anyone can be their own authority, by the certificates that a token carries."""
    _, namesake = make_authority("Notaries", NOW - timedelta(days=30))
    trusts: list[list[x509.Certificate]] = [[], [namesake]]
    for trusted in trusts:
        with pytest.raises(InvalidInput, match="none that is trusted here"):
            check_token(token, TEXT, trusted)


@pytest.mark.parametrize(
    "changes",
    [
        {"uses": ()},
        {"uses": (ExtendedKeyUsageOID.CODE_SIGNING,)},
        {"uses": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
        {"critical": False},
        {"time": NOW + timedelta(days=400)},
        {"time": NOW - timedelta(days=2)},
    ],
)
def test_a_certificate_must_be_for_timestamping_then(
    authority: Authority, changes: dict[str, object]
) -> None:
    """If it fails, any certificate of the CA, or one that has ended, can timestamp."""
    unfit = authority.but(**changes)
    with serving(unfit.grant) as url:
        issued = timestamp(TEXT, url, nonce=1)
    for trusted in (authority.ca, unfit.certificate):
        with pytest.raises(InvalidInput, match=r"Its certificate (is|was) not"):
            check_token(issued, TEXT, [trusted])


def test_a_token_outlives_its_authority() -> None:
    """If it fails, a timestamp counts no longer than the certificates, not as long as a record."""
    long_ago = new_authority(NOW - timedelta(days=7_300))
    with serving(long_ago.grant) as url:
        issued = timestamp(TEXT, url, nonce=1)
    assert check_token(issued, TEXT, [long_ago.ca]).time == long_ago.time


def test_a_signature_must_hold(authority: Authority, token: bytes) -> None:
    """If it fails, a token that nobody signed counts, or its error names another cause."""
    forged = token[:-1] + bytes([token[-1] ^ 1])  # the signature stands at the end
    with pytest.raises(InvalidInput, match="signature does not hold"):
        check_token(forged, TEXT, [authority.ca])


def test_no_flipped_bit_says_something_else(authority: Authority, token: bytes) -> None:
    """If it fails, a damaged token gives another time or authority, or a traceback."""
    generator = random.Random(3161)  # noqa: S311
    refused = 0
    for place in generator.sample(range(len(token)), FLIPS):
        flipped = bytearray(token)
        flipped[place] ^= 1 << generator.randrange(8)
        try:
            assert check_token(bytes(flipped), TEXT, [authority.ca]) == ISSUED, place
        except InvalidInput:
            refused += 1
    assert refused > FLIPS * 0.9
    for garbage in (b"", token[:-1], token + b"\0", b"\x30\x00"):
        with pytest.raises(InvalidInput):
            check_token(garbage, TEXT, [authority.ca])


# Answers


def rejection(cause: str) -> Callable[[bytes], Answer]:
    """Answer that nothing is granted."""
    status = {"status": "rejection", "status_string": ["no credit"], "fail_info": {cause}}
    body = tsp.PKIStatusInfo(status).dump()
    return lambda _: (200, bytes([0x30, len(body)]) + body)


def test_what_an_authority_refuses_is_said(authority: Authority) -> None:
    """If it fails, a refusal passes for a timestamp, or says nothing of its cause or of a retry."""
    answers: list[tuple[Callable[[bytes], Answer], type[QuaestorError], str]] = [
        (rejection("bad_alg"), InvalidInput, "no credit; bad_alg"),
        (rejection("time_not_available"), StoreUnavailable, "no credit"),
        (lambda _: (404, b""), InvalidInput, "404"),
        (lambda _: (503, b""), StoreUnavailable, "503"),
        (lambda _: (200, b"<html>Log in</html>"), InvalidInput, "no timestamp"),
        (lambda _: (200, b""), InvalidInput, "no timestamp"),
        (lambda query: (200, authority.answer(query)[:-9]), InvalidInput, "no timestamp"),
    ]
    for answer, kind, said in answers:
        with serving(answer) as url, pytest.raises(kind, match=said) as raised:
            timestamp(TEXT, url, nonce=1)
        assert raised.value.hint


def test_an_answer_to_another_request_is_refused(authority: Authority) -> None:
    """If it fails, whoever sits between can hand out an old token, or one of another text."""
    asked = authority.but()
    with serving(asked.grant) as url:
        timestamp(TEXT, url, nonce=1)
        timestamp(b"other", url, nonce=2)
    replies = iter([authority.answer(query) for query in asked.asked])
    with serving(lambda _: (200, next(replies))) as url:
        for _ in asked.asked:
            with pytest.raises(InvalidInput, match="another request"):
                timestamp(TEXT, url, nonce=2)


def test_silence_ends(authority: Authority) -> None:
    """If it fails, an authority that is down keeps the command waiting, or ends it in a trace."""

    def slow(query: bytes) -> Answer:
        time.sleep(0.4)
        return authority.grant(query)

    with serving(slow) as url, pytest.raises(StoreUnavailable, match="timed out"):
        timestamp(TEXT, url, nonce=1, patience=0.1)
    with socket.socket() as bound:  # and listening to nobody
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(StoreUnavailable, match="refused"):
            timestamp(TEXT, f"http://127.0.0.1:{port}/", nonce=1)


@pytest.mark.parametrize(
    "url", ["", "tsa.example", "file:///etc/hostname", "http://", "http://a:b/", "http://a b/"]
)
def test_only_http_is_asked(url: str) -> None:
    """If it fails, a mistyped address is a traceback, or a file is read instead."""
    with pytest.raises(InvalidInput, match="no HTTP address"):
        timestamp(TEXT, url, nonce=1)


# Kept in a seat, by the command line


def test_a_timestamped_checkpoint_is_an_anchor(place: Place, authority: Authority) -> None:
    """If it fails, a timestamp is asked for and then vouches for nothing, or at another time."""
    with serving(authority.grant) as url:
        printed = checkpoint(place, url)
    folder, size = stamps(place), printed["size"]
    fingerprint = sha256(authority.ca.public_bytes(Encoding.DER)).hexdigest()
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{size}.checkpoint", f"{size}.tsr", f"tsa-{fingerprint}.pem",
    ]  # fmt: skip
    assert (folder / f"{size}.checkpoint").read_text() == printed["note"]
    ran = place.run("ledger", "verify", "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "verified")
    by, token = "timestamp authority Public Notary", str(folder / f"{size}.tsr")
    (found,) = (anchor for anchor in ran.json["anchors"] if anchor["by"] == by)
    assert (found["size"], found["time"], found["where"]) == (
        size, "2026-11-20T10:30:15.000000Z", token,
    )  # fmt: skip
    assert printed["timestamp"] == {"time": found["time"], "by": by, "where": token}


def test_a_checkpoint_is_never_lost(place: Place, authority: Authority) -> None:
    """If it fails, an authority that does not answer, or lies, takes the checkpoint with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        down = f"http://127.0.0.1:{server.getsockname()[1]}/"
    bare = place.run("ledger", "checkpoint").out
    ca = str(place.folder / "ca.pem")
    ran = place.run("ledger", "checkpoint", "--tsa", down, "--tsa-ca", ca)
    assert (ran.code, ran.out) == (4, bare)
    assert "does not answer" in ran.err
    assert checkpoint(place, down, code=4) | {"timestamp": None, "note": bare} == checkpoint(
        place, "nowhere", code=2
    )
    stranger = new_authority()
    with serving(stranger.grant) as url:
        assert checkpoint(place, url, code=2)["note"] == bare
        assert checkpoint(place, url, ca=False, code=2)["note"] == bare
    assert not list(place.seat("ada").glob("ledgers/*/timestamps"))
    assert place.run("ledger", "checkpoint", "--tsa-ca", ca).code == 2
    assert authority.ca != stranger.ca


def test_the_first_timestamp_stands(place: Place, authority: Authority) -> None:
    """If it fails, asking again replaces an earlier time by a later one, or needs the CA again."""
    later = authority.but(time=NOW + timedelta(hours=1))
    with serving(authority.grant) as url:
        first = checkpoint(place, url)
    with serving(later.grant) as url:
        assert checkpoint(place, url, ca=False) == first
        assert later.asked == []
        assert place.run("actor", "grant", "emil", "model-owner").code == 0
        second = checkpoint(place, url, ca=False)
    assert second["timestamp"] != first["timestamp"]
    assert len(list(stamps(place).glob("*.tsr"))) == 2


@pytest.mark.parametrize("name", ["*.tsr", "*.checkpoint", "tsa-*.pem"])
def test_a_kept_file_that_was_damaged_is_named(
    place: Place, authority: Authority, name: str
) -> None:
    """If it fails, a seat believes a timestamp that does not check, or does not say which."""
    with serving(authority.grant) as url:
        checkpoint(place, url)
    (path,) = stamps(place).glob(name)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 2
    path.write_bytes(data)
    ran = place.run("ledger", "verify", "--json")
    unread = [each["message"] for each in ran.json["problems"] if each["check"] == "unread"]
    named = path.with_suffix(".tsr") if name == "*.checkpoint" else path
    assert any(str(named) in message for message in unread)
    if name == "*.checkpoint":  # it may well read as a checkpoint of other entries
        assert ran.json["verdict"] != "verified"
    else:
        assert (ran.code, ran.json["verdict"]) == (5, "unconfirmed")
    path.unlink()
    gone = place.run("ledger", "verify", "--json")
    assert gone.code == (0 if name == "*.checkpoint" else 5)


def test_a_rollback_under_a_timestamp_is_altered(place: Place, authority: Authority) -> None:
    """If it fails, yesterday's backup passes, although an authority vouched for more."""
    yesterday = place.folder / "yesterday"
    shutil.copytree(place.home.folder, yesterday)
    assert place.run("actor", "grant", "emil", "model-owner").code == 0
    with serving(authority.grant) as url:
        size = checkpoint(place, url)["size"]
    shutil.rmtree(place.home.folder)
    yesterday.rename(place.home.folder)
    for name in ("checkpoint", "pin.json"):  # so that the timestamp alone can tell
        (stamps(place).parent / name).unlink()
    ran = place.run("ledger", "verify", "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "altered")
    said = [problem["message"] for problem in ran.json["problems"]]
    assert any("timestamp authority Public Notary" in text and str(size) in text for text in said)


def rolled_back(world: World, folder: Path, authority: Authority) -> Anchor:
    """Have the founder's present checkpoint timestamped, and put an older home back."""
    ada = world.person(FOUNDER)
    shutil.copytree(world.home.folder, folder / "yesterday")
    ada.append(draft_registration("lost", model()))
    with serving(authority.grant) as url:
        kept = stamped(ada, url, authority)
    shutil.rmtree(world.home.folder)
    (folder / "yesterday").rename(world.home.folder)
    return kept


def stamped(person: Person, url: str, authority: Authority) -> Anchor:
    """Have somebody's present checkpoint timestamped."""
    with person.book.read() as snapshot:
        note = signed_checkpoint(snapshot, person.signer)
    ledger_id = person.book.facts.ledger_id
    return have_timestamped(person.seat, ledger_id, note, url, authority=authority.ca, nonce=1)


def test_other_entries_under_a_timestamp_are_altered(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    """If it fails, a fork as long as the record that was timestamped takes over its timestamp."""
    rolled_back(world, tmp_path, authority)
    world.person("mona").append(draft_registration("another", model()))
    ada = world.person(FOUNDER)
    with pytest.raises(Altered, match="a timestamp of other"):
        stamped(ada, "http://127.0.0.1:1/", authority)
    assert verify(ada.book, against=timestamp_anchors(ada.book)).verdict == "altered"


def test_an_accepted_restore_sets_timestamps_aside(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    """If it fails, an honest restore leaves a seat altered for ever, or destroys its tokens."""
    kept = rolled_back(world, tmp_path, authority)
    ada = world.person(FOUNDER)
    assert [anchor.where for anchor in timestamp_anchors(ada.book)] == [kept.where]
    declare(ada.book, ada.signer, "The disk failed.")
    assert timestamp_anchors(ada.book) == []
    assert verify(ada.book).verdict == "verified"
    size = kept.checkpoint.size
    aside = Path(kept.where).with_name(f"{size}.checkpoint.lost-{size}.tsr")
    text = kept.checkpoint.text().encode()
    assert check_token(aside.read_bytes(), text, [authority.ca]) == ISSUED
