"""Register rows, tiles and keys changed, the record left as it is."""

from __future__ import annotations

import base64
from hashlib import sha256

from tests.forging import sql
from tests.lab.attack import Attack, Caught
from tests.lab.scene import Scene
from tests.people import MODEL, OTHER_MODEL


def edit_a_register_row(scene: Scene) -> Caught:
    """Screens and reports name another owner, though nobody entered one."""
    sql(scene.home, "UPDATE model SET owner = 'mallory' WHERE model = ?", MODEL)
    return Caught("registers", scene.version("1.5") + 1, f"model/{MODEL}")


def switch_a_model_on_in_the_register(scene: Scene) -> Caught:
    """A stopped model is on, for whoever asks the database."""
    ((seq,),) = sql(scene.home, "SELECT seq FROM switch WHERE model = ?", OTHER_MODEL)
    sql(scene.home, "UPDATE switch SET mode = 'on' WHERE model = ?", OTHER_MODEL)
    return Caught("registers", seq, f"switch/{OTHER_MODEL}")


def delete_an_audit_from_the_register(scene: Scene) -> Caught:
    """An audit that failed is in no report."""
    sql(scene.home, "DELETE FROM audit WHERE audit = 'aud-1'")
    return Caught("registers", scene.seq("audit.completed"), "audit/aud-1")


def promote_oneself_in_the_register(scene: Scene) -> Caught:
    """Whom the register calls admin may do anything from now on."""
    ((seq,),) = sql(scene.home, "SELECT seq FROM actor WHERE actor = 'emil'")
    sql(scene.home, "UPDATE actor SET roles = '[\"admin\"]' WHERE actor = 'emil'")
    return Caught("registers", seq, "actor/emil")


def add_a_key_to_the_register(scene: Scene) -> Caught:
    """A key that nobody enrolled signs for an admin."""
    sql(scene.home, "INSERT INTO key SELECT 'AAAA', * EXCLUDE public_key FROM key LIMIT 1")
    return Caught("registers", None, "key/AAAA")


def swap_a_key_in_the_register(scene: Scene) -> Caught:
    """An admin's key is the attacker's from now on."""
    own = base64.b64encode(sha256(b"mallory").digest()).decode()
    ((old, seq),) = sql(scene.home, "SELECT public_key, seq FROM key WHERE actor = 'ada'")
    sql(scene.home, "UPDATE key SET public_key = ? WHERE actor = 'ada'", own)
    return Caught("registers", seq, f"key/{old}")


def double_a_register_row(scene: Scene) -> Caught:
    """A model is counted twice."""
    sql(scene.home, "INSERT INTO model SELECT * FROM model WHERE model = ?", OTHER_MODEL)
    return Caught("registers", None, f"model/{OTHER_MODEL}")


def drop_a_register(scene: Scene) -> Caught:
    """A register that is not there has nothing to hide."""
    seq = scene.seq("audit.completed")
    sql(scene.home, "DROP TABLE audit")
    return Caught("registers", seq, "audit/aud-1")


def edit_the_role_matrix_in_the_register(scene: Scene) -> Caught:
    """Auditors may enter anything, as far as the database knows."""
    ((matrix,),) = sql(scene.home, "SELECT matrix FROM ledger")
    assert '"model.' in matrix
    sql(scene.home, "UPDATE ledger SET matrix = replace(matrix, '\"model.', '\"modem.')")
    return Caught("registers", 0, f"ledger/{_ledger_id(scene)}")


def replace_the_report_ca_in_the_register(scene: Scene) -> Caught:
    """Reports signed under another authority are the organisation's own."""
    sql(scene.home, "UPDATE ledger SET ca_fingerprint = repeat('00', 32)")
    return Caught("registers", 0, f"ledger/{_ledger_id(scene)}")


def edit_a_tile(scene: Scene) -> Caught:
    """Proofs are made from hashes that are not the entries'."""
    ((hashes,),) = sql(scene.home, "SELECT hashes FROM tile WHERE level = 0")
    bent = bytes(hashes[:40]) + bytes([hashes[40] ^ 1]) + bytes(hashes[41:])
    sql(scene.home, "UPDATE tile SET hashes = ? WHERE level = 0", bent)
    return Caught("tree", 1, "tile/0/0")


def _ledger_id(scene: Scene) -> str:
    ((ledger_id,),) = sql(scene.home, "SELECT ledger_id FROM ledger")
    return str(ledger_id)


ATTACKS: tuple[Attack, ...] = (
    edit_a_register_row,
    switch_a_model_on_in_the_register,
    delete_an_audit_from_the_register,
    promote_oneself_in_the_register,
    add_a_key_to_the_register,
    swap_a_key_in_the_register,
    double_a_register_row,
    drop_a_register,
    edit_the_role_matrix_in_the_register,
    replace_the_report_ca_in_the_register,
    edit_a_tile,
)
