"""Token exchange (RFC 8693) for organisations: what their people allowed already."""

import pytest
from flask import Flask

from idp import clock
from idp.accounts import memberships
from idp.provider import Provider
from tests.integration.acting import (
    AUTHORISED,
    LEGAL,
    ORGANISATION,
    TAX_CODE,
    account,
    act_for,
    finish,
    organisation,
    sign_in,
)
from tests.integration.test_token_exchange import Scene, own_tokens, portal_for
from tests.integration.token_side import assert_refused, claims_of, userinfo
from tests.services import BACKENDS


def for_organisation(app: Flask, provider: Provider, number: str) -> Scene:
    """Let somebody act for the organisation once, and then for themselves.

    The own token has the scope too, as far as registration and consent go; of a person
    it tells nothing.
    """
    portal = portal_for(provider)
    url = portal.url(scope=ORGANISATION)
    browser = sign_in(app, provider, number, url)
    act_for(browser, organisation(provider))
    acting = finish(browser, portal)
    browser.visit(portal.url(scope=ORGANISATION))
    act_for(browser, account(provider, number))
    own = finish(browser, portal)
    return Scene(app, provider, portal, browser, acting, own)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("number", "role"),
    [(LEGAL, "legal_representative"), (AUTHORISED, "authorised_person")],
)
def test_a_token_about_an_organisation(
    app: Flask, provider: Provider, backend: str, number: str, role: str
) -> None:
    """§4.1: `sub` is the organisation's, `act` names the person and their role."""
    scene = for_organisation(app, provider, number)
    subject_of = scene.acting["claims"]["sub"]

    answered = scene.exchange(requested_subject=subject_of)

    assert answered.status_code == 200, answered.text
    body = answered.get_json()
    claims, person = claims_of(body["access_token"]), scene.own["claims"]["sub"]
    assert set(body["scope"].split()) == {"openid", "organisation"}
    assert claims["sub"] == subject_of != person
    assert claims["act"] == {"sub": person, "relation": role}
    told = userinfo(scene.browser.client, body["access_token"]).get_json()
    assert told["organisation"]["tax_code"] == TAX_CODE
    assert told["organisation"]["role"] == role
    assert (
        "organisation"
        not in userinfo(scene.browser.client, scene.own["access_token"]).get_json()
    )


def test_an_own_token_without_the_scope_brings_none_of_it(
    app: Flask, provider: Provider
) -> None:
    """What the own token cannot, the new one cannot either."""
    scene = for_organisation(app, provider, LEGAL)
    plain = own_tokens(scene.browser, scene.portal, scope="openid")
    wanted = {
        "subject_token": plain["access_token"],
        "requested_subject": scene.acting["claims"]["sub"],
    }

    body = scene.exchange(**wanted).get_json()

    assert body["scope"] == "openid"
    told = userinfo(scene.browser.client, body["access_token"]).get_json()
    assert set(told) == {"sub", "act"}
    assert_refused(scene.exchange(**wanted, scope=ORGANISATION), "invalid_scope")


def test_an_ended_mandate_ends_the_exchange(app: Flask, provider: Provider) -> None:
    """No new token for the organisation, and the old one is dead."""
    scene = for_organisation(app, provider, AUTHORISED)
    wanted = {"requested_subject": scene.acting["claims"]["sub"]}
    token = scene.exchange(**wanted).get_json()["access_token"]

    with provider.database.transaction() as session:
        person = account(provider, AUTHORISED)
        (listed,) = memberships.of_person(session, provider.sealer, person)
        assert memberships.end(
            session, provider.audit, listed.id,
            ended_by=account(provider, LEGAL), now=clock.now(),
        )  # fmt: skip

    assert userinfo(scene.browser.client, token).status_code == 401
    assert_refused(scene.exchange(**wanted), "invalid_request")
