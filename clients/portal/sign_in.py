"""Signing in and out: the whole protocol of a portal on one screen."""

import requests
from authlib.integrations.flask_client import FlaskOAuth2App, OAuthError
from flask import Blueprint, current_app, redirect, request, session, url_for
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from clients.portal import pages, visits
from clients.portal.provider import AnswerError, fetch_userinfo, push
from clients.portal.sites import Site, request_parameters
from clients.portal.visits import Memory

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def start() -> Response:
    """Send the browser to the provider, asking for what this site needs."""
    remote, site = _remote(), _site()
    parameters = request_parameters(
        site,
        language=pages.language(),
        step_up=request.args.get("step_up") == "1",
        acts_for=request.args.get("acts_for"),
    )
    callback = url_for("sign_in.callback", _external=True)
    created = remote.create_authorization_url(callback, **parameters)
    remote.save_authorize_data(redirect_uri=callback, asked=parameters, **created)
    url = created["url"]
    return redirect(push(remote, url) if site.pushed else url)


@blueprint.get("/callback")
def callback() -> Response:
    """Take the provider's answer, prove that it is for us, and begin a visit."""
    remote, site = _remote(), _site()
    asked = remote.framework.get_state_data(session, request.args.get("state"))
    if asked is None:
        raise AnswerError("this answer belongs to no request of this browser")
    # RFC 9207 §2.4: an answer of another issuer is a mix-up attack.
    if request.args.get("iss") != remote.load_server_metadata()["issuer"]:
        raise AnswerError("this answer comes from another issuer")
    token = remote.authorize_access_token()
    userinfo = fetch_userinfo(remote, token, signed=site.signed_userinfo)
    visits.begin(
        _memory(),
        {
            "request": asked["url"],
            "answer": request.args.to_dict(),
            "token": {k: v for k, v in token.items() if k != "userinfo"},
            "id_token": dict(token["userinfo"]),
            "claims": userinfo,
        },
    )
    return redirect(url_for("pages.profile"))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the visit here; with `everywhere`, the provider's session too."""
    visit = visits.end(_memory())
    if visit is None or request.form.get("decision") != "everywhere":
        return redirect(url_for("pages.landing"))
    answer: Response = _remote().logout_redirect(
        post_logout_redirect_uri=url_for("sign_in.signed_out", _external=True),
        id_token_hint=visit["token"]["id_token"],
        client_id=_remote().client_id,
        ui_locales=pages.language(),
    )
    return answer


@blueprint.get("/signed-out")
def signed_out() -> str:
    """Greet the browser that returns from the provider's logout."""
    _remote().validate_logout_response()
    return pages.show_signed_out()


@blueprint.errorhandler(OAuthError)
def explain(error: OAuthError) -> tuple[str, int]:
    """Say kindly what the provider refused; the code is for the help desk."""
    remote = _remote()
    remote.framework.clear_state_data(session, request.args.get("state"))
    return pages.show_error(error.error or "unknown", error.description or "")


@blueprint.errorhandler(AnswerError)
@blueprint.errorhandler(JoseError)
def distrust(error: Exception) -> tuple[str, int]:
    """Refuse an answer that could not be trusted."""
    current_app.logger.warning("refused an answer: %s", error)
    return pages.show_error("untrusted_answer", str(error))


@blueprint.errorhandler(requests.RequestException)
def unreachable(error: requests.RequestException) -> tuple[str, int]:
    """Say that the provider could not be reached."""
    current_app.logger.warning("provider unreachable: %s", type(error).__name__)
    return pages.show_error("unreachable", "")


def _remote() -> FlaskOAuth2App:
    return current_app.extensions["portal_remote"]


def _site() -> Site:
    site: Site = current_app.extensions["portal_site"]
    return site


def _memory() -> Memory:
    memory: Memory = current_app.extensions["portal_memory"]
    return memory
