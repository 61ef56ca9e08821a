"""A throw-away certificate authority and server certificates, made with the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """Where the PEM files of one authority and one server lie."""

    authority: Path
    certificate: Path
    key: Path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def issue(directory: Path, name: str, hosts: tuple[str, ...] = ("localhost",)) -> Certificates:
    """Issues a server certificate `name` for `hosts` and 127.0.0.1, ::1.

    The authority of `directory` is made on first use, so several servers can share one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    authority, authority_key = directory / "ca.pem", directory / "ca-key.pem"
    if not authority.exists():
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", str(authority_key), "-out", str(authority), "-days", "7",
            "-subj", "/CN=simulator test authority",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )
    certificate, key = directory / f"{name}.pem", directory / f"{name}-key.pem"
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    names = ",".join([*(f"DNS:{host}" for host in hosts), "IP:127.0.0.1", "IP:::1"])
    extensions.write_text(
        f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
        "keyUsage=digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    _openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", str(key), "-out", str(request), "-subj", f"/CN={hosts[0]}",
    )
    _openssl(
        "x509", "-req", "-in", str(request), "-CA", str(authority), "-CAkey", str(authority_key),
        "-CAcreateserial", "-out", str(certificate), "-days", "7", "-extfile", str(extensions),
    )
    return Certificates(authority, certificate, key)
