"""OpenID4VCI 1.0: the citizen's offer, and the pre-authorized code (§3.5, §4, §6)."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from idp import clock
from idp.accounts import identifiers
from idp.config import SmsConfig
from idp.consent import grants
from idp.consent.grants import Consent
from idp.factors.gateway import HttpGateway, SandboxOutbox
from idp.sandbox.citizens import all_citizens
from tests.driver import Browser, at, citizen, error_code
from tests.integration.token_side import ISSUER, assert_refused, post, register
from tests.integration.wallets.asking import (
    CONFIGURATION,
    GRANT,
    SCOPES,
    ask,
    fresh_nonce,
    holder,
    issued,
    verified,
)
from tests.integration.way_back import code_in
from tests.services import BACKENDS
from tests.wallet import opened

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


def name_of(person):
    """Return the name that the registry has of a citizen of the sandbox."""
    return next(
        known.account.identity.full_name
        for known in all_citizens()
        if known.account.number == person["personal_number"]
    )


@pytest.fixture
def browser(client, provider, portal):
    """Return a level 2 citizen's browser at the page of the wallet."""
    browser = Browser(client)
    browser.visit("/account/wallet")
    browser.sign_in(holder(provider))
    return browser


def offered(provider, browser, portal):
    """Let the citizen offer, and return both codes."""
    page = browser.submit(wallet=portal.client_id)
    found = re.search(r'href="(openid-credential-offer:[^"]+)"', page.text)
    assert found, page.text
    query = parse_qs(urlsplit(unescape(found[1])).query)
    offer = json.loads(query["credential_offer"][0])
    assert offer["credential_issuer"] == ISSUER
    assert offer["credential_configuration_ids"] == [CONFIGURATION]
    grant = offer["grants"][GRANT]
    assert grant["tx_code"] == {"input_mode": "numeric", "length": 6}
    assert isinstance(provider.messages, SandboxOutbox)
    text = provider.messages.list(holder(provider)["phone"])[0].text
    assert code_in(text) not in page.text
    return grant["pre-authorized_code"], code_in(text)


def exchange(client, portal, code, tx_code, changes=()):
    form = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": tx_code}
    form |= dict(changes)
    form = {name: value for name, value in form.items() if value is not None}
    return post(client, "/token", portal, form)


def test_the_page_shows_what_will_be_in_it(browser, provider):
    """The very values, before anything is allowed."""
    assert at(browser.page) == "account"
    assert "Ví thử nghiệm" in browser.page.text
    assert name_of(holder(provider)) in browser.page.text


@on_each_backend
def test_a_credential_by_an_offer(app, browser, provider, portal, wallet):
    """The whole pre-authorized code flow (§3.5); the token reaches nothing else."""
    code, tx_code = offered(provider, browser, portal)
    client = app.test_client()

    response = exchange(client, portal, code, tx_code)

    assert response.status_code == 200, response.text
    tokens = response.get_json()
    assert tokens["scope"] == "residence_credential"
    assert not {"id_token", "refresh_token"} & set(tokens)
    credential = issued(client, tokens["access_token"], wallet)
    claims = verified(client, wallet, credential, "name", "permanent")
    assert claims["name"] == name_of(holder(provider))
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/userinfo", headers=bearer).status_code == 403
    history = browser.visit("/account/history").text
    assert "Đã cấp giấy xác nhận cư trú điện tử cho Ví thử nghiệm" in history


def test_details_in_the_token_request(app, browser, provider, portal, wallet):
    """A wallet may name the credential there too; other types have no place (§6.1)."""
    codes, client = offered(provider, browser, portal), app.test_client()
    other = {"type": "residence_query", "datatypes": ["residence"]}
    detail = {"type": "openid_credential", "credential_configuration_id": CONFIGURATION}

    refused = exchange(
        client, portal, *codes, {"authorization_details": json.dumps([other])}
    )
    assert_refused(refused, "invalid_authorization_details")
    tokens = exchange(
        client, portal, *codes, {"authorization_details": json.dumps([detail])}
    ).get_json()

    (given,) = tokens["authorization_details"]
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))
    name = {
        "credential_configuration_id": None,
        "credential_identifier": given["credential_identifiers"][0],
    }
    assert ask(client, tokens["access_token"], proof, **name).status_code == 200


def test_an_offer_serves_once(app, browser, provider, portal):
    """Also with both right codes (§13.6.1)."""
    codes = offered(provider, browser, portal)
    client = app.test_client()

    assert exchange(client, portal, *codes).status_code == 200
    assert_refused(exchange(client, portal, *codes), "invalid_grant")


@on_each_backend
def test_of_parallel_wallets_one_gets_it(app, browser, provider, portal):
    """Somebody who saw the screen, and the holder."""
    codes = offered(provider, browser, portal)

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(
            lambda _: exchange(app.test_client(), portal, *codes), range(5)
        )

    assert sorted(one.status_code for one in answers) == [200] + [400] * 4


def test_wrong_transaction_codes_end_the_offer(app, browser, provider, portal):
    """Five tries, then even the right one comes too late (§13.6.3)."""
    code, tx_code = offered(provider, browser, portal)
    wrong = f"{(int(tx_code) + 1) % 1_000_000:06}"
    client = app.test_client()

    for _ in range(5):
        assert_refused(exchange(client, portal, code, wrong), "invalid_grant")

    assert_refused(exchange(client, portal, code, tx_code), "invalid_grant")


def test_requests_that_lack_a_code(app, browser, provider, portal):
    """§6.3, each by its code."""
    codes = offered(provider, browser, portal)
    client = app.test_client()

    for changes, error in (
        ({"tx_code": None}, "invalid_request"),
        ({"pre-authorized_code": None}, "invalid_request"),
        ({"pre-authorized_code": "x"}, "invalid_grant"),
        ({"tx_code": "x"}, "invalid_grant"),
    ):
        assert_refused(exchange(client, portal, *codes, changes), error)


def test_another_wallet_gets_nothing(app, browser, provider, portal):
    """An offer is for the wallet that the holder chose, and spends nothing."""
    codes = offered(provider, browser, portal)
    other = register(provider, scope=SCOPES, grant_types=["authorization_code", GRANT])
    plain = register(provider, scope=SCOPES)
    client = app.test_client()

    assert_refused(exchange(client, other, *codes), "invalid_grant")
    assert_refused(exchange(client, plain, *codes), "unauthorized_client")
    assert exchange(client, portal, *codes).status_code == 200


def test_a_withdrawn_permission_ends_the_offer(app, browser, provider, portal):
    """What the holder takes back, no code brings back."""
    codes = offered(provider, browser, portal)
    page = browser.visit("/account/permissions")
    browser.submit(page)

    response = exchange(app.test_client(), portal, *codes)

    assert_refused(response, "invalid_grant")


def test_a_wallet_that_is_none_is_not_offered(browser, provider):
    """A portal without the grant, or a name that nobody has."""
    plain = register(provider, scope=SCOPES)

    page = browser.submit(wallet=plain.client_id)

    assert error_code(page) == "DD-WEB-010"


def test_level_1_has_no_wallet(client, provider, portal):
    """The page says so; a post gets nothing."""
    browser = Browser(client)
    browser.visit("/account/wallet")

    page = browser.sign_in(citizen(provider, state="active", account_level=1))

    assert "mức độ 2" in page.text
    assert "Ví thử nghiệm" not in page.text


def permissions(provider, portal):
    """Return what the holder allows the wallet."""
    with provider.database.read() as connection:
        account_id = identifiers.find_account_id(
            connection, provider.sealer, holder(provider)["personal_number"]
        )
        return account_id, grants.find_live(connection, account_id, portal.client_id)


def widen(provider, portal):
    """Have the wallet's registration ask for the personal number too."""
    with provider.database.transaction() as database:
        document = provider.relying_parties.document(database, portal.client_id)
        wider = document | {"scope": f"{document['scope']} personal_number"}
        provider.relying_parties.add(
            database, provider.audit, wider, sandbox=True, now=clock.now()
        )


def test_what_was_not_shown_is_not_allowed(browser, provider, portal):
    """A registration that grew after the page: the form is no longer good."""
    widen(provider, portal)

    page = browser.submit(wallet=portal.client_id)

    assert error_code(page) == "DD-WEB-010"
    assert permissions(provider, portal)[1] is None


def test_a_message_that_does_not_go_allows_nothing(app, browser, provider, portal):
    """Without the six digits the wallet gets nothing, so nothing was decided."""
    dead = HttpGateway(SmsConfig(gateway="http", url="http://127.0.0.1:1/"))
    app.extensions["dinhdanh"] = replace(provider, messages=dead)

    page = browser.submit(wallet=portal.client_id)

    assert "openid-credential-offer:" not in page.text
    assert permissions(provider, portal)[1] is None


def test_what_was_refused_stays_refused(app, browser, provider, portal, wallet):
    """An offer lifts no refusal: neither shown, nor in the credential."""
    widen(provider, portal)
    account_id, _ = permissions(provider, portal)
    party = provider.relying_parties.find(portal.client_id)
    refusal = Consent(
        account_id=account_id,
        client_id=portal.client_id,
        sector=party.sector,
        scopes=("openid",),
        claims=(),
        refused=("personal_number",),
        lifetime=86_400,
    )
    with provider.database.transaction() as database:
        grants.give(database, provider.audit, refusal, now=clock.now())
    browser.visit("/account/wallet")

    codes, client = offered(provider, browser, portal), app.test_client()
    token = exchange(client, portal, *codes).get_json()["access_token"]
    credential = issued(client, token, wallet)

    grant = permissions(provider, portal)[1]
    assert grant.refused == {"personal_number"}
    assert "residence" in grant.claims
    shown = [opened(text)[1] for text in credential.split("~")[1:-1]]
    assert "name" in shown
    assert "personal_number" not in shown
