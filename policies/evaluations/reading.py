"""Files of results, recognised by what is in them, as cases.

What a file says of a case's suite is heard first, then what the person says, then what the format
is used for as a rule. Nothing is read of a file that is wrong anywhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ledger.errors import InvalidInput
from ledger.registers.evaluations import Suite
from policies.evaluations import inspect_ai, lm_eval, promptfoo
from policies.evaluations.case import Case, Total
from policies.evaluations.content import Content, read_content

OWN = "cases"
MOST_FILES = 100
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".eval")
_FORMATS = (inspect_ai, promptfoo, lm_eval)


@dataclass(frozen=True)
class ReadFile:
    """A file that was read: its name without folders, format, SHA-256, and number of cases."""

    name: str
    format: str
    sha256: str
    cases: int


@dataclass(frozen=True)
class Results:
    """Everything that the files say; `totals` are of cases that none of them lists."""

    cases: tuple[Case, ...]
    totals: tuple[Total, ...]
    files: tuple[ReadFile, ...]

    @property
    def prompt_versions(self) -> list[str]:
        """Every version of a prompt that a case names, sorted."""
        return sorted({case.prompt_version for case in self.cases if case.prompt_version})


def read_results(
    paths: Sequence[Path], suite: Suite | None = None, prompt_version: str | None = None
) -> Results:
    """Read files, and those in folders that are called as results are.

    `suite` and `prompt_version` are of cases without one. Raises InvalidInput: nothing there, not
    to be read, malformed, of no known format, or two cases of a suite with one id.
    """
    contents = [read_content(path) for path in _files(paths)]
    cases: list[Case] = []
    totals: list[Total] = []
    files = []
    for content in contents:
        read = _cases(content, suite, prompt_version)
        stated = list(lm_eval.totals(content))
        files.append(ReadFile(content.name, _format(content), content.sha256, len(read)))
        cases += read
        totals += stated
    if not cases and not totals:
        raise InvalidInput(
            "The files hold no test case.", "Give results: quaestor audit evaluate --help"
        )
    _require_unique(cases)
    return Results(tuple(cases), tuple(_unlisted(cases, totals)), tuple(files))


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(filter(_is_named, path.rglob("*"))) if path.is_dir() else [path]
    if not found:
        raise InvalidInput(
            "There is no file to read.",
            "Name files, or a folder that holds some: .json, .jsonl, .eval",
        )
    if len(found) > MOST_FILES:
        raise InvalidInput(
            f"{len(found)} files are too many for one evaluation.",
            f"Give at most {MOST_FILES}, or put several into one.",
        )
    return list(dict.fromkeys(found))


def _is_named(path: Path) -> bool:
    """Whether a file in a folder is called as results are."""
    return path.is_file() and path.suffix in _SUFFIXES and not path.name.startswith(".")


def _format(content: Content) -> str:
    known: str | None = next((each.NAME for each in _FORMATS if each.recognises(content)), None)
    if known:
        return known
    if content.lines and "id" in content.lines[0]:
        return OWN
    raise content.wrong(
        "its format is not known.",
        "Known are JSON lines with an id each, and files of promptfoo, lm-evaluation-harness and "
        "Inspect: quaestor audit evaluate --help",
    )


def _cases(content: Content, suite: Suite | None, prompt_version: str | None) -> list[Case]:
    name = _format(content)
    source = next((each for each in _FORMATS if name == each.NAME), None)
    rows: Iterable[dict[str, Any]] = content.lines if source is None else source.read(content)
    otherwise = suite or (source.SUITE if source else None)
    return [
        _case(content, number, row, otherwise, prompt_version)
        for number, row in enumerate(rows, start=1)
    ]


def _case(
    content: Content,
    number: int,
    row: dict[str, Any],
    suite: str | None,
    prompt_version: str | None,
) -> Case:
    where = f"case {number}" + (f" ({row['id']})" if isinstance(row.get("id"), str) else "")
    given = {**row, "suite": row.get("suite") or suite}
    given["prompt_version"] = row.get("prompt_version") or prompt_version
    try:
        case = msgspec.convert(given, Case)
    except msgspec.ValidationError as error:
        raise content.wrong(
            f"{where}: {error}.".replace("..", "."),
            "The fields of a case are in docs/evaluations.md.",
        ) from error
    if case.suite is None:
        raise content.wrong(f"{where} does not say of which suite it is.", "Say it: --kind KIND")
    if not case.error and case.passed is None and case.score is None:
        raise content.wrong(
            f"{where} says neither whether it passed nor a score.", "State one of them."
        )
    if case.error and case.passed:
        raise content.wrong(f"{where} passed and ended in an error.", "State one of them.")
    return case


def _require_unique(cases: Iterable[Case]) -> None:
    counts = Counter((case.suite, case.id) for case in cases)
    (suite, name), most = counts.most_common(1)[0] if counts else ((None, ""), 0)
    if most > 1:
        raise InvalidInput(
            f"The {suite} suite has {most} cases with the id {name}.",
            "Give every case of a suite an id of its own, and each file once.",
        )


def _unlisted(cases: Iterable[Case], totals: Iterable[Total]) -> Iterable[Total]:
    """The totals of tasks without cases; InvalidInput where cases say something else."""
    listed: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        listed[lm_eval.task_of(case.id)].append(case)
    for total in totals:
        found = listed.get(total.name)
        if found is None:
            yield total
            continue
        counted = (len(found), sum(case.passed is True for case in found))
        if all(case.passed is not None for case in found) and counted != (total.n, total.passed):
            raise InvalidInput(
                f"Of {total.name} the results state {total.passed} right of {total.n}, the samples "
                f"{counted[1]} of {counted[0]}.",
                "Give the samples of the same run.",
            )
