"""Nine kinds of bad provider certificate are refused before a byte of the request is sent."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.blackbox.proxy import Proxy, chat
from tests.blackbox.raw import RawProvider, answer, post, read_message

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


class Authority:
    def __init__(self, name: str, is_ca: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY).not_valid_after(NOW + 30 * DAY)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256()))

    def issue(self, *, dns: tuple[str, ...] = ("localhost",), ips: tuple[str, ...] = (),
              begin: datetime.datetime = NOW - DAY, end: datetime.datetime = NOW + DAY,
              usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
              common_name: str = "provider", ca: bool = False) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return pem(certificate), private(key)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


TRUSTED, OTHER = Authority("trusted"), Authority("other")
NOT_A_CA = Authority("trusted leaf posing as a CA", is_ca=False)


def self_signed() -> tuple[bytes, bytes]:
    lone = Authority("localhost", is_ca=False)
    return pem(lone.certificate), private(lone.key)


BAD: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "expired": lambda: TRUSTED.issue(begin=NOW - 10 * DAY, end=NOW - DAY),
    "not yet valid": lambda: TRUSTED.issue(begin=NOW + DAY, end=NOW + 2 * DAY),
    "another host": lambda: TRUSTED.issue(dns=("api.example.com",)),
    "self-signed": self_signed,
    "unknown authority": lambda: OTHER.issue(),
    "issued by something that is no authority": lambda: NOT_A_CA.issue(),
    "address instead of name": lambda: TRUSTED.issue(dns=(), ips=("127.0.0.1",)),
    "wildcard of a whole level": lambda: TRUSTED.issue(dns=("*",)),
    "for clients only": lambda: TRUSTED.issue(usage=ExtendedKeyUsageOID.CLIENT_AUTH),
}


def serve_with(tmp_path: Path, chain: tuple[bytes, bytes]) -> RawProvider:
    (tmp_path / "chain.pem").write_bytes(chain[0])
    (tmp_path / "key.pem").write_bytes(chain[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")

    def serve(sock: Any, _: int) -> None:
        while provider.take(sock):
            sock.sendall(answer(b"{}"))

    provider = RawProvider(serve, context)
    return provider


def row(provider: RawProvider, ca: Path) -> list[dict[str, Any]]:
    return [{"name": "raw", "origin": provider.origin, "dialect": "openai", "ca": str(ca),
             "match": {"path_prefix": "/p/raw"}}]


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    file = tmp_path / "trusted.pem"
    file.write_bytes(pem(TRUSTED.certificate) + pem(NOT_A_CA.certificate))
    return file


def ask(proxy: Proxy) -> tuple[bytes, bytes]:
    with proxy.connect() as sock:
        sock.sendall(post("/p/raw/v1/chat/completions", chat()))
        head, _, body = read_message(sock).partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("kind", BAD)
def test_bad_certificate_is_refused(start: Callable[..., Proxy], tmp_path: Path, ca: Path, kind: str) -> None:
    with serve_with(tmp_path, BAD[kind]()) as provider:
        proxy = start(rows=row(provider, ca))
        head, body = ask(proxy)
        assert head.startswith(b"HTTP/1.1 502 ")
        assert json.loads(body)["error"]["code"] == "upstream_certificate"
        assert provider.received == []
        record = proxy.records(1)[0]
        assert record["cost_picodollars"] == 0 and record["end_state"] == "provider_error"


def test_good_certificate_of_an_extra_authority_is_accepted(
    start: Callable[..., Proxy], tmp_path: Path, ca: Path
) -> None:
    with serve_with(tmp_path, TRUSTED.issue()) as provider:
        head, _ = ask(start(rows=row(provider, ca)))
        assert head.startswith(b"HTTP/1.1 200 ")
