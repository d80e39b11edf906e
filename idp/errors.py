"""One family of errors, mapped to answers in two places only.

`web.errors` turns an `IdpError` into a page for citizens, `oidc.endpoints` into
the RFC's JSON or redirect. `code` is stable and public (`DD-AUTH-017`), so portals
and help desks can look it up; `detail` goes to the log alone.
"""

from http import HTTPStatus


class IdpError(Exception):
    """Base of every refusal that we make on purpose.

    `description` is public English without personal data, for developers; pages show
    the sentence in the citizen's language that belongs to `code`.
    """

    code = "DD-GEN-001"
    status = HTTPStatus.BAD_REQUEST

    def __init__(
        self,
        description: str = "",
        *,
        code: str | None = None,
        detail: str = "",
        status: HTTPStatus | None = None,
    ) -> None:
        super().__init__(description or self.code)
        self.description = description
        self.detail = detail
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status


class ConfigError(IdpError):
    """A setting is missing, unknown or unsafe; the start stops with its name."""

    code = "DD-CFG-001"


class NotFoundError(IdpError):
    """What was named does not exist."""

    code = "DD-GEN-404"
    status = HTTPStatus.NOT_FOUND


class BusyError(IdpError):
    """A bounded resource is full; in `retry_after` seconds it may go through."""

    code = "DD-GEN-503"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after = 2
