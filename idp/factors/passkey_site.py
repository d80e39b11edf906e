"""Where passkeys are valid and how their answers count, built from the settings."""

import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from idp.config import Config
from idp.factors.attestation import AttestationPolicy
from idp.factors.fido_metadata import read_models


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """The relying party of WebAuthn: its RP ID, its origins, its rules.

    `attestation` is None where any authenticator may be enrolled.
    """

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]
    handle_key: bytes = field(repr=False)
    challenge_ttl: int
    is_biometric: bool
    attestation: AttestationPolicy | None

    def user_handle(self, account_id: UUID) -> bytes:
        """Return the account's name inside authenticators, which tells nothing."""
        mac = hmac.new(self.handle_key, b"handle" + account_id.bytes, hashlib.sha256)
        return mac.digest()


def open_site(config: Config, handle_key: bytes) -> PasskeySite:
    """Build the site; raises `ConfigError` if the metadata cannot be believed."""
    passkey, policy = config.passkey, None
    if passkey.attestation == "verified":
        policy = AttestationPolicy(read_models(passkey))
    return PasskeySite(
        rp_id=passkey.rp_id or config.host,
        rp_name=config.pages.operator,
        origins=passkey.origins or (config.issuer,),
        handle_key=handle_key,
        challenge_ttl=config.lifetimes.challenge,
        is_biometric=config.assurance.verified_passkey_is_biometric,
        attestation=policy,
    )
