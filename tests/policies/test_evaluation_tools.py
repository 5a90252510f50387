"""Files that promptfoo, lm-evaluation-harness and Inspect wrote themselves, unchanged."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from ledger.errors import InvalidInput
from policies.evaluations.case import Case, suite_digest
from policies.evaluations.comparing import Baseline, compare
from policies.evaluations.content import read_content
from policies.evaluations.reading import read_results
from policies.evaluations.taxonomy import failure_of
from tests.people import raising

FILES = Path(__file__).parent / "evaluations"
ALL_RIGHT = FILES / "all-right.eval"
ONE_WRONG = FILES / "one-wrong.eval"


def cases(name: str) -> tuple[Case, ...]:
    """Read one file."""
    return read_results([FILES / name]).cases


def test_inspects_archive_is_read_as_it_is_packed_by_default() -> None:
    """If it fails, no log that Inspect writes today can be entered."""
    found = read_results([ONE_WRONG])
    assert [(file.format, file.cases) for file in found.files] == [("inspect", 3)]
    assert [(case.id, case.passed, case.score) for case in found.cases] == [
        ("capitals/France", True, 1.0),
        ("capitals/Peru", False, 0.0),
        ("capitals/Fiji", True, 1.0),
    ]
    peru = found.cases[1]
    assert (peru.expected, peru.output, peru.tokens) == ("Lima", "Cusco", 11)
    assert (peru.category, peru.language, peru.suite) == ("capitals", "en", "accuracy")


def test_two_runs_of_inspect_asked_the_same() -> None:
    """If it fails, a version is never compared, for messages have other ids in every run."""
    before, after = cases("all-right.eval"), cases("one-wrong.eval")
    assert suite_digest(before) == suite_digest(after)
    found = compare(after, Baseline("baseline", "before", "", "", before), "0.05", 1)
    assert (found.pairs, found.changed, found.regressions) == (3, 0, ("accuracy/capitals/Peru",))


@pytest.mark.parametrize("at", range(0, 10_000, 197))
def test_a_damaged_archive_is_never_another_result(tmp_path: Path, at: int) -> None:
    """If it fails, a byte that flipped turns a wrong answer into a right one, or is a traceback."""
    data = bytearray(ONE_WRONG.read_bytes())
    data[at] ^= 0x55
    path = tmp_path / "log.eval"
    path.write_bytes(data)
    try:
        found = read_results([path])
    except InvalidInput:
        return
    assert found.cases == cases("one-wrong.eval")  # the byte is of what is not read


def test_a_member_that_is_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    """If it fails, a small archive unpacks to more than memory holds."""
    content = read_content(ONE_WRONG)
    assert content.archive is not None
    size = content.archive.getinfo("header.json").file_size
    data = ONE_WRONG.read_bytes()
    path = tmp_path / "log.eval"
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (size - 1).to_bytes(4, "little")))
    with ZipFile(path) as archive:
        assert archive.getinfo("header.json").file_size == size - 1
    assert "header.json is damaged" in raising(InvalidInput, lambda: read_results([path]))


@pytest.mark.parametrize("name", ["promptfoo.json", "promptfoo.jsonl"])
def test_promptfoos_files_are_read_with_a_prompt_that_has_no_label(name: str) -> None:
    """If it fails, the usual file of promptfoo is refused, or its prompt stands in the record."""
    found = cases(name)
    assert [(case.suite, case.passed, case.error) for case in found] == [
        ("functional", True, False),
        ("functional", False, False),
        ("security", True, False),
        ("functional", False, True),
        ("adversarial", False, False),
    ]
    assert {len(case.prompt_version or "") for case in found} == {12}
    assert (found[2].refused, found[2].should_refuse, found[2].category) == (True, True, "weapons")
    assert (failure_of(found[1]), found[4].category) == ("format failure", "prompt-extraction")


def test_lm_evals_samples_agree_with_its_results() -> None:
    """If it fails, a run of lm-evaluation-harness with two filters is refused, or counts twice."""
    found = read_results([FILES / file.name for file in sorted(FILES.glob("*2026-11*"))])
    assert found.totals == ()
    passed = dict.fromkeys(("sums", "spelled"), 0)
    for case in found.cases:
        passed[case.id.partition("/")[0]] += bool(case.passed)
    assert (len(found.cases), passed) == (8, {"sums": 1, "spelled": 4})
    (results,) = FILES.glob("results_*")
    assert {(t.name, t.n, t.passed) for t in read_results([results]).totals} == {
        ("sums", 4, 1),
        ("spelled", 4, 4),
    }
