from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import CheckFailed
from ledger.vault import ERASED, Vault, sealed_values

PLACE = "incident/inc-1|note"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Give an empty vault."""
    return Vault(tmp_path, "ab" * 32)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_read_back_where_it_was_sealed(vault: Vault, text: str) -> None:
    """If it failed, personal texts would be lost or garbled."""
    key_id = vault.new_key()
    assert vault.open(PLACE, vault.seal(key_id, PLACE, text)) == text


def test_a_ciphertext_says_nothing_without_its_key(vault: Vault) -> None:
    """If it failed, entries would hold personal texts in clear, or equal ones would show."""
    key_id = vault.new_key()
    one, two = (vault.seal(key_id, PLACE, "Ada Lovelace") for _ in range(2))
    assert one["data"] != two["data"]
    assert "Ada" not in str(one)
    assert len(vault.path(key_id).read_bytes()) == 32


def test_a_damaged_key_shows_without_a_ciphertext(vault: Vault) -> None:
    """If it failed, a bad sector would erase a text, and nobody would know before reading it."""
    one, two = vault.new_key(), vault.new_key()
    assert vault.whole(one)
    for damaged in (b"", vault.path(one).read_bytes()[:-1], vault.path(two).read_bytes()):
        vault.path(one).write_bytes(damaged)
        assert not vault.whole(one)
    vault.path(one).unlink()
    assert not vault.whole(one)
    assert vault.whole(two)


def test_an_erased_text_is_gone_wherever_it_was_copied(vault: Vault) -> None:
    """If it failed, erasure would leave something to read."""
    key_id = vault.new_key()
    copies = [vault.seal(key_id, PLACE, "Ada Lovelace") for _ in range(3)]
    raw = vault.path(key_id).read_bytes()
    vault.destroy(key_id)
    vault.destroy(key_id)
    assert not vault.has(key_id)
    assert [vault.open(PLACE, copy) for copy in copies] == [ERASED] * 3
    assert not any(raw in path.read_bytes() for path in vault.folder.iterdir())


def test_a_ciphertext_opens_in_its_own_place_only(vault: Vault) -> None:
    """If it failed, a text could be moved to another person, field or ledger unnoticed."""
    key_id = vault.new_key()
    sealed = vault.seal(key_id, PLACE, "text")
    with pytest.raises(CheckFailed):
        vault.open("incident/inc-2|note", sealed)
    with pytest.raises(CheckFailed):
        Vault(vault.folder, "cd" * 32).open(PLACE, sealed)
    for data in ("AAAA", "", sealed["data"][:-8] + "AAAAAAA=", "?"):
        with pytest.raises(CheckFailed):
            vault.open(PLACE, {**sealed, "data": data})


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "", "AB" * 16, "ab" * 15, "ab" * 16 + "\n"])
def test_a_key_id_cannot_name_another_file(vault: Vault, key_id: str) -> None:
    """If it failed, an entry could make erasure destroy a file outside the vault."""
    with pytest.raises(CheckFailed):
        vault.destroy(key_id)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, 0),
        ({"reason": None, "note": {"vault": "ab" * 16, "data": "x"}}, 1),
        ({"effect": {"body": {"name": {"vault": "ab" * 16, "data": "x"}}}}, 1),
        ({"list": [{"vault": "ab" * 16, "data": "x"}, {"vault": "cd" * 16, "data": "y"}]}, 2),
        ({"vault": [], "data": 1}, 0),
        ({"vault": {"vault": "ab" * 16, "data": "x"}, "data": 1}, 1),
        ({"vault": "not a key", "data": "x"}, 0),
    ],
)
def test_ciphertexts_are_found_wherever_they_stand(body: dict[str, Any], found: int) -> None:
    """If it failed, a missing vault key would go unnoticed, or a strange body break us."""
    assert len(sealed_values(body)) == found
