"""The switchboard's bytes, its place on disk, and what survives a reading of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import CheckFailed, InvalidInput, StoreUnavailable
from ledger.switchboard import NAME, Board, Mode, parse, publish, read, render

NOON = datetime(2026, 11, 20, 12, 0, 0, 123, tzinfo=UTC)
MODELS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)


def board(**modes: Mode) -> Board:
    """Make a board with these models."""
    return Board(modes, "5f1d", NOON, 41)


@given(
    st.builds(
        Board,
        switches=st.dictionaries(MODELS, st.sampled_from(Mode), max_size=8),
        ledger=st.text("0123456789abcdef", min_size=1),
        published_at=st.datetimes(
            datetime(1970, 1, 1),  # noqa: DTZ001 - the zone is added by the strategy
            timezones=st.just(UTC),
        ),
        size=st.integers(0, 2**53 - 1),
    )
)
def test_what_is_rendered_is_read_again(drawn: Board) -> None:
    """If this fails, `switch show` or a verification reads another state than was published."""
    assert parse(render(drawn)) == drawn


def test_the_flags_of_one_model() -> None:
    """If this fails, the public format that stock clients and other tools read has changed."""
    assert orjson.loads(render(board(scorer=Mode.FALLBACK))) == {
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "metadata": {
            "ledger": "5f1d",
            "published_at": "2026-11-20T12:00:00.000123Z",
            "size": 41,
        },
        "flags": {
            "scorer.serve": {
                "state": "ENABLED",
                "variants": {"on": True, "off": False},
                "defaultVariant": "off",
            },
            "scorer.mode": {
                "state": "ENABLED",
                "variants": {
                    "on": "on",
                    "fallback": "fallback",
                    "rollback": "rollback",
                    "off": "off",
                },
                "defaultVariant": "fallback",
            },
        },
    }


@pytest.mark.parametrize("name", ["", "Scorer", "-scorer", "a.serve", "a/b", "é", "a" * 64, "a\n"])
def test_a_model_id_that_cannot_be_a_flag_is_refused(name: str) -> None:
    """If this fails, two models can share a flag, or a flag has a name no client can ask for."""
    with pytest.raises(InvalidInput):
        render(board(**{name: Mode.ON}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"ENABLED"', b'"DISABLED"'),
        (b'"defaultVariant": "off"', b'"defaultVariant": "on"'),
        (b'"off": false', b'"off": true'),
        (b'"size": 41', b'"size": "41"'),
        (b'"state"', b'"targeting": {}, "state"'),
        (b'"flags": {', b'"flags": {"other.serve": {"state": "ENABLED"},'),
        (b'"rollback": "rollback"', b'"rollback": "on"'),
        (b"scorer.mode", b"other.mode"),
        (b"123Z", b"123"),
        (b"}", b""),
    ],
)
def test_a_switchboard_bent_by_hand_is_noticed(old: bytes, new: bytes) -> None:
    """If this fails, somebody can turn a model on in the file and verification says nothing."""
    data = render(board(scorer=Mode.OFF))
    assert old in data
    with pytest.raises(CheckFailed):
        parse(data.replace(old, new, 1))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff", b'{"metadata": 1, "flags": []}'])
def test_what_is_no_switchboard_is_refused(data: bytes) -> None:
    """If this fails, a damaged file ends in a traceback instead of an explanation."""
    with pytest.raises(CheckFailed):
        parse(data)


def test_publishing_says_what_is_known(tmp_path: Path) -> None:
    """If this fails, a kill claims a file, a time or a cause that is not so."""
    data = render(board(scorer=Mode.OFF))
    publication = publish(tmp_path, data)
    assert publication.published
    assert not publication.from_reserve
    assert publication.path == tmp_path / NAME
    mtime = datetime.fromtimestamp(publication.path.stat().st_mtime, UTC)
    assert abs(publication.time - mtime) < timedelta(microseconds=2)
    assert read(publication.path) == board(scorer=Mode.OFF)


def test_applications_of_other_users_can_read_it(tmp_path: Path) -> None:
    """If this fails, the file is private to whoever threw the switch and no client sees it."""
    before = os.umask(0o077)
    try:
        path = publish(tmp_path, render(board())).path
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o664


def test_every_publication_is_newer_to_a_client_that_compares_doubles(tmp_path: Path) -> None:
    """If this fails, two quick publications look like one and the second is never loaded."""
    data = render(board(scorer=Mode.ON))
    seen = [os.path.getmtime(publish(tmp_path, data).path) for _ in range(50)]  # noqa: PTH204
    assert all(earlier < later for earlier, later in pairwise(seen))


def test_a_clock_that_went_back_does_not_hide_a_publication(tmp_path: Path) -> None:
    """If this fails, a kill after the clock was corrected backwards is never seen."""
    path = publish(tmp_path, render(board(scorer=Mode.ON))).path
    future = 4_102_444_800_000_000_000  # the year 2100
    os.utime(path, ns=(future, future))
    publication = publish(tmp_path, render(board(scorer=Mode.OFF)))
    assert publication.published
    assert path.stat().st_mtime > future / 1e9


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """If this fails, a client can load a torn file while a switch moves."""
    boards = [render(board(scorer=mode, other=Mode.ON)) for mode in Mode]
    path = publish(tmp_path, boards[0]).path
    writing = Thread(target=lambda: [publish(tmp_path, data) for data in boards * 25])
    writing.start()
    seen = set()
    while writing.is_alive():
        seen.add(path.read_bytes())
    writing.join()
    assert seen <= set(boards)
    assert len(seen) > 1


def test_a_home_that_is_gone_is_told(tmp_path: Path) -> None:
    """If this fails, a kill that could not be published ends in a traceback or in silence."""
    with pytest.raises(StoreUnavailable):
        publish(tmp_path / "gone", render(board()))
    with pytest.raises(CheckFailed):
        read(tmp_path / NAME)
    (tmp_path / NAME).mkdir()
    with pytest.raises(StoreUnavailable):
        read(tmp_path / NAME)
