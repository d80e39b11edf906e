"""Structured logs on standard error, without personal data.

Events are words and identifiers: an error id, a client id, a route. Never a personal
number, name, phone, code or token; the query string is never logged. What is bound to
a request (`request_id`, `client_id`) stands in every line of it.
"""

import json
import logging
import sys
from typing import Any

import structlog

# Made once: a line is written for every request.
_encode = json.JSONEncoder(default=repr).encode
_OURS = ("idp", "keys")


def configure_logging(level: str, form: str) -> None:
    """Set up structlog and the standard library's loggers for this process."""
    renderer = (
        structlog.processors.JSONRenderer(serializer=_dump)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries tell whole tokens, messages and addresses at DEBUG.
    theirs = max(logging.INFO, number)
    logging.basicConfig(level=theirs, stream=sys.stderr, format="%(name)s: %(message)s")
    logging.getLogger().setLevel(theirs)
    # It tells every look at the schema, as often as somebody asks whether we are ready.
    logging.getLogger("alembic").setLevel(max(logging.WARNING, number))
    for name in _OURS:
        logging.getLogger(name).setLevel(number)


def _dump(line: dict[str, Any], **_: Any) -> str:
    return _encode(line)


def note_client(client_id: str) -> None:
    """Name the registered client in every further line of this request."""
    structlog.contextvars.bind_contextvars(client_id=client_id)
