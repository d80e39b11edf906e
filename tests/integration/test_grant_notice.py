"""The notice of a grant: what it says, and that the time to activate begins with it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from idp import clock
from idp.config import SmsConfig
from idp.enrolment import dossiers, outcome
from idp.factors.gateway import HttpGateway
from tests.cards.people import AN
from tests.integration.activating import Activating, grant
from tests.integration.desk.counter import dossier_of, open_desk, register, registered
from tests.integration.desk.test_desk_others import EMILE, papers, passport
from tests.integration.enrolling import Applying, details, newcomer
from tests.integration.way_back import PHONE
from tests.services import BACKENDS


def has_code(app, provider, person) -> bool:
    """Say whether activation sends this citizen a code, and not a refusal."""
    activating = Activating.open(app, provider)
    activating.begin(person["personal_number"], person["phone"])
    provider.courier.wait()
    newest = provider.messages.list(person["phone"])[0].text
    return bool(re.search(r"\b\d{6}\b", newest))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_time_begins_with_the_notice(app, provider, monkeypatch) -> None:
    """A gateway that was down for nine days takes none of the seven (art. 14)."""
    person, applying = newcomer(provider), Applying(app, provider)
    applying.begin(details(person))
    applying.prove(person["phone"])
    dead = HttpGateway(SmsConfig(gateway="http", url="http://127.0.0.1:1/"))
    app.extensions["dinhdanh"] = replace(provider, messages=dead)
    applying.finish()
    provider.courier.wait()
    app.extensions["dinhdanh"] = provider
    filed = clock.now()

    monkeypatch.setattr(clock, "now", lambda: filed + timedelta(days=9))
    assert has_code(app, provider, person), "nobody has told of the grant yet"
    assert outcome.tell_waiting(provider, now=clock.now()) == 1
    assert has_code(app, provider, person)
    monkeypatch.setattr(clock, "now", lambda: filed + timedelta(days=17))
    assert not has_code(app, provider, person), "eight days after the notice"


def test_the_notice_names_the_days_that_are_set(app, provider) -> None:
    """As the pages do."""
    activation = replace(provider.config.activation, window_days=5)
    config = replace(provider.config, activation=activation)
    app.extensions["dinhdanh"] = replace(provider, config=config)
    person, applying = newcomer(provider), Applying(app, provider)

    page = applying.apply(person)

    assert "trong 5 ngày" in page.text
    assert "trong 5 ngay" in applying.messages(person["phone"])[0]
    assert "trong 5 ngày" in app.test_client().get("/help").text


@pytest.mark.parametrize("path", ["no_card", "foreigner"])
@pytest.mark.parametrize("state", ["active", "granted"])
def test_who_is_raised_is_told_what_is_left_to_do(app, provider, path, state) -> None:
    """Nothing for an account that is active, whichever way it came to level 2."""
    who = AN if path == "no_card" else EMILE
    grant(provider, person=who, state=state, level=1)
    foreign = {} if path == "no_card" else {"nationality": "FR"}
    register(provider, registered(who, card=None, **foreign))
    desk = open_desk(app, provider)
    papers(desk, who, path, **({} if path == "no_card" else passport()))
    desk.press("/registry")
    desk.prove()
    desk.finish(phone="")
    filed = dossier_of(provider, who.number)

    with provider.database.transaction() as session:
        decided = dossiers.grant(
            provider, session, filed.id, by="other", now=clock.now()
        )
    outcome.tell(provider, decided, now=clock.now())

    provider.courier.wait()
    told = provider.messages.list(PHONE)[0].text
    assert ("len muc 2" in told) == (state == "active")
    assert ("kich hoat trong 7 ngay" in told) == (state == "granted")
