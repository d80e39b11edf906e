"""The Flask application: the whole wiring on one screen."""

import os
from functools import partial
from pathlib import Path

from flask import Flask, Response, current_app, g, request

from idp import retelling
from idp.config import LOOPBACK_HOSTS, Config, load_config
from idp.errors import ConfigError
from idp.logs import configure_logging
from idp.observing import ROUTE, Observed
from idp.oidc.door import MachineDoor
from idp.oidc.endpoints import blueprint as oidc
from idp.oidc.request_guard import Headers
from idp.oidc.server import EXTENSION as SERVER
from idp.oidc.server import AuthorizationServer
from idp.provider import EXTENSION, Provider, build_provider
from idp.web.route import Route
from idp.web.routes import register as register_pages

MAX_FORM_PARTS = 200
_HEADERS = "dinhdanh.headers"

# Pages carry no inline script or style; `form-action`, `connect-src` and `frame-src`
# are completed for each response.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(
    config: Config | None = None, *, provider: Provider | None = None
) -> Flask:
    """Build the application from `config`, or from the file that IDP_CONFIG names."""
    config = provider.config if provider else config or _named_config()
    configure_logging(config.log.level, config.log.format)
    app = bare_app()
    connect(app, provider or build_provider(config))
    return app


def bare_app() -> Flask:
    """Return all routes and templates, not yet connected with a provider."""
    app = Flask("idp", root_path=str(Path(__file__).parent), static_folder=None)
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.url_rule_class = Route
    app.url_map.strict_slashes = False
    app.register_blueprint(oidc)
    register_pages(app)
    app.after_request(_protect)
    return app


def connect(app: Flask, provider: Provider) -> None:
    """Let the application serve this provider, and no longer the one before it."""
    config = provider.config
    app.config["MAX_CONTENT_LENGTH"] = config.server.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = config.server.max_body_bytes
    server = AuthorizationServer(provider)
    app.extensions[EXTENSION] = provider
    app.extensions[SERVER] = server
    headers = app.extensions[_HEADERS] = _security_headers(config)
    door = MachineDoor(
        partial(Flask.wsgi_app, app),
        server,
        headers=headers,
        max_body=config.server.max_body_bytes,
    )
    app.wsgi_app = Observed(door, config)  # type: ignore[method-assign]  # Flask's way


def _named_config() -> Config:
    path = os.environ.get("IDP_CONFIG")
    if not path:
        raise ConfigError("set IDP_CONFIG to the configuration file")
    return load_config(Path(path))


def create_worker() -> Flask:
    """Build the application of a server's worker, which also tells portals again."""
    app = create_app()
    retelling.keep_looking(app.extensions[EXTENSION])
    return app


def _security_headers(config: Config) -> Headers:
    headers = (
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "geolocation=(), camera=(), microphone=()"),
    )
    if config.is_secure and config.host not in LOOPBACK_HOSTS:
        # On a loopback host it would shut every other local http server out for a year.
        return (*headers, ("Strict-Transport-Security", "max-age=31536000"))
    return headers


def _protect(response: Response) -> Response:
    """Add what every answer carries; pages get their content policy too."""
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
    for name, value in current_app.extensions[_HEADERS]:
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _content_policy()
    return response


def _content_policy() -> str:
    # Chromium applies form-action to the redirects after a form's submission too, so
    # the origin of this transaction's verified redirect URI is added, and no other.
    # The reader agent's origin stands on the pages of the chip card alone.
    agent = g.get("reader_origin", "")
    origins = " ".join(filter(None, ("'self'", g.get("form_action_origin"), agent)))
    sources = " ".join(filter(None, ("'self'", agent)))
    # Front-Channel Logout 1.0 §3: portals' pages in frames, after signing out alone.
    framed = g.get("frame_origins")
    frames = f"frame-src {framed}; " if framed else ""
    return f"{_POLICY}; connect-src {sources}; {frames}form-action {origins}"
