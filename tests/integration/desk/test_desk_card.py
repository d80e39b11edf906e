"""Level 2 at a desk with a valid card: granted at once, queued, or refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from idp import clock
from idp.accounts.identity import read_identity
from idp.app import create_app
from idp.enrolment.queue import sealed_evidence
from idp.enrolment.record import open_evidence
from idp.factors import chip_lost
from idp.factors.chip_card import document_index
from idp.registry.person import RegisteredCard
from tests.cards.people import AN, DAO
from tests.driver import Browser, error_code
from tests.integration.chip.people import trust
from tests.integration.desk.counter import (
    OFFICER,
    OTHER,
    card_of,
    dossier_of,
    events,
    open_desk,
    ready,
    register,
    registered,
)
from tests.services import BACKENDS
from tests.staff import sign_in_officer

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@on_each_backend
def test_a_person_with_a_card_gets_level_2(app, provider) -> None:
    """Number, chip, registry, face, fingers, phone, yes: granted, with a receipt."""
    chip = ready(provider)
    desk = open_desk(app, provider)

    page = desk.enrol(chip)

    assert "/staff/desk/receipts/" in page.request.path, page.text
    dossier = dossier_of(provider)
    assert (dossier.state, dossier.kind, dossier.channel) == (
        "granted",
        "level2",
        "desk",
    )
    assert dossier.officer_id == desk.officer_id
    assert dossier.consent_version == provider.config.enrolment.consent_version
    receipt = dossier.receipt
    assert f"{receipt[:4]}-{receipt[4:8]}-{receipt[8:]}" in page.text
    assert AN.number not in page.text
    types = events(provider, dossier.account_id)
    assert {"DossierFiled", "DossierGranted", "ChipVerified", "OfficerLookedUp"} <= {
        *types
    }
    with provider.database.read() as connection:
        sealed = sealed_evidence(connection, dossier.id)
    kept = open_evidence(provider.sealer, sealed, dossier.id)
    assert "photo" not in kept
    assert kept["desk"]["fingers"] == "match"


def test_a_scan_fills_the_forms_in(app, provider) -> None:
    """The QR code's number and birth date are there; what it says proves nothing."""
    ready(provider)
    desk = open_desk(app, provider)

    page = desk.begin(f"{AN.number}||Nguyễn Văn An|01011999|Nam|Hà Nội|01012024")

    assert desk.step == "card"
    assert 'value="01/01/1999"' in page.text


@pytest.mark.parametrize("scan", ["", "12", "x|y|z|u", "999099012345|"])
def test_a_wrong_number_begins_nothing(app, provider, scan) -> None:
    """The page says what to type."""
    page = open_desk(app, provider).begin(scan)

    assert page.status_code == 422
    assert error_code(page) == "DD-AUTH-006"


def test_the_card_is_of_the_typed_number(app, provider) -> None:
    """Another person's card, however good, goes no further."""
    trust(provider)
    desk = open_desk(app, provider)
    # The printed end of the number, and so the key, is the same; the number is not.
    other = card_of(replace(AN, number=f"001{AN.number[3:]}"))
    desk.begin()

    page = desk.read_card(other)

    assert (desk.step, error_code(page)) == ("card", "DD-DESK-002")


def test_a_card_of_nobody_we_trust_is_refused(app, provider) -> None:
    """Without the issuer's certificate nothing is believed."""
    register(provider, registered())
    desk = open_desk(app, provider)
    desk.begin()

    page = desk.read_card(card_of())

    assert (desk.step, error_code(page)) == ("card", "DD-CHIP-001")


def test_a_lost_card_is_refused(app, provider) -> None:
    """What the holder or the police reported lost serves nobody."""
    chip = ready(provider)
    index = document_index(provider.sealer, number=AN.number, document=AN.number[-9:])
    with provider.database.transaction() as session:
        chip_lost.add(
            session,
            provider.audit,
            index,
            ground="holder",
            account_id=None,
            now=clock.now(),
        )
    desk = open_desk(app, provider)
    desk.begin()

    page = desk.read_card(chip)

    assert (desk.step, error_code(page)) == ("card", "DD-CHIP-001")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "dead"}, "DD-DESK-004"),
        ({"status": "number_cancelled"}, "DD-DESK-005"),
        ({"card": RegisteredCard("revoked", "2024-01-01")}, "DD-DESK-006"),
        ({"card": RegisteredCard("held", "2024-01-01")}, "DD-DESK-007"),
        ({"card": RegisteredCard("expired", "2024-01-01")}, "DD-DESK-008"),
        ({"card": RegisteredCard("valid", "2025-06-01")}, "DD-DESK-009"),
        ({"nationality": "LA"}, "DD-DESK-010"),
        ({"given_name": "Anh"}, "DD-DESK-003"),
    ],
)
def test_the_registry_stands_against_it(app, provider, changes, code) -> None:
    """Each ground has its own sentence, and no button leads past it."""
    chip = ready(provider, **changes)
    desk = open_desk(app, provider)
    desk.begin()

    page = desk.read_card(chip)

    assert (desk.step, error_code(page)) == ("registry", code)
    assert f'action="{page.request.path}"' not in page.text
    assert dossier_of(provider) is None


FORMER = "999099000777"


@pytest.mark.parametrize("number", [AN.number, FORMER])
def test_officers_do_not_enrol_themselves(app, provider, number) -> None:
    """By the number of today or of before; the name says nothing."""
    chip = ready(provider, former_numbers=(FORMER,))
    desk = open_desk(app, provider, number=number)
    desk.begin()
    assert error_code(desk.read_card(chip)) == "DD-DESK-012"

    other = open_desk(app, provider, name="nguyen van AN", unit="Other")
    other.begin()
    assert error_code(other.read_card(chip)) is None


def test_a_former_name_is_asked_anew_and_another_officer_decides(app, provider) -> None:
    """Where card and registry differ the registry's data are taken, and it waits."""
    chip = ready(provider, given_name="Ân", middle_name="Minh")
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)

    page = desk.press("/registry/again", name="NGUYEN MINH AN", birth_date="01011999")
    assert "Nguyễn Minh Ân" in page.text
    assert 'class="differs"' in page.text
    desk.press("/registry")
    desk.prove()
    page = desk.finish()

    dossier = dossier_of(provider)
    assert dossier.state == "submitted"
    with provider.database.read() as connection:
        sealed = sealed_evidence(connection, dossier.id)
    kept = open_evidence(provider.sealer, sealed, dossier.id)
    assert kept["desk"]["waits_for"] == ["differs"]
    assert kept["person"]["identity"]["middle_name"] == "Minh"
    assert kept["photo"]
    assert kept["chip"]


@pytest.mark.parametrize(
    ("photo", "fingers", "waits_for"),
    [
        (OTHER, "match", ["face"]),
        (None, "no_match", ["fingers"]),
        (None, "not_held", ["fingers"]),
    ],
)
def test_a_doubt_waits_for_another_officer(
    app, provider, photo, fingers, waits_for
) -> None:
    """Nothing is granted by one officer over the answer of face match or prints."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    desk.prove(**({"photo": photo} if photo else {}), fingers=fingers)

    desk.finish()

    dossier = dossier_of(provider)
    assert dossier.state == "submitted"
    with provider.database.read() as connection:
        sealed = sealed_evidence(connection, dossier.id)
        who = read_identity(connection, provider.sealer, dossier.account_id)
    kept = open_evidence(provider.sealer, sealed, dossier.id)
    assert kept["desk"]["waits_for"] == waits_for
    assert who.given_name == "An"


def test_whoever_has_no_fingerprints_is_noted(app, provider) -> None:
    """The officer writes why; nothing at all is not enough."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    page = desk.press("/proof/fingers", capture=b"", note=" ")
    assert page.status_code == 422

    page = desk.press("/proof/fingers", capture=b"", note="both hands bandaged")

    assert "both hands bandaged" in page.text
    page = desk.press("/proof/photo", photo=b"no picture")
    assert error_code(page) == "DD-FACE-002"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"phone": "12"}, "DD-AUTH-006"),
        ({"phone": ""}, "DD-AUTH-006"),
        ({"phone": "0912345999"}, "DD-DESK-020"),
        ({"phone": "0912345671", "email": "nobody"}, "DD-AUTH-006"),
    ],
)
def test_the_phone_is_the_persons_own(app, provider, typed, code) -> None:
    """The carrier is asked; what was typed stays to be mended."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    desk.prove()

    page = desk.press("/contacts", **typed)

    assert (page.status_code, error_code(page)) == (422, code)
    assert f'value="{typed["phone"]}"' in page.text


def test_silence_is_no_agreement(app, provider) -> None:
    """Without the tick the draft stays where it is."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    desk.prove()
    desk.press("/contacts", phone="0912345671")

    page = desk.press("/agreement")

    assert (desk.step, page.status_code) == ("agreement", 422)


def test_no_step_is_skipped(app, provider) -> None:
    """Whatever address is typed, the first open step is shown, and nothing is filed."""
    ready(provider)
    desk = open_desk(app, provider)
    base = desk.begin().request.path.rpartition("/")[0]

    for step in ("registry", "proof", "contacts", "agreement", "summary"):
        desk.browser.visit(f"{base}/{step}")
        assert desk.step == "card"

    assert desk.browser.visit(base).request.path == f"{base}/card"


def test_a_draft_is_of_one_officer_in_one_session(app, provider) -> None:
    """Another officer, or the same one signed in anew, gets nothing of it."""
    ready(provider)
    desk = open_desk(app, provider)
    address = desk.begin().request.path

    other = open_desk(app, provider, name="Lê Văn Bình")

    assert error_code(other.browser.visit(address)) == "DD-DESK-001"
    page = desk.press("/leave")
    assert page.request.path == "/staff/desk"
    assert error_code(desk.browser.visit(address)) == "DD-DESK-001"


def test_pressing_twice_files_once(app, provider) -> None:
    """The second press leads to the same receipt."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    desk.prove()
    desk.press("/contacts", phone="0912345671")
    summary = desk.press("/agreement", agreed="yes")
    first = desk.press("/summary")
    desk.browser.page = summary

    again = desk.press("/summary")

    assert "/staff/desk/receipts/" in first.request.path
    assert again.request.path == first.request.path


@on_each_backend
def test_of_two_desks_with_one_person_one_files(app, provider) -> None:
    """Both submit at the same time: one receipt, one account, one honest answer."""
    chips = [ready(provider), card_of()]
    desks = [open_desk(app, provider), open_desk(app, provider, name="Lê Văn Bình")]
    for desk, chip, phone in zip(
        desks, chips, ("0912345671", "0912345672"), strict=True
    ):
        desk.begin()
        desk.read_card(chip)
        desk.press("/registry")
        desk.prove()
        desk.press("/contacts", phone=phone)
        desk.press("/agreement", agreed="yes")

    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda desk: desk.press("/summary"), desks))

    receipts = [page for page in pages if "/receipts/" in page.request.path]
    assert len(receipts) == 1, [page.text for page in pages]
    loser = next(page for page in pages if page not in receipts)
    assert error_code(loser) in ("DD-DESK-013", "DD-DESK-014", "DD-DESK-022")


def test_one_phone_has_one_account(app, provider) -> None:
    """The second person with the phone is sent back to it, and can go on."""
    desk = open_desk(app, provider)
    desk.enrol(ready(provider))
    chip = ready(provider, DAO)
    desk.begin(DAO.number)
    desk.read_card(chip, DAO)
    desk.press("/registry")
    desk.prove()

    page = desk.finish()

    assert error_code(page) == "DD-DESK-021"
    assert dossier_of(provider, DAO.number) is None
    desk.browser.visit(page.request.path.replace("summary", "contacts"))
    desk.press("/contacts", phone="0912345672")
    assert "/receipts/" in desk.press("/summary").request.path


def test_the_receipt_is_the_officers_own(app, provider) -> None:
    """Another officer does not read it by its address."""
    page = open_desk(app, provider).enrol(ready(provider))
    other = open_desk(app, provider, name="Lê Văn Bình")

    seen = other.browser.visit(page.request.path)

    assert seen.status_code == 404
    assert OFFICER not in seen.text


def test_a_draft_outlives_a_restart(app, provider) -> None:
    """It lies in the store, not in the process: a new one goes on with it."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.browser.client.application = create_app(provider=provider)

    desk.press("/registry")

    assert desk.step == "proof"


def test_citizens_and_other_roles_stay_outside(app, provider) -> None:
    """Without the role there is no desk; signed out there is the sign-in."""
    nobody = Browser(app.test_client())
    assert nobody.visit("/staff/desk").request.path == "/staff/sign-in"
    reviewer = Browser(app.test_client())
    sign_in_officer(reviewer, provider, roles=("reviewer",))

    assert error_code(reviewer.visit("/staff/desk")) == "DD-STAFF-003"


def test_submitting_asks_for_a_fresh_passkey(app, provider, monkeypatch) -> None:
    """An officer who was away proves again that it is still them."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    desk.prove()
    desk.press("/contacts", phone="0912345671")
    desk.press("/agreement", agreed="yes")
    later = clock.now() + timedelta(seconds=provider.config.lifetimes.fresh_factor + 5)
    monkeypatch.setattr(clock, "now", lambda: later)

    page = desk.press("/summary")

    assert "confirm" in page.request.path
    assert dossier_of(provider) is None
