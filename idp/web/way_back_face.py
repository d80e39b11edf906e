"""The face check of a way back in: a photo against the picture in the card's chip."""

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.recovery import RecoveryError
from idp.factors import face
from idp.factors.face import FaceError, Portrait
from idp.provider import current
from idp.web import csrf, proofs, way_back, way_back_case
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.way_back_case import Here

blueprint = Blueprint("way_back_face", __name__)

_FORM = "face"
_TEST_PHOTOS = {
    "same": face.SANDBOX_MARK,
    "other": b"",
    "unclear": face.SANDBOX_DOUBT,
}
_BESIDE_PHOTO = 65_536  # what a form with a photo has around it


@blueprint.get("/way-back/<case_id>/face")
def show(case_id: str) -> ResponseReturnValue:
    """Ask for a photo."""
    return _page(_enter(case_id))


@blueprint.post("/way-back/<case_id>/face")
def compare(case_id: str) -> ResponseReturnValue:
    """Compare the photo with the card's picture; neither is kept."""
    request.max_content_length = face.MAX_PHOTO + _BESIDE_PHOTO
    here = _enter(case_id)
    csrf.check(
        here.provider.secrets.key("csrf"),
        browser=here.visit.browser,
        purpose=here.purpose(_FORM),
        sent=request.form.get(csrf.FIELD),
    )
    sent = request.files.get("photo")
    photo = sent.read() if sent else b""
    if not face.is_photo(photo):
        missing = notice("DD-FACE-002").at("photo", gettext("Take a photo"))
        return _page(here, missing)
    admission = here.admit()
    if not admission.allowed:
        wait = admission.retry_after
        return _page(here, proofs.too_many(wait), wait=wait)
    try:
        is_same = here.provider.faces.matches(_portrait(here), photo)
    except FaceError as error:
        here.provider.throttle.succeeded(admission)  # nothing was compared
        return _page(here, notice(error.code, detail=error.detail))
    if not is_same:
        other = notice("DD-FACE-001").at("photo", gettext("Take another photo"))
        return _page(here, other)
    here.provider.throttle.succeeded(admission)
    here.prove("face")
    return redirect(here.hub, HTTPStatus.SEE_OTHER)


@blueprint.get("/sandbox/face/<kind>.png")
def test_photo(kind: str) -> ResponseReturnValue:
    """Give the sandbox's test photo: of the `same` person, an `other`, or `unclear`."""
    if not current().config.sandbox.enabled or kind not in _TEST_PHOTOS:
        raise RecoveryError("no such photo", status=HTTPStatus.NOT_FOUND)
    response = make_response(face.SANDBOX_PHOTO + _TEST_PHOTOS[kind])
    response.mimetype = "image/png"
    response.headers["Content-Disposition"] = f'attachment; filename="face-{kind}.png"'
    return response


def _enter(case_id: str) -> Here:
    here = way_back_case.enter(case_id)
    if "face" not in way_back.possible(here, here.known()):
        raise RecoveryError("no face can be compared here")
    return here


def _portrait(here: Here) -> Portrait:
    kept = way_back.open_portrait(here)
    if kept is None:
        raise RecoveryError("the card's picture is gone")
    return Portrait("jp2" if kept[0] == "jp2" else "jpeg", kept[1])


def _page(
    here: Here, problem: Problem | None = None, *, wait: int = 0
) -> ResponseReturnValue:
    body = render_template(
        "back_face.html",
        action=url_for("way_back_face.compare", case_id=here.case.id),
        token=here.token(_FORM),
        hub=here.hub,
        problem=problem,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    response = make_response(body, HTTPStatus.TOO_MANY_REQUESTS if wait else status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
