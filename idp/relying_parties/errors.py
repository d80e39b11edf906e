"""Why a registration is refused (RFC 7591 §3.2.2)."""

from idp.errors import IdpError


class InvalidMetadataError(IdpError):
    """The metadata is refused; `error` is RFC 7591's code, the description says why."""

    code = "DD-REG-001"

    def __init__(
        self, description: str, *, error: str = "invalid_client_metadata"
    ) -> None:
        super().__init__(description)
        self.error = error


class InvalidRedirectUriError(InvalidMetadataError):
    """A redirect URI is refused."""

    code = "DD-REG-002"

    def __init__(self, description: str) -> None:
        super().__init__(description, error="invalid_redirect_uri")


class UnknownClientError(IdpError):
    """No registered client has the identifier."""

    code = "DD-REG-404"
