"""Files of results: every format read as it is meant, and nothing read of a file that is wrong."""

from __future__ import annotations

import json
import os
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sample_data
from ledger.errors import InvalidInput
from policies.evaluations.case import Case, suite_digest, without_texts
from policies.evaluations.reading import Results, read_results
from policies.evaluations.taxonomy import class_of, count_failures, failure_of
from sample_data.make_suites import write_suites
from tests.people import raising

SUITES = Path(sample_data.__file__).parent / "suites"
PROMPTFOO = SUITES / "redteam.promptfoo.json"
INSPECT = SUITES / "handover.inspect.json"
(SAMPLES,) = SUITES.glob("samples_*.jsonl")
(TOTALS,) = SUITES.glob("results_*.json")
OWN = SUITES / "support-assistant-0.9.1.jsonl"


def written(folder: Path, content: Any, name: str = "results.json") -> Path:
    """Write a document, or of a list a line each."""
    path = folder / name
    lines = content if isinstance(content, list) else [content]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def archive(folder: Path, log: dict[str, Any], how: int = ZIP_DEFLATED) -> Path:
    """Write a log of Inspect as its archive."""
    path = folder / "log.eval"
    header = {name: value for name, value in log.items() if name != "samples"}
    with ZipFile(path, "w", how) as made:
        made.writestr("_journal/start.json", json.dumps({"eval": header["eval"]}))
        for sample in log["samples"]:
            made.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
        made.writestr("header.json", json.dumps(header))
    return path


def read(*paths: Path, **asked: Any) -> Results:
    """Read files."""
    return read_results(paths, **asked)


def test_the_samples_are_what_their_script_writes(tmp_path: Path) -> None:
    """If it fails, nobody can tell what is planted in the sample suites."""
    made = {path.name: path.read_bytes() for path in write_suites(tmp_path)}
    assert made == {path.name: path.read_bytes() for path in SUITES.iterdir()}


@pytest.mark.parametrize("mark", [b"", BOM_UTF8])
def test_lines_of_our_own_are_read_whole(tmp_path: Path, mark: bytes) -> None:
    """If it fails, a case loses something that its line states, or Windows' files are refused."""
    path = tmp_path / OWN.name
    path.write_bytes(mark + OWN.read_bytes())
    found = read(path)
    assert [(file.format, file.cases) for file in found.files] == [("cases", 840)]
    assert found.prompt_versions == ["support-7"]
    lines = [json.loads(line) for line in OWN.read_text().splitlines()]
    for case, line in zip(found.cases, lines, strict=True):
        stated = {name: getattr(case, name) for name in line}
        assert stated == line


def test_promptfoo_is_read_as_it_is_meant(tmp_path: Path) -> None:
    """If it fails, an attack that worked counts as withstood, or an error as an answer."""
    found = read(PROMPTFOO)
    assert [file.format for file in found.files] == ["promptfoo"]
    assert [case.id for case in found.cases if not case.passed] == ["test-3", "test-9"]
    first = found.cases[0]
    assert (first.suite, first.category) == ("adversarial", "prompt-extraction")
    assert (first.latency_ms, first.tokens, first.refused) == (700.0, 210, True)
    assert first.prompt_version == "support-7"
    result = {
        "promptIdx": 0,
        "testIdx": 4,
        "testCase": {
            "vars": {"q": "x"},
            "assert": [{"type": "is-json"}, {"type": "not-is-refusal"}],
            "metadata": {"suite": "regression", "language": "fr", "origin": "test-1"},
        },
        "vars": {"q": "x"},
        "prompt": {"raw": "Say x"},
        "provider": {"id": "p"},
        "response": {"output": "x", "cached": True},
        "success": False,
        "score": 0.5,
        "latencyMs": 3,
        "failureReason": 1,
        "gradingResult": {
            "pass": False,
            "componentResults": [
                {"pass": True, "assertion": {"type": "not-is-refusal"}},
                {"pass": False, "assertion": {"type": "is-json"}},
            ],
        },
    }
    failed = {**result, "testIdx": 5, "failureReason": 2, "error": "timeout", "score": 0}
    repeated = written(tmp_path, [result, result, failed])
    one, again, broken = read(repeated).cases
    assert (one.id, again.id) == ("test-4", "test-4/2")
    assert (one.suite, one.language, one.origin) == ("regression", "fr", "test-1")
    assert (one.should_refuse, one.refused, failure_of(one)) == (False, False, "format failure")
    assert (one.latency_ms, one.input, one.score) == (None, '{"q":"x"}', 0.5)
    assert (broken.error, broken.succeeded, broken.failed) == (True, False, False)
    for document in ({"results": {"results": [result]}}, {"results": [result], "stats": {}}):
        assert read(written(tmp_path, document)).cases == (one,)
    two = {**result, "provider": {"id": "other"}}
    assert "2 providers" in raising(InvalidInput, lambda: read(written(tmp_path, [result, two])))


@pytest.mark.parametrize("how", [ZIP_DEFLATED, ZIP_LZMA])
def test_inspect_is_read_from_both_of_its_forms(tmp_path: Path, how: int) -> None:
    """If it fails, a log and the archive of the same log are two evaluations."""
    found = read(INSPECT)
    zipped = read(archive(tmp_path, json.loads(INSPECT.read_text()), how))
    assert zipped.cases == found.cases
    assert {file.format for file in (*found.files, *zipped.files)} == {"inspect"}
    assert [case.id for case in found.cases if case.passed is False] == ["5", "12"]
    first = found.cases[0]
    assert (first.suite, first.category, first.tokens) == ("functional", "handover", 90)
    assert (first.latency_ms, first.expected, first.output) == (800.0, "handover", "handover")


@pytest.mark.parametrize(
    ("value", "passed", "score"),
    [("C", True, 1.0), ("P", False, 0.5), ("I", False, 0.0), ("N", False, 0.0), (True, True, 1.0),
     (0, False, 0.0), (1.0, True, 1.0), (0.7, None, 0.7)],
)  # fmt: skip
def test_grades_of_inspect(tmp_path: Path, value: Any, passed: bool | None, score: float) -> None:
    """If it fails, a partly right answer counts as right, or a score as a verdict."""
    log = json.loads(INSPECT.read_text())
    log["samples"] = [{**log["samples"][0], "scores": {"match": {"value": value}}, "epoch": 2}]
    log["results"]["scores"] = [{"scorer": [], "name": {}}]  # a damaged header: the first is taken
    (case,) = read(written(tmp_path, log)).cases
    assert (case.passed, case.score, case.id) == (passed, score, "1/2")


@pytest.mark.parametrize("scores", [{}, {"match": {"value": None}}, {"match": {"value": []}}])
def test_a_sample_of_inspect_without_a_score_is_refused(tmp_path: Path, scores: Any) -> None:
    """If it fails, a sample that nobody scored is left out unseen, or the file is to blame."""
    log = json.loads(INSPECT.read_text())
    log["samples"][2]["scores"] = scores
    said = raising(InvalidInput, lambda: read(written(tmp_path, log)))
    assert "sample 3 has no score" in said


def test_an_unfinished_run_of_inspect_is_refused(tmp_path: Path) -> None:
    """If it fails, whoever stops a run in time chooses its result."""
    log = json.loads(INSPECT.read_text())
    for status in ("started", "error", "cancelled"):
        unfinished = written(tmp_path, {**log, "status": status})
        assert "did not finish" in raising(InvalidInput, lambda: read(unfinished))  # noqa: B023 - called at once
    path = archive(tmp_path, log)
    with ZipFile(path) as whole:
        members = [(name, whole.read(name)) for name in whole.namelist() if name != "header.json"]
    with ZipFile(path, "w") as partial:
        for name, data in members:
            partial.writestr(name, data)
    assert "did not finish" in raising(InvalidInput, lambda: read(path))


def test_samples_of_lm_eval_agree_with_their_results(tmp_path: Path) -> None:
    """If it fails, samples of one run pass under the results of another."""
    found = read(SAMPLES, TOTALS)
    assert [file.format for file in found.files] == ["lm-eval", "lm-eval"]
    assert (len(found.cases), found.totals) == (60, ())
    assert sum(case.passed is True for case in found.cases) == 56
    assert found.cases[0].id == "articles/0"
    (total,) = read(TOTALS).totals
    assert (total.name, total.n, total.passed) == ("articles", 60, 56)
    document = json.loads(TOTALS.read_text())
    document["results"]["articles"]["exact_match,none"] = 57 / 60
    other = written(tmp_path, document)
    assert "57 right of 60" in raising(InvalidInput, lambda: read(SAMPLES, other))
    document["results"]["articles"]["exact_match,none"] = 0.951
    assert "no number of" in raising(InvalidInput, lambda: read(written(tmp_path, document)))


def test_only_the_first_filter_of_lm_eval_counts(tmp_path: Path) -> None:
    """If it fails, every question counts once for each way of reading its answer."""
    rows = [
        {
            "doc_id": at,
            "filtered_resps": ["x"],
            "filter": kind,
            "exact_match": float(kind == "strict"),
        }
        for at in range(3)
        for kind in ("strict", "flexible")
    ]
    found = read(written(tmp_path, rows, "samples_gsm8k_2026-01-01T00-00-00.jsonl"))
    assert [(case.id, case.passed) for case in found.cases] == [
        (f"gsm8k/{at}", True) for at in range(3)
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": "a", "passed": True}], "which suite"),
        ([{"id": "a", "suite": "speed", "passed": True}], "suite"),
        ([{"id": "a", "suite": "load", "passd": True}], "passd"),
        ([{"id": "a", "suite": "load"}], "neither whether it passed"),
        ([{"id": "a", "suite": "load", "passed": "yes"}], "passed"),
        ([{"id": "a", "suite": "load", "passed": True, "error": True}], "ended in an error"),
        ([{"id": "a", "suite": "load", "passed": True, "latency_ms": -1}], "latency_ms"),
        ([{"id": "a", "suite": "load", "passed": True, "input_digest": "ab"}], "input_digest"),
        ([{"id": "a\nb", "suite": "load", "passed": True}], "id"),
        ([{"id": "", "suite": "load", "passed": True}], "id"),
        ([{"id": "a", "suite": "load", "passed": True}] * 2, "2 cases with the id a"),
        ([{"name": "a"}], "format is not known"),
        ([[1]], "no test case"),
        ([3], "no test case"),
        ([], "no test case"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(tmp_path: Path, rows: list[Any], said: str) -> None:
    """If it fails, a misspelt field is silently left out of the measure that it is for."""
    path = written(tmp_path, rows, "cases.jsonl")
    with pytest.raises(InvalidInput) as error:
        read(path)
    assert said in error.value.message
    assert error.value.hint


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    """If it fails, somebody looks for a missing bracket in a million lines."""
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "suite": "load", "passed": true}\n\n{"id": \n')
    assert "cases.jsonl, line 3" in raising(InvalidInput, lambda: read(path))


def test_folders_are_read_whole_and_other_files_are_not(tmp_path: Path) -> None:
    """If it fails, a folder of results is evaluated in part, or not at all for a note beside it."""
    (tmp_path / "README.md").write_text("Results of the night")
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).mkdir()
        row = {"id": name, "suite": "load", "passed": True}
        written(tmp_path / name, row, "x.jsonl" if name != ".hidden" else ".x.jsonl")
    assert [case.id for case in read(tmp_path).cases] == ["a", "b"]
    empty = tmp_path / "empty"
    empty.mkdir()
    raising(InvalidInput, lambda: read(empty))
    raising(InvalidInput, lambda: read(tmp_path / "nothing"))


def test_the_suite_of_a_case_is_the_files_then_the_persons(tmp_path: Path) -> None:
    """If it fails, cases are judged by the limit of another suite."""
    rows = [{"id": "a", "suite": "security", "passed": True}, {"id": "b", "passed": True}]
    found = read(written(tmp_path, rows), suite="regression", prompt_version="7")
    assert [case.suite for case in found.cases] == ["security", "regression"]
    assert found.prompt_versions == ["7"]
    assert {case.suite for case in read(SAMPLES, suite="load").cases} == {"load"}
    assert {case.suite for case in read(SAMPLES).cases} == {"accuracy"}


def test_digests_stand_for_texts() -> None:
    """If it fails, the same suite has another identity once its texts are left out."""
    cases = read(OWN).cases
    bare = [without_texts(case) for case in cases]
    assert suite_digest(bare) == suite_digest(reversed(cases))
    assert not any(case.input or case.expected or case.output for case in bare)
    old = read(SUITES / "support-assistant-0.9.0.jsonl").cases
    assert suite_digest(old) == suite_digest(c for c in cases if c.suite == "functional")
    other = Case(id=old[0].id, suite="functional", passed=True, input="Something else?")
    assert suite_digest([other, *old[1:]]) != suite_digest(old)


def test_failures_are_classed_by_label_alone() -> None:
    """If it fails, a class is guessed, or a known label is lost in `other`."""
    assert [class_of(label) for label in ("Hallucinated", "off-topic", "over_refusal", "x")] == [
        "hallucination",
        "irrelevance",
        "refusal error",
        "other",
    ]
    cases = [
        Case(id="1", passed=False, failure="format"),
        Case(id="2", passed=False, refused=True, should_refuse=False),
        Case(id="3", passed=False, output="I made this up, it is a hallucination."),
        Case(id="4", passed=True, failure="hallucination"),
        Case(id="5", error=True, failure="hallucination"),
    ]
    assert count_failures(cases) == {"format failure": 1, "refusal error": 1, "not stated": 1}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
DOCUMENTS = {
    "promptfoo": json.loads(PROMPTFOO.read_text()),
    "inspect": json.loads(INSPECT.read_text()),
    "results": json.loads(TOTALS.read_text()),
    "samples": [json.loads(line) for line in SAMPLES.read_text().splitlines()[:4]],
    "own": [json.loads(line) for line in OWN.read_text().splitlines()[216:224]],
}
DOCUMENTS["promptfoo"]["results"]["results"] = DOCUMENTS["promptfoo"]["results"]["results"][:3]
DOCUMENTS["inspect"]["samples"] = DOCUMENTS["inspect"]["samples"][:3]


def damaged(data: st.DataObject, value: Any) -> Any:
    """Put anything in the place of some part, or leave a part out."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 4)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = data.draw(st.sampled_from(keys))
        changed = value.copy()
        if not data.draw(st.integers(0, 5)):
            del changed[key]
        else:
            changed[key] = damaged(data, value[key])
        return changed
    return data.draw(ANYTHING)


def accepted_or_explained(path: Path) -> None:
    """Read a file that may be wrong."""
    try:
        found = read(path)
    except InvalidInput as error:
        said = (error.message, error.hint)
        found = None
    assert (found.cases or found.totals) if found else all(said)
    assert suite_digest(found.cases if found else ())


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_malformed_document_is_explained(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """If it fails, a file that another program wrote wrongly is a traceback."""
    path = tmp_path / "samples_x.json"
    content = damaged(data, DOCUMENTS[name])
    lines = content if name in {"samples", "own"} and isinstance(content, list) else [content]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    accepted_or_explained(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_explained(tmp_path: Path, data: bytes) -> None:
    """If it fails, somebody who names the wrong file sees a traceback."""
    path = tmp_path / "any"
    path.write_bytes(data)
    accepted_or_explained(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_archive_is_explained(tmp_path: Path, data: st.DataObject) -> None:
    """If it fails, a log that was cut off or altered in transit is a traceback."""
    path = archive(tmp_path, DOCUMENTS["inspect"])
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.just(len(whole)) | st.integers(5, len(whole)))
    path.write_bytes(bytes(whole[:cut]))
    accepted_or_explained(path)


def test_nesting_without_end_is_explained(tmp_path: Path) -> None:
    """If it fails, a few kilobytes of brackets end the program."""
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    raising(InvalidInput, lambda: read(path))


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "a", "suite": "load", "passed": true, "category": "\\ud800"}',
        '{"success": true, "testIdx": 0, "promptIdx": [1], "vars": ' + "[" * 300 + "]" * 300 + "}",
        '{"success": true, "testIdx": 0, "promptIdx": [1], "testCase": {"assert": [{"type": []}]}}',
        '{"doc_id": 1, "resps": [], "metrics": [{}, []]}',
        '{"doc_id": 1, "resps": [], "acc": 1' + "0" * 400 + "}",
        '{"success": true, "testIdx": 0, "score": NaN, "latencyMs": 1e400}',
    ],
)
def test_what_parsers_let_pass_is_explained(tmp_path: Path, line: str) -> None:
    """If it fails, half a character, a deep nest or a list for a word is a traceback."""
    path = tmp_path / "any.jsonl"
    path.write_text(line)
    accepted_or_explained(path)


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    """If it fails, a name that is no text keeps an evaluation from being entered."""
    path = tmp_path / os.fsdecode(b"r\xffe\ns.jsonl")
    path.write_text('{"id": "a", "suite": "load", "passed": true}')
    assert read(path).files[0].name == "r?e?s.jsonl"
