"""Every authorization response, success or error, in one place.

Each carries `state` as it came and `iss` (RFC 9207), by query, fragment or form_post,
and goes only to a redirect URI that was verified before. A mode that ends in `jwt`
packs it all into one signed `response` (JARM).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlencode

import structlog
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response, g, render_template

from idp.authentication.transaction import AuthorizationRequest, source_of
from idp.oidc import jarm
from idp.oidc.errors import legible_sentence
from idp.provider import Provider

PLAIN_MODES = ("query", "fragment", "form_post")
# JARM §2.3: `jwt` alone is the default mode of the response type, which is `query`.
JWT_MODES = {"jwt": "query", **{f"{mode}.jwt": mode for mode in PLAIN_MODES}}
MODES = (*PLAIN_MODES, *JWT_MODES)
DEFAULT = "query"

_SCRIPT = (Path(__file__).parent / "static" / "form_post.js").read_bytes()

_log = structlog.get_logger("idp.oidc")


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where an authorization response goes: a verified redirect URI, and how."""

    client_id: str
    redirect_uri: str
    response_mode: str
    state: str | None


def reply_to(request: AuthorizationRequest) -> ReplyTo:
    """Return where the answer to `request` goes."""
    return ReplyTo(
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        response_mode=request.response_mode,
        state=request.state,
    )


def success(
    provider: Provider, reply: ReplyTo, *, code: str, now: datetime
) -> Response:
    """Return the response that brings the code (RFC 6749 §4.1.2)."""
    return _respond(provider, reply, {"code": code}, now=now)


def failure(
    provider: Provider,
    reply: ReplyTo,
    error: str,
    description: str = "",
    *,
    now: datetime,
) -> Response:
    """Return the response that brings an error (RFC 6749 §4.1.2.1)."""
    _log.info("authorization refused", client_id=reply.client_id, error=error)
    parameters = {"error": error}
    if description:
        parameters["error_description"] = legible_sentence(description)
    return _respond(provider, reply, parameters, now=now)


def refusal(
    provider: Provider, reply: ReplyTo, error: OAuth2Error, *, now: datetime
) -> Response:
    """Return the response for Authlib's refusal."""
    description = error.get_error_description()
    return failure(provider, reply, error.error, description, now=now)


def form_post_script() -> Response:
    """Answer GET /authorize/form_post.js: the one line that presses the button."""
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(_SCRIPT, mimetype="text/javascript", headers=headers)


def _respond(
    provider: Provider, reply: ReplyTo, answer: Mapping[str, str], *, now: datetime
) -> Response:
    parameters = dict(answer)
    if reply.state is not None:
        parameters["state"] = reply.state
    if reply.response_mode in JWT_MODES:
        packed = jarm.pack(provider, reply.client_id, parameters, now=now)
        parameters = {"response": packed}
    else:
        parameters["iss"] = provider.config.issuer
    mode = JWT_MODES.get(reply.response_mode, reply.response_mode)
    if mode == "form_post":
        return _form_post(reply.redirect_uri, parameters)
    location = _location(reply.redirect_uri, mode, parameters)
    # 303 lets no browser repeat a posted form at the client (RFC 9700 §4.12).
    response = Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location})
    response.headers["Cache-Control"] = "no-store"
    return response


def _location(redirect_uri: str, mode: str, parameters: Mapping[str, str]) -> str:
    encoded = urlencode(parameters, quote_via=quote)
    if mode == "fragment":
        return f"{redirect_uri}#{encoded}"
    # A registered URI may have a query of its own, which stays (RFC 6749 §3.1.2).
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{encoded}"


def _form_post(redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    # The page's content policy lets its form go to this origin and no other.
    g.form_action_origin = source_of(redirect_uri)
    page = render_template(
        "form_post.html", redirect_uri=redirect_uri, parameters=parameters
    )
    return Response(page, headers={"Cache-Control": "no-store"})
