"""Every system call of an append and of a kill fails in turn, and nothing acknowledged is lost.

The calls are learnt from one traced run. Then each fails before it takes effect (the disk is full,
the device fails), or the process dies as it enters it: after the call before it took effect.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from ledger.registers.switches import SwitchRow
from ledger.verification import verify
from tests.faults.injecting import Fault, Trial, run_traced, why_not
from tests.ledger.stopping import board
from tests.ledger.test_crash import sound, versions
from tests.people import MODEL, World, copy, seqs_of, size_of
from tests.workers import Workers

JOBS = {"append": ("emil", ("append_many", "f", "1")), "kill": ("cora", ("stop", MODEL))}
SAMPLE = {"append": 17, "kill": 41}
"""One fault in so many is tried in the suite; `make crash-lab` tries all."""


@pytest.fixture(autouse=True, scope="module")
def _tracing() -> None:
    reason = why_not()
    if reason:
        pytest.skip(f"no fault can be injected here: {reason}")


def faults_of(template: World, workers: Workers, folder: Path, job: str) -> list[Fault]:
    """Every fault that a job can meet, learnt from a run without one."""
    actor, what = JOBS[job]
    world = copy(template, folder / "learning")
    trial = run_traced(workers, world, actor, what, folder / "learning.log")
    assert len(trial.lines) == 1, trial.lines
    calls = trial.calls(world.folder)
    names = {call.name for call in calls}
    assert {"write", "pwrite64", "fsync", "openat"} <= names, names
    return [Fault(call, what) for call in calls for what in call.faults]


def problems_after(
    template: World, workers: Workers, folder: Path, job: str, fault: Fault
) -> list[str]:
    """What is wrong after a fault; empty if nothing is."""
    actor, what = JOBS[job]
    world = copy(template, folder / "world")
    trial = run_traced(workers, world, actor, what, folder / "log", *fault.options)
    problems = [] if trial.hit else ["the fault did not happen"]
    problems += [line for line in trial.lines if line.startswith("defect")]
    problems += _CHECKS[job](world, trial)
    problems += [f"{problem.check}: {problem.message}" for problem in sound(world, actor)]
    world.person("emil").note("afterwards")
    if seqs_of(world.stranger()) != list(range(size_of(world.stranger()))):
        problems.append("the sequence is not dense")
    if verify(world.person("ann").book).problems:
        problems.append("it does not verify afterwards")
    return problems


def appended_wrongly(world: World, trial: Trial) -> list[str]:
    """Whether what was acknowledged is recorded, and what was refused is not."""
    recorded = versions(world.stranger())
    said = trial.lines[0].split(" ") if trial.lines else []
    if not {"1.0"} <= recorded.keys():
        return ["an older entry is lost"]
    if said[:1] == ["error"] and "f.0" in recorded:
        return [f"it is recorded, though it was told: {trial.lines[0]}"]
    if said[:1] == ["f.0"] and recorded.get("f.0") != int(said[1]):
        return ["what was acknowledged is lost"]
    return []


def stopped_wrongly(world: World, trial: Trial) -> list[str]:
    """Whether what was told to be stopped is stopped, and recorded where that was told."""
    said = trial.lines[0].split(" ") if trial.lines else ["killed"]
    stopped = board(world)[MODEL] == "off"
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(SwitchRow, MODEL)
    recorded = row is not None and row.mode == "off"
    if said[0] == "on" and not stopped:
        return ["it was told to be stopped, and is on"]
    if said[0] == "on" and said[1] != "None" and not recorded:
        return ["it was told to be recorded, and is not"]
    if recorded and board(world)[MODEL] != "off":
        return ["it is recorded as stopped, and is on"]
    return []


_CHECKS: dict[str, Callable[[World, Trial], list[str]]] = {
    "append": appended_wrongly,
    "kill": stopped_wrongly,
}


def try_all(
    template: World, workers: Workers, folder: Path, job: str, *, one_in: int = 1
) -> list[str]:
    """Try the faults of a job; list what was wrong after which."""
    faults = faults_of(template, workers, folder, job)
    tried = faults[::one_in]
    found = []
    started = monotonic()
    for number, fault in enumerate(tried):
        trial = folder / str(number)
        trial.mkdir()
        problems = problems_after(template, workers, trial, job, fault)
        found += [f"{fault}\n    {problem}" for problem in problems]
    took = monotonic() - started
    sys.stdout.write(f"\n{job}: {len(tried)} of {len(faults)} faults in {took:.0f} s\n")
    return found


@pytest.mark.parametrize("job", JOBS)
def test_some_faults_of_each_job_do_no_harm(
    template: World, workers: Workers, tmp_path: Path, job: str
) -> None:
    """If it fails, a full or failing disk loses entries, invents them, or keeps a model running."""
    assert try_all(template, workers, tmp_path, job, one_in=SAMPLE[job]) == []


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_every_fault_of_each_job_does_no_harm(
    template: World, workers: Workers, tmp_path: Path, job: str
) -> None:
    """If it fails, there is a call at which a full or failing disk, or a death, does harm."""
    assert try_all(template, workers, tmp_path, job) == []
