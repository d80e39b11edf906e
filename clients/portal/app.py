"""One portal's Flask application."""

import os
from pathlib import Path

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from clients.portal import pages, sign_in
from clients.portal.provider import connect
from clients.portal.settings import SETTINGS_VARIABLE, Settings, load_settings
from clients.portal.sites import SITES
from clients.portal.visits import Memory


def create_app(settings: Settings | None = None) -> Flask:
    """Build the portal from `settings`, or from the file that PORTAL_SETTINGS names."""
    if settings is None:
        settings = load_settings(Path(os.environ[SETTINGS_VARIABLE]))
    app = Flask(__name__)
    app.secret_key = settings.session_key
    # Cookies know no ports: each portal on this host needs a name of its own.
    prefix = "__Host-" if settings.is_secure else ""
    app.config.update(
        SESSION_COOKIE_NAME=f"{prefix}{settings.site}_session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.is_secure,
        PREFERRED_URL_SCHEME="https" if settings.is_secure else "http",
        MAX_CONTENT_LENGTH=16_384,
    )
    site, memory = SITES[settings.site], Memory()
    app.extensions["portal_settings"] = settings
    app.extensions["portal_site"] = site
    app.extensions["portal_memory"] = memory
    app.extensions["portal_remote"] = connect(app, settings, site, memory)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(sign_in.blueprint)
    _secure(app, settings)
    return app


def _secure(app: Flask, settings: Settings) -> None:
    # The sign-out form is answered by a redirect to the provider, which Chromium
    # counts as part of the form's action.
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {settings.issuer}"
    )

    @app.before_request
    def keep_to_one_host() -> AnyResponse | None:
        """Send other names of this host (localhost) to the registered one."""
        if request.host_url.rstrip("/") == settings.base_url:
            return None
        return redirect(settings.base_url + request.path)

    @app.after_request
    def protect(response: Response) -> Response:
        """Add the headers that every page of a portal carries."""
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        if response.mimetype == "text/html":
            response.headers["Cache-Control"] = "no-store"
        return response
