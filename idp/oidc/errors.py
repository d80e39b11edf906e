"""JSON answers of the machine endpoints, and how refusals become them."""

import json
import secrets
from http import HTTPStatus
from typing import Any

import structlog
from authlib.oauth2.rfc6749 import OAuth2Error

from idp.errors import BusyError, IdpError
from idp.metrics import KEY_ERRORS
from idp.oidc.compact_jws import STRONG_ALGORITHMS
from idp.oidc.request_guard import MachineResponse, legible
from keys.errors import StoreUnreachableError, TokenError

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
JSON_HEADERS = (("Content-Type", "application/json"), *NO_STORE)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_log = structlog.get_logger("idp.oidc")


class BearerError(OAuth2Error):  # type: ignore[misc]
    """A refusal at a protected resource; it says so in a header too (RFC 6750 §3).

    To a client that speaks DPoP the challenge is of that scheme (RFC 9449 §7.1).
    """

    scheme = "Bearer"

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the challenge with the reason."""
        return [("WWW-Authenticate", f"{self.scheme} {', '.join(self._parts())}")]

    def _parts(self) -> list[str]:
        reason = [f'error="{self.error}"', f'error_description="{self.description}"']
        return reason + self._algorithms()

    def _algorithms(self) -> list[str]:
        is_dpop = self.scheme == "DPoP"
        return [f'algs="{" ".join(STRONG_ALGORITHMS)}"'] if is_dpop else []


class InvalidTokenError(BearerError):
    """The access token is expired, revoked, malformed or not for us (RFC 6750 §3.1)."""

    error = "invalid_token"
    status_code = HTTPStatus.UNAUTHORIZED


class MissingTokenError(InvalidTokenError):
    """The request tried no access token, so the header gives no reason (§3.1)."""

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the bare challenge."""
        bare = " ".join((self.scheme, *self._algorithms()))
        return [("WWW-Authenticate", bare)]


class InsufficientScopeError(BearerError):
    """The access token does not reach this resource (RFC 6750 §3.1)."""

    error = "insufficient_scope"
    status_code = HTTPStatus.FORBIDDEN


class InsufficientAuthenticationError(BearerError):
    """The citizen must prove more for this resource (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
    status_code = HTTPStatus.UNAUTHORIZED

    def __init__(self, acr: str) -> None:
        super().__init__("The sign-in does not reach what is demanded")
        self._acr = acr

    def _parts(self) -> list[str]:
        return [*super()._parts(), f'acr_values="{self._acr}"']


class BearerRequestError(BearerError):
    """The access token came twice, or in a way that is not taken (RFC 6750 §3.1)."""

    error = "invalid_request"


class InvalidProofError(OAuth2Error):  # type: ignore[misc]
    """The DPoP proof is missing, or proves nothing here (RFC 9449 §5)."""

    error = "invalid_dpop_proof"


class UseNonceError(InvalidProofError):
    """The proof needs the nonce that comes with this answer (RFC 9449 §8)."""

    error = "use_dpop_nonce"


class UnprovenTokenError(BearerError):
    """The same refusal at a protected resource (RFC 9449 §7.1, §9)."""

    status_code = HTTPStatus.UNAUTHORIZED

    def __init__(self, refused: InvalidProofError) -> None:
        super().__init__(refused.description, error=refused.error)


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]
    """The named resource was not part of the authorization (RFC 8707 §2)."""

    error = "invalid_target"


class InvalidAuthorizationDetailsError(OAuth2Error):  # type: ignore[misc]
    """The details are of another type, shape or value than we know (RFC 9396 §5)."""

    error = "invalid_authorization_details"


def json_answer(status: int, body: Any) -> MachineResponse:
    """Return a JSON answer that no cache keeps (RFC 6749 §5.1)."""
    return MachineResponse(status, dump(body), JSON_HEADERS)


def dump(body: Any) -> bytes:
    """Return compact UTF-8 JSON; Vietnamese letters stay letters."""
    return _encode(body).encode()


def answer(error: OAuth2Error, *, scheme: str = "Bearer") -> MachineResponse:
    """Return the RFC 6749 §5.2 answer; a resource's challenge is of this scheme."""
    if isinstance(error, BearerError):
        error.scheme = scheme
    status, body, headers = error()
    if description := error.get_error_description():
        body["error_description"] = legible_sentence(description)
    challenges = tuple(item for item in headers if item[0] == "WWW-Authenticate")
    return json_answer(status, body).with_headers(*challenges)


def legible_sentence(text: str) -> str:
    """Return `text` in the characters that an error_description may hold."""
    return " ".join(legible(word) for word in text.split())


def refusal(error: IdpError) -> MachineResponse:
    """Return the answer for one of our own refusals, `detail` going to the log."""
    _log.info("refused", code=error.code, detail=error.detail)
    name = "temporarily_unavailable" if isinstance(error, BusyError) else "server_error"
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR and name == "server_error":
        name = "invalid_request"
    description = f"{error.description or 'refused'} ({error.code})"
    return json_answer(
        error.status,
        {"error": name, "error_description": legible_sentence(description)},
    )


def unsigned(error: TokenError | StoreUnreachableError) -> MachineResponse:
    """Return 503: the signing key's hardware, or the store of the rings, is away."""
    place = "token" if isinstance(error, TokenError) else "store"
    KEY_ERRORS.labels(place).inc()
    _log.error(f"{place} unreachable", detail=str(error))
    return refusal(BusyError("No key can be used now"))


def unexpected(error: Exception) -> MachineResponse:
    """Log what went wrong under an id; tell the id and nothing else."""
    error_id = secrets.token_hex(8)
    _log.error("unexpected", error_id=error_id, exc_info=error)
    return json_answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        {
            "error": "server_error",
            "error_description": f"Unexpected error, id {error_id}",
        },
    )


def wrong_method(allowed: tuple[str, ...]) -> MachineResponse:
    """Return 405 and name what is allowed (RFC 9110 §15.5.6)."""
    body = {"error": "invalid_request", "error_description": "Method not allowed"}
    answered = json_answer(HTTPStatus.METHOD_NOT_ALLOWED, body)
    return answered.with_headers(("Allow", ", ".join((*allowed, "OPTIONS"))))


def unreadable(status: int) -> MachineResponse:
    """Return the answer to a body that is too big or was cut short."""
    phrase = HTTPStatus(status).phrase
    body = {"error": "invalid_request", "error_description": phrase}
    return json_answer(status, body)
