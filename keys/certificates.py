"""A certificate authority of the demo's own making, for https on this machine.

Its certificate is constrained to loopback names, so that who trusts it trusts it for
nothing else.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_CA_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=397)  # browsers refuse leaves of more than 398 days
_SLACK = timedelta(hours=1)  # for clocks that differ a little


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA's certificate, where it is, and its private key."""

    certificate: x509.Certificate
    certificate_file: Path
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """What a server needs for https."""

    certificate_file: Path
    key_file: Path


def create_ca(folder: Path, *, now: datetime) -> Authority:
    """Make a CA and write `ca.pem` and `ca.key` (mode 0600) into `folder`."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    public_key = private_key.public_key()
    name = _name("Định Danh demo CA")
    key_id = x509.SubjectKeyIdentifier.from_public_key(public_key)
    certificate = (
        _builder(name, name, public_key, now=now, life=_CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(key_id, critical=False)
        .add_extension(_loopback_only(), critical=True)
        .sign(private_key, hashes.SHA256())
    )
    file = folder / "ca.pem"
    _write_key(folder / "ca.key", private_key)
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(certificate, file, private_key)


def load_ca(folder: Path) -> Authority:
    """Read the CA that `create_ca` wrote into `folder`."""
    file = folder / "ca.pem"
    private_key = serialization.load_pem_private_key(
        (folder / "ca.key").read_bytes(), password=None
    )
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the demo CA's key is on P-256")
    return Authority(
        x509.load_pem_x509_certificate(file.read_bytes()), file, private_key
    )


def issue(
    authority: Authority,
    folder: Path,
    *,
    now: datetime,
    hostnames: Sequence[str] = LOOPBACK_NAMES,
) -> ServerFiles:
    """Issue a server certificate: `server.pem` (chain) and `server.key` in `folder`."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    public_key = private_key.public_key()
    issuer = authority.certificate
    issuer_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority.private_key.public_key()
    )
    subject_key_id = x509.SubjectKeyIdentifier.from_public_key(public_key)
    names = x509.SubjectAlternativeName([_general_name(host) for host in hostnames])
    server_auth = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _builder(
            _name(hostnames[0]), issuer.subject, public_key, now=now, life=_LEAF_LIFE
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(server_auth, critical=False)
        .add_extension(names, critical=False)
        .add_extension(subject_key_id, critical=False)
        .add_extension(issuer_key_id, critical=False)
        .sign(authority.private_key, hashes.SHA256())
    )
    files = ServerFiles(folder / "server.pem", folder / "server.key")
    _write_key(files.key_file, private_key)
    files.certificate_file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + issuer.public_bytes(serialization.Encoding.PEM)
    )
    return files


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + life)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _loopback_only() -> x509.NameConstraints:
    return x509.NameConstraints(
        permitted_subtrees=[
            x509.DNSName("localhost"),
            x509.IPAddress(ip_network("127.0.0.0/8")),
            x509.IPAddress(ip_network("::1/128")),
        ],
        excluded_subtrees=None,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write_key(path: Path, private_key: ec.EllipticCurvePrivateKey) -> None:
    pem = private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.unlink(missing_ok=True)  # a file that exists would keep its own mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
