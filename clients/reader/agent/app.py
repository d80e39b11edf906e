"""The agent's Flask application: its wiring, its doors, its headers."""

from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from clients.reader.agent import pages, routes, status
from clients.reader.agent.conversation import Conversations
from clients.reader.agent.doors import Doors
from clients.reader.agent.readers import Reader
from clients.reader.agent.reading import Readings

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Our own forms need an Origin; the name of a reading stays here.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(doors: Doors, reader: Reader, ca_file: Path | None = None) -> Flask:
    """Build the agent for one reader and its allow-list of providers."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 16_384
    app.add_template_filter(pages.grouped)
    app.extensions["agent"] = routes.Agent(
        doors, reader, ca_file, Readings(), Conversations(reader)
    )
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(status.blueprint)

    @app.before_request
    def check_host() -> tuple[str, int] | None:
        """Refuse every name but our own, and so every re-bound one."""
        if doors.is_own_host(request.headers.get("Host")):
            return None
        return pages.refusal("origin", 403)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def explain(error: HTTPException) -> tuple[str, int]:
        """Say in words that there is nothing here, and where to begin again."""
        return pages.refusal("unknown", error.code or 404)

    @app.after_request
    def protect(response: Response) -> Response:
        """Add the headers that every answer carries."""
        response.headers.update(HEADERS)
        return response

    return app
