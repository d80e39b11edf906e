"""JARM: an authorization response as one JWT that we signed for one client."""

from collections.abc import Mapping
from datetime import datetime

from idp import clock
from idp.errors import IdpError
from idp.oidc import encryption
from idp.provider import Provider


class ClientGoneError(IdpError):
    """The client was removed in the very moment of its answer."""

    code = "DD-OIDC-001"


def pack(
    provider: Provider, client_id: str, answer: Mapping[str, str], *, now: datetime
) -> str:
    """Return the answer with `iss`, `aud` and `exp`, signed as was registered."""
    party = provider.relying_parties.find(client_id)
    if party is None:
        raise ClientGoneError
    claims = {
        **answer,
        "iss": provider.config.issuer,
        "aud": client_id,
        "exp": clock.timestamp(now) + provider.config.lifetimes.jarm,
    }
    alg = party.messages.authorization_alg
    signed = provider.rings.sign(claims, purpose="jarm", alg=alg, typ="JWT", now=now)
    return encryption.encrypt(party, "authorization", signed)
