"""What every token must say before it is signed (RFC 9068 §2.2, OIDC Core §2)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from idp.errors import IdpError

_MAX_SUBJECT = 255  # OIDC Core §2


class UnsoundTokenError(IdpError):
    """A token would have been signed without what it must say; none was."""

    code = "DD-OIDC-500"
    status = HTTPStatus.INTERNAL_SERVER_ERROR


def lint(claims: dict[str, Any]) -> dict[str, Any]:
    """Return `claims`, or raise `UnsoundTokenError` that names what is wrong."""
    for name, expected in _REQUIRED.items():
        if not isinstance(claims.get(name), expected) or not claims[name]:
            raise UnsoundTokenError(detail=f"token without a sound {name}")
    sound = {
        "exp": claims["iat"] < claims["exp"],
        "auth_time": claims["auth_time"] <= claims["iat"],
        "sub": claims["sub"].isascii() and len(claims["sub"]) <= _MAX_SUBJECT,
        "amr": all(isinstance(item, str) for item in claims["amr"]),
        "null": None not in claims.values(),
        "act": "act" not in claims or claims["act"]["sub"] != claims["sub"],
    }
    for name, is_sound in sound.items():
        if not is_sound:
            raise UnsoundTokenError(detail=f"token with a wrong {name}")
    return claims


_REQUIRED: Mapping[str, type | tuple[type, ...]] = {
    "iss": str,
    "sub": str,
    "aud": (str, list),
    "exp": int,
    "iat": int,
    "jti": str,
    "auth_time": int,
    "acr": str,
    "amr": list,
    "sid": str,
}
