"""A guardian acts for a ward: what is asked, what is told, and when it ends."""

import pytest
from flask import Flask

from idp import clock
from idp.accounts import lifecycle, representation
from idp.provider import Provider
from tests.driver import Portal, answer, at, error_code
from tests.integration.acting import (
    CHILD,
    GUARDIAN,
    NOBODY,
    WARD,
    account,
    act_for,
    as_child,
    finish,
    machine,
    portal_for,
    press,
    prove,
    sign_in,
    subject,
    userinfo,
)
from tests.services import BACKENDS


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return portal_for(provider)


def end_representation(provider: Provider) -> None:
    with provider.database.transaction() as session:
        assert representation.dismiss(
            session, provider.audit,
            representative_id=account(provider, GUARDIAN),
            ward_id=account(provider, CHILD),
            reason="court", now=clock.now(),
        )  # fmt: skip


def lock(provider: Provider, number: str) -> None:
    with provider.database.transaction() as session:
        lifecycle.place_lock(
            session, provider.audit, account(provider, number),
            ground="terms_breach", asker="agency", now=clock.now(),
        )  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_tokens_say_who_acted_for_whom(
    app: Flask, provider: Provider, portal: Portal, backend: str
) -> None:
    """`sub` and claims are the ward's, `act` the guardian, levels those of each."""
    browser, tokens = as_child(app, provider, portal)

    claims, sector = tokens["claims"], "health.example"
    child = subject(provider, account(provider, CHILD), sector)
    guardian = subject(provider, account(provider, GUARDIAN), sector)
    assert claims["sub"] == child != guardian
    assert claims["act"] == {"sub": guardian, "relation": "mother"}
    assert (claims["account_level"], claims["authentication_level"]) == (1, 2)
    assert claims["acr"] == "urn:dinhdanh:acr:1.2"
    told = userinfo(browser.client, tokens).get_json()
    assert (told["sub"], told["name"]) == (child, "Bùi Gia Quân")
    assert told["act"] == claims["act"]
    for kind in ("access_token", "refresh_token"):
        seen = machine(browser.client, portal, "/introspect", token=tokens[kind])
        assert seen.get_json()["active"] is True
        assert seen.get_json()["sub"] == child
        assert seen.get_json()["act"] == claims["act"]
    again = machine(
        browser.client, portal, "/token",
        grant_type="refresh_token", refresh_token=tokens["refresh_token"],
    ).get_json()  # fmt: skip
    assert userinfo(browser.client, again).get_json()["sub"] == child


@pytest.mark.parametrize("ending", ["representation", "ward", "guardian"])
def test_everything_dies_with_what_it_stands_on(
    app: Flask,
    provider: Provider,
    portal: Portal,
    ending: str,
) -> None:
    """The end of the representation, or a lock of either account."""
    browser, tokens = as_child(app, provider, portal)
    if ending == "representation":
        end_representation(provider)
    else:
        lock(provider, CHILD if ending == "ward" else GUARDIAN)

    assert userinfo(browser.client, tokens).status_code == 401
    refused = machine(
        browser.client, portal, "/token",
        grant_type="refresh_token", refresh_token=tokens["refresh_token"],
    )  # fmt: skip
    assert refused.get_json()["error"] == "invalid_grant"
    for kind in ("access_token", "refresh_token"):
        seen = machine(browser.client, portal, "/introspect", token=tokens[kind])
        assert seen.get_json() == {"active": False}


def test_an_old_permission_does_not_come_back_with_a_new_representation(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """Consent is asked anew, and old refresh tokens stay dead."""
    browser, tokens = as_child(app, provider, portal)
    end_representation(provider)
    with provider.database.transaction() as session:
        representation.appoint(
            session, provider.audit,
            representative_id=account(provider, GUARDIAN),
            ward_id=account(provider, CHILD),
            relation="guardian", now=clock.now(),
        )  # fmt: skip

    assert userinfo(browser.client, tokens).status_code == 401
    browser.visit(portal.url(scope=WARD))
    page = act_for(browser, account(provider, CHILD))
    assert at(page) == "consent"
    fresh = finish(browser, portal, assent=True)

    assert fresh["claims"]["act"]["relation"] == "guardian"
    assert userinfo(browser.client, fresh).status_code == 200
    assert userinfo(browser.client, tokens).status_code == 401


def test_nothing_is_asked_of_who_acts_for_nobody_or_of_whom_no_portal_asks(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """No page without the scope, and none without anybody to act for."""
    plain = sign_in(app, provider, GUARDIAN, portal.url())
    alone = sign_in(app, provider, NOBODY, portal.url(scope=WARD))

    assert plain.page is not None
    assert alone.page is not None
    assert (at(plain.page), at(alone.page)) == ("consent", "consent")
    assert "act" not in finish(alone, portal)["claims"]


def test_for_oneself(app: Flask, provider: Provider, portal: Portal) -> None:
    """Whoever chooses themselves is told about as ever, without `act`."""
    browser = sign_in(app, provider, GUARDIAN, portal.url(scope=WARD))
    own = account(provider, GUARDIAN)
    act_for(browser, own)
    tokens = finish(browser, portal)

    assert tokens["claims"]["sub"] == subject(provider, own, "health.example")
    assert "act" not in tokens["claims"]
    assert "act" not in userinfo(browser.client, tokens).get_json()


def test_silence_needs_a_hint(app: Flask, provider: Provider, portal: Portal) -> None:
    """`prompt=none` cannot choose; an earlier ID token chooses, while it may."""
    browser, tokens = as_child(app, provider, portal)
    hint = tokens["id_token"]

    page = browser.visit(portal.url(scope=WARD, prompt="none"))
    assert answer(page)["error"] == "interaction_required"
    silent = portal.round(browser, scope=WARD, prompt="none", id_token_hint=hint)
    assert silent["claims"]["sub"] == tokens["claims"]["sub"]
    assert silent["claims"]["act"] == tokens["claims"]["act"]
    end_representation(provider)
    page = browser.visit(portal.url(scope=WARD, prompt="none", id_token_hint=hint))
    assert answer(page)["error"] == "login_required"


def test_a_new_sign_in_is_asked_before_the_choice(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """`prompt=login` and `max_age` come first, `prompt=consent` after it."""
    browser, _ = as_child(app, provider, portal)
    for wish in ({"prompt": "login"}, {"max_age": "0"}):
        assert at(browser.visit(portal.url(scope=WARD, **wish))) == "login"
        assert browser.page is not None
        assert at(prove(browser, provider, GUARDIAN)) == "acting"
        assert at(act_for(browser, account(provider, CHILD))) == "portal"
    browser.visit(portal.url(scope=WARD, prompt="consent"))
    assert at(act_for(browser, account(provider, CHILD))) == "consent"


def test_a_ward_below_the_level_is_told_so(app: Flask, provider: Provider) -> None:
    """The portal's minimum is held against the ward's account, not the guardian's."""
    strict = portal_for(provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2")
    browser = sign_in(app, provider, GUARDIAN, strict.url(scope=WARD))

    page = act_for(browser, account(provider, CHILD))

    assert (page.status_code, error_code(page)) == (403, "DD-AUTH-031")
    browser.visit(strict.url(scope=WARD))
    assert at(act_for(browser, account(provider, GUARDIAN))) == "consent"


def test_a_locked_ward_cannot_be_chosen(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """The page says why; going back is a refusal to the portal."""
    lock(provider, CHILD)
    browser = sign_in(app, provider, GUARDIAN, portal.url(scope=WARD))

    page = act_for(browser, account(provider, CHILD))

    assert page.status_code == 403
    assert "DD-ORG-006" in page.text
    assert answer(browser.submit())["error"] == "access_denied"


def test_nobody_else_can_be_named(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """A form that names anyone else is refused, and the question stays."""
    browser = sign_in(app, provider, GUARDIAN, portal.url(scope=WARD))
    question = browser.page
    for number in (NOBODY, "999085000003"):
        page = browser.submit(question, whom=str(account(provider, number)))
        assert (page.status_code, error_code(page)) == (400, "DD-WEB-400")
    assert browser.submit(question, whom="anybody").status_code == 400

    assert at(browser.visit(question.request.path)) == "acting"


def test_a_choice_is_of_one_citizen_alone(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """Who signs in afterwards in the same transaction inherits no choice."""
    browser = sign_in(app, provider, GUARDIAN, portal.url(scope=WARD))
    page = act_for(browser, account(provider, CHILD))
    name = page.request.path.split("/")[2]

    browser.visit(f"/login/{name}")
    page = prove(browser, provider, NOBODY)

    assert at(page) == "consent"
    assert "act" not in finish(browser, portal)["claims"]


def test_the_child_is_asked_too(app: Flask, provider: Provider, portal: Portal) -> None:
    """From seven on nothing is allowed without the child's assent (Law 91/2025)."""
    browser = sign_in(app, provider, GUARDIAN, portal.url(scope=WARD))
    page = act_for(browser, account(provider, CHILD))
    assert "Bùi Gia Quân" in page.text

    refused = browser.submit(decision="allow")
    assert (refused.status_code, at(refused)) == (422, "consent")
    assert 'id="assent-wrong"' in refused.text
    assert at(browser.submit(decision="allow", assent="yes")) == "portal"


def test_both_see_and_end_the_permission(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """On the guardian's page and in the child's history; the guardian takes it back."""
    browser, tokens = as_child(app, provider, portal)

    page = browser.visit("/account/permissions")
    assert "Bùi Gia Quân" in page.text
    history = browser.visit("/account/history").text
    assert "health" in history
    with provider.database.read() as connection:
        types = [
            entry.type
            for entry in provider.audit.recent(connection, account(provider, CHILD), 10)
        ]
    assert {"GrantGiven", "ActedFor"} <= set(types)
    browser.visit("/account/permissions")
    press(browser, "/withdraw")
    assert userinfo(browser.client, tokens).status_code == 401


def test_terms_by_age() -> None:
    """Parents until 18 and confirmations until 14; guardians confirm until the end."""
    ages = representation.RepresentationConfig()
    child = representation.term_of("mother", "2016-04-12", ages)
    year_only = representation.term_of("father", "2016", ages)
    leap = representation.term_of("father", "2012-02-29", ages)

    assert str(child.until)[:10] == "2034-04-12"
    assert str(child.confirms_until)[:10] == "2030-04-12"
    assert str(year_only.confirms_until)[:10] == "2030-12-31"
    assert str(leap.confirms_until)[:10] == "2026-02-28"
    guardian = representation.term_of("guardian", "2016-04-12", ages)
    assert (guardian.until, guardian.confirms_until) == (child.until, None)
