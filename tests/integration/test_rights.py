"""One's own data: a copy, a correction, no more use, and the end of the account."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.accounts.identifiers import find_account_id, replace_number
from idp.accounts.models import Account
from idp.audit.verification import verify
from idp.cli import main
from idp.cli.context import CliContext
from idp.locks import placing
from idp.rights import closing, corrections, erasure, export, records
from idp.storage.database import Base
from tests.cards.people import AN
from tests.driver import SECRET, Browser, Portal, answer, at, error_code
from tests.integration.chip.people import create_citizen, enrol, issue, trust
from tests.integration.enrolling import Applying, newcomer
from tests.integration.way_back import EMAIL, PHONE, Post, make_codes, prepare
from tests.listening_portal import listening
from tests.services import BACKENDS

PLAIN = replace(AN, number="001085000777")
on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def citizen(provider):
    return prepare(provider)


@pytest.fixture
def post(provider) -> Post:
    return Post(provider)


def sign_in(app, citizen, path: str = "/account") -> Browser:
    browser = Browser(app.test_client())
    browser.visit(path)
    browser.submit(**citizen.entry)
    return browser


def press(browser: Browser, path: str, action: str, **typed: str):
    """Send the form of this action on this page."""
    page = browser.visit(path)
    pattern = rf'action="([^"]*{action})".*?csrf_token" value="([^"]*)"'
    found = re.search(pattern, page.text, re.DOTALL)
    assert found, page.text
    return browser.visit(found[1], data={"csrf_token": found[2], **typed})


def signed_in_at(app, provider, citizen, portal):
    browser = Browser(app.test_client())
    browser.visit(portal.url(scope="openid profile offline_access"))
    page = browser.submit(**citizen.entry)
    assert at(page) == "consent", page.text
    page = browser.submit(decision="allow")
    return browser, portal.redeem(browser.client, answer(page)["code"])


def test_the_copy_is_whole_and_told(app, provider, citizen, post) -> None:
    """Everything by name, no secret; taking it is in the history and in a letter."""
    portal = Portal.register(provider, "tax")
    browser, tokens = signed_in_at(app, provider, citizen, portal)
    page = browser.visit("/account/rights/copy")
    assert citizen.person.given_name in page.text
    file = browser.submit()
    assert file.mimetype == "application/json"
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.headers["Cache-Control"] == "no-store"
    copy = json.loads(file.text)
    assert copy["account"]["personal_number"] == citizen.person.number
    assert (copy["account"]["phone"], copy["account"]["email"]) == (PHONE, EMAIL)
    assert copy["permissions"][0]["subject"] == tokens["claims"]["sub"]
    assert copy["signed_in_places"][0]["portals"] == ["tax"]
    assert [use["client_id"] for use in copy["uses"]] == ["tax"]
    assert copy["permissions_ever"][0]["subject"] == tokens["claims"]["sub"]
    assert {"DataExported", "AccountCreated", "GrantGiven"} <= {
        entry["event"] for entry in copy["history"]
    }
    assert "argon2" not in file.text
    assert "bản sao" in post.letters()[0]
    assert "bản sao dữ liệu" in browser.visit("/account/history").text


def test_the_copy_tells_how_one_came_to_the_account(app, provider) -> None:
    """The application with what was checked, where one lives, and with whom."""
    person = newcomer(provider)
    page = Applying(app, provider).apply(person)
    with provider.database.read() as connection:
        holder = find_account_id(connection, provider.sealer, person["personal_number"])

    copy = export.collect(provider, holder, now=clock.now())

    (dossier,) = copy["dossiers"]
    assert dossier["receipt"].replace("-", "") in page.text.replace("-", "")
    assert dossier["consent_version"] == provider.config.enrolment.consent_version
    assert dossier["evidence"]["person"]["number"] == person["personal_number"]
    assert copy["population_registry"]["residence"]
    assert copy["population_registry"]["household"]
    json.dumps(copy)


def test_a_former_number_is_in_the_copy(provider, citizen) -> None:
    """Also what one was called before."""
    with provider.database.transaction() as session:
        replace_number(
            session,
            provider.audit,
            provider.sealer,
            citizen.id,
            "001085000888",
            now=clock.now(),
        )
    told = export.collect(provider, citizen.id, now=clock.now())["account"]
    assert told["personal_number"] == "001085000888"
    assert told["former_numbers"] == [citizen.person.number]


def test_the_copy_draws_from_every_table_of_a_person(app) -> None:
    """A new table that points at an account is told, or it says why not."""
    pointing = {"account_id", "ward_id", "representative_id", "filed_by"}
    tables = {
        table.name
        for table in Base.metadata.sorted_tables
        if pointing & set(table.columns.keys())
    }
    assert tables - records.TOLD - records.NOT_TOLD.keys() == set()
    assert records.TOLD | records.NOT_TOLD.keys() <= tables


def test_copy_and_closing_ask_for_the_strongest_proof(app, provider) -> None:
    """With an app enrolled the password alone opens neither."""
    citizen = prepare(provider, factors=("totp",))
    for path in ("/account/rights/copy", "/account/rights/closing"):
        assert at(sign_in(app, citizen, path).page) == "otp"


def test_a_correction_is_asked_and_answered(app, provider, citizen) -> None:
    """The wish stands on the page with its term, later with the answer."""
    browser = sign_in(app, citizen)
    page = press(browser, "/account/rights", "correction", text="  ")
    assert error_code(page) == "DD-AUTH-006"
    text = "Tên đệm của tôi là Thị <b>"
    page = press(browser, "/account/rights", "correction", text=text)
    assert "Tên đệm của tôi là Thị &lt;b&gt;" in page.text
    with provider.database.read() as connection:
        (waiting,) = corrections.waiting(connection, provider.sealer, limit=10)
    assert waiting.text == text
    officer = uuid4()

    def reply(turn):
        with provider.database.transaction() as session:
            return corrections.answer(
                session,
                provider.audit,
                provider.sealer,
                waiting.id,
                f"Đã sửa {turn}",
                officer_id=officer,
                now=clock.now(),
            )

    assert reply(1) == citizen.id
    with pytest.raises(Exception, match="answered already"):
        reply(2)
    assert "Đã sửa 1" in browser.visit("/account/rights").text
    for _ in range(5):
        press(browser, "/account/rights", "correction", text=text)
    page = press(browser, "/account/rights", "correction", text=text)
    assert error_code(page) == "DD-RIGHT-001"


@on_each_backend
def test_a_restriction_stops_every_portal(app, provider, citizen) -> None:
    """Tokens are worth nothing, sign-in tells why, and allowing brings all back."""
    with listening() as ear:
        portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
        browser, tokens = signed_in_at(app, provider, citizen, portal)
        client = browser.client
        page = press(browser, "/account/rights", "restriction", decision="restrict")
        assert "Đã dừng từ" in page.text or "Stopped since" in page.text
        assert ear.heard(provider)[0]["sub"] == tokens["claims"]["sub"]
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    own = {"client_id": "tax", "client_secret": SECRET}
    assert client.get("/userinfo", headers=bearer).status_code == 401
    asked = client.post("/introspect", data={"token": tokens["access_token"], **own})
    assert asked.get_json() == {"active": False}
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert client.post("/token", data=refresh | own).status_code == 400
    page = browser.visit(portal.url())
    assert (at(page), error_code(page)) == ("refused", "DD-AUTH-053")
    silent = answer(browser.visit(portal.url(prompt="none")))
    assert silent["error"] == "access_denied"
    assert at(browser.visit("/account")) == "account", "one's own page stays open"

    press(browser, "/account/rights", "restriction", decision="allow")

    assert "code" in answer(browser.visit(portal.url()))
    assert client.get("/userinfo", headers=bearer).status_code == 200


def later(provider, **more):
    return clock.now() + timedelta(seconds=provider.config.rights.closing, **more)


def ask_to_close(app, citizen) -> Browser:
    browser = sign_in(app, citizen)
    browser.visit("/account/rights/closing")
    page = browser.submit()
    assert page.request.path == "/account/rights"
    return browser


@on_each_backend
def test_the_wish_to_close_is_told_and_taken_back(app, provider, citizen, post) -> None:
    """Nothing happens before its time, and one press keeps the account."""
    browser = ask_to_close(app, citizen)
    assert "/freeze/" in post.letters()[0]
    browser.visit("/account/rights/closing")
    assert error_code(browser.submit()) == "DD-RIGHT-001", "asked for once"
    assert closing.sweep(provider, now=clock.now()) == 0
    page = press(browser, "/account/rights", "closing/back")
    assert page.status_code == 200
    assert closing.sweep(provider, now=later(provider, days=1)) == 0
    assert at(sign_in(app, citizen).page) == "account"


def test_a_frozen_account_is_not_closed(app, provider, citizen) -> None:
    """A thief's wish ends with the freeze, until the holder is back."""
    ask_to_close(app, citizen)
    with provider.database.transaction() as session:
        placing.lock_for_holder(provider, session, citizen.id, now=clock.now())
    assert closing.sweep(provider, now=later(provider, days=1)) == 0


def personal_of(provider, citizen) -> list[str]:
    """Name every table that still holds a sealed value of the account."""
    left = []
    with provider.database.read() as connection:
        for table, names in erasure.sealed_columns().items():
            rows = connection.execute(
                sa.select(*(table.c[name] for name in names)).where(
                    table.c.account_id == citizen.id
                )
            ).all()
            left += [table.name for row in rows if any(row)]
    return left


@on_each_backend
def test_closing_erases_and_the_audit_proves_whole(app, provider) -> None:
    """Nothing sealed is left, nobody signs in, the number is free, chains verify."""
    citizen = prepare(provider, factors=("sms",))
    trust(provider)
    enrol(provider, citizen, issue())
    make_codes(provider, citizen)
    plain = create_citizen(provider, PLAIN, phone="+84500000944")
    portal = Portal.register(provider, "tax")
    browser, tokens = signed_in_at(app, provider, plain, portal)
    press(browser, "/account/rights", "correction", text="sai")
    browser.visit("/account/rights/closing")
    browser.submit()
    assert personal_of(provider, plain)
    with provider.database.transaction() as session:
        closing.ask(provider, session, citizen.id, now=clock.now())
    now = later(provider, hours=1)

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: closing.sweep(provider, now=now), range(3)))

    assert sum(done) == 2, "of parallel sweeps one closes each"
    for one in (plain, citizen):
        assert personal_of(provider, one) == []
        with provider.database.read() as connection:
            number = one.person.number
            assert find_account_id(connection, provider.sealer, number) is None
            state = connection.scalar(
                sa.select(Account.state).where(Account.id == one.id)
            )
        assert state == "closed"
        assert error_code(sign_in(app, one).page) == "DD-AUTH-001"
    assert at(browser.visit("/account")) == "login"
    own = {"client_id": "tax", "client_secret": SECRET}
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert browser.client.post("/token", data=refresh | own).status_code == 400
    with provider.database.snapshot() as connection:
        report = verify(connection, provider.sealer)
    assert report.faults == ()
    assert report.erased > 0
    again = create_citizen(provider, PLAIN, phone="+84500000944")
    assert again.id != plain.id
    assert at(sign_in(app, again).page) == "account"


def test_the_command_closes(app, provider, citizen) -> None:
    """`idp rights sweep` says how many."""
    with provider.database.transaction() as session:
        closing.ask(provider, session, citizen.id, now=clock.now() - timedelta(days=9))
    context = CliContext(None)
    context.__dict__.update(provider=provider, config=provider.config)
    group = main.get_command(None, "rights")
    done = CliRunner().invoke(group, ["sweep"], obj=context)
    assert done.stdout == "1 accounts closed.\n"


def test_no_sealed_column_is_out_of_reach() -> None:
    """A new table with sealed values points at its account, or is named here."""
    apart = {
        "accounts",  # reached by its own id
        "personal_numbers",  # reached, and its rows are deleted
        "signing_keys",  # keys of ours
        "staff_accounts",  # officers
        "signal_streams",  # a portal's own secret
        "registry_records", "registry_answers",  # the registry's, by no account
        *erasure.KEPT,
    }  # fmt: skip
    reached = {table.name for table in erasure.sealed_columns()}
    sealed = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(name.endswith("_sealed") for name in table.columns.keys())  # noqa: SIM118
    }
    assert sorted(sealed - reached - apart) == []
