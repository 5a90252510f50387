"""Sealed logs are held against their digests before they are measured, and only when needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sample_data
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.logs.formats import FORMATS, completed
from ledger.logs.importing import import_logs
from ledger.logs.proposing import propose
from policies.metrics.metering import measure
from policies.metrics.request import MetricsRequest
from tests.people import MODEL, OTHER_MODEL, World, copy, raising, size_of

LOGS = Path(sample_data.__file__).parent / "logs"
REQUEST = MetricsRequest(window=3_600)


@pytest.fixture(scope="module")
def stocked(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world with the loan agent's decisions and feedback. Not to be written to."""
    world = copy(template, tmp_path_factory.mktemp("stocked"))
    emil = world.person("emil")
    decisions, feedback = LOGS / "langfuse_loan_agent.jsonl", LOGS / "loan_agent_feedback.csv"
    import_logs(emil.book, emil.signer, MODEL, [decisions], completed(FORMATS["langfuse"], {}))
    answers = propose(feedback, kind="feedback")
    import_logs(emil.book, emil.signer, MODEL, [feedback], answers, kind="feedback")
    return world


@pytest.fixture
def world(stocked: World, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(stocked, tmp_path / "world")


def test_digests_are_computed_once_and_again_when_asked(world: World) -> None:
    """If it fails, every look at metrics reads gigabytes, or a file is never looked at."""
    book = world.person("emil").book
    before = size_of(world.stranger())
    first, second = (measure(book, MODEL, REQUEST)["files"] for _ in range(2))
    assert (first["computed"], first["remembered"]) == (2, 0)
    assert (second["computed"], second["remembered"]) == (0, 2)
    assert measure(book, MODEL, REQUEST, again=True)["files"]["computed"] == 2
    assert measure(world.stranger(), MODEL, REQUEST)["files"]["computed"] == 2
    assert measure(world.person("rosa").book, MODEL, REQUEST)["files"]["computed"] == 2
    assert size_of(world.stranger()) == before


@pytest.mark.parametrize("replaced", [False, True])
def test_a_changed_file_is_found_though_its_time_is_put_back(world: World, replaced: bool) -> None:
    """If it fails, forged decisions are measured because a file's time says it is the old one."""
    book = world.person("emil").book
    measure(book, MODEL, REQUEST)
    path = max(world.home.evidence.folder.glob("*.parquet"), key=lambda file: file.stat().st_size)
    seen, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if replaced:
        other = path.with_suffix(".new")
        other.write_bytes(data)
        other.replace(path)
    else:
        path.write_bytes(data)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    raising(CheckFailed, lambda: measure(book, MODEL, REQUEST))
    path.unlink()
    raising(CheckFailed, lambda: measure(book, MODEL, REQUEST))


def test_a_memory_that_cannot_be_read_is_none(world: World) -> None:
    """If it fails, a damaged file in the seat stops metrics, or vouches for files."""
    person = world.person("emil")
    measure(person.book, MODEL, REQUEST)
    (memory,) = person.seat.folder.glob("ledgers/*/checked-logs.json")
    memory.write_bytes(b'{"half')
    assert measure(person.book, MODEL, REQUEST)["files"]["computed"] == 2
    assert measure(person.book, MODEL, REQUEST)["files"]["remembered"] == 2


def test_a_model_without_decisions_has_no_metrics(world: World) -> None:
    """If it fails, a model that nothing was imported of has an error rate of nought."""
    book = world.person("emil").book
    raising(InvalidInput, lambda: measure(book, OTHER_MODEL, REQUEST))
    raising(Refused, lambda: measure(book, "nobody", REQUEST))


def test_the_samples_say_what_their_makers_planted(world: World) -> None:
    """If it fails, an import changed kind or columns on the way to a figure."""
    book = world.person("emil").book
    found = measure(book, MODEL, MetricsRequest(by=("prompt_version",)))
    total, groups = found["total"], found["groups"]
    assert (total["requests"], total["errors"]["hits"]) == (48, 3)
    assert [each["requests"] for each in groups] == [16, 32]
    assert (total["labels"]["hallucination"]["hits"], total["labels"]["hallucination"]["n"]) == (
        3,
        12,
    )
    assert total["labels"]["hallucination"]["finite_population_correction"] is True
    assert found["answers"]["without_decision"] == 0
