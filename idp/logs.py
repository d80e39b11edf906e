"""Structured logs on standard error, without personal data.

Events are words and identifiers: an error id, a client id, a route. Never a personal
number, name, phone, code or token; the query string is never logged.
"""

import logging
import sys

import structlog


def configure_logging(level: str, form: str) -> None:
    """Set up structlog and the standard library's loggers for this process."""
    renderer = (
        structlog.processors.JSONRenderer()
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=number, stream=sys.stderr, format="%(name)s: %(message)s")
    # Authlib prints whole tokens at DEBUG.
    logging.getLogger("authlib").setLevel(max(logging.INFO, number))
