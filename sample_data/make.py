"""Make the credit decisions of the demo: 200,000 rows of a bank's log, with a planted bias.

`python -m sample_data.make FOLDER` writes `credit_decisions.csv` there;
`python -m sample_data.make --state` rewrites what is kept in the repository: the sample of 500
rows, the file with malformed rows, and `planted.yaml`, which states every figure to expect.

What is planted:
- Quality (the points an applicant deserves) does not depend on sex, and `repaid` is drawn from
  quality alone. Version 2.0.4 scores quality with an unbiased error.
- Version 2.1.0, in service from 3 November 2025, takes `DEDUCTIONS` off the score of women, most
  from the youngest. At equal creditworthiness they are declined more often: the impact ratio of
  the whole log is 0.78 for sex and below 0.65 for women aged 18-29, and the gap in true-positive
  rates is above 0.10. Over version 2.0.4 alone nothing is to be found.
- Some notes carry e-mail addresses, card numbers and credentials (`sample_data/notes.py`).

Rows are the same bytes on every machine: the generator gives uniform numbers only, and what is
made of them uses nothing but the exactly rounded operations of IEEE 754 (no `exp`, no `log`).
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from sample_data.figures import COLUMNS, Row, state
from sample_data.notes import notes

SEED = 20250901
ROWS = 200_000
LATE_ROWS = 12
SAMPLE_STEP = 400
CUT_OFF = 600

FIRST_DAY = date(2025, 9, 1)
LAST_DAY = date(2026, 3, 31)
OLD_VERSION, NEW_VERSION = "2.0.4", "2.1.0"
NEW_VERSION_DAY = date(2025, 11, 3)
BANK_HOLIDAYS = frozenset(
    {date(2025, 12, 24), date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1)}
)
WEEKDAY_LOAD = (12, 11, 10, 10, 9)  # Monday to Friday: what was sent at the weekend waits

SEXES = {"female": 0.48, "male": 0.52}
AGE_BANDS = {"18-29": 0.27, "30-44": 0.30, "45-59": 0.26, "60+": 0.17}
REGIONS = {"capital": 0.29, "north": 0.18, "south": 0.24, "east": 0.13, "west": 0.16}
CHANNELS = {"app": 0.41, "web": 0.27, "branch": 0.21, "broker": 0.11}

AGE_POINTS = {"18-29": -4, "30-44": 0, "45-59": 3, "60+": 1}
DEDUCTIONS = {"18-29": 76, "30-44": 38, "45-59": 14, "60+": 6}

# The last lines of the late batch, damaged as exports are: see `damaged`.
DAMAGE = {3: "too few columns", 7: "a time that does not exist", 10: "no decision_id"}

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]


def pick(uniform: Floats, shares: Mapping[str, float]) -> Texts:
    """Turn uniform numbers into names that occur in the given shares (which sum to 1)."""
    bounds = np.cumsum(list(shares.values()))[:-1]
    names: Texts = np.array(list(shares), dtype=object)[np.searchsorted(bounds, uniform, "right")]
    return names


def bell(rng: np.random.Generator, size: int) -> Floats:
    """Draw bell-shaped numbers: mean 0, variance 1, bounds +-3.46 (a sum of four uniforms)."""
    total = rng.random(size) + rng.random(size) + rng.random(size) + rng.random(size)
    scaled: Floats = (total - 2.0) * np.sqrt(3.0)
    return scaled


def business_days() -> list[date]:
    """List the days on which the bank decides: weekdays from first to last but bank holidays."""
    span = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [d for d in span if d.weekday() < len(WEEKDAY_LOAD) and d not in BANK_HOLIDAYS]


def times(rng: np.random.Generator, size: int) -> npt.NDArray[np.datetime64]:
    """Draw ascending decision times (UTC, whole seconds), 06:00 to 20:00, busiest at 13:00."""
    days = business_days()
    load = np.cumsum([WEEKDAY_LOAD[d.weekday()] for d in days])
    index = np.searchsorted(load, rng.random(size) * load[-1], "right")
    seconds = (6 + 7 * (rng.random(size) + rng.random(size))) * 3600
    midnights = np.array(days, dtype="datetime64[s]")[index]
    return np.sort(midnights + seconds.astype("timedelta64[s]"))


def decisions(seed: int = SEED) -> list[Row]:
    """Make all decisions in order of time, `ROWS` of them and the late batch of `LATE_ROWS`."""
    size = ROWS + LATE_ROWS
    rng = np.random.Generator(np.random.PCG64(seed))
    decided = times(rng, size)
    version = np.where(decided < np.datetime64(NEW_VERSION_DAY), OLD_VERSION, NEW_VERSION)
    applicant = (rng.random(size) * 2**40).astype(np.int64)
    sex, age = pick(rng.random(size), SEXES), pick(rng.random(size), AGE_BANDS)
    region, channel = pick(rng.random(size), REGIONS), pick(rng.random(size), CHANNELS)

    means = bell(rng, size)
    income = np.maximum(32_000 * (1 + 0.22 * means) ** 2, 9_600).astype(np.int64)
    debt_percent = (2 + 35 * (rng.random(size) + rng.random(size))).astype(np.int64)
    age_points = np.array([AGE_POINTS[band] for band in age])
    quality = 675 + 36 * means - 1.6 * debt_percent + age_points + 52 * bell(rng, size)
    repaid = rng.random(size) < np.clip(0.72 + (quality - 600) / 400, 0.05, 0.98)

    deducted = (sex == "female") & (version == NEW_VERSION)
    deduction = np.where(deducted, np.array([DEDUCTIONS[band] for band in age]), 0)
    score = np.clip(quality + 18 * bell(rng, size) - deduction, 300, 850).astype(np.int64)

    columns: dict[str, Iterable[str | int]] = {
        "decision_id": (f"cs-{number:08d}" for number in range(1, size + 1)),
        "decided_at": np.datetime_as_string(decided, timezone="UTC").tolist(),
        "model_version": version.tolist(),
        "applicant_id": (f"ap-{number:010x}" for number in applicant.tolist()),
        "sex": sex.tolist(),
        "age_band": age.tolist(),
        "region": region.tolist(),
        "channel": channel.tolist(),
        "income": income.tolist(),
        "debt_ratio": (f"{percent / 100:.2f}" for percent in debt_percent.tolist()),
        "score": score.tolist(),
        "approved": (score >= CUT_OFF).astype(np.int64).tolist(),
        "repaid": repaid.astype(np.int64).tolist(),
        "note": notes(rng.random(size)),
    }
    return list(zip(*(columns[name] for name in COLUMNS), strict=True))


def damaged(rows: Sequence[Row]) -> list[Sequence[str | int]]:
    """Return the late batch with the three rows of `DAMAGE` made unreadable."""
    batch: list[Sequence[str | int]] = list(rows)
    short, unreal, nameless = DAMAGE
    batch[short] = batch[short][:6]
    batch[unreal] = (batch[unreal][0], "2026-02-30T25:61:00Z", *batch[unreal][2:])
    batch[nameless] = ("", *batch[nameless][1:])
    return batch


def as_csv(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Write rows as CSV under the header: UTF-8, comma, quotes where needed, newline LF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def write_decisions(path: Path, seed: int = SEED) -> int:
    """Write the log of the demo to `path` (about 20 MB); return the number of its rows."""
    rows = decisions(seed)[:ROWS]
    path.write_bytes(as_csv(rows))
    return len(rows)


def write_kept(folder: Path) -> None:
    """Write what the repository keeps: the sample, the malformed file and `planted.yaml`."""
    rows = decisions()
    log, late = rows[:ROWS], rows[ROWS:]
    sample = log[::SAMPLE_STEP]
    (folder / "credit_decisions_sample.csv").write_bytes(as_csv(sample))
    (folder / "credit_decisions_bad.csv").write_bytes(as_csv(damaged(late)))
    planted = {
        "seed": SEED,
        "approved_from_score": CUT_OFF,
        "deducted_from_women_by_version_2_1_0": DEDUCTIONS,
        "credit_decisions.csv": {
            "sha256": sha256(as_csv(log)).hexdigest(),
            **state(log, versions=(OLD_VERSION, NEW_VERSION)),
        },
        "credit_decisions_sample.csv": state(sample),
        "credit_decisions_bad.csv": {
            "rows": LATE_ROWS,
            "good": LATE_ROWS - len(DAMAGE),
            "bad_lines": {index + 2: reason for index, reason in DAMAGE.items()},
        },
    }
    text = yaml.safe_dump(planted, sort_keys=False, default_flow_style=None, width=100)
    head = "# What is planted in the sample data, and what an audit of it must find.\n"
    head += "# Written by `python -m sample_data.make --state`.\n"
    (folder / "planted.yaml").write_text(head + text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.make", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("folder", nargs="?", type=Path, help="where credit_decisions.csv goes")
    target.add_argument("--state", action="store_true", help="rewrite what the repository keeps")
    options = parser.parse_args(arguments)
    if options.state:
        write_kept(Path(__file__).parent)
    else:
        options.folder.mkdir(parents=True, exist_ok=True)
        write_decisions(options.folder / "credit_decisions.csv")


if __name__ == "__main__":
    main()
