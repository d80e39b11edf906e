"""Clients' certificates of an invented authority, and the header that tells of them."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc import jwk

NAME = "CN=cong-thu,OU=Thử nghiệm,O=Cổng dịch vụ,C=VN"
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Authority:
    """Issues certificates, its own among them."""

    def __init__(
        self, name: str = "CN=Nơi cấp thử,C=VN", *, is_ca: bool = True
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name.from_rfc4514_string(name)
        constraints = x509.BasicConstraints(ca=is_ca, path_length=None)
        self.certificate = self._sign(name, self._key, (constraints,), days=3650)

    @property
    def certificate_pem(self) -> str:
        """Return its own certificate as text."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """Return its private key as text."""
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self._key.private_bytes(*form).decode()

    def issue(
        self,
        name: str = NAME,
        *,
        key: Any = None,
        sans: tuple[x509.GeneralName, ...] = (),
        is_server: bool = False,
        days: int = 3650,
    ) -> x509.Certificate:
        """Return a client's certificate that is good from 2026 on, `days` long."""
        usage = (
            ExtendedKeyUsageOID.SERVER_AUTH
            if is_server
            else ExtendedKeyUsageOID.CLIENT_AUTH
        )
        extensions: list[Any] = [x509.ExtendedKeyUsage([usage])]
        if sans:
            extensions.append(x509.SubjectAlternativeName(sans))
        key = key or ec.generate_private_key(ec.SECP256R1())
        return self._sign(name, key, tuple(extensions), days=days)

    def _sign(
        self, name: str, key: Any, extensions: tuple[Any, ...], *, days: int
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self._name)
            .subject_name(x509.Name.from_rfc4514_string(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGIN)
            .not_valid_after(_BEGIN + timedelta(days=days))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def self_signed() -> tuple[x509.Certificate, dict[str, Any]]:
    """Return a certificate that vouches for itself, and its JWK with `x5c`."""
    authority = Authority(NAME, is_ca=False)
    return authority.certificate, jwk_of(authority)


def jwk_of(authority: Authority) -> dict[str, Any]:
    """Return the JWK of an authority's own certificate, with `x5c`."""
    public = authority.certificate.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = jwk.ECKey.import_key(pem).as_dict(private=False)
    return {**key, "x5c": [encoded(authority.certificate)]}


def encoded(certificate: x509.Certificate) -> str:
    """Return the certificate in base64."""
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def header(certificate: x509.Certificate) -> dict[str, str]:
    """Return what a proxy tells of the client's certificate (RFC 9440 §2.1)."""
    return {"Client-Cert": f":{encoded(certificate)}:"}
