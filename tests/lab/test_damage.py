"""Single bytes changed at random: detected, harmless or repaired, never unnoticed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.lab.damage import SOUND, rain
from tests.lab.scene import Lab


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 30), pytest.param(2, 2_000, marks=pytest.mark.slow)]
)
def test_no_changed_byte_goes_unnoticed(lab: Lab, seed: int, count: int) -> None:
    """If it fails, a bad sector or a single bit changes what is read, or ends in a traceback."""
    flips = list(rain(lab, seed, count))
    assert [flip for flip in flips if flip.outcome not in SOUND] == []
    assert sorted(flip.number for flip in flips) == list(range(count))
    outcomes = Counter(flip.outcome for flip in flips)
    assert set(outcomes) == set(SOUND), outcomes
    assert {flip.outcome for flip in flips if flip.file.startswith("journal/")} == {"detected"}
    assert {flip.outcome for flip in flips if flip.file.startswith("vault/")} == {"detected"}
