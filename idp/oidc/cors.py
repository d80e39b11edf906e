"""Cross-origin reading by browser clients, where the Fetch standard asks for it.

Discovery, JWKS, token, userinfo and revocation (RFC 7009 §2.3) answer any origin
(`*`), always without credentials: none of them reads a cookie, a caller proves itself
by what it sends, and so a page of another site gains nothing that a program could not
have. The authorization endpoint is never read by scripts and carries no such header.
"""

from http import HTTPStatus

from idp.oidc.request_guard import MachineResponse

ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
EXPOSED = ("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce")


def open_to_browsers(response: MachineResponse) -> MachineResponse:
    """Let scripts of any origin read the answer."""
    return response.with_headers(ANY_ORIGIN, EXPOSED)


def preflight(methods: tuple[str, ...]) -> MachineResponse:
    """Answer the browser's question before the request itself."""
    return MachineResponse(
        HTTPStatus.NO_CONTENT,
        headers=(
            ANY_ORIGIN,
            ("Access-Control-Allow-Methods", ", ".join(methods)),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
            ("Access-Control-Max-Age", "86400"),
        ),
    )
