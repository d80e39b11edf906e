"""Level 1 online: wards are filed for, and what no registry tells is an officer's."""

from dataclasses import replace

import pytest

from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.app import create_app
from idp.config import RegistryConfig
from idp.enrolment import queue
from idp.enrolment.record import open_evidence
from idp.registry.divisions import packaged
from idp.registry.person import Representative
from idp.registry.soap import SoapRegistry
from tests.driver import citizens, error_code
from tests.exchange import running_exchange
from tests.integration.enrolling import Applying, details, newcomer
from tests.integration.test_enrolment_ward import at_form, typed


def dossier_of(provider, person):
    """Return the person's dossier with its doubts."""
    with provider.database.read() as connection:
        account_id = find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
        if account_id is None:
            return None, []
        (found,) = queue.find_by_account(connection, account_id)
        sealed = queue.sealed_evidence(connection, found.id)
    return found, open_evidence(provider.sealer, sealed, found.id)["doubts"]


@pytest.mark.parametrize(("relation", "may"), [("guardian", False), ("mother", True)])
def test_a_ward_does_not_apply_alone(app, provider, relation, may) -> None:
    """Whoever has a guardian gets the one refusal; a grown-up's mother is none."""
    person = newcomer(provider)
    known = provider.registry.find(person["personal_number"], now=clock.now())
    named = Representative("999190000001", "Nguyễn Thị Ái", relation)
    ward = replace(known, person=replace(known.person, representatives=(named,)))
    with provider.database.transaction() as session:
        provider.registry.stored.store(session, ward)

    applying = Applying(app, provider)
    applying.begin(details(person))
    page = applying.prove(person["phone"])
    assert error_code(page) == (None if may else "DD-ENR-002")
    if may:
        applying.finish()
    assert (dossier_of(provider, person)[0] is not None) == may


@pytest.fixture
def without_cards(provider):
    """Return the application of a provider whose registry tells of no card."""
    find = provider.registry.find
    with running_exchange(lambda number: find(number, now=clock.now())) as exchange:
        config = RegistryConfig(source="soap", url=exchange.url)
        registry = SoapRegistry(config, packaged)
        yield create_app(provider=replace(provider, registry=registry))


def test_nobody_is_granted_without_a_word_on_the_card(without_cards, provider) -> None:
    """Article 7 asks for a valid card: over SOAP an officer looks at it."""
    person = newcomer(provider)

    Applying(without_cards, provider).apply(person)

    dossier, doubts = dossier_of(provider, person)
    assert (dossier.state, doubts) == ("submitted", ["card"])


def test_nor_is_a_child(without_cards, provider) -> None:
    """Whose representative files for it."""
    child = newcomer(provider, "child")
    number = child["guardian_number"]
    mother = next(one for one in citizens(provider) if one["personal_number"] == number)

    at_form(without_cards, mother).submit(**typed(child))

    dossier, doubts = dossier_of(provider, child)
    assert (dossier.state, doubts) == ("submitted", ["card"])
