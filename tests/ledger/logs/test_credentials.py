"""Credentials: those of the usual vendors are found, and what only looks like one stays."""

from __future__ import annotations

import json
import random
import string
import time
from base64 import b64encode
from collections import Counter

import orjson
import pytest

from ledger.logs.redaction import redact, redact_at, redact_text
from tests.ledger.logs.conftest import Screen

ANY = string.ascii_letters + string.digits
UPPER, LOWER = string.ascii_uppercase + string.digits, string.ascii_lowercase + string.digits
HEX, NUMBERS = "0123456789abcdef", string.digits
WORD = ANY + "-_"
# How each begins (in pieces, so that no scanner takes this file for a leak), and of what and how
# much it goes on: from the vendors' documentation.
VENDORS: dict[str, tuple[tuple[str, ...], tuple[tuple[int, str] | str, ...]]] = {
    "AWS": (("AK", "IA"), ((16, UPPER),)),
    "AWS, for a session": (("AS", "IA"), ((16, UPPER),)),
    "AWS Bedrock": (("ABSK", "QmVkcm9ja0FQSUtleS"), ((110, ANY),)),
    "GitHub": (("gh", "p_"), ((36, ANY),)),
    "GitHub app": (("gh", "s_"), ((36, ANY),)),
    "GitHub, fine-grained": (("github", "_pat_"), ((22, ANY), "_", (59, ANY))),
    "GitLab": (("gl", "pat-"), ((20, WORD),)),
    "GitLab runner": (("gl", "rt-"), ((20, WORD),)),
    "Slack bot": (("xo", "xb-"), ((12, NUMBERS), "-", (13, NUMBERS), "-", (24, ANY))),
    "Slack app": (("xa", "pp-1-"), ((11, UPPER), "-", (13, NUMBERS), "-", (64, HEX))),
    "OpenAI": (("s", "k-"), ((48, ANY),)),
    "OpenAI project": (("s", "k-proj-"), ((74, WORD), "T3BlbkFJ", (74, WORD))),
    "Anthropic": (("s", "k-ant-api03-"), ((93, WORD), "AA")),
    "OpenRouter": (("s", "k-or-v1-"), ((64, HEX),)),
    "DeepSeek": (("s", "k-"), ((32, HEX),)),
    "LiteLLM": (("s", "k-"), ((22, ANY),)),
    "Langfuse": (
        ("s", "k-lf-"),
        ((8, HEX), "-", (4, HEX), "-", (4, HEX), "-", (4, HEX), "-", (12, HEX)),
    ),
    "LangSmith": (("ls", "v2_pt_"), ((32, HEX), "_", (10, HEX))),
    "Hugging Face": (("h", "f_"), ((34, ANY),)),
    "Groq": (("g", "sk_"), ((52, ANY),)),
    "Perplexity": (("pp", "lx-"), ((48, ANY),)),
    "xAI": (("x", "ai-"), ((80, ANY),)),
    "Replicate": (("r", "8_"), ((37, ANY),)),
    "NVIDIA": (("nv", "api-"), ((64, WORD),)),
    "Pinecone": (("pc", "sk_"), ((6, ANY), "_", (63, ANY))),
    "Google": (("AI", "za"), ((35, WORD),)),
    "Google, for an hour": (("ya", "29."), ((120, WORD),)),
    "Google client": (("GOC", "SPX-"), ((28, WORD),)),
    "Stripe": (("s", "k_live_"), ((24, ANY),)),
    "Stripe, restricted": (("r", "k_test_"), ((99, ANY),)),
    "Stripe webhook": (("wh", "sec_"), ((32, ANY),)),
    "Twilio": (("S", "K"), ((32, HEX),)),
    "SendGrid": (("S", "G."), ((22, WORD), ".", (43, WORD))),
    "Mailgun": (("ke", "y-"), ((32, HEX),)),
    "Mailchimp": (("",), ((32, HEX), "-us12")),
    "Telegram": (("",), ((10, "123456789"), ":AA", (33, WORD))),
    "npm": (("np", "m_"), ((36, ANY),)),
    "PyPI": (("py", "pi-AgEIcHlwaS5vcmc"), ((150, WORD),)),
    "Docker": (("dckr", "_pat_"), ((27, WORD),)),
    "DigitalOcean": (("do", "p_v1_"), ((64, HEX),)),
    "Shopify": (("sh", "pat_"), ((32, HEX),)),
    "Square": (("sq", "0atp-"), ((22, WORD),)),
    "Databricks": (("da", "pi"), ((32, HEX),)),
    "Vault": (("hv", "s."), ((90, WORD),)),
    "Terraform": (("",), ((14, ANY), ".atlas", "v1.", (67, WORD))),
    "New Relic": (("NR", "AK-"), ((27, UPPER),)),
    "Sentry": (("sn", "tryu_"), ((64, HEX),)),
    "Grafana": (("gl", "sa_"), ((32, ANY), "_", (8, HEX))),
    "Linear": (("lin", "_api_"), ((40, ANY),)),
    "Notion": (("nt", "n_"), ((46, ANY),)),
    "Airtable": (("pa", "t"), ((14, ANY), ".", (64, HEX))),
    "Figma": (("fi", "gd_"), ((40, WORD),)),
    "Supabase": (("sb", "p_"), ((40, HEX),)),
    "Postman": (("PM", "AK-"), ((24, HEX), "-", (34, HEX))),
    "Atlassian": (("ATA", "TT3xFfGF0"), ((183, WORD),)),
    "Entra": (("",), ((3, ANY), "8Q", "~", (34, ANY))),
    "age": (("AGE-SEC", "RET-KEY-1"), ((58, UPPER),)),
}
REDACTED = "[redacted:credential]"


def issued(vendor: str, seed: int) -> str:
    """A credential as the vendor issues them."""
    chance = random.Random(seed)  # noqa: S311 - made up, and the same each time
    begins, goes_on = VENDORS[vendor]
    parts = (
        part if isinstance(part, str) else "".join(chance.choices(part[1], k=part[0]))
        for part in goes_on
    )
    return "".join([*begins, *parts])


def screened(screen: Screen, record: str) -> tuple[str, Counter[str]]:
    """A record as an import redacts it, which screens it first, and what was found."""
    counts: Counter[str] = Counter()
    for hit in screen([record]).values():
        record = redact_at(record, hit, counts)
    return record, +counts


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_vendors_issue(screen: Screen, vendor: str) -> None:
    """If it fails, a credential of this vendor is recorded for ever."""
    secrets = [issued(vendor, seed) for seed in range(20)]
    whole = "|".join(f"use {secret}, then" for secret in secrets)
    counts: Counter[str] = Counter()
    assert redact_text(whole, counts) == "|".join([f"use {REDACTED}, then"] * len(secrets))
    assert +counts == {"credential": len(secrets)}
    written = json.dumps({secrets[0]: [{"t": f"a {secrets[1]}"}]})
    record, found = screened(screen, written)
    assert found == {"credential": 2}
    assert record == redact(written, Counter()) == json.dumps({REDACTED: [{"t": f"a {REDACTED}"}]})


KEY = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
BASIC = b64encode(b"svc-loans:Tr0ub4dor&3").decode()
GIVEN = [
    (f"Authorization: Basic {BASIC}", f"Authorization: Basic {REDACTED}"),
    (f"basic {BASIC}", f"basic {REDACTED}"),
    (f"authorization=Token {KEY}", f"authorization=Token {REDACTED}"),
    (f"curl -H 'X-Api-Key: {KEY}'", f"curl -H 'X-Api-Key: {REDACTED}'"),
    (f"GET /a?token={KEY}&x=1", f"GET /a?token={REDACTED}&x=1"),
    (f"https://a.blob.core.windows.net/b?sv=1&sig={KEY}%3D", None),
    ("Cookie: sid=8f14e45fceea167a5a36; theme=dark", f"Cookie: {REDACTED}"),
    (f"https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/{KEY[:24]}", None),
    (f"https://discord.com/api/webhooks/123456789012345678/{KEY}{KEY}", None),
    ("Passwort: Tr0ub4dor&3", f"Passwort: {REDACTED}"),
    ("DB_PASS=abcd1234", f"DB_PASS={REDACTED}"),
    (
        "mysql://root:p@ss@word@db.example.org/x",
        f"mysql://root:{REDACTED}@db.example.org/x",
    ),
    ("PuTTY-User-Key-File-3: ssh-ed25519\nAAAA\nPrivate-MAC: 00ff", REDACTED),
]


@pytest.mark.parametrize(("text", "expected"), GIVEN)
def test_what_a_name_is_given(screen: Screen, text: str, expected: str | None) -> None:
    """If it fails, a password, a header or a signed address is recorded with its secret."""
    counts: Counter[str] = Counter()
    redacted = redact_text(text, counts)
    assert +counts == {"credential": 1}
    assert redacted == expected or (expected is None and redacted.startswith(text[:30]))
    assert KEY[:24] not in redacted
    record, found = screened(screen, orjson.dumps({"a": text}).decode())
    assert (orjson.loads(record), found) == ({"a": redacted}, +counts)
    assert redact_text(redacted, Counter()) == redacted


@pytest.mark.parametrize(
    "document",
    [
        {"key": "db.password", "value": {"stringValue": "hunter2"}},
        {"key": "http.request.header.authorization", "value": {"stringValue": f"Token {KEY}"}},
        {"key": "gen_ai.api_key", "value": {"intValue": "12345678"}},
        {"token": KEY},
        {"Set-Cookie": "sid=8f14e45fceea167a5a36"},
    ],
)
def test_a_name_beside_the_value(screen: Screen, document: dict[str, object]) -> None:
    """If it fails, a secret stays where its name is a value itself, as in OTLP."""
    written = orjson.dumps({"n": 1, "attributes": [document], "z": {"stringValue": "1"}}).decode()
    record, found = screened(screen, written)
    assert found == {"credential": 1}
    assert record == redact(written, Counter())
    assert orjson.loads(record)["z"] == {"stringValue": "1"}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("phone", "user.phone", "0171 1234567"),
        ("ip", "client.address", "10.0.0.1"),
        ("national_id", "applicant.bsn", "111222333"),
    ],
)
def test_names_in_otlp_speak_of_persons_too(
    screen: Screen, kind: str, key: str, value: str
) -> None:
    """If it fails, a number is redacted from every log but those of OpenTelemetry."""
    attribute = {"key": key, "value": {"stringValue": value}}
    record, found = screened(screen, json.dumps({"attributes": [attribute]}))
    assert found == {kind: 1}
    assert value not in record


CLEAN = [
    "Our secret: listening to people, and time",
    "a secret = transparency in all books",
    "Password: required",
    "pwd: /opt/app and PWD=/srv/quaestor, {'pwd': '~/work'}",
    "api key: missing from the request",
    "the password: it must have twelve characters",
    "glass-fibre-reinforced-plastic-panels and glance-at-the-whole-document-first",
    "sk-admin-dashboard-with-twenty-components and sk-learn-pipeline-of-version-2024",
    "the bearer of certificates2024 and a bearer certificates-of-2024-and-2025",
    "basic understanding and basic arithmetic2 of authorization: granted by the manager",
    "token: refer, token=approve, next_page_token=applicant-17-approved-2024",
    "a cookie: chocolate=yes",
    "token=applicant-17-approved-in-november-2024",
    "SKU SK12345678 key-value-store-of-the-department hf_model npm_config_registry r8_quantised",
    "xai-explanation-of-the-whole-decision-in-one-long-sentence-and-so-on",
    "EAN 4006381333931 and 4003994155486",
    "00:1b:44:11:3a:b7:00:01 is no address of the internet",
    "max_tokens: 256; pad_token: '<pad>'; tokens: 1,234",
]


@pytest.mark.parametrize("clean", CLEAN)
def test_what_only_looks_like_one(screen: Screen, clean: str) -> None:
    """If it fails, evidence is lost for a word, a path or an article's number."""
    counts: Counter[str] = Counter()
    assert redact_text(clean, counts) == clean
    record = orjson.dumps({"text": clean, "token": " refer", "authorization": "granted"}).decode()
    assert screened(screen, record) == (record, Counter())
    assert not +counts


def test_random_text_that_is_no_credential() -> None:
    """If it fails, digests, identifiers and encoded pictures are taken for credentials."""
    chance = random.Random(4)  # noqa: S311 - as above
    counts: Counter[str] = Counter()
    for _ in range(300):
        clean = " ".join(
            (
                f"{chance.getrandbits(256):064x} {chance.getrandbits(160):040x}",
                f"{chance.getrandbits(128):032x} sha256:{chance.getrandbits(256):064x}",
                b64encode(chance.randbytes(120)).decode(),
                "".join(chance.choices(UPPER, k=20)) + " " + "".join(chance.choices(LOWER, k=26)),
                f"id={chance.getrandbits(63)} request_id: {chance.getrandbits(63):016x}",
            )
        )
        assert redact_text(clean, counts) == clean
    assert not +counts


@pytest.mark.parametrize(
    "piece", ["sk-", "token=", "basic ", "://a:b", "cookie: a=", "key-0", "a."]
)
def test_long_texts_take_linear_time(piece: str) -> None:
    """If it fails, one hostile record of a MiB stops an import for hours."""
    start = time.process_time()
    redact_text(piece * (2**18 // len(piece)), Counter())
    assert time.process_time() - start < 20  # it takes one; the square of it, hours
