"""What every machine endpoint is given and gives back, and how forms are read.

Machine endpoints are functions of a `MachineRequest` that return a `MachineResponse`;
`door` reads the one from WSGI and writes the other.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp import strict_json

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
MAX_FIELDS = 64
MAX_NAME = 64

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MachineRequest:
    """One request of a program, with the moment at which it came in.

    `peer` is who holds the connection, a proxy perhaps; `client_cert` and `dpop`
    are the headers of RFC 9440 and RFC 9449 as they came.
    """

    method: str
    path: str
    at: datetime
    query: str = ""
    content_type: str = ""
    authorization: str | None = None
    body: bytes = b""
    if_none_match: str | None = None
    peer: str | None = None
    client_cert: str | None = None
    dpop: str | None = None
    forwarded_for: str | None = None
    user_agent: str = ""
    accept: str = ""
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class MachineResponse:
    """The whole answer to a program."""

    status: int
    body: bytes = b""
    headers: Headers = ()

    def with_headers(self, *added: tuple[str, str]) -> "MachineResponse":
        """Return the same answer with more headers."""
        return MachineResponse(self.status, self.body, (*self.headers, *added))


class Form(dict[str, str]):
    """The parameters of a form, each once; `resource` alone may repeat (RFC 8707)."""

    resources: tuple[str, ...] = ()


class UnsupportedMediaError(InvalidRequestError):  # type: ignore[misc]
    """The body is not of the type that the endpoint reads."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def form(request: MachineRequest) -> Form:
    """Return the parameters of a form post, or refuse what is not exactly one.

    Parameters come in the body only, never in the URL where logs keep them; a
    parameter without a value counts as left out (RFC 6749 §3.2).
    """
    if request.query:
        raise InvalidRequestError("Parameters belong in the body, not in the URL")
    if request.body and media_type(request) != FORM_TYPE:
        raise UnsupportedMediaError(f"The content type must be {FORM_TYPE}")
    return parse_form(request.body)


def json_object(request: MachineRequest) -> dict[str, Any]:
    """Return the JSON object of a body, strictly: UTF-8, no member twice."""
    if media_type(request) != JSON_TYPE:
        raise UnsupportedMediaError(f"The content type must be {JSON_TYPE}")
    try:
        value = strict_json.loads(request.body.decode("utf-8"))
        # Escapes can name half a surrogate pair, which no answer could tell again.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not JSON") from error
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a JSON object")
    return value


def media_type(request: MachineRequest) -> str:
    """Return the content type without its parameters."""
    return request.content_type.partition(";")[0].strip().lower()


def parse_form(body: bytes) -> Form:
    """Parse a form body strictly: UTF-8, few fields, no parameter twice."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise InvalidRequestError("The body is not UTF-8") from error
    except ValueError as error:
        raise InvalidRequestError("The body has too many parameters") from error
    parameters = Form()
    seen: set[str] = set()
    resources: list[str] = []
    for name, value in pairs:
        if name == "resource":
            resources.append(value)
            continue
        if name in seen:
            raise InvalidRequestError(f"Parameter given twice: {legible(name)}")
        seen.add(name)
        if value:
            parameters[name] = value
    parameters.resources = tuple(value for value in resources if value)
    return parameters


def legible(text: str) -> str:
    """Return `text` in the characters that RFC 6749 §5.2 allows, cut short."""
    kept = (char if " " <= char <= "~" and char not in '"\\' else "?" for char in text)
    return "".join(kept)[:MAX_NAME]
