"""Reading a posted form: each field once, as text, of the one content type."""

from http import HTTPStatus

from flask import request

from idp.errors import IdpError

TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class FormError(IdpError):
    """The body is not a form of ours."""

    code = "DD-WEB-400"


def read(*names: str) -> dict[str, str]:
    """Return the named single fields of the form, empty where they were not sent."""
    if request.mimetype not in TYPES:
        raise FormError(
            "send a form", code="DD-WEB-415", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        )
    if request.files:
        raise FormError("this form takes no files")
    values = {}
    for name in names:
        sent = request.form.getlist(name)
        if len(sent) > 1:
            raise FormError(f"{name} was sent more than once")
        values[name] = sent[0] if sent else ""
    return values
