"""The Flask application: the whole wiring on one screen."""

import os
from functools import partial
from pathlib import Path

from flask import Flask, Response, current_app, g, request

from idp import headers, retelling
from idp.config import Config, load_config
from idp.errors import ConfigError
from idp.logs import configure_logging
from idp.observing import ROUTE, Observed
from idp.oidc.door import MachineDoor
from idp.oidc.endpoints import blueprint as oidc
from idp.oidc.server import EXTENSION as SERVER
from idp.oidc.server import AuthorizationServer
from idp.provider import EXTENSION, Provider, build_provider
from idp.web.route import Route
from idp.web.routes import register as register_pages

MAX_FORM_PARTS = 200
_HEADERS = "dinhdanh.headers"


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
    carried = app.extensions[_HEADERS] = headers.of_every_answer(config)
    door = MachineDoor(
        partial(Flask.wsgi_app, app),
        server,
        headers=carried,
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


def _protect(response: Response) -> Response:
    """Add what every answer carries; pages get their content policy too."""
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _content_policy()
    if g.get("frame_origins"):
        response.headers[headers.EMBEDDER] = "unsafe-none"  # portals' pages say nothing
    for name, value in current_app.extensions[_HEADERS]:
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def _content_policy() -> str:
    # Chromium applies form-action to the redirects after a form's submission too, so
    # the origin of this transaction's verified redirect URI is added, and no other.
    # The reader agent's origin stands on the pages of the chip card alone.
    agent = g.get("reader_origin", "")
    return headers.page_policy(
        forms_to=(g.get("form_action_origin", ""), agent),
        connects_to=(agent,),
        # Front-Channel Logout 1.0 §3: portals' pages, after signing out alone.
        frames=g.get("frame_origins", ""),
    )
