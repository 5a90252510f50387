"""The sample data are what `planted.yaml` states, counted here without the code that made them."""

import csv
import re
from collections import Counter
from datetime import UTC, date, datetime
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

import sample_data
from sample_data.make import ROWS, SAMPLE_STEP, decisions, write_decisions, write_kept

FOLDER = Path(sample_data.__file__).parent
PLANTED: dict[str, Any] = yaml.safe_load((FOLDER / "planted.yaml").read_text(encoding="utf-8"))
LOG, SAMPLE = PLANTED["credit_decisions.csv"], PLANTED["credit_decisions_sample.csv"]
CELLS = {("1", "1"): "tp", ("0", "1"): "fp", ("0", "0"): "tn", ("1", "0"): "fn"}

Records = list[dict[str, str]]


def read(path: Path) -> Records:
    """Read a CSV file as records of text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the log of the demo once for these tests."""
    path = tmp_path_factory.mktemp("log") / "credit_decisions.csv"
    write_decisions(path)
    return path


@pytest.fixture(scope="module")
def log(log_file: Path) -> Records:
    """Read the log's records."""
    return read(log_file)


@pytest.fixture(scope="module")
def sample() -> Records:
    """Read the kept sample's records."""
    return read(FOLDER / "credit_decisions_sample.csv")


def count(records: Records, by: str) -> dict[str, dict[str, int]]:
    """Count outcomes by group, in the form of `planted.yaml`."""
    columns = by.split(",")
    counts = Counter(
        (",".join(r[c] for c in columns), CELLS[r["repaid"], r["approved"]]) for r in records
    )
    groups = {group for group, _ in counts}
    cells = {g: {cell: counts[g, cell] for cell in CELLS.values()} for g in groups}
    return {g: {"n": sum(of.values()), **of} for g, of in cells.items()}


def chosen(records: Records, where: str | None) -> Records:
    """Apply one of the stated filters, all of which name a version."""
    if where is None:
        return records
    version = re.fullmatch(r"model_version = '([^']+)'", where)
    assert version
    return [r for r in records if r["model_version"] == version[1]]


def selected(group: dict[str, int]) -> Fraction:
    """Return a group's selection rate."""
    return Fraction(group["tp"] + group["fp"], group["n"])


def test_the_log_is_the_same_bytes_every_time(log_file: Path) -> None:
    """The stated figures, and every digest printed in the documents, would hold by luck only."""
    assert sha256(log_file.read_bytes()).hexdigest() == LOG["sha256"]


def test_another_seed_gives_other_decisions() -> None:
    """The seed would be ignored, and the test of sameness above would prove nothing."""
    assert decisions(seed=1)[:100] != decisions()[:100]


def test_kept_files_are_what_the_script_makes(tmp_path: Path) -> None:
    """What the repository keeps would no longer come from the script beside it."""
    write_kept(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["credit_decisions_bad.csv", "credit_decisions_sample.csv", "planted.yaml"]
    for name in made:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_stated_counts_are_those_of_the_files(log: Records, sample: Records) -> None:
    """An audit's figures would be held against figures that are themselves wrong."""
    for records, stated in ((log, LOG), (sample, SAMPLE)):
        assert len(records) == stated["rows"]
        for audit in stated["audits"]:
            assert count(chosen(records, audit["filter"]), audit["by"]) == audit["groups"]


def test_stated_ratios_follow_from_the_counts() -> None:
    """A ratio in `planted.yaml` would not be the one that its own counts give."""
    for audit in LOG["audits"] + SAMPLE["audits"]:
        groups = audit["groups"]
        rates = {g: selected(of) for g, of in groups.items()}
        tpr = [Fraction(of["tp"], of["tp"] + of["fn"]) for of in groups.values()]
        fpr = [Fraction(of["fp"], of["fp"] + of["tn"]) for of in groups.values()]
        low, high = min(rates.values()), max(rates.values())
        assert rates[audit["lowest"]] == low
        assert float(audit["impact_ratio"]) == pytest.approx(float(low / high), abs=6e-7)
        difference = float(audit["demographic_parity_difference"])
        assert difference == pytest.approx(float(high - low), abs=6e-7)
        odds = max(max(tpr) - min(tpr), max(fpr) - min(fpr))
        assert float(audit["equalized_odds_difference"]) == pytest.approx(float(odds), abs=6e-7)


def test_the_bias_is_planted_in_the_new_version_only(log: Records) -> None:
    """The demo would find nothing, or find it in the version that it rolls back to."""
    whole = count(log, "sex")
    ratio = selected(whole["female"]) / selected(whole["male"])
    assert Fraction("0.77") < ratio < Fraction("0.79")
    both = {g: selected(of) for g, of in count(log, "sex,age_band").items()}
    assert both["female,18-29"] / max(both.values()) < Fraction("0.65")
    tpr = {sex: Fraction(of["tp"], of["tp"] + of["fn"]) for sex, of in whole.items()}
    assert tpr["male"] - tpr["female"] > Fraction("0.10")
    old = [r for r in log if r["model_version"] == "2.0.4"]
    before = {g: selected(of) for g, of in count(old, "sex,age_band").items()}
    assert min(before.values()) / max(before.values()) > Fraction("0.9")


def test_women_repay_as_well_as_men(log: Records) -> None:
    """The difference in approvals could be explained by repayment and would be no bias."""
    repaid = {sex: Fraction(of["tp"] + of["fn"], of["n"]) for sex, of in count(log, "sex").items()}
    assert abs(repaid["female"] - repaid["male"]) < Fraction("0.005")


def test_every_row_of_the_log_is_good(log: Records) -> None:
    """The import of the demo would end with rows in quarantine."""
    assert all(None not in r and None not in r.values() for r in log)
    assert len({r["decision_id"] for r in log}) == len({r["applicant_id"] for r in log}) == ROWS
    for r in log:
        assert {r["approved"], r["repaid"]} <= {"0", "1"}
        assert (int(r["score"]) >= PLANTED["approved_from_score"]) == (r["approved"] == "1")
        assert int(r["income"]) > 0
        assert 0 <= float(r["debt_ratio"]) <= 1


def test_decisions_fall_on_business_days_in_order(log: Records) -> None:
    """The log would show a bank that decides on Sundays, or travels in time."""
    times = [datetime.strptime(r["decided_at"], "%Y-%m-%dT%H:%M:%S%z") for r in log]
    assert times == sorted(times)
    assert all(t.tzinfo == UTC for t in times)
    days = {t.date() for t in times}
    assert all(d.isoweekday() <= 5 for d in days)
    assert days.isdisjoint({date(2025, 12, 25), date(2026, 1, 1)})
    assert all(6 <= t.hour < 20 for t in times)


def luhn(digits: str) -> bool:
    """Check a number by ISO/IEC 7812-1, annex B."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def plants(records: Records) -> dict[str, int]:
    """Count what a careful reader would strike out, in whichever column it stands."""
    text = "\n".join("\n".join(record.values()) for record in records)
    numbers = re.findall(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])", text)
    return {
        "email": len(re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)),
        "card": sum(luhn(re.sub(r"\D", "", number)) for number in numbers),
        "credential": len(re.findall(r"\bAKIA[A-Z0-9]{16}\b|\bpassword=\S+", text)),
    }


def test_plants_are_exactly_those_stated(log: Records, sample: Records) -> None:
    """Redaction would be tested against a wrong number, or clean text would look like a card."""
    assert plants(log) == LOG["redactions"]
    assert plants(sample) == SAMPLE["redactions"]
    assert all(SAMPLE["redactions"].values())


def test_the_sample_is_part_of_the_log(log: Records, sample: Records) -> None:
    """What is tried on the sample would tell nothing about the log."""
    assert sample == log[::SAMPLE_STEP]


def test_three_rows_of_the_late_batch_are_bad(log: Records) -> None:
    """Quarantine would be shown on rows that are good, or on others than stated."""
    stated = PLANTED["credit_decisions_bad.csv"]
    with (FOLDER / "credit_decisions_bad.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    bad: dict[int, str] = {}
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            bad[line] = "too few columns"
        elif not row[0]:
            bad[line] = "no decision_id"
        else:
            try:
                datetime.fromisoformat(row[1])
            except ValueError:
                bad[line] = "a time that does not exist"
    assert bad == stated["bad_lines"]
    assert (len(rows), len(rows) - len(bad)) == (stated["rows"], stated["good"])
    assert {row[0] for row in rows}.isdisjoint(r["decision_id"] for r in log)
