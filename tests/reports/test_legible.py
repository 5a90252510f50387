from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.legible import legible_except


@given(st.text(st.characters(codec=None)))
def test_nothing_unseen_is_left(text: str) -> None:
    """If it fails, a name can hide text, reorder its surroundings or break the file's encoding."""
    shown = legible_except(())(text)
    unseen = {c for c in shown if category(c).startswith("C") or category(c) in {"Zl", "Zp"}}
    assert unseen <= set("\n\t\u200c\u200d")
    assert legible_except(())(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller & Søn, 模型, مدل", "Müller & Søn, 模型, مدل"),
        ("safe\u202egnp.exe", "safe[U+202E]gnp.exe"),
        ("two\nlines\x00", "two\nlines[U+0000]"),
        ("ﬁne \U0001f600", "ﬁne [U+1F600]"),
    ],
)
def test_only_what_cannot_be_shown_becomes_a_code(text: str, shown: str) -> None:
    """If it fails, ordinary names of any script are disfigured, or a dangerous one is not."""
    assert legible_except({0x1F600})(text) == shown
