"""Registering keys and certificates to which tokens are bound (RFC 8705, RFC 9449)."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from idp.errors import ConfigError
from idp.relying_parties.certificates import load_authorities
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import validate
from tests.certificates import NAME, Authority, encoded, self_signed
from tests.unit.relying_parties.parties import EC_KEY

DN = {"tls_client_auth_subject_dn": NAME}
BOUND = {"tls_client_certificate_bound_access_tokens": True}
BY_NAME = {"token_endpoint_auth_method": "tls_client_auth"}
BY_CERTIFICATE = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}
REDIRECTS = {"redirect_uris": ["https://cong.example/back"]}
REFUSED = [
    BY_NAME,
    {**BY_NAME, "tls_client_auth_subject_dn": "x"},
    {**BY_NAME, "tls_client_auth_subject_dn": " "},
    {**BY_NAME, **DN, "tls_client_auth_san_dns": "cong.example"},
    {**BY_NAME, "tls_client_auth_san_ip": "1.2"},
    {**BY_NAME, "tls_client_auth_san_dns": "*.example"},
    BY_CERTIFICATE,
    {**BY_CERTIFICATE, "jwks": {"keys": [EC_KEY]}},
    {**BOUND, "dpop_bound_access_tokens": True},
    {"dpop_bound_access_tokens": "yes"},
]


@pytest.mark.parametrize("members", REFUSED)
def test_unsound_registrations(members):
    """§2.1.2, §2.2.2: exactly one name, and certificates with the keys."""
    with pytest.raises(InvalidMetadataError):
        validate({**REDIRECTS, **members}, sandbox=True)


def test_a_certificate_must_be_of_its_key():
    """RFC 7517 §4.7."""
    (certificate, key), (_, other) = self_signed(), self_signed()
    wrong = {**other, "x5c": [encoded(certificate)]}
    members = {**REDIRECTS, **BY_CERTIFICATE}

    assert validate({**members, "jwks": {"keys": [key]}}, sandbox=True)
    for unsound in (wrong, {**key, "x5c": ["AAAA"]}, {**key, "x5c": []}):
        with pytest.raises(InvalidMetadataError):
            validate({**members, "jwks": {"keys": [unsound]}}, sandbox=True)


def test_authorities_are_read_at_the_start(tmp_path):
    """A file that is not there, or names no authority, is told by its setting."""
    file, authority = tmp_path / "authorities.pem", Authority()
    assert load_authorities(None) == ()
    for content in (None, b"", authority.issue().public_bytes(Encoding.PEM)):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(ConfigError, match=r"mtls\.authorities_file"):
            load_authorities(file)
    file.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    assert load_authorities(file) == (authority.certificate,)
