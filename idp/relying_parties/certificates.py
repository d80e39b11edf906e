"""The certificates by which clients prove themselves in mutual TLS (RFC 8705)."""

from base64 import b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import KeySet

from idp.errors import ConfigError
from idp.relying_parties.record import RelyingParty

METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
SAN_KINDS: dict[str, type[x509.GeneralName]] = {
    "tls_client_auth_san_dns": x509.DNSName,
    "tls_client_auth_san_uri": x509.UniformResourceIdentifier,
    "tls_client_auth_san_ip": x509.IPAddress,
    "tls_client_auth_san_email": x509.RFC822Name,
}
# What certificates carry beyond the short names of RFC 4514 §3.
_NAMES = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
}
_UNREADABLE = (
    ValueError,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def load_authorities(path: Path | None) -> tuple[x509.Certificate, ...]:
    """Return who may issue clients' certificates; raises `ConfigError`."""
    if path is None:
        return ()
    try:
        found = tuple(x509.load_pem_x509_certificates(path.read_bytes()))
        are_authorities = all(_is_authority(certificate) for certificate in found)
    except (OSError, ValueError) as error:
        raise ConfigError(f"mtls.authorities_file: {error}") from error
    if not are_authorities:
        raise ConfigError("mtls.authorities_file holds a certificate of no authority")
    return found


def thumbprint(certificate: x509.Certificate) -> str:
    """Return `x5t#S256` of a certificate (RFC 8705 §3.1)."""
    return _thumbprint(certificate.public_bytes(Encoding.DER))


def proves(
    party: RelyingParty,
    certificate: x509.Certificate,
    authorities: tuple[x509.Certificate, ...],
    *,
    now: datetime,
) -> bool:
    """Say whether the certificate is the one that the party registered.

    The proxy has checked that the sender holds its key. Who issued it is checked here,
    because a proxy that lets self-signed certificates through cannot say (RFC 8705 §2).
    """
    try:
        if not _is_current(certificate, now):
            return False
        if party.auth_method == "self_signed_tls_client_auth":
            return _is_registered(party, thumbprint(certificate))
        if party.tls_client_auth_subject is None:
            return False
        return _is_issued(certificate, authorities, now) and _is_subject(
            certificate, *party.tls_client_auth_subject
        )
    except _UNREADABLE:
        return False


def parse_name(text: str) -> x509.Name:
    """Parse a distinguished name (RFC 4514); raises ValueError."""
    return x509.Name.from_rfc4514_string(text, _NAMES)


def flaw_in_x5c(key: Any, x5c: object) -> str | None:
    """Say why a registered key's `x5c` is unsound (RFC 7517 §4.7), or None."""
    first = x5c[0] if isinstance(x5c, list) and x5c else None
    if not isinstance(first, str):
        return "x5c must be a list of certificates in base64"
    try:
        certificate = x509.load_der_x509_certificate(b64decode(first, validate=True))
        is_same = certificate.public_key() == key.public_key
    except ValueError:
        return "x5c cannot be read"
    return None if is_same else "x5c is not the certificate of its key"


def _is_registered(party: RelyingParty, wanted: str) -> bool:
    """Say whether the certificate is among the keys, or has come to the `jwks_uri`."""
    # No key has this kid: the address is asked anew, as for any kid that is unknown.
    return any(wanted in _thumbprints(party.jwks_with(kid)) for kid in (None, wanted))


def _thumbprints(keys: KeySet | None) -> set[str]:
    chains = ((key, key.get("x5c")) for key in (keys.keys if keys else ()))
    return {
        _thumbprint(b64decode(chain[0]))
        for key, chain in chains
        if chain and flaw_in_x5c(key, chain) is None
    }


def _is_current(certificate: x509.Certificate, now: datetime) -> bool:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin <= now <= end


def _is_issued(
    certificate: x509.Certificate,
    authorities: tuple[x509.Certificate, ...],
    now: datetime,
) -> bool:
    """Say whether one of the authorities issued it itself, for TLS clients."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        pass
    else:
        if ExtendedKeyUsageOID.CLIENT_AUTH not in usage.value:
            return False
    return any(
        _is_current(authority, now) and _is_issued_by(certificate, authority)
        for authority in authorities
    )


def _is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        )
    except x509.ExtensionNotFound:
        return False
    return constraints.value.ca


def _is_subject(certificate: x509.Certificate, member: str, registered: str) -> bool:
    if member == "tls_client_auth_subject_dn":
        return certificate.subject == parse_name(registered)
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return False
    names = {str(name.value) for name in found if isinstance(name, SAN_KINDS[member])}
    if member == "tls_client_auth_san_dns":
        names = {name.lower() for name in names}
    return registered in names


def _thumbprint(der: bytes) -> str:
    return urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()
