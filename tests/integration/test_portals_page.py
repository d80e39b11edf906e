"""Portals' pages: suspended at once, everything else proposed and read as a diff."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import pytest

from idp import clock
from idp.app import connect
from tests.driver import Browser, error_code
from tests.integration.test_approvals import PORTAL, ROLE, post, propose
from tests.integration.test_authority_requests import token_of
from tests.integration.test_chip_command import state
from tests.integration.token_side import authorize, redeem, register, userinfo
from tests.integration.token_side import post as token_call
from tests.staff import prove, sign_in_officer

SCOPES = "openid profile offline_access"


@pytest.fixture
def officers(app, provider) -> tuple[Browser, Browser]:
    """Return two officers' browsers, signed in."""
    browsers = (Browser(app.test_client()), Browser(app.test_client()))
    for number, browser in enumerate(browsers):
        sign_in_officer(browser, provider, roles=ROLE, name=f"Officer {number}")
    return browsers


def open_portal(browser: Browser, client_id: str) -> str:
    """Find a portal in the list; return its address."""
    page = browser.visit(f"/staff/portals?q={client_id}")
    return re.search(r'href="(/staff/portals/[\w-]+)">', page.text)[1]


def act(browser: Browser, path: str, decision: str, **typed: str):
    fields = {"reason": "The council has asked", "hours": "48"} | typed
    return post(browser, path, decision, **fields)


def test_a_suspended_portal_works_again_when_two_resume_it(
    app, provider, officers
) -> None:
    """People read that it is suspended, secret and tokens are refused, nothing ends."""
    first, second = officers
    portal, client = register(provider), app.test_client()
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))
    token = tokens["access_token"]
    assert userinfo(client, token).status_code == 200
    path = open_portal(first, portal.client_id)
    address = f"/authorize?client_id={portal.client_id}"

    assert "done=suspended" in act(first, path, "suspend").request.url

    assert error_code(client.get(address)) == "DD-OIDC-007"
    assert userinfo(client, token).status_code == 401
    refused = token_call(client, "/introspect", portal, {"token": token})
    assert refused.status_code == 401
    proposal = act(first, path, "resume").request.path
    assert error_code(post(first, proposal, "approve")) == "DD-STAFF-004"
    assert userinfo(client, token).status_code == 401
    post(second, proposal, "approve")
    assert userinfo(client, token).status_code == 200
    assert error_code(client.get(address)) != "DD-OIDC-007"


def test_a_new_secret_works_beside_the_old_one(provider, officers) -> None:
    """Shown once to the proposer; the old one has an end, told on the page."""
    first, second = officers
    old = register_now(provider)["client_secret"]
    path = open_portal(first, "library")

    page = act(first, path, "secret", hours="48")

    secret = re.search(r'<dd class="code">([\w-]{43})</dd>', page.text)[1]
    proposal = re.search(r"/staff/approvals/[0-9a-f-]{36}", page.text)[0]
    assert not provider.relying_parties.check_secret("library", secret)
    read = second.visit(proposal).text
    assert secret not in read
    assert "Mã bí mật cũ còn dùng được 48 giờ: đến" in read
    post(second, proposal, "approve")
    assert provider.relying_parties.check_secret("library", secret)
    assert provider.relying_parties.check_secret("library", old)
    assert first.visit(path).text.count("dùng được đến") == 1


def test_a_change_is_read_as_a_diff_and_only_of_what_was_proposed(
    provider, officers
) -> None:
    """Risky members are marked; meanwhile changed, it is not carried out."""
    first, second = officers
    register_now(provider)
    path = open_portal(first, "library")
    changed = PORTAL | {"redirect_uris": ["https://library.example/new"]}
    page = act(first, path, "change", metadata=json.dumps(changed))
    proposal = re.search(r"/staff/approvals/[0-9a-f-]{36}", page.text)[0]
    assert ">The council has asked</p>" in first.visit(path).text

    page = second.visit(proposal)

    assert '<del class="value">https://library.example/back</del>' in page.text
    assert '<ins class="value">https://library.example/new</ins>' in page.text
    assert page.text.count("xem kỹ") == 1
    assert "City library" not in re.sub(r"<title>.*?</title>", "", page.text)
    register_now(provider, client_name="City library two")
    page = post(second, proposal, "approve")
    assert error_code(page) == "DD-STAFF-008"
    assert "changed meanwhile" in page.text
    assert "https://library.example/back" in str(described(provider))


def test_what_was_typed_wrong_stays_and_is_told(provider, officers) -> None:
    """The form is open again with both texts, and says what is wrong with which."""
    first, _ = officers
    register_now(provider)
    path = open_portal(first, "library")

    wrong = act(first, path, "change", metadata='{"client_name": ')

    assert error_code(wrong) == "DD-PROP-001"
    assert "the metadata is no JSON" in wrong.text
    assert '<a href="#metadata">' in wrong.text
    opened = re.search(r"<details open>.*?</details>", wrong.text, re.DOTALL)[0]
    assert "{&#34;client_name&#34;: </textarea>" in opened
    assert "The council has asked</textarea>" in opened
    wrong = act(first, path, "suspend", reason=" ")
    assert '<a href="#suspend-why">' in wrong.text


def test_what_was_typed_for_long_outlives_the_passkey_that_is_asked_for(
    app, provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the form again, once, for the officer of this session alone."""
    browser = Browser(app.test_client())
    _, device = sign_in_officer(browser, provider, roles=ROLE)
    register_now(provider)
    path = open_portal(browser, "library")
    browser.visit(path)
    moment = clock.now() + timedelta(seconds=provider.config.lifetimes.fresh_factor)
    monkeypatch.setattr(clock, "now", lambda: moment)

    page = act(browser, path, "change", metadata='{"client_name": "Long"}')
    assert page.request.path == "/staff/confirm"
    page = prove(browser, device)

    assert page.request.path == path
    assert page.text.count("The council has asked</textarea>") == 1
    assert "{&#34;client_name&#34;: &#34;Long&#34;}</textarea>" in page.text
    assert "The council has asked" not in browser.visit(path).text


def test_no_portal_is_approved_without_a_certificate_where_one_is_asked(
    app, provider, officers
) -> None:
    """Decree 69/2024 art. 18: level 3, in force; its end is told before."""
    first, second = officers
    registration = replace(
        provider.config.registration, require_security_certificate=True
    )
    config = replace(provider.config, registration=registration)
    connect(app, replace(provider, config=config))
    today = clock.now().date()

    def proposal(days: int) -> str:
        until = (today + timedelta(days=days)).isoformat()
        told = {"number": "7/GCN", "issued_by": "Bộ", "valid_until": until}
        path = propose(provider, security_certificate=told)
        post(first, path, "take_up")
        return path

    page = post(second, proposal(-2), "approve")
    assert error_code(page) == "DD-STAFF-008"
    assert "đã hết hạn" in page.text
    path = proposal(20)
    assert "sắp hết hạn" in second.visit(path).text
    post(second, path, "approve")
    assert provider.relying_parties.find("library") is not None
    assert "library" in first.visit("/staff/portals?state=ending").text
    assert "library" not in first.visit("/staff/portals?state=expired").text


def register_now(provider, **changes):
    with provider.database.transaction() as session:
        return provider.relying_parties.add(
            session, provider.audit, PORTAL | changes, sandbox=True, now=clock.now()
        )


def described(provider):
    with provider.database.read() as connection:
        return provider.relying_parties.document(connection, "library")


def test_the_trust_store_is_changed_by_two(app, provider) -> None:
    """A file is read as what it adds; another approves; so is a removal."""
    first, second = Browser(app.test_client()), Browser(app.test_client())
    for name, browser in (("One", first), ("Two", second)):
        sign_in_officer(browser, provider, roles=["security"], name=name)
    item = state()

    def send(data: bytes):
        token = token_of(first.visit("/staff/trust"))
        form = {"csrf_token": token, "reason": "From the ministry"}
        form["file"] = (BytesIO(data), "vn.cer")
        return first.visit("/staff/trust", data=form)

    assert error_code(send(b"no certificate")) == "DD-PROP-001"
    proposal = send(item.der).request.path
    page = second.visit(proposal)
    digest = sha256(item.der).hexdigest()
    assert digest[:8] in page.text
    assert digest not in second.visit("/staff/trust").text
    assert error_code(post(first, proposal, "approve")) == "DD-STAFF-004"
    post(second, proposal, "approve")
    assert digest in second.visit("/staff/trust?kind=csca&country=VN").text
    page = first.visit("/staff/trust")
    token = re.search(rf"{digest}.*?value=\"([0-9a-f]+)\"", page.text, re.DOTALL)[1]
    form = {"csrf_token": token, "reason": "It is stolen"}
    proposal = first.visit(f"/staff/trust/{digest}", data=form).request.path
    post(second, proposal, "approve")
    assert digest not in second.visit("/staff/trust").text
    assert error_code(send(item.der)) is None
