"""Nonces for wallets' proofs (OpenID4VCI 1.0 §7): sealed times, each spent once.

Asking for one costs no memory here, since anybody may; only a spent one is remembered,
as long as it would have lasted.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime

from idp import clock
from idp.provider import Provider
from keys.errors import KeysError

_CONTEXT = "c_nonce"
_MAX_LENGTH = 200


def fresh(provider: Provider, now: datetime) -> str:
    """Return a new nonce; it is sealed, so nobody else makes one."""
    moment = clock.timestamp(now).to_bytes(8)
    sealed = provider.sealer.seal(moment, context=_CONTEXT)
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def spend(provider: Provider, nonce: str, now: datetime) -> bool:
    """Say once whether the nonce is ours and still lasts."""
    lifetime = provider.config.credentials.nonce
    moment = _opened(provider, nonce)
    if moment is None or not 0 <= clock.timestamp(now) - moment < lifetime:
        return False
    return provider.ephemeral.claim(f"c-nonce:{nonce}", ttl=lifetime)


def _opened(provider: Provider, nonce: str) -> int | None:
    if len(nonce) > _MAX_LENGTH or not nonce.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(nonce + "=" * (-len(nonce) % 4))
        if urlsafe_b64encode(sealed).rstrip(b"=").decode() != nonce:
            return None  # another spelling of a nonce would be spent a second time
        return int.from_bytes(provider.sealer.open(sealed, context=_CONTEXT))
    except (Base64Error, ValueError, KeysError):
        return None
