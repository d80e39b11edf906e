"""Face and fingerprints at the desk (Decree 69/2024 art. 11).

The photo is held against the picture in the chip, by the face match where there is one
and by the officer's eyes where there is none; the fingerprints go to the card database
and are not kept. A doubt does not end it here: then another officer decides.
"""

from dataclasses import replace

from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from idp.enrolment import in_person_draft
from idp.enrolment.in_person_draft import DraftError
from idp.errors import NotFoundError
from idp.factors import card_database, face
from idp.factors.card_database import CardDatabaseError
from idp.factors.face import FaceError, Portrait
from idp.provider import current
from idp.web import csrf
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import desk_here, desk_texts, pictures
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_proof", __name__)

_STEP, _PHOTO, _PRINTS = "proof", "photo", "prints"
_BESIDE_FILE = 65_536  # what a form with a file has around it
_MAX_NOTE = 200


@blueprint.get("/staff/desk/<draft_id>/proof")
def show(draft_id: str) -> ResponseReturnValue:
    """Show the chip's picture, and ask for a photo and the fingerprints."""
    here = desk_here.enter(draft_id, _STEP)
    return here if isinstance(here, Response) else _page(here)


@blueprint.post("/staff/desk/<draft_id>/proof/photo")
def take_photo(draft_id: str) -> ResponseReturnValue:
    """Compare the photo with the chip's picture; what came out is kept."""
    limit = current().config.enrolment.desk_photo_limit
    request.max_content_length = limit + _BESIDE_FILE
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    _check_upload(here, _PHOTO)
    photo = _file("photo")
    if not face.is_photo(photo) or len(photo) > limit:
        return _page(here, here.wrong("photo", gettext("Take a photo"), "DD-FACE-002"))
    try:
        result = _compare(here, photo)
    except FaceError as error:
        return _page(here, notice(error.code, detail=error.detail))
    if not result:
        return _page(here, here.wrong("same", gettext("Look, and tick if it is so")))
    in_person_draft.save_picture(here.provider, here.draft, "photo", photo)
    here = here.save(replace(here.draft, face=result))
    return here.on() if here.draft.fingers else desk_here.lead(here.address(_STEP))


@blueprint.post("/staff/desk/<draft_id>/proof/fingers")
def take_prints(draft_id: str) -> ResponseReturnValue:
    """Have the fingerprints compared, or note why none can be taken."""
    request.max_content_length = card_database.MAX_CAPTURE + _BESIDE_FILE
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    _check_upload(here, _PRINTS)
    note = request.form.get("note", "").strip()[:_MAX_NOTE]
    capture = _file("capture")
    if card_database.is_capture(capture):
        try:
            answer: str = here.provider.card_database.compare(
                here.draft.number, capture, officer=str(here.officer.id)
            )
        except CardDatabaseError as error:
            return _page(here, notice(error.code, detail=error.detail))
        note = ""
    elif note:
        answer = "not_taken"
    else:
        mend = gettext("Choose the scanner's file, or write why there is none")
        return _page(here, here.wrong("capture", mend))
    here = here.save(replace(here.draft, fingers=answer, fingers_note=note))
    return here.on() if here.draft.face else desk_here.lead(here.address(_STEP))


@blueprint.get("/staff/desk/<draft_id>/picture/<kind>")
def picture(draft_id: str, kind: str) -> ResponseReturnValue:
    """Give one of the draft's two pictures to the officer's page alone."""
    here = desk_here.enter(draft_id)
    if isinstance(here, Response):
        return here
    if kind not in ("chip", "photo"):
        raise DraftError("no such picture")
    slot: in_person_draft.Picture = "chip" if kind == "chip" else "photo"
    image = in_person_draft.load_picture(here.provider, here.draft, slot)
    if image is None:
        raise DraftError("no such picture")
    shown = pictures.shown(image)
    if shown is None:
        raise DraftError("no browser shows it")
    response = make_response(shown[1])
    response.mimetype = shown[0]
    return response


@blueprint.get("/sandbox/fingerprints/<answer>")
def test_capture(answer: str) -> ResponseReturnValue:
    """Give the sandbox's test capture that gets this answer."""
    known = card_database.SANDBOX_CAPTURES
    if not current().config.sandbox.enabled or answer not in known:
        raise NotFoundError("no such capture")
    response = make_response(known[answer])
    response.mimetype = "application/octet-stream"
    disposition = f'attachment; filename="fingers-{answer}.bin"'
    response.headers["Content-Disposition"] = disposition
    return response


def _compare(here: Here, photo: bytes) -> str:
    """Return `match`, `no_match` or `officer`; nothing if the officer did not say."""
    provider, draft = here.provider, here.draft
    portrait = in_person_draft.load_picture(provider, draft, "chip")
    if portrait and provider.faces.is_on:
        is_jp2 = draft.portrait_format == "jp2"
        shown = Portrait("jp2" if is_jp2 else "jpeg", portrait)
        return "match" if provider.faces.matches(shown, photo) else "no_match"
    if provider.faces.is_on:
        likeness = provider.faces.recognises(draft.number, photo)
        return "match" if likeness == "match" else "no_match"
    return "officer" if request.form.get("same") == "yes" else ""


def _check_upload(here: Here, form: str) -> None:
    csrf.check(
        here.provider.secrets.key("csrf"),
        browser=here.visit.browser,
        purpose=here.purpose(form),
        sent=request.form.get(csrf.FIELD),
    )


def _file(name: str) -> bytes:
    sent = request.files.get(name)
    return sent.read() if sent else b""


def _page(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    provider, draft = here.provider, here.draft
    portrait = in_person_draft.load_picture(provider, draft, "chip")
    is_shown = portrait is not None and pictures.shown(portrait) is not None
    address = {
        name: url_for("staff_desk_proof.picture", draft_id=draft.id, kind=name)
        for name in ("chip", "photo")
    }
    return here.page(
        "proof",
        problem,
        photo_action=url_for("staff_desk_proof.take_photo", draft_id=draft.id),
        prints_action=url_for("staff_desk_proof.take_prints", draft_id=draft.id),
        photo_token=here.token(_PHOTO),
        prints_token=here.token(_PRINTS),
        chip_picture=address["chip"] if is_shown else "",
        photo_picture=address["photo"] if draft.face else "",
        is_hidden=portrait is not None and not is_shown,
        is_judged_by_eye=not provider.faces.is_on,
        limit=provider.config.enrolment.desk_photo_limit // 1024,
        face=gettext(desk_texts.FACES[draft.face]) if draft.face else "",
        fingers=gettext(desk_texts.FINGERS[draft.fingers]) if draft.fingers else "",
        next=here.address(draft.next_step(here.today, provider.config))
        if draft.face and draft.fingers
        else "",
    )
