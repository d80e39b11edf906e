"""The thin door: machine endpoints are answered here, before Flask sees the request.

A portal's token, userinfo, introspection, key set and discovery requests are most of
the traffic, and Flask's dispatch would cost more than some of their answers. Pages go
on to Flask.
"""

from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import ClientDisconnected, HTTPException
from werkzeug.wsgi import get_input_stream

from idp import clock, observing
from idp.oidc import errors
from idp.oidc.endpoints import MACHINE_ENDPOINTS, handle
from idp.oidc.request_guard import Headers, MachineRequest
from idp.oidc.server import AuthorizationServer

_BY_PATH = {endpoint.path: endpoint for endpoint in MACHINE_ENDPOINTS}


class MachineDoor:
    """A WSGI application that answers machine endpoints and passes on the rest."""

    def __init__(
        self,
        pages: WSGIApplication,
        server: AuthorizationServer,
        *,
        headers: Headers,
        max_body: int,
    ) -> None:
        self._pages = pages
        self._server = server
        self._headers = headers
        self._max_body = max_body

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        endpoint = _BY_PATH.get(environ["PATH_INFO"])
        if endpoint is None:
            return self._pages(environ, start_response)
        environ[observing.ROUTE] = environ[observing.MACHINE] = endpoint.path
        try:
            request = read(environ, max_body=self._max_body)
        except HTTPException as error:  # a body over the limit, or cut short
            answered = errors.unreadable(error.code or HTTPStatus.BAD_REQUEST)
        else:
            answered = handle(endpoint, self._server, request)
        status = HTTPStatus(answered.status)
        length = ("Content-Length", str(len(answered.body)))
        start_response(
            f"{status.value} {status.phrase}",
            [*answered.headers, *self._headers, length],
        )
        return () if environ["REQUEST_METHOD"] == "HEAD" else (answered.body,)


def read(environ: WSGIEnvironment, *, max_body: int) -> MachineRequest:
    """Return the WSGI request as a `MachineRequest`; 413 if its body is too big."""
    body = b""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS"):
        stream = get_input_stream(environ, max_content_length=max_body)
        try:
            body = stream.read()
            # A body of no stated length is cut at the limit; reading on refuses it.
            stream.read(1)
        except OSError as error:
            raise ClientDisconnected from error
    return MachineRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        at=clock.now(),
        query=environ.get("QUERY_STRING", ""),
        content_type=environ.get("CONTENT_TYPE", ""),
        authorization=environ.get("HTTP_AUTHORIZATION"),
        body=body,
        if_none_match=environ.get("HTTP_IF_NONE_MATCH"),
        peer=environ.get("REMOTE_ADDR"),
        client_cert=environ.get("HTTP_CLIENT_CERT"),
        dpop=environ.get("HTTP_DPOP"),
        forwarded_for=environ.get("HTTP_X_FORWARDED_FOR"),
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        accept=environ.get("HTTP_ACCEPT", ""),
        probe=environ.get("HTTP_X_DINHDANH_PROBE"),
    )
