"""The provider as Authlib's stock client sees it, and two things that it lacks.

Authlib 1.9 brings discovery, PKCE, state, nonce, client authentication and the ID
token's checks. A pushed request (RFC 9126) and a signed userinfo answer (OIDC Core
§5.3.2) are a few lines more, and stand here.
"""

from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from flask import Flask
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import ECKey, KeySet

from clients.portal.settings import Settings
from clients.portal.sites import Site
from clients.portal.visits import Memory

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TIMEOUT = 10.0


class AnswerError(Exception):
    """The provider's answer does not fit what was asked, or is not the provider's."""


def connect(
    app: Flask, settings: Settings, site: Site, memory: Memory
) -> FlaskOAuth2App:
    """Register the provider with Authlib, by its discovery document alone."""
    key = ECKey.import_key(settings.private_jwk) if settings.private_jwk else None
    return OAuth(app, cache=memory).register(
        "dinhdanh",
        client_id=settings.client_id,
        client_secret=key or settings.client_secret,
        server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
        client_auth_methods=[PrivateKeyJWT(alg="ES256")],
        client_kwargs={
            "scope": site.scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": settings.auth_method,
            "default_timeout": TIMEOUT,
        },
    )


def push(remote: FlaskOAuth2App, authorization_url: str) -> str:
    """Send the request ahead and return the short URL for the browser (RFC 9126)."""
    endpoint = remote.load_server_metadata()["pushed_authorization_request_endpoint"]
    form = dict(parse_qsl(urlsplit(authorization_url).query))
    form["client_assertion_type"] = ASSERTION_TYPE
    form["client_assertion"] = private_key_jwt_sign(
        remote.client_secret, remote.client_id, endpoint, alg="ES256", expires_in=60
    )
    answer = requests.post(endpoint, data=form, timeout=TIMEOUT)
    if answer.status_code != requests.codes.created:
        raise AnswerError(f"pushed request: {answer.text[:200]}")
    query = {
        "client_id": remote.client_id,
        "request_uri": answer.json()["request_uri"],
    }
    return f"{authorization_url.partition('?')[0]}?{urlencode(query)}"


def fetch_userinfo(
    remote: FlaskOAuth2App, token: dict[str, Any], *, signed: bool
) -> dict[str, Any]:
    """Fetch the claims, check a signature where one was registered for, and the sub."""
    metadata = remote.load_server_metadata()
    answer = remote.get(metadata["userinfo_endpoint"], token=token)
    answer.raise_for_status()
    if signed:
        claims = _verify(remote, answer.text, issuer=metadata["issuer"])
    else:
        claims = cast("dict[str, Any]", answer.json())
    # OIDC Core §5.3.2: an answer about someone else must not be used.
    if claims.get("sub") != token["userinfo"]["sub"]:
        raise AnswerError("userinfo is about someone else")
    return claims


def _verify(remote: FlaskOAuth2App, text: str, *, issuer: str) -> dict[str, Any]:
    try:
        keys = KeySet.import_key_set(remote.fetch_jwk_set())
        decoded = jwt.decode(text, keys, algorithms=["ES256", "RS256"])
    except InvalidKeyIdError:
        # The provider has rotated its keys since they were fetched.
        keys = KeySet.import_key_set(remote.fetch_jwk_set(force=True))
        decoded = jwt.decode(text, keys, algorithms=["ES256", "RS256"])
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": remote.client_id},
    )
    rules.validate(decoded.claims)
    return decoded.claims
