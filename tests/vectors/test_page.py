"""docs/record-format.md held against the code that it specifies."""

from __future__ import annotations

import re

from ledger import verification, verify
from ledger.entry import MAX_BYTES, MAX_DEPTH, SIGNATURE_CONTEXT
from ledger.keys import REQUEST_CONTEXT
from ledger.kinds import Kind
from ledger.registers.switches import ORDER_CONTEXT
from reports.evidence import FORMAT
from tests.vectors.kinds_table import PAGE

TEXT = PAGE.read_bytes().decode()


def test_checks_have_the_numbers_of_the_verifier() -> None:
    """If it failed, a problem named by its check could not be looked up on the page."""
    code = re.findall(r"^ ?(\d)\. (\w+) {2,}(.+)$", verify.__doc__ or "", re.MULTILINE)
    page = re.findall(r"^(\d)\. \*\*(\w+)\*\*: (.+)\.$", TEXT.replace("`", ""), re.MULTILINE)
    code = [(number, name, what.replace("`", "")) for number, name, what in code]
    assert len(code) == 9
    assert page == code


def test_steps_have_the_numbers_of_the_verification() -> None:
    """If it failed, the code's step numbers would point to other steps on the page."""
    steps = re.findall(r"^(\d)\. ", verification.__doc__ or "", re.MULTILINE)
    last = TEXT.partition("Of a home, as numbered")[2]
    assert re.findall(r"^(\d)\. ", last, re.MULTILINE) == steps == list("1234567")


def test_the_page_states_the_constants() -> None:
    """If it failed, an implementer would sign other bytes, or refuse what we accept."""
    for context in (SIGNATURE_CONTEXT, REQUEST_CONTEXT, ORDER_CONTEXT):
        assert context.endswith(b"\0")
        assert f'`"{context[:-1].decode()}" || 0x00 ||`' in TEXT
    assert f"{MAX_BYTES:,} bytes" in TEXT
    assert f"{MAX_DEPTH} levels deep" in TEXT
    assert FORMAT in TEXT


def test_every_kind_has_its_preconditions() -> None:
    """If it failed, an independent implementation would accept what we refuse."""
    table = TEXT.partition("**Preconditions.**")[2].partition("**Registers**")[0]
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", table))
    rest = {kind for kind in Kind if kind.startswith("model.")}
    assert set(Kind) <= named | rest
