"""A timestamp authority on 127.0.0.1: real RFC 3161 answers, over HTTP, from a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from reports.authority import make_authority

NOW = datetime(2026, 11, 20, 10, 30, 15, tzinfo=UTC)
Answer = tuple[int, bytes]


@dataclass(frozen=True)
class Authority:
    """A CA, and the certificate that it gave to a key for timestamping when both were made.

    `time` is what its clock says.
    """

    ca_key: ec.EllipticCurvePrivateKey
    ca: x509.Certificate
    key: rsa.RSAPrivateKey
    made: datetime = NOW
    time: datetime = NOW
    uses: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,)
    critical: bool = True
    asked: list[bytes] = field(default_factory=list)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The timestamping certificate, under the CA."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Public Notary")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.ca.subject)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(self.made - timedelta(days=1))
            .not_valid_after(self.made + timedelta(days=365))
        )
        if self.uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.uses), self.critical)
        return builder.sign(self.ca_key, hashes.SHA256())

    def answer(self, query: bytes) -> bytes:
        """Grant what is asked (DER in, DER out)."""
        pkcs8 = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER)),
            keys.PrivateKeyInfo.load(pkcs8),
            fixed_dt=self.time,
        )
        response = stamper.request_tsa_response(tsp.TimeStampReq.load(query, strict=True))
        return bytes(response.dump())

    def grant(self, query: bytes) -> Answer:
        """Answer as an authority should."""
        self.asked.append(query)
        return 200, self.answer(query)

    def but(self, **changes: object) -> Authority:
        """The same CA and key, with another clock or certificate."""
        return replace(self, asked=[], **changes)  # type: ignore[arg-type]


def new_authority(made: datetime = NOW) -> Authority:
    """Make a CA and an authority under it."""
    ca_key, ca = make_authority("Notaries", made - timedelta(days=30))
    return Authority(ca_key, ca, rsa.generate_private_key(65537, 2048), made, made)


@contextmanager
def serving(respond: Callable[[bytes], Answer]) -> Iterator[str]:
    """Answer HTTP POSTs with a status and a body; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = respond(query)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ts"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
