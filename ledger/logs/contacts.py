"""Telephone numbers and internet addresses, as they stand in text.

Rules kept here:
- a number with a plus and a country is a telephone number; any other only where a word or a key
  says so;
- four numbers with dots are an address only where a word or a key says so, or if one of them has
  three digits and nothing speaks of a version.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter

PHONE, ADDRESS = "[redacted:phone]", "[redacted:ip]"

# Calling codes in use begin with these (ITU-T E.164 list); the rest is at least six digits.
_CODES = (
    r"(?:1|7|2(?:0|7|[1-6][0-9]|9[0-9])|3(?:[0123469]|[578][0-9])|4(?:[013-9]|2[0-9])"
    r"|5(?:[1-8]|[09][0-9])|6(?:[0-6]|[789][0-9])|8(?:[1246]|[05789][0-9])"
    r"|9(?:[0-58]|[679][0-9]))"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w+.,/*=^-])\+(?={_CODES})[1-9](?:[ ./()-]{{0,3}}[0-9]){{9,14}}(?![\w%])(?![.,][0-9])"
)
_PHONE_WORDS = (
    r"(?:(?:tele|télé)?phone|telefono?|teléfono|mobile?|cell|handy|whatsapp)s?|tel|fax|msisdn"
)
_NATIONAL = re.compile(
    r"(?<![\w.,+-])(?:\(0?[0-9]{1,4}\)[ ./-]?)?[0-9](?:[ ./-]{0,2}[0-9]){6,13}"
    r"(?![\w%])(?![.,][0-9])"
)
_BEFORE_PHONE = re.compile(
    rf"(?i)(?<![a-z])(?:{_PHONE_WORDS})(?:[ _-]?(?:number|no|nr|nummer))?\.?"
    r"(?:(?:\\*[\"'])?\s*[:=#]\s*(?:\\*[\"'])?|\s+(?:is|at)\s+|(?P<space>\s+))$"
)
_UNDER_PHONE = re.compile(rf"(?i)(?<![a-z])(?:{_PHONE_WORDS})(?: (?:number|no|nr|nummer))?$")
_DATE = re.compile(r"[0-9]{4}[-./][0-9]{2}[-./][0-9]{2}|[0-9]{2}[./-][0-9]{2}[./-][0-9]{4}")

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_FOUR = re.compile(
    rf"(?<![\w.+])(?<![A-Za-z0-9]/)(?<![\w.]-){_OCTET}(?:\.{_OCTET}){{3}}"
    r"(?![\w])(?!\.[0-9])(?!-[a-z])"
)
_SIX = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?::[0-9.]{7,15})?(?![\w:])")
_ADDRESS_WORDS = (
    r"ip(?:v4|v6)?|address|addr|host|client|remote|peer|server|forwarded(?:[ -]for)?|src|dst"
)
_BEFORE_ADDRESS = re.compile(rf"(?i)(?<![a-z])(?:{_ADDRESS_WORDS})(?![a-z])[^0-9A-Za-z]{{0,8}}$")
_VERSIONED = re.compile(
    r"(?i)(?<![a-z])(?:version|release|build|firmware|driver|ver|v)[^0-9A-Za-z]{0,4}$"
)
_PRIVATE_ENOUGH = 100  # an octet that no usual version has
_REACH = 40  # characters before a number in which its word may stand
_HEXTETS = 3
_HARDWARE = re.compile(r"(?:[0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{2}")  # EUI-48, EUI-64


def without_phones(text: str, key: str, counts: Counter[str]) -> str:
    """Replace the telephone numbers in a text that stands under `key`."""

    def international(found: re.Match[str]) -> str:
        if not _is_written(found[0]):
            return found[0]
        counts["phone"] += 1
        return PHONE

    def national(found: re.Match[str]) -> str:
        before = found.string[max(0, found.start() - _REACH) : found.start()]
        stated = _BEFORE_PHONE.search(before)
        if stated and stated["space"] and found[0][0] not in "0(":
            stated = None  # a word alone does not make any number one
        alone = found[0] == found.string.strip() and _UNDER_PHONE.search(key)
        if not (alone or stated) or not _is_written(found[0]) or _DATE.search(found[0]):
            return found[0]
        counts["phone"] += 1
        return PHONE

    if "+" in text:
        text = _INTERNATIONAL.sub(international, text)
    return _NATIONAL.sub(national, text)


def _is_written(number: str) -> bool:
    """Whether a telephone is written so: one dot makes a fraction, dots and spaces a list."""
    dots = number.count(".")
    return dots == 0 or (dots > 1 and " " not in number)


def without_addresses(text: str, key: str, counts: Counter[str]) -> str:
    """Replace the IPv4 and IPv6 addresses in a text that stands under `key`."""

    def four(found: re.Match[str]) -> str:
        before = found.string[max(0, found.start() - _REACH) : found.start()]
        alone = not before.strip()
        if _VERSIONED.search(before) or (alone and _VERSIONED.search(key)):
            return found[0]
        octets = [int(octet) for octet in found[0].split(".")]
        stated = _BEFORE_ADDRESS.search(before) or (alone and _BEFORE_ADDRESS.search(key))
        if not stated and (max(octets) < _PRIVATE_ENOUGH or octets[-1] in {0, 255}):
            return found[0]
        counts["ip"] += 1
        return ADDRESS

    def six(found: re.Match[str]) -> str:
        groups = [group for group in found[0].split(":") if group]
        if found[0].count(":") <= 1 or len(groups) < _HEXTETS or _HARDWARE.fullmatch(found[0]):
            return found[0]
        try:
            ipaddress.IPv6Address(found[0])
        except ValueError:
            return found[0]
        counts["ip"] += 1
        return ADDRESS

    if ":" in text:
        text = _SIX.sub(six, text)
    return _FOUR.sub(four, text)
