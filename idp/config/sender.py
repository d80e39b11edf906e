"""The settings of sender-constrained tokens: DPoP (RFC 9449), mutual TLS (RFC 8705)."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DpopConfig:
    """Whether each proof must carry a nonce of ours (RFC 9449 §8)."""

    require_nonce: bool = False


@dataclass(frozen=True, slots=True)
class MtlsConfig:
    """Client certificates, as a trusted proxy tells of them (RFC 9440).

    `endpoints` is the origin of `mtls_endpoint_aliases` (RFC 8705 §5), where it is
    another than the issuer; `authorities_file` holds who may issue certificates for
    `tls_client_auth`.
    """

    enabled: bool = False
    endpoints: str = ""
    authorities_file: Path | None = None
