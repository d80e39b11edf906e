"""Proof Key for Code Exchange, S256 only (RFC 7636, RFC 9700 §2.1.1)."""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge as _CodeChallenge

from idp.relying_parties.record import RelyingParty

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # a SHA-256 digest in base64url
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1


def is_required(party: RelyingParty) -> bool:
    """Say whether the party must send a challenge: only policy may relax it."""
    return party.require_pkce or party.auth_method == "none"


def matches(verifier: str, challenge: str) -> bool:
    """Say whether `verifier` opens `challenge` (RFC 7636 §4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())


class CodeChallenge(_CodeChallenge):  # type: ignore[misc]
    """Authlib's extension, made mandatory by policy and deaf to `plain`."""

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Check the challenge of an authorization request."""
        del redirect_uri
        parameters = grant.request.payload.data
        challenge = parameters.get("code_challenge")
        if challenge is None and parameters.get("code_challenge_method") is None:
            if is_required(grant.request.client.party):
                raise InvalidRequestError("Missing code_challenge (PKCE, RFC 7636)")
            return
        # A method that was left out means `plain` (RFC 7636 §4.3).
        if parameters.get("code_challenge_method", "plain") != METHOD:
            raise InvalidRequestError(f"code_challenge_method must be {METHOD}")
        if not challenge or not _CHALLENGE.fullmatch(challenge):
            raise InvalidRequestError("code_challenge must be 43 base64url characters")

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        """Check the verifier of a token request; the code is burnt by now."""
        del result
        check_verifier(
            grant.request.form.get("code_verifier"),
            expected_challenge=grant.request.authorization_code.code_challenge,
        )


def check_verifier(verifier: str | None, *, expected_challenge: str | None) -> None:
    """Refuse a missing, a wrong and an unasked-for verifier alike."""
    if expected_challenge is None:
        if verifier is not None:
            # The challenge was taken out of the request on its way (RFC 9700 §4.8.2).
            raise InvalidGrantError("code_verifier without a code_challenge")
        return
    if verifier is None or not matches(verifier, expected_challenge):
        raise InvalidGrantError("code_verifier does not match the code_challenge")
