"""The rest of a home's files: vault, evidence, switchboard, spool, issued reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ledger.registers.audits import AuditRow
from ledger.registers.erasures import ErasureRow
from ledger.registers.policies import PolicyRow
from ledger.registers.reports import ReportRow
from ledger.switchboard import Board, Mode, read, render
from reports.checking import check_report
from reports.issuing import issue_model_report
from reports.verify import ReportState
from tests.lab.attack import Attack, Caught
from tests.lab.scene import Scene, make_scene
from tests.people import MODEL, OTHER_MODEL
from tests.reports.sample import make_signer


def delete_a_vault_key(scene: Scene) -> Caught:
    """A personal text is gone, without an erasure on record."""
    key = _founders_vault_key(scene)
    key.unlink()
    return Caught("vault", 0)


def flip_a_bit_in_a_vault_key(scene: Scene) -> Caught:
    """A personal text can never be read again, though its key is there."""
    key = _founders_vault_key(scene)
    data = key.read_bytes()
    key.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    return Caught("vault", 0)


def put_an_erased_vault_key_back(scene: Scene) -> Caught:
    """What was erased can be read again, from a copy of the key."""
    key_id, key = scene.lab.erased
    (scene.home.vault / f"{key_id}.key").write_bytes(key)
    with scene.world.stranger().read() as snapshot:
        (row,) = snapshot.rows.where(ErasureRow, key_id=key_id)
    (scene.home.vault / f"{key_id}.key").write_bytes(key)  # reading destroyed it again
    return Caught("vault", row.seq, row.subject)


def edit_a_policy_in_evidence(scene: Scene) -> Caught:
    """The thresholds that audits were judged by were others."""
    with scene.world.stranger().read() as snapshot:
        row = snapshot.rows.get(PolicyRow, "thresholds")
    assert row is not None
    path = scene.home.evidence.path(row.content, "json")
    path.write_bytes(path.read_bytes().replace(b'"0.8"', b'"0.1"') + b" ")
    return Caught("evidence", row.seq, "policy/thresholds")


def delete_an_audits_result(scene: Scene) -> Caught:
    """What an audit found is gone; that there was one stays."""
    with scene.world.stranger().read() as snapshot:
        row = snapshot.rows.get(AuditRow, "aud-1")
    assert row is not None
    scene.home.evidence.path(row.result, "json").unlink()
    return Caught("evidence", row.seq, "audit/aud-1")


def forge_the_switchboard(scene: Scene) -> Caught:
    """A stopped model serves again, for every application at once."""
    board = read(scene.home.switchboard)
    modes = {**board.switches, OTHER_MODEL: Mode.ON}
    scene.home.switchboard.write_bytes(render(replace(board, switches=modes)))
    return Caught("switchboard", None, f"model/{OTHER_MODEL}")


def put_an_older_switchboard_back(scene: Scene) -> Caught:
    """Before it was stopped the model was on; that file was published, too."""
    board = read(scene.home.switchboard)
    modes: Mapping[str, Mode] = {**board.switches, OTHER_MODEL: Mode.ON}
    older = Board(modes, board.ledger, board.published_at, scene.seq("switch.killed"))
    scene.home.switchboard.write_bytes(render(older))
    return Caught("switchboard", None, f"model/{OTHER_MODEL}")


def put_another_ledgers_switchboard_in_place(scene: Scene) -> Caught:
    """A board that says the same today is another ledger's tomorrow."""
    board = read(scene.home.switchboard)
    scene.home.switchboard.write_bytes(render(replace(board, ledger="ab" * 32)))
    return Caught("switchboard", None)


def disable_a_flag(scene: Scene) -> Caught:
    """A disabled flag hands the question back to the application's default."""
    path = scene.home.switchboard
    path.write_bytes(path.read_bytes().replace(b"ENABLED", b"DISABLED"))
    return Caught("switchboard", None)


def delete_the_switchboard(scene: Scene) -> Caught:
    """Applications keep the last answer they had."""
    scene.home.switchboard.unlink()
    return Caught("switchboard", None)


def edit_an_issued_report(scene: Scene) -> Caught:
    """The copy in the home says something else than was signed."""
    row, path = _report(scene)
    path.write_bytes(path.read_bytes().replace(b"/Title", b"/Titel", 1) + b"\n")
    return Caught("report", row.seq, f"report/{row.report}")


def replace_the_report_ca(scene: Scene) -> Caught:
    """A report under an authority of the same name passes for the organisation's."""
    row, path = _report(scene)
    ahead = make_scene(scene.lab, scene.folder / "ahead")
    rosa = ahead.person("rosa")
    forger = make_signer("Bank", "rosa")
    forged = issue_model_report(rosa.book, rosa.signer, None, MODEL, pkcs12=forger)
    path.write_bytes(forged.path.read_bytes())
    check = check_report(path.read_bytes(), seat=scene.person("ann").seat)
    assert check.verdict == ReportState.UNTRUSTED, check.verdict
    return Caught("report", row.seq, f"report/{row.report}")


def _founders_vault_key(scene: Scene) -> Path:
    with scene.world.stranger().read() as snapshot:
        (entry,) = snapshot.entries(0, 1)
    key_id = entry.data.split(b'"vault":"')[1][:32].decode()
    return scene.home.vault / f"{key_id}.key"


def _report(scene: Scene) -> tuple[ReportRow, Path]:
    with scene.world.stranger().read() as snapshot:
        (row,) = snapshot.rows.where(ReportRow)
    return row, scene.home.reports / f"{row.report}.pdf"


ATTACKS: tuple[Attack, ...] = (
    delete_a_vault_key,
    flip_a_bit_in_a_vault_key,
    put_an_erased_vault_key_back,
    edit_a_policy_in_evidence,
    delete_an_audits_result,
    forge_the_switchboard,
    put_an_older_switchboard_back,
    put_another_ledgers_switchboard_in_place,
    disable_a_flag,
    delete_the_switchboard,
    edit_an_issued_report,
    replace_the_report_ca,
)
