"""The agent's pages: the front page, the start, the question and its answer."""

import hmac
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, request
from flask import url_for as url
from werkzeug.wrappers import Response as AnyResponse

from clients.reader.agent import pages
from clients.reader.agent.conversation import Conversations, give_up
from clients.reader.agent.doors import Doors
from clients.reader.agent.errors import ReadingError
from clients.reader.agent.link import ProviderLink
from clients.reader.agent.readers import Reader
from clients.reader.agent.reading import Reading, Readings

# Long enough to spare requests, short enough that a closed tab frees its thread.
LISTEN_SECONDS = 10.0
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{16,512}")

_log = logging.getLogger(__name__)

blueprint = Blueprint("agent", __name__)

Answer = AnyResponse | tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Agent:
    """What the views work with."""

    doors: Doors
    reader: Reader
    ca_file: Path | None
    readings: Readings
    conversations: Conversations


def agent() -> Agent:
    """Return the running application's agent."""
    running: Agent = current_app.extensions["agent"]
    return running


@blueprint.get("/")
def front() -> Answer:
    """Say what this program is, and what lies on the reader."""
    return pages.front(agent().doors, agent().reader)


@blueprint.post("/start")
def start() -> Answer:
    """Begin what a provider's page asks for, and show its question."""
    issuer = agent().doors.issuer(request.headers.getlist("Origin"))
    if issuer is None:
        return pages.refusal("origin", 403)
    token = request.form.get("start_token", "")
    if not _TOKEN.fullmatch(token):
        return pages.refusal("refused", 400, issuer)
    link = ProviderLink(issuer, agent().ca_file)
    try:
        asker = link.open(token)
    except ReadingError as error:
        _log.warning("start: %s %s", error.slug, error)
        return pages.refusal(error.slug, 502, issuer)
    chosen = pages.language(request.form.get("lang"))
    reading = Reading(issuer, link, asker, chosen)
    agent().readings.add(reading)
    return redirect(url("agent.show", name=reading.name), 303)


@blueprint.get("/reading/<name>")
def show(name: str) -> Answer:
    """Show the question, how far the reading is, or the way back."""
    reading = agent().readings.find(name)
    if reading is None:
        return pages.refusal("unknown", 404)
    return pages.reading(reading, agent().reader)


@blueprint.post("/reading/<name>")
def decide(name: str) -> Answer:
    """Take the citizen's answer, given on our own page and nowhere else."""
    reading = agent().readings.find(name)
    if reading is None:
        return pages.refusal("unknown", 404)
    csrf = request.form.get("csrf", "").encode()
    is_ours = request.headers.getlist("Origin") == [agent().doors.own_origin]
    if not is_ours or not hmac.compare_digest(csrf, reading.csrf.encode()):
        return pages.refusal("origin", 403)
    problem = None if _act(reading) else "card"
    return redirect(url("agent.show", name=name, problem=problem), 303)


@blueprint.get("/reading/<name>/state")
def state(name: str) -> Response:
    """Tell our own script what has changed, as soon as it has."""
    reading = agent().readings.find(name)
    if reading is None:
        abort(404)
    reading.wait_for_change(request.args.get("known", ""), LISTEN_SECONDS)
    return jsonify(pages.live(reading, virtual=bool(agent().reader.cards())))


def _act(reading: Reading) -> bool:
    """Act on the answer; False when a card must be chosen first."""
    choice, decision = request.form.get("card", ""), request.form.get("decision")
    if decision == "allow":
        cards = {card.number for card in agent().reader.cards()}
        if cards and choice not in cards:
            return False
        if reading.decide():
            agent().conversations.start(reading, choice)
    elif decision == "cancel":
        reading.is_cancelled.set()
        # A conversation that has begun sees the mark and gives up by itself.
        if reading.decide():
            give_up(reading, "user")
    return True
