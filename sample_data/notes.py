"""The free-text notes of the sample decisions, and what is planted in them.

Every address is in a domain reserved for examples (RFC 2606), every card number is one that
payment networks publish for testing (each passes the Luhn check, ISO/IEC 7812-1, annex B), and
the access key is the one that Amazon prints in its own documentation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NOTE_SHARE = 0.06
ORDINARY = (
    "Payslips for three months seen at the branch.",
    "Applicant asked for 48 months, not 60.",
    "Self-employed: last two tax assessments checked.",
    "Called back, no answer; decision sent by post.",
    'Purpose given as "kitchen, second-hand car".',
    "Spouse's income not counted, as requested.",
    "Résumé of household budget attached.",
    "Existing loan will be repaid from this one.",
)

EMAILS = 40
CARDS = (
    "4111 1111 1111 1111",
    "4242424242424242",
    "5555-5555-5555-4444",
    "378282246310005",
    "6011 1111 1111 1117",
    "5105105105105100",
    "4012888888881881",
    "5454545454545454",
    "5200828282828210",
    "4000 0566 5566 5556",
    "6011000990139424",
    "371449635398431",
)
CREDENTIALS = (
    "Import failed, rerun by hand with AKIAIOSFODNN7EXAMPLE.",
    "Register lookup was down, used password=Zeppelin-4711 on the old terminal.",
)
EMAIL_TEXTS = (
    "Send the offer to applicant{number}@example.com instead of by post.",
    "Broker (desk-{number}@broker.example.net) asks for an answer today.",
    "New address: home.{number}@mail.example.org, confirmed by telephone.",
)
CARD_TEXTS = (
    "Applicant read out card {card} as proof of the account.",
    "Repayments to be taken from card {card}, applicant agrees.",
)


def planted() -> dict[int, tuple[str, str]]:
    """Return what is planted by row: its class (email, card, credential) and the note.

    Plants stand at even distances, so that a sample of every 400th row holds some of each.
    """
    emails = [EMAIL_TEXTS[k % len(EMAIL_TEXTS)].format(number=k + 1) for k in range(EMAILS)]
    cards = [CARD_TEXTS[k % len(CARD_TEXTS)].format(card=card) for k, card in enumerate(CARDS)]
    return {
        **{800 + 4_600 * k: ("email", note) for k, note in enumerate(emails)},
        **{2_400 + 15_800 * k: ("card", note) for k, note in enumerate(cards)},
        **{48_400 + 90_300 * k: ("credential", note) for k, note in enumerate(CREDENTIALS)},
    }


def notes(uniform: npt.NDArray[np.float64]) -> list[str]:
    """Return one note a row: mostly empty, some ordinary, and the planted ones in their places."""
    kind = np.where(uniform < NOTE_SHARE, uniform / NOTE_SHARE * len(ORDINARY), len(ORDINARY))
    texts: list[str] = np.array([*ORDINARY, ""], dtype=object)[kind.astype(np.int64)].tolist()
    for row, (_, text) in planted().items():
        texts[row] = text
    return texts
