"""Where no carrier tells whose a phone is, nobody learns whether somebody is known."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts import contacts
from idp.accounts.identifiers import find_account_id
from idp.accounts.identity import read_identity
from idp.accounts.standing import read_standing
from idp.app import create_app
from idp.enrolment import queue
from idp.factors.carrier import NoCarrierCheck
from idp.provider import Provider
from tests.driver import citizen, error_code
from tests.integration.enrolling import Applying, details, newcomer, receipt_in
from tests.integration.test_staff_review import press, reviewer, take
from tests.services import BACKENDS
from tests.statements import noted_statements

KINDS = ["match", "unknown", "has_account", "no_card", "phone_taken"]


@pytest.fixture
def provider(provider: Provider) -> Provider:
    return replace(provider, carrier=NoCarrierCheck())


@pytest.fixture
def app(provider: Provider) -> Flask:
    return create_app(provider=provider)


def _known(provider: Provider, number: str) -> dict[str, str]:
    with provider.database.read() as connection:
        account_id = find_account_id(connection, provider.sealer, number)
        who = read_identity(connection, provider.sealer, account_id)
    return {
        "personal_number": number,
        "name": who.full_name,
        "birth_date": who.birth_date,
        "phone": "",
    }


def typed_for(provider: Provider, kind: str) -> dict[str, str]:
    """Return what a stranger types, each with a phone of their own."""
    phone = f"091234500{KINDS.index(kind)}"
    person = newcomer(provider)
    taken = citizen(provider, state="active", account_level=2)
    if kind == "unknown":
        return details(person, name="Nguyễn Văn Khác", phone=phone)
    if kind == "has_account":
        return details(_known(provider, taken["personal_number"]), phone=phone)
    if kind == "phone_taken":
        return details(person, phone=taken["phone"])
    who = newcomer(provider, "card_expired") if kind == "no_card" else person
    return details(who, phone=phone)


def apply(
    app: Flask, provider: Provider, typed: dict[str, str], photo: str
) -> list[TestResponse]:
    """Go the whole way; return every page that was shown."""
    applying = Applying(app, provider)
    shown = [applying.begin(typed)]
    shown += [applying.prove(contacts.parse_phone(typed["phone"]))]
    shown += [applying.finish(photo)]
    return [*shown, applying.browser.visit(applying.path)]


def stranger(
    app: Flask, provider: Provider, kind: str, photo: str
) -> list[TestResponse]:
    """Do so as a stranger of this kind."""
    return apply(app, provider, typed_for(provider, kind), photo)


def blurred(page: TestResponse) -> tuple[int, str]:
    """Return a page without what was typed, its address and numbers of its own."""
    text = re.sub(r"<dl class=\"facts\">.*?</dl>", "", page.text, flags=re.DOTALL)
    text = re.sub(r'value="[^"]{20,}"|/enrol/application/[^"/?]+', "", text)
    own = r"•\d{3}|\d\d:\d\d:\d\d|[A-Z0-9]{4}(-[A-Z0-9]{4})+"
    return page.status_code, re.sub(own, "", text)


def facts(page: TestResponse) -> list[str]:
    """Return the receipt's facts but for the receipt's number."""
    found = re.findall(r"<dd[^>]*>(.*?)</dd>", page.text)
    return [re.sub(r"\d\d:\d\d", "", text) for text in found[1:]]


@pytest.mark.parametrize("photo", ["unclear", "other"])
def test_every_stranger_sees_the_same_pages(app, provider, photo):
    """Known or not, with an account, without a card: the same way to its end."""
    seen = {kind: stranger(app, provider, kind, photo) for kind in KINDS}

    pages = {kind: [blurred(page) for page in shown] for kind, shown in seen.items()}
    assert all(shown == pages["match"] for shown in pages.values())
    codes = {error_code(shown[2]) for shown in seen.values()}
    if photo == "other":
        assert codes == {"DD-FACE-001"}
        return
    assert codes == {None}
    assert len({tuple(facts(shown[-1])) for shown in seen.values()}) == 1
    with provider.database.read() as connection:
        waiting = queue.waiting(connection, now=clock.now())
        number = newcomer(provider)["personal_number"]
        assert find_account_id(connection, provider.sealer, number) is None
    assert len(waiting) == len(KINDS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_stranger_costs_the_same(app, provider):
    """As many statements for each from the code to the receipt."""
    counts = {}
    for kind in ("match", "unknown", "has_account"):
        typed = typed_for(provider, kind)
        with noted_statements() as statements:
            apply(app, provider, typed, "unclear")
        counts[kind] = len(statements)
    assert len(set(counts.values())) == 1, counts


def test_a_face_that_matches_hears_what_speaks_against_it(app, provider):
    """Whoever is shown to be the person is told, as with a phone in their own name."""
    assert error_code(stranger(app, provider, "no_card", "same")[-1]) == "DD-ENR-003"
    assert error_code(stranger(app, provider, "unknown", "same")[-1]) == "DD-ENR-002"
    receipt_in(stranger(app, provider, "match", "same")[-1])
    number = newcomer(provider)["personal_number"]
    with provider.database.read() as connection:
        assert find_account_id(connection, provider.sealer, number) is not None


def decide(app: Flask, provider: Provider, receipt: str, **typed: str) -> TestResponse:
    """Take the dossier as a reviewer and decide it; return the page before."""
    browser = reviewer(app, provider, name=receipt)
    with provider.database.read() as connection:
        view = queue.find_by_receipt(connection, receipt)
    page = take(browser, view.id)
    press(browser, view.id, **typed)
    return page


def test_an_officer_s_refusal_tells_no_reason(app, provider):
    """Whatever the officer writes down, strangers read and are sent one sentence."""
    told = []
    for kind, reason in (("match", "face_mismatch"), ("unknown", "registry_mismatch")):
        applying = Applying(app, provider)
        typed = typed_for(provider, kind) | {"name": newcomer(provider)["name"].upper()}
        if kind == "unknown":
            typed["year"] = "1950"
        applying.begin(typed)
        phone = contacts.parse_phone(typed["phone"])
        applying.prove(phone)
        receipt = receipt_in(applying.finish("unclear"))
        seen = decide(app, provider, receipt, decision="refuse", reason=reason)
        assert ('value="grant"' in seen.text) == (kind == "match")
        page = applying.browser.visit(applying.path)
        assert "Chưa có gì chứng tỏ" in page.text
        told.append((blurred(page), applying.messages(phone)[0]))
    assert told[0] == told[1]


def test_an_officer_grants_and_the_account_comes_to_be(app, provider):
    """With the registry's identity and the phone that was proven, once."""
    person = newcomer(provider)
    both = [Applying(app, provider), Applying(app, provider)]
    receipts = []
    for applying, phone in zip(both, ("0912345000", "0912345009"), strict=True):
        applying.begin(details(person, phone=phone))
        applying.prove(contacts.parse_phone(phone))
        receipts.append(receipt_in(applying.finish("unclear")))
    for receipt in receipts:
        decide(app, provider, receipt, decision="grant")

    with provider.database.read() as connection:
        found = [queue.find_by_receipt(connection, one) for one in receipts]
        account_id = find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
        assert read_standing(connection, account_id).state == "granted"
        known = contacts.read_contacts(connection, provider.sealer, account_id)
    assert known.phone == "+84912345000"
    assert [one.state for one in found] == ["granted", "in_review"]
    assert [one.account_id for one in found] == [account_id, None]
    assert "da duoc cap" in both[0].messages("+84912345000")[0]


def test_what_speaks_against_it_is_never_granted(app, provider):
    """Not even by a forged post."""
    receipt = receipt_in(stranger(app, provider, "unknown", "unclear")[-1])
    decide(app, provider, receipt, decision="grant")
    with provider.database.read() as connection:
        view = queue.find_by_receipt(connection, receipt)
    assert (view.state, view.account_id) == ("in_review", None)
