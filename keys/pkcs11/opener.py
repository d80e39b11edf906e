"""Keys wherever their rows say that they are: sealed there, or in the token."""

import logging
from datetime import datetime

from keys.algorithms import Signer, public_jwk
from keys.errors import KeyMaterialError, TokenError
from keys.pkcs11.signing import TokenSigner, destroy_in, generate_in
from keys.pkcs11.token import Token
from keys.ring import Ring, RingKey
from keys.signing_keys import Opener

_log = logging.getLogger(__name__)


class TokenOpener:
    """Opens keys of both kinds, and makes new ones in the token if `makes_there`.

    So a ring moves into a token, or out of it, by a rotation like any other.
    """

    def __init__(
        self, token: Token | None, sealed: Opener, *, makes_there: bool
    ) -> None:
        self._token = token
        self._sealed = sealed
        self._makes_there = makes_there

    def generate(self, ring: Ring, *, now: datetime) -> RingKey:
        """Make a key for `ring` that nobody has seen yet."""
        if not self._makes_there:
            return self._sealed.generate(ring, now=now)
        handle, public_key = generate_in(self._named(), ring.alg, ring.name)
        jwk = public_jwk(public_key, ring.alg)
        return RingKey(
            kid=jwk["kid"],
            ring=ring,
            public_jwk=jwk,
            private_sealed=None,
            handle=handle,
            generated_at=now,
        )

    def signer(self, row: RingKey) -> Signer:
        """Open the private part of `row`; raises `KeyMaterialError`."""
        if row.handle is None:
            return self._sealed.signer(row)
        ring = row.ring
        return TokenSigner(self._named(), row.handle, alg=ring.alg, label=ring.name)

    def erase(self, row: RingKey) -> bool:
        """Destroy what of the private part is not in the row; say whether it is gone.

        A token that fails changes nothing: the row says already that the key is gone,
        and as long as it has the handle, it is tried again (`Rotator.settle`).
        """
        if row.handle is None:
            return self._sealed.erase(row)
        try:
            destroy_in(self._named(), row.handle)
        except KeyMaterialError:
            _log.exception("a destroyed key is still in its token: %s", row.handle)
            return False
        return True

    def _named(self) -> Token:
        if self._token is None:
            raise TokenError("a signing key is in a token: set pkcs11.module and token")
        return self._token
