"""Credentials, as they stand in text: what vendors issue, and what stands after a name for one.

Rules kept here:
- what begins as a vendor's credentials do, in their alphabet and length, is one; where words begin
  so as well, only if it is no words;
- what a name such as `password` is given is one, save in prose (`Our secret: listening to people`);
- every pattern is linear in the text: no unbounded repetition can be entered at more than one
  place.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase, digits

from ledger.logs.issued import ISSUED, LIKE_WORDS, Issued

CREDENTIAL = "[redacted:credential]"
SHORTEST = 4  # characters of a value that is a credential by its name alone

# Names whose value is a secret, in text (`password=...`) and as keys of an object.
NAMES = (
    r"passwor[dt]s?|passwd|pwd|passphrase|kennwort|mot[ _-]de[ _-]passe|wachtwoord"
    r"|(?:db|pg|smtp|ftp|mysql|postgres|redis|admin|root|user|mail)[_-]pass"
    r"|secret|secret[_-]?(?:access[_-]?)?key|api[_-]?key"
    r"|(?:access|private|account|encryption|signing|master)[_-]?key"
    r"|(?:access|auth|refresh|id|api|session|security|bearer|bot|csrf|xsrf|jwt|github|gitlab"
    r"|slack|hf|npm)[_-]?token"
)
_NAMED = re.compile(rf"(?ais).*(?:{NAMES})")
_ASSIGNED = rf"(?ais)(?P<name>{NAMES})(?:\\*[\"'])?(?P<sign>\s*+(?:=>?|:)\s*+)"
_NEW = r"(?!\[redacted:)"
_GIVES = r"(?:\\*[\"'])?\s*+[:=]\s*+(?:\\*[\"'])?"
_PEM = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PUTTY = r"PuTTY-User-Key-File-[0-9]:"
_ADDRESSED = r"(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/"
_SCHEMES = r"(?:bearer|basic|token|bot|apikey|negotiate)"
_SIGNED = r"(?:(?<![a-z_-])token|[?&;]sig|x-amz-(?:signature|security-token))"
# Names whose value is a secret if it looks like one.
_SHAPED = tuple(
    (re.compile(rf"(?ai){name}"), re.compile(shape))
    for name, shape in (
        (".*authorization", rf"(?ai)\s*{_SCHEMES}\s+\S{{8,}}\s*"),
        (".*cookie", r"[\w.-]+=.{8,}"),
        ("token|x[_-].*[_-]token", r"[A-Za-z0-9._~+/=%-]{20,}"),
    )
)
_SAID = frozenset({"true", "false", "null", "none", "required", "missing", "expired", "invalid"})
_GOES_ON = re.compile(r"[ ,]+[a-z]")
_KINDS = {
    **dict.fromkeys(ascii_lowercase, "a"),
    **dict.fromkeys(ascii_uppercase, "A"),
    **dict.fromkeys(digits, "9"),
}
_CHANGING = 0.22

Check = Callable[[re.Match[str]], bool]


def _is_no_word(found: re.Match[str]) -> bool:
    """Whether it changes between small letters, capitals and digits as words with numbers do not.

    Words with numbers change at less than a fifth of their places, random hex digits at nearly
    half of them.
    """
    return _changes(found["secret"])


def _is_random(found: re.Match[str]) -> bool:
    """Whether it does so and has digits; words that are written together have capitals as well."""
    return _changes(found["secret"]) and any(sign.isdigit() for sign in found["secret"])


def _changes(text: str) -> bool:
    kinds = [_KINDS[sign] for sign in text if sign in _KINDS]
    changes = sum(one != other for one, other in pairwise(kinds))
    return len(set(kinds)) > 1 and changes >= _CHANGING * len(kinds)


def _is_basic(found: re.Match[str]) -> bool:
    """Whether it is a user and a password (RFC 7617)."""
    text = found["secret"]
    try:
        said = b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except ValueError:
        return False
    return ":" in said and said.isprintable()


def _is_given(found: re.Match[str]) -> bool:
    """Whether a name was given a value, and not a sentence, a path or what is said of it."""
    if not _is_value(found["name"], found["secret"]):
        return False
    quoted = found["quote"] is not None
    spoken = found["sign"][-1:].isspace() and found["secret"].rstrip(".!?").isalpha()
    return quoted or not (spoken and _GOES_ON.match(found.string, found.end()))


def _is_value(name: str, value: str) -> bool:
    """Whether it may be a credential, and is not the path that `pwd` is, or what is said of one."""
    folder = name.lower() == "pwd" and value[:1] in {"/", "~"}
    return not folder and value.lower().rstrip(".!?") not in _SAID


def _any_of(issued: tuple[Issued, ...]) -> str:
    return rf"(?<![A-Za-z0-9])(?P<secret>{'|'.join(each.begins + each.rest for each in issued)})"


# The group `secret` is replaced where the check holds.
_CREDENTIALS: tuple[tuple[re.Pattern[str], Check | None], ...] = tuple(
    (re.compile(pattern), check)
    for pattern, check in (
        # A block that is cut off goes to the end of the text.
        (rf"(?s)(?P<secret>-----BEGIN {_PEM}.*?(?:-----END {_PEM}|\Z))", None),
        (rf"(?s)(?P<secret>{_PUTTY}.*?(?:Private-MAC: [0-9a-f]++|\Z))", None),
        # JWT and JWE: dotted base64url, the first part a JSON object
        (r"(?<![A-Za-z0-9_-])(?P<secret>eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){2,4})", None),
        (_any_of(ISSUED), None),
        (_any_of(LIKE_WORDS), _is_no_word),
        (rf"{_ADDRESSED}[A-Za-z0-9]++/(?P<secret>[A-Za-z0-9_/-]{{20,}}+)", None),
        (rf"(?ai)authorization{_GIVES}{_SCHEMES}\s++{_NEW}(?P<secret>[^\s\"',;\\]{{8,}}+)", None),
        (r"(?ai)(?<![a-z])bearer\s++(?P<secret>[a-z0-9._~+/=-]{16,}+)", _is_random),
        (r"(?ai)(?<![a-z])basic\s++(?P<secret>[a-z0-9+/]{8,}+={0,2})", _is_basic),
        (rf"(?ai)(?<![a-z])cookie{_GIVES}(?P<secret>{_NEW}[\w.-]++=[^\r\n\"\\]{{8,}}+)", None),
        (rf"(?ai){_SIGNED}{_GIVES}(?P<secret>[a-z0-9._~+/=%-]{{16,}}+)", _is_random),
        # postgres://user:secret@host
        (rf"://[^\s/:@]{{0,256}}+:{_NEW}(?P<secret>[^\s/\"'<>]{{1,256}})(?=@)", None),
    )
)
_ASSIGNMENTS: tuple[tuple[re.Pattern[str], Check | None], ...] = tuple(
    (re.compile(_ASSIGNED + pattern), _is_given)
    for pattern in (
        rf"\\*(?P<quote>[\"']){_NEW}(?P<secret>(?:(?!\\*(?P=quote)).)++)(?=\\*(?P=quote))",
        rf"(?:\\*[\"'])?+(?P<quote>(?!))?{_NEW}(?P<secret>(?:[^\s\"',;&\\]|&(?![\w.-]+=)|\\(?!\\*[\"'])){{4,}}+)",
    )
)


def without_credentials(text: str, counts: Counter[str]) -> str:
    """Replace the credentials in a text."""
    assigned = _ASSIGNMENTS if "=" in text or ":" in text else ()
    for pattern, check in (*_CREDENTIALS, *assigned):
        text = _replaced(text, pattern, check, counts)
    return text


def names_secret(key: str, value: str) -> bool:
    """Whether a scalar under this key is a credential."""
    if len(value) < SHORTEST or value.startswith("[redacted:"):
        return False
    if _NAMED.fullmatch(key) is not None:
        return _is_value(key, value)
    shaped = any(name.fullmatch(key) and shape.fullmatch(value) for name, shape in _SHAPED)
    return shaped and _changes(value)


def _replaced(
    text: str, pattern: re.Pattern[str], check: Check | None, counts: Counter[str]
) -> str:
    out, end = [], 0
    for match in pattern.finditer(text):
        if check is None or check(match):
            out += [text[end : match.start("secret")], CREDENTIAL]
            end = match.end("secret")
    counts["credential"] += len(out) // 2
    return "".join([*out, text[end:]]) if out else text
