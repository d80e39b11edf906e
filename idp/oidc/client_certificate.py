"""The client's certificate, as the proxy that ended TLS tells of it (RFC 9440)."""

import binascii
import re
from base64 import b64decode

from authlib.oauth2.rfc6749 import InvalidRequestError
from cryptography import x509

from idp.factors.throttle import is_trusted
from idp.oidc.request_guard import MachineRequest
from idp.provider import Provider

# A byte sequence of RFC 8941 §3.3.5; certificates of clients have a few kilobytes.
_HEADER = re.compile(r":([A-Za-z0-9+/]{1,16384}={0,2}):")


def presented(provider: Provider, request: MachineRequest) -> x509.Certificate | None:
    """Return the certificate of the client's TLS connection, or None.

    Whoever is not our proxy and tells of one is refused (RFC 9440 §4): that is an
    attempt to be another, or a proxy that should be listed.
    """
    if request.client_cert is None:
        return None
    config = provider.config
    is_told = is_trusted(request.peer, config.server.trusted_proxies)
    if not (config.mtls.enabled and is_told):
        raise InvalidRequestError("Client-Cert is not taken from this peer")
    encoded = _HEADER.fullmatch(request.client_cert)
    if encoded is None:
        raise InvalidRequestError("Client-Cert must be one byte sequence (RFC 9440)")
    try:
        return x509.load_der_x509_certificate(b64decode(encoded[1], validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError("Client-Cert cannot be read") from error
