"""Bank accounts and national identity numbers, as they stand in text.

Rules kept here:
- an account counts by country, length and check digits (ISO 13616);
- a national number counts only where something says that it is one (a word before it, or its key),
  since one random number in ten has right check digits; those without check digits, only where the
  word is their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date

ACCOUNT, IDENTITY = "[redacted:bank_account]", "[redacted:national_id]"

# Length of an IBAN by country: the SWIFT IBAN registry.
_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL FK SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK MN",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL OM SO",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTH = {country: length for length, names in _LENGTHS.items() for country in names.split()}
_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}"
    r"(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
)

SOCIAL = r"ssn|social[ _-]?security|soc\.? sec"
INSURANCE = r"nino|national[ _-]?insurance"
_STATED = (
    rf"{SOCIAL}|{INSURANCE}|dni|nie|nif|bsn|burgerservicenummer|sofinummer|pesel"
    r"|steuer[ _-]?(?:id|ident)[a-z-]*|idnr|tax[ _-]?(?:id|number|no)|tin|nir|insee"
    r"|s[eé]curit[eé][ _]sociale|personnummer|pnr|national[ _-]?(?:id|number|identity)[a-z]*"
    r"|identity[ _-]?(?:number|card|no)"
)


def _digits(text: str) -> list[int]:
    return [int(sign) for sign in text if sign.isascii() and sign.isdigit()]


def is_account(text: str) -> bool:
    """Whether text is an IBAN: length of its country, and mod 97 (ISO 13616)."""
    iban = text.replace(" ", "")
    if _LENGTH.get(iban[:2]) != len(iban):
        return False
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def _spanish(text: str) -> bool:
    """DNI or NIE: the letter is that of the number modulo 23."""
    bare = text.replace("-", "").upper().translate(str.maketrans("XYZ", "012", ""))
    number, letter = bare[:-1], text[-1].upper()
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == letter


def _dutch(text: str) -> bool:
    """BSN: the weighted sum (9 to 2, and -1) is divisible by 11."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    digits = _digits(text)
    return any(digits) and sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 == 0


def _polish(text: str) -> bool:
    """PESEL: a date with the century in its month, and weights 1 3 7 9."""
    digits = _digits(text)
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[int(text[2:4]) // 20]
    if not _is_date(century + int(text[:2]), int(text[2:4]) % 20, int(text[4:6])):
        return False
    weights = (1, 3, 7, 9) * 2 + (1, 3, 1)
    return sum(w * d for w, d in zip(weights, digits, strict=True)) % 10 == 0


def _german(text: str) -> bool:
    """Steuer-ID: of ten digits one stands two or three times; ISO 7064 mod 11,10."""
    digits = _digits(text)
    repeated = sorted(Counter(digits[:10]).values(), reverse=True)
    if digits[0] == 0 or repeated[0] not in {2, 3} or repeated[1] > 1:
        return False
    product = 10
    for digit in digits[:10]:
        product = ((product + digit) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10]


def _french(text: str) -> bool:
    """NIR: the key is 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    bare = re.sub(r"[ .-]", "", text).upper().replace("2A", "19").replace("2B", "18")
    return 97 - int(bare[:13]) % 97 == int(bare[13:])


def _swedish(text: str) -> bool:
    """Personnummer: a date (or one 60 days later), and a Luhn digit over the last ten."""
    digits = _digits(text)[-10:]
    month, day = digits[2] * 10 + digits[3], digits[4] * 10 + digits[5]
    if not _is_date(2000, month, day - 60 if day > 60 else day):  # noqa: PLR2004 - as documented
        return False
    return sum(sum(divmod(d * (2 - i % 2), 10)) for i, d in enumerate(digits)) % 10 == 0


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


_NIR = (
    r"[12][ .]?[0-9]{2}[ .]?[0-9]{2}[ .]?(?:[0-9]{2}|2[ABab])[ .]?[0-9]{3}[ .]?[0-9]{3}"
    r"[ .-]?[0-9]{2}"
)
_EDGE, _END = r"(?<![0-9A-Za-z])(?<![0-9][.,-])", r"(?![0-9A-Za-z])(?![.,-][0-9])"
# What each looks like, and whether one that looks so is one. SSN: 20 CFR 422.103, areas in use.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (re.compile(f"{_EDGE}(?:{shape}){_END}", re.ASCII), check)
    for shape, check in (
        (r"[0-9]{8}-?[A-Za-z]|[XYZxyz]-?[0-9]{7}-?[A-Za-z]", _spanish),
        (r"[0-9]{9}", _dutch),
        (r"[0-9]{11}", _polish),
        (r"[0-9]{11}|[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}", _german),
        (_NIR, _french),
        (r"(?:[0-9]{2})?[0-9]{6}[-+]?[0-9]{4}", _swedish),
    )
)
_SOCIAL = re.compile(
    rf"{_EDGE}(?!000|666|9)[0-9]{{3}}(?P<gap>[ -]?)(?!00)[0-9]{{2}}(?P=gap)(?!0000)[0-9]{{4}}{_END}"
)
_INSURANCE = re.compile(
    rf"{_EDGE}(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{{2}} ?[0-9]{{2}}"
    rf" ?[0-9]{{2}} ?[A-D]{_END}"
)
_GAP = 24  # characters between the word and the number that it is about
_BEFORE = re.compile(rf"(?i)(?<![a-z])(?:{_STATED})(?![a-z])[^0-9\n]{{0,{_GAP}}}$")
_BEFORE_SOCIAL = re.compile(rf"(?i)(?<![a-z])(?:{SOCIAL})(?![a-z])[^0-9\n]{{0,{_GAP}}}$")
_BEFORE_INSURANCE = re.compile(rf"(?i)(?<![a-z])(?:{INSURANCE})(?![a-z])[^0-9\n]{{0,{_GAP}}}$")
_REACH = 60  # characters before a number in which its word may stand


def without_accounts(text: str, counts: Counter[str]) -> str:
    """Replace the IBANs in a text."""

    def replaced(found: re.Match[str]) -> str:
        words = found[0].split(" ")
        # What follows an account may look like one more group of it.
        for end in range(len(words), 0, -1):
            if is_account(" ".join(words[:end])):
                counts["bank_account"] += 1
                return " ".join([ACCOUNT, *words[end:]])
        return found[0]

    return _ACCOUNT.sub(replaced, text)


def without_identities(text: str, key: str, counts: Counter[str]) -> str:
    """Replace the national numbers in a text that stands under `key` (words apart by spaces)."""

    def replacing(check: Callable[[str], bool], stated: re.Pattern[str]) -> Callable[..., str]:
        def replaced(found: re.Match[str]) -> str:
            before = found.string[max(0, found.start() - _REACH) : found.start()]
            alone = not before.strip() and stated.search(f"{key} ")
            if (alone or stated.search(before)) and check(found[0]):
                counts["national_id"] += 1
                return IDENTITY
            return found[0]

        return replaced

    for shape, check in _NUMBERS:
        text = shape.sub(replacing(check, _BEFORE), text)
    text = _SOCIAL.sub(replacing(lambda _text: True, _BEFORE_SOCIAL), text)
    return _INSURANCE.sub(replacing(lambda _text: True, _BEFORE_INSURANCE), text)
