"""What a page needs that leads to the reader agent on the same computer."""

from http import HTTPStatus

from flask import Response, g, make_response

from idp import headers
from idp.provider import Provider


def open_to_agent(provider: Provider) -> str:
    """Let this page alone reach the agent on this computer; return its origin."""
    g.reader_origin = f"http://127.0.0.1:{provider.config.chip.agent_port}"
    return str(g.reader_origin)


def for_agent(body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with the page, and with what the agent must be told of it."""
    response: Response = make_response(body, status)
    # The agent serves known issuers only: it has to be told the origin.
    response.headers["Referrer-Policy"] = "origin"
    allowed = headers.permissions("local-network-access", "loopback-network")
    response.headers["Permissions-Policy"] = allowed
    return response
