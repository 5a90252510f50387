"""E-mail addresses and payment card numbers, as they stand in text.

Every pattern is linear in the text: no unbounded repetition can be entered at more than one place.
"""

from __future__ import annotations

import re
from collections import Counter

EMAIL, CARD = "[redacted:email]", "[redacted:card]"

# Addresses as people write them, Unicode letters included.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]++@(?:[\w-]++\.)+[^\W\d_]{2,}+")

# A run of digits that may be a card number: not part of a word, a longer number or a fraction,
# and not negative.
_RUN = re.compile(
    r"(?<![0-9A-Za-z_])(?<![^A-Za-z]\.)(?<!^\.)(?<![^0-9A-Za-z]-)(?<!^-)[2-6](?=[0-9]{3})"
)
_END = r"(?![0-9A-Za-z_])(?!\.[0-9]*[1-9])"
_UNSPACED = re.compile(rf"[0-9]{{13,19}}(?:\.0+)?{_END}")
# Digits of a card number that needs no word before it: shorter ones are mostly numbers of articles
# (EAN), longer ones ids.
FEWEST, MOST = 14, 16
_LOOKED_BACK = 60
_CARD_WORD = re.compile(
    r"(?ai)card|karte|carte\b|tarjeta|carta\b|kaart|(?<![a-z])(?:pan|ccn?)(?![a-z])|union ?pay"
)
_FORMS = tuple(
    re.compile(form + _END)
    for form in (
        r"[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{3}",
        r"[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}",
        r"[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}",
    )
)
# Issuer identification numbers (ISO/IEC 7812) with the lengths in use.
_ISSUED = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15})"  # Visa
    r"|5[1-5][0-9]{14}"  # Mastercard
    r"|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}"  # Discover
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"  # JCB
    r"|3(?:0[0-5]|095|[689][0-9])[0-9]{11}|36[0-9]{12}"  # Diners Club
    r"|62[0-9]{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12}"  # Maestro
)


def without_emails(text: str, counts: Counter[str]) -> str:
    """Replace the e-mail addresses in a text."""
    if "@" in text:
        text, found = _EMAIL.subn(EMAIL, text)
        counts["email"] += found
    return text


def is_card(digits: str) -> bool:
    """Whether digits are a payment card number: issuer, length and Luhn check digit."""
    if not _ISSUED.fullmatch(digits):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _card_at(text: str, start: int, words: str) -> re.Match[str] | None:
    """The card number that begins at a place, if one does."""
    number = _UNSPACED.match(text, start)
    if number is not None and is_card(digits := number[0].partition(".")[0]):
        sure = FEWEST <= len(digits) <= MOST
        return number if sure or speaks_of_card(words) or speaks_of_card(text, start) else None
    found = (form.match(text, start) for form in _FORMS)
    return next((each for each in found if each and is_card(re.sub("[ -]", "", each[0]))), None)


def speaks_of_card(text: str, end: int | None = None) -> bool:
    """Whether words say that a card number comes next; `end` is where it would begin."""
    end = len(text) if end is None else end
    return _CARD_WORD.search(text, max(0, end - _LOOKED_BACK), end) is not None


def without_cards(text: str, words: str, counts: Counter[str]) -> str:
    """Replace the payment card numbers in a text that stands under a key of these words."""
    out, end = [], 0
    for run in _RUN.finditer(text):
        if run.start() < end:
            continue
        number = _card_at(text, run.start(), words)
        if number is not None:
            out += [text[end : run.start()], CARD]
            end = number.end()
    counts["card"] += len(out) // 2
    return "".join([*out, text[end:]]) if out else text
