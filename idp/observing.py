"""What is seen of each request from the outside: its id, one line of log, its numbers.

The line names the route's pattern, never an address or a query string; where the
request came from only if `log.addresses` says so.
"""

import re
import secrets
import time
from collections.abc import Iterable
from functools import cache
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from idp import metrics
from idp.config import Config
from idp.factors.throttle import is_trusted, source_of

HEADER = "X-Request-ID"
ROUTE = "dinhdanh.route"  # in the environment, set by who knows it
MACHINE = "dinhdanh.machine"
_UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# A UUID or a trace id: nothing else fits, a personal number least of all.
_WELL_FORMED = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CLASSES = {digit: f"{digit}xx" for digit in "12345"}

# There are as many as routes; to look them up anew takes a third of the time here.
_count, _time = cache(metrics.REQUESTS.labels), cache(metrics.REQUEST_SECONDS.labels)

log = structlog.get_logger("idp.requests")


class Observed:
    """A WSGI application whose requests are told apart, timed and counted."""

    def __init__(self, inner: WSGIApplication, config: Config) -> None:
        self._inner = inner
        self._proxies = config.server.trusted_proxies
        self._log = config.log

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request, and note what came of it."""
        began, status = time.perf_counter(), "500"
        request_id = self._id(environ)
        clear_contextvars()
        bind_contextvars(request_id=request_id)

        def begin(line, headers, exc_info=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - PEP 3333
            nonlocal status
            status = line[:3]
            return start_response(line, [*headers, (HEADER, request_id)], exc_info)

        try:
            return self._inner(environ, begin)
        finally:
            self._note(environ, status, time.perf_counter() - began)

    def _id(self, environ: WSGIEnvironment) -> str:
        sent: str | None = environ.get("HTTP_X_REQUEST_ID")
        if (
            sent is not None
            and _WELL_FORMED.fullmatch(sent)
            and is_trusted(environ.get("REMOTE_ADDR"), self._proxies)
        ):
            return sent
        return secrets.token_hex(16)

    def _note(self, environ: WSGIEnvironment, status: str, seconds: float) -> None:
        route = environ.get(ROUTE) or _UNMATCHED
        endpoint = route if MACHINE in environ else "pages"
        _count(route, _CLASSES.get(status[0], "5xx")).inc()
        _time(endpoint).observe(seconds)
        if not self._log.requests:
            return
        method = environ["REQUEST_METHOD"]
        told = {
            "method": method if method in _METHODS else "other",
            "route": route,
            "status": int(status),
            "ms": round(seconds * 1000, 1),
        }
        if self._log.addresses:
            told["source"] = source_of(
                environ.get("REMOTE_ADDR"),
                environ.get("HTTP_X_FORWARDED_FOR"),
                self._proxies,
            )
        log.info("request", **told)
