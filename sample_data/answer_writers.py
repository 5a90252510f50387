"""What became of the loan agent's cases: officers' feedback, outcomes, and what it all used.

They answer the Langfuse log, by the ids of its observations, under the names that the bank's own
tools give their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from sample_data.loan_agent import CASES, FIRST, Case, compact, iso

Lines = Iterable[str]

_REVIEWED = 4  # every so many-th answer is read by a reviewer


def feedback(cases: Iterable[Case]) -> Lines:
    """What officers thought of two answers of three, and reviewers' labels of every fourth."""
    yield "observation_id,created_at,stars,helpful,complained,hallucinated,grounded"
    for case in cases:
        if case.answer is None:
            continue
        asked, reviewed = case.number % 3 != 1, case.number % _REVIEWED == 0
        if not asked and not reviewed:
            continue
        stars = 1 + (case.number * 7) % 5
        said = [str(stars), _word(stars >= 3), _word(stars == 1)] if asked else ["", "", ""]  # noqa: PLR2004 - of five stars
        # Reviewers found more to complain of under the first prompt.
        invented = case.number < 20 and case.number % 8 == 0  # noqa: PLR2004 - cases
        labels = [_word(invented), _word(not invented)] if reviewed else ["", ""]
        at = iso(case.ended + timedelta(minutes=4))
        yield ",".join([f"obs-{case.key}", at, *said, *labels])


def outcomes(cases: Iterable[Case]) -> Lines:
    """Whether the first instalment of decided cases came, two weeks later."""
    for case in cases:
        if case.decision is None:
            continue
        paid = int(case.score[2:]) + (case.number * 37) % 40 >= 70  # noqa: PLR2004 - of a score
        yield compact(
            {
                "request": f"obs-{case.key}",
                "observed_at": iso(case.at + timedelta(days=14)),
                "result": "paid" if paid else "missed",
                "sex": case.sex,
                "age_band": case.age_band,
                "approved": int(case.decision == "approve"),
            }
        )


def resources(cases: Iterable[Case]) -> Lines:
    """GPU hours and storage of the day, two rows an hour."""
    answered = [case.at for case in cases if case.answer is not None]
    yield "timestamp,service,quantity,unit,price"
    for number in range(CASES // 2):
        start = FIRST + timedelta(hours=number)
        busy = sum(start <= at < start + timedelta(hours=1) for at in answered)
        yield f"{iso(start)},gpu-pool,0.{busy * 5:02d},GPU hours,0.{busy * 14:03d}"
        yield f"{iso(start)},vector-index,12.5,GB hours,0.003"


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


WRITERS: Mapping[str, Callable[[Iterable[Case]], Lines]] = {
    "loan_agent_feedback.csv": feedback,
    "loan_agent_outcomes.jsonl": outcomes,
    "loan_agent_resources.csv": resources,
}
