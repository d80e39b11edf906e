"""No order of steps files an application; and a kill at any step loses nothing."""

from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.accounts.identifiers import find_account_id
from idp.app import create_app
from idp.enrolment import online, queue
from idp.factors.throttle import Throttle
from idp.provider import Provider, build_provider
from idp.web import csrf
from tests.driver import Browser
from tests.integration.enrolling import Applying, details, newcomer, receipt_in

# What each post brings towards a dossier.
ACTIONS = {
    "code": {"code"},
    "wrong_code": set(),
    "match": set(),
    "resend": set(),
    "finish": {"consent", "face"},
    "no_consent": {"face"},
    "no_photo": {"consent"},
    "other_face": {"consent"},
}


def without(part: str) -> st.SearchStrategy[list[str]]:
    """Return sequences of posts in which this part is never given."""
    names = sorted(name for name, gives in ACTIONS.items() if part not in gives)
    return st.lists(st.sampled_from(names), min_size=1, max_size=6)


@pytest.fixture
def patient(provider: Provider) -> Provider:
    """Return the provider without limits, so that each post is really judged."""
    endless = 10**6
    config = replace(
        provider.config,
        throttle=replace(
            provider.config.throttle, otps_per_account=endless, sms_resend_after=1
        ),
        enrolment=replace(
            provider.config.enrolment,
            photos_per_draft=endless,
            drafts_per_person=endless,
            drafts_per_source=endless,
        ),
    )
    throttle = Throttle(provider.ephemeral, config.throttle)
    return replace(provider, config=config, throttle=throttle)


@pytest.fixture
def app(patient: Provider) -> Flask:
    return create_app(provider=patient)


def act(applying: Applying, action: str, code: str) -> None:
    """Post one form with its own token, whatever page is shown."""
    address = applying.path
    cookie = applying.browser.client.get_cookie("dd_browser")
    form = {"wrong_code": "code", "code": "code", "match": "match", "resend": "resend"}
    name = form.get(action, "submit")
    token = csrf.token(
        applying.provider.secrets.key("csrf"),
        browser=cookie.value,
        purpose=f"enrol-{name}:{address.rpartition('/')[2]}",
    )
    if name != "submit":
        otp = code if action == "code" else "000000"
        applying.browser.visit(
            f"{address}/{name}", data={"csrf_token": token, "otp": otp}
        )
        return
    photo = {"no_photo": "none", "other_face": "other"}.get(action, "same")
    consent = "" if action == "no_consent" else "yes"
    applying.finish(photo, consent=consent, csrf_token=token)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["code", "consent", "face"]).flatmap(without))
def test_nothing_is_filed_without_code_consent_and_face(app, patient, actions):
    """Whatever is posted in whatever order, if one of the three is never given."""
    person = newcomer(patient)
    applying = Applying(app, patient)
    applying.begin(details(person))
    code = applying.code(person["phone"])

    for action in actions:
        act(applying, action, code)

    with patient.database.read() as connection:
        number = person["personal_number"]
        assert find_account_id(connection, patient.sealer, number) is None


def test_all_three_in_their_order_file(app, patient):
    """The same posts do file when all is there: the test above can fail."""
    person = newcomer(patient)
    applying = Applying(app, patient)
    applying.begin(details(person))
    code = applying.code(person["phone"])
    for action in ("other_face", "wrong_code", "code", "no_consent", "finish"):
        act(applying, action, code)
    assert receipt_in(applying.browser.page)


def test_a_kill_at_any_step_loses_nothing(config):
    """A new process after each step: the browser goes on where it was."""
    cookies: dict[str, str] = {}

    def process():
        provider = build_provider(config)
        applying = Applying(create_app(provider=provider), provider)
        for name, value in cookies.items():
            applying.browser.client.set_cookie(name, value)
        return applying

    def end(applying: Applying) -> None:
        cookie = applying.browser.client.get_cookie("dd_browser")
        cookies["dd_browser"] = cookie.value
        applying.provider.courier.wait()
        applying.provider.database.close()
        applying.provider.ephemeral.close()

    first = process()
    person = newcomer(first.provider)
    first.begin(details(person))
    address = first.path
    end(first)

    second = process()
    second.browser.visit(address)
    second.prove(person["phone"])
    end(second)

    third = process()
    third.browser.visit(address)
    receipt = receipt_in(third.finish())
    end(third)

    fourth = process()
    assert receipt_in(fourth.browser.visit(address)) == receipt
    end(fourth)


def test_a_kill_between_filing_and_the_answer(app, patient, monkeypatch):
    """The dossier is there and nobody was told: sending again shows its receipt."""
    person = newcomer(patient)
    applying = Applying(app, patient)
    applying.begin(details(person))
    page = applying.prove(person["phone"])
    submit = online.submit

    def killed(*args, **kwargs):
        submit(*args, **kwargs)
        raise SystemExit

    with monkeypatch.context() as process:
        process.setattr(online, "submit", killed)
        with pytest.raises(SystemExit):
            applying.finish(page=page)

    receipt = receipt_in(applying.finish(page=page))
    with patient.database.read() as connection:
        dossier = queue.find_by_receipt(connection, receipt)
    assert dossier.state == "granted"
    assert Browser(app.test_client()).visit("/enrol").status_code == 200


def test_two_browsers_for_one_person(app, patient):
    """Both get to the last form; one files, the other reads the one refusal."""
    person = newcomer(patient)
    both = [Applying(app, patient), Applying(app, patient)]
    for applying in both:
        applying.begin(details(person))
        applying.prove(person["phone"])
    first, second = (applying.finish() for applying in both)
    assert receipt_in(first)
    assert second.status_code == 403
