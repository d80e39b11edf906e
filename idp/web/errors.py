"""The one place where an error becomes a page for a person."""

from http import HTTPStatus

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from idp.errors import BusyError, IdpError
from idp.metrics import KEY_ERRORS
from idp.web import preferences, problem
from keys.errors import StoreUnreachableError

_HTTP_CODES = {404: "DD-WEB-404", 405: "DD-WEB-405", 413: "DD-WEB-413"}
_SERVER_ERROR = 500


def register(app: Flask) -> None:
    """Answer every error that no blueprint answered in its own way."""
    app.register_error_handler(IdpError, idp_error_page)
    app.register_error_handler(StoreUnreachableError, no_keys_page)
    app.register_error_handler(HTTPException, http_error_page)


def idp_error_page(error: IdpError) -> Response:
    """Show a refusal of ours."""
    response = page(
        error.code,
        error.status,
        description=error.description,
        detail=error.detail,
    )
    retry_after = getattr(error, "retry_after", None)
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def no_keys_page(error: StoreUnreachableError) -> Response:
    """Ask for patience: the keys were not read for too long to be believed."""
    KEY_ERRORS.labels("store").inc()
    return idp_error_page(BusyError("No key can be used now", detail=str(error)))


def http_error_page(error: HTTPException) -> Response:
    """Show an error of HTTP itself, keeping its headers (Allow, Retry-After)."""
    status = error.code or _SERVER_ERROR
    if isinstance(error, InternalServerError) or status >= _SERVER_ERROR:
        code = "DD-WEB-500"
    else:
        code = _HTTP_CODES.get(status, "DD-WEB-400")
    response = page(code, HTTPStatus(status))
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def page(
    code: str, status: HTTPStatus, *, description: str = "", detail: str = ""
) -> Response:
    """Render the error page of a code."""
    shown = problem.notice(code, description=description, detail=detail)
    # A form that went wrong can be opened again; a GET that failed would only repeat.
    again = preferences.page_path() if request.method == "POST" else None
    return make_response(
        render_template("error.html", problem=shown, again=again), status
    )
