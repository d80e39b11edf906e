"""GET /status: a provider's page learns whether a reader and a card are there."""

from flask import Blueprint, Response, jsonify, request

from clients.reader.agent.link import NAME, VERSION
from clients.reader.agent.routes import agent

# What a browser may ask before a page reaches this computer: the preflight of Private
# Network Access, under its first and its later name (WICG).
NETWORKS = ("Private-Network", "Local-Network")

blueprint = Blueprint("status", __name__)


@blueprint.route("/status", methods=["GET"], provide_automatic_options=False)
def status() -> Response:
    """Answer the providers of the allow-list; others learn nothing."""
    issuer = agent().doors.issuer(request.headers.getlist("Origin"))
    if issuer is None:
        return Response(status=403, headers={"Vary": "Origin"})
    reader = agent().reader
    response = jsonify(
        agent=NAME,
        version=VERSION,
        virtual=bool(reader.cards()),
        presence=reader.presence(),
    )
    response.headers["Vary"] = "Origin"
    response.headers["Access-Control-Allow-Origin"] = issuer
    return response


@blueprint.route("/status", methods=["OPTIONS"])
def preflight() -> Response:
    """Let those providers' pages ask, from the public network too."""
    issuer = agent().doors.issuer(request.headers.getlist("Origin"))
    if issuer is None:
        return Response(status=403, headers={"Vary": "Origin"})
    response = Response(status=204, headers={"Vary": "Origin"})
    response.headers["Access-Control-Allow-Origin"] = issuer
    response.headers["Access-Control-Allow-Methods"] = "GET"
    for network in NETWORKS:
        if request.headers.get(f"Access-Control-Request-{network}") == "true":
            response.headers[f"Access-Control-Allow-{network}"] = "true"
    return response
