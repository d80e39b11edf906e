"""Introspection as a signed JWT, for who must prove later what was told (RFC 9701)."""

import json

from idp import clock
from idp.oidc import encryption
from idp.oidc.errors import NO_STORE
from idp.oidc.request_guard import MachineRequest, MachineResponse
from idp.oidc.server import AuthorizationServer

TYPE = "token-introspection+jwt"
MEDIA_TYPE = f"application/{TYPE}"


def answer(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Answer with JSON (RFC 7662), or with a JWT to who asks for one (RFC 9701 §4)."""
    asked = server.create_oauth2_request(request)
    told: MachineResponse = server.create_endpoint_response("introspection", asked)
    if not _asks_for_jwt(request.accept):
        return told
    party = asked.client.party
    signed = server.provider.rings.sign(
        {
            "iss": server.provider.config.issuer,
            "aud": party.client_id,
            "iat": clock.timestamp(request.at),
            # Apart, so that the JWT is never taken for the token (RFC 9701 §5).
            "token_introspection": json.loads(told.body),
        },
        purpose="id_token",
        alg=party.messages.introspection_alg,
        typ=TYPE,
        now=request.at,
    )
    body = encryption.encrypt(party, "introspection", signed).encode("ascii")
    return MachineResponse(told.status, body, (("Content-Type", MEDIA_TYPE), *NO_STORE))


def _asks_for_jwt(accept: str) -> bool:
    ranges = (item.partition(";")[0].strip().lower() for item in accept.split(","))
    return MEDIA_TYPE in ranges
